//! A replacement of column `o` by `n`: a rename, a new type, a split or a merge. **This is what `core`
//! will take over**: the steps as rows of `CHANGES`, the acts of the trigger as rows of `ACTS`, and the
//! phases of pairs of stands.

use colmig_core::lifecycle::Stand;
use colmig_core::protocol::{Act, Stage};

use crate::change::Step;
use Stage::{Backfill as B, Contract as C, Enforce as N, Expand as E};

/// The steps of a replacement whose columns are kept alike by the application.
pub const REPLACE: &[(Act, Stage)] = &[
    (Act::Add, E),
    (Act::Admit(1), E),
    (Act::Require(1), B),
    (Act::Backfill, B),
    (Act::Enforce, N),
    (Act::Admit(2), N),
    (Act::Require(2), C),
    (Act::Relax, C),
    (Act::Admit(3), C),
    (Act::Require(3), C),
    (Act::Drop, C),
];

/// The steps of a replacement whose columns are kept alike by a two-way trigger: one deploy. The last
/// three are one transaction where the database can.
pub const REPLACE_BY_TRIGGER: &[(Step, Stage)] = &[
    (Step::Act(Act::Add), E),
    (Step::Trigger, E),
    (Step::Act(Act::Backfill), B),
    (Step::Act(Act::Enforce), N),
    (Step::Act(Act::Admit(3)), N),
    (Step::Act(Act::Require(3)), C),
    (Step::Act(Act::Relax), C),
    (Step::Untrigger, C),
    (Step::Act(Act::Drop), C),
];

/// What a release of each phase does with `o` and with `n`.
pub const RELEASES: &[(&str, [Stand; 2])] = &[
    ("A", [Stand::Required, Stand::Absent]),
    ("W", [Stand::Required, Stand::Adding]),
    ("R", [Stand::Deprecated, Stand::Required]),
    ("X", [Stand::Absent, Stand::Required]),
];
