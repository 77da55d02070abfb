//! Releases come and go around the steps of an applier, as a deployment would have them: whoever may live is
//! alive, and what a gate waits for is ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};

use anyhow::{Context, Result, anyhow, ensure};
use colmig::migrator::{Doing, Event, Report, Wait};
use colmig_core::admission::judge;
use colmig_core::progress::Progress;
use colmig_core::protocol::Act;
use colmig_core::vector::Vector;

use crate::connection::Connection;
use crate::database::TestDatabase;
use crate::ledger::standing;
use crate::project::{Command, Project, run};
use crate::writer::{Course, Rows, Writer, audit};

/// The releases that are alive on a database.
pub struct Deployment<'d> {
    course: Arc<Course>,
    rows: Arc<Rows>,
    /// The database; of a cluster, as each of its servers knows it.
    servers: Vec<&'d TestDatabase>,
    /// How often an applier was run: in a cluster, each time on the next server.
    runs: usize,
    watch: Connection,
    /// What each release does.
    vectors: Vec<Vector>,
    /// Of each release one on every server.
    running: BTreeMap<usize, Vec<Writer>>,
    /// Ended for a gate; nobody starts them again while it waits.
    ended: BTreeSet<usize>,
    /// How often each release does all that it does between two steps.
    rounds: u64,
    tally: Tally,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Steps of the applier.
    pub steps: u64,
    /// Starts of releases.
    pub starts: u64,
    /// Their statements.
    pub statements: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            steps: self.steps + other.steps,
            starts: self.starts + other.starts,
            statements: self.statements + other.statements,
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally { steps, starts, statements } = self;
        write!(f, "{steps} steps, {starts} releases started, {statements} statements")
    }
}

/// Told before each step; the applier waits for the answer.
struct Notice {
    doing: Doing,
    go: SyncSender<()>,
}

