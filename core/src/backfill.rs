//! What a backfill does: which rows, which value, and how large the next batch is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialect::differs;
use crate::ident::{literal, quote};
use crate::migration::{Change, Place};
use crate::schema::{Column, EnumValue};
use crate::types::Database;

/// What a backfill does to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The table.
    pub table: String,
    /// What it writes.
    pub values: Vec<Value>,
    /// Which rows it writes.
    pub rows: Rows,
    /// The primary key that orders the walk.
    pub key: Vec<KeyColumn>,
}

/// One column and what it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The column.
    pub column: String,
    /// The SQL expression of the value, over the row.
    pub expression: String,
    /// Whether the column cannot be NULL afterwards.
    pub required: bool,
}

/// Which rows a backfill writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// An independent column: rows without a value. One that is there is the application's, and stays (rule
    /// R10).
    Empty,
    /// An independent column that may be NULL: rows without a value for which there is one. Every admitted writer
    /// names the column by then, so that only rows from before are meant, and one walk has met them all; a NULL
    /// that is written meanwhile is the application's.
    Vacant,
    /// A derived column: rows in which it is not what its expression says. NULL is no guard there: a row that
    /// one release filled, another may have made stale (rule R09).
    Differing,
    /// Rows that hold this value of an enum type.
    Holding(String),
}

impl Rows {
    /// Those of a change.
    pub fn of(change: &Change) -> Rows {
        if let Some(value) = change.value_of_type() {
            return Rows::Holding(value.name.clone());
        }
        if !change.replaced.is_empty() {
            return Rows::Differing;
        }
        if change.columns.iter().all(Column::optional) { Rows::Vacant } else { Rows::Empty }
    }
}

impl Fill {
    /// What a change that takes a value out of use does to one of the columns that may hold it; without another
    /// value for its rows, they are only counted.
    pub fn of_value(value: &EnumValue, place: &Place, key: Vec<KeyColumn>) -> Fill {
        let expression = literal(&value.replace_with);
        let values = vec![Value { column: place.column.clone(), expression, required: false }];
        let rows = Rows::Holding(value.name.clone());
        Fill { table: place.table.clone(), values, rows, key }
    }

    /// `"handle" = lower(email)`, as `SET` wants it.
    pub fn assignments(&self) -> String {
        let set = |value: &Value| format!("{} = {}", quote(&value.column), value.expression);
        self.values.iter().map(set).collect::<Vec<_>>().join(", ")
    }

    /// Which rows are written; `prefix` stands before the names of the columns.
    pub fn condition(&self, prefix: &str, database: Database) -> String {
        let one = |Value { column, expression, .. }: &Value| match &self.rows {
            Rows::Empty => format!("{prefix}{} IS NULL", quote(column)),
            Rows::Vacant => {
                format!("({prefix}{} IS NULL AND ({expression}) IS NOT NULL)", quote(column))
            }
            Rows::Differing => {
                let column = format!("{prefix}{}", quote(column));
                differs(database, &column, &format!("({expression})"))
            }
            Rows::Holding(value) => format!("{prefix}{} = {}", quote(column), literal(value)),
        };
        let all: Vec<_> = self.values.iter().map(one).collect();
        if all.len() == 1 { all.concat() } else { format!("({})", all.join(" OR ")) }
    }

    /// Rows that would get NULL where there can be none, however often the table is walked; nothing where every
    /// column may be NULL.
    pub fn hopeless(&self, prefix: &str, database: Database) -> Option<String> {
        let required = self.values.iter().filter(|value| value.required);
        let yields_null = required.map(|value| format!("({}) IS NULL", value.expression));
        let yields_null: Vec<_> = yields_null.collect();
        let condition = self.condition(prefix, database);
        (!yields_null.is_empty()).then(|| match &self.rows {
            Rows::Empty | Rows::Vacant | Rows::Holding(_) => {
                format!("{condition} AND ({})", yields_null.join(" OR "))
            }
            Rows::Differing => yields_null.join(" OR "),
        })
    }
}

/// One column of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    /// Its name.
    pub name: String,
    /// Its type as the catalog spells it.
    pub sql_type: String,
}

/// A number of rows, for messages: `1 row`, `7 rows`.
pub fn rows(count: i64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// How large batches may be, and how long they should take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long one batch's transaction should take: a writer that meets it waits about as long.
    pub target: Duration,
    /// The fewest rows of a batch.
    pub min: u64,
    /// The most rows of a batch.
    pub max: u64,
}

impl Pace {
    /// The rows of the first batch.
    pub const FIRST: u64 = 1_000;

    /// What suits a single server.
    pub const USUAL: Pace = Pace { target: Duration::from_millis(25), min: 100, max: 20_000 };

    /// The rows of the next batch, from those of the last and the time that it took: growth of at most
    /// half a step, and an immediate cut in proportion when it took too long.
    pub fn next(&self, rows: u64, took: Duration) -> u64 {
        let ratio = self.target.as_secs_f64() / took.as_secs_f64().max(1e-6);
        let next = rows as f64 * ratio.min(1.5);
        (next.round() as u64).clamp(self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_slowly_and_shrink_at_once() {
        let pace = Pace { target: Duration::from_millis(20), min: 100, max: 100_000 };
        assert_eq!(pace.next(1_000, Duration::from_millis(1)), 1_500);
        assert_eq!(pace.next(1_000, Duration::from_millis(20)), 1_000);
        assert_eq!(pace.next(10_000, Duration::from_millis(200)), 1_000);
        assert_eq!(pace.next(100, Duration::from_secs(60)), 100);
        assert_eq!(pace.next(100_000, Duration::ZERO), 100_000);
    }
}
