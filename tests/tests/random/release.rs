//! What one release says to the database: explicit lists, as its structs have them.

use std::collections::BTreeMap;

use colmig_core::ident::quote;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::schema::{Column, DualWrite, Guard, Table};
use colmig_core::types::{Database, PerDatabase};

use crate::chance::Chance;
use crate::values::{on, value};

/// The columns that take the place of others: of which, and what they are computed by.
type Origins = BTreeMap<String, (Vec<Column>, PerDatabase)>;

/// What the releases of one table say together.
#[derive(Default)]
pub(crate) struct Past {
    /// What is written into a column that takes the place of others is what might have come from those, so that it
    /// has a way back.
    origins: Origins,
    /// The columns that reference another table in some release, with that table and its column: in the others
    /// they have its values too, or the reference could not come, or not come back.
    parents: BTreeMap<String, (String, String)>,
}

/// One table as a release uses it, on one database.
pub(crate) struct Statements<'a> {
    pub(crate) table: &'a Table,
    pub(crate) past: &'a Past,
    pub(crate) db: Database,
}

/// What the releases say of one table.
pub(crate) fn past(releases: &[&Table]) -> Past {
    let mut past = Past::default();
    for (release, table) in releases.iter().enumerate() {
        for new in table.columns.iter().filter(|column| !column.replaces.is_empty()) {
            let old = new.replaces.iter().filter_map(|name| {
                releases[..=release].iter().rev().find_map(|table| table.column(name)).cloned()
            });
            let origin = (old.collect(), new.forward.clone());
            past.origins.entry(new.name.clone()).or_insert(origin);
        }
        for one in &table.constraints {
            if let Guard::References { column, table, target, .. } = &one.guard {
                past.parents.insert(column.clone(), (table.clone(), target.clone()));
            }
        }
    }
    past
}

