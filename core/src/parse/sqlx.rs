//! The attributes of sqlx that name columns: they decide what `sqlx::FromRow` looks for, so they count
//! here too.
//!
//! sqlx checks its own grammar where its derive is used; what is not understood here is left to it.

use proc_macro2::Span;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, LitStr, Meta, Token};

use super::Mistake;
use super::attr::{Item, items};
use super::case::{CASES, Case};
use crate::problem::{GRAMMAR, NOT_SUPPORTED};

/// What sqlx's attributes say of one field.
#[derive(Default)]
pub(super) struct FieldWords {
    /// `rename = "…"`.
    pub(super) rename: Option<LitStr>,
    /// `skip`: the field is no column.
    pub(super) skip: bool,
}

/// Words that change how a field is decoded, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("flatten", "name the columns of the inner struct as fields of this one"),
    (
        "json",
        "give the field the type `sqlx::types::Json<T>` and add `#[colmig(type(postgres = \"jsonb\", sqlite = \"TEXT\"))]`",
    ),
    ("try_from", "give the field the type that the column holds, and convert it in a method"),
];

/// Reads `#[sqlx(…)]` above a field.
pub(super) fn field(attrs: &[Attribute], mistakes: &mut Vec<Mistake>) -> FieldWords {
    let mut words = FieldWords::default();
    for (name, span, text) in said(attrs) {
        if let Some((_, instead)) = REFUSED.iter().find(|(word, _)| *word == name) {
            let refused = NOT_SUPPORTED
                .problem(format!("a table cannot use `#[sqlx({name})]`: colmig writes the column too, and sqlx only reads it this way"));
            mistakes.push(Mistake::new(span, refused.help(*instead)));
        }
        match name.as_str() {
            "rename" => words.rename = text,
            "skip" => words.skip = true,
            _ => {}
        }
    }
    words
}

/// Reads `#[sqlx(rename_all = "…")]` above a struct.
pub(super) fn rename_all(
    attrs: &[Attribute],
    mistakes: &mut Vec<Mistake>,
) -> Option<&'static Case> {
    let (_, span, text) = said(attrs).into_iter().find(|(name, ..)| name == "rename_all")?;
    let case = CASES.iter().find(|(word, _)| text.as_ref().is_some_and(|t| t.value() == *word));
    if case.is_none() {
        let known: Vec<_> = CASES.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
        let unknown = GRAMMAR
            .problem("`rename_all` takes the name of a case")
            .help(format!("write one of {}", known.join(", ")));
        mistakes.push(Mistake::new(text.map_or(span, |text| text.span()), unknown));
    }
    case
}

/// The words of all `#[sqlx(…)]`, each with its text if it has one.
fn said(attrs: &[Attribute]) -> Vec<(String, Span, Option<LitStr>)> {
    let lists = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("sqlx") => Some(list.tokens.clone()),
        _ => None,
    });
    let text = |input: ParseStream<'_>| {
        input.parse::<Token![=]>()?;
        input.parse::<LitStr>()
    };
    let word = |item: Item| {
        let name = item.name.ok()?;
        Some((name.to_string(), name.span(), text.parse2(item.rest).ok()))
    };
    lists.flat_map(items).filter_map(word).collect()
}
