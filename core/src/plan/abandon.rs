//! A change of mind: what the source no longer begins, or no longer ends.

use super::change;
use crate::diff::{edits, null_edits};
use crate::lifecycle::{Effect, State, move_between};
use crate::migration::Change;
use crate::protocol::ChangeKind;
use crate::schema::{Column, Constraint, Table};

/// The changes that the edits of one table give up. Which change it is the ledger knows: the latest before on the
/// same property.
pub(super) fn abandoned(recorded: &Table, table: &Table) -> Vec<Change> {
    let moves = edits(Some(recorded), table).into_iter();
    let moves = moves.filter(|edit| edit.effect == Effect::Abandons);
    let moves = moves.filter_map(|edit| edit.recorded);
    let nulls = null_edits(recorded, table).into_iter();
    let nulls = nulls.filter(|(.., effect)| *effect == Effect::Abandons).map(|(old, ..)| old);
    let columns = together(moves.chain(nulls));
    let columns = columns.into_iter().map(|columns| change(ChangeKind::Abandon, table, columns));
    let guards = recorded.constraints.iter().filter(|old| is_given_up(old, table));
    let guards = guards.map(|one| Change {
        constraint: Some(one.clone()),
        ..change(ChangeKind::Abandon, table, Vec::new())
    });
    columns.chain(guards).collect()
}

/// Columns that replace the same ones are given up together.
fn together<'c>(columns: impl Iterator<Item = &'c Column>) -> Vec<Vec<Column>> {
    let mut groups: Vec<Vec<Column>> = Vec::new();
    for column in columns {
        let shares =
            |other: &Column| other.replaces.iter().any(|name| column.replaces.contains(name));
        match groups.iter_mut().find(|group| group.iter().any(shares)) {
            Some(group) => group.push(column.clone()),
            None => groups.push(vec![column.clone()]),
        }
    }
    groups
}

fn is_given_up(old: &Constraint, table: &Table) -> bool {
    let to = table.constraint(&old.name).map_or(State::Absent, |new| new.state);
    move_between(old.state, to).effect == Effect::Abandons
}
