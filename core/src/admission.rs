//! Who may run: a build's vector against the windows in the ledger and the catalog.
//!
//! For each property the window in force is that of its latest started change; a dropped property
//! leaves a tombstone; where no change is in force, the code is compared with the catalog (rules L1, L2
//! and L12 of the protocol).

use std::collections::BTreeSet;
use std::fmt;

use crate::catalog::Catalog;
use crate::lifecycle::{Access, PhaseRange, Stand};
use crate::problem::{EXCLUDED, Problem};
use crate::progress::Progress;
use crate::protocol::{ChangeKind, Window};
use crate::vector::{Struct, Vector};

/// Why a build may not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `users.handle`.
    pub subject: String,
    /// What is in its way.
    pub why: Why,
}

/// What is in a build's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is older, or newer, than the window allows.
    Outside(Outside),
    /// No phase of the change of this title is safe for it.
    NoPhase(String),
    /// It names a column that was dropped.
    Dropped {
        /// The title of the change that dropped it.
        change: String,
        /// The commit that `apply` ran from.
        moved_by: String,
    },
    /// It names a column, or a table, that is not there.
    Missing,
    /// The column of that name is another one.
    OtherBirth {
        /// The migration that created the one in the database.
        born: String,
        /// The migration that the build means.
        meant: String,
    },
    /// The column's type cannot be read as the field's.
    OtherType {
        /// The type in the database.
        live: String,
        /// The struct.
        rust: String,
    },
    /// It reads a required value, and the column may be NULL.
    MayBeNull,
    /// It may write NULL, and the column is required.
    NotNull,
    /// It inserts without a column that is required and has no default.
    NotWritten,
}

/// A build outside a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The title of the change.
    pub change: String,
    /// What the change does.
    pub kind: ChangeKind,
    /// The phases of the build.
    pub range: PhaseRange,
    /// The window in force.
    pub window: Window,
    /// The commit that `apply` ran from when the window last moved.
    pub moved_by: String,
}

impl Outside {
    fn too_old(&self) -> bool {
        self.range.high < self.window.floor
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outside { change, kind, range, window, moved_by } = self;
        let own = if self.too_old() { range.high } else { range.low };
        write!(f, "this release is {} of the change `{change}`, ", kind.release(own))?;
        if self.too_old() {
            let needed = kind.release(window.floor);
            write!(
                f,
                "which lets in releases from {needed} on, window {window}: {}",
                closed(moved_by)
            )
        } else {
            let last = kind.release(window.ceil);
            write!(
                f,
                "which lets in releases up to {last}, window {window}: the database is not ready"
            )
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Outside(outside) => outside.fmt(f),
            Why::NoPhase(change) => {
                write!(f, "no phase of the change `{change}` is safe for this release")
            }
            Why::Dropped { change, moved_by } => {
                write!(f, "the column was dropped by `{change}`: {}", closed(moved_by))
            }
            Why::Missing => f.write_str("it does not exist in the database"),
            Why::OtherBirth { born, meant } => write!(
                f,
                "the column in the database was created by migration {born}, this release means the one of {meant}"
            ),
            Why::OtherType { live, rust } => {
                write!(
                    f,
                    "its type in the database is {live}, which the field in `{rust}` cannot hold"
                )
            }
            Why::MayBeNull => f.write_str("this release reads it as required, and it may be NULL"),
            Why::NotNull => f.write_str("this release may write NULL, and the column is NOT NULL"),
            Why::NotWritten => f.write_str(
                "this release inserts rows without it, and it is NOT NULL without a default",
            ),
        }
    }
}

fn closed(moved_by: &str) -> String {
    match moved_by {
        "" => "older releases can no longer run".to_owned(),
        commit => format!("`apply` from commit {commit} shut out older releases"),
    }
}

impl Why {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Why::Outside(outside) if outside.too_old() => {
                "start a newer release, or `cargo colmig rollback` to let this one in again"
            }
            Why::Dropped { .. } => "start a newer release: a dropped column does not come back",
            Why::Outside(_) | Why::Missing => {
                "run `cargo colmig apply` from this release's checkout, and start it again"
            }
            Why::NoPhase(_) => {
                "see `cargo colmig plan` for the releases that the change goes through"
            }
            Why::OtherBirth { .. } => {
                "build the release from a checkout whose colmig.lock knows that migration"
            }
            Why::OtherType { .. } | Why::MayBeNull | Why::NotNull | Why::NotWritten => {
                "the table was changed by hand: compare with `cargo colmig verify`, and change it back"
            }
        }
    }
}

/// Every reason why this build may not run; none means that it may.
pub fn judge(vector: &Vector, rows: &[Progress], catalog: &Catalog) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for entry in &vector.structs {
        judge_table(vector, entry, rows, catalog, &mut refusals);
    }
    refusals.dedup();
    refusals
}

