//! What is looked at before anything else is: whether the migrations are for this database, whether its server is one
//! that colmig can work on, and whether what stands there is ours.

use colmig_core::migration::{Change, Migration};
use colmig_core::problem::{CONFIG, DRIFT, Problem};
use colmig_core::protocol::{Act, ChangeKind};

use super::Migrator;
use crate::Result;

impl Migrator {
    /// The server and the migrations suit each other, and no setting or right that is missing would be met half-way.
    pub(super) async fn check_setup(&mut self) -> Result<()> {
        let database = self.database();
        let lacks = |m: &&Migration| !m.manifest.databases.contains(&database);
        if let Some(migration) = self.options.migrations.iter().find(lacks) {
            return Err(CONFIG
                .problem(format!("`{}` has no SQL for {database}", migration.manifest.id))
                .at(format!("migrations/{}", migration.manifest.id))
                .help("give the address of a database that the project runs on: `databases` in colmig.toml lists them")
                .into());
        }
        let changes = self.options.migrations.iter().flat_map(|one| &one.manifest.changes);
        let mut tables: Vec<_> = changes.map(|change| change.table.clone()).collect();
        tables.sort_unstable();
        tables.dedup();
        match self.driver.obstacle(&tables).await? {
            Some(problem) => Err(problem.into()),
            None => Ok(()),
        }
    }

    /// Before there is a ledger nothing is ours, and what is in the way is named before there is one.
    pub(super) async fn check_ground(&mut self) -> Result<()> {
        let migrations = self.options.migrations.iter();
        let changes = migrations.flat_map(|migration| migration.manifest.changes.clone());
        let creates = |change: &Change| change.has(Act::CreateTable);
        let creating: Vec<_> = changes.filter(creates).collect();
        let tables: Vec<_> = creating.iter().map(|change| change.table.clone()).collect();
        let catalog = self.driver.catalog(&tables).await?;
        let found = creating.iter().find(|change| catalog.tables.contains_key(&change.table));
        if let Some(change) = found {
            return Err(not_ours(change).into());
        }
        let migrations = self.options.migrations.iter();
        let changes: Vec<_> =
            migrations.flat_map(|migration| migration.manifest.changes.clone()).collect();
        let created = |change: &&Change| change.kind == ChangeKind::CreateType;
        for change in changes.iter().filter(created) {
            if self.driver.has_type(&change.table).await? == Some(true) {
                return Err(type_not_ours(change).into());
            }
        }
        Ok(())
    }
}

pub(super) fn not_ours(change: &Change) -> Problem {
    DRIFT
        .problem(format!("the table `{}` exists already, and colmig did not make it", change.table))
        .at(change.title())
        .help("rename or drop it if it is a leftover; this version of colmig cannot adopt tables")
}

pub(super) fn type_not_ours(change: &Change) -> Problem {
    DRIFT
        .problem(format!("the type `{}` exists already, and colmig did not make it", change.table))
        .at(change.title())
        .help("drop it if it is a leftover, or name the enum's type otherwise: `#[colmig(type = \"…\")]`")
}
