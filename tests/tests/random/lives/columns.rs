//! Columns that come, go, may be NULL or not, and take the place of others.

use colmig_core::ident::quote;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::schema::{Column, DualWrite};
use colmig_core::types::{ColumnType, Database, PerDatabase};

use super::{Form, Kind, Place, Track, Walk, column, form, is};
use crate::values::{each, on, over};

pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "add required", walk: add_required },
    Kind { name: "add nullable", walk: add_nullable },
    Kind { name: "add default", walk: add_default },
    Kind { name: "drop required", walk: drop_required },
    Kind { name: "drop at once", walk: drop_at_once },
    Kind { name: "tighten", walk: tighten },
    Kind { name: "relax", walk: relax },
    Kind { name: "rename", walk: rename },
    Kind { name: "retype", walk: retype },
    Kind { name: "split", walk: split },
    Kind { name: "join", walk: join },
];

pub(super) fn add_required(place: &mut Place<'_>, track: &mut Track) -> Walk {
    if !track.form.columns.is_empty() {
        return None;
    }
    let plain = column(place);
    let backfill = place.expression(&plain.ty);
    let adding = Column { state: State::Adding, backfill: backfill.clone(), ..plain.clone() };
    Some((vec![form(&[&adding]), form(&[&plain])], vec![(plain.name, backfill)]))
}

fn add_nullable(place: &mut Place<'_>, track: &mut Track) -> Walk {
    if !track.form.columns.is_empty() {
        return None;
    }
    let mut plain = Column { nullability: Nullability::Loose, ..column(place) };
    let mut end = PerDatabase::Everywhere("NULL".into());
    if place.chance.one_in(3) {
        plain.default = place.constant(&plain.ty);
        end = plain.default.clone();
    }
    Some((vec![form(&[&plain])], vec![(plain.name, end)]))
}

fn add_default(place: &mut Place<'_>, track: &mut Track) -> Walk {
    if !track.form.columns.is_empty() {
        return None;
    }
    let mut plain = column(place);
    plain.default = place.constant(&plain.ty);
    Some((vec![form(&[&plain])], vec![(plain.name, plain.default)]))
}

fn drop_required(place: &mut Place<'_>, track: &mut Track) -> Walk {
    track.free().filter(|column| !column.dispensable() && track.form.indexes.is_empty())?;
    deprecate(place, track)
}

/// A column that may go at once may be `deprecated` before all the same.
pub(super) fn at_once_or_not(place: &mut Place<'_>, track: &Track) -> Walk {
    let gone = track.free().filter(|column| column.dispensable() && !place.chance.one_in(3));
    match gone {
        Some(old) if old.optional() || !track.was_unique => {
            Some((vec![Form::default()], Vec::new()))
        }
        _ => deprecate(place, track),
    }
}

pub(super) fn deprecate(place: &mut Place<'_>, track: &Track) -> Walk {
    let old = track.free()?;
    let refill = place.refill(track, old);
    let reverse = match (old.optional(), old.dispensable()) {
        (true, _) => PerDatabase::Nowhere,
        (false, true) => refill.map(|_| PerDatabase::Nowhere)?,
        (false, false) => refill?,
    };
    let deprecated = Column { state: State::Deprecated, reverse, ..old.clone() };
    Some((vec![track.with(&[&deprecated]), Form::default()], Vec::new()))
}

fn drop_at_once(place: &mut Place<'_>, track: &mut Track) -> Walk {
    track.free().filter(|column| column.dispensable() && track.form.indexes.is_empty())?;
    at_once_or_not(place, track)
}

pub(super) fn tighten(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.loose().filter(|column| column.optional())?.clone();
    let repair = place.refill(track, &old)?;
    let upholds =
        Column { nullability: Nullability::Upholds, backfill: repair.clone(), ..old.clone() };
    let required = Column { nullability: Nullability::Relies, ..old.clone() };
    let ends = vec![(old.name.clone(), otherwise(&old, &track.value(&old.name), &repair))];
    repaired(track, &old, &repair);
    Some((vec![track.with(&[&upholds]), track.with(&[&required])], ends))
}

pub(super) fn relax(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.loose().filter(|column| !column.optional())?.clone();
    let reverse = place.refill(track, &old)?;
    let upholds = Column { nullability: Nullability::Upholds, reverse, ..old.clone() };
    // On the way back, rows that came to have none get the same value.
    track.distinct.retain(|one| one.name != old.name);
    let optional = Column { nullability: Nullability::Loose, ..old };
    Some((vec![track.with(&[&upholds]), track.with(&[&optional])], track.ends.clone()))
}

