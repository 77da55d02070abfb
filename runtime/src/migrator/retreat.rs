//! `rollback`: back to the release before a migration. First every floor falls, which is free and lets
//! the older release in beside the newer one; then the ceilings, once the newer one has ended (L14).

use std::time::Instant;

use colmig_core::advance::{Back, back};
use colmig_core::backfill::Rows;
use colmig_core::dialect::Direction;
use colmig_core::gate;
use colmig_core::problem::{CONSENT, NO_RETURN, Problem, USAGE};
use colmig_core::progress::Progress;
use colmig_core::protocol::Act;
use colmig_core::schema::Column;

use super::script::Ran;
use super::{Migrator, Report, Wait};
use crate::Result;
use crate::driver::{DbError, Work, ledger};

impl Migrator {
    /// The migrations that a rollback to before `migration` (a number or an id; the newest that has ever
    /// begun, without one) would take back, newest first, and what each step's undo costs.
    pub async fn rollback_plan(
        &mut self,
        migration: Option<&str>,
    ) -> Result<Vec<(String, Act, &'static str)>> {
        ledger::gate(self.driver.as_mut(), "").await?;
        self.load().await?;
        let first = self.first(migration)?;
        if let Some(row) = self.rows[first..].iter().find(|row| row.dropped()) {
            return Err(past_return(row).into());
        }
        let rows = self.rows[first..].iter().rev();
        let steps = rows.flat_map(|row| {
            let title = row.change.title();
            let done = row.change.steps[..row.position].iter().rev();
            done.map(move |step| (title.clone(), step.act, row.change.undo(step.act)))
                .collect::<Vec<_>>()
        });
        Ok(steps.collect())
    }

    /// Takes back `migration` and everything after it, as far as is safe now. What was taken back before
    /// stays so: run again, it does nothing.
    pub async fn rollback(&mut self, migration: Option<&str>) -> Result<Report> {
        // A database without a ledger gets none from here.
        ledger::gate(self.driver.as_mut(), "").await?;
        self.acquire().await?;
        let outcome = self.rollback_locked(migration).await;
        self.release(outcome).await
    }

    async fn rollback_locked(&mut self, migration: Option<&str>) -> Result<Report> {
        let first = self.first(migration)?;
        self.refuse_what_cannot_return(first).await?;
        self.look().await?;
        let mut waits: Vec<Option<Wait>> = vec![None; self.rows.len()];
        let mut moved = 0;
        for floors_only in [true, false] {
            for index in (first..self.rows.len()).rev() {
                (waits[index], moved) = self.retreat(index, floors_only, moved).await?;
            }
        }
        self.report(waits, moved).await
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
        let begun =
            |row: &&Progress| row.started() || row.piece > 0 || row.direction == Direction::Down;
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
    async fn refuse_what_cannot_return(&mut self, first: usize) -> Result<()> {
        for index in first..self.rows.len() {
            let row = self.rows[index].clone();
            if row.dropped() {
                return Err(past_return(&row).into());
            }
            let creates = row.last().is_some() && row.change.definition.is_some();
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

    async fn retreat(
        &mut self,
        index: usize,
        floors_only: bool,
        mut moved: usize,
    ) -> Result<(Option<Wait>, usize)> {
        loop {
            self.stopped()?;
            let row = self.rows[index].clone();
            if row.piece > 0 && row.direction == Direction::Up && row.next().is_some() {
                self.heal(index, row.position, Direction::Down).await?;
                continue;
            }
            if floors_only && row.window().is_none_or(|window| window.floor == 0) {
                return Ok((None, moved));
            }
            let act = row.last().map(|step| step.act);
            match (back(&self.rows, index, self.database()), act) {
                (Back::Undone, _) | (_, None) => return Ok((None, moved)),
                (Back::Under(title), _) => return Ok((Some(Wait::Under(title)), moved)),
                (Back::NoReturn, _) => return Err(past_return(&row).into()),
                (Back::NoReverse, Some(_)) if self.nulls(index).await? > 0 => {
                    let rows = self.nulls(index).await?;
                    let wait = match row.change.value_of_type() {
                        Some(value) => Wait::StillHeld { value: value.name.clone(), rows },
                        None => Wait::NoReverse { rows },
                    };
                    return Ok((Some(wait), moved));
                }
                (Back::NoReverse | Back::Step, Some(act)) => {
                    if let Some(wait) = self.undo(index, act).await? {
                        return Ok((Some(wait), moved));
                    }
                    moved += 1;
                }
            }
        }
    }

    /// How many rows have no value in a column that is to be required again, or hold one that is to be unknown
    /// again. Where it was replaced and nothing
    /// says how to compute it back, no row can be trusted: the newest release wrote the other column alone.
    async fn nulls(&mut self, index: usize) -> Result<i64> {
        if self.rows[index].change.enumeration.is_some() {
            return self.held(index).await;
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
        self.begins(index, act, Direction::Down);
        let began = Instant::now();
        let step = self.rows[index].position - 1;
        match act {
            Act::Admit(phase) => {
                if let Some(wait) = self.unadmit(index, act, phase - 1, began).await? {
                    return Ok(Some(wait));
                }
            }
            Act::Require(_) => self.unrequire(index, began).await?,
            Act::Begin | Act::Backfill => self.plain_move(index, Direction::Down, began).await?,
            Act::Relax => {
                // Going on inside the script of NOT NULL, rows are filled already.
                if self.rows[index].piece == 0 {
                    self.refill(index).await?;
                }
                self.undo_script(index, step).await?;
                self.void(index).await?;
            }
            Act::CreateTable
            | Act::Add
            | Act::Enforce
            | Act::Drop
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
            if self.run_script(index, step, Direction::Down, step).await? == Ran::Done {
                return Ok(());
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
        self.driver.begin(Work::Rows).await?;
        let outcome = self.unadmit_locked(index, act, phase, began).await;
        self.finish(outcome).await
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
        self.driver.begin(Work::Rows).await?;
        let outcome = self.unrequire_locked(index, began).await;
        self.finish(outcome).await
    }

    async fn unrequire_locked(&mut self, index: usize, began: Instant) -> Result<()> {
        self.lock_gate().await?;
        let (project, id) = (self.options.project.clone(), self.rows[index].change.id.clone());
        ledger::void_fill(self.driver.as_mut(), &project, &id).await?;
        self.move_to(index, self.rows[index].position - 1, Direction::Down, began, "")
            .await
            .map(|_| ())
    }
}

fn past_return(row: &Progress) -> Problem {
    NO_RETURN
        .problem(format!(
            "`{}` was dropped: what it held is gone, and older releases read it",
            row.change.consents().join("`, `")
        ))
        .at(row.change.title())
        .help("roll back a later migration only, or go forwards with a new one")
}
