//! Being alive: an instance registers before its first statement, renews its lease on a connection of
//! its own, and stops its pool when it cannot.
//!
//! Only the database's clock decides when a lease ends. The instance fences itself by its own monotonic
//! clock, which it reads *before* it sends each heartbeat: so it always stops first.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use colmig_core::admission::{Refusal, judge, problem};
use colmig_core::problem::{LEASE_LOST, NOT_IN_LOCK, Problem};
use colmig_core::vector::{Enum, Property, Struct, Vector};
use sqlx::pool::PoolOptions;
use sqlx::{Connection, Database, Pool};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::driver::{self, Driver, Work, ledger, transaction};
use crate::migrator::tables;
use crate::{Result, TableInfo, ValueInfo, linked};

/// How long a lease lives without a heartbeat.
const TTL: Duration = Duration::from_secs(30);

/// A database that a leased pool can be opened on.
pub trait LeaseDatabase: Database {
    /// The options of a connection to this URL that the server shows under this name.
    #[doc(hidden)]
    fn options(
        url: &str,
        name: &str,
    ) -> Result<<Self::Connection as sqlx::Connection>::Options, sqlx::Error>;

    /// What marks each new connection of an instance's pool, where its options cannot.
    #[doc(hidden)]
    const MARK: Option<Mark<Self>> = None;

    /// See [`verify`](crate::verify()).
    #[doc(hidden)]
    fn verify<'a>(pool: &'a Pool<Self>, project: &'a str) -> Verified<'a>;
}

/// What [`LeaseDatabase::MARK`] is: it is given the instance.
#[doc(hidden)]
pub(crate) type Mark<DB> = for<'c> fn(&'c mut <DB as Database>::Connection, &'c str) -> Marked<'c>;

type Marked<'c> = Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'c>>;

/// What [`LeaseDatabase::verify`] returns.
#[doc(hidden)]
pub(crate) type Verified<'a> = Pin<Box<dyn Future<Output = Result<Vec<Refusal>>> + Send + 'a>>;

#[cfg(feature = "postgres")]
impl LeaseDatabase for sqlx::Postgres {
    fn options(url: &str, name: &str) -> Result<sqlx::postgres::PgConnectOptions, sqlx::Error> {
        Ok(url.parse::<sqlx::postgres::PgConnectOptions>()?.application_name(name))
    }

    fn verify<'a>(pool: &'a Pool<Self>, project: &'a str) -> Verified<'a> {
        Box::pin(async move {
            let connection = pool.acquire().await?.detach();
            let mut driver = driver::postgres::Postgres::adopt(connection).await?;
            crate::verify::against(&mut driver, project).await
        })
    }
}

#[cfg(feature = "sqlite")]
impl LeaseDatabase for sqlx::Sqlite {
    fn options(url: &str, _name: &str) -> Result<sqlx::sqlite::SqliteConnectOptions, sqlx::Error> {
        url.parse()
    }

    fn verify<'a>(pool: &'a Pool<Self>, project: &'a str) -> Verified<'a> {
        Box::pin(async move {
            let connection = pool.acquire().await?.detach();
            let mut driver = driver::sqlite::Sqlite::adopt(connection).await?;
            crate::verify::against(&mut driver, project).await
        })
    }
}

#[cfg(feature = "mysql")]
impl LeaseDatabase for sqlx::MySql {
    fn options(url: &str, _name: &str) -> Result<sqlx::mysql::MySqlConnectOptions, sqlx::Error> {
        url.parse()
    }

    /// A lock of its own, which ends with the session, and which any other session can ask for.
    const MARK: Option<Mark<Self>> = Some(|connection, instance| {
        let sql = "SELECT get_lock(concat('colmig:', ?, ':', connection_id()), 0)";
        Box::pin(async move {
            let marked = sqlx::query_scalar::<_, Option<i64>>(sql).bind(instance);
            match marked.fetch_one(connection).await? {
                Some(1) => Ok(()),
                _ => Err(sqlx::Error::Protocol("the session could not be marked as ours".into())),
            }
        })
    });

    fn verify<'a>(pool: &'a Pool<Self>, project: &'a str) -> Verified<'a> {
        Box::pin(async move {
            let connection = pool.acquire().await?.detach();
            let mut driver = driver::mysql::Mysql::adopt(connection).await?;
            crate::verify::against(&mut driver, project).await
        })
    }
}

