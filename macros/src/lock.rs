//! The lock file of the package that is being compiled.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fs, io};

use colmig_core::lock::{FILE, Lock};
use colmig_core::problem::{LOCK_UNREADABLE, Problem};

/// What a derive knows beside its tokens.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The package that is being compiled.
    pub(crate) package: String,
    /// The recorded schema, if this package is part of it.
    pub(crate) lock: Option<Arc<Lock>>,
    /// The lock file that was read, heeded or not: an edit of it has to compile the package again.
    pub(crate) file: Option<PathBuf>,
    /// Why there is a lock file and no lock.
    pub(crate) problem: Option<Problem>,
}

impl Surroundings {
    /// As cargo says by its variables.
    pub(crate) fn of_this_compilation() -> Surroundings {
        let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
        match env::var_os("CARGO_MANIFEST_DIR").and_then(|directory| find(Path::new(&directory))) {
            Some(file) => Surroundings::read(package, file),
            None => Surroundings { package, ..Surroundings::default() },
        }
    }

    fn read(package: String, file: PathBuf) -> Surroundings {
        let nothing = Surroundings { package, ..Surroundings::default() };
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                return Surroundings { problem: Some(unreadable(&file, &error)), ..nothing };
            }
        };
        match parsed(&file, text) {
            Ok(lock) => {
                let is_heeded = lock.packages.contains(&nothing.package);
                Surroundings { lock: is_heeded.then_some(lock), file: Some(file), ..nothing }
            }
            Err(problem) => {
                let problem = problem.at(file.display().to_string());
                Surroundings { problem: Some(problem), file: Some(file), ..nothing }
            }
        }
    }
}

/// The nearest lock file at or above a directory, not beyond the one of a workspace.
fn find(start: &Path) -> Option<PathBuf> {
    for directory in start.ancestors() {
        let file = directory.join(FILE);
        if file.is_file() {
            return Some(file);
        }
        if is_workspace(directory) {
            return None;
        }
    }
    None
}

/// Whether the directory's manifest has a table `workspace`. Lines are enough: a table's name stands at the
/// beginning of one, as does a key of the whole file, and TOML is not worth a dependency here.
fn is_workspace(directory: &Path) -> bool {
    let Ok(manifest) = fs::read_to_string(directory.join("Cargo.toml")) else { return false };
    let lines = manifest.lines().map(str::trim_start);
    let mut keys = lines.clone().take_while(|line| !line.starts_with('['));
    let mut tables = lines.filter_map(|line| line.strip_prefix('['));
    keys.any(|key| names_workspace(key, ['=', '.']))
        || tables.any(|table| names_workspace(table, [']', '.']))
}

/// Whether a key or a table's name begins with `workspace`, as one of its words.
fn names_workspace(text: &str, ends: [char; 2]) -> bool {
    let text = text.trim_start();
    let words = ["workspace", "\"workspace\"", "'workspace'"];
    let mut rests = words.iter().filter_map(|word| text.strip_prefix(word));
    rests.any(|rest| rest.trim_start().starts_with(ends))
}

fn unreadable(file: &Path, error: &io::Error) -> Problem {
    LOCK_UNREADABLE
        .problem(format!("the lock file cannot be read: {error}"))
        .at(file.display().to_string())
        .help("mend its permissions, or take it from version control")
}

/// The lock file that was read last, with its text. A crate with a hundred tables asks a hundred times
/// for the same one; the text is compared, so that an edit between two crates is never missed.
static LAST: Mutex<Option<(PathBuf, String, Arc<Lock>)>> = Mutex::new(None);

