//! `apply`: every change of the checkout goes forwards as far as is safe now.

use std::time::Instant;

use colmig_core::admission::{Refusal, judge};
use colmig_core::advance::{Next, is_history, next};
use colmig_core::dialect::Direction;
use colmig_core::gate::{self, Blocker};
use colmig_core::migration::Change;
use colmig_core::problem::{CONSENT, NOT_YET, Problem, USAGE, VERIFICATION};
use colmig_core::progress::{Intent, Progress};
use colmig_core::protocol::{Act, Undo};

use super::fleet::tables;
use super::script::Ran;
use super::{ChangeReport, Migrator, Report, Wait};
use crate::driver::{Work, ledger, transaction};
use crate::{Error, Result};

/// How often enforcing may go back to the backfill: each time some client wrote a row without a value
/// behind its back (rule L10).
const REFILLS: u32 = 5;

/// A step that `--to` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    change: String,
    step: usize,
}

impl Migrator {
    /// Runs every step that is safe now. With `to` it stops behind that step (`users.handle:enforce`),
    /// and the report says why where it does not come so far.
    pub async fn apply(&mut self, to: Option<&str>) -> Result<Report> {
        if let Some(to) = to {
            self.check_name(to)?;
        }
        self.acquire().await?;
        let outcome = self.apply_locked(to).await;
        self.release(outcome).await
    }

    async fn apply_locked(&mut self, to: Option<&str>) -> Result<Report> {
        self.record_migrations().await?;
        let target = to.map(|to| self.target(to)).transpose()?;
        self.recognise_replicas().await?;
        self.look().await?;
        if self.hold.is_none() {
            self.asked.clear();
        }
        let mut waits: Vec<Option<Wait>> = vec![None; self.rows.len()];
        let mut moved = 0;
        loop {
            let before = moved;
            for (index, wait) in waits.iter_mut().enumerate() {
                if !self.known(&self.rows[index]) || !self.wanted(index, target.as_ref()) {
                    continue;
                }
                (*wait, moved) = self.advance(index, moved, target.as_ref()).await?;
            }
            if moved == before {
                break;
            }
        }
        let short = target.and_then(|target| self.short(&target, &waits));
        Ok(Report { short, ..self.report(waits, moved).await? })
    }

    /// Advances one change until something is in its way.
    async fn advance(
        &mut self,
        index: usize,
        mut moved: usize,
        target: Option<&Target>,
    ) -> Result<(Option<Wait>, usize)> {
        loop {
            self.stopped()?;
            let next = next(&self.rows, index, &self.options.checkout);
            if !matches!(next, Next::Back(_)) {
                self.heal_half_undone(index).await?;
            }
            let row = &self.rows[index];
            if target.is_some_and(|t| t.change == row.change.id && row.position > t.step) {
                return Ok((None, moved));
            }
            let act = row.next().map(|step| step.act);
            match (next, act) {
                (Next::Back(by), _) if row.dropped() => {
                    return Ok((Some(Wait::TooLate(by)), moved));
                }
                (Next::Back(_), _) => {
                    let wait;
                    (wait, moved) = match self.loss(index).await? {
                        Some(wait) => (Some(wait), moved),
                        None => self.take_back(index, moved).await?,
                    };
                    if wait.is_some() {
                        return Ok((wait, moved));
                    }
                }
                (Next::Finished | Next::Void(_), _) | (_, None) => return Ok((None, moved)),
                (Next::After(title), _) => return Ok((Some(Wait::After(title)), moved)),
                (Next::Late(title), _) => return Ok((Some(Wait::Late(title)), moved)),
                (Next::Checkout { needs, has }, Some(act)) if !self.may_pass_by(index).await? => {
                    return Ok((Some(Wait::Checkout { act, needs, has }), moved));
                }
                (Next::Checkout { .. } | Next::Step, Some(act)) => {
                    self.ask_first(index, target).await?;
                    if let Some(wait) = self.held_back(index, Direction::Up) {
                        return Ok((Some(wait), moved));
                    }
                    if let Some(wait) = self.step(index, act).await? {
                        return Ok((Some(wait), moved));
                    }
                    moved += 1;
                }
            }
        }
    }

    /// A step that a rollback left half-undone counts as done, and is made so again before anything else is.
    async fn heal_half_undone(&mut self, index: usize) -> Result<()> {
        let row = &self.rows[index];
        match row.position.checked_sub(1) {
            Some(last) if row.direction == Direction::Down && row.is_half_way() => {
                self.heal(index, last, Direction::Up).await
            }
            _ => Ok(()),
        }
    }

