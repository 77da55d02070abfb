//! What the database's own catalog says about the tables that matter.

use std::collections::BTreeMap;

/// Tables by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// The tables that exist, of those that were asked for.
    pub tables: BTreeMap<String, CatalogTable>,
}

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogTable {
    /// Its columns, in order.
    pub columns: Vec<CatalogColumn>,
    /// The columns of its primary key, in order.
    pub primary_key: Vec<String>,
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogColumn {
    /// Its name.
    pub name: String,
    /// Its type, as the catalog spells it.
    pub sql_type: String,
    /// Whether it can never be NULL.
    pub not_null: bool,
    /// Whether the database makes a value where an insert does not name it.
    pub has_default: bool,
}

impl Catalog {
    /// A table's column.
    pub fn column(&self, table: &str, column: &str) -> Option<&CatalogColumn> {
        self.tables.get(table)?.columns.iter().find(|c| c.name == column)
    }
}
