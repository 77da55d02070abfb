//! Structs inside the bodies of functions: found by their tokens, because a body is full of expressions
//! that have nothing to say here.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::{Attribute, DeriveInput};

use super::cfg::{Compiled, compiled};

/// Calls `found` with every item that has attributes and can be derived for, and whether a `cfg` stands
/// around it. What only tests compile, and what macros are given, is left out.
pub(super) fn items(
    tokens: TokenStream,
    conditional: bool,
    found: &mut impl FnMut(&DeriveInput, bool),
) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = &tokens[..];
    while let Some(first) = rest.first() {
        if is_macro_call(rest) {
            rest = &rest[after_macro_call(rest)..];
        } else if is_attribute(rest) {
            rest = attributed(rest, conditional, found);
        } else {
            if let TokenTree::Group(group) = first {
                items(group.stream(), conditional, found);
            }
            rest = &rest[1..];
        }
    }
}

/// Attributes and the thing below them; returns what comes after.
fn attributed<'t>(
    tokens: &'t [TokenTree],
    conditional: bool,
    found: &mut impl FnMut(&DeriveInput, bool),
) -> &'t [TokenTree] {
    let mut start = 0;
    while is_attribute(&tokens[start..]) {
        start += 2;
    }
    let attrs: TokenStream = tokens[..start].iter().cloned().collect();
    let attrs = Attribute::parse_outer.parse2(attrs).unwrap_or_default();
    let length = item_length(&tokens[start..]);
    let (item, after) = tokens[start..].split_at(length);
    let now = match compiled(&attrs) {
        Compiled::InTests => return after,
        Compiled::Sometimes(_) => true,
        Compiled::Always => conditional,
    };
    let whole: TokenStream = tokens[..start + length].iter().cloned().collect();
    match syn::parse2::<DeriveInput>(whole) {
        Ok(input) => found(&input, conditional),
        Err(_) => items(item.iter().cloned().collect(), now, found),
    }
    after
}

/// Up to the first `;` or block: there an item ends, or the part of it that can hold structs.
fn item_length(tokens: &[TokenTree]) -> usize {
    let end = tokens.iter().position(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    end.map_or(tokens.len(), |end| end + 1)
}

fn is_attribute(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(hash), TokenTree::Group(list), ..]
        if hash.as_char() == '#' && list.delimiter() == Delimiter::Bracket)
}

/// `name!(…)` and `macro_rules! name { … }`.
fn is_macro_call(tokens: &[TokenTree]) -> bool {
    match tokens {
        [TokenTree::Ident(_), TokenTree::Punct(bang), TokenTree::Group(_), ..] => {
            bang.as_char() == '!'
        }
        [TokenTree::Ident(name), TokenTree::Punct(bang), ..] => {
            name == "macro_rules" && bang.as_char() == '!'
        }
        _ => false,
    }
}

fn after_macro_call(tokens: &[TokenTree]) -> usize {
    let group = tokens.iter().position(|token| matches!(token, TokenTree::Group(_)));
    group.map_or(tokens.len(), |group| group + 1)
}
