//! The applier: it executes a migration as far as is safe now, and takes it back.
//!
//! What may happen next is decided by pure functions of `colmig_core` from the ledger's rows; here it is
//! done. Every write is fenced by the epoch, every step records itself in the transaction that does it
//! (both databases have transactional DDL), so that a process may die between any two statements and
//! the next run goes on.

mod acquire;
mod advance;
mod archive;
mod ask;
mod dependants;
mod fill;
mod fleet;
mod ground;
mod history;
mod preflight;
mod replicas;
mod restore;
mod retreat;
mod script;
mod status;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use colmig_core::admission::Refusal;
use colmig_core::dialect::Direction;
use colmig_core::gate::{Blocker, Policy, Session};
use colmig_core::lifecycle::PhaseRange;
use colmig_core::migration::Migration;
use colmig_core::problem::{INTERRUPTED, Problem};
use colmig_core::progress::Progress;
use colmig_core::protocol::Act;
use colmig_core::replica::Late;
use colmig_core::shards::Hold;
use colmig_core::types::Database;
use colmig_core::vector::Vector;

use crate::Result;
use crate::driver::{self, Driver, ledger};

pub use archive::{Archived, Purge, purge_needs_a_name};
pub(crate) use fleet::{look, tables};
pub use history::{History, Line};
pub use replicas::Replica;
pub use restore::Restored;
pub use retreat::{NoReturn, RollbackPlan, Undoing};
pub use status::{InstanceStatus, Status};

/// What an applier is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// The project, as leases and the ledger name it.
    pub project: String,
    /// The checkout's migrations, in the order of their chain.
    pub migrations: Vec<Migration>,
    /// What the checkout's code does: the checkout counts as a live instance.
    pub checkout: Vector,
    /// What the environment says of its fleet.
    pub policy: Policy,
    /// Names of clients that are known not to write.
    pub ignore_clients: Vec<String>,
    /// Columns and tables whose drop has consent: `users.nickname`.
    pub allow_drop: Vec<String>,
    /// What may be rewritten while nobody can use its table: `users.full_name`.
    pub allow_rewrite: Vec<String>,
    /// Whether the values of columns are kept when they are dropped.
    pub archive: bool,
    /// Who runs it, for the history.
    pub user: String,
    /// The commit that it runs from, for the history and for refusals.
    pub commit: String,
    /// The replicas that applications read from, every one of them.
    pub replicas: Vec<Replica>,
    /// How late a replica may be while rows are filled.
    pub max_replica_lag: Duration,
    /// How long to wait for another applier, for transactions that the barrier waits for, and for replicas.
    pub patience: Duration,
    /// How long to try for a table lock before giving up.
    pub lock_patience: Duration,
    /// Set from outside to stop at the next checkpoint.
    pub stop: Arc<AtomicBool>,
}

/// What happens while an applier works, for whoever shows it. Changes go by their titles.
#[derive(Clone, Debug)]
pub enum Event {
    /// A step begins.
    Begins(Doing),
    /// A step is done, in so much time.
    Done(Doing, Duration),
    /// The rows of a large table are read before a change of it begins.
    Asking {
        /// Which change.
        change: String,
        /// About how many rows.
        rows: i64,
    },
    /// Rows are being filled.
    Filling(Filling),
    /// Rows were found without a value after the walk; another sweep follows.
    Sweeping {
        /// Which change.
        change: String,
        /// How many rows.
        rows: i64,
    },
    /// The cluster held back all writes, for its slowest server: the backfill waits until it does not any more.
    HeldBack {
        /// Which change.
        change: String,
        /// For how long it did, since the last batch or since the last look.
        held: Duration,
    },
    /// Every write of the cluster waited for a step's statement.
    Stalled {
        /// Which change.
        change: String,
        /// The step.
        act: Act,
        /// What waited, and for what.
        what: &'static str,
        /// For how long, at most.
        took: Duration,
    },
    /// A table lock was not granted; another try follows.
    LockWait {
        /// The table.
        table: String,
        /// Who holds or awaits it.
        holders: Vec<String>,
        /// How long until the next try.
        pause: Duration,
    },
    /// Transactions that are older than a window's move are waited for.
    Draining(Vec<Session>),
    /// Replicas are waited for, which have not replayed what was done so far.
    Replaying(Vec<Late>),
    /// A backfill pauses, since a replica is too far behind.
    Throttled {
        /// Which change.
        change: String,
        /// The replica.
        late: Late,
        /// How far behind it may be, in milliseconds.
        limit: i64,
    },
    /// A backfill goes on.
    Unthrottled {
        /// Which change.
        change: String,
        /// How long it paused.
        paused: Duration,
    },
    /// Another applier is at work and is waited for; who it is.
    Queueing(String),
    /// A rollback begins; what it will do, and what that costs.
    RollingBack(RollbackPlan),
    /// Values are kept, before their columns are dropped.
    Archived {
        /// Which change.
        change: String,
        /// The table that keeps them.
        name: String,
        /// How many rows it has.
        rows: i64,
        /// How long it took; where a database has one writer, everybody waited for so long.
        took: Duration,
    },
    /// A change begins that will drop a column: what will go with it silently; and, where the column is replaced, what
    /// has to move to the new one before the drop.
    Dependants {
        /// Which change.
        change: String,
        /// The column: `users.nickname`.
        subject: String,
        /// What names it, in words.
        dependants: Vec<String>,
        /// Whether the column is replaced, so that they can move to the new one before the drop.
        replaced: bool,
    },
}

