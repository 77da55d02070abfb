//! The code of the derive needs no lint to be allowed. A crate of its own: some lints heed nothing less.

#![deny(warnings, missing_docs, unused, nonstandard_style, future_incompatible)]
#![deny(rust_2018_idioms, rust_2021_compatibility, let_underscore, refining_impl_trait)]
#![deny(unused_qualifications, unused_lifetimes, unused_import_braces, unused_results)]
#![deny(elided_lifetimes_in_paths, explicit_outlives_requirements, single_use_lifetimes)]
#![deny(
    missing_debug_implementations,
    trivial_casts,
    trivial_numeric_casts,
    variant_size_differences
)]
#![deny(unreachable_pub, unit_bindings, unnameable_types, redundant_imports, redundant_lifetimes)]
#![forbid(unsafe_code)]

use colmig::{Table, WriteOnly};

/// A table.
#[derive(Debug, sqlx::FromRow, Table)]
pub struct User {
    /// Its key.
    #[colmig(primary_key)]
    pub id: i64,
    /// Another column.
    #[colmig(deprecated)]
    pub nickname: WriteOnly<Option<String>>,
    #[colmig(type = "text")]
    secret: Secret,
}

#[derive(Debug, Table)]
#[deprecated]
struct Old {
    #[colmig(primary_key)]
    id: i64,
    #[deprecated]
    name: String,
}

#[derive(Debug, sqlx::Type)]
#[sqlx(transparent)]
struct Secret(String);

#[test]
fn no_lint_has_to_be_allowed() {
    assert_eq!(User::TABLE.columns.len(), 3);
}
