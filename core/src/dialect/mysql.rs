//! MySQL and MariaDB, with InnoDB.
//!
//! A schema statement commits by itself there, and what it changes is in no transaction: so each stands alone, and what
//! it makes or drops is looked for in the catalog before it is run again ([`crate::migration::Alone`]). Every ALTER
//! names its algorithm and its lock, so that the server refuses (1845, 1846) rather than copies a table while nobody can
//! write.
//!
//! Names stand between double quotes, and texts between single ones, as everywhere: the sessions of colmig set the SQL
//! mode for it.

pub mod column;
pub mod rights;

use super::{Dialect, Direction, Piece, Script, constraint, index_keys, names, sql_type};
use crate::backfill::Pace;
use crate::default::is_now;
use crate::ident::quote;
use crate::migration::{Alone, Change, Thing};
use crate::problem::{NOT_SUPPORTED, Problem, SERVER_UNSUPPORTED};
use crate::protocol::Act;
use crate::schema::{Column, Constraint, Guard, Index, IndexKey, Table};
use crate::types::Database;

use super::sqlite::rebuild::Alteration;

/// One of the two, which understand the same but for what is said here.
pub(super) struct Mysql {
    name: &'static str,
    /// What metadata only changes are told: MySQL takes no LOCK there (1221).
    instant: &'static str,
    /// How an index goes: MariaDB tells apart what rebuilds the table from what does not.
    no_copy: &'static str,
    /// Whether an index may hold what is computed.
    indexes_expressions: bool,
    /// Whether it is a node of a Galera cluster.
    cluster: bool,
}

/// MySQL.
pub(super) const MYSQL: Mysql = Mysql {
    name: "mysql",
    instant: "ALGORITHM=INSTANT",
    no_copy: "ALGORITHM=INPLACE, LOCK=NONE",
    indexes_expressions: true,
    cluster: false,
};

/// MariaDB.
pub(super) const MARIADB: Mysql = Mysql {
    name: "mariadb",
    instant: "ALGORITHM=INSTANT, LOCK=NONE",
    no_copy: "ALGORITHM=NOCOPY, LOCK=NONE",
    indexes_expressions: false,
    cluster: false,
};

/// A node of a Galera cluster of MariaDB servers. A schema statement takes its place in the one order of all writes, and
/// every node executes it there: whatever comes behind it, on whichever table and node, waits until it is done. No lock
/// timeout bounds that, and transactions that are open on the table lose (1213).
pub(super) const GALERA: Mysql = Mysql { cluster: true, ..MARIADB };

/// What reads or rebuilds a table while everybody reads and writes it.
const IN_PLACE: &str = "ALGORITHM=INPLACE, LOCK=NONE";

const NEW: &str = "nothing: nobody uses the table yet";
const GONE: &str = "a metadata lock on the table, for milliseconds";
const INSTANT: &str = "a metadata lock on the table, for milliseconds: no row is touched";
const READS: &str = "a metadata lock on the table as it begins and as it ends, for milliseconds: the table is read in \
                     between, while reads and writes go on";
const REBUILDS: &str = "a metadata lock on the table as it begins and as it ends, for milliseconds: the table is rebuilt in \
                        between, while reads and writes go on";
const COPIES: &str = "writes, while the whole table is copied: reads go on";
const BOTH: &str = "a metadata lock on the table and on the one that it references, for milliseconds: the table gets an \
                    index first, while reads and writes go on";
const STALLS: &str = "every write of the whole cluster, of other tables too, while the table is read or rebuilt; leases that \
                      are not renewed for so long end";
const LOOKS: &str = "nothing: the table is read as it was when the reading began";

/// The dialect of a server, or why it is not supported.
pub(super) fn for_server(version: &str) -> Result<&'static dyn Dialect, Problem> {
    let is_maria = version.contains("MariaDB");
    let numbers: Vec<u32> = version
        .split(|c: char| !c.is_ascii_digit())
        .take(3)
        .map(|number| number.parse().unwrap_or(0))
        .collect();
    let oldest: &[u32] = if is_maria { &[10, 6] } else { &[8, 0, 29] };
    if numbers.as_slice() >= oldest {
        return Ok(if is_maria { &MARIADB } else { &MYSQL });
    }
    Err(SERVER_UNSUPPORTED
        .problem(format!("the server is {version}, which colmig does not support"))
        .help("use MySQL 8.0.29 or later, or MariaDB 10.6 or later"))
}

