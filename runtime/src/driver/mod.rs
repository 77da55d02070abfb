//! The live half of a database: connections, transactions, the catalog, sessions, the ledger's rows.
//!
//! A [`Driver`] is one connection behind one small trait, a file a database; statements that are the
//! same everywhere are written once, in [`ledger`]. SQL of the ledger and of the catalog stands in this
//! folder and nowhere else; SQL that changes schemas stands in `colmig_core::dialect`.

pub(crate) mod archive;
pub(crate) mod ledger;
#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
mod race;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod types;
mod wire;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use colmig_core::admission::Refusal;
use colmig_core::backfill::KeyColumn;
use colmig_core::catalog::{Catalog, Dependant};
use colmig_core::dialect::Dialect;
use colmig_core::dialect::sqlite::rebuild::Alteration;
use colmig_core::gate::Session;
use colmig_core::migration::{Change, Thing};
use colmig_core::problem::{self, Problem};
use serde::{Deserialize, Serialize};

use crate::TableInfo;
pub(crate) use race::{Races, jittered, transaction};

/// What every method of a driver returns: trait objects need boxed futures.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send + 'a>>;

/// A value on its way to or from the database. The ledger has no NULLs, so neither has this, but for
/// rows of the user's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes { bytes: Vec<u8> },
}

/// One row.
pub(crate) type Row = Vec<Value>;

impl Value {
    pub(crate) fn int(&self) -> i64 {
        match self {
            Value::Int(number) => *number,
            _ => 0,
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Value::Text(text) => text,
            _ => "",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Real(number) => write!(f, "{number}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Bytes { bytes } => write!(f, "{} bytes", bytes.len()),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

/// What kind of trouble a statement met: what the applier decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A lock was not granted in time, or the transaction lost a race: the same can be tried again.
    Again,
    /// The transaction lost against another one, perhaps as it was committed, or its server was not part of its cluster
    /// for a moment: nothing of it was done, and all of it can be run again at once.
    Lost,
    /// Rows without a value stand where NOT NULL should.
    Null,
    /// The server does not do it in the way that the statement names.
    Algorithm,
    /// The table is not there.
    NoTable,
    /// The database or the file can only be read.
    ReadOnly,
    /// The role lacks a right.
    Denied,
    /// The connection is gone.
    Gone,
    /// Anything else.
    Other,
}

/// What went wrong with one statement.
#[derive(Clone, Debug)]
pub(crate) struct DbError {
    pub(crate) trouble: Trouble,
    pub(crate) message: String,
    pub(crate) sql: String,
    /// What colmig itself found wrong, where it was not the database.
    pub(crate) verdict: Option<Box<Problem>>,
}

impl DbError {
    pub(crate) fn other(message: impl Into<String>) -> DbError {
        DbError {
            trouble: Trouble::Other,
            message: message.into(),
            sql: String::new(),
            verdict: None,
        }
    }

    /// A refusal of colmig's own, made where a statement would have been.
    pub(crate) fn verdict(problem: Problem) -> DbError {
        DbError { verdict: Some(Box::new(problem.clone())), ..DbError::other(problem.message) }
    }

    pub(crate) fn problem(&self) -> Problem {
        if let Some(problem) = &self.verdict {
            return (**problem).clone();
        }
        let statement: Vec<_> = self.sql.split_whitespace().collect();
        let mut statement = statement.join(" ");
        if let Some((cut, _)) = statement.char_indices().nth(300) {
            statement.truncate(cut);
            statement.push('…');
        }
        let code = match self.trouble {
            Trouble::Gone => problem::UNREACHABLE,
            Trouble::ReadOnly => problem::READ_ONLY,
            Trouble::Denied => problem::DENIED,
            _ => problem::STATEMENT,
        };
        let mut problem = code.problem(format!("the database said: {}", self.message));
        if !statement.is_empty() {
            problem = problem.help(format!("the statement was: {statement}"));
        }
        match self.trouble {
            Trouble::Lost => problem.help("its transaction lost against others again and again; run the command again when it is quieter: it goes on"),
            Trouble::Again => problem.help("somebody holds a lock for long; run the command again when that has ended: it goes on"),
            Trouble::Gone => problem.help("the connection broke; run the command again, it resumes"),
            Trouble::ReadOnly => problem.help("give the file and its folder write permission, or use a role and a server that may write"),
            Trouble::Denied => problem.help("grant it: the README of colmig lists what each role needs, under \"Roles\""),
            _ => problem,
        }
    }
}

impl From<DbError> for crate::Error {
    fn from(error: DbError) -> crate::Error {
        error.problem().into()
    }
}

/// What a transaction is for; each driver knows the isolation, the locks and the timeouts it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Queries, and nothing else: it holds no row and no writer, and is rolled back.
    Look,
    /// Rows of the ledger.
    Rows,
    /// A batch of a backfill: it holds row locks, so it waits for none of others for long.
    Batch,
    /// A schema statement: short lock timeouts.
    Schema,
    /// A statement that reads a whole table under a weak lock.
    Scan,
    /// A table rebuild (SQLite).
    Rebuild,
}

/// Whether the session lock was had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionLock {
    /// It is ours until the connection ends.
    Ours,
    /// Somebody else has it.
    Theirs,
}

/// Whether a thing of the catalog is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// There is none of this name.
    Missing,
    /// Somebody is making it: a server goes on with that when its client has died.
    Building,
    /// The making of an index was interrupted: it serves nobody, and a unique one refuses rows all the same.
    Invalid,
    /// It is there.
    Valid,
    /// It cannot be told: what makes it may run again.
    Unknown,
}

