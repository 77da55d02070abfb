//! What the source says now against what the lock file recorded.
//!
//! The derive and `generate` call the same two functions, so that what compiles is what is generated:
//! [`check_table`] finds the mistakes, [`edits`] lists the moves of a source without any.

use crate::lifecycle::{Effect, Move, State, When, move_between};
use crate::problem::{
    ILLEGAL_MOVE, KEY_CHANGED, NOT_SUPPORTED, Problem, STATE_AGAINST_TYPE, TYPE_CHANGED,
};
use crate::schema::{Column, Table};

/// A mistake and the column that it is about; `None` means the table as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The column.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub problem: Problem,
}

/// One column's move from the lock file to the source.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// The column as it is declared; as it was recorded, where the source no longer names it.
    pub column: &'a Column,
    /// The row of the table of moves.
    pub rule: &'static Move,
    /// The column as it was recorded.
    pub recorded: Option<&'a Column>,
}

/// Every column that moved, with its rule; columns that stay where they are have none.
pub fn edits<'a>(recorded: Option<&'a Table>, source: &'a Table) -> Vec<Edit<'a>> {
    let Some(recorded) = recorded else { return Vec::new() };
    let named = source.columns.iter().map(|column| {
        let before = recorded.column(&column.name);
        let from = before.map_or(State::Absent, |column| column.state);
        Edit { column, rule: move_between(from, column.state), recorded: before }
    });
    let gone = recorded.columns.iter().filter(|column| source.column(&column.name).is_none());
    let gone = gone.map(|column| Edit {
        column,
        rule: move_between(column.state, State::Absent),
        recorded: Some(column),
    });
    named
        .chain(gone)
        .filter(|edit| edit.rule.effect != Effect::Nothing || edit.rule.when == When::Never)
        .collect()
}

/// Every mistake of one table against its record; `None` means that the table is new.
pub fn check_table(recorded: Option<&Table>, source: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |column: Option<&Column>, problem: Problem| {
        let place = column.map_or(source.name.clone(), |c| format!("{}.{}", source.name, c.name));
        let column = column.map(|column| column.name.clone());
        findings.push(Finding { column, problem: problem.at(place) });
    };
    let Some(recorded) = recorded else {
        for column in source.columns.iter().filter(|column| column.state != State::Active) {
            report(Some(column), new_table_has_no_life(column));
        }
        return findings;
    };
    if recorded.primary_key != source.primary_key {
        report(None, key_changed(recorded, source));
    }
    if recorded.access != source.access {
        report(
            None,
            NOT_SUPPORTED.problem("a struct's access to its table changed").help(
                "take `read_only` back, or give the reader a table struct in a package of its own",
            ),
        );
    }
    for edit in edits(Some(recorded), source) {
        if let Some(problem) = illegal(&edit) {
            report(Some(edit.column), problem);
        }
    }
    for column in &source.columns {
        if let Some(problem) = recorded.column(&column.name).and_then(|old| changed(old, column)) {
            report(Some(column), problem);
        }
    }
    findings
}

fn new_table_has_no_life(column: &Column) -> Problem {
    ILLEGAL_MOVE
        .problem(format!("`{}` is {}, but its table is new", column.name, column.state))
        .help("a new table has no rows and no readers: write a plain field")
}

fn key_changed(recorded: &Table, source: &Table) -> Problem {
    let show = |key: &[String]| format!("({})", key.join(", "));
    KEY_CHANGED
        .problem(format!(
            "the primary key of `{}` was {} and is now {}",
            source.name,
            show(&recorded.primary_key),
            show(&source.primary_key)
        ))
        .help("a key cannot change in place; keep it, and add a new table or column beside it")
}

