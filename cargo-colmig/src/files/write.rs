//! Writing, so that a command that fails or is killed leaves no file half-written.
//!
//! Everything is first written beside its place under a hidden name, then renamed. Between the renames
//! there is a moment in which a directory is new and the lock file is not; the next `generate` sees it.

use std::fs;
use std::io;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use colmig_core::Problem;
use colmig_core::migration::Migration;
use colmig_core::problem::FILE_UNWRITABLE;

use crate::place::shown;
use crate::project::Project;

/// What becomes of the files of a project.
#[derive(Clone, Copy, Debug)]
pub struct Rewrite<'a> {
    /// The directory that goes.
    pub old: Option<&'a str>,
    /// The migration that comes.
    pub new: Option<&'a Migration>,
    /// The text of the lock file.
    pub lock: &'a str,
}

/// Writes all of it, or nothing.
pub fn write(project: &Project, change: Rewrite<'_>) -> Result<(), Problem> {
    writable(&project.lock)?;
    let mut staged = Staged::default();
    let new = change.new.map(|new| staged.directory(&project.migrations, new)).transpose()?;
    let lock = staged.file(&project.lock, change.lock)?;

    let mut renames = Renames::default();
    let old = change
        .old
        .map(|id| (project.migrations.join(id), project.migrations.join(format!(".{id}.old"))));
    let set_aside = |renames: &mut Renames| match &old {
        Some((from, to)) => renames.replace(from, to),
        None => Ok(()),
    };
    match (new, change.new) {
        (Some(from), Some(migration)) => {
            set_aside(&mut renames)?;
            renames.rename(&from, &project.migrations.join(&migration.manifest.id))?;
            renames.rename(&lock, &real(&project.lock))?;
        }
        // The directory that goes is the only copy of the schema before it: until the lock file does
        // not need it any more, it stays.
        _ => {
            renames.rename(&lock, &real(&project.lock))?;
            set_aside(&mut renames)?;
        }
    }
    renames.keep();
    if let Some((_, aside)) = old {
        // It is hidden now; if it cannot be removed, it does no harm.
        let _harmless = fs::remove_dir_all(aside);
    }
    Ok(())
}

/// Writes a file that is not there yet.
pub fn new_file(path: &Utf8Path, text: &str) -> Result<(), Problem> {
    let mut staged = Staged::default();
    let hidden = staged.file(path, text)?;
    // Unlike a rename, a link does not replace what somebody else has just written.
    fs::hard_link(&hidden, path)
        .or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => fs::rename(&hidden, path),
        })
        .map_err(|error| unwritable(path, &error))
}

/// Makes cargo compile a file again.
pub fn touch(path: &Utf8Path) -> Result<(), Problem> {
    let file = fs::File::options().append(true).open(path);
    file.and_then(|file| file.set_modified(SystemTime::now()))
        .map_err(|error| unwritable(path, &error))
}

/// A rename would go over a file that its owner has made read-only.
fn writable(path: &Utf8Path) -> Result<(), Problem> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(FILE_UNWRITABLE
            .problem("a directory is in the place of the file")
            .at(shown(path))
            .help("move the directory away")),
        Ok(there) if there.permissions().readonly() => Err(FILE_UNWRITABLE
            .problem("the file is read-only")
            .at(shown(path))
            .help("make it writable, and run the command again; nothing was written")),
        _ => Ok(()),
    }
}

fn unwritable(path: &Utf8Path, error: &io::Error) -> Problem {
    FILE_UNWRITABLE
        .problem(format!("it cannot be written: {error}"))
        .at(shown(path))
        .help("mend that, and run the command again")
}

/// A symbolic link stays one.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned())
}

/// What was written under a hidden name; whatever is still there in the end is removed.
#[derive(Default)]
struct Staged(Vec<Utf8PathBuf>);

impl Staged {
    fn file(&mut self, path: &Utf8Path, text: &str) -> Result<Utf8PathBuf, Problem> {
        let path = real(path);
        let hidden = self.beside(&path);
        fs::write(&hidden, text).map_err(|error| unwritable(&path, &error))?;
        Ok(hidden)
    }

    fn directory(
        &mut self,
        parent: &Utf8Path,
        migration: &Migration,
    ) -> Result<Utf8PathBuf, Problem> {
        let path = parent.join(&migration.manifest.id);
        fs::create_dir_all(parent).map_err(|error| unwritable(parent, &error))?;
        let hidden = self.beside(&path);
        remove(&hidden).map_err(|error| unwritable(&path, &error))?;
        for (name, text) in &migration.files {
            let file = hidden.join(name);
            let folder = file.parent().unwrap_or(&hidden);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&file, text))
                .map_err(|error| unwritable(&path.join(name), &error))?;
        }
        Ok(hidden)
    }

    /// Two commands at once must not write into each other's files.
    fn beside(&mut self, path: &Utf8Path) -> Utf8PathBuf {
        let (name, process) = (path.file_name().unwrap_or_default(), std::process::id());
        let hidden = path.with_file_name(format!(".{name}.{process}.new"));
        self.0.push(hidden.clone());
        hidden
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for path in &self.0 {
            let _harmless = remove(path);
        }
    }
}

/// Removes a file or a directory, if it is there.
fn remove(path: &Utf8Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Renames that are taken back, last first, unless all of them came about.
#[derive(Default)]
struct Renames(Vec<(Utf8PathBuf, Utf8PathBuf)>);

impl Renames {
    fn rename(&mut self, from: &Utf8Path, to: &Utf8Path) -> Result<(), Problem> {
        fs::rename(from, to).map_err(|error| unwritable(to, &error))?;
        self.0.push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// A rename over what an earlier command left.
    fn replace(&mut self, from: &Utf8Path, to: &Utf8Path) -> Result<(), Problem> {
        remove(to).map_err(|error| unwritable(to, &error))?;
        self.rename(from, to)
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Renames {
    fn drop(&mut self) {
        for (from, to) in self.0.iter().rev() {
            let _best_effort = fs::rename(to, from);
        }
    }
}

#[cfg(test)]
mod tests;
