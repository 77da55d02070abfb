//! What `status` shows: read-only, so that anybody who may read the ledger can look.

use std::collections::BTreeSet;

use colmig_core::admission::{Refusal, judge};
use colmig_core::advance::is_void;
use colmig_core::dialect::Direction;
use colmig_core::problem::DRIFT;
use colmig_core::progress::Progress;
use colmig_core::schema::Schema;

use super::Migrator;
use super::fleet::tables;
use crate::Result;
use crate::driver::{SessionLock, ledger};

/// One instance of the fleet.
#[derive(Clone, Debug)]
pub struct InstanceStatus {
    /// Its id.
    pub id: String,
    /// Project, version, host and process.
    pub label: String,
    /// Whether its lease is valid.
    pub live: bool,
    /// How long ago it started, in milliseconds.
    pub age: i64,
    /// How long its lease still lasts; negative: how long ago it ended. Milliseconds.
    pub left: i64,
    /// Why it could not register now, if it could not.
    pub refusals: Vec<Refusal>,
}

/// Where a database stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// Every change of the project, in order, with how many rows its backfill has filled so far.
    pub changes: Vec<(Progress, i64)>,
    /// Every instance that the ledger remembers.
    pub instances: Vec<InstanceStatus>,
    /// Who is at work; empty: nobody.
    pub holder: String,
    /// Why the checkout may not be deployed now.
    pub refusals: Vec<Refusal>,
    /// Migrations of the checkout that the database has not begun to know.
    pub unrecorded: Vec<String>,
    /// Changes that this checkout leaves out, by id: they were given up, or what they begin has ended since.
    pub void: BTreeSet<String>,
}

impl Status {
    /// Whether nothing is left to do.
    pub fn finished(&self) -> bool {
        let is_done =
            |change: &Progress| change.finished() || self.void.contains(&change.change.id);
        self.unrecorded.is_empty() && self.changes.iter().all(|(change, _)| is_done(change))
    }
}

impl Migrator {
    /// Looks, and changes nothing.
    pub async fn status(&mut self) -> Result<Status> {
        let gate = ledger::gate(self.driver.as_mut(), "").await?;
        self.load().await?;
        let rows = ledger::changes(self.driver.as_mut(), None).await?;
        let catalog = self.driver.catalog(&tables(&rows)).await?;
        let instances = ledger::instances(self.driver.as_mut()).await?;
        let instances = instances.into_iter().map(|instance| InstanceStatus {
            refusals: judge(&instance.vector, &rows, &catalog),
            live: instance.live,
            age: gate.now - instance.started_at,
            left: instance.expires_at - gate.now,
            id: instance.id,
            label: instance.label,
        });
        let instances = instances.collect();
        let mut changes = Vec::new();
        for row in self.rows.clone() {
            let fill =
                ledger::fill(self.driver.as_mut(), &self.options.project, &row.change.id).await?;
            changes.push((row, fill.rows_done));
        }
        let recorded = ledger::migrations(self.driver.as_mut(), &self.options.project).await?;
        let unrecorded =
            self.options.migrations.iter().map(|migration| migration.manifest.id.clone());
        let unrecorded = unrecorded.filter(|id| !recorded.iter().any(|r| r.id == *id)).collect();
        Ok(Status {
            changes,
            instances,
            holder: self.at_work(gate.holder).await?,
            refusals: self.refusals().await?,
            unrecorded,
            void: self.left_out().into_iter().collect(),
        })
    }

    /// The changes that this checkout leaves out, by id.
    pub(super) fn left_out(&self) -> Vec<String> {
        let is_void = |index: &usize| is_void(&self.rows, *index, &self.options.checkout);
        let void = (0..self.rows.len()).filter(is_void);
        void.map(|index| self.rows[index].change.id.clone()).collect()
    }

    /// The holder, unless it died at work: then nobody has the lock.
    async fn at_work(&mut self, holder: String) -> Result<String> {
        // Who may only read the ledger may not be able to ask, and is told what the ledger says.
        if holder.is_empty() || !matches!(self.driver.try_lock().await, Ok(SessionLock::Ours)) {
            return Ok(holder);
        }
        self.driver.unlock().await?;
        Ok(String::new())
    }

    /// Looks for clients that never registered, and records the look: what `--follow` does while it waits.
    pub async fn watch(&mut self) -> Result<()> {
        self.look().await
    }

    /// Ends the lease of an instance that is known to be gone; whether there was one.
    pub async fn evict(&mut self, instance: &str) -> Result<bool> {
        ledger::gate(self.driver.as_mut(), "").await?;
        let live = ledger::instances(self.driver.as_mut()).await?;
        let known = live.iter().any(|i| i.live && i.id == instance);
        ledger::end(self.driver.as_mut(), instance).await?;
        Ok(known)
    }

    /// Columns whose type in the database is not the declared one, in words.
    pub async fn drift(&mut self, schema: &Schema) -> Result<Vec<String>> {
        let names: Vec<_> = schema.tables.iter().map(|table| table.name.clone()).collect();
        let catalog = self.driver.catalog(&names).await?;
        let database = self.database();
        let mut found = Vec::new();
        for (table, column) in
            schema.tables.iter().flat_map(|t| t.columns.iter().map(move |c| (t, c)))
        {
            let (Some(live), Ok(declared)) =
                (catalog.column(&table.name, &column.name), column.ty.on(database))
            else {
                continue;
            };
            let canonical = self.driver.canonical_type(declared).await?;
            if canonical != colmig_core::catalog::base_type(&live.sql_type) {
                found.push(format!(
                    "{}.{}: it is `{}`, and declared as `{declared}`",
                    table.name, column.name, live.sql_type
                ));
            }
        }
        Ok(found)
    }

    /// The statements of a step that is made from the live catalog, as they would run now; empty where
    /// the step is in its files.
    pub async fn live_statements(
        &mut self,
        change: &colmig_core::migration::Change,
        step: usize,
    ) -> Result<Vec<String>> {
        let act = change.steps[step].act;
        let table = &change.table;
        let mut statements = Vec::new();
        if !self.driver.catalog(std::slice::from_ref(table)).await?.tables.contains_key(table) {
            return Ok(statements);
        }
        for alteration in self.driver.dialect().alterations(act, change, Direction::Up) {
            // Under the settings that it would run with; nothing is written, and all is rolled back.
            self.driver.begin(crate::driver::Work::Rebuild).await?;
            let made = self.driver.live_script(table, &alteration).await;
            self.driver.rollback().await?;
            match made {
                Ok(made) => statements.extend(made),
                // A step before it has still to make what it alters.
                Err(error) if error.verdict.as_ref().is_some_and(|p| p.code == DRIFT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(statements)
    }
}