/// The same of a node of a Galera cluster. One that is made of MySQL servers has not been tried, and goes by other rules.
pub(super) fn for_node(version: &str) -> Result<&'static dyn Dialect, Problem> {
    if version.contains("MariaDB") {
        return for_server(version).map(|_| &GALERA as &dyn Dialect);
    }
    Err(SERVER_UNSUPPORTED
        .problem(format!(
            "the server is {version} in a Galera cluster, which colmig does not support"
        ))
        .help("use a cluster of MariaDB 10.6 servers or later, or a server without wsrep"))
}

impl Dialect for Mysql {
    fn database(&self) -> Database {
        Database::Mysql
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn is_transactional(&self) -> bool {
        false
    }

    fn script(&self, act: Act, change: &Change, direction: Direction) -> Script {
        let (columns, table) = (change.targets(act), &change.table);
        let forth = direction == Direction::Up;
        if !self.alterations(act, change, direction).is_empty() {
            return Script::Live { lock: REBUILDS };
        }
        let pieces = match (act, forth) {
            (Act::CreateTable, true) => {
                let create = change.definition.iter().map(|table| (create(table), NEW));
                create.map(|(sql, lock)| alone(sql, lock, table_of(table), true)).collect()
            }
            (Act::CreateTable, false) | (Act::DropTable, true) => {
                vec![alone(super::drop_table(table), GONE, table_of(table), false)]
            }
            (Act::Add, true) => self.add(table, columns),
            (Act::Add, false) => self.drop(table, columns).into_iter().collect(),
            (Act::Drop, true) => {
                let indexes = change.indexes.iter().map(|one| self.drop_index(table, &one.name));
                indexes.chain(self.drop(table, columns)).collect()
            }
            (Act::Index | Act::Unindex, _) => {
                let makes = (act == Act::Index) == forth;
                let one = |one: &Index| match makes {
                    true => self.add_index(table, one),
                    false => self.drop_index(table, &one.name),
                };
                change.indexes.iter().map(one).collect()
            }
            (Act::Default, _) => {
                let before = change.former.as_slice();
                let columns = if forth { columns } else { before };
                columns.iter().map(|column| self.set_default(table, column)).collect()
            }
            (Act::Enforce | Act::Relax, _) => {
                let makes = (act == Act::Enforce) == forth;
                change.constraint.iter().flat_map(|one| self.guard(table, one, makes)).collect()
            }
            _ => Vec::new(),
        };
        if pieces.is_empty() { Script::Nothing } else { Script::Fixed(pieces) }
    }

    /// NOT NULL is a part of what MODIFY writes, which drops every attribute of a column that it does not repeat: the
    /// column is rendered whole from the catalog ([`column`]).
    fn alterations(&self, act: Act, change: &Change, direction: Direction) -> Vec<Alteration> {
        let is_about_null = matches!(act, Act::Enforce | Act::Relax) && change.constraint.is_none();
        let required = (act == Act::Enforce) == (direction == Direction::Up);
        let columns = change.targets(act).iter().filter(|column| !column.optional());
        let columns = columns.filter(|column| is_about_null && column.generated.is_nowhere());
        columns
            .map(|column| Alteration::NotNull { column: column.name.clone(), required })
            .collect()
    }

    /// There is no `IF EXISTS` in MySQL, and nothing of an index that was not made to its end stays behind.
    fn sweep_index(&self, _index: &str) -> Option<String> {
        None
    }

    /// A column with an index does not go at once, nor one of a table that had so many instant changes that InnoDB
    /// counts no more of them (4092). What nobody writes during is never chosen here.
    fn next_best(&self, sql: &str) -> Option<String> {
        let (sql, ways) = (sql.trim_end(), [self.instant, self.no_copy, IN_PLACE]);
        let named = ways.iter().position(|way| sql.ends_with(&format!(", {way};")))?;
        let (head, way) = (sql.strip_suffix(&format!("{};", ways[named]))?, ways[named]);
        let next = ways[named..].iter().find(|other| **other != way)?;
        Some(format!("{head}{next};"))
    }

    fn stall(&self) -> Option<&'static str> {
        self.cluster.then_some(STALLS)
    }

    /// Nodes apply a batch in one piece: while they do, everybody's writes queue behind it.
    fn pace(&self) -> Pace {
        if self.cluster { Pace { max: 1_000, ..Pace::USUAL } } else { Pace::USUAL }
    }

    fn refusal(&self, change: &Change) -> Option<Problem> {
        let made = change.definition.iter().flat_map(|table| &table.indexes);
        let computes = |key: &IndexKey| matches!(key, IndexKey::Expression(_));
        let mut indexes = change.indexes.iter().chain(made);
        let index = indexes.find(|one| one.keys.iter().any(computes))?;
        let refused = NOT_SUPPORTED
            .problem(format!("MariaDB has no index over an expression, and `{}` is one", index.name))
            .at(change.title())
            .help("declare a column that is `generated` by the expression, and an index over that column");
        Some(refused).filter(|_| !self.indexes_expressions)
    }