fn rename(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.free()?.clone();
    let new = Column::new(place.name(), old.ty.clone());
    let same = |_, column: &str| quote(column);
    replace_one(place, track, &old, new, (same, same))
}

/// An expression over one column, on a database.
type Over = fn(Database, &str) -> String;

/// A type, another that holds its values, and how each is made of the other.
const RETYPES: &[(&str, &str, Over, Over)] = &[
    ("int2", "int4", |_, c| quote(c), |_, c| over(c, "CAST({} AS smallint)")),
    ("int2", "int8", |_, c| quote(c), |_, c| over(c, "CAST({} AS smallint)")),
    ("int4", "int8", |_, c| quote(c), |_, c| over(c, "CAST({} AS integer)")),
    ("int4", "text", |_, c| over(c, "CAST({} AS text)"), |_, c| over(c, "CAST({} AS integer)")),
    ("int8", "text", |_, c| over(c, "'#' || {}"), |_, c| over(c, "CAST(substr({}, 2) AS bigint)")),
    ("float4", "float8", |_, c| quote(c), |_, c| over(c, "CAST({} AS real)")),
    ("bool", "int4", |_, c| over(c, "CASE WHEN {} THEN 1 ELSE 0 END"), |_, c| over(c, "{} = 1")),
    (
        "date",
        "timestamp",
        |_, c| quote(c),
        |db, c| match db {
            Database::Postgres => over(c, "CAST({} AS date)"),
            Database::Sqlite | Database::Mysql => quote(c),
        },
    ),
];

fn retype(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.free()?.clone();
    // A CASE makes something of NULL, from which it does not come back.
    let brings_back = |row: &&(&str, &str, Over, Over)| !(old.optional() && row.0 == "bool");
    let rows = RETYPES.iter().filter(|row| is(&old.ty, row.0)).filter(brings_back);
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    let (_, to, forward, reverse) = **place.chance.of(&rows);
    let new = Column::new(place.name(), ColumnType::Known(to.into()));
    replace_one(place, track, &old, new, (forward, reverse))
}

fn replace_one(
    place: &mut Place<'_>,
    track: &mut Track,
    old: &Column,
    new: Column,
    (forward, reverse): (Over, Over),
) -> Walk {
    // What may be NULL may be NULL in the new column too: a `reverse` brings every value back.
    let new = Column { nullability: old.nullability, ..new };
    let forward = each(|db| forward(db, &old.name));
    let end = {
        let value = track.value(&old.name);
        let name = quote(&old.name);
        each(|db| on(&forward, db).replace(&name, &format!("({})", on(&value, db))))
    };
    let reverse = each(|db| reverse(db, &new.name));
    let new = Column { replaces: vec![old.name.clone()], forward, ..new };
    // `reverse` may stand on either of them.
    let (old, new) = match place.chance.one_in(2) {
        true => (old.clone(), Column { reverse, ..new }),
        false => (Column { reverse, ..old.clone() }, new),
    };
    Some((replaced(track, &[&old], &[&new]), vec![(new.name, end)]))
}

fn split(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.free().filter(|old| is(&old.ty, "text") && !old.optional())?.clone();
    let (first, rest) = (place.name(), place.name());
    let reverse = PerDatabase::Everywhere(format!("{} || {}", quote(&first), quote(&rest)));
    let value = track.value(&old.name);
    let make = |name: &str, text: &str| Column {
        replaces: vec![old.name.clone()],
        forward: PerDatabase::Everywhere(over(&old.name, text)),
        ..Column::new(name, old.ty.clone())
    };
    let (one, two) = (make(&first, "substr({}, 1, 1)"), make(&rest, "substr({}, 2)"));
    let ends = vec![
        (first, each(|db| format!("substr({}, 1, 1)", on(&value, db)))),
        (rest, each(|db| format!("substr({}, 2)", on(&value, db)))),
    ];
    let old = Column { reverse, ..old };
    Some((replaced(track, &[&old], &[&one, &two]), ends))
}