/// One step in one direction.
#[derive(Clone, Debug)]
pub struct Doing {
    /// Which change.
    pub change: String,
    /// The step.
    pub act: Act,
    /// Forwards, or back.
    pub direction: Direction,
}

/// How far a backfill is.
#[derive(Clone, Debug)]
pub struct Filling {
    /// Which change.
    pub change: String,
    /// Rows that were given a value.
    pub rows: i64,
    /// About how many rows the table has.
    pub estimate: i64,
    /// The rows of the next batch.
    pub batch: u64,
}

/// Why a change does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// An earlier change on the same name comes first; its title.
    After(String),
    /// The next step would shut the checkout out.
    Checkout {
        /// The step.
        act: Act,
        /// The phase that a release must have reached.
        needs: u8,
        /// The phases of the checkout; none: no phase is safe for it.
        has: Option<PhaseRange>,
    },
    /// The fleet.
    Fleet {
        /// The step.
        act: Act,
        /// What stands in the way.
        blockers: Vec<Blocker>,
    },
    /// Consent to a drop.
    Consent {
        /// What would be dropped.
        subject: String,
        /// What would go with it.
        dependants: Vec<String>,
    },
    /// Transactions that were open when the window moved.
    Draining {
        /// The step that moved it.
        act: Act,
        /// Whose they are.
        sessions: Vec<Session>,
    },
    /// Replicas that have not replayed what comes before a step that lets somebody in.
    Replicas {
        /// The step.
        act: Act,
        /// Forwards, or back.
        direction: Direction,
        /// Which.
        late: Vec<Late>,
    },
    /// Consent to a step that rewrites the table while nobody can use it.
    Rewrite {
        /// What it is about.
        subject: String,
        /// What it locks, and for how long.
        lock: String,
    },
    /// It is to be given up, and has dropped what it drops; the change that gives it up.
    TooLate(String),
    /// A later change on the same name has begun without it; its title.
    Late(String),
    /// A later change on the same name has started; its title.
    Under(String),
    /// Rows hold a value that is to be unknown again, and there is no `replace_with` to give them another.
    StillHeld {
        /// The value.
        value: String,
        /// How many.
        rows: i64,
    },
    /// Rows have no value, and there is no `reverse` to give them one.
    NoReverse {
        /// How many.
        rows: i64,
    },
    /// Other databases that go together with this one.
    Held(Hold),
}

impl Wait {
    /// Whether waiting can open it, without anybody doing anything else than deploying.
    pub fn may_open(&self) -> bool {
        matches!(self, Wait::Fleet { .. } | Wait::Draining { .. } | Wait::Replicas { .. })
    }
}