    fn differs(&self, one: &str, other: &str) -> String {
        format!("NOT ({one} <=> {other})")
    }

    /// Keys travel as text, and bytes in hexadecimal digits. A number has to be one again: as text it would be compared
    /// as a float, and large ones would be taken for equal.
    fn key_parameter(&self, number: usize, sql_type: &str) -> String {
        match kind(sql_type) {
            KeyKind::Signed => format!("CAST(${number} AS SIGNED)"),
            KeyKind::Unsigned => format!("CAST(${number} AS UNSIGNED)"),
            KeyKind::Decimal => format!("CAST(${number} AS DECIMAL(65,30))"),
            KeyKind::Moment => format!("CAST(${number} AS DATETIME(6))"),
            KeyKind::Bytes => format!("UNHEX(${number})"),
            KeyKind::Text => format!("${number}"),
        }
    }

    fn key_output(&self, column: &str, sql_type: &str) -> String {
        match kind(sql_type) {
            KeyKind::Bytes => format!("HEX({column})"),
            _ => format!("CAST({column} AS CHAR)"),
        }
    }

    fn blind_spot(&self) -> &'static str {
        ""
    }
}

/// How a key travels.
enum KeyKind {
    Signed,
    Unsigned,
    Decimal,
    Moment,
    Bytes,
    Text,
}

fn kind(sql_type: &str) -> KeyKind {
    let sql_type = sql_type.to_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| sql_type.starts_with(word));
    match () {
        () if is(&["tinyint", "smallint", "mediumint", "int", "bigint"]) => {
            if sql_type.contains("unsigned") { KeyKind::Unsigned } else { KeyKind::Signed }
        }
        () if is(&["decimal", "numeric"]) => KeyKind::Decimal,
        () if is(&["datetime", "timestamp"]) => KeyKind::Moment,
        () if is(&["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]) => {
            KeyKind::Bytes
        }
        () => KeyKind::Text,
    }
}

impl Mysql {
    fn alter(&self, table: &str, clauses: &[String], how: &str) -> String {
        format!("ALTER TABLE {} {}, {how};", quote(table), clauses.join(", "))
    }

    /// A nullable column, or one with a constant default, which is kept: no row is touched. Without a default a
    /// column that is NOT NULL would give every row '' or 0, so that never happens here. One with a default of each
    /// row's own gets it in a second statement, for who inserts without the column from then on.
    fn add(&self, table: &str, columns: &[Column]) -> Vec<Piece> {
        let define = |column: &Column| format!("ADD COLUMN {}", added(column));
        let clauses: Vec<_> = columns.iter().map(define).collect();
        let Some(first) = columns.first() else { return Vec::new() };
        let sql = self.alter(table, &clauses, self.instant);
        let added = alone(sql, INSTANT, Thing::Column(first.name.clone()), true);
        let volatile = columns.iter().filter(|column| column.is_volatile(Database::Mysql));
        [added].into_iter().chain(volatile.map(|one| self.set_default(table, one))).collect()
    }

    fn drop(&self, table: &str, columns: &[Column]) -> Option<Piece> {
        let first = columns.first()?;
        let clauses: Vec<_> =
            columns.iter().map(|column| format!("DROP COLUMN {}", quote(&column.name))).collect();
        let sql = self.alter(table, &clauses, self.instant);
        Some(alone(sql, INSTANT, Thing::Column(first.name.clone()), false))
    }

    /// One that may be NULL has to say so: without any default, an insert that does not name it fails (1364).
    fn set_default(&self, table: &str, column: &Column) -> Piece {
        let name = quote(&column.name);
        let clause = match (default(column), column.optional()) {
            (Some(default), _) => format!("ALTER COLUMN {name} SET DEFAULT {default}"),
            (None, true) => format!("ALTER COLUMN {name} SET DEFAULT NULL"),
            (None, false) => format!("ALTER COLUMN {name} DROP DEFAULT"),
        };
        let sql = self.alter(table, &[clause], self.instant);
        alone(sql, INSTANT, Thing::Default(column.name.clone()), true)
    }

    fn add_index(&self, table: &str, one: &Index) -> Piece {
        let keys = index_keys(Database::Mysql, one);
        let clause = format!("ADD INDEX {} ({keys})", quote(&one.name));
        let sql = self.alter(table, &[clause], self.no_copy);
        Piece { scans: true, ..alone(sql, READS, Thing::Index(one.name.clone()), true) }
    }

