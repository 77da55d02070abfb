//! What hangs on a column that a change will drop: told before the change's first step, while nothing is
//! changed yet. What would make the drop fail is refused there, and once more before the drop itself, since
//! days may lie in between. A drop never cascades.

use colmig_core::catalog::{Dependant, Fate};
use colmig_core::migration::Change;
use colmig_core::problem::{DEPENDANTS, Problem};
use colmig_core::schema::{Column, Constraint, Guard, Index, IndexKey, Table};

use super::{Event, Migrator};
use crate::Result;
use crate::driver::OWN_DEFINITION;

impl Migrator {
    /// Looks before the first step, and (`drops`) once more before the drop that has consent.
    pub(super) async fn look_at_dependants(&mut self, index: usize, drops: bool) -> Result<()> {
        let row = self.rows[index].clone();
        if !row.change.dropped().is_empty() {
            self.check_archivable(index).await?;
        }
        for column in row.change.dropped() {
            let found = self.driver.dependants(&row.change.table, &column.name).await?;
            let holds = found.iter().filter(|one| one.fate == Fate::Holds);
            let holds: Vec<_> = holds.map(|one| one.what.clone()).collect();
            if !holds.is_empty() {
                return Err(key_is_held(&row.change, &column.name, &holds).into());
            }
            let (goes, blocks): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|dependant| dependant.fate == Fate::Goes);
            let goes_along = |one: &Dependant| {
                row.change.indexes.iter().any(|index| one.what == format!("index {}", index.name))
            };
            // Of a column that is replaced, what the structs declare has moved to the new one already.
            let is_told = |one: &Dependant| row.change.replaced.is_empty() || !goes_along(one);
            let goes: Vec<_> = goes.into_iter().filter(is_told).map(|one| one.what).collect();
            let is_left = |one: &Dependant| {
                let is_declared = self.declares(&row.change.table, &column.name, &one.what);
                !goes_along(one) && (drops || !is_declared)
            };
            let blocks: Vec<_> = blocks.into_iter().filter(is_left).map(|one| one.what).collect();
            // What needs a column that is replaced can move to the new one as soon as that is there, and not before.
            let refuses = drops || row.change.replaced.is_empty();
            let goes: Vec<_> = match refuses {
                true => goes,
                false => blocks.iter().cloned().chain(goes).collect(),
            };
            if refuses && !blocks.is_empty() {
                return Err(in_the_way(&row.change, &column.name, &blocks).into());
            }
            if !drops && !goes.is_empty() {
                let subject = format!("{}.{}", row.change.table, column.name);
                self.tell(Event::Dependants {
                    change: row.change.title(),
                    subject,
                    dependants: goes,
                    replaced: !row.change.replaced.is_empty(),
                });
            }
        }
        Ok(())
    }

    /// What goes silently with a column, in words; of one that is replaced, also what has to move before.
    pub(super) async fn companions(
        &mut self,
        change: &Change,
        column: &Column,
    ) -> Result<Vec<String>> {
        let found = self.driver.dependants(&change.table, &column.name).await?;
        let is_replaced = !change.replaced.is_empty();
        let found = found.into_iter().filter(|one| is_replaced || one.fate == Fate::Goes);
        Ok(found.map(|dependant| dependant.what).collect())
    }

    /// Whether a migration has declared what stands in the way: then a migration can take it away too, before
    /// the drop, and it is no reason not to begin.
    fn declares(&self, table: &str, column: &str, what: &str) -> bool {
        let manifests = self.options.migrations.iter().map(|migration| &migration.manifest);
        let mut tables = manifests.flat_map(|manifest| {
            let made = manifest.changes.iter().filter_map(|change| change.definition.as_ref());
            manifest.before.tables.iter().chain(made)
        });
        tables.any(|declared| {
            let is_it = declared.name == table;
            is_it && what == OWN_DEFINITION && declared.constraints.iter().any(|c| names(c, column))
                || is_it && declared.indexes.iter().any(|i| is_index(i, column, what))
                || declared.constraints.iter().any(|c| is_constraint(declared, c, what))
                || is_it && declared.constraints.iter().any(|c| what == format!("index {}", c.name))
        })
    }
}

fn names(constraint: &Constraint, name: &str) -> bool {
    match &constraint.guard {
        Guard::Unique { columns } => columns.iter().any(|column| column == name),
        Guard::References { column, .. } => column == name,
        // What the expression names would take a parser to say.
        Guard::Check { .. } => true,
    }
}

fn is_index(index: &Index, column: &str, what: &str) -> bool {
    let key = |key: &IndexKey| match key {
        IndexKey::Up(name) | IndexKey::Down(name) => name == column,
        IndexKey::Expression(_) => true,
    };
    what == format!("index {}", index.name)
        && (index.keys.iter().any(key) || !index.predicate.is_nowhere())
}

fn is_constraint(table: &Table, constraint: &Constraint, what: &str) -> bool {
    what == format!("constraint {} on table {}", constraint.name, table.name)
}

/// A foreign key cannot point at two keys, so it cannot move while the change is on its way.
fn key_is_held(change: &Change, column: &str, holds: &[String]) -> Problem {
    let subject = format!("{}.{column}", change.table);
    DEPENDANTS
        .problem(format!("another column cannot take the place of the key `{subject}` while that is needed by {}", holds.join("; ")))
        .at(change.title())
        .help("let go of these first, and apply again: colmig drops nothing that it did not make")
        .help("a foreign key comes back, to the new key, when that is unique; one that a struct declares goes by `references(…, deprecated)` for one release, then nothing")
}

fn in_the_way(change: &Change, column: &str, blocks: &[String]) -> Problem {
    let subject = format!("{}.{column}", change.table);
    DEPENDANTS
        .problem(format!("`{subject}` cannot be dropped while it is needed by {}", blocks.join("; ")))
        .at(change.title())
        .help("drop these, or define them anew without the column, and apply again: colmig drops nothing that it did not make")
}
