//! A column that takes the place of others: `replaces`, `forward`, `dual_write`.

use proc_macro2::Span;

use super::Mistake;
use super::field::Read;
use super::guard::no_column;
use super::shape::Shape;
use crate::lifecycle::{PAIRS, State, pair_remedies};
use crate::problem::{GRAMMAR, NOT_SUPPORTED, Problem, STATE_AGAINST_TYPE};
use crate::schema::DualWrite;

/// Everything that can be wrong between a replacement and what it replaces.
pub(super) fn check(fields: &[Read], key: &[String], mistakes: &mut Vec<Mistake>) {
    for field in fields.iter().filter(|field| !field.has_mistakes) {
        let sources = field.words.names("replaces").unwrap_or_default();
        for (name, span) in sources {
            let problem = match key.contains(name) {
                true => Some(of_the_key(name)),
                false => source(name, field, fields),
            };
            mistakes.extend(problem.map(|problem| Mistake::new(*span, problem)));
        }
        let wrong = words(field).or_else(|| both_ways(field, fields));
        mistakes.extend(wrong.map(|(span, problem)| Mistake::new(span, problem)));
        mistakes.extend(undo(field, fields).map(|(span, problem)| Mistake::new(span, problem)));
    }
}

/// `reverse` fills rows that were written by a release that no longer wrote this column.
fn undo(field: &Read, fields: &[Read]) -> Option<(Span, Problem)> {
    let name = &field.column.name;
    let is_replaced = fields.iter().any(|other| other.column.replaces.contains(name));
    let span = field.words.said("reverse").filter(|_| {
        !is_replaced
            && field.words.lack("deprecated")
            && field.words.lack("replaces")
            && field.shape != Shape::RequiredOnWrite
    })?;
    let problem = GRAMMAR
        .problem(format!("`{name}` has a `reverse`, and nothing is undone by writing it"))
        .help("delete it: it belongs to a column that is `deprecated`, that is replaced or `replaces` others, or that is `RequiredOnWrite`");
    Some((span, problem))
}

/// Every release finds its rows by the key, so it cannot go while one of them is alive.
fn of_the_key(name: &str) -> Problem {
    NOT_SUPPORTED
        .problem(format!("`{name}` is part of the primary key, and this version of colmig replaces no key"))
        .help("keep the key; a new column can stand beside it, or a new table with the key that you want")
}

/// What is wrong with one source.
fn source(name: &str, field: &Read, fields: &[Read]) -> Option<Problem> {
    let (new, state) = (&field.column.name, field.column.state);
    if name == new {
        return Some(
            GRAMMAR
                .problem(format!("`{name}` replaces itself"))
                .help("name the column that it takes the place of"),
        );
    }
    let is_upheld = field.column.dual_write == DualWrite::Trigger;
    let Some(source) = fields.iter().find(|other| other.column.name == name) else {
        // The field may go in the edit that brings its replacement: the record knows whether it was there.
        if is_upheld && state == State::Active {
            return None;
        }
        let problem = no_column(name, fields);
        return Some(match state {
            State::Active => problem.help(format!(
                "if `{name}` is gone, the replacement is done: delete `replaces` and `forward`"
            )),
            _ => problem,
        });
    };
    let pair = (source.column.state, state);
    (!source.has_mistakes && !PAIRS.contains(&pair)).then(|| {
        let problem = STATE_AGAINST_TYPE
            .problem(format!("`{name}` is {}, and `{new}`, which replaces it, is {state}", pair.0));
        let problem = match is_upheld {
            true => problem.help(format!(
                "a trigger keeps them alike for older releases: delete the field of `{name}`"
            )),
            false => problem,
        };
        pair_remedies(name, new).into_iter().fold(problem, Problem::help)
    })
}

/// What is wrong with the words beside `replaces`.
fn words(field: &Read) -> Option<(Span, Problem)> {
    let name = &field.column.name;
    if field.words.lack("replaces") {
        let (word, span) = ["forward", "dual_write"]
            .into_iter()
            .find_map(|word| Some((word, field.words.said(word)?)))?;
        let problem = GRAMMAR
            .problem(format!("`{name}` has `{word}` and replaces nothing"))
            .help(format!("say which columns it replaces, `replaces(…)`, or delete `{word}`"));
        return Some((span, problem));
    }
    let span = field.words.said("replaces")?;
    let is_new = field.column.state == State::Adding;
    (is_new && field.words.lack("forward")).then(|| {
        let problem = GRAMMAR
            .problem(format!("nothing says how `{name}` is computed from what it replaces"))
            .help("add an expression over the old columns: `forward = \"upper(name)\"`");
        (span, problem)
    })
}

/// A trigger computes each column from the other, as long as releases of either kind are alive.
fn both_ways(field: &Read, fields: &[Read]) -> Option<(Span, Problem)> {
    let span = field.words.said("dual_write")?;
    let (name, replaces) = (&field.column.name, &field.column.replaces);
    if field.words.lack("forward") {
        let problem = GRAMMAR
            .problem(format!("a trigger fills `{name}`, and nothing says how it is computed"))
            .help("add an expression over the old columns: `forward = \"upper(name)\"`");
        return Some((span, problem));
    }
    let says = |other: &Read| !other.words.lack("reverse");
    let comes_back = |old: &String| {
        let own = fields.iter().any(|other| other.column.name == *old && says(other));
        let shares = |other: &&Read| other.column.replaces.contains(old);
        own || replaces.len() == 1 && fields.iter().filter(shares).any(says)
    };
    let lost = replaces.iter().find(|old| !comes_back(old))?;
    let problem = GRAMMAR.problem(format!(
        "a trigger fills `{lost}` for older releases, and nothing says how it is computed from `{name}`"
    ));
    Some((span, match replaces.len() {
        1 => problem.help("add an expression over the new columns: `reverse = \"lower(full_name)\"`"),
        _ => problem.help(format!(
            "keep each old column for one release and say it there: `#[colmig(deprecated, reverse = \"…\")]` above `{lost}`"
        )),
    }))
}
