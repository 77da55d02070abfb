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
use crate::progress::{Named, Progress};
use crate::protocol::{ChangeKind, Window};
use crate::schema::Constraint;
use crate::vector::{Enum, Struct, Vector};

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
    /// It names a column, or a table, that was dropped.
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
    /// It relies on a constraint that the database does not have yet.
    Unguarded,
    /// Rows may hold a value that it does not know.
    Unread,
    /// It does not know of a constraint that the database has, and may break it.
    NotKept,
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
                write!(f, "it was dropped by `{change}`: {}", closed(moved_by))
            }
            Why::Missing => f.write_str("it does not exist in the database"),
            Why::OtherBirth { born, meant } => write!(
                f,
                "the one in the database was created by migration {born}, this release means the one of {meant}"
            ),
            Why::OtherType { live, rust } => {
                write!(
                    f,
                    "its type in the database is {live}, which the field in `{rust}` cannot hold"
                )
            }
            Why::MayBeNull => f.write_str("this release reads it as required, and it may be NULL"),
            Why::NotNull => f.write_str("this release may write NULL, and the column is NOT NULL"),
            Why::Unguarded => {
                f.write_str("this release relies on it, and the database does not guard it yet")
            }
            Why::Unread => f.write_str("this release does not know it, and rows may hold it"),
            Why::NotKept => {
                f.write_str("this release does not know of it, and the database guards it")
            }
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
            Why::Dropped { .. } => "start a newer release: what was dropped does not come back",
            Why::Outside(_) | Why::Missing | Why::Unguarded | Why::NotKept | Why::Unread => {
                "run `cargo colmig apply` from this release's checkout first"
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
    for entry in &vector.enums {
        judge_enum(vector, entry, rows, &mut refusals);
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
    let whole = in_force(rows, &entry.table, Named::Table, None);
    let Some(table) = catalog.tables.get(&entry.table) else {
        let why = whole.filter(|row| row.dropped()).map_or(Why::Missing, dropped);
        return refuse(entry.table.clone(), why);
    };
    if let Some(why) = window_refusal(vector, whole) {
        refuse(entry.table.clone(), why);
    }
    let guards = rows.iter().filter(|row| row.started() && row.change.table == entry.table);
    let guards = guards.flat_map(|row| row.change.guards()).map(|one| &one.name);
    for name in guards.chain(entry.constraints.keys()).collect::<BTreeSet<_>>() {
        if let Some(why) = judge_constraint(vector, entry, name, rows) {
            refuse(format!("{}.{name}", entry.table), why);
        }
    }
    let mut names: BTreeSet<&str> = entry.columns.keys().map(String::as_str).collect();
    names.extend(table.columns.iter().map(|column| column.name.as_str()));
    let is_of_it =
        |row: &&Progress| row.change.enumeration.is_none() && row.change.table == entry.table;
    let changed = rows.iter().filter(|row| row.started()).filter(is_of_it);
    names.extend(changed.flat_map(|row| row.change.touched()).map(|c| c.name.as_str()));
    for name in names {
        if let Some(why) = judge_column(vector, entry, name, rows, catalog) {
            refuse(format!("{}.{name}", entry.table), why);
        }
    }
}

/// The same for an enum type and its values. One that is retired leaves no tombstone: it stays in the type.
fn judge_enum(vector: &Vector, entry: &Enum, rows: &[Progress], refusals: &mut Vec<Refusal>) {
    let in_force = |value: Option<&str>, born: Option<&str>| {
        let is_it = |row: &&Progress| row.started() && row.touches_type(&entry.name, value, born);
        rows.iter().rev().find(is_it)
    };
    let mut refuse = |subject: String, why: Why| refusals.push(Refusal { subject, why });
    if let Some(why) = window_refusal(vector, in_force(None, None)) {
        refuse(entry.name.clone(), why);
    }
    let mut names: BTreeSet<&str> = entry.values.keys().map(String::as_str).collect();
    let of_type = rows
        .iter()
        .filter(|row| row.change.enumeration.as_ref().is_some_and(|one| one.name == entry.name));
    names.extend(of_type.filter_map(|row| row.change.value_of_type()).map(|v| v.name.as_str()));
    let created = in_force(None, None).and_then(|row| row.change.enumeration.as_ref());
    names.extend(created.iter().flat_map(|one| &one.values).map(|value| value.name.as_str()));
    for name in names {
        let born = entry.values.get(name).map(|property| property.born.as_str());
        let first = created.and_then(|one| one.value(name));
        let came_with_the_type = first.is_some_and(|value| Some(value.born.as_str()) == born);
        let why = match (in_force(Some(name), born), born, in_force(Some(name), None)) {
            (Some(row), ..) => window_refusal(vector, Some(row)),
            (None, None, _) => first.map(|_| Why::Unread),
            (None, Some(_), _) if came_with_the_type => None,
            (None, Some(meant), Some(live)) => {
                let born = live.change.value_of_type().map_or("", |value| &value.born);
                Some(Why::OtherBirth { born: born.to_owned(), meant: meant.to_owned() })
            }
            (None, Some(_), None) => Some(Why::Missing),
        };
        if let Some(why) = why {
            refuse(format!("{}.{name}", entry.name), why);
        }
    }
}

/// The change in force for a property: the latest that has started.
fn in_force<'a>(
    rows: &'a [Progress],
    table: &str,
    named: Named<'_>,
    born: Option<&str>,
) -> Option<&'a Progress> {
    rows.iter().rev().find(|row| row.binds() && row.touches(table, named, born))
}

