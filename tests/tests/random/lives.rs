//! What can become of columns, release by release. A kind of change is a row of [`KINDS`].
//!
//! A life is a walk: it begins with no column, with one or with two, and each kind of change goes on from the form
//! in which the one before left them. So a column is also added and then tightened, or relaxed and then renamed.
//!
//! Left out, because the scenarios and the snapshots have them, and not yet this list:
//!
//! * a foreign key that comes or goes, a table that goes, a change of mind, `dual_write = "trigger"`;
//!
//! and because nothing can be made of it:
//!
//! * a table with `on_delete = "restrict"` to itself: SQLite cannot drop it while it has such rows, so undoing its
//!   creation fails;
//! * going at once to a release that has a column at the end of one change after another, on a filled database or on
//!   a fresh one: what the later change made of the column fits no phase of the earlier one, so `apply` waits for a
//!   release in between (an `Option` that was added as required; `T` that was relaxed before; rule L16).

use colmig_core::ident::quote;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::schema::{Column, Constraint, Index};
use colmig_core::types::{ColumnType, Database, PerDatabase};

use crate::chance::Chance;
use crate::values::{VALUES, each, on, over, value};

/// What a life's part of a table looks like in one release.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub(crate) columns: Vec<Column>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) indexes: Vec<Index>,
}

/// A few columns that go together, over the releases.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    /// The kinds of change that it goes through.
    pub(crate) kinds: Vec<&'static str>,
    /// The release behind which it moves; before, it has its first form.
    pub(crate) begins: usize,
    /// Its forms, release by release; the last one stays.
    pub(crate) forms: Vec<Form>,
    /// What a row of the source has at the end, by column, as SQL over that row.
    pub(crate) ends: Vec<(String, PerDatabase)>,
    /// What a row of the source may have after all is undone, likewise: repairs stay.
    pub(crate) undone: Vec<(String, PerDatabase)>,
}

impl Life {
    /// Its form in a release.
    pub(crate) fn form(&self, release: usize) -> &Form {
        let moved = release.saturating_sub(self.begins);
        &self.forms[moved.min(self.forms.len() - 1)]
    }

    /// The first release that has its last form.
    pub(crate) fn end(&self) -> usize {
        if self.forms.len() == 1 { 0 } else { self.begins + self.forms.len() - 1 }
    }

    /// The columns that every form has, whatever becomes of their nullability.
    pub(crate) fn lasting(&self) -> impl Iterator<Item = &Column> {
        let last = self.forms.last().expect("it has a form");
        let first = &self.forms[0];
        first.columns.iter().filter(|column| last.columns.iter().any(|c| c.name == column.name))
    }
}

/// What a kind of change may know of the table around it.
pub(crate) struct Place<'a> {
    pub(crate) chance: &'a mut Chance,
    /// Names that no column has yet.
    pub(crate) names: &'a mut Vec<String>,
    /// The key as text, where it has one on every database.
    pub(crate) key_text: Option<String>,
}

impl Place<'_> {
    fn name(&mut self) -> String {
        self.names.pop().expect("there are names enough")
    }

    /// A value of the type for each database.
    fn constant(&mut self, ty: &ColumnType) -> PerDatabase {
        let n = 1400 + self.chance.below(40);
        each(|db| value(ty, db, n))
    }

    /// A value of the type, or something over the row.
    fn expression(&mut self, ty: &ColumnType) -> PerDatabase {
        match &self.key_text {
            Some(key) if is(ty, "text") && self.chance.one_in(2) => {
                PerDatabase::Everywhere(format!("'row ' || {key}"))
            }
            _ => self.constant(ty),
        }
    }
}

/// Where a walk stands.
pub(crate) struct Track {
    pub(crate) form: Form,
    pub(crate) ends: Vec<(String, PerDatabase)>,
    pub(crate) undone: Vec<(String, PerDatabase)>,
}

impl Track {
    /// The only column, if there is one alone and code reads it.
    fn alone(&self) -> Option<&Column> {
        match self.form.columns.as_slice() {
            [column] if column.generated.is_nowhere() => Some(column),
            _ => None,
        }
    }

    fn value(&self, name: &str) -> PerDatabase {
        let found = self.ends.iter().find(|(column, _)| column == name);
        found.expect("every column has a value").1.clone()
    }
}

/// The forms that follow, and what rows have after the last.
type Walk = Option<(Vec<Form>, Vec<(String, PerDatabase)>)>;

/// A kind of change: its name, and how it goes on, if it can.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    walk: fn(&mut Place<'_>, &mut Track) -> Walk,
}

/// Every kind of change.
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

/// Goes through up to two kinds of change from a form.
pub(crate) fn live(place: &mut Place<'_>, first: Form, begins: usize) -> Life {
    let own = |column: &Column| (column.name.clone(), PerDatabase::Everywhere(quote(&column.name)));
    let ends: Vec<_> = first.columns.iter().map(own).collect();
    let mut track = Track { form: first.clone(), undone: ends.clone(), ends };
    let (mut kinds, mut forms) = (Vec::new(), vec![first]);
    let wanted = if place.chance.one_in(4) { 2 } else { 1 };
    for _ in 0..wanted {
        let mut order: Vec<&Kind> = KINDS.iter().collect();
        place.chance.shuffle(&mut order);
        for kind in order {
            if let Some((next, ends)) = (kind.walk)(place, &mut track) {
                track.form = next.last().expect("a change has a form").clone();
                track.ends = ends;
                forms.extend(next);
                kinds.push(kind.name);
                break;
            }
        }
    }
    Life { kinds, begins, forms, ends: track.ends, undone: track.undone }
}

