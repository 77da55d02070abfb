//! The code of a struct that is wrong: it satisfies rustc wherever the struct is used as a table, and
//! never runs, because an error stands beside it.

use colmig_core::parse::crate_path;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

/// The traits of a table, without a table.
pub(crate) fn table(input: &DeriveInput) -> TokenStream {
    let (ident, colmig) = (&input.ident, crate_path(input));
    let sqlx = quote! { #colmig::__private::sqlx };
    let (of_table, parameters, clause) = input.generics.split_for_impl();
    let mut with_database = input.generics.clone();
    with_database.params.push(parse_quote!(__DB: #sqlx::Database));
    let (of_bind, ..) = with_database.split_for_impl();
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #of_table #colmig::Table for #ident #parameters #clause {
                const TABLE: &'static #colmig::__private::TableInfo =
                    &#colmig::__private::TableInfo {
                        name: "",
                        rust: "",
                        package: "",
                        access: #colmig::__private::Access::Writer,
                        owner: "",
                        project: "",
                        head: "",
                        born: "",
                        columns: &[],
                        primary_key: &[],
                    };
                const COLUMNS: &'static ::core::primitive::str = "";
                const SELECT: &'static ::core::primitive::str = "";
                fn is_unset(&self, _: ::core::primitive::usize) -> ::core::primitive::bool {
                    false
                }
            }
            #[automatically_derived]
            impl #of_table #colmig::Insertable for #ident #parameters #clause {}
            #[automatically_derived]
            impl #of_table #colmig::Updatable for #ident #parameters #clause {}
            #[automatically_derived]
            impl #of_bind #colmig::Bind<__DB> for #ident #parameters #clause {
                fn bind(
                    &self,
                    _: ::core::primitive::usize,
                    _: &mut <__DB as #sqlx::Database>::Arguments,
                ) -> ::core::result::Result<(), #sqlx::error::BoxDynError> {
                    ::core::result::Result::Ok(())
                }
            }
        };
    }
}
