//! A field's type, by its last path segment: whether it may be NULL, whether it can be read, and the
//! type inside.
//!
//! No name is resolved, because the command line could not: an alias of `WriteOnly` is not one here.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

use crate::lifecycle::Nullability;
use crate::problem::{Problem, STATE_AGAINST_TYPE};

/// How a field holds its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `T`
    Plain,
    /// `Option<T>`
    Optional,
    /// `RequiredOnWrite<T>`
    RequiredOnWrite,
    /// `WriteOnly<T>`
    WriteOnly,
    /// `WriteOnly<Option<T>>`
    WriteOnlyOptional,
}

impl Shape {
    /// Whether the code reckons with NULL in the column.
    pub fn nullability(self) -> Nullability {
        match self {
            Shape::Plain | Shape::WriteOnly => Nullability::Relies,
            Shape::RequiredOnWrite => Nullability::Upholds,
            Shape::Optional | Shape::WriteOnlyOptional => Nullability::Loose,
        }
    }

    /// Whether the code cannot read it.
    pub fn is_write_only(self) -> bool {
        matches!(self, Shape::WriteOnly | Shape::WriteOnlyOptional)
    }

    /// Whether a field of this shape may be without a value.
    pub fn may_be_unset(self) -> bool {
        self.is_write_only() || self == Shape::RequiredOnWrite
    }

    /// The outer wrapper, for messages; empty where there is none.
    pub(super) fn wrapper(self) -> &'static str {
        match self {
            Shape::Plain => "",
            Shape::Optional => "Option",
            Shape::RequiredOnWrite => "RequiredOnWrite",
            Shape::WriteOnly | Shape::WriteOnlyOptional => "WriteOnly",
        }
    }

    /// The same, readable or not.
    pub fn with_write_only(self, write_only: bool) -> Shape {
        match (self.nullability(), write_only) {
            (Nullability::Relies, false) => Shape::Plain,
            (Nullability::Upholds, false) => Shape::RequiredOnWrite,
            (Nullability::Loose, false) => Shape::Optional,
            (Nullability::Relies | Nullability::Upholds, true) => Shape::WriteOnly,
            (Nullability::Loose, true) => Shape::WriteOnlyOptional,
        }
    }

    /// The type to write for an inner type in this shape.
    pub fn around(self, inner: &Type) -> String {
        self.around_text(&written(inner))
    }

    /// The same for a type that is written already.
    pub(super) fn around_text(self, inner: &str) -> String {
        match self {
            Shape::Plain => inner.to_owned(),
            Shape::Optional => format!("Option<{inner}>"),
            Shape::RequiredOnWrite => format!("RequiredOnWrite<{inner}>"),
            Shape::WriteOnly => format!("WriteOnly<{inner}>"),
            Shape::WriteOnlyOptional => format!("WriteOnly<Option<{inner}>>"),
        }
    }
}

/// The wrappers that say something of a column.
const WRAPPERS: &[&str] = &["Option", "RequiredOnWrite", "WriteOnly"];

/// The shape of a type and the type inside, or why the wrappers cannot be in this order.
pub(super) fn shape(ty: &Type) -> Result<(Shape, &Type), Problem> {
    let (mut around, mut inner) = (Vec::new(), ty);
    while let Some((wrapper, inside)) = WRAPPERS.iter().find_map(|w| Some((*w, wrapped(inner, w)?)))
    {
        around.push(wrapper);
        inner = inside;
    }
    let shape = match around[..] {
        [] => Shape::Plain,
        ["Option"] => Shape::Optional,
        ["RequiredOnWrite"] => Shape::RequiredOnWrite,
        ["WriteOnly"] => Shape::WriteOnly,
        ["WriteOnly", "Option"] => Shape::WriteOnlyOptional,
        _ => return Err(wrapped_wrongly(ty, &around, inner)),
    };
    Ok((shape, inner))
}

fn wrapped_wrongly(ty: &Type, around: &[&str], inner: &Type) -> Problem {
    let shape = match (around.contains(&"Option"), around.contains(&"RequiredOnWrite")) {
        (true, _) => Shape::Optional,
        (false, true) => Shape::RequiredOnWrite,
        (false, false) => Shape::Plain,
    };
    let right = shape.with_write_only(around.contains(&"WriteOnly"));
    STATE_AGAINST_TYPE
        .problem(format!("`{}` wraps its value twice", written(ty)))
        .help(format!("write `{}`", right.around(inner)))
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
