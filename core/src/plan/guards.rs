//! Changes of what speaks of columns: constraints, indexes, defaults.

use super::change;
use crate::diff::redefaults;
use crate::lifecycle::{Effect, State, move_between};
use crate::migration::Change;
use crate::protocol::ChangeKind;
use crate::schema::{Column, Constraint, Index, Table};
use crate::types::DATABASES;

/// What goes, and so before the columns that it speaks of: indexes, and constraints that are to go.
pub(super) fn ended(recorded: &Table, table: &Table) -> Vec<Change> {
    let goes = |index: &&Index| {
        !table.indexes.contains(index) && !goes_with_a_column(index, recorded, table)
    };
    let indexes = recorded.indexes.iter().filter(goes);
    let indexes = indexes.map(|one| of_index(ChangeKind::DropIndex, table, one));
    let ending = table.constraints.iter().filter_map(|new| {
        let old = recorded.constraint(&new.name)?;
        let rule = move_between(old.state, new.state);
        let begins = rule.effect == Effect::Begins && rule.from == State::Active;
        begins.then(|| of_constraint(ChangeKind::DropConstraint, table, new, &old.born))
    });
    indexes.chain(ending).collect()
}

/// The drop of a column takes the indexes that speak of it along.
fn goes_with_a_column(index: &Index, recorded: &Table, table: &Table) -> bool {
    let is_gone = |name: &String| recorded.column(name).is_some() && table.column(name).is_none();
    index.names().iter().any(is_gone)
}

/// What comes, and so behind the columns that it speaks of.
pub(super) fn begun(recorded: &Table, table: &Table, number: &str) -> Vec<Change> {
    let new = table.constraints.iter().filter(|one| recorded.constraint(&one.name).is_none());
    let new = new.map(|one| of_constraint(ChangeKind::AddConstraint, table, one, number));
    let indexes = table.indexes.iter().filter(|one| !recorded.indexes.contains(one));
    new.chain(indexes.map(|one| of_index(ChangeKind::AddIndex, table, one))).collect()
}

/// A column whose default changes. One that is required and has none any more must be named by every writer.
pub(super) fn redefaulted(recorded: &Table, table: &Table) -> Vec<Change> {
    let one = |(old, new): (&Column, &Column)| {
        let loses =
            |database| old.default.on(database).is_some() && new.default.on(database).is_none();
        let is_lost = DATABASES.iter().any(|(database, _)| loses(*database));
        let kind = match is_lost && !new.optional() {
            true => ChangeKind::RemoveDefault,
            false => ChangeKind::SetDefault,
        };
        let column = Column { born: old.born.clone(), ..new.clone() };
        Change { former: Some(old.clone()), ..change(kind, table, vec![column]) }
    };
    redefaults(recorded, table).map(one).collect()
}

fn of_constraint(kind: ChangeKind, table: &Table, one: &Constraint, born: &str) -> Change {
    let constraint = Some(Constraint { born: born.to_owned(), ..one.clone() });
    Change { constraint, ..change(kind, table, Vec::new()) }
}

fn of_index(kind: ChangeKind, table: &Table, one: &Index) -> Change {
    Change { indexes: vec![one.clone()], ..change(kind, table, Vec::new()) }
}