/// Where a lease stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// Until this moment, unless a heartbeat renews it.
    Held(Instant),
    Lost(String),
    Released,
}

/// The right of this process to use the database, for as long as it renews it.
///
/// ```no_run
/// # #[cfg(feature = "sqlite")]
/// # async fn example(url: &str) -> colmig::Result<()> {
/// let lease = colmig::Lease::new("shop", env!("CARGO_PKG_VERSION"));
/// let pool = lease.connect(sqlx::sqlite::SqlitePoolOptions::new(), url).await?;
/// // … the application …
/// pool.close().await;
/// lease.release().await;
/// # Ok(())
/// # }
/// ```
pub struct Lease {
    project: String,
    version: String,
    ttl: Duration,
    tables: Option<Vec<&'static TableInfo>>,
    id: String,
    phase: Arc<watch::Sender<Phase>>,
    pools: Pools,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the heartbeat needs, apart from the connection.
#[derive(Clone)]
struct Identity {
    id: String,
    label: String,
    vector: Vector,
    tables: Vec<&'static TableInfo>,
    ttl: Duration,
}

/// Closes a pool when it is called; what it returns waits for the connections that are out.
type Close = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Every pool that was opened under a lease.
#[derive(Clone, Default)]
struct Pools(Arc<Mutex<Vec<Close>>>);

impl Pools {
    fn add<DB: Database>(&self, pool: &Pool<DB>) {
        let pool = pool.clone();
        let close: Close = Box::new(move || {
            let pool = pool.clone();
            drop(pool.close());
            Box::pin(async move { pool.close().await })
        });
        self.0.lock().expect("nobody panics while holding it").push(close);
    }

    fn close(&self) -> Vec<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let pools = self.0.lock().expect("nobody panics while holding it");
        pools.iter().map(|close| close()).collect()
    }
}

impl Lease {
    /// A lease for one instance of a project; `version` is for people.
    pub fn new(project: &str, version: &str) -> Lease {
        Lease {
            project: project.to_owned(),
            version: version.to_owned(),
            ttl: TTL,
            tables: None,
            id: random_id(),
            phase: Arc::new(watch::Sender::new(Phase::Idle)),
            pools: Pools::default(),
            tasks: Mutex::new(Vec::new()),
        }
    }

