//! Commands over the several databases of an environment, which go together a stage at a time.
//!
//! Before the first step everybody is asked: reached, its history compared, its rows asked; if one fails, none begins.
//! Then every target goes on until something is in its way, again and again, for as long as one that was held by
//! others may go on. What holds whom is decided by [`colmig_core::shards`].

mod apply;
mod rollback;
mod status;

pub(super) use apply::run as apply;
pub(super) use rollback::run as rollback;
pub(super) use status::run as status;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use colmig::migrator::{Migrator, Report, Wait};
use colmig_core::Exit;
use colmig_core::dialect::Direction;
use colmig_core::problem::{INTERRUPTED, NO_LEDGER, USAGE};
use colmig_core::progress::Progress;
use colmig_core::protocol::Stage;
use colmig_core::shards::{Board, Hold, named, places};
use colmig_core::vector::Vector;

use crate::context::Context;
use crate::report::{Failure, Result};
use crate::session::{Consent, failure};
use crate::sessions::{Member, Sessions, SharedBoard, on, together};

/// What to do when a target that failed is mended, or cannot be.
const GOES_ON: &str = "then run the same command again: all targets go on where they stopped; \
    `--except NAME` goes on without one";

/// One run over several targets.
struct Run<'c> {
    context: &'c Context,
    sessions: Sessions,
    direction: Direction,
    board: SharedBoard,
    checkout: Vector,
    /// What each target came to when it was last at work.
    reports: BTreeMap<usize, Report>,
    /// How many steps each has done.
    moved: BTreeMap<usize, usize>,
    /// Targets that have nothing to do in this run, and what they say.
    idle: BTreeMap<usize, Failure>,
    failures: Vec<Failure>,
    finished: Finished<'c>,
}

/// How far all targets have come with each change, as it was told.
struct Finished<'c> {
    context: &'c Context,
    targets: String,
    stages: BTreeMap<String, Stage>,
}

impl Finished<'_> {
    /// Looks, and says nothing.
    fn look(&mut self, board: &Board) {
        let changes = self.context.migrations.iter().flat_map(|m| &m.manifest.changes);
        let stages = changes.filter_map(|change| Some((change.title(), board.finished(change)?)));
        self.stages = stages.collect();
    }

    /// Says which stages all targets have finished since.
    fn tell(&mut self, board: &Board) {
        let before = std::mem::take(&mut self.stages);
        self.look(board);
        let terminal = self.context.terminal;
        for (change, stage) in &self.stages {
            if before.get(change) < Some(stage) {
                let what = format!("{change}: {stage}, on {}", self.targets);
                terminal.status("Finished", &what);
                terminal.object(&serde_json::json!({
                    "reason": "stage", "change": change, "stage": stage,
                }));
            }
        }
    }
}

/// What became of a target's turn.
enum Turn {
    /// It was at work.
    Done(Report),
    /// Another one has failed, or the user wants to stop.
    Skipped,
}

