//! Constraints that come and go: what the database guards.
//!
//! Releases that do not know of a constraint keep to it all the same, or no `apply` could make it: of a column that
//! may become UNIQUE no two rows have the same value, and a column that may come to reference another table has a
//! value of it in every release.

use colmig_core::lifecycle::State;
use colmig_core::schema::{Column, Constraint, Guard};
use colmig_core::types::{ColumnType, PerDatabase};

use super::{Form, Kind, Place, Track, Walk, is};
use crate::values::over;

pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "add unique", walk: add_unique },
    Kind { name: "add check", walk: add_check },
    Kind { name: "drop unique", walk: |_, track| goes(track, is_unique) },
    Kind { name: "drop check", walk: |_, track| goes(track, is_check) },
];

pub(crate) const REFERENCES: &[Kind] = &[
    Kind { name: "add reference", walk: add_reference },
    Kind { name: "drop reference", walk: |_, track| goes(track, is_reference) },
];

/// Those of a column that comes or goes together with what guards it.
pub(crate) const TOGETHER: &[Kind] = &[
    Kind { name: "add guarded", walk: add_guarded },
    Kind { name: "drop guarded", walk: drop_guarded },
];

/// Any that begins one of them, and that ends one.
pub(super) fn add(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let unique = if place.chance.one_in(2) { add_unique(place, track) } else { None };
    unique.or_else(|| add_check(place, track))
}

pub(super) fn drop(_: &mut Place<'_>, track: &mut Track) -> Walk {
    goes(track, |_| true)
}

fn add_unique(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let column = place.chance.any(&track.distinct).filter(|_| is_unguarded(track))?.clone();
    let one = unique(place, &column)?;
    comes(track, &column, one)
}

fn add_check(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let column = place.chance.any(&track.spoken()).filter(|_| is_unguarded(track))?.clone();
    let one = check(place, &column);
    comes(track, &column, one)
}

fn add_reference(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let column = track.form.columns.first().filter(|_| is_unguarded(track))?.clone();
    let one = reference(place, &column)?;
    comes(track, &column, one)
}

/// A life guards one thing at a time.
fn is_unguarded(track: &Track) -> bool {
    let indexes = track.form.columns.is_empty() && !track.form.indexes.is_empty();
    track.form.constraints.is_empty() && !indexes
}

fn comes(track: &mut Track, column: &Column, one: Constraint) -> Walk {
    if track.form.columns.iter().all(|own| own.name != column.name) {
        track.over.push(column.name.clone());
    }
    let with = |state| {
        let mut form = track.form.clone();
        form.constraints.push(Constraint { state, ..one.clone() });
        form
    };
    Some((vec![with(State::Adding), with(State::Active)], track.ends.clone()))
}

fn goes(track: &mut Track, is_it: fn(&Guard) -> bool) -> Walk {
    let place = track.form.constraints.iter().position(|one| is_it(&one.guard))?;
    track.was_unique |= is_unique(&track.form.constraints[place].guard);
    let (mut deprecated, mut gone) = (track.form.clone(), track.form.clone());
    deprecated.constraints[place].state = State::Deprecated;
    gone.constraints.remove(place);
    Some((vec![deprecated, gone], track.ends.clone()))
}

fn add_guarded(place: &mut Place<'_>, track: &mut Track) -> Walk {
    if !track.form.columns.is_empty() {
        return None;
    }
    let plain = Column::new(place.name(), ColumnType::Known("text".into()));
    let backfill = place.of_each_row(&plain.ty)?;
    let adding = Column { state: State::Adding, backfill: backfill.clone(), ..plain.clone() };
    let ends = vec![(plain.name.clone(), backfill)];
    let one = if place.chance.one_in(2) { unique(place, &plain)? } else { check(place, &plain) };
    let form = |column: Column| {
        guarded(vec![column.clone()], Constraint { state: column.state, ..one.clone() })
    };
    Some((vec![form(adding), form(plain)], ends))
}

/// While what guards it may be wanted back, so may be values that keep to it.
fn drop_guarded(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let has =
        |is_it: fn(&Guard) -> bool| track.form.constraints.iter().any(|one| is_it(&one.guard));
    let old = track.alone().filter(|_| has(|_| true) && !has(is_reference))?.clone();
    let reverse = match has(is_unique) {
        // What the database gives to those who leave it out, it would give twice.
        true if !old.default.is_nowhere() => return None,
        true if !old.optional() => place.of_each_row(&old.ty)?,
        true => PerDatabase::Nowhere,
        false => place.expression(&old.ty),
    };
    let reverse = if old.dispensable() { PerDatabase::Nowhere } else { reverse };
    let state = match old.dispensable() && place.chance.one_in(2) {
        true => State::Active,
        false => State::Deprecated,
    };
    let mut deprecated = track.with(&[&Column { state, reverse, ..old }]);
    for one in &mut deprecated.constraints {
        one.state = State::Deprecated;
    }
    Some((vec![deprecated, Form::default()], Vec::new()))
}

pub(crate) fn is_check(guard: &Guard) -> bool {
    matches!(guard, Guard::Check { .. })
}

fn is_unique(guard: &Guard) -> bool {
    matches!(guard, Guard::Unique { .. })
}

fn is_reference(guard: &Guard) -> bool {
    matches!(guard, Guard::References { .. })
}

/// Columns, and what guards them.
pub(crate) fn guarded(columns: Vec<Column>, one: Constraint) -> Form {
    Form { columns, constraints: vec![one], ..Form::default() }
}

/// One that code relies on.
pub(crate) fn constraint(name: String, guard: Guard) -> Constraint {
    Constraint { name, guard, state: State::Active, born: String::new() }
}

/// Of a column of which no two rows have the same value, alone or with the key. Two over the same columns are none:
/// PostgreSQL makes one of them, where both come with their table.
pub(crate) fn unique(place: &mut Place<'_>, column: &Column) -> Option<Constraint> {
    let mut columns = vec![column.name.clone()];
    if place.chance.one_in(3) {
        columns.insert(place.chance.below(2), place.key[0].name.clone());
    }
    if place.uniques.contains(&columns) {
        return None;
    }
    place.uniques.push(columns.clone());
    Some(constraint(place.guard_name("key"), Guard::Unique { columns }))
}

/// What every value keeps to.
pub(crate) fn check(place: &mut Place<'_>, column: &Column) -> Constraint {
    let text = match is(&column.ty, "text") {
        true => over(&column.name, "{} <> 'forbidden'"),
        false => over(&column.name, "{} IS NULL OR {} = {}"),
    };
    let expression = PerDatabase::Everywhere(text);
    constraint(place.guard_name("check"), Guard::Check { expression })
}

/// That another table has its values, or another row of its own.
pub(crate) fn reference(place: &mut Place<'_>, column: &Column) -> Option<Constraint> {
    let parent = place.parent.clone()?;
    let rules = ["", "cascade", "no action", "restrict"];
    // See the list in `lives`: undoing the creation of a table that restricts itself.
    let on_delete = *place.chance.of(&rules[..if parent.is_own { 3 } else { 4 }]);
    let guard = Guard::References {
        column: column.name.clone(),
        table: parent.table,
        target: parent.target.name,
        on_delete: on_delete.to_owned(),
    };
    Some(constraint(place.guard_name("fkey"), guard))
}
