//! The primary key, and the columns whose values the database makes.

use proc_macro2::{Ident, Span};

use super::Mistake;
use super::attr::Words;
use super::field::Read;
use super::guard::no_column;
use super::shape::Shape;
use crate::lifecycle::{Access, Nullability, State};
use crate::problem::{DUPLICATE, GRAMMAR, NO_KEY, Problem, STATE_AGAINST_TYPE};

/// The columns of the key: the struct's list, or the fields that say so, in their order. None where a
/// mistake that has been reported leaves it open.
pub(super) fn primary_key(
    words: &Words,
    fields: &[Read],
    ident: &Ident,
    access: Access,
) -> Result<Vec<String>, Vec<Mistake>> {
    let flagged = |field| Some((field, Read::word(field, "primary_key")?));
    let flagged: Vec<_> = fields.iter().filter_map(flagged).collect();
    match (words.said("primary_key"), flagged.first()) {
        // What names some columns of a table need not name its key.
        (None, None) if access != Access::Writer => Ok(Vec::new()),
        (None, None) if may_be_misspelt(words, fields) => Ok(Vec::new()),
        (None, None) => Err(vec![Mistake::new(ident.span(), no_key(ident, fields))]),
        (Some(_), Some((field, span))) => Err(vec![Mistake::new(*span, said_twice(field))]),
        (Some(_), None) => listed(words.names("primary_key").unwrap_or_default(), fields),
        (None, Some(_)) => by_field(&flagged),
    }
}

/// Something that was said and not understood, and reported, may have been meant as the key.
fn may_be_misspelt(words: &Words, fields: &[Read]) -> bool {
    let lack = |words: &Words| words.lack("primary_key");
    !lack(words) || fields.iter().any(|field| !lack(&field.words))
}

fn no_key(ident: &Ident, fields: &[Read]) -> Problem {
    let problem = NO_KEY.problem(format!("`{ident}` has no primary key"));
    let candidate = fields.iter().find(|field| field.column.name == "id").or(fields.first());
    let above =
        candidate.map_or_else(|| "a field".to_owned(), |field| format!("`{}`", field.member));
    problem.help(format!(
        "write `#[colmig(primary_key)]` above {above}, or `#[colmig(primary_key(a, b))]` above the struct"
    ))
}

fn said_twice(field: &Read) -> Problem {
    GRAMMAR
        .problem("the primary key is said twice: above the struct and above a field")
        .help(format!("delete one; the list above the struct can name `{}`", field.column.name))
}

/// Every name in the list is a column that can be part of a key, and stands there once.
fn listed(names: &[(String, Span)], fields: &[Read]) -> Result<Vec<String>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    for (index, (name, span)) in names.iter().enumerate() {
        let twice = names[..index].iter().any(|(earlier, _)| earlier == name);
        let problem = match fields.iter().find(|field| field.column.name == *name) {
            _ if twice => Some(
                DUPLICATE
                    .problem(format!("the key names `{name}` twice"))
                    .help("delete one of them"),
            ),
            Some(field) => not_a_key(field),
            None => Some(no_column(name, fields)),
        };
        mistakes.extend(problem.map(|problem| Mistake::new(*span, problem)));
    }
    if mistakes.is_empty() {
        Ok(names.iter().map(|(name, _)| name.clone()).collect())
    } else {
        Err(mistakes)
    }
}

/// Each field that says so can be part of a key. One with a state has been refused as a contradiction.
fn by_field(flagged: &[(&Read, Span)]) -> Result<Vec<String>, Vec<Mistake>> {
    let active = flagged.iter().filter(|(field, _)| field.column.state == State::Active);
    let mistakes: Vec<_> =
        active.filter_map(|(field, span)| Some(Mistake::new(*span, not_a_key(field)?))).collect();
    if mistakes.is_empty() {
        Ok(flagged.iter().map(|(field, _)| field.column.name.clone()).collect())
    } else {
        Err(mistakes)
    }
}

/// A key column has a value in every row, and every statement reads it.
fn not_a_key(field: &Read) -> Option<Problem> {
    let Read { column, member, .. } = field;
    if column.state != State::Active {
        return Some(
            GRAMMAR
                .problem(format!(
                    "`{member}` is `{}`, and every statement reads the key",
                    column.state
                ))
                .help("a key cannot change in place: keep its columns as plain fields"),
        );
    }
    (column.nullability != Nullability::Relies).then(|| {
        STATE_AGAINST_TYPE
            .problem(format!("`{member}` is part of the key and may be NULL"))
            .help(format!("write `{member}: {}`", Shape::Plain.around(&field.inner)))
    })
}

/// The database makes a value where it has a default, or where the column alone is an integer key: the
/// databases number nothing else alike.
pub(super) fn check_auto(fields: &[Read], key: &[String], mistakes: &mut Vec<Mistake>) {
    for field in fields.iter().filter(|field| !field.has_mistakes) {
        let Some(span) = field.word("auto") else { continue };
        // What replaces a column and is of no key has its values from there, as is said elsewhere.
        if !field.column.replaces.is_empty() && !key.contains(&field.column.name) {
            continue;
        }
        let is_the_key = matches!(key, [only] if *only == field.column.name);
        let is_numbered = is_the_key && field.column.ty.is_integer();
        if !is_numbered && field.column.default.is_nowhere() {
            mistakes.push(Mistake::new(span, nothing_makes(field, is_the_key)));
        }
    }
}

fn nothing_makes(field: &Read, is_the_key: bool) -> Problem {
    let why = match (is_the_key, field.word("type")) {
        (false, _) => "it is not the whole primary key",
        (true, None) => "it is no `i16`, `i32` or `i64`",
        (true, Some(_)) => "only an integer without a `type` of its own is numbered",
    };
    GRAMMAR
        .problem(format!("nothing makes the values of `{}`: it has no default, and {why}", field.member))
        .help("add the expression that makes them, as the database spells it: `#[colmig(auto, default = \"…\")]`")
        .help("or delete `auto`, and give the value in the application")
}
