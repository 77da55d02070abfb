//! Instances of the releases of [`crate::shop`], without their code: what each does with `users` is
//! written down by hand, and its statements are raw SQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow};
use colmig::{ColumnInfo, Lease, TableInfo, TypeChecks};
use colmig_core::lifecycle::{Access, Stand};
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, MySqlPool, PgPool, SqlitePool};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::database::TestDatabase;
use crate::running::until;

const fn column(name: &'static str, stand: Stand, born: &'static str) -> ColumnInfo {
    let types = TypeChecks { postgres: None, sqlite: None, mysql: None };
    ColumnInfo { name, stand, born, auto: false, derived: None, types }
}

const fn users(rust: &'static str, columns: &'static [ColumnInfo]) -> TableInfo {
    TableInfo {
        name: "users",
        rust,
        package: "shop",
        access: Access::Writer,
        owner: "",
        project: "shop",
        head: "",
        born: "0001",
        columns,
        primary_key: &["id"],
        constraints: &[],
        enums: &[],
    }
}

const ID: ColumnInfo = column("id", Stand::Required, "0001");
const EMAIL: ColumnInfo = column("email", Stand::Required, "0001");

/// What each release does.
pub static TABLES: [TableInfo; 3] = [
    users("release 1", &[ID, EMAIL, column("nickname", Stand::Required, "0001")]),
    users(
        "release 2",
        &[
            ID,
            EMAIL,
            column("nickname", Stand::Deprecated, "0001"),
            column("handle", Stand::Adding, "0002"),
        ],
    ),
    users("release 3", &[ID, EMAIL, column("handle", Stand::Required, "0002")]),
];

/// How a release inserts the user of an address.
#[must_use]
pub fn insert(release: usize, email: &str) -> String {
    match release {
        1 => format!("INSERT INTO users (email, nickname) VALUES ('{email}', 'nick of {email}')"),
        2 => format!(
            "INSERT INTO users (email, nickname, handle) VALUES ('{email}', 'nick of {email}', lower('{email}'))"
        ),
        _ => format!("INSERT INTO users (email, handle) VALUES ('{email}', lower('{email}'))"),
    }
}

/// Counts wrong values among the users that a release reads: the newest (`DESC`) or the oldest (`ASC`).
fn wrong(release: usize, order: &str) -> String {
    let (column, right) = match release {
        1 => ("nickname", "'nick of ' || email"),
        2 => ("email", "email"),
        _ => ("handle", "lower(email)"),
    };
    format!(
        "SELECT count(*) FROM (SELECT email, {column} AS it FROM users ORDER BY id {order} LIMIT 20) AS u
         WHERE it IS NULL OR it <> {right}"
    )
}

/// A pool of any database.
#[derive(Clone, Debug)]
pub enum Pool {
    /// MariaDB or MySQL.
    MySql(MySqlPool),
    /// PostgreSQL.
    Postgres(PgPool),
    /// SQLite.
    Sqlite(SqlitePool),
}

impl Pool {
    /// Runs one statement.
    pub async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        match self {
            Pool::MySql(pool) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop),
            Pool::Postgres(pool) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop),
            Pool::Sqlite(pool) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop),
        }
    }

    /// Reads one number.
    pub async fn number(&self, sql: &str) -> Result<i64, sqlx::Error> {
        let sql = AssertSqlSafe(sql);
        match self {
            Pool::MySql(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
            Pool::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
            Pool::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
        }
    }

    async fn close(&self) {
        match self {
            Pool::MySql(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
            Pool::Sqlite(pool) => pool.close().await,
        }
    }
}

/// Registers as an instance of a release; the lease's life is short.
pub async fn connect(release: usize, url: &str) -> colmig::Result<(Lease, Pool)> {
    let lease = Lease::new("shop", &release.to_string())
        .tables(&[&TABLES[release - 1]])
        .ttl(Duration::from_secs(2));
    let pool = if url.starts_with("postgres") {
        Pool::Postgres(lease.connect(PoolOptions::new().max_connections(4), url).await?)
    } else if url.starts_with("mysql") {
        Pool::MySql(lease.connect(PoolOptions::new().max_connections(4), url).await?)
    } else {
        Pool::Sqlite(lease.connect(PoolOptions::new().max_connections(4), url).await?)
    };
    Ok((lease, pool))
}

/// One instance of a release, on threads of its own.
pub struct Instance {
    release: usize,
    runtime: Runtime,
    lease: Option<Lease>,
    pool: Pool,
    stop: Arc<AtomicBool>,
    writes: Arc<AtomicU64>,
    work: Vec<JoinHandle<Result<(), String>>>,
}

impl Instance {
    /// Registers, or is refused.
    pub fn start(release: usize, database: &TestDatabase) -> Result<Instance> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (lease, pool) = runtime.block_on(connect(release, &database.url))?;
        Ok(Instance {
            release,
            runtime,
            lease: Some(lease),
            pool,
            stop: Arc::default(),
            writes: Arc::default(),
            work: Vec::new(),
        })
    }

    /// From now on it inserts users and reads them, and every failed statement and wrong value is an
    /// error.
    #[must_use]
    pub fn working(mut self) -> Instance {
        let (pool, release) = (self.pool.clone(), self.release);
        let (stop, writes) = (self.stop.clone(), self.writes.clone());
        let id = self.lease.as_ref().map_or("", Lease::id).to_owned();
        self.work.push(self.runtime.spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let number = writes.fetch_add(1, Ordering::SeqCst);
                let insert = insert(release, &format!("Live-{id}-{number}@x"));
                pool.execute(&insert).await.map_err(|error| format!("{insert}: {error}"))?;
                for order in ["ASC", "DESC"] {
                    let sql = wrong(release, order);
                    match pool.number(&sql).await {
                        Ok(0) => {}
                        Ok(wrong) => return Err(format!("{wrong} wrong values: {sql}")),
                        Err(error) => return Err(format!("{sql}: {error}")),
                    }
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(())
        }));
        self
    }

    /// Reads one number.
    pub fn number(&self, sql: &str) -> Result<i64> {
        Ok(self.runtime.block_on(self.pool.number(sql))?)
    }

    /// Waits until it has written so many rows: how long that takes is the machine's affair.
    pub fn has_written(&self, rows: u64) -> Result<()> {
        until(
            "an instance writes",
            || Ok((self.writes.load(Ordering::SeqCst) > rows).then_some(())),
        )
    }

    /// Ends it as a deployment would; how much it wrote, without an error.
    pub fn end(mut self) -> Result<u64> {
        self.stop.store(true, Ordering::SeqCst);
        let (release, lease) = (self.release, self.lease.take());
        let outcome = self.runtime.block_on(async {
            for task in self.work.drain(..) {
                task.await?.map_err(|error| anyhow!("release {release}: {error}"))?;
            }
            self.pool.close().await;
            if let Some(lease) = lease {
                lease.release().await;
            }
            Ok(())
        });
        outcome.map(|()| self.writes.load(Ordering::SeqCst))
    }

    /// It does nothing more, and a session of its pool stays, as those of a process that sleeps do; its lease runs out.
    pub fn falls_asleep(self) -> Result<()> {
        let Pool::MySql(pool) = &self.pool else { anyhow::bail!("only MariaDB is put to sleep") };
        let connection = self.runtime.block_on(pool.acquire())?.detach();
        std::mem::forget(connection);
        self.runtime.shutdown_background();
        Ok(())
    }

    /// Ends it as a power cut would: no heartbeat follows, and its lease runs out.
    pub fn crash(self) {
        self.runtime.shutdown_background();
    }
}
