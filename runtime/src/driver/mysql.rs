//! MySQL and MariaDB, live.

mod cluster;

use std::str::FromStr;
use std::time::Duration;

use colmig_core::admission::Refusal;
use colmig_core::backfill::KeyColumn;
use colmig_core::catalog::{Catalog, CatalogColumn, CatalogTable, Dependant, Fate, base_type};
use colmig_core::dialect::mysql::{column, rights};
use colmig_core::dialect::sqlite::rebuild::Alteration;
use colmig_core::dialect::{Dialect, for_node, for_server};
use colmig_core::gate::Session;
use colmig_core::migration::Thing;
use colmig_core::problem::{DENIED, POOLER, Problem, READ_ONLY, UNREACHABLE, UNSAFE};
use colmig_core::types::Database;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Executor, Row as _, SqlSafeStr, Statement, TypeInfo,
    ValueRef,
};

use self::cluster::Cluster;
use super::types;
use super::wire::Wire;
use super::{
    Answer, DbError, Driver, OldTransaction, Presence, Races, Row, SessionLock, Spelling, Trouble,
    Value, Work, Writer,
};
use crate::TableInfo;

/// What a session of ours understands: names between double quotes and `||` as everywhere, backslashes that mean
/// nothing, and no value that is silently cut or replaced.
const MODE: &str = "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES,\
    ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', foreign_key_checks = 1, autocommit = 1";

/// The clock in milliseconds. The moment of the statement's beginning will not do: it may have waited for a lock.
const NOW: &str = "CAST(floor(unix_timestamp(sysdate(6)) * 1000) AS SIGNED)";

/// How long a schema statement may queue for its metadata lock, in seconds: everybody behind it waits as long. MySQL
/// takes no less.
const LOCK_TIMEOUT: u32 = 1;

/// The lock of the one applier, of this database among those of the server; a name has at most 64 characters.
const LOCK: &str = "concat('colmig:', sha2(database(), 224))";

/// The lock that a session of ours holds, so that others know it for what it is. It ends with the session.
const OWN: &str = "concat('colmig-own:', connection_id())";

pub(crate) struct Mysql {
    connection: MySqlConnection,
    dialect: &'static dyn Dialect,
    /// The other servers, where there are any. A connection that somebody else opened does not lead to them.
    cluster: Option<Cluster>,
    /// Whether a transaction is open, and whether it, or the one before, has lost.
    within: bool,
    lost: bool,
}

impl Mysql {
    pub(crate) async fn connect(url: &str, _name: &str) -> crate::Result<Mysql> {
        let options = MySqlConnectOptions::from_str(url).map_err(|error| unreachable(&error))?;
        let options = options.disable_statement_logging();
        let connection = options.connect().await.map_err(|error| unreachable(&error))?;
        let mut driver = Mysql::adopt(connection).await?;
        driver.refuse_pooler().await?;
        driver.cluster = driver.is_cluster().then(|| Cluster::new(options));
        driver.rows(&format!("SELECT get_lock({OWN}, 0)"), &[]).await?;
        Ok(driver)
    }

