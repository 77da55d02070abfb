//! What the writers wrote: every row that they share, with the values that must be read again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use colmig_core::schema::Table;

use super::course::{Course, Property, property};
use crate::values::Value;

/// The key of the first row that a writer inserts; those that were there before are far below.
const FIRST: i64 = 1_000_000;

/// A row that writers take in turns.
pub(super) type Shared = Arc<Mutex<Row>>;

/// The rows of a database.
#[derive(Debug, Default)]
pub struct Rows {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    tables: BTreeMap<String, Shelf>,
    inserted: i64,
}

#[derive(Debug, Default)]
struct Shelf {
    /// Nobody changes them, so that they can be compared at the end.
    before: Vec<Shared>,
    ours: Vec<Shared>,
}

/// One row. Who works on it holds its lock, so that it is known what was written last.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its key, where that is a number that the database would make.
    pub(super) key: i64,
    /// What its values are drawn by, when it is inserted and then with each update.
    pub(super) number: i64,
    /// What was written last into the columns that have a value of their own. Nobody wrote the others.
    pub(super) cells: BTreeMap<Property, Value>,
}

impl Rows {
    /// The rows that a scenario begins with.
    #[must_use]
    pub fn before(course: &Course, count: i64) -> Rows {
        let mut known = Known::default();
        for table in course.tables(1) {
            let before = (1..=count).map(|number| shared(row_before(course, table, number)));
            let shelf = Shelf { before: before.collect(), ours: Vec::new() };
            known.tables.insert(table.name.clone(), shelf);
        }
        Rows { known: Mutex::new(known) }
    }

    /// The same for a copy of the database. Nobody may be at work.
    #[must_use]
    pub fn copy(&self) -> Rows {
        let known = self.known();
        let copy = |rows: &[Shared]| rows.iter().map(|row| shared(take(row).clone())).collect();
        let shelves = known.tables.iter().map(|(name, shelf)| {
            (name.clone(), Shelf { before: copy(&shelf.before), ours: copy(&shelf.ours) })
        });
        let copied = Known { tables: shelves.collect(), inserted: known.inserted };
        Rows { known: Mutex::new(copied) }
    }

    /// A row for an insert; nobody else knows it before [`Rows::add`].
    pub(super) fn new_row(&self) -> Row {
        let mut known = self.known();
        known.inserted += 1;
        let (key, number) = (FIRST + known.inserted, 100 * (100 + known.inserted));
        Row { key, number, cells: BTreeMap::new() }
    }

    pub(super) fn add(&self, table: &Table, row: Row) {
        self.known().tables.entry(table.name.clone()).or_default().ours.push(shared(row));
    }

    /// The greatest key of a table's rows.
    pub(super) fn greatest(&self, table: &str) -> i64 {
        let known = self.known();
        let shelf = known.tables.get(table);
        let rows: Vec<_> = shelf
            .iter()
            .flat_map(|shelf| shelf.before.iter().chain(&shelf.ours))
            .cloned()
            .collect();
        drop(known);
        rows.iter().map(|row| take(row).key).max().unwrap_or_default()
    }

    /// One of a table's rows; which, the number says.
    pub(super) fn any(&self, table: &str, number: usize) -> Option<Shared> {
        let known = self.known();
        let Shelf { before, ours } = known.tables.get(table)?;
        let rows = if number.is_multiple_of(4) && !before.is_empty() { before } else { ours };
        (!rows.is_empty()).then(|| rows[number / 4 % rows.len()].clone())
    }

    /// One of the rows of a table that writers made.
    pub(super) fn any_of_ours(&self, table: &str, number: usize) -> Option<Shared> {
        let known = self.known();
        let ours = &known.tables.get(table)?.ours;
        (!ours.is_empty()).then(|| ours[number % ours.len()].clone())
    }

    /// The rows that writers made, unless they are very many, and some of those that were there before.
    pub(super) fn sample(&self, table: &str) -> Vec<Shared> {
        let known = self.known();
        let Some(Shelf { before, ours }) = known.tables.get(table) else { return Vec::new() };
        let some = |rows: &[Shared], many: usize| -> Vec<Shared> {
            rows.iter().step_by(rows.len() / many + 1).cloned().collect()
        };
        [some(before, 20), some(ours, 200)].concat()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("nobody panics while holding it")
    }
}

fn shared(row: Row) -> Shared {
    Arc::new(Mutex::new(row))
}

/// A row is left as it is by who fails while working on it: that one's error is told.
pub(super) fn take(row: &Shared) -> MutexGuard<'_, Row> {
    row.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn row_before(course: &Course, table: &Table, number: i64) -> Row {
    let declared = &course.scenario.first;
    let written = table.columns.iter().filter(|column| !column.is_made());
    let cells = written.map(|column| {
        let value = course.scenario.draw(declared, table, column, number, 1);
        (property(table, column), value)
    });
    Row { key: number, number, cells: cells.collect() }
}
