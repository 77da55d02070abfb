//! The rollout protocol as a model. It explores every interleaving of the steps that the planner plans,
//! and its tests say that none goes wrong, and what goes wrong without each rule.
//!
//! In reading order:
//!
//! * [`search`]: every state of a model, breadth first;
//! * [`change`]: one change over rows and instances, with the steps of `colmig_core::protocol::CHANGES`;
//!   [`rules`]: what goes wrong in it without each of R01 to R35; [`orders`]: which orders of a
//!   replacement's steps are safe;
//! * [`lives`]: releases over time, several changes on one table, and what goes wrong without each of L1
//!   to L17;
//! * [`replace`]: the releases of a replacement.
//!
//! The first model knows batches, crashes inside a step, leases that run out, stalled processes and a
//! lagging replica, and one change only; the second takes a step as atomic, and knows what lies between.
//! Neither knows unique constraints, checks and foreign keys, types, or how long anything takes; a
//! replacement of a column that may be NULL is known to the first only.

use colmig_core::protocol::{CHANGES, ChangeFacts, ChangeKind};

pub mod search;

pub mod change;
pub mod orders;
pub mod rules;

pub mod lives;

pub mod replace;

/// Kinds of change that are not explored here, each with the reason why its phases are right all the same.
pub const NOT_EXPLORED: &[(ChangeKind, &str)] = &[
    (
        ChangeKind::AddOptional,
        "ADD required without NOT NULL: its rows may be NULL, so nothing can go wrong",
    ),
    (
        ChangeKind::ReplaceKey,
        "REPLACE by a trigger, with a unique index before the last admit: the key comes and goes with its column",
    ),
    (ChangeKind::SetDefault, "no release is judged by it"),
    (
        ChangeKind::RemoveDefault,
        "DROP of a default: who does not name the column is shut out before",
    ),
    (ChangeKind::AddConstraint, "its phases are those of TIGHTEN, as a test of core checks"),
    (ChangeKind::DropConstraint, "its phases are those of RELAX, as a test of core checks"),
    (ChangeKind::AddIndex, "no release is judged by it"),
    (ChangeKind::DropIndex, "no release is judged by it"),
    (ChangeKind::DropTable, "DROP of a nullable column, with the table in its place"),
    (ChangeKind::Abandon, "no release is judged by it; what it takes back is the undo of another"),
    (ChangeKind::CreateType, "CREATE of a table, with the type in its place"),
    (ChangeKind::AddValue, "the model knows columns: its phases are checked by a test of core"),
    (ChangeKind::RetireValue, "the model knows columns: its phases are checked by a test of core"),
];

/// The kinds of change of `core` that are explored.
pub fn explored() -> impl Iterator<Item = &'static ChangeFacts> {
    CHANGES.iter().filter(|facts| NOT_EXPLORED.iter().all(|(kind, _)| *kind != facts.kind))
}
