//! Replicas that applications read from: the applier's marks, and looks at who has replayed them. What a look means
//! is decided in `colmig_core::replica`.

use std::fmt;
use std::time::{Duration, Instant};

use colmig_core::dialect::Direction;
use colmig_core::problem::NOT_A_REPLICA;
use colmig_core::protocol::Act;
use colmig_core::replica::{Late, Marks, Sight, lets_in, throttles};

use super::{Event, Migrator, Wait};
use crate::driver::{self, DbError, Driver, ledger};
use crate::{Error, Result};

/// How often a replica that is waited for is looked at.
const POLL: Duration = Duration::from_millis(50);

/// How often a backfill looks at the replicas.
const THROTTLE: Duration = Duration::from_millis(250);

/// How long a replica may take for one answer.
const ANSWER: Duration = Duration::from_secs(3);

/// How long it may take to replay before anybody is told: most need no longer than this.
const PLAIN: Duration = Duration::from_millis(500);

/// How often somebody who watches is told that a backfill pauses still.
const REMIND: Duration = Duration::from_secs(10);

/// A replica that applications read from: nobody is let in who would not find there what was done on the primary.
#[derive(Clone, PartialEq, Eq)]
pub struct Replica {
    /// Its name in messages.
    pub name: String,
    /// Its address.
    pub url: String,
}

/// The address may hold a password.
impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The replicas of one database, and what was sent to them.
pub(super) struct Replicas {
    all: Vec<Watched>,
    marks: Marks,
    began: Instant,
    /// When a backfill looked at them last.
    looked: Option<Instant>,
    /// Whether they were waited for in vain in this run: the other changes need not wait as long again.
    tried: bool,
    /// Whether somebody was told that they are waited for, and still are.
    told: bool,
}

struct Watched {
    replica: Replica,
    connection: Option<Box<dyn Driver>>,
}

impl Replicas {
    pub(super) fn of(replicas: &[Replica]) -> Replicas {
        let watched = |replica: &Replica| Watched { replica: replica.clone(), connection: None };
        Replicas {
            all: replicas.iter().map(watched).collect(),
            marks: Marks::default(),
            began: Instant::now(),
            looked: None,
            tried: false,
            told: false,
        }
    }

    /// Milliseconds of a clock that never goes back.
    fn now(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// What a new connection leads to.
struct Opened {
    connection: Box<dyn Driver>,
    /// Why it is no replica, as far as the server itself can tell.
    fault: Option<String>,
    /// The last line of its history.
    line: Option<(i64, String)>,
}

impl Watched {
    /// The latest mark that it shows, if it shows anything in time. An error is a server that is no replica of this
    /// database.
    async fn look(&mut self, primary: &mut dyn Driver) -> Result<Sight> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let (_, server) = primary.server().await?.unwrap_or_default();
                match in_time(self.open(&server)).await {
                    Ok(opened) => self.recognised(opened, primary).await?,
                    Err(why) => return Ok(Sight::Nothing(why)),
                }
            }
        };
        let seen = in_time(async {
            ledger::last_mark(connection.as_mut()).await.map_err(|error| error.message)
        });
        let sight = match seen.await {
            Ok(Some(mark)) => Sight::Mark(mark),
            Ok(None) => Sight::NoLedger,
            // The connection goes: what it was asked may be answered later.
            Err(why) => return Ok(Sight::Nothing(why)),
        };
        self.connection = Some(connection);
        Ok(sight)
    }

    async fn open(&self, primary: &str) -> Result<Opened, String> {
        let connecting = driver::connect(&self.replica.url, "colmig-replica").await;
        let mut connection = connecting.map_err(|error| match error {
            Error::Problem(problem) => problem.message,
            other => other.to_string(),
        })?;
        let asked = async {
            let fault = connection.no_replica(primary).await?;
            Ok::<_, DbError>((fault, ledger::last_line(connection.as_mut()).await?))
        };
        let (fault, line) = asked.await.map_err(|error| error.message)?;
        Ok(Opened { connection, fault, line })
    }

    /// The connection, if the server may be a replica, and what it has of the history is the beginning of the
    /// primary's. The replica was read first: the primary is ahead of it then.
    async fn recognised(
        &self,
        opened: Opened,
        primary: &mut dyn Driver,
    ) -> Result<Box<dyn Driver>> {
        let fault = match (opened.fault, opened.line) {
            (Some(fault), _) => fault,
            (None, Some((seq, hash))) if !ledger::has_line(primary, seq, &hash).await? => {
                "its ledger tells another history".to_owned()
            }
            (None, _) => return Ok(opened.connection),
        };
        Err(NOT_A_REPLICA
            .problem(format!("`{}` is no replica of this database: {fault}", self.replica.name))
            .help("correct its address under `replicas` in colmig.toml, or remove it there")
            .into())
    }
}

