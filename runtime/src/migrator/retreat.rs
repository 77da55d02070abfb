//! `rollback`: back to the release before a migration. First every floor falls, which is free and lets
//! the older release in beside the newer one; then the ceilings, once the newer one has ended (L14).

use std::time::Instant;

use colmig_core::advance::{Back, back};
use colmig_core::backfill::{Rows, rows as counted};
use colmig_core::dialect::Direction;
use colmig_core::gate::{self, moment};
use colmig_core::migration::Change;
use colmig_core::problem::{CONSENT, NO_RETURN, Problem, USAGE};
use colmig_core::progress::Progress;
use colmig_core::protocol::{Act, Undo};
use colmig_core::schema::{Column, EnumValue};
use colmig_core::types::Database;

use super::advance::named;
use super::script::Ran;
use super::{Event, Migrator, Report, Wait};
use crate::Result;
use crate::driver::archive::Kept;
use crate::driver::{DbError, Work, ledger, transaction};

/// What a rollback would do, and where it could not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackPlan {
    /// Every step that would be undone, in the order in which that is done.
    pub steps: Vec<Undoing>,
    /// What keeps a rollback from going further back than this one.
    pub no_return: Option<NoReturn>,
}

/// One step that would be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undoing {
    /// Of which change.
    pub change: String,
    /// The step.
    pub act: Act,
    /// How it is undone.
    pub undo: &'static str,
    /// What that costs as the database is now; empty: nothing.
    pub cost: String,
}

/// A point of no return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoReturn {
    /// The change that passed it.
    pub change: String,
    /// The migration that it belongs to.
    pub migration: String,
    /// What was dropped: `users.nickname`.
    pub dropped: Vec<String>,
    /// When, in milliseconds of the database's clock; 0: the history does not say.
    pub at: i64,
    /// Whether the values were archived.
    pub archived: bool,
}

/// Which changes go back, and to which position each, the newest first.
type Way = Vec<(usize, usize)>;

impl Migrator {
    /// What a rollback to before `migration` (a number or an id; the newest that has ever begun, without one)
    /// would take back, or one `to` behind a step, and what each step's undo costs. Nothing is changed; rows that
    /// would lose something are counted.
    pub async fn rollback_plan(
        &mut self,
        migration: Option<&str>,
        to: Option<&str>,
    ) -> Result<RollbackPlan> {
        ledger::gate(self.driver.as_mut(), "").await?;
        self.load().await?;
        let way = self.way(migration, to)?;
        self.refuse_what_is_dropped(&way).await?;
        self.plan_way(&way).await
    }

    async fn plan_way(&mut self, way: &Way) -> Result<RollbackPlan> {
        let mut positions: Vec<_> = self.rows.iter().map(|row| row.position).collect();
        let mut steps = Vec::new();
        for floors_only in [true, false] {
            for &(index, stop) in way {
                while positions[index] > stop {
                    let change = &self.rows[index].change;
                    let window = change.window_at(positions[index]);
                    if floors_only && window.is_none_or(|window| window.floor == 0) {
                        break;
                    }
                    positions[index] -= 1;
                    let act = change.steps[positions[index]].act;
                    let (change, undo) = (change.title(), change.undo(act));
                    let cost = self.cost(index, act).await?;
                    steps.push(Undoing { change, act, undo, cost });
                }
            }
        }
        let first = way.iter().map(|(index, _)| *index).min().unwrap_or(0);
        let dropped = self.rows[..first].iter().rfind(|row| row.dropped()).cloned();
        let no_return = match dropped {
            Some(row) => Some(self.no_return(&row).await?),
            None => None,
        };
        Ok(RollbackPlan { steps, no_return })
    }

