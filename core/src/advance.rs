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
    let reverse = row.change.column.as_ref().and_then(|column| column.reverse.on(database));
    match step.act {
        Act::Drop => Back::NoReturn,
        Act::Relax if reverse.is_none() => Back::NoReverse,
        _ => Back::Step,
    }
}
