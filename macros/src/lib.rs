//! The derives of colmig: tokens in, tokens out, and the lock file in.
//!
//! `derive` is the order of things; `lock` finds the lock file, `colmig_core::parse` reads and checks the
//! struct, `expand` writes the code, and `fallback` writes just enough of it where the struct is wrong,
//! so that one mistake is one error. Use it through the `colmig` crate, which the code names.

mod columns;
mod derive;
mod enumeration;
mod expand;
mod fallback;
mod lock;

/// Makes a struct stand for a table: `colmig::Table`, and `colmig::Bind` for every database that has a
/// type for each of its columns.
///
/// ```ignore
/// #[derive(sqlx::FromRow, colmig::Table)]
/// #[colmig(table = "users")]
/// struct User {
///     #[colmig(primary_key, auto)]
///     id: i64,
///     #[colmig(adding, backfill = "lower(email)")]
///     handle: colmig::WriteOnly<String>,
/// }
/// ```
///
/// It heeds `#[sqlx(…)]` too, whether or not `sqlx::FromRow` is derived.
#[proc_macro_derive(Table, attributes(colmig, sqlx))]
pub fn table(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive::table(input.into(), &lock::Surroundings::of_this_compilation()).into()
}

/// Makes an enum stand for an enum type of the database: `colmig::EnumType`, and sqlx's `Type`, `Encode` and
/// `Decode` for every database that colmig speaks to.
///
/// ```ignore
/// #[derive(Clone, Copy, Debug, PartialEq, colmig::Enum)]
/// #[colmig(rename_all = "snake_case")]
/// enum Mood {
///     Happy,
///     #[colmig(rename = "meh")]
///     Indifferent,
///     #[colmig(adding)]
///     Angry,
/// }
/// ```
#[proc_macro_derive(Enum, attributes(colmig))]
pub fn enumeration(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive::enumeration(input.into(), &lock::Surroundings::of_this_compilation()).into()
}

/// What `colmig::columns!` hands its tokens to.
#[doc(hidden)]
#[proc_macro]
pub fn columns(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    columns::columns(input.into()).into()
}
