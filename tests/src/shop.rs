//! Checkouts that need no building: a package without dependencies whose source has the struct. `generate`
//! reads source and `apply` reads what `generate` wrote; neither compiles it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use colmig_core::lock::{self, Lock};
use colmig_core::migration::Migration;
use fs_err as fs;

use crate::database::TestDatabase;
use crate::program::Colmig;
use crate::project::Project;

/// One checkout of the project `shop`.
#[derive(Debug)]
pub struct Shop {
    folder: tempfile::TempDir,
}

/// The fields of `users` beside its key, release by release: `nickname` goes, `handle` comes, both in
/// migration 0002.
pub const RELEASES: [&str; 3] = [
    "pub email: String,\n    pub nickname: String,",
    "pub email: String,
    #[colmig(deprecated, reverse = \"'nick of ' || email\")]
    pub nickname: WriteOnly<String>,
    #[colmig(adding, backfill = \"lower(email)\")]
    pub handle: WriteOnly<String>,",
    "pub email: String,\n    pub handle: String,",
];

/// `dev` has no fleet. In `live` releases overlap, with times that a test can wait for; in `hasty` nobody
/// waits for a soak.
pub const CONFIG: &str = r#"project = "shop"
databases = ["postgres", "sqlite", "mysql"]

[env.dev]
url = "$DATABASE_URL"
fleet = "none"

[env.live]
url = "$DATABASE_URL"
soak = "500ms"
ttl = "2s"
ignore_clients = ["report"]

[env.hasty]
url = "$DATABASE_URL"
soak = "0s"
ttl = "2s"
"#;

impl Shop {
    /// A package and its colmig.toml, and nothing that stands for a table.
    pub fn empty() -> Result<Shop> {
        let shop = Shop { folder: tempfile::tempdir()? };
        shop.write(
            "Cargo.toml",
            "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
        )?;
        shop.write("src/lib.rs", "")?;
        shop.write("colmig.toml", CONFIG)?;
        Ok(shop)
    }

    /// The checkout of a release, from 1 on: each before it was generated.
    pub fn release(number: usize) -> Result<Shop> {
        let shop = Shop::empty()?;
        for fields in &RELEASES[..number] {
            shop.edit(fields)?;
            shop.generate()?;
        }
        Ok(shop)
    }

    /// The checkout of a project that was generated without files. Nothing stands for its tables in the source,
    /// since only `generate` looks there.
    pub fn of(project: &Project) -> Result<Shop> {
        let shop = Shop::empty()?;
        shop.write("colmig.lock", &project.lock.render())?;
        for migration in &project.migrations {
            for (name, text) in &migration.files {
                shop.write(&format!("migrations/{}/{name}", migration.manifest.id), text)?;
            }
        }
        Ok(shop)
    }

    /// Another checkout of the same commit.
    pub fn copy(&self) -> Result<Shop> {
        let copy = Shop { folder: tempfile::tempdir()? };
        crate::checkout::copy(self.folder.path(), copy.folder.path())?;
        Ok(copy)
    }

    /// `users` with these fields beside its key.
    pub fn edit(&self, fields: &str) -> Result<()> {
        let source = format!(
            "#[derive(Table)]\n#[colmig(table = \"users\")]\npub struct User {{
    #[colmig(primary_key, auto)]\n    pub id: i64,\n    {fields}\n}}\n"
        );
        self.write("src/lib.rs", &source)
    }

    /// `cargo colmig generate`.
    pub fn generate(&self) -> Result<()> {
        self.command("generate").run()?.expect(0).map(|_| ())
    }

    /// `cargo colmig …` here, without a database.
    pub fn command(&self, words: &str) -> Colmig {
        Colmig::new(self.folder.path(), words)
    }

    /// `cargo colmig …` here, on a database.
    pub fn colmig(&self, words: &str, database: &TestDatabase) -> Colmig {
        self.command(words).on(&database.url)
    }

    /// Where a file is.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes a file.
    pub fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a file lies in a folder"))?;
        Ok(fs::write(path, text)?)
    }

    /// Replaces a text that a file has.
    pub fn replace(&self, file: &str, old: &str, new: &str) -> Result<()> {
        let text = fs::read_to_string(self.path(file))?;
        anyhow::ensure!(text.contains(old), "{file} does not have `{old}`:\n{text}");
        self.write(file, &text.replace(old, new))
    }

    /// Every file with its text: what a command must not have touched.
    pub fn files(&self) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let paths = files_in(self.folder.path())?;
        paths.into_iter().map(|path| Ok((path.clone(), fs::read(path)?))).collect()
    }

    /// What was generated here so far; without a table there is nothing, and no lock file.
    pub fn project(&self) -> Result<Project> {
        if !self.path(lock::FILE).exists() {
            return Ok(Project::new());
        }
        let lock = Lock::parse(&fs::read_to_string(self.path(lock::FILE))?)?;
        let migrations = lock.migrations.iter().map(|recorded| self.migration(&recorded.id));
        let migrations = migrations.collect::<Result<_>>()?;
        Ok(Project { lock, migrations })
    }

    fn migration(&self, id: &str) -> Result<Migration> {
        let folder = self.path("migrations").join(id);
        let mut files = BTreeMap::new();
        for path in files_in(&folder)? {
            let name = path.strip_prefix(&folder)?.to_string_lossy().replace('\\', "/");
            files.insert(name, fs::read_to_string(&path)?);
        }
        Ok(Migration::parse(id, files)?)
    }
}

/// Every file below a folder, in order.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// `count` users of release 1.
pub fn fill(database: &TestDatabase, count: u32) -> Result<()> {
    let rows: Vec<_> = (1..=count).map(|i| format!("('User{i}@x', 'nick of User{i}@x')")).collect();
    for rows in rows.chunks(1000) {
        let sql = format!("INSERT INTO users (email, nickname) VALUES {}", rows.join(", "));
        database.execute(&sql)?;
    }
    Ok(())
}
