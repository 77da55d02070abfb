//! Archived values go back into a column, where it is NULL in their row: in batches by the key, each one
//! transaction with its progress in it, fenced by the epoch as a backfill's are.

use std::time::Instant;

use colmig_core::backfill::{Fill, Pace, Rows, rows};
use colmig_core::dialect::archive::{Return, fits};
use colmig_core::problem::{ARCHIVE, Problem};
use colmig_core::progress::Progress;

use super::archive::{subjects, there_is};
use super::script::LockWait;
use super::{Event, Filling, Migrator};
use crate::Result;
use crate::driver::archive::{self, Kept, Restoring};
use crate::driver::{DbError, Trouble, Work, ledger, transaction};

/// What a restore came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The change that dropped the column.
    pub change: String,
    /// The column whose values were archived: `users.nickname`.
    pub from: String,
    /// The column that has them now.
    pub into: String,
    /// Rows that have their value again.
    pub restored: i64,
    /// Rows that had a value already, and keep it.
    pub kept: i64,
    /// Values whose row is gone.
    pub gone: i64,
}

/// What is restored, and where to.
struct Plan {
    kept: Kept,
    from: String,
    into: String,
    /// The columns of the table's key as they are now, in the order of the archive's.
    key: Vec<String>,
}

impl Migrator {
    /// Writes the archived values of a column (`users.nickname`) back into the column of that name, or into
    /// another one of its table, wherever that is NULL. The latest archive is taken, unless its change is named.
    pub async fn restore(
        &mut self,
        column: &str,
        change: Option<&str>,
        into: Option<&str>,
    ) -> Result<Restored> {
        // A database without a ledger gets none from here.
        ledger::gate(self.driver.as_mut(), "").await?;
        self.acquire().await?;
        let outcome = self.restore_locked(column, change, into).await;
        self.release(outcome).await
    }

    async fn restore_locked(
        &mut self,
        column: &str,
        change: Option<&str>,
        into: Option<&str>,
    ) -> Result<Restored> {
        let began = Instant::now();
        let plan = self.plan_restore(column, change, into).await?;
        self.check_target(&plan).await?;
        self.check_fit(&plan).await?;
        let done = self.put_back(&plan).await?;
        let table = &plan.kept.archive.table;
        let restored = Restored {
            change: plan.kept.change.clone(),
            from: format!("{table}.{}", plan.from),
            into: format!("{table}.{}", plan.into),
            restored: done.restored,
            kept: done.kept,
            gone: done.gone,
        };
        transaction!(self.driver.as_mut(), Work::Rows, self.note_restore(&restored, began))?;
        Ok(restored)
    }

    async fn plan_restore(
        &mut self,
        column: &str,
        change: Option<&str>,
        into: Option<&str>,
    ) -> Result<Plan> {
        let all = archive::all(self.driver.as_mut(), &self.options.project).await?;
        let is_it = |kept: &&Kept| {
            subjects(&kept.archive).iter().any(|subject| subject == column)
                && change.is_none_or(|change| kept.change == change)
        };
        let Some(kept) = all.iter().rfind(is_it).cloned() else {
            let by = change.map(|change| format!(" by `{change}`")).unwrap_or_default();
            return Err(ARCHIVE
                .problem(format!("no values of `{column}` are archived{by}"))
                .at(column)
                .help(there_is(&all))
                .into());
        };
        let prefix = kept.archive.table.len() + 1;
        let from = column[prefix..].to_owned();
        let into = into.unwrap_or(&from).to_owned();
        let key = self.key_of_now(&kept).await?;
        Ok(Plan { kept, from, into, key })
    }

    /// The key that values were archived with, under the names that it has now: another column may have taken the place
    /// of one since, with its values.
    async fn key_of_now(&mut self, kept: &Kept) -> Result<Vec<String>> {
        let rows = ledger::changes(self.driver.as_mut(), None).await?;
        let of_key = |row: &&Progress| {
            row.dropped() && !row.change.key.is_empty() && row.change.table == kept.archive.table
        };
        let mut key: Vec<_> = kept.archive.key.iter().map(|column| column.name.clone()).collect();
        for Progress { change, .. } in rows.iter().filter(of_key) {
            for name in &mut key {
                let new = change.columns.iter().find(|column| column.replaces.contains(name));
                if let Some(new) = new {
                    name.clone_from(&new.name);
                }
            }
        }
        Ok(key)
    }

