//! PostgreSQL 14 to 18.
//!
//! Every piece takes ACCESS EXCLUSIVE on at most one table, for metadata only; what scans the table
//! does so under a lock that lets reads and writes pass. Facts are from measurements on real servers.

use super::{
    Dialect, Direction, Piece, Script, add_column, alter, create_table, drop_column, drop_table,
    generated, sql_type,
};
use crate::ident::{literal, quote, shortened};
use crate::migration::Change;
use crate::problem::{Problem, SERVER_UNSUPPORTED};
use crate::protocol::Act;
use crate::schema::{Column, EnumType, EnumValue, Table};
use crate::types::Database;

/// How a server learns that a column is never NULL without a scan under ACCESS EXCLUSIVE.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NotNull {
    /// 14 to 17: a validated CHECK proves it, then goes.
    ByCheck,
    /// 18: NOT NULL is itself a constraint that can be added NOT VALID.
    Catalogued,
}

/// One level of ability.
pub(super) struct Postgres {
    name: &'static str,
    not_null: NotNull,
}

pub(super) const BY_CHECK: Postgres = Postgres { name: "postgres", not_null: NotNull::ByCheck };
pub(super) const CATALOGUED: Postgres =
    Postgres { name: "postgres18", not_null: NotNull::Catalogued };

/// The majors that are supported.
const SUPPORTED: std::ops::RangeInclusive<u32> = 14..=18;

pub(super) fn for_server(version: &str) -> Result<&'static dyn Dialect, Problem> {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    match digits.parse::<u32>() {
        Ok(18) => Ok(&CATALOGUED),
        Ok(major) if SUPPORTED.contains(&major) => Ok(&BY_CHECK),
        _ => Err(SERVER_UNSUPPORTED.problem(format!("this server is PostgreSQL {version}")).help(
            format!("colmig supports PostgreSQL {} to {}", SUPPORTED.start(), SUPPORTED.end()),
        )),
    }
}

const BRIEF: &str = "ACCESS EXCLUSIVE on the table, metadata only, for milliseconds";
const SCAN: &str = "SHARE UPDATE EXCLUSIVE while it reads the table: reads and writes go on";
const TYPE: &str = "the type, for milliseconds, and no table: reads and writes go on";
const NONE: &str = "none on existing tables, but SHARE ROW EXCLUSIVE, for milliseconds, on those that it references";

fn brief(sql: String) -> Piece {
    Piece { sql, lock: BRIEF, scans: false }
}

/// Statements that are metadata only, on one table: one transaction.
fn one(statements: impl Iterator<Item = String>) -> Vec<Piece> {
    let statements: Vec<_> = statements.collect();
    if statements.is_empty() { Vec::new() } else { vec![brief(statements.join("\n"))] }
}

impl Dialect for Postgres {
    fn database(&self) -> Database {
        Database::Postgres
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn script(&self, act: Act, change: &Change, direction: Direction) -> Script {
        let columns = change.targets(act);
        let required = columns.iter().filter(|column| !column.optional());
        let sets_not_null = (act == Act::Enforce) == (direction == Direction::Up);
        let pieces = match (act, direction) {
            (Act::CreateTable, Direction::Up) => {
                let create = change.definition.iter().map(create);
                create.map(|sql| Piece { sql, lock: NONE, scans: false }).collect()
            }
            (Act::CreateTable, Direction::Down) => vec![brief(drop_table(&change.table))],
            (Act::Add, Direction::Up) => one(columns
                .iter()
                .map(|column| add_column(Database::Postgres, &change.table, column))),
            (Act::Add, Direction::Down) | (Act::Drop, Direction::Up) => {
                one(columns.iter().map(|column| drop_column(&change.table, column)))
            }
            (Act::Enforce | Act::Relax, _) if sets_not_null => {
                required.flat_map(|column| self.set_not_null(&change.table, &column.name)).collect()
            }
            (Act::Enforce | Act::Relax, _) => {
                one(required.map(|column| self.drop_not_null(&change.table, &column.name)))
            }
            (Act::CreateType, _) => {
                change.enumeration.iter().map(|one| type_piece(one, direction)).collect()
            }
            (Act::AddValue, Direction::Up) => change.enumeration.iter().map(add_value).collect(),
            _ => Vec::new(),
        };
        if pieces.is_empty() { Script::Nothing } else { Script::Fixed(pieces) }
    }

    /// Keys travel as text, so that one binding serves every type; the cast gives the type back.
    fn key_parameter(&self, number: usize, sql_type: &str) -> String {
        format!("CAST(${number} AS {sql_type})")
    }

    fn key_output(&self, column: &str) -> String {
        format!("CAST({column} AS text)")
    }

    fn blind_spot(&self) -> &'static str {
        ""
    }
}

