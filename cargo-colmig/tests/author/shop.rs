//! A package in a directory of its own, and the program run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory that is removed in the end.
pub(crate) struct Shop {
    dir: tempfile::TempDir,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) const CONFIG: &str = "project = \"shop\"\ndatabases = [\"postgres\", \"sqlite\"]\n";

/// The first fields of `users`.
pub(crate) const USERS: &str = "#[colmig(primary_key, auto)] pub id: i64,\n    pub email: String,";

impl Shop {
    /// Nothing at all.
    pub(crate) fn empty() -> Shop {
        Shop { dir: tempfile::tempdir().expect("there is room") }
    }

    /// A package with a colmig.toml, and `users(id, email)` in its source, not yet recorded.
    pub(crate) fn new() -> Shop {
        let shop = Shop::empty();
        shop.package("", "shop");
        shop.write("colmig.toml", CONFIG);
        shop.users("");
        shop
    }

    /// The same, recorded.
    pub(crate) fn recorded() -> Shop {
        let shop = Shop::new();
        shop.ok(&["generate"]);
        shop
    }

    /// A package in a subdirectory.
    pub(crate) fn package(&self, dir: &str, name: &str) {
        let manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        self.write(&format!("{dir}/Cargo.toml"), &manifest);
        self.write(
            &format!("{dir}/src/lib.rs"),
            "mod nothing_compiles_here { type A = NoSuchType; }\n",
        );
    }

    /// `users` with more fields, in src/lib.rs.
    pub(crate) fn users(&self, fields: &str) {
        self.write("src/lib.rs", &table("User", "users", fields));
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it has a parent")).expect("there is room");
        fs::write(path, text).expect("there is room");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    /// Every file with its text, `target` aside: what a command must not have touched.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        snapshot(self.dir.path(), &mut files);
        files
    }

    /// The names in migrations/, hidden ones too.
    pub(crate) fn migrations(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("migrations")).expect("it is there");
        let names = entries.map(|entry| entry.expect("it is there").file_name());
        let mut names: Vec<_> =
            names.map(|name| name.into_string().expect("a plain name")).collect();
        names.sort();
        names
    }

    /// Runs it in a subdirectory.
    pub(crate) fn run_in(&self, dir: &str, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-colmig"))
            .args(arguments)
            .current_dir(self.path(dir))
            .env_remove("CARGO_TERM_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("DATABASE_URL")
            .output()
            .expect("the program was built");
        let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
        Ran {
            code: output.status.code().expect("no signal ended it"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in("", arguments)
    }

    /// Runs it, and it must succeed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:#?}");
        ran
    }

    /// Runs `generate`, which must fail in this way and say these things.
    pub(crate) fn fails(&self, arguments: &[&str], code: i32, said: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {ran:#?}");
        ran.says(said);
        ran
    }
}

impl Ran {
    /// It said each of these, on stderr.
    pub(crate) fn says(&self, said: &[&str]) {
        for text in said {
            assert!(self.err.contains(text), "no `{text}` in\n{}", self.err);
        }
    }
}

/// A struct over a table with an id, an email, and more.
pub(crate) fn table(name: &str, table: &str, fields: &str) -> String {
    format!(
        "#[derive(Table)]\n#[colmig(table = \"{table}\")]\npub struct {name} {{\n    {USERS}\n{fields}\n}}\n"
    )
}

fn snapshot(dir: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(dir).expect("it is there") {
        let path = entry.expect("it is there").path();
        if path.is_dir() {
            snapshot(&path, files);
        } else {
            let text = fs::read(&path).expect("it is there");
            files.insert(path, String::from_utf8_lossy(&text).into_owned());
        }
    }
}
