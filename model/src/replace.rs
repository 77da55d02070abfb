//! A replacement of column `o` by `n`: a rename, a new type, a split or a merge. **This is what `core`
//! will take over**: the steps as rows of `CHANGES`, the acts of the trigger as rows of `ACTS`, and the
//! phases of pairs of stands.

use colmig_core::lifecycle::{Access, PhaseRange, Stand};
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

/// From pairs of stands to phases; a pair that is missing has no safe phase.
pub struct PairRow {
    /// The last phase.
    pub last: u8,
    /// Structs that insert.
    pub writer: &'static str,
    /// Structs that update and never insert.
    pub partial: &'static str,
    /// Structs that only read.
    pub reader: &'static str,
}

/// The phases of a replacement, as the model derives them. `required` stands for "readable": `row`, and
/// `optional` on a column that may be NULL, count as it. A struct that inserts and writes neither has no
/// phase where `o` is required.
pub const PHASES: PairRow = PairRow {
    last: 3,
    writer: "required/absent,deprecated/absent:0 required/adding,required/deprecated:1 \
        deprecated/adding,deprecated/deprecated:1-2 deprecated/required:2 \
        absent/required,absent/deprecated,absent/adding:3",
    partial: "absent/absent:0-3 required/absent,deprecated/absent:0 \
        required/adding,required/deprecated:1 \
        deprecated/adding,deprecated/deprecated:1-2 deprecated/required:2 \
        absent/required,absent/deprecated,absent/adding:3",
    reader: "absent/absent,absent/adding,absent/deprecated,deprecated/absent,deprecated/adding,deprecated/deprecated:0-3 \
        required/absent,required/adding,required/deprecated:0-1 \
        absent/required,deprecated/required:2-3",
};

impl PairRow {
    /// The phases of a struct with this access and these stands; `None` means that no phase is safe.
    pub fn of(&self, access: Access, old: Stand, new: Stand) -> Option<PhaseRange> {
        let text = match access {
            Access::Writer => self.writer,
            Access::Partial => self.partial,
            Access::ReadOnly => self.reader,
        };
        let pair = format!("{old}/{new}");
        text.split_whitespace().find_map(|item| {
            let (pairs, range) = item.split_once(':').expect("a range follows the pairs");
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let phase = |text: &str| text.parse().expect("phases are numbers");
            let found = pairs.split(',').any(|other| other == pair);
            found.then(|| PhaseRange { low: phase(low), high: phase(high) })
        })
    }
}
