//! The databases that every scenario runs on: a SQLite file, and each PostgreSQL server that `cargo xtask
//! test` started.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use colmig_core::types::Database;
use sqlx::{AssertSqlSafe, Connection, Row};

/// The variable that lists PostgreSQL servers, by URL, separated by commas.
pub const POSTGRES: &str = "COLMIG_TEST_POSTGRES";

/// A database that nobody else uses.
#[derive(Debug)]
pub struct TestDatabase {
    /// How to reach it.
    pub url: String,
    _folder: Option<tempfile::TempDir>,
}

impl TestDatabase {
    /// A new SQLite file in WAL mode, as applications use it.
    pub fn sqlite() -> Result<TestDatabase> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        block_on(async {
            let options = format!("{url}?mode=rwc");
            let mut connection = sqlx::SqliteConnection::connect(&options).await?;
            sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await?;
            connection.close().await
        })?;
        Ok(TestDatabase { url, _folder: Some(folder) })
    }

    /// An SQLite file that somebody else made.
    #[must_use]
    pub fn in_file(file: &Path) -> TestDatabase {
        TestDatabase { url: format!("sqlite:{}", file.display()), _folder: None }
    }

    /// A new database on the server at `url`.
    pub fn postgres(url: &str) -> Result<TestDatabase> {
        TestDatabase::on_server(url, "")
    }

    fn on_server(url: &str, template: &str) -> Result<TestDatabase> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("colmig_test_{}_{number}", std::process::id());
        block_on(async {
            let mut connection = sqlx::PgConnection::connect(url).await?;
            let sql = format!("CREATE DATABASE {name} {template}");
            sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
            connection.close().await
        })
        .with_context(|| format!("cannot make a database on the server of {POSTGRES}"))?;
        let (server, _) = url.rsplit_once('/').context("a PostgreSQL URL ends in /database")?;
        Ok(TestDatabase { url: format!("{server}/{name}"), _folder: None })
    }

    /// A copy of it as it is now; nobody may be at work on it.
    pub fn copy(&self) -> Result<TestDatabase> {
        let Some(file) = self.file() else {
            let (server, name) = self.url.rsplit_once('/').context("a URL ends in /database")?;
            return TestDatabase::on_server(
                &format!("{server}/postgres"),
                &format!("TEMPLATE {name}"),
            );
        };
        let folder = tempfile::tempdir()?;
        for suffix in ["", "-wal"] {
            let from = format!("{}{suffix}", file.display());
            if Path::new(&from).exists() {
                fs_err::copy(from, folder.path().join(format!("test.db{suffix}")))?;
            }
        }
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Ok(TestDatabase { url, _folder: Some(folder) })
    }

    /// Drops it, where that frees anything before the server ends.
    pub fn remove(self) -> Result<()> {
        let Some((server, name)) = self.url.rsplit_once('/').filter(|_| self.is_postgres()) else {
            return Ok(());
        };
        block_on(async {
            let mut connection = sqlx::PgConnection::connect(&format!("{server}/postgres")).await?;
            let sql = format!("DROP DATABASE {name} WITH (FORCE)");
            sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
            connection.close().await
        })
    }

    /// One of every kind.
    pub fn all() -> Result<Vec<TestDatabase>> {
        let mut all = vec![TestDatabase::sqlite()?];
        for server in servers() {
            all.push(TestDatabase::postgres(&server)?);
        }
        Ok(all)
    }

    /// The same PostgreSQL database as another role, without a password.
    #[must_use]
    pub fn as_role(&self, role: &str) -> TestDatabase {
        let (_, place) = self.url.rsplit_once('@').expect("the server's URL names a role");
        TestDatabase { url: format!("postgres://{role}@{place}"), _folder: None }
    }

    /// Whether it is a PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// Which one it is.
    pub fn which(&self) -> Database {
        if self.is_postgres() { Database::Postgres } else { Database::Sqlite }
    }

    /// The word for messages.
    pub fn kind(&self) -> &'static str {
        self.which().word()
    }

    /// The SQLite file.
    pub fn file(&self) -> Option<&Path> {
        self.url.strip_prefix("sqlite:").map(Path::new)
    }

    /// Runs statements.
    pub fn execute(&self, sql: &str) -> Result<()> {
        block_on(async {
            if self.is_postgres() {
                let mut connection = sqlx::PgConnection::connect(&self.url).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            } else {
                let mut connection = sqlx::SqliteConnection::connect(&self.url).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            }
        })
        .with_context(|| format!("on {}: {sql}", self.kind()))
    }

    /// The first column of every row, as text; NULL is `NULL`. Cast what is no text.
    pub fn texts(&self, sql: &str) -> Result<Vec<String>> {
        block_on(async {
            if self.is_postgres() {
                let mut connection = sqlx::PgConnection::connect(&self.url).await?;
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await?;
                connection.close().await?;
                rows.iter()
                    .map(|row| row.try_get::<Option<String>, _>(0))
                    .collect::<Result<Vec<_>, _>>()
            } else {
                let mut connection = sqlx::SqliteConnection::connect(&self.url).await?;
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await?;
                connection.close().await?;
                rows.iter()
                    .map(|row| row.try_get::<Option<String>, _>(0))
                    .collect::<Result<Vec<_>, _>>()
            }
        })
        .map(|texts| {
            texts.into_iter().map(|text| text.unwrap_or_else(|| "NULL".to_owned())).collect()
        })
        .with_context(|| format!("on {}: {sql}", self.kind()))
    }

    /// One number.
    pub fn count(&self, from: &str) -> Result<i64> {
        let texts = self.texts(&format!("SELECT CAST(count(*) AS text) FROM {from}"))?;
        texts[0].parse().context("a count is a number")
    }

    /// The definition of a table as the catalog tells it, with its indexes, constraints and triggers; empty
    /// if there is none.
    pub fn definition(&self, table: &str) -> Result<Vec<String>> {
        let sql = if self.is_postgres() {
            format!(
                "SELECT format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid))
                 FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                 WHERE attrelid = to_regclass('{table}') AND attnum > 0 AND NOT attisdropped
                 UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass('{table}') AND contype <> 'n'
                 UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = to_regclass('{table}') AND NOT tgisinternal
                 UNION ALL SELECT pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END FROM pg_index WHERE indrelid = to_regclass('{table}') ORDER BY 1"
            )
        } else {
            format!(
                "SELECT coalesce(sql, name) FROM sqlite_schema WHERE tbl_name = '{table}' ORDER BY name"
            )
        };
        self.texts(&sql)
    }

    /// The definitions of all tables but colmig's own.
    pub fn definitions(&self) -> Result<Vec<String>> {
        let tables = self.tables()?.into_iter().filter(|table| !table.starts_with("_colmig"));
        tables
            .map(|table| self.definition(&table))
            .collect::<Result<Vec<_>>>()
            .map(|all| all.concat())
    }

    /// The names of all tables but the database's own.
    pub fn tables(&self) -> Result<Vec<String>> {
        self.texts(if self.is_postgres() {
            "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        } else {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
        })
    }

    /// The columns of a table with their nullability: `handle!`, `nickname?`.
    pub fn columns(&self, table: &str) -> Result<Vec<String>> {
        let sql = if self.is_postgres() {
            format!(
                "SELECT attname || CASE WHEN attnotnull THEN '!' ELSE '?' END FROM pg_attribute
                 WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
            )
        } else {
            format!(
                "SELECT name || CASE WHEN \"notnull\" THEN '!' ELSE '?' END FROM pragma_table_xinfo('{table}') WHERE hidden <> 1"
            )
        };
        self.texts(&sql)
    }
}

/// The servers that are to be tested; a missing one is no reason to test less.
fn servers() -> Vec<String> {
    let Ok(list) = std::env::var(POSTGRES) else {
        panic!(
            "{POSTGRES} is not set: run the tests with `cargo xtask test`, which starts the servers"
        );
    };
    list.split(',').filter(|url| !url.is_empty()).map(str::to_owned).collect()
}

fn block_on<T>(future: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future)?)
}