/// A column that both databases can hold.
pub(crate) fn column(place: &mut Place<'_>) -> Column {
    let name = place.name();
    let ty = place.chance.of(VALUES).0;
    Column::new(name, ColumnType::Known(ty.into()))
}

/// A column as a table may begin with it: required, optional, or with a default.
pub(crate) fn any_column(place: &mut Place<'_>) -> Column {
    let column = column(place);
    let nullability = if place.chance.one_in(3) { Nullability::Loose } else { Nullability::Relies };
    let default =
        if place.chance.one_in(4) { place.constant(&column.ty) } else { PerDatabase::Nowhere };
    Column { nullability, default, ..column }
}

/// Two columns that can be joined.
pub(crate) fn two_texts(place: &mut Place<'_>) -> Vec<Column> {
    (0..2).map(|_| Column::new(place.name(), ColumnType::Known("text".into()))).collect()
}

fn is(ty: &ColumnType, word: &str) -> bool {
    matches!(ty, ColumnType::Known(known) if known == word)
}

fn form(columns: &[&Column]) -> Form {
    Form { columns: columns.iter().map(|column| (*column).clone()).collect(), ..Form::default() }
}

fn add_required(place: &mut Place<'_>, track: &mut Track) -> Walk {
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
    let old = track.alone().filter(|column| !column.dispensable())?;
    let reverse = place.expression(&old.ty);
    let deprecated = Column { state: State::Deprecated, reverse, ..old.clone() };
    Some((vec![form(&[&deprecated]), Form::default()], Vec::new()))
}

fn drop_at_once(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone().filter(|column| column.dispensable())?;
    let deprecated = Column { state: State::Deprecated, ..old.clone() };
    let mut forms = vec![Form::default()];
    if place.chance.one_in(3) {
        forms.insert(0, form(&[&deprecated]));
    }
    Some((forms, Vec::new()))
}

fn tighten(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone().filter(|column| column.optional())?.clone();
    let repair = place.expression(&old.ty);
    let upholds =
        Column { nullability: Nullability::Upholds, backfill: repair.clone(), ..old.clone() };
    let required = Column { nullability: Nullability::Relies, ..old.clone() };
    let ends = vec![(old.name.clone(), otherwise(&old, &track.value(&old.name), &repair))];
    repaired(track, &old, &repair);
    Some((vec![form(&[&upholds]), form(&[&required])], ends))
}

fn relax(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone().filter(|column| !column.optional())?.clone();
    let reverse = place.expression(&old.ty);
    let upholds = Column { nullability: Nullability::Upholds, reverse, ..old.clone() };
    let optional = Column { nullability: Nullability::Loose, ..old };
    Some((vec![form(&[&upholds]), form(&[&optional])], track.ends.clone()))
}

fn rename(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone()?.clone();
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
            Database::Sqlite => quote(c),
        },
    ),
];

fn retype(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone()?.clone();
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
    Some((replaced(&[&old], &[&new]), vec![(new.name, end)]))
}

fn split(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let old = track.alone().filter(|old| is(&old.ty, "text") && !old.optional())?.clone();
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
    Some((replaced(&[&old], &[&one, &two]), ends))
}

fn join(place: &mut Place<'_>, track: &mut Track) -> Walk {
    let [one, two] = track.form.columns.as_slice() else { return None };
    // NULL and something is NULL, from which nothing comes back.
    if one.optional() || two.optional() {
        return None;
    }
    let name = place.name();
    let part = |n: usize| {
        each(|db| match (db, n) {
            (Database::Postgres, n) => over(&name, &format!("split_part({{}}, '/', {n})")),
            (Database::Sqlite, 1) => over(&name, "substr({}, 1, instr({}, '/') - 1)"),
            (Database::Sqlite, _) => over(&name, "substr({}, instr({}, '/') + 1)"),
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
    Some((replaced(&[&one, &two], &[&new]), vec![(name.clone(), end)]))
}

/// The three releases of a replacement.
fn replaced(old: &[&Column], new: &[&Column]) -> Vec<Form> {
    let state = |columns: &[&Column], state: State| -> Vec<Column> {
        columns.iter().map(|column| Column { state, ..(*column).clone() }).collect()
    };
    let with = |old: Vec<Column>, new: Vec<Column>| Form {
        columns: old.into_iter().chain(new).collect(),
        ..Form::default()
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
        with(Vec::new(), new.iter().map(plain).collect()),
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

/// Undo leaves what was repaired as it is.
fn repaired(track: &mut Track, column: &Column, repair: &PerDatabase) {
    for (name, undone) in &mut track.undone {
        if *name == column.name {
            *undone = otherwise(column, undone, repair);
        }
    }
}
