//! The code of the derive needs no lint to be allowed, whichever group one turns on.

#![no_std]
#![forbid(unsafe_code, missing_docs, deprecated)]
#![deny(warnings, unused)]
#![deny(nonstandard_style, future_incompatible, rust_2018_idioms, rust_2021_compatibility)]
#![deny(rust_2024_compatibility, let_underscore, refining_impl_trait)]
#![deny(unused_qualifications, unused_lifetimes, unused_import_braces, unused_results)]
#![deny(elided_lifetimes_in_paths, explicit_outlives_requirements, single_use_lifetimes)]
#![deny(missing_debug_implementations, trivial_casts, trivial_numeric_casts)]
#![deny(unreachable_pub, unit_bindings, unnameable_types, redundant_imports, unused_crate_dependencies)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(clippy::allow_attributes, clippy::allow_attributes_without_reason, clippy::absolute_paths)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]
#![deny(clippy::same_name_method, clippy::multiple_inherent_impl, clippy::pattern_type_mismatch)]
#![deny(clippy::missing_inline_in_public_items, clippy::missing_trait_methods, clippy::std_instead_of_core)]
#![deny(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated, clippy::items_after_statements)]
#![deny(clippy::single_call_fn, clippy::min_ident_chars, clippy::integer_division_remainder_used)]
#![deny(clippy::default_numeric_fallback, clippy::undocumented_unsafe_blocks, clippy::mod_module_files)]

extern crate alloc;

use alloc::string::String;

/// A table.
#[derive(Debug, colmig::Table)]
pub struct User {
    /// Its key.
    #[colmig(primary_key)]
    pub id: i64,
    /// What is added.
    #[colmig(adding, backfill = "''")]
    pub handle: colmig::WriteOnly<String>,
    /// What goes.
    #[colmig(deprecated)]
    pub nickname: colmig::WriteOnly<Option<String>>,
    secret: String,
}
