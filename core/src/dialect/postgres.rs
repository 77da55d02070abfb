//! PostgreSQL 14 to 18.
//!
//! Every piece takes ACCESS EXCLUSIVE on at most one table, for metadata only; what scans the table
//! does so under a lock that lets reads and writes pass. Facts are from measurements on real servers.

pub mod carried;
mod key;
mod trigger;

use super::{
    Dialect, Direction, Piece, Script, add_column, alter, constraint, create_table, drop_column,
    drop_indexes, drop_table, generated, index, made_index, names, sql_type,
};
use crate::ident::{literal, quote, shortened};
use crate::migration::{Alone, Change, Thing};
use crate::problem::{Problem, SERVER_UNSUPPORTED};
use crate::protocol::Act;
use crate::schema::{Column, Constraint, EnumType, EnumValue, Guard, Index, Table};
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

const BOTH: &str =
    "SHARE ROW EXCLUSIVE on the table and on the one that it references, for milliseconds";
const APART: &str =
    "ACCESS EXCLUSIVE on the table and on the one that it references, for milliseconds";
const WHOLE: &str =
    "ACCESS EXCLUSIVE while the whole table is rewritten: nobody reads or writes it meanwhile";
const CONCURRENTLY: &str =
    "SHARE UPDATE EXCLUSIVE while it reads the table twice: reads and writes go on";
const UNUSED: &str =
    "SHARE UPDATE EXCLUSIVE until nobody uses the index any more: reads and writes go on";
const TOGETHER: &str =
    "ACCESS EXCLUSIVE on the table and on those that it references, for milliseconds";
/// Said in the file, since what it says is read from the catalog when it runs.
const CARRIED: &str = "-- In the same transaction: the grants, the comment, the statistics target and the collation of what is\n\
     -- replaced, as they are then.";

fn brief(sql: String) -> Piece {
    Piece::brief(sql, BRIEF)
}

/// Outside of a transaction; it waits for transactions that are open, and nobody waits for it.
fn concurrently(sql: String, index: &str, makes: bool) -> Piece {
    let index = Alone { thing: Thing::Index(index.to_owned()), comes: makes };
    let lock = if makes { CONCURRENTLY } else { UNUSED };
    Piece { scans: makes, alone: Some(index), ..Piece::brief(sql, lock) }
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
        let (columns, table) = (change.targets(act), &change.table);
        let is_to_be_set =
            |column: &&Column| !column.optional() && !self.is_born_not_null(change, column);
        let required = columns.iter().filter(is_to_be_set);
        // What enforces on the way up relaxes on the way down, and the other way round.
        let forth = direction == Direction::Up;
        let pieces = match (act, forth) {
            (Act::CreateTable, true) => {
                let create = change.definition.iter().map(create);
                create.map(|sql| Piece::brief(sql, NONE)).collect()
            }
            (Act::CreateTable, false) => vec![brief(drop_table(table))],
            (Act::DropTable, true) => vec![Piece::brief(drop_table(table), TOGETHER)],
            (Act::Add, true) if !change.replaced.is_empty() => {
                let add = |column| add_column(Database::Postgres, table, column);
                one(columns.iter().map(add).chain([CARRIED.to_owned()]))
            }
            (Act::Add, true) => self.add(table, columns),
            (Act::Add, false) => one(columns.iter().map(|column| drop_column(table, column))),
            (Act::Drop, true) if !change.key.is_empty() => vec![brief(key::take_over(change))],
            (Act::Drop, true) => {
                let is_kept_alike = change.kind.facts().by_trigger();
                let trigger = is_kept_alike.then(|| trigger::unmake(change));
                let indexes = drop_indexes(&change.indexes);
                let columns = columns.iter().map(|column| drop_column(table, column));
                let indexes = Some(indexes.trim_end().to_owned()).filter(|sql| !sql.is_empty());
                one(trigger.into_iter().chain(indexes).chain(columns))
            }
            (Act::Trigger, true) => vec![Piece::brief(trigger::make(change), trigger::LOCK)],
            (Act::Trigger, false) => vec![brief(trigger::unmake(change))],
            (Act::Index, _) if !change.key.is_empty() => {
                let sql = if forth { key::index(change) } else { key::unindex(change) };
                vec![concurrently(sql, &made_index(change).unwrap_or_default(), forth)]
            }
            (Act::Index, _) | (Act::Unindex, _) => {
                let makes = (act == Act::Index) == forth;
                change.indexes.iter().map(|index| make_or_drop(table, index, makes)).collect()
            }
            (Act::Default, _) => {
                let before = change.former.as_slice();
                one(if forth { columns } else { before }.iter().map(|c| set_default(table, c)))
            }
            (Act::Enforce | Act::Relax, _) if change.constraint.is_some() => {
                let enforces = (act == Act::Enforce) == forth;
                change.constraint.iter().flat_map(|one| guard(table, one, enforces)).collect()
            }
            (Act::Enforce, true) | (Act::Relax, false) => {
                required.flat_map(|column| self.set_not_null(table, column)).collect()
            }
            (Act::Enforce, false) | (Act::Relax, true) => {
                one(required.map(|column| self.drop_not_null(table, &column.name)))
            }
            (Act::CreateType, _) => {
                change.enumeration.iter().map(|one| type_piece(one, direction)).collect()
            }
            (Act::AddValue, true) => change.enumeration.iter().map(add_value).collect(),
            _ => Vec::new(),
        };
        if pieces.is_empty() { Script::Nothing } else { Script::Fixed(pieces) }
    }

    fn sweep_index(&self, index: &str) -> Option<String> {
        Some(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", quote(index)))
    }

    /// Keys travel as text, so that one binding serves every type; the cast gives the type back.
    fn key_parameter(&self, number: usize, sql_type: &str) -> String {
        format!("CAST(${number} AS {sql_type})")
    }

    fn key_output(&self, column: &str, _sql_type: &str) -> String {
        format!("CAST({column} AS text)")
    }

    fn blind_spot(&self) -> &'static str {
        ""
    }
}