/// What is wrong with this move, if anything.
fn illegal(edit: &Edit<'_>) -> Option<Problem> {
    let Edit { column, rule, .. } = edit;
    let illegal = |why: &str| {
        ILLEGAL_MOVE
            .problem(format!("`{}` cannot go from {} to {}{why}", column.name, rule.from, rule.to))
            .help(rule.remedy)
    };
    match rule.when {
        When::Never => Some(illegal(" in one release")),
        When::Upheld if !column.dispensable() => Some(
            illegal(" at once: it is required, and the release that is still running does not write it")
                .help("or make it an `Option`, or give it a constant `default = \"…\"`"),
        ),
        When::Upheld if !column.backfill.is_nowhere() => Some(
            STATE_AGAINST_TYPE
                .problem(format!("`{}` has a backfill and is read at once", column.name))
                .help("rows are filled while the column is `adding`: write `#[colmig(adding, backfill = \"…\")]` and `WriteOnly<T>`"),
        ),
        When::Dispensable if !column.dispensable() => {
            Some(illegal(": the release that is still running reads it as required"))
        }
        _ if column.auto && rule.from == State::Absent => Some(
            NOT_SUPPORTED
                .problem(format!("`{}` is `auto` and its table exists", column.name))
                .help("numbering existing rows rewrites the table; add a plain column with a backfill"),
        ),
        _ => None,
    }
}

/// What changed in place and may not.
fn changed(old: &Column, new: &Column) -> Option<Problem> {
    let name = &new.name;
    if old.ty != new.ty {
        return Some(
            TYPE_CHANGED
                .problem(format!("`{name}` was {} and is now {}", old.ty, new.ty))
                .help("live statements of the running release break when a type changes: add a column of the new type beside it, then drop this one"),
        );
    }
    if old.optional != new.optional {
        let (was, is) =
            if old.optional { ("optional", "required") } else { ("required", "optional") };
        return Some(
            NOT_SUPPORTED
                .problem(format!("`{name}` was {was} and is now {is}"))
                .help("this version of colmig cannot tighten or relax a column in place; add a new column beside it"),
        );
    }
    if old.default != new.default || old.auto != new.auto {
        return Some(
            NOT_SUPPORTED.problem(format!("the default of `{name}` changed")).help(
                "this version of colmig keeps a default as it was created; take the edit back",
            ),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::MOVES;
    use crate::types::{ColumnType, PerDatabase};

    fn column(state: State, optional: bool, default: bool) -> Column {
        let default =
            if default { PerDatabase::Everywhere("0".into()) } else { PerDatabase::Nowhere };
        Column {
            name: "c".into(),
            ty: ColumnType::Known("int8".into()),
            optional,
            auto: false,
            default,
            state,
            born: String::new(),
            backfill: PerDatabase::Nowhere,
            reverse: PerDatabase::Nowhere,
        }
    }

    fn table(column: Option<Column>) -> Table {
        Table {
            name: "t".into(),
            access: Default::default(),
            primary_key: vec!["id".into()],
            born: "0001".into(),
            columns: column.into_iter().collect(),
            retired: Vec::new(),
        }
    }

    /// All pairs of states, for a required, an optional and a defaulted column, against the table.
    #[test]
    fn every_move_is_judged_as_its_row_says() {
        for rule in MOVES {
            for (optional, default) in [(false, false), (true, false), (false, true)] {
                let make =
                    |state| (state != State::Absent).then(|| column(state, optional, default));
                let found = check_table(Some(&table(make(rule.from))), &table(make(rule.to)));
                let legal = match rule.when {
                    When::Always => true,
                    When::Never => false,
                    When::Upheld | When::Dispensable => optional || default,
                };
                assert_eq!(found.is_empty(), legal, "{} → {}: {found:?}", rule.from, rule.to);
                assert!(found.iter().all(|f| !f.problem.help.is_empty()));
            }
        }
    }

    #[test]
    fn what_changes_in_place_is_found() {
        let old = table(Some(column(State::Active, false, false)));
        let mut retyped = old.clone();
        retyped.columns[0].ty = ColumnType::Known("text".into());
        let mut tightened = old.clone();
        tightened.columns[0].optional = true;
        let mut rekeyed = old.clone();
        rekeyed.primary_key = vec!["c".into()];
        for (new, code) in
            [(retyped, TYPE_CHANGED), (tightened, NOT_SUPPORTED), (rekeyed, KEY_CHANGED)]
        {
            let codes: Vec<_> =
                check_table(Some(&old), &new).iter().map(|f| f.problem.code).collect();
            assert_eq!(codes, [code]);
        }
        assert!(check_table(Some(&old), &old).is_empty());
    }
}
