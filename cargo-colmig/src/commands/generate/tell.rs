//! What `generate` says.

mod object;

use colmig_core::hash::normalise;
use colmig_core::migration::{Change, Migration};
use colmig_core::protocol::ChangeKind;
use similar::TextDiff;

use super::Work;
use super::draft::GoingOn;
use crate::place::shown;
use crate::terminal::Terminal;
use crate::workspace::Package;
use object::Generated;

/// After writing.
pub(super) fn written(terminal: Terminal, work: &Work) {
    if let Some(id) = gone(work) {
        terminal.status("Removed", &folder(work, id));
    }
    if let Some(migration) = &work.draft.migration {
        let verb = match (work.new_migration(), work.old_directory()) {
            // An interrupted run wrote it.
            (None, _) => "Recorded",
            (Some(_), Some(_)) => "Amended",
            (Some(_), None) => "Generated",
        };
        terminal.status(verb, &migration.manifest.id);
        changes(terminal, migration);
    }
    if let Some(new) = work.new_migration() {
        terminal.status("Created", &folder(work, &new.manifest.id));
        for (name, _) in in_reading_order(new) {
            terminal.more(name);
        }
    }
    going_on(terminal, &work.draft.going_on);
    if work.lock_moves() {
        let verb = if work.lock_now.is_empty() { "Created" } else { "Updated" };
        terminal.status(verb, &shown(&work.project.lock));
    }
    let begins = work.draft.migration.is_some();
    if begins || !work.draft.going_on.is_empty() {
        let review = if begins {
            "review the SQL, and commit it with colmig.lock"
        } else {
            "commit colmig.lock"
        };
        terminal
            .note(&format!("{review}; before this release is deployed, run `cargo colmig apply`"));
    }
    let abandons = |change: &Change| change.kind == ChangeKind::Abandon;
    let new = work.new_migration().filter(|new| new.manifest.changes.iter().any(abandons));
    if let Some(new) = new {
        terminal.note(&format!(
            "if what `{0}` takes back never left this branch: remove {1} again, take colmig.lock back from version control, and run `cargo colmig generate --amend` instead",
            new.manifest.id,
            folder(work, &new.manifest.id),
        ));
    }
    terminal.object(&Generated::new(work, true));
}

/// Where there is nothing to do.
pub(super) fn unchanged(terminal: Terminal, work: &Work) {
    let tables = work.draft.lock.schema.tables.len();
    let plural = if tables == 1 { "" } else { "s" };
    let lock = shown(&work.project.lock);
    terminal.status("Unchanged", &format!("{lock} records the source ({tables} table{plural})"));
    terminal.object(&Generated::new(work, false));
}

/// Where the source declares nothing, and never has.
pub(super) fn no_tables(terminal: Terminal, packages: &[&Package], work: &Work) {
    let names: Vec<_> = packages.iter().map(|package| format!("`{}`", package.name)).collect();
    let files = work.source.files;
    terminal.status("Unchanged", "there is nothing to record");
    terminal.note(&format!(
        "no struct in {} derives `Table` (files read: {files}); begin with one:\n\n    \
         #[derive(sqlx::FromRow, colmig::Table)]\n    pub struct User {{\n        \
         #[colmig(primary_key, auto)]\n        pub id: i64,\n        pub email: String,\n    }}\n",
        names.join(", ")
    ));
    terminal.object(&Generated::new(work, false));
}

/// What would be written: every file with its text, then the difference of the lock file.
pub(super) fn dry_run(terminal: Terminal, work: &Work) {
    if let Some(id) = gone(work) {
        terminal.status("Would remove", &folder(work, id));
    }
    if let Some(new) = work.new_migration() {
        let amends = work.old_directory().is_some_and(|old| old == new.manifest.id);
        let verb = if amends { "Would amend" } else { "Would create" };
        let folder = folder(work, &new.manifest.id);
        terminal.status(verb, &folder);
        changes(terminal, new);
        for (name, text) in in_reading_order(new).filter(|(name, _)| name.ends_with(".sql")) {
            terminal.print(&format!("-- {folder}{name}\n{text}\n"));
        }
    }
    going_on(terminal, &work.draft.going_on);
    if work.lock_moves() {
        terminal.status("Would update", &shown(&work.project.lock));
        terminal.diff(&lock_difference(work));
    }
    terminal.note("this was a dry run: nothing was written");
    terminal.object(&Generated::new(work, false));
}

/// The files of each step together, the way back last.
fn in_reading_order(migration: &Migration) -> impl Iterator<Item = (&String, &String)> {
    let mut files: Vec<_> = migration.files.iter().collect();
    files.sort_by_key(|(name, _)| name.replace(".down.sql", ".~"));
    files.into_iter()
}

/// The lock file as it is and as it should be.
pub(super) fn difference(terminal: Terminal, work: &Work) {
    terminal.diff(&lock_difference(work));
    terminal.object(&Generated::new(work, false));
}

/// The directory that goes for good; one that is replaced under its name does not.
fn gone(work: &Work) -> Option<&str> {
    let replaced = work.new_migration().map(|new| new.manifest.id.as_str());
    work.old_directory().filter(|old| Some(*old) != replaced)
}

fn changes(terminal: Terminal, migration: &Migration) {
    for change in &migration.manifest.changes {
        terminal.more(&format!("{} ({})", change.title(), change.kind.facts().words));
    }
}

fn going_on(terminal: Terminal, moves: &[GoingOn]) {
    for one in moves {
        let phases = one.phases.map_or_else(String::new, |phases| {
            let plural = if phases.low == phases.high { "" } else { "s" };
            format!("; this release is phase{plural} {phases}")
        });
        terminal.status("Goes on", &format!("{}: {} → {}", one.subject, one.from, one.to));
        terminal.more(&format!("no migration: {} goes on{phases}", one.migration));
    }
}

fn folder(work: &Work, id: &str) -> String {
    shown(&work.project.migrations.join(id)) + "/"
}

fn lock_difference(work: &Work) -> String {
    let now = if work.lock_now.is_empty() { String::new() } else { normalise(&work.lock_now) };
    let path = shown(&work.project.lock);
    let difference = TextDiff::from_lines(&now, &work.lock_then);
    difference.unified_diff().header(&path, &format!("{path} (generated)")).to_string()
}
