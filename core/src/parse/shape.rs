//! A field's type, by its last path segment: whether it may be NULL, whether it can be read, and the
//! type inside.
//!
//! No name is resolved, because the command line could not: an alias of `WriteOnly` is not one here.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

use crate::problem::{NOT_SUPPORTED, Problem, STATE_AGAINST_TYPE};

/// How a field holds its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `T`
    Plain,
    /// `Option<T>`
    Optional,
    /// `WriteOnly<T>`
    WriteOnly,
    /// `WriteOnly<Option<T>>`
    WriteOnlyOptional,
}

impl Shape {
    /// Whether the column may be NULL.
    pub fn is_optional(self) -> bool {
        matches!(self, Shape::Optional | Shape::WriteOnlyOptional)
    }

    /// Whether the code cannot read it.
    pub fn is_write_only(self) -> bool {
        matches!(self, Shape::WriteOnly | Shape::WriteOnlyOptional)
    }

    /// The same, readable or not.
    pub fn with_write_only(self, write_only: bool) -> Shape {
        match (self.is_optional(), write_only) {
            (false, false) => Shape::Plain,
            (true, false) => Shape::Optional,
            (false, true) => Shape::WriteOnly,
            (true, true) => Shape::WriteOnlyOptional,
        }
    }

    /// The type to write for an inner type in this shape.
    pub fn around(self, inner: &Type) -> String {
        let inner = written(inner);
        match self {
            Shape::Plain => inner,
            Shape::Optional => format!("Option<{inner}>"),
            Shape::WriteOnly => format!("WriteOnly<{inner}>"),
            Shape::WriteOnlyOptional => format!("WriteOnly<Option<{inner}>>"),
        }
    }
}

/// The shape of a type and the type inside, or why the wrappers cannot be in this order.
pub(super) fn shape(ty: &Type) -> Result<(Shape, &Type), Problem> {
    let (shape, inner) = match (wrapped(ty, "WriteOnly"), wrapped(ty, "Option")) {
        (Some(inside), _) => match wrapped(inside, "Option") {
            Some(inner) => (Shape::WriteOnlyOptional, inner),
            None => (Shape::WriteOnly, inside),
        },
        (None, Some(inner)) => (Shape::Optional, inner),
        (None, None) => (Shape::Plain, ty),
    };
    if wrapped(ty, "RequiredOnWrite").is_some() || wrapped(inner, "RequiredOnWrite").is_some() {
        return Err(NOT_SUPPORTED
            .problem("this version of colmig cannot tighten or relax a column in place, so it has no `RequiredOnWrite`")
            .help("keep the type as it was; to tighten, add a new column with a `backfill` from this one, then drop this one"));
    }
    let Some(innermost) = wrapped(inner, "Option").or_else(|| wrapped(inner, "WriteOnly")) else {
        return Ok((shape, inner));
    };
    let optional = shape.is_optional() || wrapped(inner, "Option").is_some();
    let write_only = shape.is_write_only() || wrapped(inner, "WriteOnly").is_some();
    let right = if optional { Shape::Optional } else { Shape::Plain }.with_write_only(write_only);
    Err(STATE_AGAINST_TYPE
        .problem(format!("`{}` wraps its value twice", written(ty)))
        .help(format!("write `{}`", right.around(innermost))))
}

/// The `T` of `wrapper<T>`.
fn wrapped<'t>(ty: &'t Type, wrapper: &str) -> Option<&'t Type> {
    let Type::Path(path) = bare(ty) else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == wrapper)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match (arguments.args.first(), arguments.args.len()) {
        (Some(GenericArgument::Type(inner)), 1) => Some(inner),
        _ => None,
    }
}

/// Without the parentheses, and without the invisible ones that a macro's `$t:ty` leaves.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

/// The type as the type table spells it: without paths. `chrono::DateTime<chrono::Utc>` is
/// `DateTime<Utc>`.
pub(super) fn without_path(ty: &Type) -> String {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last().map_or_else(String::new, |last| {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return last.to_token_stream().to_string();
            };
            let arguments = arguments.args.iter().map(|argument| match argument {
                GenericArgument::Type(ty) => without_path(ty),
                other => other.to_token_stream().to_string(),
            });
            format!("{}<{}>", last.ident, arguments.collect::<Vec<_>>().join(","))
        }),
        Type::Slice(slice) => format!("[{}]", without_path(&slice.elem)),
        other => other.to_token_stream().to_string(),
    }
}

/// The tokens as a person would write them.
pub(super) fn written(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        ("( ", "("),
        (" (", "("),
        (" )", ")"),
    ] {
        text = text.replace(spaced, tight);
    }
    text
}
