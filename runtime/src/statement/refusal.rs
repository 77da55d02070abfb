//! Why a statement must not be: every column at once, what is wrong with it, and what to do.

use colmig_core::problem::{NOTHING_TO_SET, Problem, UNSET};

use super::columns::{Fate, Field, Request, Statement};
use crate::table::{ColumnInfo, TableInfo};

pub(super) fn nothing_to_set(table: &TableInfo) -> Problem {
    NOTHING_TO_SET
        .problem("the update would set nothing: no column but the key has a value")
        .help("give a field a value, or do not update the row")
        .at(table.name)
}

/// An error that names every field for which there must be no such statement, if there are any.
pub(super) fn check(request: &Request<'_>, fields: &[Field]) -> Result<(), Problem> {
    let refused = |(_, field): &(usize, Field)| request.fate(*field) == Fate::Refused;
    let refused: Vec<_> = fields.iter().copied().enumerate().filter(refused).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let what = refused.iter().map(|&(index, field)| what(request, request.column(index), field));
    let helps =
        HELPS.iter().filter(|help| refused.iter().any(|(_, field)| (help.if_any)(request, *field)));
    let problem = UNSET.problem(what.collect::<Vec<_>>().join("; ")).at(request.table.rust);
    Err(helps.fold(problem, |problem, help| problem.help(help.text)))
}

/// What to do, where any refused field is such a one.
struct Help {
    if_any: fn(&Request<'_>, Field) -> bool,
    text: &'static str,
}

const HELPS: &[Help] = &[
    Help {
        if_any: |_, _| true,
        text: "give the field a value before the row is written: `row.field = value.into()`",
    },
    Help {
        if_any: |_, field| field == Field::FollowsSomehow,
        text: "or say how it is computed: `forward = \"…\"` where a column replaces others, `reverse = \"…\"` where it is replaced",
    },
    Help {
        if_any: |request, field| {
            request.statement != Statement::Update && Statement::Update.fate(field) == Fate::LeftOut
        },
        text: "a row that was read has none, because the column must not be read or was NULL: to change that row, use `colmig::update`",
    },
];

/// What is wrong with one field.
fn what(request: &Request<'_>, column: &ColumnInfo, field: Field) -> String {
    let name = name(request, column.name);
    let sources = |is: fn(Fate) -> bool| sources(request, column, is);
    match field {
        Field::UnsetKey => format!("{name} is part of the key and has no value"),
        Field::ReadAsNull => format!("{name} was read as NULL, and this release writes none"),
        Field::FollowsUnwritten => {
            let sources = sources(|_| true);
            format!("{name} has no value and follows from {sources}, which is not written")
        }
        Field::FollowsHalf => {
            let (with, without) =
                (sources(|fate| fate != Fate::LeftOut), sources(|fate| fate == Fate::LeftOut));
            format!(
                "{name} has no value and follows from {with}, which is written, and {without}, which has no value"
            )
        }
        Field::FollowsMade => {
            let sources = sources(|_| true);
            format!("{name} has no value and follows from {sources}, which the database makes")
        }
        Field::FollowsSomehow => {
            let (sources, database) = (sources(|_| true), request.database);
            format!(
                "{name} has no value and follows from {sources}, which is written, and nothing says how on {database}"
            )
        }
        _ => format!("{name} is write-only and has no value to write"),
    }
}

/// The columns from which one follows, by what becomes of them.
fn sources(request: &Request<'_>, column: &ColumnInfo, is: impl Fn(Fate) -> bool) -> String {
    let sources = column.derived.map_or(&[][..], |derived| derived.sources);
    let is = |source: &&&str| {
        request.find(source, "").is_ok_and(|index| is(request.fate_of_source(index)))
    };
    let names = sources.iter().filter(is).map(|source| name(request, source));
    names.collect::<Vec<_>>().join(" and ")
}

fn name(request: &Request<'_>, column: &str) -> String {
    format!("`{}.{column}`", request.table.name)
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::USERS;
    use super::*;

    fn refused(statement: Statement, unset: &[&str]) -> String {
        let is_unset = |index: usize| unset.contains(&USERS.columns[index].name);
        let request = Request { table: &USERS, statement, database: "SQLite", is_unset: &is_unset };
        request.parts().unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_names_every_column_what_is_wrong_and_what_to_do() {
        let text = refused(Statement::Insert, &["handle", "nickname", "last", "full", "shout"]);
        for part in [
            "`users.handle` is write-only and has no value to write; ",
            "`users.nickname` is write-only and has no value to write; ",
            "`users.last` was read as NULL, and this release writes none",
            "`users.full` has no value and follows from `users.first`, which is written, and `users.last`, which has no value",
            "`users.shout` has no value and follows from `users.last`, which is not written",
            "row.field = value.into()",
            "use `colmig::update`",
            "User (src/user.rs:1)",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("`forward"), "{text}");
    }

    #[test]
    fn what_cannot_be_computed_says_why() {
        let text = refused(Statement::Update, &["initials", "count"]);
        for part in [
            "`users.count` has no value and follows from `users.counter`, which the database makes",
            "`users.initials` has no value and follows from `users.first`, which is written, and nothing says how on SQLite",
            "`reverse = ",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("use `colmig::update`"), "{text}");
    }
}