/// A constraint is not looked up in the catalog, where it may go by another name: a build relies on it from the
/// moment on at which the change that made it says so.
fn judge_constraint(vector: &Vector, entry: &Struct, name: &str, rows: &[Progress]) -> Option<Why> {
    let property = entry.constraints.get(name);
    let born = property.map(|p| p.born.as_str()).filter(|born| !born.is_empty());
    if let Some(row) = in_force(rows, &entry.table, Named::Constraint(name), born) {
        return window_refusal(vector, Some(row));
    }
    // What came with the table is guarded from its first row on, until a change lets it go.
    let came_with_the_table = |row: &&Progress| {
        let is_it = |one: &Constraint| one.name == name && born.is_none_or(|born| one.born == born);
        row.made(&entry.table) && row.change.guards().any(is_it)
    };
    let is_there =
        rows.iter().rev().find(|row| row.started() && came_with_the_table(row)).is_some();
    match property.map(|property| property.stand) {
        Some(Stand::Required) if born.is_some() && !is_there => Some(Why::Unguarded),
        None if is_there && entry.access == Access::Writer => Some(Why::NotKept),
        _ => None,
    }
}

fn judge_column(
    vector: &Vector,
    entry: &Struct,
    name: &str,
    rows: &[Progress],
    catalog: &Catalog,
) -> Option<Why> {
    let property = entry.columns.get(name);
    let live = in_force(rows, &entry.table, Named::Column(name), None);
    // A birth that is not known is that of a table of another project: what is there is meant.
    let born = property.map(|p| p.born.as_str()).filter(|born| !born.is_empty());
    // A build that does not name the column is judged by the latest change on that name; one that
    // does, by the latest change on the very column that it means.
    let row = match born {
        Some(born) => in_force(rows, &entry.table, Named::Column(name), Some(born)),
        None => live,
    };
    if let Some(row) = row {
        if row.dropped_column(name) {
            return property.map(|_| dropped(row));
        }
        return window_refusal(vector, Some(row));
    }
    if let (Some(born), Some(live)) = (born, live.filter(|row| !row.dropped_column(name))) {
        let other = live.change.touched().find(|column| column.name == name);
        let other = other.map_or("", |column| &column.born);
        return Some(Why::OtherBirth { born: other.to_owned(), meant: born.to_owned() });
    }
    against_catalog(entry, name, catalog)
}

