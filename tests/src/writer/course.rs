//! A scenario as releases that run: what each does, and what is known of the values of its columns.

use std::collections::{BTreeMap, BTreeSet};

use colmig::{ColumnInfo, ConstraintInfo, TableInfo, TypeChecks};
use colmig_core::lock::Lock;
use colmig_core::migration::Change;
use colmig_core::protocol::Act;
use colmig_core::schema::{Column, Table};
use colmig_core::types::Database;

use crate::project::Project;
use crate::scenarios::Scenario;

/// A column of a table by its name and its birth: the same name, born again, is another one.
pub(super) type Property = (String, String, String);

/// The property that a column of a table is.
#[must_use]
pub(super) fn property(table: &Table, column: &Column) -> Property {
    (table.name.clone(), column.name.clone(), column.born.clone())
}

/// What a column that replaces others is computed from.
#[derive(Clone, Debug)]
pub(super) struct Derivation {
    pub(super) sources: Vec<Column>,
    pub(super) expression: String,
}

/// A scenario on one kind of database.
#[derive(Debug)]
pub struct Course {
    /// The scenario.
    pub scenario: Scenario,
    /// The checkout of each release.
    pub checkouts: Vec<Project>,
    /// The database.
    pub database: Database,
    infos: Vec<Vec<&'static TableInfo>>,
    pub(super) derivations: BTreeMap<Property, Derivation>,
    pub(super) mended: BTreeSet<Property>,
    /// Whether releases leave keys that are numbered to the database, as the library does: where it is the numbering
    /// that goes from one column to another.
    pub(super) leaves_keys: bool,
}

impl Course {
    /// The course of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario, database: Database) -> Course {
        let checkouts = scenario.checkouts();
        let (mut derivations, mut mended) = (BTreeMap::new(), BTreeSet::new());
        let last = &checkouts[checkouts.len() - 1];
        for change in last.migrations.iter().flat_map(|migration| &migration.manifest.changes) {
            mended.extend(filled(change, database));
            for column in change.columns.iter().filter(|_| !change.replaced.is_empty()) {
                let expression = column.forward.on(database).unwrap_or("NULL").to_owned();
                let sources = sources(change, column);
                derivations.insert(of(change, column), Derivation { sources, expression });
            }
        }
        let infos = checkouts.iter().map(|checkout| {
            checkout.lock.schema.tables.iter().map(|table| info(table, &checkout.lock)).collect()
        });
        let infos = infos.collect();
        let changes = last.migrations.iter().flat_map(|migration| &migration.manifest.changes);
        let leaves_keys = changes.into_iter().any(|change| !change.key.is_empty());
        let scenario = scenario.clone();
        Course { scenario, checkouts, database, infos, derivations, mended, leaves_keys }
    }

    /// The tables of a release, from 1 on, as its lock file records them.
    #[must_use]
    pub fn tables(&self, release: usize) -> &[Table] {
        &self.checkouts[release - 1].lock.schema.tables
    }

    /// The same tables as the library hears of them from a build of the release.
    #[must_use]
    pub(super) fn infos(&self, release: usize) -> &[&'static TableInfo] {
        &self.infos[release - 1]
    }

    /// The columns that have a value of their own: itself, or those that it is computed from.
    pub(super) fn roots(&self, table: &Table, column: &Column) -> Vec<Column> {
        match self.derivations.get(&property(table, column)) {
            None => vec![column.clone()],
            Some(derivation) => {
                derivation.sources.iter().flat_map(|source| self.roots(table, source)).collect()
            }
        }
    }
}

/// What the derive would say of a struct. It lives as long as the test, as one of an application does.
fn info(table: &Table, lock: &Lock) -> &'static TableInfo {
    let columns = table.columns.iter().map(|column| ColumnInfo {
        name: column.name.clone().leak(),
        stand: column.stand(),
        born: column.born.clone().leak(),
        auto: column.auto,
        derived: None,
        types: TypeChecks { postgres: None, sqlite: None, mysql: None },
    });
    let key = table.primary_key.iter().map(|name| &*name.clone().leak());
    let constraints = table.constraints.iter().map(|one| ConstraintInfo {
        name: one.name.clone().leak(),
        stand: one.stand(),
        born: one.born.clone().leak(),
    });
    Box::leak(Box::new(TableInfo {
        name: table.name.clone().leak(),
        rust: "a struct",
        package: "shop",
        access: table.access,
        owner: table.owner.clone().leak(),
        project: "shop",
        head: lock.head().to_owned().leak(),
        born: table.born.clone().leak(),
        columns: columns.collect::<Vec<_>>().leak(),
        primary_key: key.collect::<Vec<&'static str>>().leak(),
        constraints: constraints.collect::<Vec<_>>().leak(),
        enums: &[],
    }))
}

fn of(change: &Change, column: &Column) -> Property {
    (change.table.clone(), column.name.clone(), column.born.clone())
}

fn sources(change: &Change, column: &Column) -> Vec<Column> {
    let is_source = |old: &&Column| column.replaces.contains(&old.name);
    change.replaced.iter().filter(is_source).cloned().collect()
}

/// The columns to which a change gives values where rows have none.
fn filled(change: &Change, database: Database) -> Vec<Property> {
    let forwards = change.columns.iter().filter(|column| column.backfill.on(database).is_some());
    let relaxed = change.targets(Act::Relax).iter();
    let back = relaxed.filter(|column| column.reverse.on(database).is_some());
    forwards.chain(back).map(|column| of(change, column)).collect()
}
