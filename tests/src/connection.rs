//! A connection of an application to any database, for statements with values.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use colmig::{Lease, TableInfo};
use colmig_core::types::Database as Which;
use sqlx::mysql::{
    MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlPoolOptions, MySqlRow,
};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteRow};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Connection as _, Database, Encode, Row as _, Type,
};
use tokio::runtime::Runtime;

use crate::database::{GALERA, MYSQL_MODE, TestDatabase};
use crate::values::{Kind, Value};

/// Longer than anything that the tests do: SQLite has one writer, and the machine may be busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// One connection, and what waits for it. Its statements stay prepared, as an application's do, so that a change
/// of the schema meets them.
///
/// In a cluster a statement that lost against a write of another server is sent again, as an application has to do.
pub struct Connection {
    runtime: Runtime,
    inner: Inner,
    lease: Option<Lease>,
}

enum Inner {
    MySql(MySqlConnection),
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Connection {
    /// Opens one that no gate minds: it has the name of a tool of colmig's.
    pub fn open(database: &TestDatabase) -> Result<Connection> {
        let runtime = runtime()?;
        let inner = runtime.block_on(async {
            Ok::<_, sqlx::Error>(if database.which() == Which::Mysql {
                let options: MySqlConnectOptions = database.url.parse()?;
                let mut connection = options.disable_statement_logging().connect().await?;
                sqlx::raw_sql(MYSQL_MODE).execute(&mut connection).await?;
                // As a session of colmig's own tools says who it is.
                let own = "SELECT get_lock(concat('colmig-own:', connection_id()), 0)";
                sqlx::raw_sql(own).execute(&mut connection).await?;
                Inner::MySql(connection)
            } else if database.is_postgres() {
                let options: PgConnectOptions = database.url.parse()?;
                let options = options
                    .options([("timezone", "UTC")])
                    .application_name("colmig-test")
                    .disable_statement_logging();
                Inner::Postgres(options.connect().await?)
            } else {
                let options: SqliteConnectOptions = database.url.parse()?;
                let options = options.busy_timeout(BUSY_TIMEOUT).disable_statement_logging();
                Inner::Sqlite(options.connect().await?)
            })
        })?;
        Ok(Connection { runtime, inner, lease: None })
    }

    /// Registers as an instance of a release with these tables, or is refused.
    pub fn register(
        database: &TestDatabase,
        version: &str,
        tables: &[&'static TableInfo],
    ) -> Result<Connection> {
        let runtime = runtime()?;
        let lease = Lease::new("shop", version).tables(tables);
        let url = &database.url;
        let inner = runtime.block_on(async {
            Ok::<_, colmig::Error>(if database.which() == Which::Mysql {
                let pool = lease.connect(MySqlPoolOptions::new().max_connections(1), url).await?;
                let mut connection = pool.acquire().await?.detach();
                sqlx::raw_sql(MYSQL_MODE).execute(&mut connection).await?;
                Inner::MySql(connection)
            } else if database.is_postgres() {
                let pool = lease.connect(PgPoolOptions::new().max_connections(1), url).await?;
                let mut connection = pool.acquire().await?.detach();
                sqlx::query("SET timezone = 'UTC'").execute(&mut connection).await?;
                Inner::Postgres(connection)
            } else {
                let pool = lease.connect(SqlitePoolOptions::new().max_connections(1), url).await?;
                let mut connection = pool.acquire().await?.detach();
                let busy = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
                sqlx::query(AssertSqlSafe(busy)).execute(&mut connection).await?;
                Inner::Sqlite(connection)
            })
        })?;
        Ok(Connection { runtime, inner, lease: Some(lease) })
    }

    /// Which database it leads to.
    #[must_use]
    pub fn which(&self) -> Which {
        match self.inner {
            Inner::MySql(_) => Which::Mysql,
            Inner::Postgres(_) => Which::Postgres,
            Inner::Sqlite(_) => Which::Sqlite,
        }
    }

    /// Runs a statement that writes; how many rows it met.
    pub fn write(&mut self, sql: &str, values: &[(Value, Kind)]) -> Result<u64, sqlx::Error> {
        loop {
            match self.write_once(sql, values) {
                Err(error) if has_lost(&error) => count_loss(),
                done => return done,
            }
        }
    }

    fn write_once(&mut self, sql: &str, values: &[(Value, Kind)]) -> Result<u64, sqlx::Error> {
        self.runtime.block_on(async {
            Ok(match &mut self.inner {
                Inner::MySql(connection) => {
                    let (sql, values) = in_order(sql, values);
                    let arguments = arguments::<sqlx::MySql>(&values)?;
                    let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
                    query.execute(connection).await?.rows_affected()
                }
                Inner::Postgres(connection) => {
                    let query =
                        sqlx::query_with(AssertSqlSafe(sql), arguments::<sqlx::Postgres>(values)?);
                    query.execute(connection).await?.rows_affected()
                }
                Inner::Sqlite(connection) => {
                    let query =
                        sqlx::query_with(AssertSqlSafe(sql), arguments::<sqlx::Sqlite>(values)?);
                    query.execute(connection).await?.rows_affected()
                }
            })
        })
    }

    /// Runs a statement that reads; the columns of its rows are of these kinds.
    pub fn read(
        &mut self,
        sql: &str,
        values: &[(Value, Kind)],
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Value>>, sqlx::Error> {
        loop {
            match self.read_once(sql, values, kinds) {
                Err(error) if has_lost(&error) => count_loss(),
                done => return done,
            }
        }
    }

    fn read_once(
        &mut self,
        sql: &str,
        values: &[(Value, Kind)],
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Value>>, sqlx::Error> {
        let each = |decode: &dyn Fn(usize, Kind) -> Result<Value, sqlx::Error>| {
            kinds.iter().enumerate().map(|(index, kind)| decode(index, *kind)).collect()
        };
        self.runtime.block_on(async {
            match &mut self.inner {
                Inner::MySql(connection) => {
                    let (sql, values) = in_order(sql, values);
                    let arguments = arguments::<sqlx::MySql>(&values)?;
                    let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
                    let rows = query.fetch_all(connection).await?;
                    rows.iter().map(|row| each(&|index, kind| of_mysql(row, index, kind))).collect()
                }
                Inner::Postgres(connection) => {
                    let query =
                        sqlx::query_with(AssertSqlSafe(sql), arguments::<sqlx::Postgres>(values)?);
                    let rows = query.fetch_all(connection).await?;
                    rows.iter()
                        .map(|row| each(&|index, kind| of_postgres(row, index, kind)))
                        .collect()
                }
                Inner::Sqlite(connection) => {
                    let query =
                        sqlx::query_with(AssertSqlSafe(sql), arguments::<sqlx::Sqlite>(values)?);
                    let rows = query.fetch_all(connection).await?;
                    rows.iter()
                        .map(|row| each(&|index, kind| of_sqlite(row, index, kind)))
                        .collect()
                }
            }
        })
    }

    /// Ends it, so that the server knows before anything else is done; then its lease.
    pub fn close(self) -> Result<()> {
        let Connection { runtime, inner, lease } = self;
        Ok(runtime.block_on(async {
            match inner {
                Inner::MySql(connection) => connection.close().await?,
                Inner::Postgres(connection) => connection.close().await?,
                Inner::Sqlite(connection) => connection.close().await?,
            }
            if let Some(lease) = lease {
                lease.release().await;
            }
            Ok::<_, sqlx::Error>(())
        })?)
    }
}

static LOSSES: AtomicU64 = AtomicU64::new(0);

/// How many statements of this process lost against a write of another server, and were sent again.
#[must_use]
pub fn losses() -> u64 {
    LOSSES.load(Ordering::SeqCst)
}

/// Whether a statement lost (1213), or its server was not part of its cluster for a moment (1047). Anywhere but in a cluster
/// neither may happen to a statement that is alone in its transaction, and that of one row.
pub fn has_lost(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    matches!(number, Some(1213 | 1047)) && std::env::var(GALERA).is_ok_and(|urls| !urls.is_empty())
}

/// Counts one, and lets the other one be done.
pub fn count_loss() {
    LOSSES.fetch_add(1, Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(2));
}

/// With a thread of its own, so that a lease is renewed whatever the tests wait for.
fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

/// NULL has a type too: PostgreSQL prepares a statement for the types that it is given.
fn arguments<DB>(values: &[(Value, Kind)]) -> Result<DB::Arguments, sqlx::Error>
where
    DB: Database,
    for<'q> Option<i16>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<i32>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<i64>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<f32>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<f64>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<bool>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<String>: Encode<'q, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for (value, kind) in values {
        let added = match kind {
            Kind::Int(2) => arguments.add(value.int().and_then(|n| i16::try_from(n).ok())),
            Kind::Int(4) => arguments.add(value.int().and_then(|n| i32::try_from(n).ok())),
            Kind::Int(_) => arguments.add(value.int()),
            Kind::Real(4) => arguments.add(value.real().map(|n| n as f32)),
            Kind::Real(_) => arguments.add(value.real()),
            Kind::Bool => arguments.add(value.bool()),
            Kind::Text | Kind::Cast => arguments.add(value.text()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// sqlx compares the types: a column that has become another one is an error here, as in an application.
fn of_postgres(row: &PgRow, index: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        Kind::Int(2) => row.try_get::<Option<i16>, _>(index)?.map(|n| Value::Int(n.into())),
        Kind::Int(4) => row.try_get::<Option<i32>, _>(index)?.map(|n| Value::Int(n.into())),
        Kind::Int(_) => row.try_get::<Option<i64>, _>(index)?.map(Value::Int),
        Kind::Real(4) => row.try_get::<Option<f32>, _>(index)?.map(|n| Value::Real(n.into())),
        Kind::Real(_) => row.try_get::<Option<f64>, _>(index)?.map(Value::Real),
        Kind::Bool => row.try_get::<Option<bool>, _>(index)?.map(Value::Bool),
        Kind::Text | Kind::Cast => row.try_get::<Option<String>, _>(index)?.map(Value::Text),
    }
    .unwrap_or(Value::Null))
}

/// Numbers that a statement adds up are wider than the columns, and what is cast is text.
fn of_mysql(row: &MySqlRow, index: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        Kind::Int(_) => row.try_get_unchecked::<Option<i64>, _>(index)?.map(Value::Int),
        Kind::Real(4) => row.try_get::<Option<f32>, _>(index)?.map(|n| Value::Real(n.into())),
        Kind::Real(_) => row.try_get::<Option<f64>, _>(index)?.map(Value::Real),
        Kind::Bool => row.try_get_unchecked::<Option<bool>, _>(index)?.map(Value::Bool),
        Kind::Text => row.try_get::<Option<String>, _>(index)?.map(Value::Text),
        Kind::Cast => row.try_get_unchecked::<Option<String>, _>(index)?.map(Value::Text),
    }
    .unwrap_or(Value::Null))
}

/// MySQL counts its placeholders, and does not number them. No statement of a test has one in a text.
fn in_order(sql: &str, values: &[(Value, Kind)]) -> (String, Vec<(Value, Kind)>) {
    let mut parts = sql.replace("AS text)", "AS char)");
    let mut ordered = Vec::new();
    while let Some(at) = parts.find('$') {
        let digits = parts[at + 1..].chars().take_while(char::is_ascii_digit).count();
        let number: usize = parts[at + 1..at + 1 + digits].parse().expect("a number follows");
        ordered.push(values[number - 1].clone());
        parts.replace_range(at..at + 1 + digits, "?");
    }
    (parts, ordered)
}

/// The value of an expression has no declared type, so none is compared.
fn of_sqlite(row: &SqliteRow, index: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        Kind::Int(_) => row.try_get_unchecked::<Option<i64>, _>(index)?.map(Value::Int),
        Kind::Real(_) => row.try_get_unchecked::<Option<f64>, _>(index)?.map(Value::Real),
        Kind::Bool => row.try_get_unchecked::<Option<bool>, _>(index)?.map(Value::Bool),
        Kind::Text | Kind::Cast => {
            row.try_get_unchecked::<Option<String>, _>(index)?.map(Value::Text)
        }
    }
    .unwrap_or(Value::Null))
}
