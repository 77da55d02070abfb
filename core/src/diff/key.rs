//! The primary key. Every release finds its rows by it, so it never changes in place: a column of it is replaced by one
//! that has its values, and both are keys for as long as releases of either kind are alive.

use crate::lifecycle::Access;
use crate::problem::{ILLEGAL_MOVE, KEY_CHANGED, NOT_SUPPORTED, Problem};
use crate::schema::{Column, Table};
use crate::types::{ColumnType, Database};

/// The whole numbers, from the narrowest on, by their words in the table of types.
const INTEGERS: [&str; 3] = ["int2", "int4", "int8"];

/// The key behind the replacements that this edit begins.
pub(super) fn after(recorded: &Table, source: &Table) -> Vec<String> {
    let new = |name: &String| {
        let replaces = |column: &&Column| {
            super::by_trigger::begins(column, recorded) && column.replaces == [name.as_str()]
        };
        source.columns.iter().find(replaces).map_or(name, |column| &column.name).clone()
    };
    recorded.primary_key.iter().map(new).collect()
}

/// What is said of a key that is another one, and that nothing makes of the one that was recorded.
pub(super) fn changed(recorded: &Table, source: &Table) -> Problem {
    let show = |key: &[String]| format!("({})", key.join(", "));
    let problem = KEY_CHANGED.problem(format!(
        "the primary key of `{}` was {} and is now {}",
        source.name,
        show(&recorded.primary_key),
        show(&source.primary_key)
    ));
    let problem = problem
        .help("a key cannot change in place; keep it, and add a new table or column beside it");
    match (recorded.primary_key.as_slice(), source.primary_key.as_slice()) {
        ([old], [new]) if source.access == Access::Writer && source.column(old).is_none() => problem.help(format!(
            "a wider key, or one of another name, takes its place on PostgreSQL: `replaces({old}), dual_write = \"trigger\"` above `{new}`"
        )),
        _ => problem,
    }
}

/// What is wrong with a column that takes the place of one of the key.
pub(super) fn replaced(
    new: &Column,
    old: &Column,
    recorded: &Table,
    source: &Table,
) -> Option<Problem> {
    let (to, from) = (&new.name, &old.name);
    if !source.primary_key.contains(to) {
        return Some(changed(recorded, source));
    }
    let gone = recorded.primary_key.iter().filter(|name| !source.primary_key.contains(name));
    if gone.count() > 1 {
        return Some(
            NOT_SUPPORTED
                .problem("more than one column of the primary key is to be replaced")
                .help("replace one of them, and the next when that is done"),
        );
    }
    if !holds(&new.ty, &old.ty) {
        return Some(
            ILLEGAL_MOVE
                .problem(format!("`{to}` is {} and does not hold every key of `{from}`, which is {}", new.ty, old.ty))
                .help("a key is replaced by one of the same type, or by a wider integer: its values stay what they are"),
        );
    }
    if !old.default.is_nowhere() {
        return Some(
            NOT_SUPPORTED
                .problem(format!("`{from}` is of the primary key and has a default, which `{to}` would not have"))
                .help("keep the key; a new column can stand beside it, or a new table with the key that you want"),
        );
    }
    (old.auto != new.auto).then(|| {
        let (is, word) = if old.auto { ("is", "add") } else { ("is not", "delete") };
        ILLEGAL_MOVE
            .problem(format!(
                "`{from}` {is} `auto`, and `{to}`, which takes its place as the key, differs"
            ))
            .help(format!("{word} `auto` at `{to}`"))
    })
}

/// Whether every value of one type is one of the other, and the same.
fn holds(new: &ColumnType, old: &ColumnType) -> bool {
    let width = |ty: &ColumnType| match ty {
        ColumnType::Known(word) => INTEGERS.iter().position(|integer| integer == word),
        _ => None,
    };
    match (width(new), width(old)) {
        (Some(new), Some(old)) => new >= old,
        _ => old == new,
    }
}

/// Whether a key that the database numbers has another Rust type, and is wide enough already: SQLite has one integer.
/// Of other columns the code makes the values, and the release that is running could not read every one of them.
pub(super) fn is_wide_already(old: &Column, new: &Column, databases: &[Database]) -> bool {
    databases == [Database::Sqlite]
        && old.auto
        && new.auto
        && new.ty != old.ty
        && holds(&new.ty, &old.ty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_what_the_one_before_held() {
        let known = |word: &str| ColumnType::Known(word.into());
        for (new, old, expected) in [
            ("int8", "int4", true),
            ("int8", "int2", true),
            ("int4", "int4", true),
            ("int4", "int8", false),
            ("text", "text", true),
            ("text", "int4", false),
            ("int8", "text", false),
        ] {
            assert_eq!(holds(&known(new), &known(old)), expected, "{new} for {old}");
        }
    }
}
