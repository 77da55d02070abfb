//! SQLite, live.

mod dependants;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use colmig_core::admission::Refusal;
use colmig_core::backfill::KeyColumn;
use colmig_core::catalog::{Catalog, CatalogColumn, CatalogTable, Dependant, base_type};
use colmig_core::dialect::sqlite::rebuild::{self, Alteration, Live, LiveColumn};
use colmig_core::dialect::{Dialect, for_server};
use colmig_core::gate::Session;
use colmig_core::ident::quote;
use colmig_core::migration::Thing;
use colmig_core::problem::UNREACHABLE;
use colmig_core::types::Database;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Executor, Row as _, SqlSafeStr, Statement, TypeInfo,
    ValueRef,
};

use super::types;
use super::wire::Wire;
use super::{
    Answer, DbError, Driver, OldTransaction, Presence, Row, SessionLock, Spelling, Trouble, Value,
    Work, Writer,
};
use crate::TableInfo;

/// How long a statement waits for the writer: longer than any batch, shorter than anybody's patience.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Sqlite {
    connection: SqliteConnection,
    dialect: &'static dyn Dialect,
    path: PathBuf,
    in_memory: bool,
    lock: Option<File>,
    rebuild: Option<Rebuild>,
}

/// A rebuild that is under way: the settings to go back to, and what must still hold after it.
struct Rebuild {
    foreign_keys: bool,
    legacy_alter_table: bool,
    before: Vec<String>,
}

impl Sqlite {
    pub(crate) async fn connect(url: &str, _name: &str) -> crate::Result<Sqlite> {
        let options =
            SqliteConnectOptions::from_str(url).map_err(|error| unreachable(url, &error))?;
        let path = options.get_filename().to_owned();
        let in_memory = path.as_os_str().is_empty()
            || path == Path::new(":memory:")
            || url.contains("mode=memory");
        let connection = options
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging()
            .connect()
            .await
            .map_err(|error| unreachable(url, &error))?;
        let adopted = Sqlite::adopt(connection).await.map_err(|error| match error {
            crate::Error::Sqlx(error) => unreachable(url, &error).into(),
            other => other,
        })?;
        Ok(Sqlite { path, in_memory, ..adopted })
    }

    /// Takes over a connection that somebody opened; without its path it can have no lock, and needs none.
    pub(crate) async fn adopt(mut connection: SqliteConnection) -> crate::Result<Sqlite> {
        // The catalog is read too: what is no database says so now.
        let sql = "SELECT sqlite_version() FROM (SELECT count(*) FROM sqlite_schema)";
        let version: String = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
        let dialect = for_server(Database::Sqlite, &version)?;
        Ok(Sqlite {
            connection,
            dialect,
            path: PathBuf::new(),
            in_memory: true,
            lock: None,
            rebuild: None,
        })
    }

    /// An empty database that ends with its connection.
    async fn in_memory() -> Result<Sqlite, DbError> {
        // What was compiled before the schema changed says nothing of what compiles after it.
        let options = SqliteConnectOptions::new().in_memory(true).statement_cache_capacity(0);
        let connection = options.connect().await.map_err(|error| fault("", &error))?;
        Sqlite::adopt(connection).await.map_err(|error| DbError::other(error.to_string()))
    }