    /// The column is there, and nothing follows from it that would have to follow.
    async fn check_target(&mut self, plan: &Plan) -> Result<()> {
        let table = &plan.kept.archive.table;
        let target = format!("{table}.{}", plan.into);
        let catalog = self.driver.catalog(&[table.clone(), plan.kept.archive.name.clone()]).await?;
        if !catalog.tables.contains_key(&plan.kept.archive.name) {
            return Err(ARCHIVE
                .problem(format!(
                    "the archive `{}` is gone: somebody dropped it",
                    plan.kept.archive.name
                ))
                .at(target)
                .help("bring it back from a backup; colmig itself drops it only by `history purge`")
                .into());
        }
        if catalog.column(table, &plan.into).is_none() {
            return Err(ARCHIVE
                .problem(format!("there is no column `{target}` to restore into"))
                .at(&target)
                .help(format!(
                    "declare it again, as `Option<T>`, or `adding` with a `backfill` for rows without an archived value; generate, and `cargo colmig apply --to {target}:add`; then restore, then apply on"
                ))
                .help("or name another column of the table: `--into COLUMN`")
                .into());
        }
        let all = ledger::changes(self.driver.as_mut(), None).await?;
        let is_replaced = |row: &&Progress| {
            let mut columns = row.change.touched();
            row.started()
                && !row.finished()
                && !row.change.replaced.is_empty()
                && row.change.table == *table
                && columns.any(|column| column.name == plan.into)
        };
        match all.iter().find(is_replaced) {
            None => Ok(()),
            Some(row) => Err(ARCHIVE
                .problem(format!(
                    "`{target}` is under way in `{}`, and what follows from it would become stale",
                    row.change.title()
                ))
                .at(target)
                .help("finish that change, or roll it back, and restore then")
                .into()),
        }
    }