/// How a database spells what the ledger's statements cannot say alike everywhere.
pub(crate) struct Spelling {
    /// The database's clock in milliseconds, as an expression.
    pub(crate) now: &'static str,
    /// The type of a short text that is, or may be, a part of a key.
    pub(crate) key: &'static str,
    /// The type of a text of any length.
    pub(crate) text: &'static str,
    /// What follows the columns of a new table.
    pub(crate) table: &'static str,
}

/// What stands in the way of a drop where SQLite does not say what it is.
pub(crate) const OWN_DEFINITION: &str =
    "a constraint or a generated column in the table's own definition";

/// A transaction that is older than a window's move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OldTransaction {
    /// The server's name for it.
    pub(crate) id: String,
    /// Who runs it.
    pub(crate) session: Session,
}

/// A session that may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Writer {
    /// Whose it is.
    pub(crate) session: Session,
    /// When its last statement began, or it was opened, in milliseconds of the database's clock; where our
    /// role may not know, the end of time.
    pub(crate) active_at: i64,
}

/// One connection to one database.
pub(crate) trait Driver: Send {
    /// The SQL that this server is told.
    fn dialect(&self) -> &'static dyn Dialect;

    /// How this database spells what the ledger needs.
    fn spelling(&self) -> &'static Spelling;

