//! Tables that come to an end.

use super::change;
use crate::lock::Lock;
use crate::migration::Change;
use crate::problem::{Problem, TABLE_VANISHED, USAGE};
use crate::protocol::ChangeKind;
use crate::schema::{Guard, Retired, Schema, Table};

/// The tables of this project for which no struct stands any more.
fn lost<'t>(before: &'t Schema, source: &Schema) -> Vec<&'t Table> {
    let own = before.tables.iter().filter(|table| table.owner.is_empty());
    own.filter(|table| source.table(&table.name).is_none()).collect()
}

/// What is wrong with tables that disappeared, or that are to.
pub(super) fn vanished(lock: &Lock, source: &Schema, retire: &[String]) -> Vec<Problem> {
    let lost = lost(&lock.schema, source);
    let unsaid = lost.iter().filter(|table| !retire.contains(&table.name)).map(|table| {
        TABLE_VANISHED
            .problem(format!("no struct stands for `{}` any more", table.name))
            .at(table.name.clone())
            .help("put the struct back, if it only moved out of the packages that colmig reads, or was renamed: a renamed struct keeps its table with `table = \"…\"`")
            .help(format!(
                "to drop the table, with all its rows, once no release uses it: `cargo colmig generate --retire {}`",
                table.name
            ))
    });
    let unsaid: Vec<_> = unsaid.collect();
    let wrong = retire.iter().filter_map(|name| not_retirable(name, lock, source));
    unsaid.into_iter().chain(wrong).collect()
}

fn not_retirable(name: &str, lock: &Lock, source: &Schema) -> Option<Problem> {
    if source.table(name).is_some() {
        let problem =
            USAGE.problem(format!("`{name}` is to be retired, and a struct stands for it"));
        return Some(problem.at(name).help("delete the struct first, and every use of it"));
    }
    if lock.schema.table(name).is_none_or(|table| !table.owner.is_empty()) {
        let known = lost(&lock.schema, source);
        let known: Vec<_> = known.iter().map(|table| format!("`{}`", table.name)).collect();
        let problem = USAGE.problem(format!("this project has no table `{name}` to retire"));
        return Some(match known.is_empty() {
            true => {
                problem.help("delete the struct of the table that is to go, and name that table")
            }
            false => problem.help(format!("without a struct are: {}", known.join(", "))),
        });
    }
    let points_at = |table: &&Table| {
        table.constraints.iter().any(|one| match &one.guard {
            Guard::References { table, .. } => table == name,
            _ => false,
        })
    };
    let child = source.tables.iter().find(points_at)?;
    Some(
        TABLE_VANISHED
            .problem(format!("`{}` references `{name}`, which is to be retired", child.name))
            .at(child.name.clone())
            .help("first let the reference go: `references(…, deprecated)` for one release, then nothing"),
    )
}

/// Those that are retired now, for the record.
pub(super) fn gone(before: &Schema, source: &Schema) -> Vec<Retired> {
    let lost = lost(before, source).into_iter();
    lost.map(|table| Retired { name: table.name.clone(), born: table.born.clone() }).collect()
}

/// The changes that drop them.
pub(super) fn retired(lock: &Lock, retire: &[String]) -> Vec<Change> {
    let tables = retire.iter().filter_map(|name| lock.schema.table(name));
    tables
        .map(|table| Change {
            definition: Some(table.clone()),
            ..change(ChangeKind::DropTable, table, Vec::new())
        })
        .collect()
}