    /// Whether a step may shut this checkout out: nobody has used the table yet, and a later change goes on from
    /// where this one ends. So a new database takes a history that is over.
    async fn may_pass_by(&mut self, index: usize) -> Result<bool> {
        let change = self.rows[index].change.clone();
        Ok(is_history(&self.rows, index, &self.options.checkout) && self.untouched(&change).await?)
    }

    /// With `--to`, only its change and those that come before it on the same name, where it cannot begin without
    /// them; what it drops nobody may need any more, so it drops behind all of them.
    pub(super) fn wanted(&self, index: usize, target: Option<&Target>) -> bool {
        let Some(target) = target else { return true };
        let Some(goal) = self.rows.iter().position(|row| row.change.id == target.change) else {
            return false;
        };
        let (row, last) = (&self.rows[index], &self.rows[goal]);
        let mut acts = last.change.acts().take(target.step + 1);
        let drops = acts.any(|act| act.facts().undo == Undo::Impossible);
        let comes_before =
            || row.precedes(last) && (drops || row.finished() || !row.lets_begin(last));
        index == goal || (index < goal && comes_before())
    }

    /// A name that no migration has is refused before the database is touched.
    fn check_name(&self, to: &str) -> Result<()> {
        let migrations = &self.options.migrations;
        let mut changes = migrations.iter().flat_map(|migration| &migration.manifest.changes);
        if changes.any(|change| named(change, to).is_some()) {
            return Ok(());
        }
        let problem = USAGE.problem(format!("`{to}` is no step of this checkout's migrations"));
        let Some(newest) = migrations.last() else { return Err(problem.into()) };
        let steps = newest.manifest.changes.iter().flat_map(|change| {
            (0..change.steps.len()).map(|step| change.step_name(step)).collect::<Vec<_>>()
        });
        let steps: Vec<_> = steps.collect();
        let help = format!("the steps of `{}`: {}", newest.manifest.id, steps.join(", "));
        Err(problem.help(help).into())
    }

    fn target(&self, to: &str) -> Result<Target> {
        let known: Vec<_> = self.rows.iter().filter(|row| self.known(row)).collect();
        for row in known.iter().filter(|row| !row.finished()) {
            if let Some(step) = named(&row.change, to) {
                return Ok(Target { change: row.change.id.clone(), step });
            }
        }
        let open = known.iter().filter(|row| !row.finished());
        let names: Vec<_> = open
            .flat_map(|row| {
                (row.position..row.change.steps.len()).map(|step| row.change.step_name(step))
            })
            .collect();
        let problem = USAGE.problem(format!("`{to}` is no step that is left"));
        Err(match names.as_slice() {
            [] => problem.help("every change of this checkout is finished"),
            _ => problem.help(format!("the steps that are left: {}", names.join(", "))),
        }
        .into())
    }

    /// Why a target is not reached.
    fn short(&self, target: &Target, waits: &[Option<Wait>]) -> Option<Problem> {
        let index = self.rows.iter().position(|row| row.change.id == target.change)?;
        if self.rows[index].position > target.step {
            return None;
        }
        let name = self.rows[index].change.step_name(target.step);
        Some(match &waits[index] {
            Some(Wait::Consent { subject, dependants }) => {
                let mut problem = CONSENT
                    .problem(format!("`{subject}` holds data, and dropping it cannot be undone"))
                    .at(name)
                    .help(format!("consent to it by name: `--allow-drop {subject}`"));
                if !dependants.is_empty() {
                    problem = problem.help(format!("what goes with it: {}", dependants.join(", ")));
                }
                problem
            }
            Some(wait) => {
                NOT_YET.problem(format!("not there yet: {wait}")).at(name).help(wait.remedy())
            }
            None => NOT_YET.problem("not there yet").at(name),
        })
    }