    fn drop_index(&self, table: &str, name: &str) -> Piece {
        let sql = self.alter(table, &[format!("DROP INDEX {}", quote(name))], self.no_copy);
        alone(sql, INSTANT, Thing::Index(name.to_owned()), false)
    }

    fn guard(&self, table: &str, one: &Constraint, makes: bool) -> Vec<Piece> {
        let name = quote(&one.name);
        let thing = || match one.guard {
            Guard::Unique { .. } => Thing::Index(one.name.clone()),
            Guard::Check { .. } | Guard::References { .. } => Thing::Constraint(one.name.clone()),
        };
        match (&one.guard, makes) {
            (Guard::Unique { columns }, true) => {
                let clause = format!("ADD UNIQUE INDEX {name} ({})", names(columns));
                let sql = self.alter(table, &[clause], self.no_copy);
                vec![Piece { scans: true, ..alone(sql, READS, thing(), true) }]
            }
            (Guard::Unique { .. }, false) => vec![self.drop_index(table, &one.name)],
            (Guard::Check { .. }, true) => {
                let clause = format!("ADD {}", constraint(Database::Mysql, one));
                let sql = self.alter(table, &[clause], "ALGORITHM=COPY, LOCK=SHARED");
                let piece = alone(sql, COPIES, thing(), true);
                vec![Piece { scans: true, rewrites: true, ..piece }]
            }
            (Guard::Check { .. }, false) => {
                let clause = format!("DROP CONSTRAINT {name}");
                vec![alone(self.alter(table, &[clause], self.instant), INSTANT, thing(), false)]
            }
            (Guard::References { column, table: parent, target, .. }, true) => {
                let clause = format!("ADD {}", constraint(Database::Mysql, one));
                let alter = self.alter(table, &[clause], IN_PLACE);
                let sql =
                    format!("SET foreign_key_checks = 0;\n{alter}\nSET foreign_key_checks = 1;");
                let made = Piece { scans: true, ..alone(sql, BOTH, thing(), true) };
                vec![made, orphans(table, column, parent, target)]
            }
            // The server made an index for it, which does not go with it.
            (Guard::References { .. }, false) => {
                let clause = format!("DROP FOREIGN KEY {name}");
                let sql = self.alter(table, &[clause], IN_PLACE);
                vec![alone(sql, INSTANT, thing(), false), self.drop_index(table, &one.name)]
            }
        }
    }
}

/// With checks on, the server would copy the table to add a foreign key. So it is added without a look at the rows that
/// are there, holds for every write from then on, and the rows are looked at afterwards: this fails where one has no
/// parent.
fn orphans(table: &str, column: &str, parent: &str, target: &str) -> Piece {
    let (table, column) = (quote(table), quote(column));
    let (parent, target) = (quote(parent), quote(target));
    let sql = format!(
        "-- Fails where a row has no parent: a subquery of two rows is no value.\n\
         SELECT CASE WHEN EXISTS (SELECT 1 FROM {table} AS child WHERE child.{column} IS NOT NULL\n\
         \x20   AND NOT EXISTS (SELECT 1 FROM {parent} AS parent WHERE parent.{target} = child.{column}))\n\
         \x20 THEN (SELECT 1 UNION ALL SELECT 2) ELSE 1 END;"
    );
    Piece { scans: true, ..Piece::brief(sql, LOOKS) }
}

fn table_of(table: &str) -> Thing {
    Thing::Table(table.to_owned())
}

fn alone(sql: String, lock: &'static str, thing: Thing, comes: bool) -> Piece {
    Piece { alone: Some(Alone { thing, comes }), ..Piece::brief(sql, lock) }
}

/// A column as it is added to a table that may have rows.
fn added(column: &Column) -> String {
    let (name, sql_type) = (quote(&column.name), sql_type(Database::Mysql, column));
    let rest = match default(column) {
        _ if !column.generated.is_nowhere() => computed(column),
        Some(_) if column.is_volatile(Database::Mysql) => String::new(),
        Some(default) if !column.optional() => format!(" NOT NULL DEFAULT {default}"),
        Some(default) => format!(" DEFAULT {default}"),
        None => String::new(),
    };
    format!("{name} {sql_type}{rest}")
}

/// Computed when it is read: for a stored one the table would be copied.
fn computed(column: &Column) -> String {
    super::generated(Database::Mysql, column, "VIRTUAL").unwrap_or_default()
}