fn parsed(file: &Path, text: String) -> Result<Arc<Lock>, Problem> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((path, known, lock)) = &*last
        && path == file
        && *known == text
    {
        return Ok(Arc::clone(lock));
    }
    let lock = Arc::new(Lock::parse(&text)?);
    *last = Some((file.to_owned(), text, Arc::clone(&lock)));
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn lock(packages: &[&str]) -> String {
        Lock { packages: packages.iter().map(|p| (*p).to_owned()).collect(), ..Lock::default() }
            .render()
    }

    #[test]
    fn the_nearest_lock_file_is_found_but_none_beyond_the_workspace() {
        let root = directory(&[
            ("colmig.lock", ""),
            ("own/Cargo.toml", "[package]\n"),
            ("own/deep/Cargo.toml", "[package]\nname = \"workspace\"\n"),
            ("fence/Cargo.toml", "[package]\n[ workspace ] # alone\n"),
            ("fence/member/Cargo.toml", "[package]"),
            ("inherit/Cargo.toml", "  [workspace.package]\n"),
            ("quoted/Cargo.toml", "[package]\n[\"workspace\"]\n"),
            ("key/Cargo.toml", "# of the file\nworkspace.resolver = \"3\"\n[package]\n"),
            ("inline/Cargo.toml", "workspace = { members = [] }\n"),
            ("pointing/Cargo.toml", "[package]\nworkspace = \"..\"\n[workspaces]\n"),
            ("both/Cargo.toml", "[workspace]"),
            ("both/colmig.lock", ""),
            ("both/member/src/lib.rs", ""),
        ]);
        let found = |start: &str| find(&root.path().join(start));
        let at = |path: &str| Some(root.path().join(path));
        assert_eq!(found("own/deep"), at("colmig.lock"));
        assert_eq!(found("fence/member"), None);
        for workspace in ["inherit", "quoted", "key", "inline"] {
            assert_eq!(found(workspace), None, "{workspace}");
        }
        assert_eq!(found("pointing"), at("colmig.lock"));
        assert_eq!(found("both/member"), at("both/colmig.lock"));
    }

    #[test]
    fn a_lock_file_is_heeded_by_its_packages_only_and_watched_by_all() {
        let root = directory(&[("colmig.lock", &lock(&["shop"]))]);
        let file = root.path().join(FILE);
        let shop = Surroundings::read("shop".into(), file.clone());
        assert!(shop.lock.is_some() && shop.problem.is_none());
        let other = Surroundings::read("other".into(), file.clone());
        assert!(other.lock.is_none() && other.problem.is_none());
        assert_eq!(other.file.as_ref(), Some(&file));
    }

    /// As in rust-analyzer, whose one process expands every crate again and again. Neither an edit that
    /// leaves the length as it was, nor a time stamp that was set back, nor another project in between
    /// may show what a file held before.
    #[test]
    fn a_process_that_lives_long_sees_every_edit_of_every_project() {
        let roots = [(); 2].map(|()| directory(&[("Cargo.toml", "[workspace]")]));
        let files = roots.each_ref().map(|root| root.path().join(FILE));
        let heeds = |package: &str, file: &Path| {
            Surroundings::read(package.into(), file.to_owned()).lock.is_some()
        };
        for round in 0..4 {
            for (index, file) in files.iter().enumerate() {
                let (named, other) = if (round + index) % 2 == 0 { ("a", "b") } else { ("b", "a") };
                fs::write(file, lock(&[named])).unwrap();
                let handle = fs::File::options().write(true).open(file).unwrap();
                handle.set_modified(std::time::UNIX_EPOCH).unwrap();
                assert!(heeds(named, file) && !heeds(other, file), "{round}");
            }
            let first = if round % 2 == 0 { "a" } else { "b" };
            assert!(heeds(first, &files[0]), "{round}");
        }
        fs::write(&files[0], "{").unwrap();
        assert!(Surroundings::read("a".into(), files[0].clone()).problem.is_some());
        fs::write(&files[0], lock(&["a"])).unwrap();
        assert!(heeds("a", &files[0]));
        fs::remove_file(&files[0]).unwrap();
        assert_eq!(find(roots[0].path()), None);
    }

    #[test]
    fn an_edit_is_noticed_and_a_broken_file_is_a_problem_that_names_it() {
        let root = directory(&[("colmig.lock", &lock(&[]))]);
        let file = root.path().join(FILE);
        assert!(Surroundings::read("shop".into(), file.clone()).lock.is_none());
        fs::write(&file, lock(&["shop"])).unwrap();
        assert!(Surroundings::read("shop".into(), file.clone()).lock.is_some());
        for text in ["{", &lock(&[]).replace("\"format\": 1", "\"format\": 99")] {
            fs::write(&file, text).unwrap();
            let problem = Surroundings::read("shop".into(), file.clone()).problem.unwrap();
            assert!(problem.to_string().contains(&file.display().to_string()), "{problem}");
            assert!(!problem.help.is_empty());
        }
        let gone = Surroundings::read("shop".into(), root.path().join("gone"));
        assert!(gone.problem.is_some() && gone.file.is_none());
    }
}
