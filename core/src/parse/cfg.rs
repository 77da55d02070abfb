//! Conditional compilation, as far as it decides whether colmig sees an item.
//!
//! The derive sees code after rustc has chosen; the command line sees all of it. A table that both must
//! read alike can therefore not be conditional. What only tests compile is no part of a project.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Attribute, Meta};

use super::attr::{Item, items};
use crate::problem::{NOT_A_TABLE, Problem};

/// When an item is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) enum Compiled {
    /// Always.
    Always,
    /// Sometimes; the token says where.
    Sometimes(Span),
    /// In tests only.
    InTests,
}

/// When an item with these attributes is compiled.
pub(super) fn compiled(attrs: &[Attribute]) -> Compiled {
    let mut compiled = Compiled::Always;
    for attr in attrs {
        match &attr.meta {
            Meta::List(list) if list.path.is_ident("cfg") => {
                if items(list.tokens.clone()).into_iter().any(means_test) {
                    return Compiled::InTests;
                }
                compiled = Compiled::Sometimes(list.path.span());
            }
            Meta::Path(_) | Meta::List(_) if is_test(attr) => return Compiled::InTests,
            _ => {}
        }
    }
    compiled
}

/// The first attribute that makes what colmig reads conditional: `cfg`, or a `cfg_attr` that holds words
/// of colmig or sqlx, or the derive. Other `cfg_attr`s change nothing here.
pub(super) fn conditional(attrs: &[Attribute]) -> Option<(Span, Problem)> {
    attrs.iter().find_map(|attr| {
        let conditional = match &attr.meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => matters(list.tokens.clone()),
            _ => attr.path().is_ident("cfg"),
        };
        conditional.then(|| (attr.path().span(), problem()))
    })
}

/// Why a table cannot be conditional.
pub(super) fn problem() -> Problem {
    NOT_A_TABLE
        .problem("a table and its columns cannot depend on `cfg`")
        .help("`cargo colmig generate` reads the source without building it, so it would record another table than the one that is compiled; declare the column in every build, or move the table into a crate of its own")
}

/// Whether a `cfg_attr` derives `Table` when its condition holds.
pub(super) fn derives_table_sometimes(attr: &Attribute) -> bool {
    match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let derives = items(list.tokens.clone())
                .into_iter()
                .skip(1)
                .filter(|item| item.name.as_ref().is_ok_and(|name| name == "derive"));
            derives.into_iter().any(|item| mentions(item.rest, &["Table"]))
        }
        _ => false,
    }
}

/// `test`, or an `all(…)` with it, or an `any(…)` of nothing else.
fn means_test(predicate: Item) -> bool {
    let is_word_alone = predicate.rest.is_empty();
    let inside = predicate.rest.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => Some(items(group.stream())),
        _ => None,
    });
    match (predicate.name.map(|name| name.to_string()).as_deref(), inside) {
        (Ok("test"), None) => is_word_alone,
        (Ok("all"), Some(inside)) => inside.into_iter().any(means_test),
        (Ok("any"), Some(inside)) => !inside.is_empty() && inside.into_iter().all(means_test),
        _ => false,
    }
}

/// `#[test]`, `#[tokio::test]`, `#[sqlx::test]`.
fn is_test(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == "test")
}

fn matters(tokens: TokenStream) -> bool {
    let attributes = items(tokens)
        .into_iter()
        .skip(1)
        .filter_map(|item| item.name.ok().map(|name| (name, item.rest)));
    attributes.into_iter().any(|(name, rest)| match name.to_string().as_str() {
        "colmig" | "sqlx" | "cfg" => true,
        "derive" => mentions(rest, &["Table"]),
        "cfg_attr" => mentions(rest, &["colmig", "sqlx", "Table"]),
        _ => false,
    })
}

fn mentions(tokens: TokenStream, names: &[&str]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), names),
        TokenTree::Ident(ident) => names.iter().any(|name| ident == name),
        _ => false,
    })
}