/// An expression that is no literal stands in parentheses. The moment has the precision of its column, or the server
/// does not take it.
fn default(column: &Column) -> Option<String> {
    let text = column.default_on(Database::Mysql)?;
    if is_now(text) {
        let precise = sql_type(Database::Mysql, column).ends_with("(6)");
        return Some(format!("CURRENT_TIMESTAMP{}", if precise { "(6)" } else { "" }));
    }
    let bare = !column.is_volatile(Database::Mysql) || text.starts_with('(') && text.ends_with(')');
    Some(if bare { text.to_owned() } else { format!("({text})") })
}

/// One statement, indexes and all: nothing of it can be left half-made.
fn create(table: &Table) -> String {
    let columns = table.columns.iter().map(|column| format!("    {}", define(table, column)));
    let key = [format!("    PRIMARY KEY ({})", names(&table.primary_key))];
    let guards = table.constraints.iter().map(|one| match &one.guard {
        Guard::Unique { columns } => {
            format!("    UNIQUE INDEX {} ({})", quote(&one.name), names(columns))
        }
        _ => format!("    {}", constraint(Database::Mysql, one)),
    });
    let indexes = table.indexes.iter().map(|one| {
        format!("    INDEX {} ({})", quote(&one.name), index_keys(Database::Mysql, one))
    });
    let key = key.into_iter().filter(|_| !table.primary_key.is_empty());
    let lines: Vec<_> = columns.chain(key).chain(guards).chain(indexes).collect();
    format!(
        "CREATE TABLE {} (\n{}\n) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;",
        quote(&table.name),
        lines.join(",\n")
    )
}

fn define(table: &Table, column: &Column) -> String {
    let mut line = format!("{} {}", quote(&column.name), sql_type(Database::Mysql, column));
    line.push_str(&computed(column));
    if !column.optional() && column.generated.is_nowhere() {
        line.push_str(" NOT NULL");
    }
    if let Some(default) = default(column) {
        line.push_str(&format!(" DEFAULT {default}"));
    } else if column.auto && table.primary_key.contains(&column.name) {
        line.push_str(" AUTO_INCREMENT");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_done_at_once_is_done_in_place_and_never_by_a_copy() {
        let ways = |dialect: &Mysql, sql: &str| {
            std::iter::successors(Some(sql.to_owned()), |sql| dialect.next_best(sql))
                .map(|sql| sql.trim_end().rsplit_once(" x, ").expect("a clause").1.to_owned())
                .collect::<Vec<_>>()
        };
        let drop = |how: &str| format!("ALTER TABLE \"t\" DROP COLUMN x, {how};\n");
        assert_eq!(
            ways(&MYSQL, &drop(MYSQL.instant)),
            ["ALGORITHM=INSTANT;", "ALGORITHM=INPLACE, LOCK=NONE;"]
        );
        assert_eq!(
            ways(&MARIADB, &drop(MARIADB.instant)),
            [
                "ALGORITHM=INSTANT, LOCK=NONE;",
                "ALGORITHM=NOCOPY, LOCK=NONE;",
                "ALGORITHM=INPLACE, LOCK=NONE;"
            ]
        );
        assert_eq!(MYSQL.next_best(&drop("ALGORITHM=COPY, LOCK=SHARED")), None);
    }

    #[test]
    fn a_node_of_a_cluster_runs_the_same_files_and_holds_more() {
        let node = for_node("11.8.9-MariaDB").expect("it is supported");
        assert_eq!(node.name(), "mariadb");
        assert!(node.stall().is_some() && MARIADB.stall().is_none());
        assert_eq!((node.pace().max, MARIADB.pace().max), (1_000, 20_000));
        for other in ["8.0.36-28.1", "10.5.29-MariaDB"] {
            let refused = for_node(other).map(|dialect| dialect.name());
            assert_eq!(refused.map_err(|problem| problem.code), Err(SERVER_UNSUPPORTED), "{other}");
        }
    }

    #[test]
    fn a_version_is_supported_or_says_what_is() {
        let name = |version: &str| for_server(version).map(|dialect| dialect.name());
        assert_eq!(name("8.0.29"), Ok("mysql"));
        assert_eq!(name("9.7.4-debug"), Ok("mysql"));
        assert_eq!(name("10.6.0-MariaDB"), Ok("mariadb"));
        assert_eq!(name("10.11.19-MariaDB-0+deb12u1"), Ok("mariadb"));
        assert_eq!(name("11.8.9-MariaDB"), Ok("mariadb"));
        for old in ["8.0.28", "5.7.44", "10.5.29-MariaDB"] {
            assert_eq!(name(old).map_err(|problem| problem.code), Err(SERVER_UNSUPPORTED), "{old}");
        }
    }
}
