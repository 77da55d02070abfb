//! SQLite.
//!
//! The SQLite that sqlx brings cannot change NOT NULL: the table is rebuilt by the twelve steps of
//! SQLite's manual, from the catalog as it is when the step runs ([`rebuild`]).

pub mod rebuild;

use std::time::Duration;

use super::{
    Dialect, Direction, Piece, Script, add_column, alter, constraint, create_table, drop_column,
    drop_indexes, drop_table, generated, index, is_index, sql_type, unique_index,
};
use crate::backfill::Pace;
use crate::ident::quote;
use crate::migration::Change;
use crate::protocol::Act;
use crate::schema::{Column, Constraint, Index, Table};
use crate::types::Database;
use rebuild::Alteration;

/// The one level of ability.
pub(super) struct Sqlite;

pub(super) const SQLITE: Sqlite = Sqlite;

const BRIEF: &str = "the one writer, for milliseconds";
const REWRITE: &str = "the one writer, while the rows of the table are rewritten";
const SORT: &str = "the one writer, while the table is read and sorted";
const REBUILD: &str =
    "the one writer, while the whole table is copied: SQLite cannot change this in place";

fn piece(sql: String, lock: &'static str) -> Script {
    if sql.is_empty() { Script::Nothing } else { Script::Fixed(vec![Piece::brief(sql, lock)]) }
}

impl Dialect for Sqlite {
    fn database(&self) -> Database {
        Database::Sqlite
    }

    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn script(&self, act: Act, change: &Change, direction: Direction) -> Script {
        let (columns, table) = (change.targets(act), &change.table);
        let each = |sql: &dyn Fn(&Column) -> String, lock| {
            piece(columns.iter().map(sql).collect::<Vec<_>>().join("\n"), lock)
        };
        let forth = direction == Direction::Up;
        if !self.alterations(act, change, direction).is_empty() {
            return Script::Live { lock: REBUILD };
        }
        match (act, forth) {
            (Act::CreateTable, true) => change
                .definition
                .as_ref()
                .map_or(Script::Nothing, |table| piece(create(table), BRIEF)),
            (Act::CreateTable, false) | (Act::DropTable, true) => piece(drop_table(table), BRIEF),
            (Act::Add, true) => each(&|column| add(table, column), BRIEF),
            (Act::Add, false) => each(&|column| drop_column(table, column), REWRITE),
            (Act::Drop, true) => {
                let columns: Vec<_> =
                    columns.iter().map(|column| drop_column(table, column)).collect();
                let sql = format!("{}{}", drop_indexes(&change.indexes), columns.join("\n"));
                piece(sql, REWRITE)
            }
            (Act::Index | Act::Unindex, _) => {
                let makes = (act == Act::Index) == forth;
                let index = change.indexes.first();
                index.map_or(Script::Nothing, |one| match makes {
                    true => piece(index_of(table, one), SORT),
                    false => piece(drop_index(&one.name), BRIEF),
                })
            }
            (Act::Enforce | Act::Relax, _) => {
                let makes = (act == Act::Enforce) == forth;
                let unique =
                    change.constraint.as_ref().filter(|one| is_index(Database::Sqlite, one));
                unique.map_or(Script::Nothing, |one| match makes {
                    true => piece(unique_index(table, one), SORT),
                    false => piece(drop_index(&one.name), BRIEF),
                })
            }
            _ => Script::Nothing,
        }
    }

    /// What ALTER TABLE of the SQLite that sqlx brings cannot do.
    fn alterations(&self, act: Act, change: &Change, direction: Direction) -> Vec<Alteration> {
        let forth = direction == Direction::Up;
        let required = change.targets(act).iter().filter(|column| !column.optional());
        let required = required.filter(|column| column.generated.is_nowhere());
        let makes = (act == Act::Enforce) == forth;
        match (act, forth) {
            (Act::Enforce | Act::Relax, _) if change.constraint.is_some() => {
                let in_table = |one: &&Constraint| !is_index(Database::Sqlite, one);
                let one = change.constraint.iter().filter(in_table);
                one.map(|one| Alteration::Constraint {
                    name: one.name.clone(),
                    definition: makes.then(|| constraint(Database::Sqlite, one)),
                })
                .collect()
            }
            (Act::Enforce | Act::Relax, _) => required
                .map(|column| Alteration::NotNull { column: column.name.clone(), required: makes })
                .collect(),
            (Act::Add, true) => {
                let volatile = change.columns.iter().filter(|c| c.is_volatile(Database::Sqlite));
                volatile.map(added_whole).collect()
            }
            (Act::Default, _) => {
                let columns = if forth { &change.columns[..] } else { change.former.as_slice() };
                columns.iter().map(redefaulted).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Keys travel with their own type: SQLite types values, not columns.
    fn key_parameter(&self, number: usize, _sql_type: &str) -> String {
        format!("${number}")
    }

    fn key_output(&self, column: &str, _sql_type: &str) -> String {
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

/// A column whose default is no literal comes with a rebuild only, in which each row gets its own.
fn added_whole(column: &Column) -> Alteration {
    Alteration::Column {
        column: column.name.clone(),
        definition: define_plain(column).trim_start().to_owned(),
        value: if column.optional() {
            "NULL".to_owned()
        } else {
            default(column).unwrap_or_default()
        },
    }
}

fn redefaulted(column: &Column) -> Alteration {
    Alteration::Default { column: column.name.clone(), value: default(column) }
}

/// SQLite wants parentheses around what is no literal.
fn default(column: &Column) -> Option<String> {
    let text = column.default_on(Database::Sqlite)?;
    let bare = !column.is_volatile(Database::Sqlite)
        || text.starts_with('(') && text.ends_with(')')
        || text.to_uppercase().starts_with("CURRENT_");
    Some(if bare { text.to_owned() } else { format!("({text})") })
}

/// A column that is computed is computed when it is read: a stored one cannot be added.
fn add(table: &str, column: &Column) -> String {
    let Some(generated) = generated(Database::Sqlite, column, "VIRTUAL") else {
        return add_column(Database::Sqlite, table, column);
    };
    let not_null = if column.optional() { "" } else { " NOT NULL" };
    let (name, sql_type) = (quote(&column.name), sql_type(Database::Sqlite, column));
    format!("{} ADD COLUMN {name} {sql_type}{generated}{not_null};", alter(table))
}

fn index_of(table: &str, one: &Index) -> String {
    index(Database::Sqlite, table, one, "")
}

fn drop_index(name: &str) -> String {
    format!("DROP INDEX IF EXISTS {};", quote(name))
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
    if counting_key(table) == Some(&column.name) {
        // AUTOINCREMENT keeps the key of a deleted row from being given to another.
        let name = quote(&column.name);
        return format!("    {name} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL");
    }
    define_plain(column)
}

fn define_plain(column: &Column) -> String {
    let mut line = format!("    {} {}", quote(&column.name), sql_type(Database::Sqlite, column));
    line.push_str(&generated(Database::Sqlite, column, "STORED").unwrap_or_default());
    if !column.optional() {
        line.push_str(" NOT NULL");
    }
    if let Some(default) = default(column) {
        line.push_str(&format!(" DEFAULT {default}"));
    }
    line
}