    /// The database's clock in milliseconds, as an SQL expression.
    fn now(&self) -> &'static str {
        self.spelling().now
    }

    /// What follows the values of an INSERT so that a row with this key, which is there already, gets these columns
    /// from them; without columns it stays as it is.
    fn on_conflict(&self, key: &str, set: &[&str]) -> String {
        let set: Vec<_> =
            set.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        match set.as_slice() {
            [] => "ON CONFLICT DO NOTHING".to_owned(),
            set => format!("ON CONFLICT ({key}) DO UPDATE SET {}", set.join(", ")),
        }
    }

    /// What follows `SELECT …` to lock the gate row: for the applier, or (shared) for a registration.
    fn gate_lock(&self, shared: bool) -> &'static str;

    /// Whether a row is locked on one of several servers only. There two transactions exclude one another if they write
    /// the same row: the cluster lets one of them through, and the other has [`Trouble::Lost`].
    fn is_cluster(&self) -> bool {
        false
    }

    /// Whether the transaction that was begun last has lost: it can be run again.
    fn lost(&self) -> bool {
        false
    }

    /// For how long the cluster has held back all writes since this was asked last, so that its slowest server comes
    /// after the others; nothing where there is none, or it has not.
    fn held_back(&mut self) -> Answer<'_, Option<std::time::Duration>> {
        Box::pin(async { Ok(None) })
    }

    /// Runs one statement with parameters `$1…`; the number of rows.
    fn run<'a>(&'a mut self, sql: &'a str, parameters: &'a [Value]) -> Answer<'a, u64>;

    /// Runs one query with parameters `$1…`.
    fn rows<'a>(&'a mut self, sql: &'a str, parameters: &'a [Value]) -> Answer<'a, Vec<Row>>;

    /// Runs statements without parameters.
    fn script<'a>(&'a mut self, sql: &'a str) -> Answer<'a, ()>;

    /// Runs one statement outside of a transaction, for as long as it takes and with no timeout for locks: an
    /// index whose making is cancelled stays behind, and nobody queues behind one that waits.
    fn alone<'a>(&'a mut self, sql: &'a str) -> Answer<'a, ()>;

    /// Begins a transaction.
    fn begin(&mut self, work: Work) -> Answer<'_, ()>;

    /// Commits it.
    fn commit(&mut self) -> Answer<'_, ()>;

    /// Rolls it back.
    fn rollback(&mut self) -> Answer<'_, ()>;

    /// Takes the lock that only one applier has, without waiting; it ends with the connection.
    fn try_lock(&mut self) -> Answer<'_, SessionLock>;

    /// Gives it back.
    fn unlock(&mut self) -> Answer<'_, ()>;

    /// What the catalog says about these tables.
    fn catalog<'a>(&'a mut self, tables: &'a [String]) -> Answer<'a, Catalog>;

    /// The types of key columns, as the backfill casts them.
    fn key<'a>(&'a mut self, table: &'a str) -> Answer<'a, Vec<KeyColumn>>;

    /// The catalog's spelling of a type that somebody wrote, without length or precision.
    fn canonical_type<'a>(&'a mut self, written: &'a str) -> Answer<'a, String>;

    /// Whether there is a type of this name; nothing where the database has no types of one's own.
    fn has_type<'a>(&'a mut self, name: &'a str) -> Answer<'a, Option<bool>>;

    /// About how many rows a table has, without counting them.
    fn estimate<'a>(&'a mut self, table: &'a str) -> Answer<'a, i64>;

    /// What the new columns of a change, which are there already, get from those that they replace, as statements.
    fn carried_over<'a>(&'a mut self, _: &'a Change) -> Answer<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// What `DROP COLUMN` would take with it, or fail on. Nothing is locked but for reading the catalog.
    fn dependants<'a>(&'a mut self, table: &'a str, column: &'a str) -> Answer<'a, Vec<Dependant>>;

    /// The statements that alter a table as a live step wants it, made from the catalog as it is now; empty if
    /// nothing is to do.
    fn live_script<'a>(
        &'a mut self,
        table: &'a str,
        alteration: &'a Alteration,
    ) -> Answer<'a, Vec<String>>;

    /// Whether a thing of this table is there. Where schema statements are transactional only indexes are asked for.
    fn presence<'a>(&'a mut self, table: &'a str, thing: &'a Thing) -> Answer<'a, Presence>;

    /// Checks that nothing is broken before a live script is committed; what is, in words.
    fn check_live<'a>(&'a mut self, table: &'a str) -> Answer<'a, Vec<String>>;

    /// Columns whose type the declared Rust type cannot hold, by sqlx's own judgement. The round trips do
    /// not grow with the number of tables.
    fn misfits<'a>(
        &'a mut self,
        tables: &'a [&'static TableInfo],
        catalog: &'a Catalog,
    ) -> Answer<'a, Vec<Refusal>>;

    /// Sessions of clients that may write any of these tables, but for those of colmig's own commands and
    /// heartbeats; `None` where the database cannot show them.
    fn writers<'a>(&'a mut self, tables: &'a [String]) -> Answer<'a, Option<Vec<Writer>>>;

    /// Transactions that are open now and are not ours.
    fn open_transactions(&mut self) -> Answer<'_, Vec<OldTransaction>>;

    /// Ends the sessions that were opened before `before` (milliseconds of the database's clock) by
    /// instances that are not among these; those that were there.
    fn end_sessions_except<'a>(
        &'a mut self,
        instances: &'a [String],
        before: i64,
    ) -> Answer<'a, Vec<Session>>;

    /// What of the server, of these tables or of our rights stands in the way of every change.
    fn obstacle<'a>(&'a mut self, _tables: &'a [String]) -> Answer<'a, Option<Problem>> {
        Box::pin(async { Ok(None) })
    }

    /// When the server started, in milliseconds, and which timeline it writes; `None` where there is no
    /// server.
    fn server(&mut self) -> Answer<'_, Option<(i64, String)>>;

    /// Why this server cannot be a replica of the one that [`Driver::server`] told these words of itself, or why it
    /// replays in another order than that one committed in; nothing where it may be one. What it has replayed is
    /// another question.
    fn no_replica<'a>(&'a mut self, primary: &'a str) -> Answer<'a, Option<String>>;

    /// Sessions that hold or await a lock on this table, in words.
    fn lock_holders<'a>(&'a mut self, table: &'a str) -> Answer<'a, Vec<String>>;
}