impl Postgres {
    fn set_not_null(&self, table: &str, column: &str) -> Vec<Piece> {
        let alter = alter(table);
        let constraint = quote(&proof(table, column));
        let name = quote(column);
        let validate = Piece {
            sql: format!("{alter} VALIDATE CONSTRAINT {constraint};"),
            lock: SCAN,
            scans: true,
        };
        match self.not_null {
            NotNull::ByCheck => vec![
                brief(format!(
                    "{alter} ADD CONSTRAINT {constraint} CHECK ({name} IS NOT NULL) NOT VALID;"
                )),
                validate,
                brief(format!("{alter} ALTER COLUMN {name} SET NOT NULL;")),
                brief(format!("{alter} DROP CONSTRAINT {constraint};")),
            ],
            // No SET NOT NULL afterwards: it would scan again, under ACCESS EXCLUSIVE.
            NotNull::Catalogued => vec![
                brief(format!("{alter} ADD CONSTRAINT {constraint} NOT NULL {name} NOT VALID;")),
                validate,
            ],
        }
    }

    /// Both statements may find nothing to do: it takes back a half-done [`Postgres::set_not_null`] too.
    fn drop_not_null(&self, table: &str, column: &str) -> String {
        let alter = alter(table);
        let relax = format!("{alter} ALTER COLUMN {} DROP NOT NULL;", quote(column));
        match self.not_null {
            NotNull::Catalogued => relax,
            NotNull::ByCheck => {
                format!(
                    "{alter} DROP CONSTRAINT IF EXISTS {};\n{relax}",
                    quote(&proof(table, column))
                )
            }
        }
    }
}

/// The name of the constraint that proves NOT NULL.
fn proof(table: &str, column: &str) -> String {
    shortened(&format!("{table}_{column}"), "_colmig_not_null")
}

fn type_piece(one: &EnumType, direction: Direction) -> Piece {
    let sql = match direction {
        Direction::Up => {
            let values: Vec<_> = one.values.iter().map(|value| literal(&value.name)).collect();
            format!("CREATE TYPE {} AS ENUM ({});", one.name, values.join(", "))
        }
        Direction::Down => format!("DROP TYPE {};", one.name),
    };
    Piece { sql, lock: TYPE, scans: false }
}

/// In a transaction since PostgreSQL 12, as long as nothing in it uses the value. It is there already where it
/// was retired, or taken back, before.
fn add_value(one: &EnumType) -> Piece {
    let add = |value: &EnumValue| {
        format!("ALTER TYPE {} ADD VALUE IF NOT EXISTS {};", one.name, literal(&value.name))
    };
    let sql = one.values.iter().map(add).collect::<Vec<_>>().join("\n");
    Piece { sql, lock: TYPE, scans: false }
}

fn create(table: &Table) -> String {
    create_table(Database::Postgres, table, |column| define(table, column), true)
}

fn define(table: &Table, column: &Column) -> String {
    let mut line = format!("    {} {}", quote(&column.name), sql_type(Database::Postgres, column));
    line.push_str(&generated(Database::Postgres, column).unwrap_or_default());
    if !column.optional() {
        line.push_str(" NOT NULL");
    }
    if let Some(default) = column.default_on(Database::Postgres) {
        line.push_str(&format!(" DEFAULT {default}"));
    } else if column.auto && table.primary_key.contains(&column.name) {
        line.push_str(" GENERATED BY DEFAULT AS IDENTITY");
    }
    line
}
