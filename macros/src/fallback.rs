//! The code of a struct that is wrong: it satisfies rustc wherever the struct is used as a table, and
//! never runs, because an error stands beside it.

use colmig_core::parse::{Guess, crate_path, guesses};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, Path, parse_quote};

/// The traits of a table, without a table, and a constant for each column that can be guessed.
pub(crate) fn table(input: &DeriveInput) -> TokenStream {
    let (ident, colmig) = (&input.ident, crate_path(input));
    let sqlx = quote! { #colmig::__private::sqlx };
    let (of_table, parameters, clause) = input.generics.split_for_impl();
    let mut with_database = input.generics.clone();
    with_database.params.push(parse_quote!(__DB: #sqlx::Database));
    let (of_bind, ..) = with_database.split_for_impl();
    let row = quote! { #ident #parameters };
    let constants = guesses(input).into_iter().map(|guess| constant(&row, &colmig, &guess));
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
                        constraints: &[],
                        enums: &[],
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
            #[automatically_derived]
            impl #of_table #row #clause {
                #(#constants)*
            }
        };
    }
}

fn constant(row: &TokenStream, colmig: &Path, guess: &Guess) -> TokenStream {
    let Guess { constant, inner, visibility, state } = guess;
    let name = Ident::new(&constant.to_string(), constant.span().resolved_at(Span::call_site()));
    let state = format_ident!("{state:?}");
    quote! {
        #[doc = "A column of a table that is not valid yet."]
        #visibility const #name: #colmig::Column<#row, #inner, #colmig::state::#state> =
            #colmig::Column::new("", "", "");
    }
}
