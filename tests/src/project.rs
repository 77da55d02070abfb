//! A project as it is edited and generated, without files.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use colmig::migrator::{Event, Migrator, Options, Report};
use colmig_core::Problem;
use colmig_core::diff::check_table;
use colmig_core::gate::Policy;
use colmig_core::lifecycle::State;
use colmig_core::lock::{Lock, Recorded};
use colmig_core::migration::{Change, Migration};
use colmig_core::plan::{Wish, plan};
use colmig_core::protocol::ChangeKind;
use colmig_core::schema::{Column, Schema, Table};
use colmig_core::types::{ColumnType, Database, PerDatabase};
use colmig_core::vector::Vector;

use crate::database::TestDatabase;
use crate::scenarios::users;

/// One checkout, of a database without a fleet.
#[derive(Clone, Debug)]
pub struct Project {
    /// The recorded schema.
    pub lock: Lock,
    /// What was generated so far.
    pub migrations: Vec<Migration>,
}

impl Project {
    /// Nothing yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a project has a name, so this is no default")]
    pub fn new() -> Project {
        Project::on(&[Database::Postgres, Database::Sqlite, Database::Mysql])
    }

    /// Nothing yet, on these databases.
    #[must_use]
    pub fn on(databases: &[Database]) -> Project {
        let databases = databases.to_vec();
        let lock = Lock { project: "shop".into(), databases, ..Lock::default() };
        Project { lock, migrations: Vec::new() }
    }

    /// Generates from a table `users` of these columns beside `id`.
    #[must_use]
    pub fn edited(&self, columns: &[Column]) -> Project {
        self.declaring(vec![users(columns)])
    }

    /// Generates from these tables.
    #[must_use]
    pub fn declaring(&self, tables: Vec<Table>) -> Project {
        self.declared(tables).expect("a legal edit")
    }

    /// Generates from these tables, if their edit is legal. A table that is not declared any more is to go.
    pub fn declared(&self, tables: Vec<Table>) -> Result<Project, Vec<Problem>> {
        self.declared_all(Schema::of(tables))
    }

    /// What the derive has against these tables: an edit that no user could compile shows nothing.
    #[must_use]
    pub fn mistakes(&self, tables: &[Table]) -> Vec<Problem> {
        let recorded = |table: &Table| self.lock.schema.table(&table.name);
        let findings = tables
            .iter()
            .flat_map(|table| check_table(recorded(table), table, &self.lock.databases));
        findings.map(|finding| finding.problem).collect()
    }

    /// Generates from these tables and enum types.
    #[must_use]
    pub fn declaring_all(&self, schema: Schema) -> Project {
        self.declared_all(schema).expect("a legal edit")
    }

    fn declared_all(&self, schema: Schema) -> Result<Project, Vec<Problem>> {
        let gone =
            self.lock.schema.tables.iter().filter(|table| schema.table(&table.name).is_none());
        let retire: Vec<_> = gone.map(|table| table.name.clone()).collect();
        let outcome = plan(&self.lock, &schema, Wish { name: None, retire: &retire })?;
        let mut next = self.clone();
        next.lock.schema = outcome.schema;
        if let Some(migration) = outcome.migration {
            let id = migration.manifest.id.clone();
            next.lock.migrations.push(Recorded { id, hash: migration.hash() });
            next.migrations.push(migration);
        }
        Ok(next)
    }