    /// Runs one step; what is in its way, if anything.
    async fn step(&mut self, index: usize, act: Act) -> Result<Option<Wait>> {
        if let Some(wait) = self.drained(index).await? {
            return Ok(Some(wait));
        }
        if !self.may_have_run(index)
            && let Some(wait) = self.before(index, act).await?
        {
            return Ok(Some(wait));
        }
        if let Some(wait) = self.replayed(act, Direction::Up).await? {
            return Ok(Some(wait));
        }
        self.begins(index, act, Direction::Up);
        let began = Instant::now();
        match act {
            Act::Require(phase) => {
                if let Some(wait) = self.require(index, act, phase, began).await? {
                    return Ok(Some(wait));
                }
            }
            Act::Begin | Act::Admit(_) | Act::Abandon => {
                self.plain_move(index, Direction::Up, began).await?
            }
            Act::Backfill => {
                self.fill(index, false).await?;
                self.plain_move(index, Direction::Up, began).await?;
            }
            Act::CreateTable
            | Act::Add
            | Act::Trigger
            | Act::Enforce
            | Act::Relax
            | Act::Drop
            | Act::Index
            | Act::Unindex
            | Act::Default
            | Act::DropTable
            | Act::CreateType
            | Act::AddValue => {
                self.schema_step(index).await?;
            }
        }
        self.moved(index, act, Direction::Up, began).await?;
        match act {
            Act::Require(_) => self.drained(index).await,
            _ => Ok(None),
        }
    }

    /// Whether the next step's statement may have run already, all of it: what had to be looked at before it was
    /// looked at then, and the catalog is what the statement made of it.
    fn may_have_run(&self, index: usize) -> bool {
        !self.driver.dialect().is_transactional() && self.rows[index].is_half_way()
    }

    /// What is looked at before a step begins; what is in its way, if anything.
    async fn before(&mut self, index: usize, act: Act) -> Result<Option<Wait>> {
        self.preflight(index, act).await?;
        if self.rows[index].is_untouched() {
            self.look_at_dependants(index, false).await?;
        }
        if matches!(act, Act::Drop | Act::DropTable)
            && let Some(wait) = self.consent(index).await?
        {
            return Ok(Some(wait));
        }
        if let Some(wait) = self.rewrite(index).await? {
            return Ok(Some(wait));
        }
        if act == Act::Drop {
            self.look_at_dependants(index, true).await?;
            self.archive(index).await?;
        }
        Ok(None)
    }

    async fn schema_step(&mut self, index: usize) -> Result<()> {
        let step = self.rows[index].position;
        for _ in 0..REFILLS {
            match self.run_script(index, step, Direction::Up, step + 1).await {
                Ok(Ran::Done) => return Ok(()),
                Ok(Ran::MetNulls) => {}
                Err(error) => return Err(self.without_remains(index, step, error).await),
            }
            // Rows without a value: take back what the step began, fill them, and try again.
            self.heal(index, step, Direction::Down).await?;
            self.void(index).await?;
            self.fill(index, false).await?;
        }
        let subject = self.rows[index].change.subject();
        Err(VERIFICATION
            .problem(format!("rows without a value of `{subject}` keep appearing behind the backfill"))
            .at(subject)
            .help("a client that does not write the column inserts rows: find it (`cargo colmig fleet`), stop it, and apply again")
            .into())
    }

    /// A constraint that rows break must not stay half-made: it would refuse every update of those rows (rule R27).
    /// Rows that came behind the pre-flight are named as it would have named them; otherwise the first error is the
    /// one that matters.
    async fn without_remains(&mut self, index: usize, step: usize, error: Error) -> Error {
        if self.rows[index].change.constraint.is_none() {
            return error;
        }
        if self.rows[index].is_half_way() {
            let _ = self.heal(index, step, Direction::Down).await;
        }
        self.rows_in_the_way(index).await.ok().flatten().map_or(error, Error::from)
    }

    /// Taking back an added column, or a created table, drops what was written to it since: that has consent by name.
    async fn loss(&mut self, index: usize) -> Result<Option<Wait>> {
        let change = &self.rows[index].change;
        let adds = change.acts().any(|act| act.facts().undo == Undo::LosesColumn);
        let (subject, table) = (change.subject(), change.table.clone());
        let is_free = !adds
            || self.options.allow_drop.contains(&subject)
            || ledger::is_empty(self.driver.as_mut(), &table).await?;
        Ok((!is_free).then_some(Wait::Consent { subject, dependants: Vec::new() }))
    }

    /// A step that rewrites a table in the way of everybody has consent by name; an empty table needs none.
    async fn rewrite(&mut self, index: usize) -> Result<Option<Wait>> {
        let Some(lock) = self.rewrites(index) else { return Ok(None) };
        let (subject, table) =
            (self.rows[index].change.subject(), self.rows[index].change.table.clone());
        let is_free = self.options.allow_rewrite.contains(&subject)
            || ledger::is_empty(self.driver.as_mut(), &table).await?;
        Ok((!is_free).then_some(Wait::Rewrite { subject, lock }))
    }

