//! A replacement of column `o` by `n`: a rename, a new type, a split or a merge. Its steps are those of `core`;
//! the phases of pairs of stands are derived here and compared with those of `core`. What `core` does not have
//! yet is the two-way trigger: its acts are the ones to take over.

use colmig_core::lifecycle::{Access, PhaseRange, Stand};
use colmig_core::protocol::{Act, Stage};

use crate::change::Step;
use Stage::{Backfill as B, Contract as C, Enforce as N, Expand as E};

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

/// The phases of a replacement of a required column, as the model derives them for every pair of stands.
///
/// `adding` counts as `deprecated` here, both write and do not read, and `row` as `required`; to a struct
/// that only reads, `optional` counts as `required` too. A struct that inserts and writes neither column
/// has no phase, nor has one that reads both.
pub const PHASES: PairRow = PairRow {
    last: 3,
    writer: "required/absent,deprecated/absent:0 required/deprecated:1 deprecated/deprecated:1-2 \
        deprecated/required:2 absent/required,absent/deprecated:3",
    partial: "absent/absent:0-3 required/absent,deprecated/absent:0 required/deprecated:1 \
        deprecated/deprecated:1-2 deprecated/required:2 absent/required,absent/deprecated:3",
    reader: "absent/absent,absent/deprecated,deprecated/absent,deprecated/deprecated:0-3 \
        required/absent,required/deprecated:0-1 absent/required,deprecated/required:2-3",
};

/// What a stand counts as in [`PHASES`].
fn counts_as(access: Access, stand: Stand) -> Stand {
    match stand {
        Stand::Adding => Stand::Deprecated,
        Stand::Row => Stand::Required,
        Stand::Optional if access == Access::ReadOnly => Stand::Required,
        stand => stand,
    }
}

impl PairRow {
    /// The phases of a struct with this access and these stands; `None` means that no phase is safe.
    pub fn of(&self, access: Access, old: Stand, new: Stand) -> Option<PhaseRange> {
        let text = match access {
            Access::Writer => self.writer,
            Access::Partial => self.partial,
            Access::ReadOnly => self.reader,
        };
        let pair = format!("{}/{}", counts_as(access, old), counts_as(access, new));
        text.split_whitespace().find_map(|item| {
            let (pairs, range) = item.split_once(':').expect("a range follows the pairs");
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let phase = |text: &str| text.parse().expect("phases are numbers");
            let found = pairs.split(',').any(|other| other == pair);
            found.then(|| PhaseRange { low: phase(low), high: phase(high) })
        })
    }
}
