//! Becoming the one applier: the session lock, the ledger, the epoch; and comparing histories.

use std::time::Instant;

use colmig_core::migration::Migration;
use colmig_core::problem::{LOCKED, MIGRATION_EDITED, OTHER_HISTORY, Problem};

use super::{Event, Migrator};
use crate::Result;
use crate::driver::{SessionLock, Work, jittered, ledger, transaction};

/// How often a held lock is tried again.
const POLL: std::time::Duration = std::time::Duration::from_millis(100);

impl Migrator {
    /// Takes the lock, makes the ledger where there is none, and takes over its epoch.
    pub(super) async fn acquire(&mut self) -> Result<()> {
        self.lock().await?;
        let made = self.prepare().await;
        if made.is_err() {
            self.driver.unlock().await?;
        }
        made
    }

    /// Lets go of it; the next applier need not wait for anything.
    pub(super) async fn release<T>(&mut self, outcome: Result<T>) -> Result<T> {
        if outcome.is_ok() {
            ledger::let_go(self.driver.as_mut(), self.author.epoch).await?;
            self.driver.unlock().await?;
        } else {
            // The connection may be gone; what was gained is the first error.
            let _ = ledger::let_go(self.driver.as_mut(), self.author.epoch).await;
            let _ = self.driver.unlock().await;
        }
        outcome
    }

    async fn lock(&mut self) -> Result<()> {
        let began = Instant::now();
        let mut told = false;
        while self.driver.try_lock().await? == SessionLock::Theirs {
            self.stopped()?;
            let holder = self.holder().await;
            if began.elapsed() > self.options.patience {
                return Err(LOCKED
                    .problem(format!("another colmig is at work on this database: {holder}"))
                    .help("wait for it; `cargo colmig status` shows how far it is")
                    .into());
            }
            if !std::mem::replace(&mut told, true) {
                self.tell(Event::Queueing(holder));
            }
            // In a cluster two that ask at the same moment both stand back.
            tokio::time::sleep(jittered(POLL)).await;
        }
        Ok(())
    }

    async fn holder(&mut self) -> String {
        match ledger::gate(self.driver.as_mut(), "").await {
            Ok(gate) if !gate.holder.is_empty() => gate.holder,
            _ => "it has not said its name yet".to_owned(),
        }
    }

    async fn prepare(&mut self) -> Result<()> {
        self.check_setup().await?;
        if !ledger::exists(self.driver.as_mut()).await? {
            self.check_ground().await?;
            ledger::create(self.driver.as_mut()).await?;
            if let Some((_, timeline)) = self.driver.server().await? {
                ledger::first_timeline(self.driver.as_mut(), &timeline).await?;
            }
        }
        let holder = format!("{} (process {})", self.author.user, std::process::id());
        self.author.epoch = ledger::take_over(self.driver.as_mut(), &holder).await?;
        ledger::forget_instances(self.driver.as_mut()).await?;
        self.load().await
    }

    /// Locks the gate row, so that nobody registers while a window moves, and checks the epoch. Evidence is
    /// read by later statements.
    pub(super) async fn lock_gate(&mut self) -> Result<()> {
        ledger::lock(self.driver.as_mut(), false).await?;
        ledger::fence(self.driver.as_mut(), self.author.epoch).await
    }

    /// Records the checkout's migrations that the ledger does not know, and refuses a checkout of another
    /// history.
    pub(super) async fn record_migrations(&mut self) -> Result<()> {
        transaction!(self.driver.as_mut(), Work::Rows, self.compare_and_record())?;
        self.load().await
    }

    async fn compare_and_record(&mut self) -> Result<()> {
        ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
        let recorded = ledger::migrations(self.driver.as_mut(), &self.options.project).await?;
        let ours = self.options.migrations.clone();
        let same = recorded
            .iter()
            .zip(&ours)
            .take_while(|(r, m)| r.id == m.manifest.id && r.hash == m.hash())
            .count();
        if same < recorded.len() && same < ours.len() {
            for other in &recorded[same..] {
                if self.started(&other.id) {
                    return Err(disagreement(other, &ours[same]).into());
                }
                // Generated again (`--amend`) before any of it ran: the new text takes its place.
                ledger::forget(self.driver.as_mut(), &self.options.project, &other.id).await?;
            }
        }
        for (ordinal, migration) in (0..).zip(&ours).skip(same) {
            ledger::record(self.driver.as_mut(), &self.author, migration, ordinal).await?;
        }
        Ok(())
    }

    fn started(&self, migration: &str) -> bool {
        self.rows.iter().any(|row| row.migration == migration && !row.is_untouched())
    }
}

fn disagreement(recorded: &ledger::RecordedMigration, ours: &Migration) -> Problem {
    if recorded.id != ours.manifest.id {
        return OTHER_HISTORY
            .problem(format!(
                "this database has begun `{}` where this checkout has `{}`",
                recorded.id, ours.manifest.id
            ))
            .at(ours.manifest.id.clone())
            .help(
                "apply from the branch that the database follows, or roll its migration back first",
            );
    }
    let mut problem = MIGRATION_EDITED
        .problem(format!("`{}` was edited after this database began it", recorded.id))
        .at(format!("migrations/{}", recorded.id));
    if let Ok(theirs) = Migration::unpack(&recorded.id, &recorded.files) {
        problem = problem.help(format!("the difference:{}", difference(&theirs, ours)));
    }
    problem
        .help("take the files back from version control; to change what was applied, generate a new migration")
}

/// The lines that differ, file by file.
fn difference(theirs: &Migration, ours: &Migration) -> String {
    let mut out = String::new();
    let names: std::collections::BTreeSet<_> =
        theirs.files.keys().chain(ours.files.keys()).collect();
    for name in names {
        let (old, new) = (theirs.file(name), ours.file(name));
        let (old, new) = (colmig_core::hash::normalise(old), colmig_core::hash::normalise(new));
        if old == new {
            continue;
        }
        out.push_str(&format!("\n    {name}"));
        let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
        let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let tail = old[head..]
            .iter()
            .rev()
            .zip(new[head..].iter().rev())
            .take_while(|(a, b)| a == b)
            .count();
        for line in &old[head..old.len() - tail] {
            out.push_str(&format!("\n    - {line}"));
        }
        for line in &new[head..new.len() - tail] {
            out.push_str(&format!("\n    + {line}"));
        }
    }
    out
}