impl Postgres {
    /// Before 18 a generated column is stored, and the table is rewritten for it: with NOT NULL in the same
    /// statement, so that it is done once.
    fn add(&self, table: &str, columns: &[Column]) -> Vec<Piece> {
        let is_stored = |column: &&Column| column.generated.on(Database::Postgres).is_some();
        if let Some(column) = columns.iter().find(is_stored) {
            let kept = if self.computes_on_read() { "VIRTUAL" } else { "STORED" };
            let generated = generated(Database::Postgres, column, kept).unwrap_or_default();
            let not_null = !column.optional() && !self.computes_on_read();
            let sql = format!(
                "{} ADD COLUMN {} {}{generated}{};",
                alter(table),
                quote(&column.name),
                sql_type(Database::Postgres, column),
                if not_null { " NOT NULL" } else { "" }
            );
            return match self.computes_on_read() {
                true => vec![brief(sql)],
                false => vec![Piece { scans: true, rewrites: true, ..Piece::brief(sql, WHOLE) }],
            };
        }
        one(columns.iter().map(|column| {
            let add = add_column(Database::Postgres, table, column);
            // In one transaction: whoever inserts without the column from now on gets the default.
            let volatile = column.is_volatile(Database::Postgres);
            if volatile { format!("{add}\n{}", set_default(table, column)) } else { add }
        }))
    }

    fn computes_on_read(&self) -> bool {
        self.not_null == NotNull::Catalogued
    }

    /// Whether NOT NULL comes and goes with the column that this change adds, so that no step sets or drops it.
    fn is_born_not_null(&self, change: &Change, column: &Column) -> bool {
        change.has(Act::Add) && !column.generated.is_nowhere() && !self.computes_on_read()
    }

    fn set_not_null(&self, table: &str, column: &Column) -> Vec<Piece> {
        let alter = alter(table);
        let constraint = quote(&proof(table, &column.name));
        let name = quote(&column.name);
        let validate = validate(&alter, &constraint);
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

fn validate(alter: &str, constraint: &str) -> Piece {
    let sql = format!("{alter} VALIDATE CONSTRAINT {constraint};");
    Piece { scans: true, ..Piece::brief(sql, SCAN) }
}

fn set_default(table: &str, column: &Column) -> String {
    let alter = format!("{} ALTER COLUMN {}", alter(table), quote(&column.name));
    match column.default_on(Database::Postgres) {
        Some(default) => format!("{alter} SET DEFAULT {default};"),
        None => format!("{alter} DROP DEFAULT;"),
    }
}

fn make_or_drop(table: &str, one: &Index, makes: bool) -> Piece {
    let sql = match makes {
        true => index(Database::Postgres, table, one, "CONCURRENTLY "),
        false => format!("DROP INDEX CONCURRENTLY IF EXISTS {};", quote(&one.name)),
    };
    concurrently(sql, &one.name, makes)
}

/// Makes a constraint without a scan under a strong lock, or drops it; dropping takes back a half-done making
/// too. A half-made UNIQUE is an index.
fn guard(table: &str, one: &Constraint, makes: bool) -> Vec<Piece> {
    let (alter, name) = (alter(table), quote(&one.name));
    let drop = format!("{alter} DROP CONSTRAINT IF EXISTS {name};");
    let added = format!("{alter} ADD {} NOT VALID;", constraint(Database::Postgres, one));
    match (&one.guard, makes) {
        (Guard::Unique { columns }, true) => vec![
            concurrently(
                format!(
                    "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {} ({});",
                    quote(table),
                    names(columns)
                ),
                &one.name,
                true,
            ),
            brief(format!("{alter} ADD CONSTRAINT {name} UNIQUE USING INDEX {name};")),
        ],
        (Guard::Unique { .. }, false) => {
            vec![brief(format!("{drop}\nDROP INDEX IF EXISTS {name};"))]
        }
        (Guard::Check { .. }, true) => vec![brief(added), validate(&alter, &name)],
        (Guard::Check { .. }, false) => vec![brief(drop)],
        (Guard::References { .. }, true) => {
            vec![Piece::brief(added, BOTH), validate(&alter, &name)]
        }
        (Guard::References { .. }, false) => vec![Piece::brief(drop, APART)],
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
    Piece::brief(sql, TYPE)
}

/// In a transaction since PostgreSQL 12, as long as nothing in it uses the value. It is there already where it
/// was retired, or taken back, before.
fn add_value(one: &EnumType) -> Piece {
    let add = |value: &EnumValue| {
        format!("ALTER TYPE {} ADD VALUE IF NOT EXISTS {};", one.name, literal(&value.name))
    };
    let sql = one.values.iter().map(add).collect::<Vec<_>>().join("\n");
    Piece::brief(sql, TYPE)
}

fn create(table: &Table) -> String {
    create_table(Database::Postgres, table, |column| define(table, column), true)
}

fn define(table: &Table, column: &Column) -> String {
    let mut line = format!("    {} {}", quote(&column.name), sql_type(Database::Postgres, column));
    line.push_str(&generated(Database::Postgres, column, "STORED").unwrap_or_default());
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
