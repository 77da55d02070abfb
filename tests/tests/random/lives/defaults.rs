//! Defaults that are given, changed and taken away, and columns whose values the database makes.

use colmig_core::ident::quote;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::schema::Column;
use colmig_core::types::{ColumnType, PerDatabase};

use super::{Kind, Place, Track, Walk, column, form, is};
use crate::values::{each, on, over};

pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "set default", walk: set_default },
    Kind { name: "change default", walk: change_default },
    Kind { name: "remove default", walk: remove_default },
    Kind { name: "add volatile", walk: add_volatile },
    Kind { name: "add optional", walk: add_optional },
    Kind { name: "add generated", walk: add_generated },
    Kind { name: "drop generated", walk: drop_generated },
];

fn set_default(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone().filter(|column| column.default.is_nowhere())?.clone();
    let default = place.constant(&old.ty);
    Some((vec![track.with(&[&Column { default, ..old }])], track.ends.clone()))
}

fn change_default(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone().filter(|column| !column.default.is_nowhere())?.clone();
    let default = place.constant(&old.ty);
    let is_other = default != old.default;
    let new = Column { default, ..old };
    is_other.then(|| (vec![track.with(&[&new])], track.ends.clone()))
}

fn remove_default(_: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone().filter(|column| !column.default.is_nowhere())?.clone();
    let new = Column { default: PerDatabase::Nowhere, ..old };
    Some((vec![track.with(&[&new])], track.ends.clone()))
}

/// Types, and calls of functions for which nobody vouches that they answer the same for every row.
const VOLATILE: &[(&str, &str)] =
    &[("text", "lower('TOKEN')"), ("int4", "abs(-1401)"), ("int8", "abs(1402)")];

fn add_volatile(place: &mut Place<'_>, track: &mut Track) -> Walk {
    if !track.form.columns.is_empty() {
        return None;
    }
    let (ty, call) = *place.chance.of(VOLATILE);
    let default = PerDatabase::Everywhere(call.to_owned());
    let plain = Column { default, ..Column::new(place.name(), ColumnType::Known(ty.into())) };
    Some((vec![form(&[&plain])], vec![(plain.name, plain.default)]))
}

pub(super) fn add_optional(place: &mut Place<'_>, track: &mut Track) -> Walk {
    if !track.form.columns.is_empty() {
        return None;
    }
    let plain = Column { nullability: Nullability::Loose, ..column(place) };
    let backfill = place.expression(&plain.ty);
    let adding = Column { state: State::Adding, backfill: backfill.clone(), ..plain.clone() };
    Some((vec![form(&[&adding]), form(&[&plain])], vec![(plain.name, backfill)]))
}

/// Types, the types of what is generated from them, and how.
const GENERATED: &[(&str, &str, &str)] =
    &[("text", "int4", "length({})"), ("int4", "int4", "{} + 1"), ("int8", "int8", "{} + 1")];

fn add_generated(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let source = track.alone()?.clone();
    let made = generated(place, &source)?;
    let (text, value) = (&made.generated, track.value(&source.name));
    let name = quote(&source.name);
    let end = each(|db| {
        let value = source.typed(db, on(&value, db));
        on(text, db).replace(&name, &format!("({value})"))
    });
    let ends = [track.ends.clone(), vec![(made.name.clone(), end)]].concat();
    Some((vec![track.with(&[&source, &made])], ends))
}

/// A column that is computed from another one, where one can be. PostgreSQL computes none from one that is computed.
pub(crate) fn generated(place: &mut Place<'_>, source: &Column) -> Option<Column> {
    let (_, ty, text) = GENERATED.iter().find(|row| is(&source.ty, row.0))?;
    if !source.generated.is_nowhere() {
        return None;
    }
    let generated = PerDatabase::Everywhere(over(&source.name, text));
    let made = Column::new(place.name(), ColumnType::Known((*ty).into()));
    Some(Column { nullability: source.nullability, generated, ..made })
}

fn drop_generated(_: &mut Place<'_>, track: &mut Track) -> Walk {
    let [source, made] = track.form.columns.as_slice() else { return None };
    let ends = vec![(source.name.clone(), track.value(&source.name))];
    (!made.generated.is_nowhere()).then(|| (vec![track.with(&[source])], ends))
}
