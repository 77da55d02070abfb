//! What a database is told: the SQL of every step, as pure functions, one file a database.
//!
//! SQL that changes schemas or fills rows is written here and nowhere else. A [`Dialect`] is a database
//! at one level of ability; a server's version picks one ([`for_server`]), and a migration carries SQL
//! for each of them, so that what was reviewed is what runs.

pub mod archive;
pub mod mysql;
pub mod postgres;
pub mod sqlite;
pub mod trial;

use crate::backfill::{Fill, KeyColumn, Pace};
use crate::ident::{quote, shortened};
use crate::migration::{Alone, Change};
use crate::problem::Problem;
use crate::protocol::Act;
use crate::schema::{Column, Constraint, Guard, Index, IndexKey, Table};
use crate::types::Database;
use sqlite::rebuild::Alteration;

/// Which way a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Forwards.
    Up,
    /// Back.
    Down,
}

/// The statements of one step in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// There are none.
    Nothing,
    /// Known in advance, a transaction each.
    Fixed(Vec<Piece>),
    /// They depend on the live catalog and are made when they run.
    Live {
        /// What it locks, and for how long.
        lock: &'static str,
    },
}

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its statements, each ending in `;`.
    pub sql: String,
    /// What it locks, and for how long.
    pub lock: &'static str,
    /// Whether it reads the whole table, and so may take long.
    pub scans: bool,
    /// Whether it rewrites the whole table while nobody else can use it.
    pub rewrites: bool,
    /// What it makes or drops, where no transaction can do that.
    pub alone: Option<Alone>,
}

impl Piece {
    /// Statements of metadata only.
    fn brief(sql: String, lock: &'static str) -> Piece {
        Piece { sql, lock, scans: false, rewrites: false, alone: None }
    }
}

/// A database at one level of ability.
pub trait Dialect: Send + Sync {
    /// Which database.
    fn database(&self) -> Database;

    /// The name of the folder with this dialect's files; the one of the database, or one that holds
    /// only the steps that differ.
    fn name(&self) -> &'static str;

    /// Whether a schema statement is undone with its transaction; otherwise it commits by itself.
    fn is_transactional(&self) -> bool {
        true
    }

    /// The statements of one step. Those of [`Direction::Down`] can be run from any point inside it.
    fn script(&self, act: Act, change: &Change, direction: Direction) -> Script;

    /// What a step that is made from the live catalog alters, one after the other.
    fn alterations(&self, _act: Act, _change: &Change, _direction: Direction) -> Vec<Alteration> {
        Vec::new()
    }

    /// Drops what an interrupted making of an index left behind, outside of a transaction too; nothing where none
    /// leaves anything behind.
    fn sweep_index(&self, index: &str) -> Option<String> {
        Some(format!("DROP INDEX IF EXISTS {}", quote(index)))
    }

    /// The same statement in the next best way in which everybody reads and writes meanwhile, for a server that does not
    /// do it in the way that it names; nothing where no such way is left.
    fn next_best(&self, _sql: &str) -> Option<String> {
        None
    }