    /// Every step behind the first migration, as `--to` names it: of each change, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<Vec<String>> {
        let later = self.migrations.iter().skip(1);
        let changes = later.flat_map(|migration| &migration.manifest.changes);
        let steps =
            |change: &Change| change.acts().map(|act| format!("{}:{act}", change.id)).collect();
        changes.map(steps).collect()
    }

    /// Everything that a drop of its migrations asks consent for.
    #[must_use]
    pub fn consents(&self) -> Vec<String> {
        let changes = self.migrations.iter().flat_map(|migration| &migration.manifest.changes);
        changes.flat_map(|change| change.consents()).chain(self.given_up()).collect()
    }

    /// What its migrations give up half-way: it is dropped too, and the change that gives it up has its name.
    #[must_use]
    pub fn given_up(&self) -> Vec<String> {
        let changes = self.migrations.iter().flat_map(|migration| &migration.manifest.changes);
        let given_up = changes.filter(|change| change.kind == ChangeKind::Abandon);
        given_up.map(Change::subject).collect()
    }

    /// Everything that its migrations rewrite a table for, which has consent too.
    #[must_use]
    pub fn rewrites(&self) -> Vec<String> {
        let changes = self.migrations.iter().flat_map(|migration| &migration.manifest.changes);
        changes.filter(|change| change.rewrites()).map(Change::subject).collect()
    }

    /// What an applier of this checkout is told.
    #[must_use]
    pub fn options(&self, allow_drop: &[&str]) -> Options {
        Options {
            project: "shop".into(),
            migrations: self.migrations.clone(),
            checkout: Vector::of_schema("shop", &self.lock.schema),
            policy: Policy { leases: false, soak: 0, ttl: 0, assume_no_fleet: false },
            ignore_clients: Vec::new(),
            allow_drop: allow_drop.iter().map(|name| (*name).to_owned()).collect(),
            allow_rewrite: self.rewrites(),
            archive: false,
            user: "test".into(),
            commit: String::new(),
            replicas: Vec::new(),
            max_replica_lag: Duration::from_millis(1500),
            patience: Duration::from_secs(5),
            lock_patience: Duration::from_secs(10),
            stop: Arc::new(AtomicBool::new(false)),
        }
    }

    /// `cargo colmig apply`.
    pub fn apply(&self, database: &TestDatabase, allow_drop: &[&str]) -> colmig::Result<Report> {
        self.watched(database, allow_drop, |_| {})
    }

    /// `cargo colmig apply`, with consent to every drop.
    pub fn apply_all(&self, database: &TestDatabase) -> colmig::Result<Report> {
        let consents = self.consents();
        let consents: Vec<_> = consents.iter().map(String::as_str).collect();
        self.apply(database, &consents)
    }

    /// `cargo colmig apply`, where instances register and none waits for a soak.
    pub fn apply_with_fleet(&self, database: &TestDatabase) -> colmig::Result<Report> {
        run(database, self.options_with_fleet(), Command::Apply(None), |_| {})
    }

    /// What an applier of this checkout is told, where instances register and none waits for a soak.
    #[must_use]
    pub fn options_with_fleet(&self) -> Options {
        let mut options = self.options(&[]);
        options.policy.leases = true;
        options
    }

    /// `cargo colmig apply`, with its events.
    pub fn watched(
        &self,
        database: &TestDatabase,
        allow_drop: &[&str],
        observer: impl FnMut(Event) + Send + 'static,
    ) -> colmig::Result<Report> {
        run(database, self.options(allow_drop), Command::Apply(None), observer)
    }

    /// `cargo colmig rollback MIGRATION`.
    pub fn rollback(&self, database: &TestDatabase, migration: &str) -> colmig::Result<Report> {
        run(database, self.options(&[]), Command::Rollback(migration), |_| {})
    }
}

/// What an applier does.
#[derive(Clone, Copy, Debug)]
pub enum Command<'a> {
    /// `apply`, up to a step, where one is named.
    Apply(Option<&'a str>),
    /// `rollback` of a migration, and of all behind it.
    Rollback(&'a str),
}

/// Runs an applier.
pub fn run(
    database: &TestDatabase,
    options: Options,
    command: Command<'_>,
    observer: impl FnMut(Event) + Send + 'static,
) -> colmig::Result<Report> {
    block_on(async {
        let mut migrator = Migrator::connect(&database.url, options).await?;
        migrator.observe(observer);
        match command {
            Command::Apply(to) => migrator.apply(to).await,
            Command::Rollback(migration) => migrator.rollback(Some(migration), None).await,
        }
    })
}

/// A required, active column of text.
#[must_use]
pub fn column(name: &str) -> Column {
    Column::new(name, ColumnType::Known("text".into()))
}

/// The column in another state.
#[must_use]
pub fn in_state(state: State, column: Column) -> Column {
    Column { state, ..column }
}

/// One text for every database.
#[must_use]
pub fn everywhere(text: &str) -> PerDatabase {
    PerDatabase::Everywhere(text.into())
}

/// Waits for a future, where a test is not one itself.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}
