//! The attributes of sqlx that name columns: they decide what `sqlx::FromRow` looks for, so they count
//! here too.
//!
//! sqlx checks its own grammar where its derive is used; what is not understood here is left to it.

use proc_macro2::Span;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, LitStr, Meta, Token, Type};

use super::Mistake;
use super::attr::{Item, items};
use super::case::{CASES, Case};
use crate::problem::GRAMMAR;

/// What sqlx's attributes say of one field.
#[derive(Default)]
pub(super) struct FieldWords {
    /// `rename = "…"`.
    pub(super) rename: Option<LitStr>,
    /// `skip`: the field is no column.
    pub(super) skip: bool,
    /// `flatten`: the field is a struct whose fields are columns.
    pub(super) flatten: Option<Span>,
    /// `json`: the column holds the value as JSON; with `json(nullable)`, or nothing.
    pub(super) json: Option<(Span, bool)>,
    /// `try_from = "…"`: the type that the column holds.
    pub(super) try_from: Option<(Span, Type)>,
}

/// Reads `#[sqlx(…)]` above a field.
pub(super) fn field(attrs: &[Attribute], mistakes: &mut Vec<Mistake>) -> FieldWords {
    let mut words = FieldWords::default();
    for Said { name, span, text, nullable } in said(attrs) {
        match name.as_str() {
            "rename" => words.rename = text,
            "skip" => words.skip = true,
            "flatten" => words.flatten = Some(span),
            "json" => words.json = Some((span, nullable)),
            "try_from" => words.try_from = text.and_then(|text| Some((span, text.parse().ok()?))),
            _ => {}
        }
    }
    mistakes.extend(words.contradiction());
    words
}

impl FieldWords {
    /// What sqlx decodes in two ways at once, colmig could not write in either.
    fn contradiction(&self) -> Option<Mistake> {
        let said = [
            ("flatten", self.flatten),
            ("json", self.json.map(|(span, _)| span)),
            ("try_from", self.try_from.as_ref().map(|(span, _)| *span)),
        ];
        let said: Vec<_> = said.iter().filter_map(|(word, span)| Some((*word, (*span)?))).collect();
        let [(first, _), (second, span), ..] = said[..] else { return None };
        let problem = GRAMMAR
            .problem(format!("`{first}` and `{second}` say two things of one field"))
            .help("keep one of them, and convert the other way in a method");
        Some(Mistake::new(span, problem))
    }
}

/// Reads `#[sqlx(rename_all = "…")]` above a struct.
pub(super) fn rename_all(
    attrs: &[Attribute],
    mistakes: &mut Vec<Mistake>,
) -> Option<&'static Case> {
    let Said { span, text, .. } = said(attrs).into_iter().find(|said| said.name == "rename_all")?;
    case(span, text.as_ref(), mistakes)
}

/// The case that `rename_all` names.
pub(super) fn case(
    span: Span,
    text: Option<&LitStr>,
    mistakes: &mut Vec<Mistake>,
) -> Option<&'static Case> {
    let case = CASES.iter().find(|(word, _)| text.is_some_and(|text| text.value() == *word));
    if case.is_none() {
        let known: Vec<_> = CASES.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
        let unknown = GRAMMAR
            .problem("`rename_all` takes the name of a case")
            .help(format!("write one of {}", known.join(", ")));
        mistakes.push(Mistake::new(text.map_or(span, |text| text.span()), unknown));
    }
    case
}

/// One word of `#[sqlx(…)]`.
struct Said {
    name: String,
    span: Span,
    text: Option<LitStr>,
    /// `(nullable)` follows.
    nullable: bool,
}

/// The words of all `#[sqlx(…)]`.
fn said(attrs: &[Attribute]) -> Vec<Said> {
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
        let nullable = item.rest.to_string().replace(' ', "") == "(nullable)";
        let text = text.parse2(item.rest).ok();
        Some(Said { name: name.to_string(), span: name.span(), text, nullable })
    };
    lists.flat_map(items).filter_map(word).collect()
}