    async fn check_fit(&mut self, plan: &Plan) -> Result<()> {
        let archive = &plan.kept.archive;
        let (table, database) = (archive.table.clone(), self.database());
        let archived = archive.value(&plan.from).map_or("", |column| &column.sql_type).to_owned();
        let catalog = self.driver.catalog(std::slice::from_ref(&table)).await?;
        let live = catalog.column(&table, &plan.into).map_or("", |column| &column.sql_type);
        let refusal = |why: String| {
            ARCHIVE
                .problem(format!(
                    "archived values of `{table}.{}` are `{archived}` and do not fit into `{table}.{}`, which is `{live}`{why}",
                    plan.from, plan.into
                ))
                .at(format!("{table}.{}", plan.into))
                .help(format!("restore into a column of their type, `--into COLUMN`, or copy them by hand: they are in `{}`", archive.name))
        };
        if !fits(database, &archived, live) {
            return Err(refusal(String::new()).into());
        }
        self.driver.begin(Work::Rows).await?;
        let tried = self.driver.run(&plan.back().trial(database), &[]).await;
        self.driver.rollback().await?;
        match tried {
            Ok(_) => Ok(()),
            Err(error) if error.trouble == Trouble::Other => {
                Err(refusal(format!(": {}", error.message)).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Walks the archive from where an earlier run of the same restore stopped.
    async fn put_back(&mut self, plan: &Plan) -> Result<Restoring> {
        let fresh =
            Restoring { from: plan.from.clone(), into: plan.into.clone(), ..<_>::default() };
        let same = |old: &Restoring| old.from == plan.from && old.into == plan.into;
        let mut progress = plan.kept.restoring.clone().filter(same).unwrap_or(fresh);
        let pace = self.driver.dialect().pace();
        let (mut batch, mut locked) = (Pace::FIRST, LockWait::new());
        loop {
            self.stopped()?;
            self.keep_pace(&format!("restore {}.{}", plan.kept.archive.table, plan.into)).await?;
            let began = Instant::now();
            match self.restore_batch(plan, &progress, batch).await {
                Ok(None) => return Ok(progress),
                Ok(Some(next)) => {
                    progress = next;
                    locked = LockWait::new();
                    batch = pace.next(batch, began.elapsed());
                }
                Err(Failed::Locked) => {
                    batch = (batch / 2).max(pace.min);
                    self.wait_for_lock(&plan.kept.archive.table, &mut locked).await?;
                    continue;
                }
                Err(Failed::Otherwise(error)) => return Err(error),
            }
            self.tell(Event::Filling(Filling {
                change: format!("restore {}.{}", plan.kept.archive.table, plan.into),
                rows: progress.restored + progress.kept + progress.gone,
                estimate: plan.kept.rows,
                batch,
            }));
        }
    }

    /// One batch; nothing where there are no rows after the cursor.
    async fn restore_batch(
        &mut self,
        plan: &Plan,
        progress: &Restoring,
        batch: u64,
    ) -> Result<Option<Restoring>, Failed> {
        self.driver.begin(Work::Batch).await?;
        let next = match self.restore_rows(plan, progress, batch).await {
            Ok(next) => next,
            Err(error) => {
                let _ = self.driver.rollback().await;
                return Err(if self.driver.lost() { Failed::Locked } else { error.named(plan) });
            }
        };
        self.driver.commit().await?;
        Ok(next)
    }

    async fn restore_rows(
        &mut self,
        plan: &Plan,
        progress: &Restoring,
        batch: u64,
    ) -> Result<Option<Restoring>, Failed> {
        ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
        let archive = &plan.kept.archive;
        let walk = Fill {
            table: archive.name.clone(),
            values: Vec::new(),
            rows: Rows::Empty,
            key: archive.key.clone(),
        };
        let end = self.driver.dialect().batch_end(&walk, !progress.cursor.is_empty(), batch);
        let ends = self.driver.rows(&end, &progress.cursor).await?;
        let Some(end) = ends.into_iter().next() else { return Ok(None) };
        let next = archive::put_back(self.driver.as_mut(), &plan.back(), progress, end).await?;
        let (author, change) = (self.author.clone(), &plan.kept.change);
        archive::set_restoring(self.driver.as_mut(), &author, change, Some(&next)).await?;
        Ok(Some(next))
    }

    /// The end of a restore, and its line in the history, in one transaction.
    async fn note_restore(&mut self, restored: &Restored, began: Instant) -> Result<()> {
        ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
        let Restored { change, from, into, restored, kept, gone } = restored;
        archive::set_restoring(self.driver.as_mut(), &self.author.clone(), change, None).await?;
        let what = if from == into { from.clone() } else { format!("{from} into {into}") };
        let note = format!("{what}: {} restored, {kept} left alone, {gone} gone", rows(*restored));
        self.remember(change, "restore", began, note).await
    }
}

impl Plan {
    fn back(&self) -> Return<'_> {
        Return { archive: &self.kept.archive, key: &self.key, from: &self.from, into: &self.into }
    }
}

/// Why a batch was not committed.
enum Failed {
    /// The transaction lost a race.
    Locked,
    /// Anything else.
    Otherwise(crate::Error),
}

impl Failed {
    /// The values of one row may be refused, where those of others fit.
    fn named(self, plan: &Plan) -> Failed {
        let Failed::Otherwise(crate::Error::Problem(problem)) = self else { return self };
        if problem.code != colmig_core::problem::STATEMENT {
            return Failed::Otherwise(problem.into());
        }
        let target = format!("{}.{}", plan.kept.archive.table, plan.into);
        let problem = Problem { code: ARCHIVE, place: Some(target), ..problem };
        Failed::Otherwise(
            problem.help("the batches before it are kept; mend the row or the column, and run the command again: it goes on").into(),
        )
    }
}

impl From<DbError> for Failed {
    fn from(error: DbError) -> Failed {
        match error.trouble {
            Trouble::Again | Trouble::Lost => Failed::Locked,
            _ => Failed::Otherwise(error.into()),
        }
    }
}

impl From<crate::Error> for Failed {
    fn from(error: crate::Error) -> Failed {
        Failed::Otherwise(error)
    }
}