    /// The floor rises only on evidence, in the transaction that weighs it.
    async fn require(
        &mut self,
        index: usize,
        act: Act,
        phase: u8,
        began: Instant,
    ) -> Result<Option<Wait>> {
        ledger::reserve(self.driver.as_mut(), self.author.epoch).await?;
        transaction!(
            self.driver.as_mut(),
            Work::Rows,
            self.require_locked(index, act, phase, began)
        )
    }

    async fn require_locked(
        &mut self,
        index: usize,
        act: Act,
        phase: u8,
        began: Instant,
    ) -> Result<Option<Wait>> {
        self.lock_gate().await?;
        let evidence = self.evidence(index).await?;
        let mut blockers = gate::require(phase, &evidence, &self.options.policy);
        self.name_the_release_between(index, &mut blockers);
        if !blockers.is_empty() {
            return Ok(Some(Wait::Fleet { act, blockers }));
        }
        let note = if self.options.policy.assume_no_fleet { "--assume-no-fleet" } else { "" };
        self.move_to(index, self.rows[index].position + 1, Direction::Up, began, note).await?;
        Ok(None)
    }

    /// A checkout that is too new for the window as it is cannot bring the evidence itself.
    fn name_the_release_between(&self, index: usize, blockers: &mut [Blocker]) {
        let row = &self.rows[index];
        let Some(window) = row.window() else { return };
        let too_new =
            self.options.checkout.range(&row.change).is_some_and(|range| range.low > window.ceil);
        for blocker in blockers.iter_mut().filter(|_| too_new) {
            if let Blocker::NobodyAt(phase) = blocker {
                *blocker = Blocker::Between(row.change.kind.release(*phase));
            }
        }
    }

    /// Passes the barrier behind the last window move, if it is not passed yet; a crash in between
    /// leaves the intent in the ledger, and the next run waits again.
    async fn drained(&mut self, index: usize) -> Result<Option<Wait>> {
        let row = &self.rows[index];
        let Some(act) = row.last().map(|step| step.act) else { return Ok(None) };
        if row.intent != Intent::Drain {
            return Ok(None);
        }
        let passed = Progress { intent: Intent::Nothing, ..row.clone() };
        let sessions = self.drain(index).await?;
        if !sessions.is_empty() {
            return Ok(Some(Wait::Draining { act, sessions }));
        }
        self.note(index, passed).await?;
        Ok(None)
    }

    /// A step that only moves the ledger.
    pub(super) async fn plain_move(
        &mut self,
        index: usize,
        direction: Direction,
        began: Instant,
    ) -> Result<()> {
        ledger::reserve(self.driver.as_mut(), self.author.epoch).await?;
        transaction!(
            self.driver.as_mut(),
            Work::Rows,
            self.plain_move_locked(index, direction, began)
        )
    }

    async fn plain_move_locked(
        &mut self,
        index: usize,
        direction: Direction,
        began: Instant,
    ) -> Result<()> {
        self.lock_gate().await?;
        let position = self.rows[index].position;
        let target = if direction == Direction::Up { position + 1 } else { position - 1 };
        self.move_to(index, target, direction, began, "").await.map(|_| ())
    }

    /// Where every change stands, and whether the checkout may be deployed.
    pub(super) async fn report(
        &mut self,
        waits: Vec<Option<Wait>>,
        moved: usize,
    ) -> Result<Report> {
        self.load().await?;
        let refusals = self.refusals().await?;
        let void = self.left_out();
        let changes = self.rows.iter().cloned().zip(waits);
        let changes = changes.map(|(progress, wait)| {
            let void = void.contains(&progress.change.id);
            ChangeReport { progress, wait, void }
        });
        let changes = changes.collect();
        Ok(Report { changes, refusals, moved, short: None })
    }

    /// Why the checkout may not be deployed now.
    pub(super) async fn refusals(&mut self) -> Result<Vec<Refusal>> {
        let rows = ledger::changes(self.driver.as_mut(), None).await?;
        let mut wanted = tables(&rows);
        wanted.extend(self.options.checkout.structs.iter().map(|entry| entry.table.clone()));
        wanted.sort();
        wanted.dedup();
        let catalog = self.driver.catalog(&wanted).await?;
        Ok(judge(&self.options.checkout, &rows, &catalog))
    }
}