    /// What a schema statement that is not done at once holds on this server beyond its table, for as long as it runs;
    /// nothing where it holds nothing more. Then [`Dialect::next_best`] has consent by name.
    fn stall(&self) -> Option<&'static str> {
        None
    }

    /// What of a change this server cannot do, whatever the rows are; asked before anything is changed.
    fn refusal(&self, _change: &Change) -> Option<Problem> {
        None
    }

    /// Whether one value is not the other, where NULL is like NULL only.
    fn differs(&self, one: &str, other: &str) -> String {
        format!("{one} IS DISTINCT FROM {other}")
    }

    /// A parameter that holds one key column, cast to its type.
    fn key_parameter(&self, number: usize, sql_type: &str) -> String;

    /// A key column as it is read into the ledger.
    fn key_output(&self, column: &str, sql_type: &str) -> String;

    /// What a program that does not use colmig can hide from this database's gates; empty if nothing.
    fn blind_spot(&self) -> &'static str;

    /// How long a batch should take: a writer that meets it waits about as long.
    fn pace(&self) -> Pace {
        Pace::USUAL
    }

    /// The last key of the next batch of `limit` rows after the cursor.
    fn batch_end(&self, fill: &Fill, after: bool, limit: u64) -> String {
        let inner: Vec<_> = fill
            .key
            .iter()
            .enumerate()
            .map(|(i, k)| format!("{} AS k{i}", quote(&k.name)))
            .collect();
        let order = |table: &str, way: &str| {
            let columns = (0..fill.key.len()).map(|i| format!("{table}k{i}{way}"));
            columns.collect::<Vec<_>>().join(", ")
        };
        let typed = fill.key.iter().enumerate();
        let outer: Vec<_> =
            typed.map(|(i, k)| self.key_output(&format!("b.k{i}"), &k.sql_type)).collect();
        let keys: Vec<_> = fill.key.iter().map(|k| quote(&k.name)).collect();
        let filter = if after {
            format!(" WHERE {}", self.beyond(&fill.key, ">", 1))
        } else {
            String::new()
        };
        format!(
            "SELECT {} FROM (SELECT {} FROM {}{filter} ORDER BY {} LIMIT {limit}) AS b ORDER BY {} LIMIT 1",
            outer.join(", "),
            inner.join(", "),
            quote(&fill.table),
            keys.join(", "),
            order("b.", " DESC"),
        )
    }

    /// Fills the rows after the cursor, up to and with the end of the batch, that need it.
    fn batch(&self, fill: &Fill, after: bool) -> String {
        let lower =
            if after { format!("{} AND ", self.beyond(&fill.key, ">", 1)) } else { String::new() };
        let first = if after { fill.key.len() + 1 } else { 1 };
        format!(
            "UPDATE {} SET {} WHERE {lower}{} AND {}",
            quote(&fill.table),
            fill.assignments(),
            self.beyond(&fill.key, "<=", first),
            fill.condition("", self.database()),
        )
    }

    /// How many rows still need it.
    fn unfilled(&self, fill: &Fill) -> String {
        self.needing(fill, "count(*)")
    }

    /// The rows that still need it: how many, by `count(*)`, or which, by their key.
    fn needing(&self, fill: &Fill, what: &str) -> String {
        // Qualified: SQLite takes a quoted name that no column has for a text.
        let table = quote(&fill.table);
        let condition = fill.condition(&format!("{table}."), self.database());
        format!("SELECT {what} FROM {table} WHERE {condition}")
    }

    /// Rows whose value would be NULL and must not be, however often the table is walked: how many, by `count(*)`,
    /// or which, by their key.
    fn hopeless(&self, fill: &Fill, what: &str) -> Option<String> {
        let table = quote(&fill.table);
        let condition = fill.hopeless(&format!("{table}."), self.database())?;
        Some(format!("SELECT {what} FROM {table} WHERE {condition}"))
    }

    /// `(a, b) > ($1, $2)`, over the key columns.
    fn beyond(&self, key: &[KeyColumn], operator: &str, first: usize) -> String {
        let columns: Vec<_> = key.iter().map(|k| quote(&k.name)).collect();
        let values: Vec<_> =
            (first..).zip(key).map(|(n, k)| self.key_parameter(n, &k.sql_type)).collect();
        match (columns.as_slice(), values.as_slice()) {
            ([column], [value]) => format!("{column} {operator} {value}"),
            _ => format!("({}) {operator} ({})", columns.join(", "), values.join(", ")),
        }
    }
}

/// Every dialect of one database, the plainest first.
pub fn dialects(database: Database) -> &'static [&'static dyn Dialect] {
    match database {
        Database::Postgres => &[&postgres::BY_CHECK, &postgres::CATALOGUED],
        Database::Sqlite => &[&sqlite::SQLITE],
        Database::Mysql => &[&mysql::MYSQL, &mysql::MARIADB],
    }
}

/// Whether one value is not the other on a database, where NULL is like NULL only.
pub fn differs(database: Database, one: &str, other: &str) -> String {
    dialects(database)[0].differs(one, other)
}

/// The dialect of a server by its major version, or why it is not supported.
pub fn for_server(database: Database, version: &str) -> Result<&'static dyn Dialect, Problem> {
    match database {
        Database::Postgres => postgres::for_server(version),
        Database::Sqlite => Ok(&sqlite::SQLITE),
        Database::Mysql => mysql::for_server(version),
    }
}

/// The dialect of a server that is a node of a Galera cluster, or why it is not supported. It runs the files of its
/// database: what differs is what they hold.
pub fn for_node(version: &str) -> Result<&'static dyn Dialect, Problem> {
    mysql::for_node(version)
}

/// What a schema statement that is not done at once holds in a Galera cluster, if that runs the files of this dialect: its
/// own, or those of its database where a step has none of its own. For who plans without a server.
pub fn stall_in_cluster<'d>(
    dialect: &str,
    mut all: impl Iterator<Item = &'d String>,
) -> Option<&'static str> {
    let cluster: &dyn Dialect = &mysql::GALERA;
    let has_own = all.any(|other| other == cluster.name());
    let runs = if has_own { cluster.name() } else { cluster.database().word() };
    cluster.stall().filter(|_| dialect == runs)
}

/// The name of the index that a change's step `index` makes: its own, or the unique one of the key that comes, until
/// that is the key.
pub fn made_index(change: &Change) -> Option<String> {
    match (change.key.is_empty(), change.column()) {
        (false, Some(column)) => {
            Some(shortened(&format!("{}_{}", change.table, column.name), "_colmig_key"))
        }
        _ => change.indexes.first().map(|one| one.name.clone()),
    }
}

/// `ALTER TABLE "t" `, the beginning of most of it.
fn alter(table: &str) -> String {
    format!("ALTER TABLE {}", quote(table))
}

/// The type of a column on one database; a type that it cannot hold was refused long before.
fn sql_type(database: Database, column: &Column) -> &str {
    column.ty.on(database).unwrap_or("text")
}

