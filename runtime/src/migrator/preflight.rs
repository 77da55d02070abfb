//! What is looked at before anything is changed: the catalog, what would be dropped, whose tables stand there.

use colmig_core::migration::Change;
use colmig_core::problem::{DRIFT, Problem};
use colmig_core::protocol::Act;
use colmig_core::schema::{Column, Guard};

use super::{Migrator, Wait};
use crate::Result;
use crate::driver::{IndexState, ledger};

impl Migrator {
    /// A step looks at the real catalog (rule R19): what stands there and is not ours is named before
    /// anything is changed.
    pub(super) async fn preflight(&mut self, index: usize, act: Act) -> Result<()> {
        let change = self.rows[index].change.clone();
        let catalog = self.driver.catalog(std::slice::from_ref(&change.table)).await?;
        let table = catalog.tables.get(&change.table);
        let drift = |what: String| DRIFT.problem(what).at(change.title());
        let is_there = |column: &&Column| catalog.column(&change.table, &column.name).is_some();
        let found = change.targets(act).iter().find(is_there);
        let missing = change.targets(act).iter().find(|column| !is_there(column));
        let name = |column: &Column| format!("{}.{}", change.table, column.name);
        if let Some(name) = self.index_in_the_way(index, act).await? {
            return Err(drift(format!("an index or constraint `{name}` exists already, and colmig did not make it"))
                .help("drop it if it is a leftover, or give yours another name and `cargo colmig generate --amend`")
                .into());
        }
        match (act, table, found, missing) {
            (Act::CreateTable, Some(_), ..) => Err(not_ours(&change).into()),
            (Act::CreateTable, None, ..) => Ok(()),
            (_, None, ..) => Err(drift(format!("the table `{}` is gone", change.table))
                .help("it was dropped or renamed by hand: bring it back, and apply again")
                .into()),
            (Act::Add, Some(_), Some(column), _) => {
                Err(drift(format!("the column `{}` exists already, and colmig did not add it", name(column)))
                    .help("drop it if it is a leftover, or choose another name and `cargo colmig generate --amend`")
                    .into())
            }
            (Act::Drop | Act::Relax | Act::Enforce, Some(_), _, Some(column)) => {
                Err(drift(format!("the column `{}` is gone", name(column)))
                    .help("it was dropped or renamed by hand: bring it back, and apply again")
                    .into())
            }
            (Act::Add, Some(_), ..) if change.acts().any(|act| act == Act::Backfill) => {
                // Found now, while nothing has been changed.
                self.fill_of(index, false).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// The index that a step is about to make, where one of that name is there that this step did not begin.
    async fn index_in_the_way(&mut self, index: usize, act: Act) -> Result<Option<String>> {
        let row = &self.rows[index];
        let unique = row.change.constraint.as_ref();
        let unique = unique.filter(|one| matches!(one.guard, Guard::Unique { .. }));
        let name = match act {
            Act::Index => row.change.indexes.first().map(|one| one.name.clone()),
            Act::Enforce => unique.map(|one| one.name.clone()),
            _ => None,
        };
        let Some(name) = name.filter(|_| row.piece == 0) else { return Ok(None) };
        let (project, id) = (self.options.project.clone(), row.change.id.clone());
        let is_ours = ledger::intent(self.driver.as_mut(), &project, &id).await? == act.to_string();
        let is_there = self.driver.index_state(&name).await? != IndexState::Missing;
        Ok((is_there && !is_ours).then_some(name))
    }

    /// Before there is a ledger nothing is ours, and what is in the way is named before there is one.
    pub(super) async fn check_ground(&mut self) -> Result<()> {
        let migrations = self.options.migrations.iter();
        let changes = migrations.flat_map(|migration| migration.manifest.changes.clone());
        let creates = |change: &Change| change.acts().any(|act| act == Act::CreateTable);
        let creating: Vec<_> = changes.filter(creates).collect();
        let tables: Vec<_> = creating.iter().map(|change| change.table.clone()).collect();
        let catalog = self.driver.catalog(&tables).await?;
        let found = creating.iter().find(|change| catalog.tables.contains_key(&change.table));
        found.map_or(Ok(()), |change| Err(not_ours(change).into()))
    }

    /// A drop has consent by name; of an empty table it needs none.
    pub(super) async fn consent(&mut self, index: usize) -> Result<Option<Wait>> {
        let change = self.rows[index].change.clone();
        if ledger::is_empty(self.driver.as_mut(), &change.table).await? {
            return Ok(None);
        }
        if change.definition.is_some() && !self.options.allow_drop.contains(&change.table) {
            let (subject, dependants) = (change.table, Vec::new());
            return Ok(Some(Wait::Consent { subject, dependants }));
        }
        for column in change.dropped() {
            let subject = format!("{}.{}", change.table, column.name);
            if !self.options.allow_drop.contains(&subject) {
                let dependants = self.driver.dependants(&change.table, &column.name).await?;
                return Ok(Some(Wait::Consent { subject, dependants }));
            }
        }
        Ok(None)
    }
}

fn not_ours(change: &Change) -> Problem {
    DRIFT
        .problem(format!("the table `{}` exists already, and colmig did not make it", change.table))
        .at(change.title())
        .help("rename or drop it if it is a leftover; this version of colmig cannot adopt tables")
}