    /// Takes over a connection that somebody opened.
    pub(crate) async fn adopt(mut connection: MySqlConnection) -> crate::Result<Mysql> {
        let version: String = sqlx::query_scalar("SELECT version()")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| unreachable(&error))?;
        let variables = WIRE.rows(&mut connection, cluster::VARIABLES, &[]).await?;
        let is_node = cluster::is_node(&variables);
        let dialect =
            if is_node { for_node(&version)? } else { for_server(Database::Mysql, &version)? };
        let mut driver = Mysql { connection, dialect, cluster: None, within: false, lost: false };
        driver.script(MODE).await?;
        if is_node {
            driver.script(cluster::SYNC).await?;
        }
        Ok(driver)
    }

    /// Remembers whether a transaction has lost with this statement.
    fn noticed<T>(&mut self, done: Result<T, DbError>) -> Result<T, DbError> {
        let lost = done.as_ref().is_err_and(|error| error.trouble == Trouble::Lost);
        self.lost = lost || self.within && self.lost;
        done
    }

    /// The rows of every server, each with the address of its own; in no cluster, with none.
    async fn everywhere(
        &mut self,
        sql: &str,
        parameters: &[Value],
    ) -> Result<Vec<(String, Row)>, DbError> {
        let own = self.rows(sql, parameters).await?;
        if !self.is_cluster() {
            return Ok(own.into_iter().map(|row| (String::new(), row)).collect());
        }
        let (sql, parameters) = in_order(sql, parameters);
        let Mysql { connection, cluster: Some(cluster), .. } = self else {
            return Err(DbError::other(
                "this connection does not lead to the cluster's other servers",
            ));
        };
        let address = cluster.own(connection).await;
        let others = cluster.ask(connection, &sql, &parameters).await;
        let (address, _) = self.noticed(address)?;
        let others = self.noticed(others)?;
        let all = [(address, own)].into_iter().chain(others);
        Ok(all
            .flat_map(|(node, rows)| rows.into_iter().map(move |row| (node.clone(), row)))
            .collect())
    }

    /// Whether somebody has the applier's lock on another server.
    async fn is_locked_elsewhere(&mut self) -> Result<bool, DbError> {
        let Mysql { connection, cluster: Some(cluster), .. } = self else { return Ok(false) };
        let sql = format!("SELECT coalesce(is_used_lock({LOCK}), 0)");
        let answers = cluster.ask(connection, &sql, &[]).await;
        let answers = self.noticed(answers)?;
        Ok(answers.iter().any(|(_, rows)| rows.iter().any(|row| row[0].int() != 0)))
    }

    async fn names(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<String>, DbError> {
        let rows = self.rows(sql, parameters).await?;
        Ok(rows.iter().map(|row| row[0].text().to_owned()).collect())
    }

    /// Without the privilege PROCESS the lists of sessions and transactions have our own only, and say nothing of it; a list
    /// that is never empty is empty then (MariaDB), or fails (MySQL). What cannot be seen is never taken for absent.
    async fn check_sight(&mut self) -> Result<(), DbError> {
        let sql =
            "SELECT count(*) FROM (SELECT 1 FROM information_schema.innodb_metrics LIMIT 1) AS one";
        match self.everywhere(sql, &[]).await {
            Ok(seen) if seen.iter().all(|(_, row)| row[0].int() == 1) => return Ok(()),
            Err(error) if error.trouble != Trouble::Denied => return Err(error),
            Ok(_) | Err(_) => {}
        }
        Err(DbError::verdict(
            DENIED
                .problem("this user does not see the sessions and transactions of others")
                .help("GRANT PROCESS ON *.* TO it: gates look at who is connected, and never assume that nobody is"),
        ))
    }

    /// What this user may do, by itself and by the roles that are active.
    async fn grants(&mut self) -> Result<Vec<String>, DbError> {
        let roles = self.names("SELECT coalesce(current_role(), '')", &[]).await?.concat();
        let is_mysql = self.dialect.name() == "mysql";
        let using = match roles.as_str() {
            "" | "NONE" => String::new(),
            // MariaDB tells what comes by a role unasked.
            roles if is_mysql => format!(" USING {roles}"),
            _ => String::new(),
        };
        self.names(&format!("SHOW GRANTS FOR current_user(){using}"), &[]).await
    }

    /// A table of an engine that has no transactions, or others than we know.
    async fn without_transactions(
        &mut self,
        tables: &[String],
    ) -> Result<Option<Problem>, DbError> {
        if tables.is_empty() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT table_name, engine FROM information_schema.tables
             WHERE table_schema = database() AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'
               AND table_name IN ({}) ORDER BY 1",
            list(tables.len())
        );
        let wanted: Vec<Value> = tables.iter().map(|table| table.as_str().into()).collect();
        let rows = self.rows(&sql, &wanted).await?;
        Ok(rows.first().map(|row| {
            let (table, engine) = (row[0].text(), row[1].text());
            UNSAFE
                .problem(format!("the table `{table}` is stored by {engine}, which has no transactions that colmig can rely on"))
                .at(table)
                .help("change its ENGINE to InnoDB, at a time when nobody writes: that copies the table")
        }))
    }

    /// Two statements that meet two sessions: a proxy in between that shares them, behind which neither named locks nor
    /// session settings hold.
    async fn refuse_pooler(&mut self) -> crate::Result<()> {
        let mut sessions = Vec::new();
        for _ in 0..3 {
            sessions.push(self.rows("SELECT connection_id()", &[]).await?);
        }
        if sessions.windows(2).all(|pair| pair[0] == pair[1]) {
            return Ok(());
        }
        Err(POOLER
            .problem("two statements of one connection reached two sessions of the server")
            .help("give colmig a URL that goes straight to the server, not through a proxy that shares sessions between clients")
            .into())
    }

    async fn is_there(&mut self, sql: &str, parameters: &[Value]) -> Result<bool, DbError> {
        Ok(!self.rows(sql, parameters).await?.is_empty())
    }
}

