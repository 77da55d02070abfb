//! Changes of mind: what begins in one release and is taken back in the next.

use super::defaults::add_optional;
use super::{Kind, Place, Track, Walk, columns, guards};

pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "add, not after all", walk: add },
    Kind { name: "drop, not after all", walk: drop },
    Kind { name: "tighten, not after all", walk: tighten },
    Kind { name: "relax, not after all", walk: relax },
    Kind { name: "replace, not after all", walk: replace },
];

pub(crate) const GUARDS: &[Kind] = &[
    Kind {
        name: "add guard, not after all",
        walk: |place, track| not_after_all(place, track, guards::add),
    },
    Kind {
        name: "drop guard, not after all",
        walk: |place, track| not_after_all(place, track, guards::drop),
    },
];

/// The first release of a change, and then the one before it again.
fn not_after_all(
    place: &mut Place<'_>,
    track: &mut Track,
    walk: fn(&mut Place<'_>, &mut Track) -> Walk,
) -> Walk {
    let (before, ends) = (track.form.clone(), track.ends.clone());
    let (forms, _) = walk(place, track)?;
    Some((vec![forms[0].clone(), before], ends))
}

fn add(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let walk = if place.chance.one_in(2) { columns::add_required } else { add_optional };
    not_after_all(place, track, walk)
}

fn drop(place: &mut Place<'_>, track: &mut Track) -> Walk {
    not_after_all(place, track, |place, track| columns::deprecate(place, track))
}

/// What was filled stays filled, if it ever was.
fn tighten(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let (before, unrepaired) = (track.form.clone(), track.ends.clone());
    let (forms, ends) = columns::tighten(place, track)?;
    track.at_once = Some(unrepaired);
    Some((vec![forms[0].clone(), before], ends))
}

fn relax(place: &mut Place<'_>, track: &mut Track) -> Walk {
    not_after_all(place, track, columns::relax)
}

fn replace(place: &mut Place<'_>, track: &mut Track) -> Walk {
    not_after_all(place, track, columns::replace)
}