    /// Beside the database: a lock on the file itself would meet SQLite's own.
    fn lock_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push("-colmig-lock");
        name.into()
    }

    async fn names(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<String>, DbError> {
        let rows = self.rows(sql, parameters).await?;
        Ok(rows.iter().map(|row| row[0].text().to_owned()).collect())
    }

    /// What a rebuild needs to know of a table, read inside the transaction that rebuilds it.
    async fn live(&mut self, table: &str) -> Result<Live, DbError> {
        let flag = |rows: Vec<Row>| rows.first().is_some_and(|row| row[0].int() == 1);
        let rows = self
            .rows(
                "SELECT s.name, s.sql, l.wr, l.strict FROM sqlite_schema s
                 JOIN pragma_table_list l ON l.name = s.name AND l.schema = 'main'
                 WHERE s.type = 'table' AND s.name = $1 COLLATE NOCASE",
                &[table.into()],
            )
            .await?;
        let Some(row) = rows.into_iter().next() else {
            return Err(DbError::other(format!("no such table: {table}")));
        };
        let name = row[0].text().to_owned();
        let columns = self
            .rows(
                "SELECT name, \"notnull\", pk, hidden IN (2, 3) FROM pragma_table_xinfo($1) WHERE hidden <> 1 ORDER BY cid",
                &[name.as_str().into()],
            )
            .await?;
        let column = |row: &Row| LiveColumn {
            name: row[0].text().to_owned(),
            not_null: row[1].int() == 1,
            key: row[2].int(),
            generated: row[3].int() == 1,
        };
        Ok(Live {
            columns: columns.iter().map(column).collect(),
            dependants: self
                .names(
                    "SELECT sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
                       AND tbl_name = $1 COLLATE NOCASE ORDER BY rowid",
                    &[name.as_str().into()],
                )
                .await?,
            statistics: self.names("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'sqlite_stat[134]' ORDER BY name", &[]).await?,
            foreign_keys: flag(self.rows("PRAGMA foreign_keys", &[]).await?),
            legacy_alter_table: flag(self.rows("PRAGMA legacy_alter_table", &[]).await?),
            sql: row[1].text().to_owned(),
            without_rowid: row[2].int() == 1,
            strict: row[3].int() == 1,
            table: name,
        })
    }

    async fn end(&mut self, statement: &'static str) -> Result<(), DbError> {
        let ended = self.script(statement).await;
        self.restore().await?;
        ended
    }

    /// Gives the connection the settings back that a rebuild needed otherwise.
    async fn restore(&mut self) -> Result<(), DbError> {
        let Some(rebuild) = self.rebuild.take() else { return Ok(()) };
        let (keys, legacy) = (rebuild.foreign_keys, rebuild.legacy_alter_table);
        self.script(&format!("PRAGMA legacy_alter_table = {legacy}; PRAGMA foreign_keys = {keys}"))
            .await
    }

    /// What a rebuild must leave as it is: every other object of the catalog, and what is broken already
    /// (rows without their parent, views that cannot be read).
    async fn surroundings(&mut self, table: &str) -> Result<Vec<String>, DbError> {
        let mut all = self
            .names(
                "SELECT format('%s %s on %s: %s', type, name, tbl_name, sql) FROM sqlite_schema
                 WHERE NOT (type = 'table' AND name = $1 COLLATE NOCASE) ORDER BY 1",
                &[table.into()],
            )
            .await?;
        let orphans = "SELECT format('row %s misses its parent in %s (key %s)', coalesce(rowid, '?'), parent, fkid)
                       FROM pragma_foreign_key_check($1)";
        match self.names(orphans, &[table.into()]).await {
            Ok(orphans) => all.extend(orphans),
            Err(error) => all.push(error.message),
        }
        for view in self.names("SELECT name FROM sqlite_schema WHERE type = 'view'", &[]).await? {
            if let Err(error) =
                self.rows(&format!("SELECT 1 FROM {} LIMIT 0", quote(&view)), &[]).await
            {
                all.push(format!("the view `{view}`: {}", error.message));
            }
        }
        Ok(all)
    }
}

fn unreachable(url: &str, error: &sqlx::Error) -> colmig_core::Problem {
    let file = url.split('?').next().unwrap_or_default();
    let message = match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        other => other.to_string(),
    };
    let help = match message.contains("unable to open") {
        true => "check the path; `?mode=rwc` behind it creates the file",
        false => "check that the file is a SQLite database",
    };
    UNREACHABLE.problem(format!("SQLite `{file}`: {message}")).help(help)
}

fn trouble(error: &sqlx::Error) -> Trouble {
    let sqlx::Error::Database(inner) = error else { return Trouble::Other };
    let code = inner.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(0);
    match code & 0xff {
        5 | 6 => Trouble::Again,
        8 => Trouble::ReadOnly,
        19 if code >> 8 == 5 => Trouble::Null,
        1 if inner.message().starts_with("no such table") => Trouble::NoTable,
        _ => Trouble::Other,
    }
}

fn fault(sql: &str, error: &sqlx::Error) -> DbError {
    let message = match error {
        // A rebuild's temporary name means nothing to anybody else.
        sqlx::Error::Database(inner) => inner.message().replace("_colmig_rebuild_", ""),
        other => other.to_string(),
    };
    DbError { trouble: trouble(error), message, sql: sql.to_owned(), verdict: None }
}

const WIRE: Wire<sqlx::Sqlite> = Wire { value, fault };

/// By the type of the value itself: in SQLite a column's type is only advice.
fn value(row: &SqliteRow, index: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let storage = raw.type_info().name().to_owned();
    match storage.as_str() {
        "REAL" => row.try_get_unchecked::<f64, _>(index).map(Value::Real),
        "TEXT" => row.try_get_unchecked::<String, _>(index).map(Value::Text),
        "BLOB" => row.try_get_unchecked::<Vec<u8>, _>(index).map(|bytes| Value::Bytes { bytes }),
        _ => row.try_get_unchecked::<i64, _>(index).map(Value::Int),
    }
}

