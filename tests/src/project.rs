//! A project as it is edited and generated, without files.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use colmig::migrator::{Event, Migrator, Options, Report};
use colmig_core::gate::Policy;
use colmig_core::lifecycle::State;
use colmig_core::lock::{Lock, Recorded};
use colmig_core::migration::Migration;
use colmig_core::plan::plan;
use colmig_core::schema::{Column, Schema, Table};
use colmig_core::types::{ColumnType, Database, PerDatabase};
use colmig_core::vector::Vector;

use crate::database::TestDatabase;

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
        let lock = Lock {
            project: "shop".into(),
            databases: vec![Database::Postgres, Database::Sqlite],
            ..Lock::default()
        };
        Project { lock, migrations: Vec::new() }
    }

    /// Generates from a table `users` of these columns beside `id`.
    #[must_use]
    pub fn edited(&self, columns: &[Column]) -> Project {
        let id = Column { ty: ColumnType::Known("int8".into()), auto: true, ..column("id") };
        let table = Table {
            primary_key: vec!["id".into()],
            columns: std::iter::once(id).chain(columns.iter().cloned()).collect(),
            ..Table::new("users")
        };
        self.declaring(vec![table])
    }

    /// Generates from these tables.
    #[must_use]
    pub fn declaring(&self, tables: Vec<Table>) -> Project {
        self.declaring_all(Schema { tables, ..Schema::default() })
    }

    /// Generates from these tables and enum types.
    #[must_use]
    pub fn declaring_all(&self, schema: Schema) -> Project {
        let outcome = plan(&self.lock, &schema, None).expect("a legal edit");
        let mut next = self.clone();
        next.lock.schema = outcome.schema;
        if let Some(migration) = outcome.migration {
            let id = migration.manifest.id.clone();
            next.lock.migrations.push(Recorded { id, hash: migration.hash() });
            next.migrations.push(migration);
        }
        next
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
            user: "test".into(),
            commit: String::new(),
            patience: Duration::from_secs(5),
            lock_patience: Duration::from_secs(10),
            stop: Arc::new(AtomicBool::new(false)),
        }
    }

    /// `cargo colmig apply`.
    pub fn apply(&self, database: &TestDatabase, allow_drop: &[&str]) -> colmig::Result<Report> {
        self.watched(database, allow_drop, |_| {})
    }

    /// `cargo colmig apply`, where instances register and none waits for a soak.
    pub fn apply_with_fleet(&self, database: &TestDatabase) -> colmig::Result<Report> {
        let mut options = self.options(&[]);
        options.policy.leases = true;
        block_on(async { Migrator::connect(&database.url, options).await?.apply(None).await })
    }

    /// `cargo colmig apply`, with its events.
    pub fn watched(
        &self,
        database: &TestDatabase,
        allow_drop: &[&str],
        observer: impl FnMut(Event) + Send + 'static,
    ) -> colmig::Result<Report> {
        let options = self.options(allow_drop);
        block_on(async {
            let mut migrator = Migrator::connect(&database.url, options).await?;
            migrator.observe(observer);
            migrator.apply(None).await
        })
    }

    /// `cargo colmig rollback MIGRATION`.
    pub fn rollback(&self, database: &TestDatabase, migration: &str) -> colmig::Result<Report> {
        let options = self.options(&[]);
        block_on(async {
            Migrator::connect(&database.url, options).await?.rollback(Some(migration)).await
        })
    }
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

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}