    /// What undoing a step costs, as the database is now.
    async fn cost(&mut self, index: usize, act: Act) -> Result<String> {
        let change = self.rows[index].change.clone();
        let columns: Vec<_> = change.targets(act).iter().map(|column| &column.name).collect();
        Ok(match act.facts().undo {
            Undo::LosesColumn => {
                let lost = ledger::values(self.driver.as_mut(), &change.table, &columns).await?;
                let names = columns.iter().map(|name| format!("{}.{name}", change.table));
                match (lost.as_str(), change.definition.is_some()) {
                    ("", _) => String::new(),
                    // What is computed is computed again.
                    _ if change.columns.iter().any(|column| !column.generated.is_nowhere()) => {
                        String::new()
                    }
                    (lost, true) => format!("what the table has is lost: {lost}"),
                    (lost, false) => {
                        let names: Vec<_> = names.collect();
                        format!("{lost} with a value of `{}`, which is lost", names.join("`, `"))
                    }
                }
            }
            Undo::Refill => {
                let (nulls, back) =
                    (self.nulls(index).await?, has_reverse(&change, self.database()));
                if let Some(value) = change.value_of_type() {
                    return Ok(cost_of_value(value, nulls));
                }
                match (nulls, back) {
                    (0, _) => String::new(),
                    (nulls, true) => format!("{} to fill from `reverse`", counted(nulls)),
                    (nulls, false) => {
                        format!(
                            "it stops here: {} without a value, and no `reverse`",
                            counted(nulls)
                        )
                    }
                }
            }
            Undo::Unrequire => {
                let project = self.options.project.clone();
                let fill = ledger::fill(self.driver.as_mut(), &project, &change.id).await?;
                match fill.rows_done {
                    0 => String::new(),
                    done => format!("the backfill of {} begins again", counted(done)),
                }
            }
            _ => String::new(),
        })
    }

    async fn no_return(&mut self, row: &Progress) -> Result<NoReturn> {
        let project = self.options.project.clone();
        let step = row.last().map_or_else(String::new, |step| step.act.to_string());
        let id = row.change.id.as_str();
        let at = ledger::last_done(self.driver.as_mut(), &project, id, &step).await?;
        Ok(NoReturn {
            change: row.change.title(),
            migration: row.migration.clone(),
            dropped: row.change.consents(),
            at,
            archived: self.kept(&row.change.id).await?.is_some(),
        })
    }

    /// Takes back `migration` and everything after it, as far as is safe now; with `to`, one change to behind that
    /// step (`users.handle:enforce`), and what came later on the same name. What was taken back before stays so:
    /// run again, it does nothing.
    pub async fn rollback(&mut self, migration: Option<&str>, to: Option<&str>) -> Result<Report> {
        // A database without a ledger gets none from here.
        ledger::gate(self.driver.as_mut(), "").await?;
        self.acquire().await?;
        let outcome = self.rollback_locked(migration, to).await;
        self.release(outcome).await
    }

    async fn rollback_locked(
        &mut self,
        migration: Option<&str>,
        to: Option<&str>,
    ) -> Result<Report> {
        let way = self.way(migration, to)?;
        self.refuse_what_is_dropped(&way).await?;
        self.refuse_what_holds_rows(&way).await?;
        let plan = self.plan_way(&way).await?;
        self.tell(Event::RollingBack(plan));
        self.recognise_replicas().await?;
        self.look().await?;
        let mut waits: Vec<Option<Wait>> = vec![None; self.rows.len()];
        let mut moved = 0;
        for floors_only in [true, false] {
            for &(index, stop) in &way {
                (waits[index], moved) = self.retreat(index, stop, floors_only, moved).await?;
            }
            // No ceiling falls before every floor has.
            if waits.iter().any(|wait| matches!(wait, Some(Wait::Held(_)))) {
                break;
            }
        }
        self.report(waits, moved).await
    }

    fn way(&self, migration: Option<&str>, to: Option<&str>) -> Result<Way> {
        let Some(to) = to else {
            let first = self.first(migration)?;
            return Ok((first..self.rows.len()).rev().map(|index| (index, 0)).collect());
        };
        let first = if migration.is_some() { self.first(migration)? } else { 0 };
        let id = migration.map(|_| self.rows[first].migration.as_str());
        let meant = |row: &Progress| id.is_none_or(|id| row.migration == id);
        let found = self.rows.iter().enumerate().rev().filter(|(_, row)| meant(row));
        let mut found = found.filter_map(|(index, row)| {
            let step = named(&row.change, to).filter(|step| *step < row.position)?;
            Some((index, step + 1))
        });
        let Some(goal) = found.next() else { return Err(self.not_done(to, meant).into()) };
        let row = &self.rows[goal.0];
        let later = (goal.0 + 1..self.rows.len()).filter(|later| row.precedes(&self.rows[*later]));
        Ok(later.rev().map(|index| (index, 0)).chain([goal]).collect())
    }

