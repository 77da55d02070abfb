//! Equal tables, and the two ways to fill a column of them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use colmig::migrator::Event;
use colmig_core::lifecycle::State;
use colmig_core::protocol::Act;
use colmig_core::schema::Column;
use colmig_tests::database::TestDatabase;
use colmig_tests::project::{Project, column, everywhere, in_state};

use crate::Applied;

/// One UPDATE of all rows, as somebody would run it who has the table to himself.
pub(crate) fn plain_update(server: &str, rows: u32) -> Result<Duration> {
    let (database, _) = table(server, rows)?;
    database.execute("ALTER TABLE users ADD COLUMN handle2 text")?;
    let began = Instant::now();
    database.execute("UPDATE users SET handle2 = lower(email)")?;
    let took = began.elapsed();
    database.remove()?;
    Ok(took)
}

/// The whole change, add to enforce, in an environment without a fleet.
pub(crate) fn apply(server: &str, rows: u32) -> Result<Applied> {
    let (database, first) = table(server, rows)?;
    let handle = Column { backfill: everywhere("lower(email)"), ..column("handle") };
    let second =
        first.edited(&[column("email"), column("nickname"), in_state(State::Adding, handle)]);
    let watch = Arc::new(Mutex::new(Watch::default()));
    let watching = watch.clone();
    let began = Instant::now();
    let report = second.watched(&database, &[], move |event| {
        watching.lock().expect("nothing panics with it").see(&event);
    })?;
    let whole = began.elapsed();
    ensure!(report.finished(), "the change did not come to its end");
    let wrong = database.count("users WHERE handle <> lower(email)")?;
    ensure!(wrong == 0, "{wrong} handles are wrong");
    database.remove()?;
    let watch = watch.lock().expect("nothing panics with it");
    let backfill = watch.backfill.context("there was no backfill")?;
    let longest_batch = watch.longest_batch;
    Ok(Applied { backfill, whole, batches: watch.batches, longest_batch })
}

/// A new database with the first release's table, its rows on disk and nothing left to clean up, so
/// that every measurement starts alike.
fn table(server: &str, rows: u32) -> Result<(TestDatabase, Project)> {
    let database = TestDatabase::postgres(server)?;
    let first = Project::new().edited(&[column("email"), column("nickname")]);
    first.apply(&database, &[])?;
    fill(&database, rows)?;
    Ok((database, first))
}

/// Fills `users` with rows of about 100 bytes.
pub(crate) fn fill(database: &TestDatabase, rows: u32) -> Result<()> {
    database.execute(&format!(
        "INSERT INTO users (email, nickname)
         SELECT 'User' || n || '@Example.com', md5(n::text) || 'nickname' FROM generate_series(1, {rows}) n"
    ))?;
    database.execute("VACUUM ANALYZE users")?;
    database.execute("CHECKPOINT")
}

/// What is kept of an apply's events.
#[derive(Default)]
struct Watch {
    backfill: Option<Duration>,
    batches: usize,
    last: Option<Instant>,
    longest_batch: Duration,
}

impl Watch {
    fn see(&mut self, event: &Event) {
        match event {
            Event::Begins(_) => self.last = Some(Instant::now()),
            Event::Filling(_) => {
                let since = self.last.replace(Instant::now()).map(|last| last.elapsed());
                self.longest_batch = self.longest_batch.max(since.unwrap_or_default());
                self.batches += 1;
            }
            Event::Done(doing, took) if doing.act == Act::Backfill => self.backfill = Some(*took),
            _ => {}
        }
    }
}