impl<'c> Run<'c> {
    fn of(context: &'c Context, consent: &Consent, direction: Direction) -> Result<Run<'c>> {
        let mut sessions = Sessions::of(context, consent)?;
        let board = Board::new(direction, sessions.names());
        let board = Arc::new(Mutex::new(board));
        let targets = all(context, sessions.members.len());
        let finished = Finished { context, targets, stages: BTreeMap::new() };
        sessions.go_together(&board);
        Ok(Run {
            context,
            sessions,
            direction,
            board,
            checkout: Vector::of_schema(&context.lock.project, &context.lock.schema),
            reports: BTreeMap::new(),
            moved: BTreeMap::new(),
            idle: BTreeMap::new(),
            failures: Vec::new(),
            finished,
        })
    }

    /// Asks every target that has something to do, and lets them begin if none has anything against it.
    fn ask(&mut self, work: &impl AsyncFn(&mut Migrator) -> colmig::Result<Report>) -> Result<()> {
        self.turn(&self.busy(), work);
        if self.idle.len() == self.sessions.members.len() {
            return together(std::mem::take(&mut self.idle).into_values().collect());
        }
        on(&self.board, |board| self.finished.look(board));
        if self.failures.is_empty() {
            on(&self.board, Board::go);
        }
        Ok(())
    }

    /// Lets these targets work, and then whoever was held by others and is not any more.
    fn go(
        &mut self,
        first: Vec<usize>,
        work: &impl AsyncFn(&mut Migrator) -> colmig::Result<Report>,
    ) {
        let mut which = first;
        while !which.is_empty() && self.failures.is_empty() && !self.sessions.is_stopped() {
            self.turn(&which, work);
            which = self.no_longer_held();
        }
    }

    /// One turn of these targets: each goes as far as it may.
    fn turn(
        &mut self,
        which: &[usize],
        work: &impl AsyncFn(&mut Migrator) -> colmig::Result<Report>,
    ) {
        let (board, checkout, stop) = (&self.board, &self.checkout, self.sessions.stop.clone());
        let (direction, finished) = (self.direction, RefCell::new(&mut self.finished));
        let is_over = || {
            on(board, |board| board.is_halting()) || stop.load(std::sync::atomic::Ordering::SeqCst)
        };
        let outcomes = self.sessions.work(which, async |member: &mut Member| {
            if is_over() {
                return Ok(Turn::Skipped);
            }
            let outcome = at_work(member, work).await;
            on(board, |board| match &outcome {
                Ok(report) => {
                    board.record(&member.name, places(&rows(report), checkout));
                    if direction == Direction::Up && !board.is_asking() {
                        finished.borrow_mut().tell(board);
                    }
                }
                Err(failure) if is_idle(failure) => board.leave_out(&member.name),
                // Whoever stops because the user wants it has not failed, and all others stop too.
                Err(failure) if is_interrupted(failure) => {}
                Err(_) => board.halt(&member.name),
            });
            outcome.map(Turn::Done)
        });
        for (index, outcome) in outcomes {
            match outcome {
                Ok(Turn::Done(report)) => {
                    *self.moved.entry(index).or_default() += report.moved;
                    self.reports.insert(index, report);
                }
                Ok(Turn::Skipped) => {}
                Err(failure) if is_idle(&failure) => {
                    self.idle.insert(index, failure);
                }
                Err(failure) => self.failures.push(failure),
            }
        }
    }

    /// The targets that have something to do.
    fn busy(&self) -> Vec<usize> {
        let all = self.sessions.all().into_iter();
        all.filter(|index| !self.idle.contains_key(index)).collect()
    }

    /// The targets that wait for others which have come far enough since.
    fn no_longer_held(&self) -> Vec<usize> {
        let may_go_on = |(index, report): (&usize, &Report)| {
            let held = report.changes.iter().filter(|c| matches!(c.wait, Some(Wait::Held(_))));
            let mut rows = held.map(|change| &change.progress);
            rows.any(|row| self.hold(*index, row).is_none()).then_some(*index)
        };
        self.reports.iter().filter_map(may_go_on).collect()
    }

    /// Names every gate that remains, and whom others wait for.
    fn show_waits(&self) {
        let mut groups: Vec<(String, Wait, Vec<&str>)> = Vec::new();
        for (index, title, wait) in self.waits() {
            let member = &self.sessions.members[index];
            member.terminal.object(&serde_json::json!({
                "reason": "waiting", "change": title, "why": wait.to_string(), "remedy": wait.remedy(),
            }));
            match groups.iter_mut().find(|(other, why, _)| *other == title && *why == wait) {
                Some((.., targets)) => targets.push(&member.name),
                None => groups.push((title, wait, vec![&member.name])),
            }
        }
        groups.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        for (title, wait, targets) in groups {
            let terminal = self.context.terminal;
            terminal.waiting("Waiting", &format!("{}: {title}: {wait}", named(&targets)));
            if !matches!(wait, Wait::Held(_)) {
                terminal.more(&format!("to go on: {}", wait.remedy()));
            }
        }
    }

    /// What keeps each change of each target from going on, by its title.
    fn waits(&self) -> Vec<(usize, String, Wait)> {
        let changes = self
            .reports
            .iter()
            .flat_map(|(index, report)| report.changes.iter().map(move |change| (*index, change)));
        let waits = changes.filter_map(|(index, change)| {
            let wait = match change.wait.as_ref()? {
                // Others have come further since.
                Wait::Held(_) => Wait::Held(self.hold(index, &change.progress)?),
                wait => wait.clone(),
            };
            Some((index, change.progress.change.title(), wait))
        });
        waits.collect()
    }

    /// Whom a change of a target waits for now.
    fn hold(&self, index: usize, row: &Progress) -> Option<Hold> {
        let name = &self.sessions.members[index].name;
        on(&self.board, |board| board.hold(name, row, self.direction))
    }

    /// Why the run ends early: everything that failed, and what the others did about it.
    fn fail(self, has_begun: bool) -> Result<Exit> {
        let is_failed = |name: &str| {
            let reports = self.failures.iter().flat_map(Failure::reports);
            reports.into_iter().any(|report| report.target.as_deref() == Some(name))
        };
        let others: Vec<_> =
            self.sessions.names().into_iter().filter(|name| !is_failed(name)).collect();
        if !self.failures.iter().all(is_interrupted) {
            let what = match has_begun {
                true => format!("{}: behind the step that each was at", named(&others)),
                false => {
                    "before the first step: every target is asked before one begins".to_owned()
                }
            };
            if !others.is_empty() {
                self.context.terminal.waiting("Stopped", &what);
            }
        }
        let advice = |failure: Failure| match is_interrupted(&failure) {
            true => failure,
            false => failure.help(GOES_ON),
        };
        together(self.failures.into_iter().map(advice).collect()).map(|()| Exit::Done)
    }
}

/// All targets, or as many as the command line left over.
fn all(context: &Context, count: usize) -> String {
    let globals = &context.globals;
    let which =
        if globals.targets.is_empty() && globals.except.is_empty() { "all" } else { "these" };
    format!("{which} {count} targets")
}

async fn at_work(
    member: &mut Member,
    work: &impl AsyncFn(&mut Migrator) -> colmig::Result<Report>,
) -> Result<Report> {
    let outcome = work(member.migrator().await?).await.map_err(failure);
    member.rest();
    outcome
}

fn rows(report: &Report) -> Vec<Progress> {
    report.changes.iter().map(|change| change.progress.clone()).collect()
}

/// What a target answers that has nothing of what the command names: another one may have it.
fn is_idle(failure: &Failure) -> bool {
    let code = failure.reports()[0].problem.code;
    code == USAGE || code == NO_LEDGER
}

fn is_interrupted(failure: &Failure) -> bool {
    failure.reports()[0].problem.code == INTERRUPTED
}