/// The step of a change that `--to` names, by its column or by the change's id.
pub(super) fn named(change: &Change, to: &str) -> Option<usize> {
    let by_id = |step: usize| format!("{}:{}", change.id, change.steps[step].act);
    (0..change.steps.len()).find(|step| to == change.step_name(*step) || to == by_id(*step))
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wait::After(title) => write!(f, "`{title}` comes first"),
            Wait::Checkout { act, needs, has: Some(has) } => {
                write!(f, "`{act}` needs a release of phase {needs}; this checkout is phase {has}")
            }
            Wait::Checkout { act, has: None, .. } => {
                write!(
                    f,
                    "`{act}` would shut this checkout out: no phase of the change is safe for it"
                )
            }
            Wait::Fleet { act, blockers } => {
                // A ceiling waits only when it is to fall.
                let undo = if matches!(act, Act::Admit(_)) { "undoing " } else { "" };
                let list: Vec<_> = blockers.iter().map(|blocker| blocker.to_string()).collect();
                write!(f, "{undo}`{act}` waits: {}", list.join("; "))
            }
            Wait::Consent { subject, dependants } if dependants.is_empty() => {
                write!(f, "dropping `{subject}` needs consent: `--allow-drop {subject}`")
            }
            Wait::Consent { subject, dependants } => write!(
                f,
                "dropping `{subject}` needs consent: `--allow-drop {subject}`; with it goes {}",
                dependants.join(", ")
            ),
            Wait::Draining { act, sessions } => {
                let list: Vec<_> = sessions.iter().map(|session| session.to_string()).collect();
                write!(
                    f,
                    "after `{act}`, transactions that were open then must end: {}",
                    list.join("; ")
                )
            }
            Wait::Replicas { act, direction, late } => {
                let undo = if *direction == Direction::Down { "undoing " } else { "" };
                let list: Vec<_> = late.iter().map(ToString::to_string).collect();
                write!(f, "{undo}`{act}` waits: {}", list.join("; "))
            }
            Wait::Rewrite { subject, lock } => write!(
                f,
                "the next step holds {lock}; it needs consent: `--allow-rewrite {subject}`"
            ),
            Wait::TooLate(title) => {
                write!(f, "`{title}` is to take it back, and what it drops is gone")
            }
            Wait::Late(title) => write!(f, "`{title}` has begun without it"),
            Wait::Under(title) => {
                write!(f, "`{title}` has started since: it must be rolled back first")
            }
            Wait::StillHeld { value, rows } => {
                write!(
                    f,
                    "{} that hold `{value}`, and no `replace_with` in the migration",
                    colmig_core::backfill::rows(*rows)
                )
            }
            Wait::NoReverse { rows } => {
                write!(
                    f,
                    "{} without a value, and no `reverse` in the migration to give one",
                    colmig_core::backfill::rows(*rows)
                )
            }
            Wait::Held(hold) => write!(f, "{hold}"),
        }
    }
}

impl Wait {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Wait::After(_) => "it goes on when that one is finished".to_owned(),
            Wait::Checkout { .. } => {
                "edit the struct to the next state, deploy, and apply from there".to_owned()
            }
            Wait::Fleet { blockers, .. } => {
                let mut remedies: Vec<_> =
                    blockers.iter().map(|blocker| blocker.remedy()).collect();
                remedies.dedup();
                remedies.join("; ")
            }
            Wait::Consent { subject, .. } => format!("apply again with `--allow-drop {subject}`"),
            Wait::Draining { .. } => "end those transactions, and apply again".to_owned(),
            Wait::Replicas { late, .. } => {
                let mut remedies: Vec<_> = late.iter().map(|late| late.remedy()).collect();
                remedies.dedup();
                remedies.join("; ")
            }
            Wait::Rewrite { subject, .. } => format!(
                "in a quiet hour, apply again with `--allow-rewrite {subject}`; or keep a plain column, `adding` with a `backfill`, that the application writes"
            ),
            Wait::TooLate(_) => {
                "add it again, with `adding` and a `backfill`: what was dropped does not come back"
                    .to_owned()
            }
            Wait::Late(_) | Wait::Under(_) => "roll back the later migration first".to_owned(),
            Wait::StillHeld { .. } => {
                "give those rows another value by hand, and roll back again".to_owned()
            }
            Wait::NoReverse { .. } => {
                "give those rows a value by hand, and roll back again".to_owned()
            }
            Wait::Held(_) => "it goes on when they do".to_owned(),
        }
    }
}