    /// The steps that a rollback could go back to.
    fn not_done(&self, to: &str, meant: impl Fn(&Progress) -> bool) -> Problem {
        let newest = self.rows.iter().rfind(|row| row.started() && meant(row));
        let rows = self.rows.iter().filter(|row| {
            newest.is_some_and(|newest| newest.migration == row.migration) && meant(row)
        });
        let names: Vec<_> =
            rows.flat_map(|row| (0..row.position).map(|step| row.change.step_name(step))).collect();
        let problem = USAGE.problem(format!("`{to}` is no step that is done"));
        match names.as_slice() {
            [] => problem.help("nothing has been applied that could be rolled back"),
            names => problem.help(format!("the newest steps that are done: {}", names.join(", "))),
        }
    }

    /// The first change to take back.
    fn first(&self, migration: Option<&str>) -> Result<usize> {
        let matches = |row: &Progress| match migration {
            None => true,
            Some(name) => {
                row.migration == name || colmig_core::migration::number(&row.migration) == name
            }
        };
        // One that was wholly undone counts too: a rollback that died at its end is run again, and must
        // not take back the migration before.
        let begun = |row: &&Progress| !row.is_untouched() || row.direction == Direction::Down;
        let found = match migration {
            Some(_) => self.rows.iter().find(|row| matches(row)),
            None => self.rows.iter().rfind(begun),
        };
        let Some(found) = found else {
            let names: std::collections::BTreeSet<_> =
                self.rows.iter().map(|row| row.migration.as_str()).collect();
            let names: Vec<_> = names.into_iter().collect();
            return Err(match migration {
                Some(name) => USAGE
                    .problem(format!("this database knows no migration `{name}`"))
                    .help(format!("it knows: {}", names.join(", "))),
                None => USAGE.problem(
                    "nothing has been applied to this database, so nothing can be rolled back",
                ),
            }
            .into());
        };
        let id = found.migration.clone();
        Ok(self.rows.iter().position(|row| row.migration == id).unwrap_or(0))
    }

    /// What has no way back is said before anything moves.
    async fn refuse_what_is_dropped(&mut self, way: &Way) -> Result<()> {
        for &(index, stop) in way {
            let row = self.rows[index].clone();
            if row.dropped() && row.position > stop {
                return Err(self.past_return(&row).await?.into());
            }
        }
        Ok(())
    }

    /// A table is not dropped with its rows unasked.
    async fn refuse_what_holds_rows(&mut self, way: &Way) -> Result<()> {
        for &(index, stop) in way {
            let row = self.rows[index].clone();
            let makes = row.change.has(Act::CreateTable);
            let creates = stop == 0 && row.started() && makes;
            let allowed = self.options.allow_drop.contains(&row.change.table);
            if creates
                && !allowed
                && !ledger::is_empty(self.driver.as_mut(), &row.change.table).await?
            {
                return Err(CONSENT
                    .problem(format!(
                        "rolling back `{}` drops the table `{}` with its rows",
                        row.migration, row.change.table
                    ))
                    .at(row.change.title())
                    .help(format!(
                        "name a later migration, or consent: `--allow-drop {}`",
                        row.change.table
                    ))
                    .into());
            }
        }
        Ok(())
    }

    /// Takes one change back, within an `apply`: first its floor falls, then its ceiling.
    pub(super) async fn take_back(
        &mut self,
        index: usize,
        mut moved: usize,
    ) -> Result<(Option<Wait>, usize)> {
        let mut wait = None;
        for floors_only in [true, false] {
            (wait, moved) = self.retreat(index, 0, floors_only, moved).await?;
            if wait.is_some() {
                break;
            }
        }
        Ok((wait, moved))
    }

    async fn past_return(&mut self, row: &Progress) -> Result<Problem> {
        let no_return = self.no_return(row).await?;
        let problem = NO_RETURN.problem(no_return.to_string()).at(row.change.title());
        let problem = match no_return.archived {
            true => problem.help(format!(
                "its values are archived: declare it again, and `cargo colmig restore {}` brings them back",
                no_return.dropped[0]
            )),
            false => problem,
        };
        Ok(problem.help("roll back a later migration only, or go forwards with a new one"))
    }

