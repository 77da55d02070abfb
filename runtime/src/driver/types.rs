//! One statement that names the columns of many tables: preparing it, never running it, tells the type of
//! each.

use colmig_core::admission::{Refusal, Why};
use colmig_core::catalog::Catalog;
use colmig_core::ident::quote;

use crate::{ColumnInfo, TableInfo};

/// PostgreSQL takes 1,664 columns in a list, SQLite 2,000.
const COLUMNS: usize = 1_500;

/// SQLite joins 64 tables.
const TABLES: usize = 60;

/// One declared column that the catalog has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    table: &'static TableInfo,
    pub(super) info: &'static ColumnInfo,
}

impl Wanted {
    /// It is there with another type.
    pub(super) fn misfit(&self, live: &str) -> Refusal {
        let why = Why::OtherType { live: live.to_owned(), rust: self.table.rust.to_owned() };
        Refusal { subject: format!("{}.{}", self.table.name, self.info.name), why }
    }
}

/// The columns that exist, in pieces that one statement can name.
pub(super) fn chunks(tables: &[&'static TableInfo], catalog: &Catalog) -> Vec<Vec<Wanted>> {
    let mut chunks: Vec<Vec<Wanted>> = vec![Vec::new()];
    let mut names: Vec<&str> = Vec::new();
    for &table in tables {
        for info in table.columns.iter().filter(|c| catalog.column(table.name, c.name).is_some()) {
            if !names.contains(&table.name) {
                names.push(table.name);
            }
            if names.len() > TABLES || chunks.last().is_some_and(|chunk| chunk.len() == COLUMNS) {
                chunks.push(Vec::new());
                names = vec![table.name];
            }
            chunks.last_mut().expect("it begins with one").push(Wanted { table, info });
        }
    }
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}

/// The statement for one piece.
pub(super) fn probe(chunk: &[Wanted]) -> String {
    let column =
        |wanted: &Wanted| format!("{}.{}", quote(wanted.table.name), quote(wanted.info.name));
    let columns: Vec<_> = chunk.iter().map(column).collect();
    let mut tables: Vec<_> = chunk.iter().map(|wanted| quote(wanted.table.name)).collect();
    tables.dedup();
    format!("SELECT {} FROM {}", columns.join(", "), tables.join(", "))
}
