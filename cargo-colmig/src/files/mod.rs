//! colmig.lock and migrations/ on disk. Hidden entries, plain files and folders without a
//! `migration.json` are none of ours: sqlx's own migrations may lie beside.

mod write;

use std::collections::BTreeMap;
use std::io;

use camino::Utf8Path;
use colmig_core::Problem;
use colmig_core::lock::{self, Lock};
use colmig_core::migration::{MANIFEST, Migration, chain};
use colmig_core::problem::{LOCK_UNREADABLE, MIGRATION_UNREADABLE};

use crate::place::shown;
use crate::project::Project;
use crate::report::{Failure, Report, Result, Text};

pub use write::{Rewrite, new_file, touch, write};

/// The lock file as it is, and its text.
pub fn read_lock(path: &Utf8Path) -> Result<Option<(Lock, String)>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(LOCK_UNREADABLE
                .problem(format!("colmig.lock cannot be read: {error}"))
                .at(shown(path))
                .into());
        }
    };
    match Lock::parse(&text) {
        Ok(lock) => Ok(Some((lock, text))),
        Err(problem) => Err(in_lock(path, text, problem).into()),
    }
}

/// The core names the file alone; people want its path, and the line.
fn in_lock(path: &Utf8Path, text: String, problem: Problem) -> Report {
    let place = problem.place.clone().unwrap_or_default();
    let mut numbers = place.strip_prefix(lock::FILE).unwrap_or("").split(':').skip(1);
    let mut number = || numbers.next().and_then(|number| number.parse().ok());
    match (number(), number()) {
        (Some(line), Some(column)) => Text::new(path, text).report(problem, line, column, 1),
        _ => problem.at(shown(path)).into(),
    }
}

/// The migrations in the order of their chain.
pub fn read_migrations(project: &Project) -> Result<Vec<Migration>> {
    let dir = &project.migrations;
    let mut migrations = Vec::new();
    let mut reports = Vec::new();
    for name in folders(dir).map_err(|error| unreadable(dir, &error))? {
        match read_migration(&dir.join(&name), &name) {
            Ok(migration) => migrations.push(migration),
            Err(problem) => reports.push(problem.into()),
        }
    }
    if let Some(failure) = Failure::of(reports) {
        return Err(failure);
    }
    chain(migrations).map_err(|problem| {
        let place = problem.place.clone().unwrap_or_else(|| shown(dir));
        problem.at(place).into()
    })
}

/// The names of the folders with a `migration.json`.
fn folders(dir: &Utf8Path) -> io::Result<Vec<String>> {
    let entries = match dir.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().starts_with('.') && entry.path().join(MANIFEST).is_file() {
            names.push(entry.file_name().to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn read_migration(dir: &Utf8Path, id: &str) -> std::result::Result<Migration, Problem> {
    let mut files = BTreeMap::new();
    read_folder(dir, dir, &mut files)?;
    Migration::parse(id, files).map_err(|problem| {
        let place = problem.place.clone().unwrap_or_default();
        let within = place.strip_prefix(id).unwrap_or_default();
        let place = format!("{}{within}", shown(dir));
        problem.at(place)
    })
}

fn read_folder(
    root: &Utf8Path,
    dir: &Utf8Path,
    files: &mut BTreeMap<String, String>,
) -> std::result::Result<(), Problem> {
    let entries = dir.read_dir_utf8().map_err(|error| unreadable(dir, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(dir, &error))?;
        let path = entry.path();
        if entry.file_name().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            read_folder(root, path, files)?;
            continue;
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let name = path.strip_prefix(root).unwrap_or(path).as_str().replace('\\', "/");
        files.insert(name, text);
    }
    Ok(())
}

fn unreadable(path: &Utf8Path, error: &io::Error) -> Problem {
    MIGRATION_UNREADABLE.problem(format!("it cannot be read: {error}")).at(shown(path))
}
