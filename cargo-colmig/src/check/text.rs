//! A text as the database gets it, and where each of its bytes stands in a file.

use std::ops::Range;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use colmig_core::ident::quote;
use colmig_core::parse::texts::{Beside, Call, Part};

use super::rules::Row;
use super::sql::HOLE;
use crate::place::shown;
use crate::report::Text;
use crate::source::Calls;

/// A text of SQL.
#[derive(Clone, Debug)]
pub struct SqlText {
    /// The text; what only the running program knows is a [`HOLE`].
    pub sql: String,
    /// The file that it is in.
    pub file: Text,
    /// The bytes of the call that takes it.
    pub call: Range<usize>,
    /// What takes it, as messages name it.
    pub name: String,
    /// The struct that its rows become, by name.
    pub row: Option<String>,
    /// Why it is known in part only.
    pub dynamic: Option<String>,
    /// Whether the running program adds to its end.
    pub goes_on: bool,
    places: Vec<Place>,
}

/// From a byte of the text on, where it stands in the file.
#[derive(Clone, Debug)]
struct Place {
    sql: usize,
    file: usize,
    /// The length of what stands there, where it is not the text itself.
    fixed: Option<usize>,
}

impl SqlText {
    /// A text that is a file, or a part of one: `places` as in a literal.
    pub fn in_file(name: &str, file: Text, sql: String, places: &[(usize, usize)]) -> SqlText {
        let place = |(sql, file): &(usize, usize)| Place { sql: *sql, file: *file, fixed: None };
        SqlText {
            call: places.first().map_or(0..0, |(_, file)| *file..*file + 1),
            places: places.iter().map(place).collect(),
            name: name.to_owned(),
            row: None,
            dynamic: None,
            goes_on: false,
            sql,
            file,
        }
    }

    /// The text that a call takes.
    pub fn of_call(call: &Call, calls: &Calls, rows: &[Row]) -> SqlText {
        let mut text = SqlText {
            sql: String::new(),
            file: calls.text.clone(),
            call: call.at.clone(),
            name: call.name.clone(),
            row: call.row.clone(),
            dynamic: call.dynamic.clone(),
            goes_on: false,
            places: Vec::new(),
        };
        for part in &call.parts {
            text.add(part, calls, rows, call.parts.len() == 1);
        }
        text
    }

    /// Whether nothing of it is known.
    pub fn is_blank(&self) -> bool {
        self.sql.replace(HOLE, "").trim().is_empty()
    }

    /// Where bytes of the text stand in the file.
    pub fn bytes(&self, at: &Range<usize>) -> Range<usize> {
        let start = self.place(at.start).0;
        let (last, length) = self.place(at.end.saturating_sub(1).max(at.start));
        start..(last + length).max(start + 1)
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let after = self.places.partition_point(|place| place.sql <= offset);
        match after.checked_sub(1).map(|last| &self.places[last]) {
            None => (self.call.start, self.call.len()),
            Some(Place { file, fixed: Some(length), .. }) => (*file, *length),
            Some(Place { sql, file, fixed: None }) => (file + (offset - sql), 1),
        }
    }

    fn add(&mut self, part: &Part, calls: &Calls, rows: &[Row], alone: bool) {
        match part {
            Part::Text(literal) => {
                let before = self.sql.len();
                let place = |(sql, file): &(usize, usize)| Place {
                    sql: before + sql,
                    file: *file,
                    fixed: None,
                };
                self.places.extend(literal.places.iter().map(place));
                self.sql.push_str(&literal.value);
            }
            Part::Select { row, at } => {
                let text = found(rows, row).map(select);
                self.made(text, at, || format!("`{row}` is no table of this project"));
            }
            Part::Columns { row, fields, at } => {
                let text = found(rows, row).map(|row| columns(row, fields));
                self.made(text, at, || format!("`{row}` is no table of this project"));
            }
            Part::File { path, beside, at } => self.file(path, *beside, at, calls, alone),
            Part::Hole { at } => self.made(None, at, String::new),
            Part::Rest { .. } => self.goes_on = true,
        }
    }

    /// A part that is not written here: what is found in it is shown at what makes it.
    fn made(&mut self, text: Option<String>, at: &Range<usize>, why: impl Fn() -> String) {
        self.places.push(Place { sql: self.sql.len(), file: at.start, fixed: Some(at.len()) });
        if text.is_none() {
            self.dynamic.get_or_insert_with(why);
        }
        self.sql.push_str(text.as_deref().unwrap_or(HOLE));
    }

    fn file(&mut self, path: &str, beside: Beside, at: &Range<usize>, calls: &Calls, alone: bool) {
        let directory = match beside {
            Beside::Manifest => Some(calls.package.as_path()),
            Beside::Source => calls.path.parent(),
        };
        let path = without_dots(&directory.unwrap_or(Utf8Path::new("")).join(path));
        match std::fs::read_to_string(&path) {
            Ok(text) if alone => {
                self.places.push(Place { sql: 0, file: 0, fixed: None });
                self.call = 0..text.len().min(1);
                self.file = Text::new(&path, text.clone());
                self.sql = text;
            }
            Ok(text) => self.made(Some(text), at, String::new),
            Err(error) => {
                self.made(None, at, || format!("{} cannot be read: {error}", shown(&path)))
            }
        }
    }
}

/// The path without `..`, as people would write it.
fn without_dots(path: &Utf8Path) -> Utf8PathBuf {
    let mut whole = Utf8PathBuf::new();
    for component in path.components() {
        let is_below = whole.file_name().is_some();
        match component {
            Utf8Component::ParentDir if is_below => {
                whole.pop();
            }
            other => whole.push(other),
        }
    }
    whole
}

/// The struct of this name, if there is one and no other.
pub(super) fn found<'r>(rows: &'r [Row], name: &str) -> Option<&'r Row> {
    let mut named = rows.iter().filter(|row| row.name == name);
    named.next().filter(|_| named.next().is_none())
}

/// What the derive makes of a struct's `SELECT`.
fn select(row: &Row) -> String {
    let item =
        |(column, label): (&colmig_core::schema::Column, &String)| match column.state.facts().reads
        {
            false => format!("NULL AS {}", quote(label)),
            true if column.name == *label => quote(label),
            true => format!("{} AS {}", quote(&column.name), quote(label)),
        };
    let items: Vec<_> = row.table.columns.iter().zip(&row.labels).map(item).collect();
    format!("SELECT {} FROM {}", items.join(", "), quote(&row.table.name))
}

fn columns(row: &Row, fields: &[String]) -> String {
    let name = |field: &String| {
        let mut columns = row.table.columns.iter().zip(&row.labels);
        let found = columns.find(|(column, label)| *label == field || column.name == *field);
        found.map_or(field.clone(), |(column, _)| quote(&column.name))
    };
    fields.iter().map(name).collect::<Vec<_>>().join(", ")
}
