//! A replacement that a trigger keeps alike begins and may end in one edit. So the column that it replaces may have
//! no field any more, and what the parser cannot see in the struct is looked up in the record.

use super::{Finding, key, on_column};
use crate::problem::{GRAMMAR, ILLEGAL_MOVE, NOT_SUPPORTED, Problem};
use crate::schema::{Column, DualWrite, Table};

/// Everything that is wrong with the replacements by trigger that this edit begins.
pub(super) fn check(recorded: &Table, source: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    for new in source.columns.iter().filter(|column| begins(column, recorded)) {
        let problem = new.replaces.iter().find_map(|name| old(name, new, recorded, source));
        let problem = problem.or_else(|| together(new, recorded, source));
        findings.extend(problem.map(|problem| on_column(source, new, problem)));
    }
    findings
}

/// There is nothing to replace in a table that is made now.
pub(super) fn in_new_table(source: &Table) -> Vec<Finding> {
    let triggered = source.columns.iter().filter(|column| column.dual_write == DualWrite::Trigger);
    let finding = |column: &Column| {
        let problem = ILLEGAL_MOVE
            .problem(format!("`{}` replaces another column, but its table is new", column.name))
            .help("delete `replaces`, `forward`, `reverse` and `dual_write`: a new table has no rows and no readers");
        on_column(source, column, problem)
    };
    triggered.map(finding).collect()
}

pub(super) fn begins(column: &Column, recorded: &Table) -> bool {
    column.dual_write == DualWrite::Trigger && recorded.column(&column.name).is_none()
}

/// What is wrong with a column that is to be replaced.
fn old(name: &str, new: &Column, recorded: &Table, source: &Table) -> Option<Problem> {
    let Some(old) = recorded.column(name) else {
        return Some(
            GRAMMAR
                .problem(format!("there is no column `{name}` to replace"))
                .help("name a column that the table has; if the replacement is done, delete `replaces`, `forward`, `reverse` and `dual_write`"),
        );
    };
    if recorded.primary_key.iter().any(|key| key == name) {
        return key::replaced(new, old, recorded, source);
    }
    old.is_made().then(|| {
        NOT_SUPPORTED
            .problem(format!("the database makes the values of `{name}`, and a trigger cannot write them"))
            .help("delete `dual_write`: the application writes both columns, which takes two releases more")
    })
}

/// What is wrong with columns that share a replacement.
fn together(new: &Column, recorded: &Table, source: &Table) -> Option<Problem> {
    let shares = |other: &&Column| other.replaces.iter().any(|name| new.replaces.contains(name));
    let news: Vec<&Column> = source.columns.iter().filter(shares).collect();
    let olds: Vec<&Column> = new.replaces.iter().filter_map(|name| recorded.column(name)).collect();
    if let Some(other) = news.iter().find(|other| other.dual_write != DualWrite::Trigger) {
        return Some(
            GRAMMAR
                .problem(format!(
                    "`{}` and `{}` share what they replace, and only one of them says `dual_write`",
                    new.name, other.name
                ))
                .help("write `dual_write = \"trigger\"` above both, or above none"),
        );
    }
    let loose = |columns: &[&Column]| columns.iter().all(|column| column.optional());
    let strict = |columns: &[&Column]| columns.iter().any(|column| !column.optional());
    let (name, old) = (&new.name, olds.first().map_or("", |old| old.name.as_str()));
    let differ = |what: String| {
        ILLEGAL_MOVE
            .problem(what)
            .help(format!("keep the nullability of `{old}`, and change that of `{name}` in a change of its own, before or after"))
    };
    if loose(&olds) && strict(&news) {
        return Some(differ(format!(
            "`{old}` may be NULL and `{name}` may not: the release that is still running writes NULL, which the trigger would pass on"
        )));
    }
    if strict(&olds) && loose(&news) {
        return Some(differ(format!(
            "`{name}` may be NULL and `{old}` may not: the release that is still running relies on it, and the trigger would pass NULL on"
        )));
    }
    None
}