/// What a replica answers, or why there is no answer.
async fn in_time<T>(answer: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let late = |_| Err(format!("no answer in {} s", ANSWER.as_secs()));
    tokio::time::timeout(ANSWER, answer).await.unwrap_or_else(late)
}

impl Migrator {
    /// Every replica that can be reached must be one of this database; who cannot be reached is waited for when it
    /// matters.
    pub(super) async fn recognise_replicas(&mut self) -> Result<()> {
        self.replicas.tried = false;
        self.late().await.map(drop)
    }

    /// Who has not replayed the latest mark.
    async fn late(&mut self) -> Result<Vec<Late>> {
        let Migrator { driver, replicas, .. } = self;
        let mut late = Vec::new();
        for index in 0..replicas.all.len() {
            let watched = &mut replicas.all[index];
            let sight = watched.look(driver.as_mut()).await?;
            let replica = watched.replica.name.clone();
            let why = replicas.marks.lateness(sight, replicas.now());
            late.extend(why.map(|why| Late { replica, why }));
        }
        Ok(late)
    }

    /// Commits a mark behind everything that was done so far.
    async fn mark(&mut self) -> Result<()> {
        let mark = unguessable();
        // What is committed while it is sent is not behind it.
        let now = self.replicas.now();
        self.driver.begin(driver::Work::Rows).await?;
        let outcome = async {
            self.lock_gate().await?;
            ledger::mark(self.driver.as_mut(), mark).await
        }
        .await;
        self.finish(outcome).await?;
        self.replicas.marks.sent(mark, now);
        Ok(())
    }

    /// Rule R22: whom a step lets in may read from any replica at once, so each of them has to have replayed what comes
    /// before. What is in the way after `patience`, if anything.
    pub(super) async fn replayed(
        &mut self,
        act: Act,
        direction: Direction,
    ) -> Result<Option<Wait>> {
        if self.replicas.all.is_empty() || !lets_in(act, direction) {
            return Ok(None);
        }
        self.mark().await?;
        let patience = match self.replicas.tried {
            true => PLAIN.min(self.options.patience),
            false => self.options.patience,
        };
        let began = Instant::now();
        loop {
            self.stopped()?;
            let late = self.late().await?;
            if late.is_empty() {
                self.replicas.told = false;
                return Ok(None);
            }
            if began.elapsed() >= patience {
                self.replicas.tried = true;
                return Ok(Some(Wait::Replicas { act, direction, late }));
            }
            if !self.replicas.told && began.elapsed() >= PLAIN {
                self.replicas.told = true;
                self.tell(Event::Replaying(late));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Between two batches: pauses while a replica is too far behind, and as long as nobody knows how far.
    pub(super) async fn keep_pace(&mut self, change: &str) -> Result<()> {
        let is_due = self.replicas.looked.is_none_or(|looked| looked.elapsed() >= THROTTLE);
        if self.replicas.all.is_empty() || !is_due {
            return Ok(());
        }
        self.mark().await?;
        let (began, limit) = (Instant::now(), self.limit());
        let mut told: Option<(Late, Instant)> = None;
        while let Some(late) = throttles(self.late().await?, limit) {
            let is_news = told.as_ref().is_none_or(|(before, when)| {
                before.replica != late.replica || when.elapsed() >= REMIND
            });
            if is_news {
                told = Some((late.clone(), Instant::now()));
                self.tell(Event::Throttled { change: change.to_owned(), late, limit });
            }
            tokio::time::sleep(THROTTLE).await;
            self.stopped()?;
        }
        if told.is_some() {
            self.tell(Event::Unthrottled { change: change.to_owned(), paused: began.elapsed() });
        }
        self.replicas.looked = Some(Instant::now());
        Ok(())
    }

    fn limit(&self) -> i64 {
        i64::try_from(self.options.max_replica_lag.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A number that nobody else will think of: what shows it has replayed it.
fn unguessable() -> i64 {
    use std::hash::{BuildHasher, Hasher};
    (std::hash::RandomState::new().build_hasher().finish() >> 1).cast_signed()
}
