//! What can become of a table's parts, release by release. A kind of change is a row of a list in `lives/`, one file a
//! subject; [`names`] has all of them.
//!
//! A life is a walk: it begins with no column, with one or with two, and with what guards and sorts them; each kind
//! of change goes on from the form in which the one before left them. So a column is also added and then tightened,
//! or relaxed and then renamed. Constraints and indexes have lives of their own too, over columns of other lives.
//!
//! Left out, because the scenarios and the snapshots have them, and not yet these lists:
//!
//! * enum types;
//!
//! because the product does not do it yet:
//!
//! * an optional column that is tightened after its drop was begun and taken back: the phases of the tightening take
//!   the release that wrote it as `deprecated` for one that writes no NULL, and let it in again;
//! * a table that is retired in the middle of a change of it: the change goes on to its end first, and may wait there
//!   for what only a release in between could take away;
//!
//! and because nothing can be made of it:
//!
//! * a table with `on_delete = "restrict"` to itself: SQLite cannot drop it while it has such rows, so undoing its
//!   creation fails;
//! * two UNIQUE over the same columns: PostgreSQL makes one of them, where both come with their table;
//! * rows that only older releases could write, and that a constraint refuses which comes, or comes back with undo:
//!   the application has to mend them;
//! * to begin a change again on a database that has taken it back (rule L17);
//! * going at once to a release that has a column at the end of one change after another, on a filled database: what
//!   the later change made of the column fits no phase of the earlier one, so `apply` waits for a release in between
//!   (an `Option` that was added as required; `T` that was relaxed before; rule L16).

#[path = "lives/columns.rs"]
mod columns;
#[path = "lives/defaults.rs"]
mod defaults;
#[path = "lives/guards.rs"]
mod guards;
#[path = "lives/indexes.rs"]
mod indexes;
#[path = "lives/minds.rs"]
mod minds;

use colmig_core::ident::quote;
use colmig_core::lifecycle::Nullability;
use colmig_core::schema::{Column, Constraint, DualWrite, Guard, Index};
use colmig_core::types::{ColumnType, Database, PerDatabase};

use crate::chance::Chance;
use crate::values::{VALUES, each, value};

pub(crate) use defaults::generated;
pub(crate) use guards::{check, constraint, guarded, reference, unique};
pub(crate) use indexes::{index, of_index};

/// What a life's part of a table looks like in one release.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub(crate) columns: Vec<Column>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) indexes: Vec<Index>,
}

/// A few columns, constraints and indexes that go together, over the releases.
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
    /// The same where a database went from the first form to the last at once: what was taken back was not done.
    pub(crate) at_once: Vec<(String, PerDatabase)>,
    /// What a row of the source may have after all is undone, likewise: repairs stay.
    pub(crate) undone: Vec<(String, PerDatabase)>,
    /// The columns of other lives that it speaks of.
    pub(crate) over: Vec<String>,
    /// The same without its last kind of change.
    pub(crate) shorter: Option<Box<Life>>,
}

impl Life {
    /// One that stays as it is.
    pub(crate) fn still(form: Form) -> Life {
        let ends = own(&form);
        let (undone, at_once) = (ends.clone(), ends.clone());
        let (kinds, over) = (Vec::new(), Vec::new());
        Life { kinds, begins: 0, forms: vec![form], ends, at_once, undone, over, shorter: None }
    }

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

    /// Lives in which a little less happens, or earlier; its table is there from a release on.
    pub(crate) fn smaller(&self, created: usize) -> Vec<Life> {
        let shorter = self.shorter.as_deref().cloned();
        let still = Life { forms: vec![self.forms[0].clone()], kinds: Vec::new(), ..self.clone() };
        let ends = own(&self.forms[0]);
        let still =
            Life { at_once: ends.clone(), undone: ends.clone(), ends, shorter: None, ..still };
        let still = (self.forms.len() > 1).then_some(still);
        let earlier = (self.begins > created && self.forms.len() > 1)
            .then(|| Life { begins: self.begins - 1, ..self.clone() });
        shorter.into_iter().chain(still).chain(earlier).collect()
    }

    /// Whether this database can do it.
    pub(crate) fn runs_on(&self, db: Database) -> bool {
        let mut columns = self.forms.iter().flat_map(|form| &form.columns);
        db == Database::Postgres || columns.all(|one| one.dual_write == DualWrite::Application)
    }

    /// Whether it speaks of a table of this name.
    pub(crate) fn references(&self, name: &str) -> bool {
        let mut guards = self.forms.iter().flat_map(|form| &form.constraints);
        guards.any(|one| matches!(&one.guard, Guard::References { table, .. } if table == name))
    }

    /// Whether it cannot be without the other one.
    pub(crate) fn needs(&self, other: &Life) -> bool {
        let mut columns = other.forms.iter().flat_map(|form| &form.columns);
        columns.any(|column| self.over.contains(&column.name))
    }
}

