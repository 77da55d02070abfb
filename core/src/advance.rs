//! What may happen next to each change, forwards and back: pure, from the ledger's rows and the
//! checkout. Gates that need the fleet's evidence are the caller's next question ([`crate::gate`]).

use crate::lifecycle::PhaseRange;
use crate::progress::Progress;
use crate::protocol::{Act, window_after};
use crate::vector::Vector;

/// The next thing that a change can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is finished.
    Finished,
    /// The step at its position.
    Step,
    /// An earlier change on the same name comes first; its title.
    After(String),
    /// The checkout stands too low: running the step would shut it out (rules R34, L7).
    Checkout {
        /// The phase that is needed.
        needs: u8,
        /// The phases of the checkout; `None`: no phase is safe for it.
        has: Option<PhaseRange>,
    },
}

/// What the change at `index` can do next, running from a checkout with this vector.
pub fn next(rows: &[Progress], index: usize, checkout: &Vector) -> Next {
    let row = &rows[index];
    let Some(step) = row.next() else { return Next::Finished };
    if !row.started()
        && let Some(earlier) =
            rows[..index].iter().find(|other| other.precedes(row) && !other.finished())
    {
        return Next::After(earlier.change.title());
    }
    let after = window_after(step.act, row.window());
    let range = checkout.range(&row.change);
    match range {
        Some(range) if range.high >= after.floor => Next::Step,
        has => Next::Checkout { needs: after.floor, has },
    }
}

/// The last step of a change, if it may be taken back now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// It has not started, or is wholly undone.
    Undone,
    /// The step before its position.
    Step,
    /// A later change on the same name has started; its title.
    Under(String),
    /// The point of no return is behind it.
    NoReturn,
    /// The rows cannot be given back what `reverse` does not say.
    NoReverse,
}

/// Whether the last step of the change at `index` may be taken back.
pub fn back(rows: &[Progress], index: usize, database: crate::types::Database) -> Back {
    let row = &rows[index];
    let Some(step) = row.last() else { return Back::Undone };
    if let Some(later) =
        rows[index + 1..].iter().find(|other| row.precedes(other) && other.started())
    {
        return Back::Under(later.change.title());
    }
    let relaxed = row.change.targets(Act::Relax);
    let reverse = match row.change.value_of_type() {
        Some(value) => !value.replace_with.is_empty(),
        None => relaxed.iter().all(|column| column.reverse.on(database).is_some()),
    };
    match step.act {
        Act::Drop => Back::NoReturn,
        Act::Relax if !reverse => Back::NoReverse,
        _ => Back::Step,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::State;
    use crate::lock::{Lock, Recorded};
    use crate::plan::plan;
    use crate::schema::{Column, Schema, Table};
    use crate::types::{ColumnType, Database};

    /// A lock file and the ledger's rows after these edits of one table, nothing done yet.
    fn after(edits: &[Vec<(&str, State)>]) -> (Lock, Vec<Progress>) {
        let mut lock = Lock { databases: vec![Database::Sqlite], ..Lock::default() };
        let mut rows = Vec::new();
        for edit in edits {
            let outcome = plan(&lock, &schema(edit), None).expect("a legal edit");
            lock.schema = outcome.schema;
            let Some(migration) = outcome.migration else { continue };
            lock.migrations
                .push(Recorded { id: migration.manifest.id.clone(), hash: migration.hash() });
            rows.extend(migration.manifest.changes.into_iter().map(|change| Progress {
                change,
                migration: migration.manifest.id.clone(),
                position: 0,
                piece: 0,
                direction: crate::dialect::Direction::Up,
                moved_at: 0,
                moved_by: String::new(),
            }));
        }
        (lock, rows)
    }

    fn schema(columns: &[(&str, State)]) -> Schema {
        let columns = columns.iter().map(|(name, state)| Column {
            state: *state,
            ..Column::new(*name, ColumnType::Known("text".into()))
        });
        Schema {
            tables: vec![Table {
                primary_key: vec!["id".into()],
                columns: columns.collect(),
                ..Table::new("t")
            }],
            ..Schema::default()
        }
    }

    /// Runs every step that may run, without gates; the positions.
    fn run(rows: &mut [Progress], checkout: &Vector) -> Vec<usize> {
        loop {
            let step = (0..rows.len()).find(|index| next(rows, *index, checkout) == Next::Step);
            let Some(index) = step else { return rows.iter().map(|row| row.position).collect() };
            rows[index].position += 1;
        }
    }

    const BASE: &[(&str, State)] = &[("id", State::Active), ("n", State::Active)];
    const BOTH: &[(&str, State)] =
        &[("id", State::Active), ("n", State::Deprecated), ("h", State::Adding)];
    const LAST: &[(&str, State)] = &[("id", State::Active), ("h", State::Active)];

    /// The worked example without its replacement, on a database without a fleet.
    #[test]
    fn the_checkout_is_the_cap() {
        let (lock, mut rows) = after(&[BASE.to_vec(), BOTH.to_vec()]);
        let second = Vector::of_schema("p", &lock.schema);
        // Created; `n` begun, required, relaxed, admitted; `h` added up to its end.
        assert_eq!(run(&mut rows, &second), [2, 4, 6]);
        assert!(matches!(next(&rows, 1, &second), Next::Checkout { needs: 2, .. }));
        let (lock, _) = after(&[BASE.to_vec(), BOTH.to_vec(), LAST.to_vec()]);
        let third = Vector::of_schema("p", &lock.schema);
        assert_eq!(run(&mut rows, &third), [2, 6, 6]);
    }

    /// An older checkout runs what does not shut it out, and no more.
    #[test]
    fn an_older_checkout_goes_as_far_as_it_may() {
        let (first, _) = after(&[BASE.to_vec()]);
        let (_, mut rows) = after(&[BASE.to_vec(), BOTH.to_vec()]);
        let first = Vector::of_schema("p", &first.schema);
        assert_eq!(run(&mut rows, &first), [2, 1, 2]);
    }

    /// Changes on one name follow one another, forwards and back (rules L4 and L5).
    #[test]
    fn changes_on_one_name_follow_one_another() {
        let dropped: &[(&str, State)] = &[("id", State::Active)];
        let going: &[(&str, State)] = &[("id", State::Active), ("n", State::Deprecated)];
        let again: &[(&str, State)] = &[("id", State::Active), ("n", State::Adding)];
        let (lock, mut rows) = after(&[BASE, going, dropped, again].map(<[_]>::to_vec));
        let checkout = Vector::of_schema("p", &lock.schema);
        assert!(matches!(next(&rows, 2, &checkout), Next::After(_)));
        assert_eq!(run(&mut rows, &checkout), [2, 6, 6]);
        assert_eq!(back(&rows, 2, Database::Sqlite), Back::Step);
        assert!(matches!(back(&rows, 1, Database::Sqlite), Back::Under(_)));
        rows[2].position = 0;
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::NoReturn);
        rows[1].position = 3;
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::NoReverse);
        rows[1].position = 2;
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::Step);
        rows[1].position = 0;
        assert_eq!(back(&rows, 1, Database::Sqlite), Back::Undone);
    }
}