impl Statements<'_> {
    /// Reads every row; the text is the same at every step, so a database keeps its plan. Beside it, which of the
    /// columns are taken for a `T`, where NULL is an error.
    pub(crate) fn select(&self) -> (String, Vec<bool>) {
        let read = self.table.columns.iter().filter(|column| column.state.facts().reads);
        let read =
            read.map(|column| (quote(&column.name), column.nullability == Nullability::Relies));
        let (names, required): (Vec<_>, Vec<_>) = read.unzip();
        (format!("SELECT {} FROM {}", names.join(", "), quote(&self.table.name)), required)
    }

    /// How many rows say one thing in an old column and another in what takes its place, where this release reads
    /// the new one.
    pub(crate) fn differing(&self) -> Option<String> {
        let new = self.table.columns.iter().filter(|column| column.state == State::Active);
        let differs = new.filter(|column| !column.replaces.is_empty()).map(|column| {
            let forward = column.typed(self.db, on(&column.forward, self.db));
            format!("{} IS DISTINCT FROM {forward}", quote(&column.name))
        });
        let differs: Vec<_> = differs.collect();
        let (table, differs) = (quote(&self.table.name), differs.join(" OR "));
        let sql = format!("SELECT CAST(count(*) AS text) FROM {table} WHERE {differs}");
        (!differs.is_empty()).then_some(sql)
    }

    /// Inserts a row whose values are made of a number.
    pub(crate) fn insert(&self, chance: &mut Chance, n: usize) -> String {
        let (names, values) = self.row(chance, n, true);
        if names.is_empty() {
            return format!("INSERT INTO {} DEFAULT VALUES", quote(&self.table.name));
        }
        format!("INSERT INTO {} ({names}) {values}", quote(&self.table.name))
    }

    /// Writes every column but the key of the row that [`Statements::insert`] made of the number.
    pub(crate) fn update(&self, chance: &mut Chance, n: usize, to: usize) -> Option<String> {
        let (_, values) = self.row(chance, to, false);
        let written: Vec<_> = self.written(false).map(|column| quote(&column.name)).collect();
        let set = written.iter().map(|name| format!("{name} = \"new row\".{name}"));
        let set: Vec<_> = set.collect();
        let table = quote(&self.table.name);
        let sql = format!(
            "UPDATE {table} SET {} FROM ({values}) AS \"new row\" WHERE {}",
            set.join(", "),
            self.is_row(n)
        );
        (!set.is_empty()).then_some(sql)
    }

    fn is_row(&self, n: usize) -> String {
        let table = quote(&self.table.name);
        let key = self.table.primary_key.iter().map(|name| {
            let column = self.table.column(name).expect("the key has its columns");
            let name = format!("{table}.{}", quote(name));
            match column.auto {
                true => format!("{name} = (SELECT max({name}) FROM {table})"),
                false => format!("{name} = {}", self.cast(column, &value(&column.ty, self.db, n))),
            }
        });
        key.collect::<Vec<_>>().join(" AND ")
    }

    /// The columns that the release writes.
    fn written(&self, with_key: bool) -> impl Iterator<Item = &Column> {
        let is_key = |column: &&Column| self.table.primary_key.contains(&column.name);
        let written = self.table.columns.iter().filter(|column| column.state.facts().writes);
        let written =
            written.filter(|column| !column.is_made() && !self.is_left_to_a_trigger(column));
        written.filter(move |column| with_key || !is_key(column))
    }

    /// Whether a trigger writes it, from what is read in its place.
    fn is_left_to_a_trigger(&self, column: &Column) -> bool {
        let is_it = |one: &Column| {
            let is_of_it = one.name == column.name || one.replaces.contains(&column.name);
            one.dual_write == DualWrite::Trigger && is_of_it
        };
        !column.state.facts().reads && self.table.columns.iter().any(is_it)
    }

    /// The names of the columns that are written, and a SELECT of one row of their values. What is derived is
    /// computed from what is given, as the runtime's statements do it where it is unset.
    fn row(&self, chance: &mut Chance, n: usize, with_key: bool) -> (String, String) {
        let (mut given, mut all) = (Vec::new(), Vec::new());
        for column in self.written(with_key) {
            let name = quote(&column.name);
            let derived = self.table.derived(column);
            all.push(match derived.filter(|(_, text)| !text.is_nowhere()) {
                Some((_, text)) => {
                    let text = self.cast(column, on(text, self.db));
                    (name.clone(), format!("{text} AS {name}"))
                }
                None => {
                    given.push(format!("{} AS {name}", self.given(chance, column, n)));
                    (name.clone(), name)
                }
            });
        }
        let (names, values): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let given = match given.is_empty() {
            true => "SELECT 1".to_owned(),
            false => format!("SELECT {}", given.join(", ")),
        };
        (names.join(", "), format!("SELECT {} FROM ({given}) AS \"given\"", values.join(", ")))
    }

    fn given(&self, chance: &mut Chance, column: &Column, n: usize) -> String {
        let parent = self.past.parents.get(&column.name).map(|(table, target)| {
            let (table, target) = (quote(table), quote(target));
            format!("(SELECT {target} FROM {table} ORDER BY {target} LIMIT 1)")
        });
        if column.nullability == Nullability::Loose && chance.one_in(3) {
            return self.cast(column, "NULL");
        }
        parent.unwrap_or_else(|| self.sample(column, n))
    }

    /// A value of a number.
    fn sample(&self, column: &Column, n: usize) -> String {
        let Some((old, forward)) = self.past.origins.get(&column.name) else {
            return self.cast(column, &value(&column.ty, self.db, n));
        };
        let made = old.iter().fold(on(forward, self.db).to_owned(), |text, old| {
            text.replace(&quote(&old.name), &format!("({})", self.sample(old, n)))
        });
        self.cast(column, &made)
    }

    fn cast(&self, column: &Column, text: &str) -> String {
        column.typed(self.db, text)
    }
}