/// Every column with the value that it has.
fn own(form: &Form) -> Vec<(String, PerDatabase)> {
    let own = |column: &Column| (column.name.clone(), PerDatabase::Everywhere(quote(&column.name)));
    form.columns.iter().map(own).collect()
}

/// What a kind of change may know of the table around it.
pub(crate) struct Place<'a> {
    pub(crate) chance: &'a mut Chance,
    /// Names that no column has yet.
    pub(crate) names: &'a mut Vec<String>,
    /// The columns of the key.
    pub(crate) key: &'a [Column],
    /// The key as text, where it has one on every database.
    pub(crate) key_text: Option<String>,
    /// The number of the table, and how many constraints and indexes it has had.
    pub(crate) number: (usize, usize),
    /// Whether a trigger may keep columns alike.
    pub(crate) has_triggers: bool,
    /// The columns of each UNIQUE that it has had.
    pub(crate) uniques: Vec<Vec<String>>,
    /// Where a column that references another table finds its values.
    pub(crate) parent: Option<Parent>,
}

/// A table with a key of one column, which others may reference.
#[derive(Clone)]
pub(crate) struct Parent {
    pub(crate) table: String,
    pub(crate) target: Column,
    /// Whether it is the very table that references it.
    pub(crate) is_own: bool,
}

impl Place<'_> {
    pub(crate) fn name(&mut self) -> String {
        self.names.pop().expect("there are names enough")
    }

    /// A name for a constraint or an index, which no table has yet.
    pub(crate) fn guard_name(&mut self, what: &str) -> String {
        self.number.1 += 1;
        format!("t{}_{}_{what}", self.number.0, self.number.1)
    }

    /// A value of the type for each database.
    fn constant(&mut self, ty: &ColumnType) -> PerDatabase {
        let n = 1400 + self.chance.below(40);
        each(|db| value(ty, db, n))
    }

    /// A value of the type, or something over the row.
    fn expression(&mut self, ty: &ColumnType) -> PerDatabase {
        let own = self.of_each_row(ty).filter(|_| self.chance.one_in(2));
        own.unwrap_or_else(|| self.constant(ty))
    }

    /// What rows without a value get. Where they were UNIQUE, and will be again with undo, no two get the same.
    fn refill(&mut self, track: &Track, column: &Column) -> Option<PerDatabase> {
        match track.was_unique {
            true => self.of_each_row(&column.ty).filter(|_| column.default.is_nowhere()),
            false => Some(self.expression(&column.ty)),
        }
    }

    /// A value of the type that no two rows share.
    fn of_each_row(&self, ty: &ColumnType) -> Option<PerDatabase> {
        let key = self.key_text.as_ref().filter(|_| is(ty, "text"))?;
        Some(PerDatabase::Everywhere(format!("'row ' || {key}")))
    }
}

/// Columns of other lives that a constraint or an index may speak of.
#[derive(Clone, Default)]
pub(crate) struct Around {
    /// Those that stay, whatever becomes of their nullability.
    pub(crate) lasting: Vec<Column>,
    /// Those that stay as they are, and of which no two rows have the same value.
    pub(crate) distinct: Vec<Column>,
}

/// Where a walk stands.
struct Track {
    form: Form,
    ends: Vec<(String, PerDatabase)>,
    undone: Vec<(String, PerDatabase)>,
    /// What rows have at the end of the last kind of change where it was left out, if that is something else.
    at_once: Option<Vec<(String, PerDatabase)>>,
    /// Whether its own column was UNIQUE, and is so no more.
    was_unique: bool,
    /// The columns of other lives that may be spoken of, and those that are.
    lasting: Vec<Column>,
    over: Vec<String>,
    /// Columns, its own too, of which no two rows have the same value.
    distinct: Vec<Column>,
}

impl Track {
    /// The only column, if there is one alone and code reads it.
    fn alone(&self) -> Option<&Column> {
        match self.form.columns.as_slice() {
            [column] if column.generated.is_nowhere() => Some(column),
            _ => None,
        }
    }

    /// The same, where nothing guards it but what rows with a value in common, or with none, keep to as well.
    fn loose(&self) -> Option<&Column> {
        let lets_be = |one: &Constraint| guards::is_check(&one.guard);
        self.alone().filter(|_| self.form.constraints.iter().all(lets_be))
    }

    /// The same, where nothing guards it at all: it may go, and takes its indexes along.
    fn free(&self) -> Option<&Column> {
        self.alone().filter(|_| self.form.constraints.is_empty())
    }

    /// The form with other columns, guarded and sorted as before.
    fn with(&self, columns: &[&Column]) -> Form {
        let columns = columns.iter().map(|column| (*column).clone()).collect();
        Form { columns, ..self.form.clone() }
    }