    async fn retreat(
        &mut self,
        index: usize,
        stop: usize,
        floors_only: bool,
        mut moved: usize,
    ) -> Result<(Option<Wait>, usize)> {
        loop {
            self.stopped()?;
            let row = self.rows[index].clone();
            if row.is_half_way() && row.direction == Direction::Up && row.next().is_some() {
                if let Some(wait) = self.held_back(index, Direction::Down) {
                    return Ok((Some(wait), moved));
                }
                self.heal(index, row.position, Direction::Down).await?;
                continue;
            }
            if row.position <= stop {
                return Ok((None, moved));
            }
            if floors_only && row.window().is_none_or(|window| window.floor == 0) {
                return Ok((None, moved));
            }
            let act = row.last().map(|step| step.act);
            match (back(&self.rows, index, self.database()), act) {
                (Back::Undone, _) | (_, None) => return Ok((None, moved)),
                (Back::Under(title), _) => return Ok((Some(Wait::Under(title)), moved)),
                (Back::NoReturn, _) => return Err(self.past_return(&row).await?.into()),
                (Back::NoReverse, Some(_)) if self.nulls(index).await? > 0 => {
                    let rows = self.nulls(index).await?;
                    let wait = match row.change.value_of_type() {
                        Some(value) => Wait::StillHeld { value: value.name.clone(), rows },
                        None => Wait::NoReverse { rows },
                    };
                    return Ok((Some(wait), moved));
                }
                (Back::NoReverse | Back::Step, Some(act)) => {
                    if let Some(wait) = self.held_back(index, Direction::Down) {
                        return Ok((Some(wait), moved));
                    }
                    if let Some(wait) = self.undo(index, act).await? {
                        return Ok((Some(wait), moved));
                    }
                    moved += 1;
                }
            }
        }
    }

    /// How many rows have no value in a column that is to be required again, or hold one that is to be unknown
    /// again. Where it was replaced and nothing says how to compute it back, no row can be trusted: the newest
    /// release wrote the other column alone.
    async fn nulls(&mut self, index: usize) -> Result<i64> {
        if self.rows[index].change.enumeration.is_some() {
            return self.held(index).await;
        }
        if self.rows[index].change.targets(Act::Relax).is_empty() {
            return Ok(0);
        }
        let fill = self.fill_of(index, true).await?;
        let change = &self.rows[index].change;
        let lacks_reverse = |column: &Column| column.reverse.on(self.database()).is_none();
        if fill.rows == Rows::Differing && change.targets(Act::Relax).iter().any(lacks_reverse) {
            let all = format!("SELECT count(*) FROM {}", colmig_core::ident::quote(&fill.table));
            let rows = ledger::count(self.driver.as_mut(), &all).await?;
            return Ok(rows);
        }
        let unfilled = self.driver.dialect().unfilled(&fill);
        ledger::count(self.driver.as_mut(), &unfilled).await
    }

    /// Takes back the last step of a change; what is in its way, if anything.
    async fn undo(&mut self, index: usize, act: Act) -> Result<Option<Wait>> {
        if let Some(wait) = self.replayed(act, Direction::Down).await? {
            return Ok(Some(wait));
        }
        self.begins(index, act, Direction::Down);
        let began = Instant::now();
        let step = self.rows[index].position - 1;
        match act {
            Act::Admit(_) => {
                let ceiling = self.rows[index].ceiling_before();
                if let Some(wait) = self.unadmit(index, act, ceiling, began).await? {
                    return Ok(Some(wait));
                }
            }
            Act::Require(_) => self.unrequire(index, began).await?,
            Act::Begin | Act::Backfill | Act::Abandon => {
                self.plain_move(index, Direction::Down, began).await?
            }
            Act::Relax => {
                // Going on inside the script of NOT NULL, rows are filled already.
                if self.rows[index].piece == 0 && self.rows[index].change.constraint.is_none() {
                    self.refill(index).await?;
                }
                self.undo_script(index, step).await?;
                self.void(index).await?;
            }
            Act::Add | Act::Trigger => {
                // The next column of this name begins at the first row, and older writers fill one column only
                // without the trigger; voiding early loses nothing.
                self.void(index).await?;
                self.undo_script(index, step).await?;
            }
            Act::CreateTable
            | Act::Enforce
            | Act::Drop
            | Act::Index
            | Act::Unindex
            | Act::Default
            | Act::DropTable
            | Act::CreateType
            | Act::AddValue => self.undo_script(index, step).await?,
        }
        self.moved(index, act, Direction::Down, began).await?;
        Ok(None)
    }

