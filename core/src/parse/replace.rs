//! A column that takes the place of others: `replaces`, `forward`, `dual_write`; and of one of the key.

use proc_macro2::Span;

use super::Mistake;
use super::field::Read;
use super::guard::no_column;
use super::shape::Shape;
use crate::ident::quote;
use crate::lifecycle::{PAIRS, State, pair_remedies};
use crate::problem::{GRAMMAR, NOT_SUPPORTED, Problem, STATE_AGAINST_TYPE};
use crate::schema::DualWrite;
use crate::types::PerDatabase;

/// Everything that can be wrong between a replacement and what it replaces.
pub(super) fn check(fields: &[Read], key: &[String], mistakes: &mut Vec<Mistake>) {
    for field in fields.iter().filter(|field| !field.has_mistakes) {
        if is_of_the_key(field, key) {
            mistakes.extend(as_key(field, fields).map(|(span, what)| Mistake::new(span, what)));
            continue;
        }
        if let Some((span, problem)) = numbered(field) {
            mistakes.push(Mistake::new(span, problem));
            continue;
        }
        let sources = field.words.names("replaces").unwrap_or_default();
        for (name, span) in sources {
            let problem = match key.contains(name) {
                true => Some(of_the_key(name, field)),
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

/// Says of a column that takes the place of one of the key how both are computed: it has its values.
pub(super) fn carry_over(fields: &mut [Read], key: &[String]) {
    for field in fields.iter_mut().filter(|field| is_of_the_key(field, key)) {
        let Some(old) = field.column.replaces.first() else { continue };
        field.column.forward = PerDatabase::Everywhere(quote(old));
        field.column.reverse = PerDatabase::Everywhere(quote(&field.column.name));
    }
}

fn is_of_the_key(field: &Read, key: &[String]) -> bool {
    !field.column.replaces.is_empty() && key.contains(&field.column.name)
}

/// What is wrong with a column of the key that takes the place of another one.
fn as_key(field: &Read, fields: &[Read]) -> Option<(Span, Problem)> {
    let (name, replaces) = (&field.column.name, &field.column.replaces);
    let span = field.words.said("replaces")?;
    let [old] = replaces.as_slice() else {
        return Some((
            span,
            NOT_SUPPORTED
                .problem(format!(
                    "`{name}` is of the primary key, and replaces {} columns",
                    replaces.len()
                ))
                .help("a column of the key takes the place of one column, with its values"),
        ));
    };
    if old == name {
        return Some((span, itself(name)));
    }
    if let Some(other) = fields.iter().find(|other| other.column.name == *old) {
        return Some((
            span,
            GRAMMAR
                .problem(format!("`{name}` takes the place of `{old}` as the key, and `{}` is there still", other.member))
                .help(format!("delete the field of `{old}` in the same edit: a trigger keeps both alike for older releases")),
        ));
    }
    if field.column.dual_write != DualWrite::Trigger {
        return Some((
            span,
            NOT_SUPPORTED
                .problem(format!("`{name}` takes the place of `{old}` as the key, and releases find rows by either: only a trigger keeps them alike"))
                .help("add `dual_write = \"trigger\"`")
                .help("if the replacement is done, delete `replaces`"),
        ));
    }
    let (word, span) = ["forward", "reverse"]
        .into_iter()
        .find_map(|word| Some((word, field.words.said(word)?)))?;
    let problem = GRAMMAR
        .problem(format!(
            "`{name}` takes over the key with its values, and `{word}` would make others of them"
        ))
        .help(format!("delete `{word}`; for other values, add a column beside the key"));
    Some((span, problem))
}

/// The database numbers a column of the key, and no other one that replaces something.
fn numbered(field: &Read) -> Option<(Span, Problem)> {
    let (span, _) = (field.words.said("auto")?, field.words.said("replaces")?);
    let problem = GRAMMAR
        .problem(format!(
            "`{}` says `replaces` and `auto`: its values come from the columns that it replaces",
            field.column.name
        ))
        .help("delete `auto`");
    Some((span, problem))
}

fn itself(name: &str) -> Problem {
    GRAMMAR
        .problem(format!("`{name}` replaces itself"))
        .help("name the column that it takes the place of")
}

/// Every release finds its rows by the key, so what takes its place is the key too.
fn of_the_key(name: &str, field: &Read) -> Problem {
    let new = &field.column.name;
    NOT_SUPPORTED
        .problem(format!("`{name}` is of the primary key, and `{new}`, which replaces it, is not"))
        .help(format!(
            "for a wider key of another name, on PostgreSQL: delete the field of `{name}`, and write `#[colmig(primary_key, replaces({name}), dual_write = \"trigger\")]` above `{}`",
            field.member
        ))
        .help("otherwise keep the key; a new column can stand beside it")
}

/// What is wrong with one source.
fn source(name: &str, field: &Read, fields: &[Read]) -> Option<Problem> {
    let (new, state) = (&field.column.name, field.column.state);
    if name == new {
        return Some(itself(name));
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