impl<'d> Deployment<'d> {
    /// Whoever may run on this database. `rows` are those that are there; `rounds` is how often each release does
    /// all that it does between two steps.
    pub fn on(
        course: &Arc<Course>,
        rows: &Arc<Rows>,
        database: &'d TestDatabase,
        rounds: u64,
    ) -> Result<Deployment<'d>> {
        Deployment::on_all(course, rows, vec![database], rounds)
    }

    /// The same on the servers of a cluster.
    pub fn on_all(
        course: &Arc<Course>,
        rows: &Arc<Rows>,
        servers: Vec<&'d TestDatabase>,
        rounds: u64,
    ) -> Result<Deployment<'d>> {
        let first = servers.first().context("a database has a server")?;
        let vector =
            |checkout: &Project| Vector::of_schema(&checkout.lock.project, &checkout.lock.schema);
        let mut deployment = Deployment {
            course: course.clone(),
            rows: rows.clone(),
            watch: Connection::open(first)?,
            servers,
            runs: 0,
            vectors: course.checkouts.iter().map(vector).collect(),
            running: BTreeMap::new(),
            ended: BTreeSet::new(),
            rounds,
            tally: Tally::default(),
        };
        deployment.settle()?;
        Ok(deployment)
    }

    /// Whoever is alive must still be let in; whoever else is let in is started; and each of them works.
    fn settle(&mut self) -> Result<()> {
        let (changes, catalog) = standing(&mut self.watch)?;
        for number in 1..=self.vectors.len() {
            let refusals = judge(&self.vectors[number - 1], &changes, &catalog);
            let is_running = self.running.contains_key(&number);
            ensure!(
                refusals.is_empty() || !is_running,
                "release {number} was shut out alive: {refusals:?}"
            );
            if refusals.is_empty() && !is_running && !self.ended.contains(&number) {
                let start = |server: &&TestDatabase| {
                    Writer::start(&self.course, &self.rows, number, server)
                };
                let writers = self.servers.iter().map(start).collect::<Result<Vec<_>>>()?;
                self.tally.starts += writers.len() as u64;
                self.running.insert(number, writers);
            }
        }
        ensure!(!self.running.is_empty(), "no release may run");
        for writer in self.running.values_mut().flatten() {
            let enough = writer.rounds() + self.rounds;
            writer.wait_for(enough)?;
        }
        Ok(())
    }

    /// Runs an applier of a checkout, again and again, until no gate opens by the end of a release.
    pub fn run(&mut self, checkout: &Project, command: Command<'_>) -> Result<Report> {
        self.ended.clear();
        loop {
            let report = self.around_each_step(checkout, command)?;
            let ended = self.in_the_way(&report);
            if ended.is_empty() && (report.moved == 0 || !waits_for_the_fleet(&report)) {
                return Ok(report);
            }
            for number in ended {
                self.stop(number)?;
                self.ended.insert(number);
            }
        }
    }

    /// The releases that gates wait for: forwards those that are older, where a newer one has taken their place;
    /// on the way back those that are newer.
    fn in_the_way(&self, report: &Report) -> BTreeSet<usize> {
        let mut ended = BTreeSet::new();
        for one in &report.changes {
            let Some(Wait::Fleet { act, .. }) = one.wait else { continue };
            let running = self.running.keys().copied();
            let (stay, go): (BTreeSet<_>, _) =
                running.partition(|number| self.may_stay(*number, &one.progress, act));
            if !stay.is_empty() {
                ended.extend::<BTreeSet<_>>(go);
            }
        }
        ended
    }

    fn may_stay(&self, number: usize, progress: &Progress, act: Act) -> bool {
        let range = self.vectors[number - 1].range(&progress.change);
        range.is_some_and(|range| match act {
            Act::Require(phase) => range.high >= phase,
            Act::Admit(_) => range.low <= progress.ceiling_before(),
            _ => true,
        })
    }

    fn around_each_step(&mut self, checkout: &Project, command: Command<'_>) -> Result<Report> {
        let (tell, told) = mpsc::channel();
        let observer = move |event| {
            if let Event::Begins(doing) = event {
                let (go, wait) = mpsc::sync_channel(0);
                // Where nobody listens any more, the test has failed, and says so.
                let _ = tell.send(Notice { doing, go });
                let _ = wait.recv();
            }
        };
        let mut options = checkout.options_with_fleet();
        if let Command::Apply(None) = command {
            options.allow_drop = checkout.consents();
        }
        let database = self.servers[self.runs % self.servers.len()];
        self.runs += 1;
        std::thread::scope(|scope| {
            let applier = scope.spawn(move || run(database, options, command, observer));
            let accompanied = self.accompany(&told);
            drop(told);
            let report = applier.join().map_err(|_| anyhow!("the applier panicked"))?;
            accompanied?;
            let report = report?;
            self.settle().context("behind the last step")?;
            Ok(report)
        })
    }

    fn accompany(&mut self, told: &Receiver<Notice>) -> Result<()> {
        while let Ok(Notice { doing, go }) = told.recv() {
            let Doing { change, act, direction } = &doing;
            self.settle()
                .with_context(|| format!("before `{act}` of `{change}`, {direction:?}"))?;
            self.tally.steps += 1;
            // The applier may have ended meanwhile, with an error of its own.
            let _ = go.send(());
        }
        Ok(())
    }

    fn stop(&mut self, number: usize) -> Result<()> {
        for writer in self.running.remove(&number).context("it is alive")? {
            self.tally.statements += writer.end()?;
        }
        Ok(())
    }

    /// Ends everybody.
    pub fn end(mut self) -> Result<Tally> {
        let alive: Vec<_> = self.running.keys().copied().collect();
        for number in alive {
            self.stop(number)?;
        }
        self.watch.close()?;
        Ok(self.tally)
    }

    /// Ends everybody; then each of them reads rows of all of them once more.
    pub fn end_with_audit(self) -> Result<Tally> {
        let (course, rows, servers) =
            (self.course.clone(), self.rows.clone(), self.servers.clone());
        let alive: Vec<_> = self.running.keys().copied().collect();
        let mut tally = self.end()?;
        for number in alive {
            for server in &servers {
                tally.statements += audit(&course, &rows, number, server)?;
            }
        }
        Ok(tally)
    }
}

fn waits_for_the_fleet(report: &Report) -> bool {
    report.changes.iter().any(|one| matches!(one.wait, Some(Wait::Fleet { .. })))
}
