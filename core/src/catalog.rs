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

/// An object of the database that hangs on a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependant {
    /// What it is, as the database calls it: `view active_users`.
    pub what: String,
    /// What becomes of it when the column is dropped.
    pub fate: Fate,
}

/// What becomes of an object when a column that it hangs on is dropped. A drop never cascades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes with the column, silently.
    Goes,
    /// The drop fails as long as it is there.
    Blocks,
    /// The same, and it hangs on the primary key, where nothing can take the column's place for it meanwhile.
    Holds,
}

impl Catalog {
    /// A table's column.
    pub fn column(&self, table: &str, column: &str) -> Option<&CatalogColumn> {
        self.tables.get(table)?.columns.iter().find(|c| c.name == column)
    }
}

/// A type as the catalog spells it, without its length or precision and in small letters:
/// `character varying(20)` is `character varying`.
pub fn base_type(sql_type: &str) -> String {
    let mut base = String::new();
    let mut depth = 0;
    for c in sql_type.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            c if depth == 0 => base.extend(c.to_lowercase()),
            _ => {}
        }
    }
    base.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_do_not_count() {
        assert_eq!(base_type("character varying(20)"), "character varying");
        assert_eq!(base_type("timestamp(3) with time zone"), "timestamp with time zone");
        assert_eq!(base_type("TEXT"), "text");
    }
}
