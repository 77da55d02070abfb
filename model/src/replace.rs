//! A replacement of column `o` by `n`: a rename, a new type, a split or a merge. Its steps are those of `core`;
//! the phases of pairs of stands are derived here and compared with those of `core`.

use colmig_core::lifecycle::{Access, PhaseRange, Stand, Use};
use colmig_core::protocol::ChangeKind;

/// What a release of each phase does with `o` and with `n`.
pub const RELEASES: &[(&str, [Stand; 2])] = &[
    ("A", [Stand::Required, Stand::Absent]),
    ("W", [Stand::Required, Stand::Adding]),
    ("R", [Stand::Deprecated, Stand::Required]),
    ("X", [Stand::Absent, Stand::Required]),
];

/// The phases that `core` gives a struct with this access and these stands, where both columns are required;
/// `None` means that no phase is safe.
pub fn phases(access: Access, old: Stand, new: Stand) -> Option<PhaseRange> {
    let used = |stand| Use::of(access, stand, true);
    let phases = ChangeKind::Replace.phases(false);
    phases.pairs.expect("a replacement is judged by pairs").of(access, used(old)?, used(new)?)
}