/// sqlx's messages name the host and the database, never the password.
fn unreachable(error: &sqlx::Error) -> colmig_core::Problem {
    let help = match (number(error), error) {
        (Some(1044 | 1045 | 1698), _) => "check the user and the password in the database URL",
        (Some(1049), _) => "create the database, or correct its name in the database URL",
        (_, sqlx::Error::Configuration(_)) => {
            "the URL should read mysql://user:password@host:3306/database"
        }
        _ => "check that the server runs, and the host and port in the database URL",
    };
    UNREACHABLE.problem(format!("MySQL: {}", plain(error))).help(help)
}

/// The message without sqlx's prefixes; of a broken URL only that it is broken.
fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        sqlx::Error::Configuration(_) => "the database URL cannot be parsed".to_owned(),
        other => other.to_string(),
    }
}

/// The server's number of an error.
fn number(error: &sqlx::Error) -> Option<u16> {
    let sqlx::Error::Database(inner) = error else { return None };
    inner.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

fn trouble(error: &sqlx::Error) -> Trouble {
    match (number(error), error) {
        // A lock wait that timed out, and NOWAIT.
        (Some(1205 | 3572), _) => Trouble::Again,
        // A deadlock, or a write of another node that came first; and a node that is not ready.
        (Some(1213 | 1047), _) => Trouble::Lost,
        // NULL where there can be none: in a write, and in rows that NOT NULL met.
        (Some(1048 | 1138 | 1265), _) => Trouble::Null,
        (Some(1845 | 1846 | 4092), _) => Trouble::Algorithm,
        (Some(1146), _) => Trouble::NoTable,
        (Some(1290 | 1792 | 1836), _) => Trouble::ReadOnly,
        (Some(1044 | 1045 | 1142 | 1143 | 1227 | 1370), _) => Trouble::Denied,
        (Some(1053 | 1077 | 1079 | 1317 | 1927 | 2006 | 2013), _) => Trouble::Gone,
        (Some(_), _) => Trouble::Other,
        (
            None,
            sqlx::Error::Io(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed,
        ) => Trouble::Gone,
        (None, _) => Trouble::Other,
    }
}

fn fault(sql: &str, error: &sqlx::Error) -> DbError {
    DbError { trouble: trouble(error), message: plain(error), sql: sql.to_owned(), verdict: None }
}

const WIRE: Wire<sqlx::MySql> = Wire { value, fault };

/// Numbers as numbers, and everything else as text, if it is one: what the catalog says is `varbinary` now and then.
fn value(row: &MySqlRow, index: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let info = raw.type_info().into_owned();
    match info.name() {
        "BIGINT UNSIGNED" | "INT UNSIGNED" | "SMALLINT UNSIGNED" | "TINYINT UNSIGNED" => {
            let number = row.try_get_unchecked::<u64, _>(index)?;
            Ok(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
        }
        "BIGINT" | "INT" | "MEDIUMINT" | "SMALLINT" | "TINYINT" | "BOOLEAN" => {
            row.try_get_unchecked::<i64, _>(index).map(Value::Int)
        }
        "DOUBLE" | "FLOAT" => row.try_get_unchecked::<f64, _>(index).map(Value::Real),
        _ => {
            let bytes = row.try_get_unchecked::<Vec<u8>, _>(index)?;
            Ok(match String::from_utf8(bytes) {
                Ok(text) => Value::Text(text),
                Err(error) => Value::Bytes { bytes: error.into_bytes() },
            })
        }
    }
}

/// The same statement with `?` for `$1`, and the parameters in the order in which it names them.
fn in_order(sql: &str, parameters: &[Value]) -> (String, Vec<Value>) {
    let (mut text, mut values) = (String::with_capacity(sql.len()), Vec::new());
    let (mut quoted, mut rest) = (None, sql.chars().peekable());
    while let Some(c) = rest.next() {
        if let Some(quote) = quoted {
            quoted = (c != quote).then_some(quote);
        } else if matches!(c, '\'' | '"' | '`') {
            quoted = Some(c);
        } else if c == '$' && rest.peek().is_some_and(char::is_ascii_digit) {
            let mut number = 0;
            while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
                number = number * 10 + digit as usize;
                rest.next();
            }
            values.extend(parameters.get(number - 1).cloned());
            text.push('?');
            continue;
        }
        text.push(c);
    }
    (text, values)
}

/// `$1, $2, …`, so many.
fn list(count: usize) -> String {
    (1..=count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// Sessions of clients of this database but this one and what belongs to the server.
const CLIENTS: &str =
    "information_schema.processlist p WHERE p.db = database() AND p.id <> connection_id()
    AND p.command NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID') AND p.user <> 'system user'
    AND coalesce(is_used_lock(concat('colmig-own:', p.id)), 0) <> p.id";

/// Which instance a session belongs to, by the lock that it holds; empty: it never registered.
const INSTANCE: &str = "coalesce((SELECT i.id FROM _colmig_instance i
    WHERE is_used_lock(concat('colmig:', i.id, ':', p.id)) = p.id LIMIT 1), '')";

impl Driver for Mysql {
    fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    fn spelling(&self) -> &'static Spelling {
        &Spelling {
            now: NOW,
            key: "varchar(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            text: "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            table: " ENGINE = InnoDB",
        }
    }

    fn gate_lock(&self, shared: bool) -> &'static str {
        // In a cluster it is written next, and two that share it would both wait to.
        if shared && !self.is_cluster() { " LOCK IN SHARE MODE" } else { " FOR UPDATE" }
    }

    fn is_cluster(&self) -> bool {
        self.dialect.stall().is_some()
    }

    fn lost(&self) -> bool {
        self.lost
    }

    fn held_back(&mut self) -> Answer<'_, Option<Duration>> {
        Box::pin(async move {
            let Mysql { connection, cluster: Some(cluster), .. } = self else { return Ok(None) };
            let held = cluster.held_back(connection).await;
            self.noticed(held)
        })
    }

    fn on_conflict(&self, key: &str, set: &[&str]) -> String {
        let first = key.split(',').next().unwrap_or(key).trim();
        let set: Vec<_> = match set {
            [] => vec![format!("{first} = {first}")],
            set => set.iter().map(|column| format!("{column} = VALUES({column})")).collect(),
        };
        format!("ON DUPLICATE KEY UPDATE {}", set.join(", "))
    }

    /// What is in no transaction, and has lost, was not done: it is tried again here.
    fn run<'a>(&'a mut self, sql: &'a str, parameters: &'a [Value]) -> Answer<'a, u64> {
        Box::pin(async move {
            let (sql, parameters) = in_order(sql, parameters);
            let mut races = Races::new();
            loop {
                let done = WIRE.run(&mut self.connection, &sql, &parameters).await;
                let done = self.noticed(done);
                if done.is_ok() || self.within || !races.again(self.lost).await {
                    return Ok(done?.rows_affected());
                }
            }
        })
    }

    fn rows<'a>(&'a mut self, sql: &'a str, parameters: &'a [Value]) -> Answer<'a, Vec<Row>> {
        Box::pin(async move {
            let (sql, parameters) = in_order(sql, parameters);
            let mut races = Races::new();
            loop {
                let rows = WIRE.rows(&mut self.connection, &sql, &parameters).await;
                let rows = self.noticed(rows);
                if rows.is_ok() || self.within || !races.again(self.lost).await {
                    return rows;
                }
            }
        })
    }

    fn script<'a>(&'a mut self, sql: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let done = WIRE.script(&mut self.connection, sql).await;
            self.noticed(done)
        })
    }

    /// A statement that fails between two settings leaves the first one behind.
    /// In a cluster the next best way is not taken here: everybody waits for it, so it has consent first.
    fn alone<'a>(&'a mut self, sql: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.script(&format!("SET SESSION lock_wait_timeout = {LOCK_TIMEOUT}")).await?;
            let mut done = self.script(sql).await;
            let mut tried = sql.to_owned();
            while !self.is_cluster()
                && done.as_ref().is_err_and(|error| error.trouble == Trouble::Algorithm)
            {
                let Some(next) = self.dialect.next_best(&tried) else { break };
                done = self.script(&next).await;
                tried = next;
            }
            self.script("SET SESSION foreign_key_checks = 1").await?;
            done
        })
    }

    /// READ COMMITTED is named: the default would read leases in an old snapshot, and lock the gaps between the rows of
    /// a batch.
    fn begin(&mut self, work: Work) -> Answer<'_, ()> {
        let (rows, table) = match work {
            Work::Look | Work::Rows => (5, 5),
            Work::Batch => (1, 1),
            Work::Schema | Work::Scan | Work::Rebuild => (1, LOCK_TIMEOUT),
        };
        (self.within, self.lost) = (false, false);
        Box::pin(async move {
            self.script(&format!(
                "SET SESSION innodb_lock_wait_timeout = {rows}, lock_wait_timeout = {table};
                 SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION"
            ))
            .await?;
            self.within = true;
            Ok(())
        })
    }

    /// One that has lost is over, and what was sent behind that was in none.
    fn commit(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            if self.within && self.lost {
                self.rollback().await?;
                let message = "the transaction lost against another one".to_owned();
                return Err(DbError { trouble: Trouble::Lost, ..DbError::other(message) });
            }
            let done = self.script("COMMIT").await;
            self.within = false;
            done
        })
    }

    fn rollback(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            let done = self.script("ROLLBACK").await;
            self.within = false;
            done
        })
    }

    /// It is held by the connection that executes the schema statements: one that a dead client left at work still has
    /// it. In a cluster it is had on one server, and then nobody may have it on another: of two that take theirs at the
    /// same moment at least one sees the other, and both stand back at worst. Without a timeout MariaDB would answer NULL and lock nothing.
    fn try_lock(&mut self) -> Answer<'_, SessionLock> {
        Box::pin(async move {
            let rows = self.rows(&format!("SELECT get_lock({LOCK}, 0)"), &[]).await?;
            if !rows.first().is_some_and(|row| row[0] == Value::Int(1)) {
                return Ok(SessionLock::Theirs);
            }
            let elsewhere = self.is_locked_elsewhere().await;
            if matches!(elsewhere, Ok(false)) {
                return Ok(SessionLock::Ours);
            }
            self.unlock().await?;
            elsewhere.map(|_| SessionLock::Theirs)
        })
    }

    fn unlock(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.rows(&format!("SELECT release_lock({LOCK})"), &[]).await.map(|_| ())
        })
    }

    /// MariaDB says of a column without a default that its default is `NULL`, in four letters.
    fn catalog<'a>(&'a mut self, tables: &'a [String]) -> Answer<'a, Catalog> {
        Box::pin(async move {
            let mut catalog = Catalog::default();
            if tables.is_empty() {
                return Ok(catalog);
            }
            let sql = format!(
                "SELECT c.table_name, c.column_name, c.column_type, c.is_nullable = 'NO',
                        c.extra LIKE '%auto_increment%' OR c.extra LIKE '%GENERATED%' AND c.extra NOT LIKE '%DEFAULT_GENERATED%'
                        OR c.column_default IS NOT NULL AND NOT (c.is_nullable = 'YES' AND c.column_default = 'NULL')
                 FROM information_schema.columns c
                 JOIN information_schema.tables t
                   ON t.table_schema = database() AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
                 WHERE c.table_schema = database() AND c.table_name IN ({})
                 ORDER BY c.table_name, c.ordinal_position",
                list(tables.len())
            );
            let wanted: Vec<Value> = tables.iter().map(|table| table.as_str().into()).collect();
            let rows = self.rows(&sql, &wanted).await?;
            for row in &rows {
                let (table, name) = (row[0].text().to_owned(), row[1].text().to_owned());
                catalog.tables.entry(table).or_insert_with(CatalogTable::default).columns.push(
                    CatalogColumn {
                        name,
                        sql_type: row[2].text().to_owned(),
                        not_null: row[3].int() == 1,
                        has_default: row[4].int() == 1,
                    },
                );
            }
            // By itself: joined to it, MariaDB would open the tables of every database of the server.
            let keys = format!(
                "SELECT table_name, column_name FROM information_schema.statistics
                 WHERE table_schema = database() AND index_name = 'PRIMARY' AND table_name IN ({})
                 ORDER BY table_name, seq_in_index",
                list(tables.len())
            );
            for row in self.rows(&keys, &wanted).await? {
                if let Some(table) = catalog.tables.get_mut(row[0].text()) {
                    table.primary_key.push(row[1].text().to_owned());
                }
            }
            Ok(catalog)
        })
    }

    fn key<'a>(&'a mut self, table: &'a str) -> Answer<'a, Vec<KeyColumn>> {
        Box::pin(async move {
            let catalog = self.catalog(&[table.to_owned()]).await?;
            let Some(found) = catalog.tables.get(table) else { return Ok(Vec::new()) };
            let column = |name: &String| {
                let sql_type =
                    catalog.column(table, name).map_or(String::new(), |c| c.sql_type.clone());
                KeyColumn { name: name.clone(), sql_type }
            };
            Ok(found.primary_key.iter().map(column).collect())
        })
    }

    fn canonical_type<'a>(&'a mut self, written: &'a str) -> Answer<'a, String> {
        Box::pin(async move {
            let base = base_type(written);
            Ok(match base.as_str() {
                "bool" | "boolean" => "tinyint".to_owned(),
                "integer" => "int".to_owned(),
                "numeric" => "decimal".to_owned(),
                _ => base,
            })
        })
    }

    fn has_type<'a>(&'a mut self, _name: &'a str) -> Answer<'a, Option<bool>> {
        Box::pin(async { Ok(None) })
    }

    fn estimate<'a>(&'a mut self, table: &'a str) -> Answer<'a, i64> {
        Box::pin(async move {
            let sql = "SELECT coalesce(table_rows, 0) FROM information_schema.tables
                       WHERE table_schema = database() AND table_name = $1";
            let rows = self.rows(sql, &[table.into()]).await?;
            Ok(rows.first().map_or(0, |row| row[0].int()))
        })
    }

    /// As DROP COLUMN judges it, and as those would that it does not ask: a view or a trigger that names a column which
    /// is gone fails when it is used. Texts are searched for both names: nobody else knows what they name.
    fn dependants<'a>(&'a mut self, table: &'a str, column: &'a str) -> Answer<'a, Vec<Dependant>> {
        const SQL: &str = "
            SELECT concat('generated column ', column_name), 0 FROM information_schema.columns
            WHERE table_schema = database() AND table_name = $1 AND column_name <> $2
              AND coalesce(generation_expression, '') REGEXP $4
            UNION SELECT concat('constraint ', constraint_name, ' on table ', table_name), 0
            FROM information_schema.key_column_usage
            WHERE table_schema = database() AND (table_name = $1 AND column_name = $2 AND referenced_table_name IS NOT NULL
               OR referenced_table_name = $1 AND referenced_column_name = $2)
            UNION SELECT concat('constraint ', k.constraint_name, ' on table ', t.table_name), 0
            FROM information_schema.check_constraints k JOIN information_schema.table_constraints t
              ON t.constraint_schema = k.constraint_schema AND t.constraint_name = k.constraint_name
             AND t.constraint_type = 'CHECK'
            WHERE t.table_schema = database() AND t.table_name = $1 AND k.check_clause REGEXP $4
            UNION SELECT concat('index ', index_name), NOT (max(non_unique) = 0 AND count(*) > 1)
            FROM information_schema.statistics WHERE table_schema = database() AND table_name = $1
            GROUP BY index_name HAVING sum(column_name = $2) > 0
            UNION SELECT concat('view ', table_name), 0 FROM information_schema.views
            WHERE table_schema = database() AND view_definition REGEXP $3 AND view_definition REGEXP $4
            UNION SELECT concat('trigger ', trigger_name, ' on table ', event_object_table), 0
            FROM information_schema.triggers
            WHERE trigger_schema = database() AND action_statement REGEXP $4
              AND (event_object_table = $1 OR action_statement REGEXP $3)
            UNION SELECT concat('the text of ', lower(routine_type), ' ', routine_name), 1
            FROM information_schema.routines
            WHERE routine_schema = database() AND routine_definition REGEXP $3 AND routine_definition REGEXP $4
            ORDER BY 2, 1";
        Box::pin(async move {
            let parameters = [table.into(), column.into(), word(table).into(), word(column).into()];
            let rows = self.rows(SQL, &parameters).await?;
            let fate = |number| if number == 0 { Fate::Blocks } else { Fate::Goes };
            let one =
                |row: &Row| Dependant { what: row[0].text().to_owned(), fate: fate(row[1].int()) };
            Ok(rows.iter().map(one).collect())
        })
    }

    fn live_script<'a>(
        &'a mut self,
        table: &'a str,
        alteration: &'a Alteration,
    ) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let Alteration::NotNull { column, required } = alteration else {
                return Err(DbError::other("only NOT NULL is made from the live catalog here"));
            };
            let rows = self.rows(&column::created(table), &[]).await?;
            let created = rows.first().map_or("", |row| row[1].text());
            let statement = column::not_null(table, column, *required, created);
            Ok(statement.map_err(DbError::verdict)?.into_iter().collect())
        })
    }

    fn presence<'a>(&'a mut self, table: &'a str, thing: &'a Thing) -> Answer<'a, Presence> {
        Box::pin(async move {
            let (sql, name) = match thing {
                Thing::Table(name) => (
                    "SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = $2",
                    name,
                ),
                Thing::Column(name) => (
                    "SELECT 1 FROM information_schema.columns
                     WHERE table_schema = database() AND table_name = $1 AND column_name = $2",
                    name,
                ),
                Thing::Index(name) => (
                    "SELECT 1 FROM information_schema.statistics
                     WHERE table_schema = database() AND table_name = $1 AND index_name = $2 LIMIT 1",
                    name,
                ),
                Thing::Constraint(name) => (
                    "SELECT 1 FROM information_schema.table_constraints
                     WHERE table_schema = database() AND table_name = $1 AND constraint_name = $2",
                    name,
                ),
                Thing::Default(_) => return Ok(Presence::Unknown),
            };
            let is_there = self.is_there(sql, &[table.into(), name.as_str().into()]).await?;
            Ok(if is_there { Presence::Valid } else { Presence::Missing })
        })
    }

    fn check_live<'a>(&'a mut self, _: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn misfits<'a>(
        &'a mut self,
        tables: &'a [&'static TableInfo],
        catalog: &'a Catalog,
    ) -> Answer<'a, Vec<Refusal>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for chunk in types::chunks(tables, catalog) {
                let sql = AssertSqlSafe(types::probe(&chunk)).into_sql_str();
                let prepared = (&mut self.connection).prepare(sql).await;
                let statement = self.noticed(prepared.map_err(|error| fault("", &error)))?;
                for (wanted, column) in chunk.iter().zip(statement.columns()) {
                    let live = column.type_info();
                    let fits = wanted.info.types.mysql.is_none_or(|compatible| compatible(live));
                    found.extend((!fits).then(|| wanted.misfit(live.name())));
                }
            }
            Ok(found)
        })
    }

    /// Every client of the database counts as one that may write: what a user may do is spread over many tables there.
    fn writers<'a>(&'a mut self, _: &'a [String]) -> Answer<'a, Option<Vec<Writer>>> {
        Box::pin(async move {
            self.check_sight().await?;
            let now = self.spelling().now;
            let sql = format!(
                "SELECT p.id, {INSTANCE}, p.user, {now} - CAST(p.time AS SIGNED) * 1000 FROM {CLIENTS} ORDER BY 1"
            );
            let rows = self.everywhere(&sql, &[]).await?;
            let writer = |(node, row): &(String, Row)| Writer {
                session: session(node, row),
                active_at: row[3].int(),
            };
            Ok(Some(rows.iter().map(writer).collect()))
        })
    }

    /// The number of a transaction changes with its first write, so it goes by its session and its beginning. One that has
    /// not read or written anything is none yet: the session of an instance without a lease is ended, whatever it does.
    fn open_transactions(&mut self) -> Answer<'_, Vec<OldTransaction>> {
        Box::pin(async move {
            self.check_sight().await?;
            let sql = format!(
                "SELECT p.id, {INSTANCE}, p.user, concat(t.trx_mysql_thread_id, ' ', t.trx_started)
                 FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
                 WHERE p.db = database() AND p.id <> connection_id() AND p.user <> 'system user'"
            );
            let rows = self.everywhere(&sql, &[]).await?;
            let old = |(node, row): &(String, Row)| OldTransaction {
                id: format!("{node} {}", row[3].text()),
                session: session(node, row),
            };
            Ok(rows.iter().map(old).collect())
        })
    }

    /// Nobody says when a session was opened. So it goes by the lease as it is now: who has registered since the instances
    /// were listed has one. A session that may not be ended is left, and it is named.
    fn end_sessions_except<'a>(
        &'a mut self,
        instances: &'a [String],
        _before: i64,
    ) -> Answer<'a, Vec<Session>> {
        Box::pin(async move {
            let live = match instances.len() {
                0 => String::new(),
                count => format!("AND i.id NOT IN ({})", list(count)),
            };
            let sql = format!(
                "SELECT p.id, i.id, p.user FROM _colmig_instance i JOIN information_schema.processlist p
                   ON is_used_lock(concat('colmig:', i.id, ':', p.id)) = p.id
                 WHERE p.db = database() AND i.expires_at <= {} {live}",
                self.spelling().now
            );
            let parameters: Vec<Value> = instances.iter().map(|id| id.as_str().into()).collect();
            let rows = self.everywhere(&sql, &parameters).await?;
            for (node, row) in &rows {
                // It may have ended meanwhile (1094), or belong to somebody else (1095).
                let kill = format!("KILL {}", row[0].int());
                let _ = match &mut self.cluster {
                    Some(cluster) if cluster.knows(node) => cluster.tell(node, &kill).await,
                    _ => self.script(&kill).await,
                };
            }
            Ok(rows.iter().map(|(node, row)| session(node, row)).collect())
        })
    }

    /// What an application writes the server must refuse or store as it is, so it has to be strict for everybody who does
    /// not say otherwise; and what is written has to be in transactions.
    fn obstacle<'a>(&'a mut self, tables: &'a [String]) -> Answer<'a, Option<Problem>> {
        Box::pin(async move {
            let sql = "SELECT @@global.sql_mode, CAST(@@global.read_only AS CHAR), database(), current_user()";
            let rows = self.rows(sql, &[]).await?;
            let Some([mode, read_only, database, user]) = rows.first().map(Vec::as_slice) else {
                return Ok(None);
            };
            if !matches!(read_only.text(), "0" | "OFF") {
                return Ok(Some(
                    READ_ONLY
                        .problem("this server only reads (`read_only`), as replicas do")
                        .help("give colmig the URL of the primary"),
                ));
            }
            let missing = rights::missing(&self.grants().await?, database.text());
            if !missing.is_empty() {
                let (rights, database) = (missing.join(", "), database.text());
                return Ok(Some(
                    DENIED
                        .problem(format!("the user {} lacks rights on `{database}`: {rights}", user.text()))
                        .help(format!("GRANT {rights} ON `{database}`.* TO it; the README of colmig lists what each role needs, under \"Roles\"")),
                ));
            }
            self.check_sight().await?;
            if !["STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"]
                .iter()
                .any(|one| mode.text().contains(one))
            {
                return Ok(Some(
                    UNSAFE
                        .problem("the server is not strict: NULL becomes '' and long texts are cut, and nobody is told")
                        .help("SET GLOBAL sql_mode = concat(@@global.sql_mode, ',STRICT_TRANS_TABLES'), and in its configuration; then have the application reconnect"),
                ));
            }
            self.without_transactions(tables).await
        })
    }

    /// Of a cluster, when its youngest server did, and which history its servers share.
    fn server(&mut self) -> Answer<'_, Option<(i64, String)>> {
        Box::pin(async move {
            let sql = format!(
                "SELECT {}, concat(@@server_id, ' ', @@hostname, ':', @@port)",
                self.spelling().now
            );
            let rows = self.rows(&sql, &[]).await?;
            let up = self.everywhere("SHOW GLOBAL STATUS LIKE 'Uptime'", &[]).await?;
            let up = up.iter().filter_map(|(_, row)| row[1].text().parse::<i64>().ok()).min();
            let mut timeline = rows.first().map_or("", |row| row[1].text()).to_owned();
            if let Mysql { connection, cluster: Some(cluster), .. } = self {
                let own = cluster.own(connection).await;
                (_, timeline) = self.noticed(own)?;
            }
            Ok(rows.first().map(|row| (row[0].int() - up.unwrap_or(0) * 1000, timeline)))
        })
    }

    /// MariaDB commits in the primary's order, however many threads replay, within one replication domain; so does MySQL, but
    /// for several threads that are told not to. Another node of a cluster may be named, the primary itself may not.
    fn no_replica<'a>(&'a mut self, primary: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            if self.server().await?.is_some_and(|(_, server)| server == primary) {
                return Ok(Some("it is the primary itself".to_owned()));
            }
            let sql = "SHOW GLOBAL VARIABLES WHERE (variable_name IN
                ('replica_preserve_commit_order', 'slave_preserve_commit_order') AND value IN ('OFF', '0'))
                OR (variable_name IN ('replica_parallel_workers', 'slave_parallel_workers') AND value > 1)";
            let told = self.names(sql, &[]).await?;
            let has = |word: &str| told.iter().any(|name| name.ends_with(word));
            let unordered = has("preserve_commit_order") && has("parallel_workers");
            Ok(unordered.then(|| {
                "it commits in another order than the primary: set replica_preserve_commit_order = ON"
                    .to_owned()
            }))
        })
    }

    /// Neither server says who holds a metadata lock unless it was told to watch: every open transaction may.
    fn lock_holders<'a>(&'a mut self, _table: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            self.names(
                "SELECT concat('connection ', p.id, ', user `', p.user, '`, ', lower(p.command),
                               ', transaction open for ', timestampdiff(SECOND, t.trx_started, sysdate()), ' s')
                 FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
                 WHERE p.db = database() AND p.id <> connection_id() ORDER BY t.trx_started",
                &[],
            )
            .await
        })
    }
}

/// A pattern that finds a name as a word of its own.
fn word(name: &str) -> String {
    let escape = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => c.to_string(),
        c => format!("\\{c}"),
    };
    format!("\\b{}\\b", name.chars().map(escape).collect::<String>())
}

fn session(node: &str, row: &Row) -> Session {
    let application = match row[1].text() {
        "" => String::new(),
        instance => format!("colmig:{instance}"),
    };
    let (pid, role) = (row[0].int(), row[2].text().to_owned());
    Session { pid, application, role, node: node.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_in_the_order_in_which_they_are_named() {
        let [one, two] = [Value::Int(1), Value::from("b")];
        let (sql, values) =
            in_order("SELECT '$1', \"$2\", $2 || $10, $1, $2", &[one.clone(), two.clone()]);
        assert_eq!(sql, "SELECT '$1', \"$2\", ? || ?, ?, ?");
        assert_eq!(values, [two.clone(), one, two]);
    }

    #[test]
    fn a_name_is_found_as_a_word() {
        assert_eq!(word("users"), "\\busers\\b");
        assert_eq!(word("a.b"), "\\ba\\.b\\b");
    }
}
