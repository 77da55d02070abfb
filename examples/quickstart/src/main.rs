//! A small application that never stops: one loop writes users, one loop reads them, and every value
//! that is read is checked.
//!
//! `quickstart <database URL>` runs until its standard input ends. It prints `ready` once it may run,
//! and last a line with what it did. What is special to a release is in `user.rs`; the releases after
//! this one are in `releases/`.

mod user;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use colmig::{Lease, Table};
use sqlx::AssertSqlSafe;
use tokio::io::AsyncReadExt;
use user::User;

#[cfg(feature = "postgres")]
type Db = sqlx::Postgres;
#[cfg(not(feature = "postgres"))]
type Db = sqlx::Sqlite;
type Pool = sqlx::Pool<Db>;

/// What the loops have done so far.
#[derive(Default)]
struct Tally {
    stop: AtomicBool,
    writes: AtomicU64,
    reads: AtomicU64,
    errors: AtomicU64,
    longest_stall_us: AtomicU64,
}

impl Tally {
    /// Counts one statement, and how long it took.
    fn count<T>(
        &self,
        counter: &AtomicU64,
        began: Instant,
        done: Result<T, colmig::Error>,
    ) -> Option<T> {
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.longest_stall_us.fetch_max(took, Ordering::Relaxed);
        match done {
            Ok(value) => {
                counter.fetch_add(1, Ordering::Relaxed);
                Some(value)
            }
            Err(error) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                eprintln!("error: {error}");
                None
            }
        }
    }

    fn going(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: quickstart <database URL>");
        return ExitCode::from(2);
    };
    let lease = Lease::new("quickstart", user::RELEASE).ttl(Duration::from_secs(3));
    let pool =
        match lease.connect(sqlx::pool::PoolOptions::<Db>::new().max_connections(4), &url).await {
            Ok(pool) => pool,
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::from(1);
            }
        };
    println!("ready");
    let tally = Arc::new(Tally::default());
    let loops = [
        tokio::spawn(write(pool.clone(), tally.clone())),
        tokio::spawn(read(pool.clone(), tally.clone())),
    ];
    let (mut stdin, mut input) = (tokio::io::stdin(), Vec::new());
    tokio::select! {
        _ = stdin.read_to_end(&mut input) => {}
        problem = lease.lost() => eprintln!("error: {problem}"),
    }
    tally.stop.store(true, Ordering::Relaxed);
    let mut failed = 0;
    for task in loops {
        failed += u64::from(task.await.is_err());
    }
    // First the pool, then the lease: no statement may follow its end.
    pool.close().await;
    lease.release().await;
    let [writes, reads, errors, stall] =
        [&tally.writes, &tally.reads, &tally.errors, &tally.longest_stall_us]
            .map(|counter| counter.load(Ordering::Relaxed));
    println!("done {writes} {reads} {} {stall}", errors + failed);
    ExitCode::from(u8::from(errors + failed > 0))
}

/// Inserts a user, changes it, and now and then rests.
async fn write(pool: Pool, tally: Arc<Tally>) {
    let mut number = u64::from(std::process::id()) * 1_000_000;
    while tally.going() {
        number += 1;
        let began = Instant::now();
        let written = colmig::insert(&User::new(number)).fetch_one(&pool).await;
        let Some(mut user) = tally.count(&tally.writes, began, written) else { continue };
        user.refresh();
        let began = Instant::now();
        tally.count(&tally.writes, began, colmig::update(&user).execute(&pool).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Reads the newest and the oldest users, and checks every value of each.
async fn read(pool: Pool, tally: Arc<Tally>) {
    let orders =
        ["DESC", "ASC"].map(|order| format!("{} ORDER BY id {order} LIMIT 20", User::SELECT));
    while tally.going() {
        for sql in &orders {
            let began = Instant::now();
            let users =
                sqlx::query_as::<Db, User>(AssertSqlSafe(sql.as_str())).fetch_all(&pool).await;
            let users = tally.count(&tally.reads, began, users.map_err(colmig::Error::from));
            for user in users.iter().flatten() {
                if let Err(wrong) = user.check() {
                    tally.errors.fetch_add(1, Ordering::Relaxed);
                    eprintln!("error: {wrong}");
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