    /// How long the lease lives without a heartbeat: 30 s unless set. A heartbeat is sent every third of
    /// it. Short leases open gates sooner and forgive shorter network faults.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Lease {
        self.ttl = ttl.max(Duration::from_millis(300));
        self
    }

    /// Only these tables, instead of all that are linked into the program.
    #[must_use]
    pub fn tables(mut self, tables: &[&'static TableInfo]) -> Lease {
        self.tables = Some(tables.to_vec());
        self
    }

    /// The instance's name in the ledger and in `application_name`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Registers, then opens the pool: refused, with what to do, where this release may not run. From
    /// then on a task renews the lease, and closes the pool when that fails for as long as the lease
    /// lives.
    ///
    /// The pool's `before_acquire` is the lease's own: a process that slept past its lease waits there
    /// until its pool is closed. On MySQL its `after_connect` is too: there a session has no name, and the
    /// lease marks it.
    pub async fn connect<DB: LeaseDatabase>(
        &self,
        pool: PoolOptions<DB>,
        url: &str,
    ) -> Result<Pool<DB>> {
        let identity = self.identity()?;
        // Another name than the pool's: the barrier ends the sessions of instances without a lease, and
        // this one is about to have one.
        let mut driver = driver::connect(url, &format!("colmig-lease {}", self.id)).await?;
        let asked = Instant::now();
        register(driver.as_mut(), &identity).await?;
        self.phase.send_replace(Phase::Held(last_moment(asked, self.ttl)));
        let pool = match self.open(pool, url).await {
            Ok(pool) => pool,
            Err(error) => {
                ledger::end(driver.as_mut(), &self.id).await?;
                return Err(error);
            }
        };
        let (phase, pools) = (self.phase.clone(), self.pools.clone());
        let heart = Heart { url: url.to_owned(), identity, phase, pools };
        let task = tokio::spawn(heart.run(Some(driver), asked));
        self.tasks.lock().expect("nobody panics while holding it").push(task);
        Ok(pool)
    }

    /// Opens a pool on a replica, to read from, behind [`Lease::connect`] on the primary: the lease is held there, and
    /// both pools are closed when it is lost. `apply` waits for the replicas that colmig.toml names, so name it there.
    pub async fn connect_replica<DB: LeaseDatabase>(
        &self,
        pool: PoolOptions<DB>,
        url: &str,
    ) -> Result<Pool<DB>> {
        let is_held = || matches!(*self.phase.borrow(), Phase::Held(_));
        if is_held() {
            let pool = self.open(pool, url).await?;
            if is_held() {
                return Ok(pool);
            }
            // Whoever closed the others did not know of this one.
            pool.close().await;
        }
        Err(LEASE_LOST
            .problem("no lease is held that a pool on a replica could go by")
            .help("call `connect` on the primary first, and release no lease that is still in use")
            .into())
    }

    /// A pool that hands out connections while the lease is held.
    async fn open<DB: LeaseDatabase>(&self, pool: PoolOptions<DB>, url: &str) -> Result<Pool<DB>> {
        let name = format!("colmig:{} {} {}", self.id, self.project, self.version);
        let options = DB::options(url, name.get(..63).unwrap_or(&name))?;
        let pool = marked(guarded(pool, self.phase.subscribe()), &self.id);
        let pool = pool.connect_with(options).await?;
        self.pools.add(&pool);
        Ok(pool)
    }

    /// Becomes ready when the lease is lost, with the reason; never after [`Lease::release`]. By then the
    /// pool is closing: a program should end, or connect anew with a new lease.
    pub fn lost(&self) -> impl Future<Output = Problem> + Send + 'static {
        let mut phase = self.phase.subscribe();
        async move {
            loop {
                if let Phase::Lost(why) = phase.borrow_and_update().clone() {
                    return LEASE_LOST
                        .problem(why)
                        .help("start the program again: it registers anew, or is told why not");
                }
                if phase.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// Ends the lease: call it after `pool.close()`, when no statement can follow.
    pub async fn release(self) {
        self.phase.send_replace(Phase::Released);
        let tasks =
            std::mem::take(&mut *self.tasks.lock().expect("nobody panics while holding it"));
        for task in tasks {
            // A heartbeat that panicked has nothing left to end.
            let _ = task.await;
        }
    }

    fn identity(&self) -> Result<Identity> {
        let tables = self.tables.clone().unwrap_or_else(linked);
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let label = format!(
            "{} {} on {} pid {}",
            self.project,
            self.version,
            host.trim(),
            std::process::id()
        );
        Ok(Identity {
            id: self.id.clone(),
            label,
            vector: vector(&self.project, &tables)?,
            tables,
            ttl: self.ttl,
        })
    }
}

/// The last moment at which a statement may still be sent: well before the database's clock ends the
/// lease, whatever the round trip was.
fn last_moment(renewed: Instant, ttl: Duration) -> Instant {
    renewed + ttl - margin(ttl)
}

fn margin(ttl: Duration) -> Duration {
    ttl / 10
}

/// Lets the pool hand out a connection only while the lease is held (rule R16): of all the tasks of a
/// process that slept, the one that finds the pool closed may be the last to wake up. The connection is
/// tested afterwards, since the barrier ends the sessions of sleepers, and what is opened anew for a dead
/// one asks nobody.
fn guarded<DB: Database>(pool: PoolOptions<DB>, phase: watch::Receiver<Phase>) -> PoolOptions<DB> {
    let tests = pool.get_test_before_acquire();
    pool.test_before_acquire(false).before_acquire(move |connection, _| {
        let mut phase = phase.clone();
        Box::pin(async move {
            let held = held(&mut phase).await;
            if held && tests {
                connection.ping().await?;
            }
            Ok(held)
        })
    })
}

/// Marks each connection that the pool opens, where the database needs it.
fn marked<DB: LeaseDatabase>(pool: PoolOptions<DB>, instance: &str) -> PoolOptions<DB> {
    let Some(mark) = DB::MARK else { return pool };
    let instance: Arc<str> = instance.into();
    pool.after_connect(move |connection, _| {
        let instance = instance.clone();
        Box::pin(async move { mark(connection, &instance).await })
    })
}

/// Waits until it is known whether the lease is held.
async fn held(phase: &mut watch::Receiver<Phase>) -> bool {
    loop {
        match *phase.borrow_and_update() {
            Phase::Lost(_) => return false,
            Phase::Held(until) if Instant::now() >= until => {}
            Phase::Idle | Phase::Held(_) | Phase::Released => return true,
        }
        if phase.changed().await.is_err() {
            return false;
        }
    }
}

/// What the linked tables do; refused where one is not in its lock file, since then nothing is known of
/// its births.
pub(crate) fn vector(project: &str, tables: &[&'static TableInfo]) -> Result<Vector> {
    let mut structs = Vec::new();
    for table in tables {
        let is_own = table.owner.is_empty();
        if is_own && table.born.is_empty() {
            return Err(NOT_IN_LOCK
                .problem(format!(
                    "`{}` stands for the table `{}`, which no colmig.lock knows",
                    table.rust, table.name
                ))
                .help("run `cargo colmig generate`, and build again")
                .into());
        }
        let mut columns = BTreeMap::new();
        for column in table.columns {
            if is_own && column.born.is_empty() {
                return Err(NOT_IN_LOCK
                    .problem(format!(
                        "the column `{}.{}` is not in colmig.lock",
                        table.name, column.name
                    ))
                    .help("run `cargo colmig generate`, and build again")
                    .into());
            }
            columns.insert(
                column.name.to_owned(),
                Property { born: column.born.to_owned(), stand: column.stand },
            );
        }
        let constraints = table.constraints.iter().map(|one| {
            let property = Property { born: one.born.to_owned(), stand: one.stand };
            (one.name.to_owned(), property)
        });
        structs.push(Struct {
            table: table.name.to_owned(),
            access: table.access,
            columns,
            constraints: constraints.collect(),
        });
    }
    Ok(Vector { project: project.to_owned(), structs, enums: enums(tables)? })
}

/// What the columns of the linked tables do with the values of their enum types.
fn enums(tables: &[&'static TableInfo]) -> Result<Vec<Enum>> {
    let mut enums: BTreeMap<&str, Enum> = BTreeMap::new();
    for (table, one) in tables.iter().flat_map(|table| table.enums.iter().map(move |e| (table, e)))
    {
        if let Some(value) = one.values.iter().find(|value| value.born.is_empty()) {
            return Err(NOT_IN_LOCK
                .problem(format!(
                    "the value `{}` of the enum type `{}` (`{}`) is not in colmig.lock",
                    value.name, one.name, one.rust
                ))
                .help("run `cargo colmig generate`, and build again")
                .into());
        }
        let property = |value: &ValueInfo| {
            let property = Property { born: value.born.to_owned(), stand: value.stand };
            (value.name.to_owned(), property)
        };
        let entry = enums.entry(one.name).or_insert_with(|| Enum {
            name: one.name.to_owned(),
            access: table.access,
            values: one.values.iter().map(property).collect(),
        });
        entry.access = entry.access.min(table.access);
    }
    Ok(enums.into_values().collect())
}

/// Judges this build and takes the lease, in one transaction that is serialised with every window move
/// (rules R12 and R15).
async fn register(driver: &mut dyn Driver, identity: &Identity) -> Result<()> {
    ledger::stand_back(driver).await?;
    transaction!(driver, Work::Rows, register_locked(driver, identity))
}

async fn register_locked(driver: &mut dyn Driver, identity: &Identity) -> Result<()> {
    ledger::lock(driver, true).await?;
    let rows = ledger::changes(driver, None).await?;
    let mut wanted = tables(&rows);
    wanted.extend(identity.vector.structs.iter().map(|entry| entry.table.clone()));
    let catalog = driver.catalog(&wanted).await?;
    let mut refusals = judge(&identity.vector, &rows, &catalog);
    refusals.extend(driver.misfits(&identity.tables, &catalog).await?);
    if !refusals.is_empty() {
        return Err(problem(&identity.vector.project, &refusals).into());
    }
    let ttl = i64::try_from(identity.ttl.as_millis()).unwrap_or(i64::MAX);
    ledger::register(driver, &identity.id, &identity.label, &identity.vector, ttl).await
}

/// The task that renews.
struct Heart {
    url: String,
    identity: Identity,
    phase: Arc<watch::Sender<Phase>>,
    pools: Pools,
}

impl Heart {
    async fn run(self, mut driver: Option<Box<dyn Driver>>, mut renewed: Instant) {
        let ttl = self.identity.ttl;
        let beat = ttl / 3;
        let mut phase = self.phase.subscribe();
        let mut why = String::new();
        loop {
            let pause = if why.is_empty() { beat } else { beat / 4 };
            let deadline = last_moment(renewed, ttl);
            let next = (Instant::now() + pause).min(deadline);
            if tokio::time::timeout_at(next.into(), released(&mut phase)).await.is_ok() {
                if let Some(driver) = &mut driver {
                    // Where this fails, the lease ends by itself.
                    let _ = ledger::end(driver.as_mut(), &self.identity.id).await;
                }
                return;
            }
            let asked = Instant::now();
            // It slept past its lease, and others went on without it. While it asked to be let in again, a pool that
            // is not full would open a connection, and what is opened anew asks nobody.
            if asked >= renewed + ttl {
                let slept = asked.saturating_duration_since(renewed).as_secs();
                return self.fence(format!("this process did not run for {slept} s")).await;
            }
            let left = deadline.saturating_duration_since(asked);
            // At the deadline one last try, as short as the margin allows.
            let patience = left.max(margin(ttl) / 2);
            match tokio::time::timeout(patience, self.renew(&mut driver)).await {
                Ok(Ok(())) => {
                    (renewed, why) = (asked, String::new());
                    self.hold(last_moment(renewed, ttl));
                }
                Ok(Err(error)) => {
                    driver = None;
                    why = error.to_string();
                    if refused(&error) {
                        return self.fence(why).await;
                    }
                }
                Err(_) => {
                    driver = None;
                    why = "the database did not answer a heartbeat".to_owned();
                }
            }
            if Instant::now() >= last_moment(renewed, ttl) {
                return self.fence(why).await;
            }
        }
    }

    /// One heartbeat, or a new registration where the lease ran out meanwhile; and a look for clients that
    /// never registered.
    async fn renew(&self, driver: &mut Option<Box<dyn Driver>>) -> Result<()> {
        let mut connection = match driver.take() {
            Some(connection) => connection,
            None => {
                driver::connect(&self.url, &format!("colmig-lease {}", self.identity.id)).await?
            }
        };
        let ttl = i64::try_from(self.identity.ttl.as_millis()).unwrap_or(i64::MAX);
        if !ledger::beat(connection.as_mut(), &self.identity.id, ttl).await? {
            register(connection.as_mut(), &self.identity).await?;
        }
        if let Err(error) = crate::migrator::look(connection.as_mut(), ttl).await {
            // The watch is a service to the gates; without it they stay shut, and this instance lives on.
            tracing::debug!(%error, "the look for unregistered clients failed");
        }
        *driver = Some(connection);
        Ok(())
    }

    fn hold(&self, moment: Instant) {
        self.phase.send_if_modified(|phase| match phase {
            Phase::Held(until) => {
                *until = moment;
                true
            }
            _ => false,
        });
    }

    async fn fence(&self, why: String) {
        tracing::error!(instance = %self.identity.id, %why, "the lease is lost; closing the pool");
        // Closed before anybody hears of it: who is not handed a connection must not open one.
        let closed = self.pools.close();
        self.phase.send_replace(Phase::Lost(why));
        for closed in closed {
            closed.await;
        }
    }
}

async fn released(phase: &mut watch::Receiver<Phase>) {
    // The guard of what was seen must not live across an await.
    let _ = phase.wait_for(|phase| *phase == Phase::Released).await.map(drop);
}

/// Whether the window excludes this build: trying again would not help.
fn refused(error: &crate::Error) -> bool {
    matches!(error, crate::Error::Problem(problem) if problem.code == colmig_core::problem::EXCLUDED)
}

/// 96 bits from the system's randomness, by way of the standard library's hasher keys.
fn random_id() -> String {
    let mut id = String::new();
    for _ in 0..2 {
        let bits = std::hash::RandomState::new().build_hasher().finish();
        write!(id, "{:012x}", bits & 0xffff_ffff_ffff).expect("writing to a String cannot fail");
    }
    id
}