    /// What its constraints and indexes may speak of.
    fn spoken(&self) -> Vec<Column> {
        self.lasting.iter().chain(&self.form.columns).cloned().collect()
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

/// Those of a table as a whole.
pub(crate) const TABLES: [&str; 2] = ["create table", "retire table"];

/// The names of all of them; where there are servers, of those too that run on servers alone.
pub(crate) fn names(servers: bool) -> impl Iterator<Item = &'static str> {
    let by_trigger = BY_TRIGGER.iter().filter(move |_| servers);
    let kinds = COLUMNS.iter().chain(REFERENCES).chain(by_trigger);
    kinds.copied().flatten().map(|kind| kind.name).chain(TABLES)
}

/// Those of columns, and of what guards them.
pub(crate) const COLUMNS: &[&[Kind]] = &[
    columns::KINDS,
    defaults::KINDS,
    guards::KINDS,
    guards::TOGETHER,
    indexes::KINDS,
    indexes::TOGETHER,
    minds::KINDS,
    minds::GUARDS,
];

/// Those of columns that need a trigger, and so a PostgreSQL.
pub(crate) const BY_TRIGGER: &[&[Kind]] = &[columns::BY_TRIGGER];

/// Those of what speaks of columns of other lives.
pub(crate) const GUARDS: &[&[Kind]] = &[guards::KINDS, indexes::KINDS, minds::GUARDS];

/// Those of a column whose values another table has, or another row.
pub(crate) const REFERENCES: &[&[Kind]] = &[guards::REFERENCES];

/// Kinds that few forms allow: half of the time they are tried before the others, and the first before all.
const RARE: &[&str] = &[
    "split",
    "retype",
    "tighten",
    "tighten, not after all",
    "relax",
    "relax, not after all",
    "rename",
    "drop required",
    "drop at once",
    "drop guarded",
    "drop indexed",
    "drop, not after all",
    "add generated",
    "drop generated",
    "change default",
    "remove default",
];

/// Whether rows that differ may have different values in it: what is computed from two texts of one length is the same.
pub(crate) fn is_distinct(column: &Column) -> bool {
    !is(&column.ty, "bool") && column.generated.is_nowhere()
}

/// Goes through up to two of these kinds of change, from what stays as it is, in a table that was created with a
/// release.
pub(crate) fn live(
    place: &mut Place<'_>,
    still: Life,
    created: usize,
    around: Around,
    kinds: &[&'static [Kind]],
) -> Life {
    let first = still.forms[0].clone();
    let own = first.columns.iter().filter(|one| is_distinct(one));
    let mut track = Track {
        ends: still.ends.clone(),
        undone: still.undone.clone(),
        at_once: None,
        was_unique: false,
        lasting: around.lasting,
        over: still.over.clone(),
        distinct: around.distinct.into_iter().chain(own.cloned()).collect(),
        form: first,
    };
    let mut life = Life { begins: created + place.chance.below(3), ..still };
    let wanted = if place.chance.one_in(6) { 2 } else { 1 };
    for _ in 0..wanted {
        let mut order: Vec<&Kind> = kinds.iter().copied().flatten().collect();
        place.chance.shuffle(&mut order);
        let rare_first = place.chance.one_in(2);
        order.sort_by_key(|kind| match RARE.iter().position(|name| *name == kind.name) {
            Some(0) if rare_first => 0,
            Some(_) if rare_first => 1,
            _ => 2,
        });
        let walked = |kind: &Kind| Some((kind.name, (kind.walk)(place, &mut track)?));
        let Some((name, (forms, ends))) = order.into_iter().find_map(walked) else { break };
        let shorter = (!life.kinds.is_empty()).then(|| Box::new(life.clone()));
        track.form = forms.last().expect("a change has a form").clone();
        let is_there = |column: &Column| track.spoken().iter().any(|one| one.name == column.name);
        track.distinct = track.distinct.iter().filter(|one| is_there(one)).cloned().collect();
        track.ends.clone_from(&ends);
        life.forms.extend(forms);
        life.kinds.push(name);
        let (undone, over) = (track.undone.clone(), track.over.clone());
        let at_once = track.at_once.take().unwrap_or_else(|| ends.clone());
        life = Life { ends, at_once, undone, over, shorter, ..life };
    }
    life
}

/// A column that both databases can hold.
pub(crate) fn column(place: &mut Place<'_>) -> Column {
    let name = place.name();
    // Some kinds of change are for texts alone.
    let ty = if place.chance.one_in(4) { "text" } else { place.chance.of(VALUES).0 };
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

pub(crate) fn is(ty: &ColumnType, word: &str) -> bool {
    matches!(ty, ColumnType::Known(known) if known == word)
}

fn form(columns: &[&Column]) -> Form {
    Form { columns: columns.iter().map(|column| (*column).clone()).collect(), ..Form::default() }
}