/// Adds a column that is nullable, or has a constant default, which is kept: neither database rewrites
/// the table for that (PostgreSQL since 11).
fn add_column(database: Database, table: &str, column: &Column) -> String {
    let definition = match column.default_on(database) {
        _ if column.is_volatile(database) => String::new(),
        Some(default) if !column.optional() => format!(" NOT NULL DEFAULT {default}"),
        Some(default) => format!(" DEFAULT {default}"),
        None => String::new(),
    };
    let (name, sql_type) = (quote(&column.name), sql_type(database, column));
    format!("{} ADD COLUMN {name} {sql_type}{definition};", alter(table))
}

/// Drops a column.
fn drop_column(table: &str, column: &Column) -> String {
    format!("{} DROP COLUMN {};", alter(table), quote(&column.name))
}

/// Creates a table from the definitions of its columns, its key where no column has it already, and what it
/// guards; then its indexes. Nobody uses the table yet, so nothing has to be done with care.
fn create_table(
    database: Database,
    table: &Table,
    define: impl Fn(&Column) -> String,
    key: bool,
) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(define).collect();
    if key {
        lines.push(format!("    PRIMARY KEY ({})", names(&table.primary_key)));
    }
    let (by_index, within): (Vec<_>, Vec<_>) =
        table.constraints.iter().partition(|one| is_index(database, one));
    lines.extend(within.into_iter().map(|one| format!("    {}", constraint(database, one))));
    let create = format!("CREATE TABLE {} (\n{}\n);", quote(&table.name), lines.join(",\n"));
    let unique = by_index.into_iter().map(|one| unique_index(&table.name, one));
    let indexes = table.indexes.iter().map(|one| index(database, &table.name, one, ""));
    [create].into_iter().chain(unique).chain(indexes).collect::<Vec<_>>().join("\n")
}

/// Whether a database has this constraint as an index: SQLite's UNIQUE, which can come and go that way without a
/// rebuild, and can be pointed at by a foreign key all the same.
fn is_index(database: Database, constraint: &Constraint) -> bool {
    database == Database::Sqlite && matches!(constraint.guard, Guard::Unique { .. })
}

fn unique_index(table: &str, constraint: &Constraint) -> String {
    let columns = match &constraint.guard {
        Guard::Unique { columns } => names(columns),
        _ => String::new(),
    };
    format!("CREATE UNIQUE INDEX {} ON {} ({columns});", quote(&constraint.name), quote(table))
}

fn names(columns: &[String]) -> String {
    columns.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

/// What follows a column's type where the database computes it. In a new table it is stored, since that is what
/// every supported version has.
fn generated(database: Database, column: &Column, kept: &str) -> Option<String> {
    let expression = column.generated.on(database)?;
    Some(format!(" GENERATED ALWAYS AS ({expression}) {kept}"))
}

/// The indexes that go with a column: named, since neither database would say that they are gone, and SQLite
/// refuses to drop a column that an index speaks of.
fn drop_indexes(indexes: &[Index]) -> String {
    let drop = |index: &Index| format!("DROP INDEX IF EXISTS {};\n", quote(&index.name));
    indexes.iter().map(drop).collect()
}

/// `CONSTRAINT "name" …`, as a table's definition and `ALTER TABLE ADD` have it.
fn constraint(database: Database, constraint: &Constraint) -> String {
    let guard = match &constraint.guard {
        Guard::Unique { columns } => format!("UNIQUE ({})", names(columns)),
        Guard::Check { expression } => {
            format!("CHECK ({})", expression.on(database).unwrap_or("true"))
        }
        Guard::References { column, table, target, on_delete } => {
            let (column, table, target) = (quote(column), quote(table), quote(target));
            let and = match on_delete.as_str() {
                "" => String::new(),
                word => format!(" ON DELETE {}", word.to_uppercase()),
            };
            format!("FOREIGN KEY ({column}) REFERENCES {table} ({target}){and}")
        }
    };
    format!("CONSTRAINT {} {guard}", quote(&constraint.name))
}

/// `how` stands behind `CREATE INDEX `.
fn index(database: Database, table: &str, index: &Index, how: &str) -> String {
    let keys = index_keys(database, index);
    let only = index.predicate.on(database).map(|text| format!(" WHERE {text}"));
    let (name, table, only) = (quote(&index.name), quote(table), only.unwrap_or_default());
    format!("CREATE INDEX {how}{name} ON {table} ({keys}){only};")
}

/// What an index sorts by, in order. MySQL wants an expression in two pairs of parentheses.
fn index_keys(database: Database, index: &Index) -> String {
    let keys = index.keys.iter().map(|key| match key {
        IndexKey::Up(name) => quote(name),
        IndexKey::Down(name) => format!("{} DESC", quote(name)),
        IndexKey::Expression(text) => {
            let text = text.on(database).unwrap_or("NULL");
            if database == Database::Mysql { format!("(({text}))") } else { format!("({text})") }
        }
    });
    keys.collect::<Vec<_>>().join(", ")
}

/// Drops a table.
fn drop_table(table: &str) -> String {
    format!("DROP TABLE {};", quote(table))
}