/// One change after a run.
#[derive(Clone, Debug)]
pub struct ChangeReport {
    /// Where it stands.
    pub progress: Progress,
    /// Why it does not go on; nothing where it is finished (or undone), or is not this checkout's.
    pub wait: Option<Wait>,
    /// Whether this checkout leaves it out: it was given up, or what it begins has ended since.
    pub void: bool,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every change of the project, in order.
    pub changes: Vec<ChangeReport>,
    /// Why the checkout may not be deployed now; empty: it may.
    pub refusals: Vec<Refusal>,
    /// Steps that this run did.
    pub moved: usize,
    /// Why the step that was asked for is not reached; nothing where it is, or none was.
    pub short: Option<Problem>,
}

impl Report {
    /// Whether every change of the checkout is finished.
    pub fn finished(&self) -> bool {
        self.changes.iter().all(|change| change.progress.finished() || change.void)
    }
}

/// Why a step may not begin yet (on the way back: not be undone), where several databases go together.
type Together = dyn Fn(&Progress, Direction) -> Option<Hold> + Send;

/// One applier on one database.
pub struct Migrator {
    driver: Box<dyn Driver>,
    options: Options,
    author: ledger::Author,
    observer: Box<dyn FnMut(Event) + Send>,
    hold: Option<Box<Together>>,
    rows: Vec<Progress>,
    /// Transactions that the barrier waits for, by change: taken once when its window moved.
    draining: std::collections::BTreeMap<String, Vec<String>>,
    /// Changes whose rows were asked in this run, by their ids.
    asked: std::collections::BTreeSet<String>,
    replicas: replicas::Replicas,
}

impl Migrator {
    /// Connects. Nothing is changed.
    pub async fn connect(url: &str, options: Options) -> Result<Migrator> {
        let name = format!("colmig-apply {}", options.project);
        let driver = driver::connect(url, &name).await?;
        let author = ledger::Author {
            project: options.project.clone(),
            epoch: 0,
            user: options.user.clone(),
            commit: options.commit.clone(),
        };
        Ok(Migrator {
            driver,
            replicas: replicas::Replicas::of(&options.replicas),
            options,
            author,
            observer: Box::new(|_| {}),
            hold: None,
            rows: Vec::new(),
            draining: Default::default(),
            asked: Default::default(),
        })
    }

    /// Who is told of events.
    pub fn observe(&mut self, observer: impl FnMut(Event) + Send + 'static) {
        self.observer = Box::new(observer);
    }

    /// Who is asked before each step, where this database goes together with others: a step that is held waits as
    /// one does that stands before a gate. Rows are asked once then, however often [`Migrator::apply`] is called.
    pub fn together(
        &mut self,
        hold: impl Fn(&Progress, Direction) -> Option<Hold> + Send + 'static,
    ) {
        self.hold = Some(Box::new(hold));
    }

    /// Why the next step of a change (on the way back: its last) has to wait for other databases.
    fn held_back(&self, index: usize, direction: Direction) -> Option<Wait> {
        self.hold.as_ref()?(&self.rows[index], direction).map(Wait::Held)
    }

    /// Which database it is.
    pub fn database(&self) -> Database {
        self.driver.dialect().database()
    }

    /// The dialect of the server: which files of a migration it runs.
    pub fn dialect(&self) -> &'static str {
        self.driver.dialect().name()
    }

    /// What a program that does not use colmig can hide from the gates of this database; empty: nothing.
    pub fn blind_spot(&self) -> &'static str {
        self.driver.dialect().blind_spot()
    }

    fn tell(&mut self, event: Event) {
        (self.observer)(event);
    }

    fn stopped(&self) -> Result<()> {
        if !self.options.stop.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(INTERRUPTED
            .problem("interrupted at a checkpoint; all that was done is kept")
            .help("run the same command again: it goes on where it stopped")
            .into())
    }

    async fn load(&mut self) -> Result<()> {
        self.rows = ledger::changes(self.driver.as_mut(), Some(&self.options.project)).await?;
        Ok(())
    }

    /// Ends a transaction as its outcome says.
    async fn finish<T>(&mut self, outcome: Result<T>) -> Result<T> {
        driver::conclude(self.driver.as_mut(), outcome).await
    }

    /// Whether a change belongs to the checkout: an older checkout does not advance what it never saw.
    fn known(&self, row: &Progress) -> bool {
        self.options.migrations.iter().any(|migration| migration.manifest.id == row.migration)
    }
}
