//! What a derived struct says of its table: the trait, its static description, and the register of all
//! tables that are linked into a program.

use colmig_core::lifecycle::{Access, Stand};

use crate::enumeration::EnumInfo;
use crate::types::TypeChecks;

/// A struct that stands for a table. Derived: `#[derive(colmig::Table)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no table",
    label = "this struct stands for no table",
    note = "write `#[derive(colmig::Table)]` above it; what another table's struct flattens has the `table` of that struct, and is `partial`"
)]
pub trait Table {
    /// The table's static description.
    const TABLE: &'static TableInfo;

    /// Every column that the code may read, by name, under the names that `sqlx::FromRow` looks for. A
    /// write-only column is `NULL AS name`, so that it is found and the real column is never read.
    const COLUMNS: &'static str;

    /// `SELECT`, the [`COLUMNS`](Table::COLUMNS), `FROM` the table.
    const SELECT: &'static str;

    /// Whether the field at this index of [`TableInfo::columns`] is a `WriteOnly` or a `RequiredOnWrite`
    /// without a value.
    fn is_unset(&self, index: usize) -> bool;
}

/// A struct whose rows can be inserted: it names every column that its project knows of.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` cannot be inserted",
    label = "this struct inserts no rows",
    note = "a `partial` or `read_only` struct leaves columns out: insert through the struct that declares the table",
    note = "a struct without `#[derive(colmig::Table)]` is no table"
)]
pub trait Insertable: Table {}

/// A struct whose rows can be updated: it writes, and says which row it is.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` cannot be updated",
    label = "this struct updates no rows",
    note = "a `read_only` struct writes nothing: delete the word",
    note = "a `partial` struct has to name the key: `#[colmig(primary_key)]`",
    note = "a struct without `#[derive(colmig::Table)]` is no table"
)]
pub trait Updatable: Table {}

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
    /// The project that makes the table, where it is another one; empty where it is this one.
    pub owner: &'static str,
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
    /// What the struct keeps to, and may rely on.
    pub constraints: &'static [ConstraintInfo],
    /// The enum types of its columns.
    pub enums: &'static [&'static EnumInfo],
}

/// The static description of one constraint.
#[derive(Clone, Copy, Debug)]
pub struct ConstraintInfo {
    /// Its name in the database.
    pub name: &'static str,
    /// What this build does with it.
    pub stand: Stand,
    /// The migration that created it; empty where the lock file does not know it.
    pub born: &'static str,
}

/// The static description of one field.
#[derive(Clone, Copy, Debug)]
pub struct ColumnInfo {
    /// The column's name in the database.
    pub name: &'static str,
    /// What this build does with it.
    pub stand: Stand,
    /// The migration that created it; empty where the lock file does not know it.
    pub born: &'static str,
    /// Whether the database makes its values.
    pub auto: bool,
    /// What it is computed from, where it replaces other columns or is replaced by one.
    pub derived: Option<&'static Derived>,
    /// The tests of its type, a database each.
    pub types: TypeChecks,
}

/// How a column that has no value of its own in a statement follows from others that have.
#[derive(Debug)]
pub struct Derived {
    /// The columns that it follows from.
    pub sources: &'static [&'static str],
    /// The SQL expression over them, by the word of the database; a last word that is empty means all others. None
    /// where nothing says how.
    pub expressions: &'static [(&'static str, &'static str)],
}

impl Derived {
    /// The expression on one database.
    pub fn on(&self, database: &str) -> Option<&'static str> {
        let found = self.expressions.iter().find(|(word, _)| word.is_empty() || *word == database);
        found.map(|(_, expression)| *expression)
    }
}

/// The columns of several structs as those of one.
#[doc(hidden)]
pub const fn join<const N: usize>(parts: &[&[ColumnInfo]]) -> [ColumnInfo; N] {
    let (mut part, mut index, mut next) = (0, 0, 0);
    while parts[part].is_empty() {
        part += 1;
    }
    let mut columns = [parts[part][0]; N];
    while next < N {
        if index == parts[part].len() {
            (part, index) = (part + 1, 0);
            continue;
        }
        columns[next] = parts[part][index];
        (next, index) = (next + 1, index + 1);
    }
    columns
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