impl Driver for Sqlite {
    fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    fn spelling(&self) -> &'static Spelling {
        &Spelling {
            now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            key: "text",
            text: "text",
            table: "",
        }
    }

    /// BEGIN IMMEDIATE has the only writer already.
    fn gate_lock(&self, _shared: bool) -> &'static str {
        ""
    }

    fn run<'a>(&'a mut self, sql: &'a str, parameters: &'a [Value]) -> Answer<'a, u64> {
        Box::pin(async move {
            let done = WIRE.run(&mut self.connection, sql, parameters).await?;
            Ok(done.rows_affected())
        })
    }

    fn rows<'a>(&'a mut self, sql: &'a str, parameters: &'a [Value]) -> Answer<'a, Vec<Row>> {
        Box::pin(WIRE.rows(&mut self.connection, sql, parameters))
    }

    fn script<'a>(&'a mut self, sql: &'a str) -> Answer<'a, ()> {
        Box::pin(WIRE.script(&mut self.connection, sql))
    }

    fn alone<'a>(&'a mut self, sql: &'a str) -> Answer<'a, ()> {
        self.script(sql)
    }

    /// `foreign_keys` is a no-op inside a transaction, so it comes first; with it on, dropping the old
    /// table would delete the rows that point at it.
    fn begin(&mut self, work: Work) -> Answer<'_, ()> {
        Box::pin(async move {
            if work == Work::Rebuild {
                let rows = self.rows("SELECT foreign_keys, legacy_alter_table FROM pragma_foreign_keys, pragma_legacy_alter_table", &[]).await?;
                let flag = |index: usize| rows.first().is_some_and(|row| row[index].int() == 1);
                self.rebuild = Some(Rebuild {
                    foreign_keys: flag(0),
                    legacy_alter_table: flag(1),
                    before: Vec::new(),
                });
                self.script("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON").await?;
            }
            let begin = if work == Work::Look { "BEGIN" } else { "BEGIN IMMEDIATE" };
            let begun = self.script(begin).await;
            if begun.is_err() {
                self.restore().await?;
            }
            begun
        })
    }

    fn commit(&mut self) -> Answer<'_, ()> {
        Box::pin(self.end("COMMIT"))
    }

    fn rollback(&mut self) -> Answer<'_, ()> {
        Box::pin(self.end("ROLLBACK"))
    }

    /// A lock on a file of our own, which the system lets go when the process dies, however it dies.
    fn try_lock(&mut self) -> Answer<'_, SessionLock> {
        Box::pin(async move {
            if self.in_memory {
                return Ok(SessionLock::Ours);
            }
            let path = self.lock_path();
            let file = File::options().create(true).truncate(false).write(true).open(&path);
            let file = file.map_err(|error| DbError {
                trouble: Trouble::ReadOnly,
                message: format!("cannot open {}: {error}", path.display()),
                sql: String::new(),
                verdict: None,
            })?;
            match file.try_lock() {
                Ok(()) => {
                    self.lock = Some(file);
                    Ok(SessionLock::Ours)
                }
                Err(std::fs::TryLockError::WouldBlock) => Ok(SessionLock::Theirs),
                // A file system without locks: the epoch in the ledger is what keeps two appliers apart.
                Err(std::fs::TryLockError::Error(_)) => Ok(SessionLock::Ours),
            }
        })
    }

    /// The file stays: removing it would let two appliers lock two files of one name.
    fn unlock(&mut self) -> Answer<'_, ()> {
        self.lock = None;
        Box::pin(async { Ok(()) })
    }

    fn catalog<'a>(&'a mut self, tables: &'a [String]) -> Answer<'a, Catalog> {
        const SQL: &str = "
            SELECT w.value, c.name, c.type, c.\"notnull\", c.dflt_value IS NOT NULL OR c.hidden IN (2, 3), c.pk,
                   (SELECT count(*) FROM pragma_table_xinfo(t.name) k WHERE k.pk > 0)
            FROM json_each($1) w
            JOIN sqlite_schema t ON t.type = 'table' AND t.name = w.value COLLATE NOCASE
            JOIN pragma_table_xinfo(t.name) c ON c.hidden <> 1
            ORDER BY w.value, c.cid";
        Box::pin(async move {
            let wanted = serde_json::to_string(tables).expect("a list of strings has a JSON form");
            let rows = self.rows(SQL, &[wanted.into()]).await?;
            let mut catalog = Catalog::default();
            let mut keys: Vec<(String, i64, String)> = Vec::new();
            for row in &rows {
                let (table, name) = (row[0].text().to_owned(), row[1].text().to_owned());
                let (sql_type, place, key_columns) = (row[2].text(), row[5].int(), row[6].int());
                if place > 0 {
                    keys.push((table.clone(), place, name.clone()));
                }
                // The rowid's alias is never NULL and numbers itself, whatever the catalog says.
                let rowid =
                    place == 1 && key_columns == 1 && sql_type.eq_ignore_ascii_case("integer");
                catalog.tables.entry(table).or_insert_with(CatalogTable::default).columns.push(
                    CatalogColumn {
                        name,
                        sql_type: sql_type.to_owned(),
                        not_null: row[3].int() == 1 || rowid,
                        has_default: row[4].int() == 1 || rowid,
                    },
                );
            }
            keys.sort();
            for (table, _, name) in keys {
                catalog.tables.entry(table).or_default().primary_key.push(name);
            }
            Ok(catalog)
        })
    }

    fn key<'a>(&'a mut self, table: &'a str) -> Answer<'a, Vec<KeyColumn>> {
        Box::pin(async move {
            let catalog = self.catalog(&[table.to_owned()]).await?;
            let key = catalog
                .tables
                .get(table)
                .map(|found| found.primary_key.clone())
                .unwrap_or_default();
            Ok(key.into_iter().map(|name| KeyColumn { name, sql_type: String::new() }).collect())
        })
    }

    fn canonical_type<'a>(&'a mut self, written: &'a str) -> Answer<'a, String> {
        Box::pin(async move { Ok(base_type(written)) })
    }

    fn has_type<'a>(&'a mut self, _: &'a str) -> Answer<'a, Option<bool>> {
        Box::pin(async { Ok(None) })
    }

    fn estimate<'a>(&'a mut self, table: &'a str) -> Answer<'a, i64> {
        Box::pin(async move {
            // The largest rowid: exact for a table without gaps, and one step of the tree.
            let sql = format!("SELECT coalesce(max(rowid), 0) FROM {}", quote(table));
            match self.rows(&sql, &[]).await {
                Ok(rows) => Ok(rows.first().map_or(0, |row| row[0].int())),
                Err(_) => Ok(0),
            }
        })
    }

    fn dependants<'a>(&'a mut self, table: &'a str, column: &'a str) -> Answer<'a, Vec<Dependant>> {
        Box::pin(self.blockers(table, column))
    }

    fn live_script<'a>(
        &'a mut self,
        table: &'a str,
        alteration: &'a Alteration,
    ) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let live = self.live(table).await?;
            let before = self.surroundings(table).await?;
            if let Some(rebuild) = &mut self.rebuild {
                rebuild.before = before;
            }
            rebuild::statements(&live, alteration).map_err(DbError::verdict)
        })
    }

    fn presence<'a>(&'a mut self, _: &'a str, thing: &'a Thing) -> Answer<'a, Presence> {
        const SQL: &str =
            "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = $1 COLLATE NOCASE";
        Box::pin(async move {
            let Thing::Index(index) = thing else { return Ok(Presence::Unknown) };
            let found = self.rows(SQL, &[index.as_str().into()]).await?;
            Ok(if found.is_empty() { Presence::Missing } else { Presence::Valid })
        })
    }

    fn check_live<'a>(&'a mut self, table: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let after = self.surroundings(table).await?;
            let before =
                self.rebuild.as_ref().map(|rebuild| rebuild.before.clone()).unwrap_or_default();
            let gone = before
                .iter()
                .filter(|object| !after.contains(object))
                .map(|object| format!("{object} is gone"));
            let new = after.iter().filter(|object| !before.contains(object)).cloned();
            Ok(gone.chain(new).collect())
        })
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
                let statement =
                    (&mut self.connection).prepare(sql).await.map_err(|error| fault("", &error))?;
                for (wanted, column) in chunk.iter().zip(statement.columns()) {
                    let live = column.type_info();
                    // An expression or an undeclared column has no type: SQLite stores what it is given.
                    let fits = wanted
                        .info
                        .types
                        .sqlite
                        .is_none_or(|compatible| live.is_null() || compatible(live));
                    found.extend((!fits).then(|| wanted.misfit(live.name())));
                }
            }
            Ok(found)
        })
    }

    fn writers<'a>(&'a mut self, _: &'a [String]) -> Answer<'a, Option<Vec<Writer>>> {
        Box::pin(async { Ok(None) })
    }

    /// The window moves in a write transaction, and SQLite has one writer: an older transaction that
    /// has only read cannot become a writer any more.
    fn open_transactions(&mut self) -> Answer<'_, Vec<OldTransaction>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn end_sessions_except<'a>(&'a mut self, _: &'a [String], _: i64) -> Answer<'a, Vec<Session>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn server(&mut self) -> Answer<'_, Option<(i64, String)>> {
        Box::pin(async { Ok(None) })
    }

    fn no_replica<'a>(&'a mut self, _primary: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async { Ok(Some("a SQLite file has no replicas".to_owned())) })
    }

    fn lock_holders<'a>(&'a mut self, _table: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async { Ok(vec!["another writer of the file".to_owned()]) })
    }
}
