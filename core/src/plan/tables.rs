//! Tables that come to an end.

use super::change;
use crate::lock::Lock;
use crate::migration::Change;
use crate::problem::{ILLEGAL_MOVE, Problem, TABLE_VANISHED, USAGE};
use crate::protocol::ChangeKind;
use crate::schema::{Constraint, Guard, Retired, Schema, Table};

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

/// Foreign keys that would still point at a key which is to go.
pub(super) fn left_behind(lock: &Lock, source: &Schema) -> Vec<Problem> {
    let mut problems = Vec::new();
    for table in source.tables.iter().filter(|table| table.owner.is_empty()) {
        let Some(recorded) = lock.schema.table(&table.name) else { continue };
        let is_key = |name: &&String| recorded.primary_key.contains(name);
        let replaced = table.columns.iter().flat_map(|column| &column.replaces).filter(is_key);
        for old in replaced.filter(|old| recorded.column(old).is_some()) {
            problems
                .extend(source.tables.iter().flat_map(|child| points_at(child, &table.name, old)));
        }
    }
    problems
}

fn points_at(child: &Table, name: &str, column: &str) -> Vec<Problem> {
    let points = |guard: &Guard| matches!(guard, Guard::References { table, target, .. } if table == name && target == column);
    let pointing = child.constraints.iter().filter(|one| points(&one.guard));
    let problem = |one: &Constraint| {
        ILLEGAL_MOVE
            .problem(format!("`{}` references `{name}.{column}`, whose place as the key another column takes", one.name))
            .at(format!("{}.{}", child.name, one.name))
            .help("first let the reference go: `references(…, deprecated)` for one release, then nothing")
            .help("then replace the key, and the column that pointed at it; then declare the reference to the new key, `references(…, adding)`")
    };
    pointing.map(problem).collect()
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