fn judge_table(
    vector: &Vector,
    entry: &Struct,
    rows: &[Progress],
    catalog: &Catalog,
    refusals: &mut Vec<Refusal>,
) {
    let mut refuse = |subject: String, why: Why| refusals.push(Refusal { subject, why });
    let Some(table) = catalog.tables.get(&entry.table) else {
        return refuse(entry.table.clone(), Why::Missing);
    };
    if let Some(why) = window_refusal(vector, in_force(rows, &entry.table, None, None)) {
        refuse(entry.table.clone(), why);
    }
    let mut names: BTreeSet<&str> = entry.columns.keys().map(String::as_str).collect();
    names.extend(table.columns.iter().map(|column| column.name.as_str()));
    let changed = rows.iter().filter(|row| row.started() && row.change.table == entry.table);
    names.extend(changed.filter_map(|row| row.change.column.as_ref()).map(|c| c.name.as_str()));
    for name in names {
        if let Some(why) = judge_column(vector, entry, name, rows, catalog) {
            refuse(format!("{}.{name}", entry.table), why);
        }
    }
}

/// The change in force for a property: the latest that has started.
fn in_force<'a>(
    rows: &'a [Progress],
    table: &str,
    column: Option<&str>,
    born: Option<&str>,
) -> Option<&'a Progress> {
    rows.iter().rev().find(|row| {
        let same_birth =
            born.is_none_or(|b| row.change.column.as_ref().is_some_and(|c| c.born == b));
        row.started() && row.touches(table, column) && same_birth
    })
}

fn judge_column(
    vector: &Vector,
    entry: &Struct,
    name: &str,
    rows: &[Progress],
    catalog: &Catalog,
) -> Option<Why> {
    let property = entry.columns.get(name);
    let live = in_force(rows, &entry.table, Some(name), None);
    let born = property.map(|p| p.born.as_str());
    // A build that does not name the column is judged by the latest change on that name; one that
    // does, by the latest change on the very column that it means.
    let row = match born {
        Some(born) => in_force(rows, &entry.table, Some(name), Some(born)),
        None => live,
    };
    if let Some(row) = row {
        if row.dropped() {
            let (change, moved_by) = (row.change.title(), row.moved_by.clone());
            return property.map(|_| Why::Dropped { change, moved_by });
        }
        return window_refusal(vector, Some(row));
    }
    if let (Some(born), Some(live)) = (born, live.filter(|row| !row.dropped())) {
        let other = live.change.column.as_ref().map_or("", |column| &column.born);
        return Some(Why::OtherBirth { born: other.to_owned(), meant: born.to_owned() });
    }
    against_catalog(entry, name, catalog)
}

/// The code against the catalog, where no change is in force.
fn against_catalog(entry: &Struct, name: &str, catalog: &Catalog) -> Option<Why> {
    let stand = entry.columns.get(name).map_or(Stand::Absent, |property| property.stand);
    let inserts = entry.access == Access::Writer;
    let reads = matches!(stand, Stand::Required | Stand::Optional | Stand::Row);
    let Some(column) = catalog.column(&entry.table, name) else {
        let named = reads || (stand != Stand::Absent && entry.access != Access::ReadOnly);
        return named.then_some(Why::Missing);
    };
    match stand {
        Stand::Required if !column.not_null => Some(Why::MayBeNull),
        Stand::Optional if column.not_null && entry.access != Access::ReadOnly => {
            Some(Why::NotNull)
        }
        Stand::Absent if inserts && column.not_null && !column.has_default => Some(Why::NotWritten),
        _ => None,
    }
}

fn window_refusal(vector: &Vector, row: Option<&Progress>) -> Option<Why> {
    let row = row?;
    let window = row.window()?;
    let change = row.change.title();
    let Some(range) = vector.range(&row.change) else { return Some(Why::NoPhase(change)) };
    if range.low <= window.ceil && window.floor <= range.high {
        return None;
    }
    let (kind, moved_by) = (row.change.kind, row.moved_by.clone());
    Some(Why::Outside(Outside { change, kind, range, window, moved_by }))
}

/// The refusals as one problem that names them all.
pub fn problem(project: &str, refusals: &[Refusal]) -> Problem {
    let list: Vec<_> = refusals.iter().map(|r| format!("\n  {}: {}", r.subject, r.why)).collect();
    let mut problem =
        EXCLUDED.problem(format!("this release of `{project}` may not run now:{}", list.concat()));
    let remedies: BTreeSet<_> = refusals.iter().map(|refusal| refusal.why.remedy()).collect();
    problem.help = remedies.into_iter().map(str::to_owned).collect();
    problem
}
