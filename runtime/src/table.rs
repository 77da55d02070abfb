//! What a derived struct says of its table: the trait, its static description, and the register of all
//! tables that are linked into a program.

use colmig_core::lifecycle::{Access, Stand};

use crate::types::TypeChecks;

/// A struct that stands for a table. Derived: `#[derive(colmig::Table)]`.
pub trait Table {
    /// The table's static description.
    const TABLE: &'static TableInfo;

    /// `SELECT` and every column that the code may read, by name, `FROM` the table. A write-only column
    /// is selected as `NULL AS name`, so that `sqlx::FromRow` finds it and the real column is never read.
    const SELECT: &'static str;

    /// Whether the field at this index of [`TableInfo::columns`] is a `WriteOnly` without a value.
    fn is_unset(&self, index: usize) -> bool;
}

/// The static description of one struct.
#[derive(Debug)]
pub struct TableInfo {
    /// The table's name in the database.
    pub name: &'static str,
    /// The struct's name and place, for messages.
    pub rust: &'static str,
    /// The package that the struct is compiled in.
    pub package: &'static str,
    /// How the struct uses the table.
    pub access: Access,
    /// The project of the lock file that the derive heeded; empty where there was none.
    pub project: &'static str,
    /// The newest migration of that lock file; empty where there was none.
    pub head: &'static str,
    /// The migration that created the table; empty where the lock file does not know it.
    pub born: &'static str,
    /// The columns in the order of the fields.
    pub columns: &'static [ColumnInfo],
    /// The columns of the primary key, in its order.
    pub primary_key: &'static [&'static str],
}

/// The static description of one field.
#[derive(Debug)]
pub struct ColumnInfo {
    /// The column's name in the database.
    pub name: &'static str,
    /// What this build does with it.
    pub stand: Stand,
    /// The migration that created it; empty where the lock file does not know it.
    pub born: &'static str,
    /// Whether the database makes its values.
    pub auto: bool,
    /// The tests of its type, a database each.
    pub types: TypeChecks,
}

/// One table that is linked into this program. The derive submits it; nobody else should.
#[derive(Debug)]
pub struct Linked(pub &'static TableInfo);

inventory::collect!(Linked);

/// Every table that is linked into this program, by name.
pub fn linked() -> Vec<&'static TableInfo> {
    let mut tables: Vec<_> = inventory::iter::<Linked>.into_iter().map(|linked| linked.0).collect();
    tables.sort_by_key(|table| (table.name, table.rust));
    tables
}