    async fn refill(&mut self, index: usize) -> Result<()> {
        if self.nulls(index).await? == 0 { Ok(()) } else { self.fill(index, true).await }
    }

    async fn undo_script(&mut self, index: usize, step: usize) -> Result<()> {
        for _ in 0..3 {
            match self.run_script(index, step, Direction::Down, step).await {
                Ok(Ran::Done) => return Ok(()),
                Ok(Ran::MetNulls) => {}
                Err(error) if self.rows[index].change.constraint.is_some() => {
                    // Rows break it: what was made of it must not stay.
                    let _ = self.heal(index, step, Direction::Up).await;
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
            // A row without a value was written meanwhile: fill it, and begin the script anew.
            self.heal(index, step, Direction::Up).await?;
            self.void(index).await?;
            self.fill(index, true).await?;
        }
        Err(DbError::other("rows without a value keep appearing; find the client that writes them")
            .into())
    }

    /// The ceiling falls only on nobody, and never so that no release could run.
    async fn unadmit(
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
            self.unadmit_locked(index, act, phase, began)
        )
    }

    async fn unadmit_locked(
        &mut self,
        index: usize,
        act: Act,
        phase: u8,
        began: Instant,
    ) -> Result<Option<Wait>> {
        self.lock_gate().await?;
        let evidence = self.evidence(index).await?;
        let mut blockers = gate::unadmit(phase, &evidence, &self.options.policy);
        blockers.extend(self.nobody_fits(index).await?);
        if !blockers.is_empty() {
            return Ok(Some(Wait::Fleet { act, blockers }));
        }
        self.move_to(index, self.rows[index].position - 1, Direction::Down, began, "").await?;
        Ok(None)
    }

    /// Free, but it lets writers in that do not write the column: the backfill begins anew (R20).
    async fn unrequire(&mut self, index: usize, began: Instant) -> Result<()> {
        let archived = self.kept(&self.rows[index].change.id.clone()).await?;
        if let Some(kept) = &archived {
            self.begin_discarding(kept).await?;
        }
        ledger::reserve(self.driver.as_mut(), self.author.epoch).await?;
        transaction!(
            self.driver.as_mut(),
            Work::Rows,
            self.unrequire_locked(index, archived.as_ref(), began)
        )
    }

    async fn unrequire_locked(
        &mut self,
        index: usize,
        archived: Option<&Kept>,
        began: Instant,
    ) -> Result<()> {
        self.lock_gate().await?;
        if let Some(kept) = archived {
            // The columns are still there, and what is archived of them is stale from now on.
            self.discard(kept, ": the change is taken back").await?;
        }
        let (project, id) = (self.options.project.clone(), self.rows[index].change.id.clone());
        ledger::void_fill(self.driver.as_mut(), &project, &id).await?;
        self.move_to(index, self.rows[index].position - 1, Direction::Down, began, "")
            .await
            .map(|_| ())
    }
}

/// Whether the migration says how a relaxed column gets its values back.
fn has_reverse(change: &Change, database: Database) -> bool {
    change.targets(Act::Relax).iter().all(|column| column.reverse.on(database).is_some())
}

fn cost_of_value(value: &EnumValue, rows: i64) -> String {
    match (rows, value.replace_with.as_str()) {
        (0, _) => String::new(),
        (rows, "") => {
            format!(
                "it stops here: {} that hold `{}`, and no `replace_with`",
                counted(rows),
                value.name
            )
        }
        (rows, other) => format!("{} to get `{other}` from `replace_with`", counted(rows)),
    }
}

impl std::fmt::Display for NoReturn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dropped = self.dropped.join("`, `");
        let at = if self.at == 0 { String::new() } else { format!(" on {}", moment(self.at)) };
        let gone = if self.archived { "" } else { "what it held is gone, and " };
        write!(
            f,
            "there is no way back since `{dropped}` was dropped{at}: {gone}older releases read it"
        )
    }
}