fn dropped(row: &Progress) -> Why {
    Why::Dropped { change: row.change.title(), moved_by: row.moved_by.clone() }
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
        Stand::Optional | Stand::Loose if column.not_null && entry.access != Access::ReadOnly => {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::{CatalogColumn, CatalogTable};
    use crate::lifecycle::{STANDS, Use};
    use crate::migration::{Change, Step};
    use crate::protocol::{CHANGES, ChangeFacts, Subject, window_at};
    use crate::schema::{Column, Table};
    use crate::types::ColumnType;
    use crate::vector::Property;

    fn row(kind: ChangeKind, born: &str, position: usize) -> Progress {
        let column =
            Column { born: born.into(), ..Column::new("c", ColumnType::Known("text".into())) };
        let table = Table { born: born.into(), ..Table::new("t") };
        let creates = kind == ChangeKind::CreateTable;
        let facts = kind.facts();
        let acts: Vec<_> = facts.steps.iter().map(|(act, _)| *act).collect();
        let steps = (0..acts.len()).map(|index| Step {
            act: acts[index],
            stage: facts.steps[index].1,
            window: window_at(acts.clone(), index + 1).expect("it has started"),
            sql: BTreeMap::new(),
        });
        let change = Change {
            id: "0002.1".into(),
            kind,
            table: "t".into(),
            columns: if creates { Vec::new() } else { vec![column] },
            replaced: Vec::new(),
            definition: creates.then_some(table),
            constraint: None,
            indexes: Vec::new(),
            former: None,
            key: Vec::new(),
            enumeration: None,
            places: Vec::new(),
            phases: kind.phases(false),
            steps: steps.collect(),
        };
        Progress { position, moved_by: "abc123".into(), ..Progress::of(change, "0002") }
    }

    fn vector(access: Access, stand: Stand, born: &str) -> Vector {
        let mut columns = BTreeMap::new();
        if stand != Stand::Absent {
            columns.insert("c".to_owned(), Property { born: born.into(), stand });
        }
        let constraints = BTreeMap::new();
        let structs = vec![Struct { table: "t".into(), access, columns, constraints }];
        Vector { project: "p".into(), structs, enums: Vec::new() }
    }

    fn catalog(column: Option<(bool, bool)>) -> Catalog {
        let columns = column.map(|(not_null, has_default)| CatalogColumn {
            name: "c".into(),
            sql_type: "text".into(),
            not_null,
            has_default,
        });
        let table =
            CatalogTable { columns: columns.into_iter().collect(), primary_key: Vec::new() };
        Catalog { tables: [("t".to_owned(), table)].into() }
    }

    const ACCESSES: [Access; 3] = [Access::Writer, Access::Partial, Access::ReadOnly];

    /// Every change at every position, every access, every stand: let in if and only if the phases of the
    /// table meet the window; a drop that is done leaves a tombstone.
    #[test]
    fn the_window_decides_where_a_change_is_in_force() {
        let of_a_column = CHANGES.iter().filter(|facts| facts.subject == Subject::Column);
        let by_stand = |facts: &&ChangeFacts| !facts.kind.replaces() && facts.phases.last > 0;
        for facts in of_a_column.filter(by_stand) {
            for position in 1..=facts.steps.len() {
                let row = row(facts.kind, "0002", position);
                for access in ACCESSES {
                    for (stand, _) in STANDS {
                        let build = vector(access, *stand, "0002");
                        let admitted =
                            judge(&build, std::slice::from_ref(&row), &catalog(None)).is_empty();
                        let window = row.window().expect("it has started");
                        let range = row.change.phases.of(access, *stand);
                        let meets =
                            range.is_some_and(|r| r.low <= window.ceil && window.floor <= r.high);
                        let expected = if row.dropped() { *stand == Stand::Absent } else { meets };
                        assert_eq!(
                            admitted, expected,
                            "{:?} {access:?} {stand} at {position}",
                            facts.kind
                        );
                    }
                }
            }
        }
    }

    /// The same for a constraint; before its change has begun, nobody may rely on it.
    #[test]
    fn the_window_of_a_constraint_decides_too() {
        let constraint = crate::schema::Constraint {
            name: "k".into(),
            guard: crate::schema::Guard::Unique { columns: vec!["c".into()] },
            state: crate::lifecycle::State::Active,
            born: "0002".into(),
        };
        let stands = [Stand::Absent, Stand::Adding, Stand::Deprecated, Stand::Required];
        for facts in CHANGES.iter().filter(|facts| facts.subject == Subject::Constraint) {
            for position in 0..=facts.steps.len() {
                let mut row = row(facts.kind, "0002", position.max(1));
                row.position = position;
                row.change.columns.clear();
                row.change.constraint = Some(constraint.clone());
                for (access, stand) in
                    ACCESSES.iter().flat_map(|a| stands.iter().map(move |stand| (*a, *stand)))
                {
                    let mut build = vector(access, Stand::Absent, "");
                    if stand != Stand::Absent {
                        let property = Property { born: "0002".into(), stand };
                        build.structs[0].constraints.insert("k".into(), property);
                    }
                    let found = judge(&build, std::slice::from_ref(&row), &catalog(None));
                    let meets = match row.window() {
                        None => stand != Stand::Required,
                        Some(window) => row.change.phases.of(access, stand).is_some_and(|range| {
                            range.low <= window.ceil && window.floor <= range.high
                        }),
                    };
                    assert_eq!(
                        found.is_empty(),
                        meets,
                        "{:?} {access:?} {stand} at {position}",
                        facts.kind
                    );
                }
            }
        }
    }

    /// The same for a replacement, by what a build does with the old column and with the new one. What is dropped
    /// at its end is the old one; of the new one the window stays in force.
    #[test]
    fn the_window_of_a_replacement_looks_at_both_columns() {
        let replacements = CHANGES.iter().filter(|facts| facts.kind.replaces());
        let positions = |facts: &crate::protocol::ChangeFacts| 1..=facts.steps.len();
        let all = replacements.flat_map(|facts| positions(facts).map(|at| (facts.kind, at)));
        for (kind, position) in all {
            let mut row = row(kind, "0002", position);
            let old =
                Column { name: "o".into(), born: "0001".into(), ..row.change.columns[0].clone() };
            row.change.replaced = vec![old];
            for access in ACCESSES {
                for ((old, _), (new, _)) in
                    STANDS.iter().flat_map(|a| STANDS.iter().map(move |b| (a, b)))
                {
                    let mut build = vector(access, *new, "0002");
                    if *old != Stand::Absent {
                        let property = Property { born: "0001".into(), stand: *old };
                        build.structs[0].columns.insert("o".into(), property);
                    }
                    let admitted =
                        judge(&build, std::slice::from_ref(&row), &catalog(None)).is_empty();
                    let pairs = row.change.phases.pairs.as_ref().expect("it has pairs");
                    let used = |stand| Use::of(access, stand, true);
                    let range = used(*old)
                        .zip(used(*new))
                        .and_then(|(old, new)| pairs.of(access, old, new));
                    let window = row.window().expect("it has started");
                    let meets =
                        range.is_some_and(|r| r.low <= window.ceil && window.floor <= r.high);
                    let expected = meets && !(row.dropped() && *old != Stand::Absent);
                    let cell = format!("{kind:?} {access:?} {old}/{new} at {position}");
                    assert_eq!(admitted, expected, "{cell}");
                }
            }
        }
    }

    /// A release that reads no NULL was shut out when the column was relaxed. A replacement that starts after that is
    /// in force for the column then, and must not let it in again: nor while the column is on its way to be optional.
    #[test]
    fn a_replacement_lets_nobody_in_who_reads_no_null_from_a_column_that_may_have_it() {
        use crate::lifecycle::Nullability;
        for access in ACCESSES {
            for (nullability, upheld_from, stand, expected) in [
                (Nullability::Loose, None, Stand::Required, false),
                (Nullability::Loose, None, Stand::Row, true),
                (Nullability::Loose, None, Stand::Optional, true),
                (Nullability::Upholds, Some(Nullability::Relies), Stand::Required, false),
                (Nullability::Upholds, Some(Nullability::Relies), Stand::Optional, true),
                (Nullability::Upholds, Some(Nullability::Loose), Stand::Required, true),
                (Nullability::Relies, None, Stand::Required, true),
            ] {
                let mut row = row(ChangeKind::Replace, "0002", 1);
                let old = Column {
                    name: "o".into(),
                    born: "0001".into(),
                    ..row.change.columns[0].clone()
                };
                row.change.replaced = vec![Column { nullability, upheld_from, ..old }];
                let mut build = vector(access, Stand::Absent, "0002");
                build.structs[0]
                    .columns
                    .insert("o".into(), Property { born: "0001".into(), stand });
                let refusals = judge(&build, &[row], &catalog(None));
                assert_eq!(
                    refusals.is_empty(),
                    expected,
                    "{access:?} {nullability} {stand}: {refusals:?}"
                );
            }
        }
    }

    /// Where no change is in force: the code against the catalog.
    #[test]
    fn the_catalog_decides_where_no_change_is_in_force() {
        let cases = [
            (Access::Writer, Stand::Required, None, Some(Why::Missing)),
            (Access::ReadOnly, Stand::Adding, None, None),
            (Access::Writer, Stand::Adding, None, Some(Why::Missing)),
            (Access::Writer, Stand::Required, Some((false, false)), Some(Why::MayBeNull)),
            (Access::Writer, Stand::Optional, Some((true, false)), Some(Why::NotNull)),
            (Access::ReadOnly, Stand::Optional, Some((true, false)), None),
            (Access::Writer, Stand::Absent, Some((true, false)), Some(Why::NotWritten)),
            (Access::Writer, Stand::Absent, Some((true, true)), None),
            (Access::Partial, Stand::Absent, Some((true, false)), None),
            (Access::Writer, Stand::Absent, None, None),
            (Access::Writer, Stand::Required, Some((true, false)), None),
        ];
        for (access, stand, column, expected) in cases {
            let found = judge(&vector(access, stand, "0001"), &[], &catalog(column));
            let found = found.into_iter().next().map(|refusal| refusal.why);
            assert_eq!(found, expected, "{access:?} {stand} {column:?}");
        }
    }

    /// Added, dropped and added again: each birth is another column (rules L1 and L12).
    #[test]
    fn a_name_that_is_used_again_is_another_column() {
        let added = row(ChangeKind::AddRequired, "0002", 6);
        let dropped = row(ChangeKind::DropRequired, "0002", 6);
        let again = row(ChangeKind::AddRequired, "0005", 6);
        let rows = [added, dropped, again.clone()];
        let first = judge(&vector(Access::Writer, Stand::Required, "0002"), &rows, &catalog(None));
        assert!(matches!(&first[..], [Refusal { why: Why::Dropped { .. }, .. }]), "{first:?}");
        assert_eq!(
            judge(&vector(Access::Writer, Stand::Required, "0005"), &rows, &catalog(None)),
            []
        );
        let stranger = judge(
            &vector(Access::Writer, Stand::Required, "0001"),
            &[again],
            &catalog(Some((true, false))),
        );
        assert!(
            matches!(&stranger[..], [Refusal { why: Why::OtherBirth { .. }, .. }]),
            "{stranger:?}"
        );
    }

    #[test]
    fn a_build_that_does_not_link_the_table_is_let_in_and_a_missing_table_is_named() {
        let nobody = Vector { project: "p".into(), ..Vector::default() };
        assert_eq!(
            judge(&nobody, &[row(ChangeKind::AddRequired, "0002", 6)], &Catalog::default()),
            []
        );
        let missing =
            judge(&vector(Access::Writer, Stand::Absent, "0001"), &[], &Catalog::default());
        assert_eq!(missing, [Refusal { subject: "t".into(), why: Why::Missing }]);
    }

    /// Every refusal has a remedy and names the release, the change and, where known, the commit.
    #[test]
    fn a_refusal_can_be_acted_on() {
        let rows = [row(ChangeKind::AddRequired, "0002", 6)];
        let refusals = judge(&vector(Access::Writer, Stand::Absent, ""), &rows, &catalog(None));
        let text = problem("shop", &refusals).to_string();
        for word in [
            "shop",
            "t.c",
            "phase 0 (does not name it)",
            "0002.1 add t.c",
            "1..2",
            "abc123",
            "rollback",
        ] {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
    }
}
