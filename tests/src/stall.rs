//! A writer that goes on through whatever happens to a table, and how long it had to wait at worst.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use colmig_core::types::Database;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};

use crate::database::{MYSQL_MODE, TestDatabase};

/// A table that nobody changes: what a write there waits for, the machine and the server are the reason of. Its name is
/// one that definitions leave out.
const CONTROL: &str = "_colmig_control";

/// Two writers at work: one on the table that is looked at, one beside it.
pub struct Watch {
    done: Arc<AtomicBool>,
    here: JoinHandle<Result<Wrote>>,
    beside: JoinHandle<Result<Wrote>>,
}

/// What one writer did.
#[derive(Clone, Copy, Debug, Default)]
struct Wrote {
    writes: u64,
    longest: Duration,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// How many writes there were.
    pub writes: u64,
    /// The longest that one took.
    pub longest: Duration,
    /// The longest of those beside, at the same time.
    pub beside: Duration,
}

impl Watch {
    /// Begins to write `users`.
    pub fn start(database: &TestDatabase) -> Result<Watch> {
        database.execute(&format!(
            "CREATE TABLE {CONTROL} (id bigint PRIMARY KEY); INSERT INTO {CONTROL} VALUES (1)"
        ))?;
        let done = Arc::new(AtomicBool::new(false));
        let writer = |table: &'static str| {
            let (which, url, done) = (database.which(), database.url.clone(), done.clone());
            std::thread::spawn(move || write(which, &url, table, &done))
        };
        Ok(Watch { here: writer("users"), beside: writer(CONTROL), done })
    }

    /// Ends it.
    pub fn end(self) -> Result<Stall> {
        self.done.store(true, Ordering::SeqCst);
        let [here, beside] =
            [self.here, self.beside].map(|thread| thread.join().expect("no panic"));
        let (here, beside) = (here?, beside?);
        ensure!(here.writes > 0 && beside.writes > 0, "nobody wrote");
        Ok(Stall { writes: here.writes, longest: here.longest, beside: beside.longest })
    }
}

/// Writes a row as it is, which every release may do at any time; but for one whose key goes.
fn write(which: Database, url: &str, table: &str, done: &AtomicBool) -> Result<Wrote> {
    let sql = format!("UPDATE {table} SET id = id WHERE id = 1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut wrote = Wrote::default();
    runtime.block_on(async {
        let mut connection = Client::connect(which, url).await?;
        while !done.load(Ordering::SeqCst) {
            let began = Instant::now();
            connection.execute(&sql).await.with_context(|| format!("after {wrote:?}: {sql}"))?;
            wrote.longest = wrote.longest.max(began.elapsed());
            wrote.writes += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(wrote)
    })
}

enum Client {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
    Mysql(MySqlConnection),
}

impl Client {
    async fn connect(which: Database, url: &str) -> Result<Client, sqlx::Error> {
        let (mut client, settings) = match which {
            Database::Postgres => (Client::Postgres(PgConnection::connect(url).await?), "SELECT 1"),
            Database::Sqlite => {
                let connection = SqliteConnection::connect(url).await?;
                (Client::Sqlite(connection), "PRAGMA busy_timeout = 60000")
            }
            Database::Mysql => (Client::Mysql(MySqlConnection::connect(url).await?), MYSQL_MODE),
        };
        client.execute(settings).await?;
        Ok(client)
    }

    async fn execute(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Client::Postgres(connection) => sql.execute(connection).await.map(drop),
            Client::Sqlite(connection) => sql.execute(connection).await.map(drop),
            Client::Mysql(connection) => sql.execute(connection).await.map(drop),
        }
    }
}

/// The worst of each database.
#[derive(Default)]
pub struct Worst(Mutex<BTreeMap<&'static str, (Stall, &'static str)>>);

impl Worst {
    /// Adds what was found in a scenario; on a server nobody waits for longer than a schema statement waits for its lock,
    /// and what writers beside it waited for. SQLite has one writer, whose hold is announced.
    pub fn add(&self, database: &TestDatabase, scenario: &'static str, stall: Stall) -> Result<()> {
        let limit = Duration::from_secs(1) + 3 * stall.beside;
        let is_bounded = database.file().is_none();
        ensure!(!is_bounded || stall.longest <= limit, "a writer waited too long: {stall:?}");
        let mut worst = self.0.lock().expect("nobody panics while holding it");
        let entry = worst.entry(database.kind()).or_insert((stall, scenario));
        if stall.longest > entry.0.longest {
            *entry = (stall, scenario);
        }
        Ok(())
    }

    /// Prints them.
    pub fn print(&self) {
        for (kind, (stall, scenario)) in &*self.0.lock().expect("nobody panicked") {
            println!(
                "longest stall on {kind}: {:?} in `{scenario}`; beside it {:?}",
                stall.longest, stall.beside
            );
        }
    }
}
