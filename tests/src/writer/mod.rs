//! What an instance of a release does with its tables, derived from what its lock file records: the statements
//! that the library would send, over and over, and whether what is read is what was written.
//!
//! It knows nothing of the change that goes on meanwhile, as an application does not. What it knows more than an
//! application are the values: those of a column that replaces others follow from what they stand for, whoever
//! wrote it, and on whichever side.

mod course;
mod release;
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

pub use course::Course;
use release::Release;
pub use rows::Rows;

use crate::connection::Connection;
use crate::database::TestDatabase;
use crate::running::PATIENCE;

/// A release at work, on a thread and a connection of its own.
pub struct Writer {
    place: String,
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<u64>>>,
}

/// Between two rounds, so that a machine with few processors has time for the applier.
const PAUSE: Duration = Duration::from_millis(4);

impl Writer {
    /// Registers an instance of the release of this number, and lets it work.
    pub fn start(
        course: &Arc<Course>,
        rows: &Arc<Rows>,
        number: usize,
        database: &TestDatabase,
    ) -> Result<Writer> {
        let tables = course.infos(number);
        let connection = Connection::register(database, &number.to_string(), tables)?;
        let mut release = Release::on(course.clone(), rows.clone(), number, connection);
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (stop.clone(), rounds.clone());
        let thread = std::thread::spawn(move || {
            // What the releases before it left is in order from the first moment on.
            release.read_all()?;
            while !stopped.load(Ordering::SeqCst) {
                release.round()?;
                counted.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(PAUSE);
            }
            release.end()
        });
        Ok(Writer { place: format!("release {number}"), stop, rounds, thread: Some(thread) })
    }

    /// How often it has done all that it does.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::SeqCst)
    }

    /// Waits until it has done all that it does so often; what went wrong meanwhile.
    pub fn wait_for(&mut self, rounds: u64) -> Result<()> {
        let began = Instant::now();
        while self.rounds() < rounds {
            if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
                self.join()?;
                return Err(anyhow!("{} ended by itself", self.place));
            }
            ensure!(began.elapsed() < PATIENCE, "{} came to nothing", self.place);
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Ends it as a deployment would; how many statements it sent, without an error.
    pub fn end(mut self) -> Result<u64> {
        self.stop.store(true, Ordering::SeqCst);
        self.join()
    }

    fn join(&mut self) -> Result<u64> {
        let Some(thread) = self.thread.take() else { return Ok(0) };
        let ended = thread.join().map_err(|_| anyhow!("{} panicked", self.place))?;
        ended.with_context(|| self.place.clone())
    }
}

impl Drop for Writer {
    /// A test that fails leaves nobody at work.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // What it has to say is said already, or is the consequence of an error that is.
        let _ = self.join();
    }
}

/// Reads rows of every writer as this release; how many statements that took.
pub fn audit(
    course: &Arc<Course>,
    rows: &Arc<Rows>,
    number: usize,
    database: &TestDatabase,
) -> Result<u64> {
    let connection = Connection::open(database)?;
    let mut release = Release::on(course.clone(), rows.clone(), number, connection);
    release.read_all().with_context(|| format!("release {number}"))?;
    release.end()
}
