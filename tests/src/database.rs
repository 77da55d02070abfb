//! The databases that every scenario runs on: a SQLite file, and each server that `cargo xtask test` started.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use colmig_core::ident::quote;
use colmig_core::types::Database;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::running::until;

/// The variable that lists PostgreSQL servers, by URL, separated by commas.
pub const POSTGRES: &str = "COLMIG_TEST_POSTGRES";

/// The same of MariaDB and MySQL servers.
pub const MYSQL: &str = "COLMIG_TEST_MYSQL";

/// With it a session takes the same SQL as one of the others: names between double quotes, `||` between texts, and as
/// many rows as there are in a recursion; and in a cluster it sees what was written on any server.
pub const MYSQL_MODE: &str =
    "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES'
    /*!80000 , SESSION cte_max_recursion_depth = 1000000 */ /*M! , SESSION max_recursive_iterations = 1000000 */
    /*M!100600 , SESSION wsrep_sync_wait = 15 */";

/// The servers of a Galera cluster.
pub const GALERA: &str = "COLMIG_TEST_GALERA";

/// What stands for a text in a cast, there and elsewhere.
fn with_its_casts(sql: &str) -> String {
    sql.replace("AS text)", "AS char)")
}

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

    /// What somebody else made, or replays.
    #[must_use]
    pub fn at(url: &str) -> TestDatabase {
        TestDatabase { url: url.to_owned(), _folder: None }
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

    /// A new database on the MariaDB or MySQL server at `url`.
    pub fn mysql(url: &str) -> Result<TestDatabase> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("colmig_test_{}_{number}", std::process::id());
        block_on(async {
            let mut connection = MySqlConnection::connect(url).await?;
            let sql = format!("CREATE DATABASE {name} DEFAULT CHARACTER SET utf8mb4");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
            connection.close().await
        })
        .with_context(|| format!("cannot make a database on the server of {MYSQL}"))?;
        let (server, _) = url.rsplit_once('/').context("a MySQL URL ends in /database")?;
        Ok(TestDatabase { url: format!("{server}/{name}"), _folder: None })
    }

    /// A new database of a Galera cluster, as each of its servers knows it; empty where no cluster is asked for.
    pub fn cluster() -> Result<Vec<TestDatabase>> {
        let urls = servers(GALERA);
        let Some(first) = urls.first() else { return Ok(Vec::new()) };
        let database = TestDatabase::mysql(first)?;
        let (_, name) = database.url.rsplit_once('/').context("a URL ends in /database")?;
        let others = urls.iter().skip(1).map(|url| {
            let (server, _) = url.rsplit_once('/').context("a MySQL URL ends in /database")?;
            Ok(TestDatabase { url: format!("{server}/{name}"), _folder: None })
        });
        let others = others.collect::<Result<Vec<_>>>()?;
        for other in &others {
            until("a server makes the database too", || {
                Ok(other.texts("SELECT 'here'").is_ok().then_some(()))
            })?;
        }
        Ok([database].into_iter().chain(others).collect())
    }

    /// Table by table: there is nothing like a template.
    fn copy_of_mysql(&self) -> Result<TestDatabase> {
        let copy = TestDatabase::mysql(&self.url)?;
        let (_, from) = self.url.rsplit_once('/').context("a URL ends in /database")?;
        let mut script = "SET foreign_key_checks = 0;\n".to_owned();
        for table in self.tables()? {
            let columns = self.texts(&format!(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = database()
                 AND table_name = '{table}' AND extra NOT LIKE '%VIRTUAL%' ORDER BY ordinal_position"
            ))?;
            let columns: Vec<_> = columns.iter().map(|name| quote(name)).collect();
            let (columns, table) = (columns.join(", "), quote(&table));
            script.push_str(&format!(
                "{};\nINSERT INTO {table} ({columns}) SELECT {columns} FROM {from}.{table};\n",
                self.created(&table)?
            ));
        }
        let triggers = self.texts(
            "SELECT concat('CREATE TRIGGER ', trigger_name, ' ', action_timing, ' ', event_manipulation, ' ON ',
                    event_object_table, ' FOR EACH ROW ', action_statement)
             FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY trigger_name",
        )?;
        script.extend(triggers.iter().map(|trigger| format!("{trigger};\n")));
        copy.execute(&script)?;
        Ok(copy)
    }

    /// What SHOW CREATE TABLE says.
    fn created(&self, quoted: &str) -> Result<String> {
        block_on(async {
            let mut connection = open_mysql(&self.url).await?;
            let sql = format!("SHOW CREATE TABLE {quoted}");
            let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut connection).await?;
            connection.close().await?;
            row.try_get::<String, _>(1)
        })
    }

    /// A copy of it as it is now; nobody may be at work on it.
    pub fn copy(&self) -> Result<TestDatabase> {
        if self.which() == Database::Mysql {
            return self.copy_of_mysql();
        }
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
        if self.which() == Database::Mysql {
            let (_, name) = self.url.rsplit_once('/').context("a URL ends in /database")?;
            return self.execute(&format!("DROP DATABASE {name}"));
        }
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
        for server in servers(POSTGRES) {
            all.push(TestDatabase::postgres(&server)?);
        }
        for server in servers(MYSQL) {
            all.push(TestDatabase::mysql(&server)?);
        }
        Ok(all)
    }

    /// One of each sort, whatever its version: for what does not come down to the SQL that a version understands. With
    /// `COLMIG_TEST_WHOLE=all` it is [`TestDatabase::all`].
    pub fn sorts() -> Result<Vec<TestDatabase>> {
        if std::env::var("COLMIG_TEST_WHOLE").is_ok_and(|whole| whole == "all") {
            return TestDatabase::all();
        }
        let mut all = vec![TestDatabase::sqlite()?];
        if let Some(server) = servers(POSTGRES).first() {
            all.push(TestDatabase::postgres(server)?);
        }
        if let Some(server) = servers(MYSQL).first() {
            all.push(TestDatabase::mysql(server)?);
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

    /// Whether it is MariaDB and not MySQL, which go by one name.
    pub fn is_mariadb(&self) -> Result<bool> {
        let is_mysql = self.which() == Database::Mysql;
        Ok(is_mysql && self.texts("SELECT version()")?[0].contains("MariaDB"))
    }

    /// Which one it is.
    pub fn which(&self) -> Database {
        match self.url.split(':').next() {
            Some("postgres" | "postgresql") => Database::Postgres,
            Some("mysql" | "mariadb") => Database::Mysql,
            _ => Database::Sqlite,
        }
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
            } else if self.which() == Database::Mysql {
                let mut connection = open_mysql(&self.url).await?;
                let sql = with_its_casts(sql);
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
            } else if self.which() == Database::Mysql {
                let mut connection = open_mysql(&self.url).await?;
                let sql = with_its_casts(sql);
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await?;
                connection.close().await?;
                rows.iter()
                    .map(|row| row.try_get_unchecked::<Option<String>, _>(0))
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
        if self.which() == Database::Mysql {
            return self.definition_of_mysql(table);
        }
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

    /// The lines of SHOW CREATE TABLE in an order of their own; how far the numbering is, is none of the definition.
    fn definition_of_mysql(&self, table: &str) -> Result<Vec<String>> {
        if !self.tables()?.iter().any(|one| one == table) {
            return Ok(Vec::new());
        }
        let created = self.created(&quote(table))?;
        let numbered = |word: &&str| !word.starts_with("AUTO_INCREMENT=");
        let line = |line: &str| {
            let words: Vec<_> =
                line.trim().trim_end_matches(',').split(' ').filter(numbered).collect();
            words.join(" ")
        };
        let mut lines: Vec<_> = created.lines().map(line).collect();
        lines.sort();
        Ok(lines)
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
        self.texts(if self.which() == Database::Mysql {
            "SELECT table_name FROM information_schema.tables
             WHERE table_schema = database() AND table_type = 'BASE TABLE' ORDER BY 1"
        } else if self.is_postgres() {
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
        } else if self.which() == Database::Mysql {
            format!(
                "SELECT column_name || CASE WHEN is_nullable = 'NO' THEN '!' ELSE '?' END
                 FROM information_schema.columns WHERE table_schema = database() AND table_name = '{table}'
                 ORDER BY ordinal_position"
            )
        } else {
            format!(
                "SELECT name || CASE WHEN \"notnull\" THEN '!' ELSE '?' END FROM pragma_table_xinfo('{table}') WHERE hidden <> 1"
            )
        };
        self.texts(&sql)
    }
}

/// A connection that takes the SQL that the others take.
async fn open_mysql(url: &str) -> Result<MySqlConnection, sqlx::Error> {
    let mut connection = MySqlConnection::connect(url).await?;
    sqlx::raw_sql(MYSQL_MODE).execute(&mut connection).await?;
    Ok(connection)
}

/// The servers that are to be tested; a missing one is no reason to test less.
pub fn servers(variable: &str) -> Vec<String> {
    let Ok(list) = std::env::var(variable) else {
        panic!(
            "{variable} is not set: run the tests with `cargo xtask test`, which starts the servers"
        );
    };
    list.split(',').filter(|url| !url.is_empty()).map(str::to_owned).collect()
}

fn block_on<T>(future: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future)?)
}
