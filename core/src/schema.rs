//! What a project declares: tables and columns, each with its state and its birth.

use serde::{Deserialize, Serialize};

use crate::lifecycle::{Access, Stand, State};
use crate::types::{ColumnType, Database, PerDatabase};

/// The tables of one project on one database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// By name, in order.
    pub tables: Vec<Table>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name in the database.
    pub name: String,
    /// How the struct uses it.
    #[serde(default, skip_serializing_if = "is_writer")]
    pub access: Access,
    /// The columns of the primary key, in its order.
    pub primary_key: Vec<String>,
    /// The number of the migration that created it; empty before it is generated.
    pub born: String,
    /// The columns that the code names, in the order of the fields.
    pub columns: Vec<Column>,
    /// Columns that the code no longer names, with their births, so that a name is never taken for an
    /// older one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the database.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: ColumnType,
    /// Whether the field's (inner) type is an `Option`: the column may be NULL.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// Whether the database makes its values: it is left out of inserts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub auto: bool,
    /// The constant default, kept in the database.
    #[serde(default, skip_serializing_if = "PerDatabase::is_nowhere")]
    pub default: PerDatabase,
    /// What the code does with it.
    pub state: State,
    /// The number of the migration that created it; empty before it is generated.
    pub born: String,
    /// What existing rows get. It belongs to the migration, so the lock file does not hold it.
    #[serde(default, skip_serializing_if = "PerDatabase::is_nowhere")]
    pub backfill: PerDatabase,
    /// What undo writes into rows without a value. It belongs to the migration too.
    #[serde(default, skip_serializing_if = "PerDatabase::is_nowhere")]
    pub reverse: PerDatabase,
}

/// A column that the code no longer names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// Its name.
    pub name: String,
    /// Its birth.
    pub born: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_writer(access: &Access) -> bool {
    *access == Access::Writer
}

impl Schema {
    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The table of this name, to change it.
    pub fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| table.name == name)
    }
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column of this name, to change it.
    pub fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }
}

impl Column {
    /// What a build with this column does with it.
    pub fn stand(&self) -> Stand {
        match self.state.facts().stand {
            Stand::Required if self.optional => Stand::Optional,
            stand => stand,
        }
    }

    /// Whether a writer that does not name it is served by the database.
    pub fn dispensable(&self) -> bool {
        self.optional || self.auto || !self.default.is_nowhere()
    }

    /// The constant default on one database.
    pub fn default_on(&self, db: Database) -> Option<&str> {
        self.default.on(db)
    }
}

/// A column with its birth, as messages and vectors name it: `handle#0002`.
pub fn property(name: &str, born: &str) -> String {
    format!("{name}#{born}")
}
