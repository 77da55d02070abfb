//! Indexes that come, go and change: alone, over columns of other lives, and together with their column.

use colmig_core::lifecycle::State;
use colmig_core::schema::{Column, Index, IndexKey};
use colmig_core::types::PerDatabase;

use super::{Form, Kind, Place, Track, Walk, column, is};
use crate::values::over;

pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "add index", walk: add_index },
    Kind { name: "drop index", walk: drop_index },
    Kind { name: "change index", walk: change_index },
];

/// Those of a column that comes or goes together with its index.
pub(crate) const TOGETHER: &[Kind] = &[
    Kind { name: "add indexed", walk: add_indexed },
    Kind { name: "drop indexed", walk: drop_indexed },
];

fn add_index(place: &mut Place<'_>, track: &mut Track) -> Walk {
    if !track.form.indexes.is_empty() {
        return None;
    }
    let name = place.guard_name("idx");
    let one = over_some(place, track, name)?;
    Some((vec![with(track, &[one])], track.ends.clone()))
}

fn drop_index(_: &mut Place<'_>, track: &mut Track) -> Walk {
    track.form.indexes.first()?;
    Some((vec![with(track, &[])], track.ends.clone()))
}

/// Another one under the same name.
fn change_index(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.form.indexes.first()?.clone();
    let new = over_some(place, track, old.name.clone()).filter(|new| *new != old)?;
    Some((vec![with(track, &[new])], track.ends.clone()))
}

fn add_indexed(place: &mut Place<'_>, track: &mut Track) -> Walk {
    if !track.form.columns.is_empty() {
        return None;
    }
    let plain = column(place);
    let backfill = place.expression(&plain.ty);
    let adding = Column { state: State::Adding, backfill: backfill.clone(), ..plain.clone() };
    let one = index(place, &[&plain]);
    let form = |column: Column| Form { columns: vec![column], ..of_index(one.clone()) };
    Some((vec![form(adding), form(plain.clone())], vec![(plain.name, backfill)]))
}

fn drop_indexed(place: &mut Place<'_>, track: &mut Track) -> Walk {
    track.form.indexes.first()?;
    super::columns::at_once_or_not(place, track)
}

fn with(track: &Track, indexes: &[Index]) -> Form {
    Form { indexes: indexes.to_vec(), ..track.form.clone() }
}

/// Over one or two of the columns that it may speak of.
fn over_some(place: &mut Place<'_>, track: &mut Track, name: String) -> Option<Index> {
    let spoken = track.spoken();
    let mut columns = vec![place.chance.any(&spoken)?];
    let second = place.chance.any(&spoken).filter(|second| second.name != columns[0].name);
    columns.extend(second.filter(|_| place.chance.one_in(2)));
    for column in &columns {
        if track.form.columns.iter().all(|own| own.name != column.name) {
            track.over.push(column.name.clone());
        }
    }
    Some(Index { name, ..index(place, &columns) })
}

/// An index and nothing else.
pub(crate) fn of_index(one: Index) -> Form {
    Form { indexes: vec![one], ..Form::default() }
}

/// Over these columns: upwards, downwards or by an expression, and maybe over the key; of all rows or some.
pub(crate) fn index(place: &mut Place<'_>, columns: &[&Column]) -> Index {
    let mut keys: Vec<IndexKey> = Vec::new();
    for column in columns {
        let expression = match is(&column.ty, "text") {
            true => "lower({})",
            false => "{} IS NULL",
        };
        keys.push(match place.chance.below(3) {
            0 => IndexKey::Up(column.name.clone()),
            1 => IndexKey::Down(column.name.clone()),
            _ => IndexKey::Expression(PerDatabase::Everywhere(over(&column.name, expression))),
        });
    }
    if place.chance.one_in(3) {
        keys.push(IndexKey::Up(place.key[0].name.clone()));
    }
    let predicate = match place.chance.one_in(3) {
        true => PerDatabase::Everywhere(over(&columns[0].name, "{} IS NOT NULL")),
        false => PerDatabase::Nowhere,
    };
    Index { name: place.guard_name("idx"), keys, predicate }
}