/// Ends a transaction as its outcome says.
pub(crate) async fn conclude<T>(
    driver: &mut dyn Driver,
    outcome: crate::Result<T>,
) -> crate::Result<T> {
    match outcome {
        Ok(value) => {
            driver.commit().await?;
            Ok(value)
        }
        Err(error) => {
            // The error that matters is the first; a connection that broke rolls back by itself.
            let _ = driver.rollback().await;
            Err(error)
        }
    }
}

/// Opens a connection by the scheme of a URL; `name` is what the server shows it as.
pub(crate) async fn connect(url: &str, name: &str) -> crate::Result<Box<dyn Driver>> {
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => Ok(Box::new(postgres::Postgres::connect(url, name).await?)),
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(Box::new(sqlite::Sqlite::connect(url, name).await?)),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => Ok(Box::new(mysql::Mysql::connect(url, name).await?)),
        _ => Err(unknown_scheme(scheme).into()),
    }
}

fn unknown_scheme(scheme: &str) -> Problem {
    let known: [Option<&str>; 3] = [
        cfg!(feature = "postgres").then_some("`postgres:`"),
        cfg!(feature = "sqlite").then_some("`sqlite:`"),
        cfg!(feature = "mysql").then_some("`mysql:`"),
    ];
    let known: Vec<_> = known.into_iter().flatten().collect();
    // Only the scheme is shown: the rest of a URL may hold a password.
    problem::CONFIG
        .problem(format!("a database URL that begins with `{}:`", scheme.escape_debug()))
        .help(format!("this program speaks {}", known.join(" and ")))
}

/// Counts down to a death on purpose: `COLMIG_KILL_AT=n` kills the process before its n-th statement,
/// as `kill -9` would. Only with the feature `faults`, which the test suite turns on.
pub(crate) fn maybe_die() {
    #[cfg(feature = "faults")]
    {
        use std::sync::atomic::{AtomicU64, Ordering};
        static STATEMENTS: AtomicU64 = AtomicU64::new(0);
        let count = STATEMENTS.fetch_add(1, Ordering::SeqCst) + 1;
        let limit = std::env::var("COLMIG_KILL_AT").ok().and_then(|text| text.parse::<u64>().ok());
        if limit == Some(count) {
            std::process::abort();
        }
    }
}
