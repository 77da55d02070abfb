//! What `generate --message-format json` says: one object.

use colmig_core::lifecycle::PhaseRange;
use colmig_core::protocol::ChangeKind;
use serde::Serialize;

use super::super::Work;
use super::folder;
use crate::place::shown;

#[derive(Serialize)]
pub(super) struct Generated<'a> {
    reason: &'static str,
    /// Whether anything was written.
    written: bool,
    /// The migration that begins.
    migration: Option<&'a str>,
    changes: Vec<Change<'a>>,
    going_on: Vec<Move<'a>>,
    /// The files that are new.
    files: Vec<File<'a>>,
    /// The directory that goes, or is replaced.
    removed: Option<&'a str>,
    lock: String,
    lock_moves: bool,
}

#[derive(Serialize)]
struct Change<'a> {
    id: &'a str,
    kind: ChangeKind,
    property: String,
}

#[derive(Serialize)]
struct Move<'a> {
    subject: &'a str,
    from: &'static str,
    to: &'static str,
    migration: &'a str,
    phases: Option<PhaseRange>,
}

#[derive(Serialize)]
struct File<'a> {
    path: String,
    text: &'a str,
}

impl<'a> Generated<'a> {
    pub(super) fn new(work: &'a Work, written: bool) -> Generated<'a> {
        let begins = work.draft.migration.as_ref();
        let changes = begins.into_iter().flat_map(|new| &new.manifest.changes).map(|change| {
            Change { id: &change.id, kind: change.kind, property: change.property() }
        });
        let going_on = work.draft.going_on.iter().map(|one| Move {
            subject: &one.subject,
            from: one.from,
            to: one.to,
            migration: &one.migration,
            phases: one.phases,
        });
        let files = work.new_migration().into_iter().flat_map(|new| {
            let folder = folder(work, &new.manifest.id);
            let file = move |(name, text): (&String, &'a String)| File {
                path: format!("{folder}{name}"),
                text,
            };
            new.files.iter().map(file)
        });
        Generated {
            reason: "generated",
            written,
            migration: begins.map(|new| new.manifest.id.as_str()),
            changes: changes.collect(),
            going_on: going_on.collect(),
            files: files.collect(),
            removed: work.old_directory(),
            lock: shown(&work.project.lock),
            lock_moves: work.lock_moves(),
        }
    }
}