fn join(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let [one, two] = track.form.columns.as_slice() else { return None };
    if !two.generated.is_nowhere() {
        return None;
    }
    // NULL and something is NULL, from which nothing comes back.
    if one.optional() || two.optional() || !track.form.constraints.is_empty() {
        return None;
    }
    let name = place.name();
    let part = |n: usize| {
        each(|db| match (db, n) {
            (Database::Postgres, n) => over(&name, &format!("split_part({{}}, '/', {n})")),
            (Database::Sqlite | Database::Mysql, 1) => {
                over(&name, "substr({}, 1, instr({}, '/') - 1)")
            }
            (Database::Sqlite | Database::Mysql, _) => {
                over(&name, "substr({}, instr({}, '/') + 1)")
            }
        })
    };
    let both = |a: &str, b: &str| format!("{a} || '/' || {b}");
    let new = Column {
        replaces: vec![one.name.clone(), two.name.clone()],
        forward: PerDatabase::Everywhere(both(&quote(&one.name), &quote(&two.name))),
        ..Column::new(name.clone(), one.ty.clone())
    };
    let (a, b) = (track.value(&one.name), track.value(&two.name));
    let end = each(|db| both(on(&a, db), on(&b, db)));
    let one = Column { reverse: part(1), ..one.clone() };
    let two = Column { reverse: part(2), ..two.clone() };
    Some((replaced(track, &[&one, &two], &[&new]), vec![(name.clone(), end)]))
}

/// Any of the replacements, kept alike by a trigger: then any release may be left out.
pub(super) const BY_TRIGGER: &[Kind] = &[Kind { name: "replace by trigger", walk: by_trigger }];

/// Any of the replacements.
pub(super) fn replace(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let mut walks: Vec<fn(&mut Place<'_>, &mut Track) -> Walk> = vec![rename, retype, split, join];
    place.chance.shuffle(&mut walks);
    walks.into_iter().find_map(|walk| walk(place, track))
}

fn by_trigger(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let (mut forms, ends) = replace(place, track)?;
    for column in forms.iter_mut().flat_map(|form| &mut form.columns) {
        if !column.replaces.is_empty() {
            column.dual_write = DualWrite::Trigger;
        }
    }
    match place.chance.below(4) {
        0 => {}
        1 => drop(forms.remove(0)),
        2 => drop(forms.remove(1)),
        _ => forms.splice(..2, at_once(&forms[0])).for_each(drop),
    }
    Some((forms, ends))
}

/// The release that names the new columns alone, and says how the old one comes back; where there are several, only
/// they themselves can say it, so another release comes first.
fn at_once(both: &Form) -> Vec<Form> {
    let (old, new): (Vec<_>, Vec<_>) =
        both.columns.iter().cloned().partition(|column| column.replaces.is_empty());
    let [old] = old.as_slice() else { return vec![both.clone()] };
    let mut new: Vec<_> =
        new.into_iter().map(|column| Column { state: State::Active, ..column }).collect();
    if !old.reverse.is_nowhere() {
        new[0].reverse = old.reverse.clone();
    }
    vec![Form { columns: new, ..Form::default() }]
}

/// The three releases of a replacement. The old columns take their indexes along.
fn replaced(track: &Track, old: &[&Column], new: &[&Column]) -> Vec<Form> {
    let state = |columns: &[&Column], state: State| -> Vec<Column> {
        columns.iter().map(|column| Column { state, ..(*column).clone() }).collect()
    };
    let with = |old: Vec<Column>, new: Vec<Column>| Form {
        columns: old.into_iter().chain(new).collect(),
        ..track.form.clone()
    };
    let plain = |column: &&Column| Column {
        replaces: Vec::new(),
        forward: PerDatabase::Nowhere,
        reverse: PerDatabase::Nowhere,
        ..(*column).clone()
    };
    vec![
        with(state(old, State::Active), state(new, State::Adding)),
        with(state(old, State::Deprecated), state(new, State::Active)),
        Form { columns: new.iter().map(plain).collect(), ..Form::default() },
    ]
}

/// `value`, or `repair` where it is NULL.
fn otherwise(column: &Column, value: &PerDatabase, repair: &PerDatabase) -> PerDatabase {
    each(|db| {
        let value = match on(value, db) {
            "NULL" => column.typed(db, "NULL"),
            value => value.to_owned(),
        };
        format!("coalesce({value}, {})", column.typed(db, on(repair, db)))
    })
}

/// Undo leaves what was repaired as it is. Rows that are repaired may have the same value.
fn repaired(track: &mut Track, column: &Column, repair: &PerDatabase) {
    track.distinct.retain(|one| one.name != column.name);
    for (name, undone) in &mut track.undone {
        if *name == column.name {
            *undone = otherwise(column, undone, repair);
        }
    }
}
