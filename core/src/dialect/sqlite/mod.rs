//! SQLite.
//!
//! The SQLite that sqlx brings cannot change NOT NULL: the table is rebuilt by the twelve steps of
//! SQLite's manual, from the catalog as it is when the step runs ([`rebuild`]).

pub mod rebuild;

use std::time::Duration;

use super::{
    Dialect, Direction, Piece, Script, add_column, alter, create_table, drop_column, drop_table,
    generated, sql_type,
};
use crate::backfill::Pace;
use crate::ident::quote;
use crate::migration::Change;
use crate::protocol::Act;
use crate::schema::{Column, Table};
use crate::types::Database;

/// The one level of ability.
pub(super) struct Sqlite;

pub(super) const SQLITE: Sqlite = Sqlite;

const BRIEF: &str = "the one writer, for milliseconds";
const REWRITE: &str = "the one writer, while the rows of the table are rewritten";
const REBUILD: &str =
    "the one writer, while the whole table is copied: SQLite cannot change NOT NULL in place";

fn piece(sql: String, lock: &'static str) -> Script {
    Script::Fixed(vec![Piece { sql, lock, scans: false }])
}

impl Dialect for Sqlite {
    fn database(&self) -> Database {
        Database::Sqlite
    }

    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn script(&self, act: Act, change: &Change, direction: Direction) -> Script {
        let columns = change.targets(act);
        let each = |sql: &dyn Fn(&Column) -> String, lock| {
            piece(columns.iter().map(sql).collect::<Vec<_>>().join("\n"), lock)
        };
        match (act, direction) {
            (Act::CreateTable, Direction::Up) => change
                .definition
                .as_ref()
                .map_or(Script::Nothing, |table| piece(create(table), BRIEF)),
            (Act::CreateTable, Direction::Down) => piece(drop_table(&change.table), BRIEF),
            (Act::Add, Direction::Up) => {
                each(&|column| add_column(Database::Sqlite, &change.table, column), BRIEF)
            }
            (Act::Add, Direction::Down) | (Act::Drop, Direction::Up) => {
                each(&|column| drop_column(&change.table, column), REWRITE)
            }
            (Act::Enforce | Act::Relax, _) if columns.iter().any(|column| !column.optional()) => {
                Script::Live { lock: REBUILD }
            }
            _ => Script::Nothing,
        }
    }

    /// Keys travel with their own type: SQLite types values, not columns.
    fn key_parameter(&self, number: usize, _sql_type: &str) -> String {
        format!("${number}")
    }

    fn key_output(&self, column: &str) -> String {
        column.to_owned()
    }

    /// There is one writer: while a batch works, nobody else writes anything.
    fn pace(&self) -> Pace {
        Pace { target: Duration::from_millis(20), min: 100, max: 20_000 }
    }

    fn blind_spot(&self) -> &'static str {
        "SQLite cannot show who has the file open: a program that does not use colmig is not seen by the gates"
    }
}

/// Whether a live step sets NOT NULL (`true`) or drops it.
pub fn sets_not_null(act: Act, direction: Direction) -> bool {
    (act == Act::Enforce) == (direction == Direction::Up)
}

/// Drops a column: what a copy of the schema is asked, to hear what stands in the way.
pub fn attempt_to_drop(table: &str, column: &str) -> String {
    format!("{} DROP COLUMN {};", alter(table), quote(column))
}

/// Whether SQLite names this object as what stands in the way: `error in view v after drop column: …`, or
/// `error in view v: …` of one that was broken before.
pub fn names_as_culprit(message: &str, kind: &str, name: &str) -> bool {
    let rest = message.strip_prefix(&format!("error in {kind} {name}"));
    rest.is_some_and(|rest| rest.starts_with(" after drop column:") || rest.starts_with(": "))
}

fn create(table: &Table) -> String {
    create_table(
        Database::Sqlite,
        table,
        |column| define(table, column),
        counting_key(table).is_none(),
    )
}

/// The single `auto` integer key: SQLite counts only what is spelled `INTEGER PRIMARY KEY`.
fn counting_key(table: &Table) -> Option<&str> {
    let [key] = table.primary_key.as_slice() else { return None };
    table.column(key).filter(|column| column.auto && column.ty.is_integer()).map(|_| key.as_str())
}

fn define(table: &Table, column: &Column) -> String {
    let name = quote(&column.name);
    if counting_key(table) == Some(&column.name) {
        // AUTOINCREMENT keeps the key of a deleted row from being given to another.
        return format!("    {name} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL");
    }
    let mut line = format!("    {name} {}", sql_type(Database::Sqlite, column));
    line.push_str(&generated(Database::Sqlite, column).unwrap_or_default());
    if !column.optional() {
        line.push_str(" NOT NULL");
    }
    if let Some(default) = column.default_on(Database::Sqlite) {
        line.push_str(&format!(" DEFAULT {default}"));
    }
    line
}
