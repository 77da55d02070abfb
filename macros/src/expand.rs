//! The code of a table. It names everything by its full path, so that nothing in scope can change it,
//! and needs no lint to be allowed.

use std::collections::BTreeSet;
use std::path::Path;

use colmig_core::ident::quote;
use colmig_core::lifecycle::{Access, Stand};
use colmig_core::parse::{Declared, Field};
use colmig_core::schema::Column;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::lock::Surroundings;

/// All that a table needs: two traits, its entry in the register, and the tie to the lock file.
pub(crate) fn table(declared: &Declared, surroundings: &Surroundings) -> TokenStream {
    let table = table_impl(declared, surroundings);
    let bind = bind_impl(declared);
    let (ident, colmig) = (own(&declared.ident), &declared.crate_path);
    let watch = surroundings.file.as_deref().and_then(Path::to_str).map(|file| {
        quote! { const _: &[u8] = ::core::include_bytes!(#file); }
    });
    quote! {
        const _: () = {
            #table
            #bind
            #colmig::__private::inventory::submit! {
                #colmig::__private::Linked(<#ident as #colmig::Table>::TABLE)
            }
            #watch
        };
    }
}

fn table_impl(declared: &Declared, surroundings: &Surroundings) -> TokenStream {
    let (ident, colmig) = (own(&declared.ident), &declared.crate_path);
    let info = info(declared, surroundings);
    let select = select(declared);
    let is_unset = is_unset(declared);
    quote! {
        #[automatically_derived]
        impl #colmig::Table for #ident {
            const TABLE: &'static #colmig::__private::TableInfo = #info;
            const SELECT: &'static ::core::primitive::str = #select;
            #is_unset
        }
    }
}

fn info(declared: &Declared, surroundings: &Surroundings) -> TokenStream {
    let (table, colmig) = (&declared.table, &declared.crate_path);
    let lock = surroundings.lock.as_deref();
    let recorded = lock.and_then(|lock| lock.schema.table(&table.name));
    let (project, head) = lock.map_or(("", ""), |lock| (&lock.project, lock.head()));
    let born = recorded.map_or("", |recorded| &recorded.born);
    let columns = declared.fields.iter().zip(&table.columns).map(|(field, column)| {
        let before = recorded.and_then(|recorded| recorded.column(&column.name));
        column_info(declared, field, column, before.map_or("", |before| &before.born))
    });
    let (name, package, key) = (&table.name, &surroundings.package, &table.primary_key);
    let rust = format!("::{}", declared.ident.unraw());
    let access = access(table.access);
    quote! {
        &#colmig::__private::TableInfo {
            name: #name,
            rust: ::core::concat!(::core::module_path!(), #rust),
            package: #package,
            access: #colmig::__private::Access::#access,
            project: #project,
            head: #head,
            born: #born,
            columns: &[#(#columns),*],
            primary_key: &[#(#key),*],
        }
    }
}

fn column_info(declared: &Declared, field: &Field, column: &Column, born: &str) -> TokenStream {
    let colmig = &declared.crate_path;
    let (name, auto, inner) = (&column.name, column.auto, &field.inner);
    let stand = stand(column.stand());
    quote! {
        #colmig::__private::ColumnInfo {
            name: #name,
            stand: #colmig::__private::Stand::#stand,
            born: #born,
            auto: #auto,
            types: #colmig::__private::type_checks!(#inner),
        }
    }
}

fn access(access: Access) -> Ident {
    let variant = match access {
        Access::Writer => "Writer",
        Access::Partial => "Partial",
        Access::ReadOnly => "ReadOnly",
    };
    Ident::new(variant, Span::call_site())
}

fn stand(stand: Stand) -> Ident {
    format_ident!("{stand:?}")
}

/// The columns that the code may read, under the names that `sqlx::FromRow` looks for. Each carries its
/// table's name: SQLite takes a lone `"name"` that no column has for text, and would return that.
fn select(declared: &Declared) -> String {
    let table = quote(&declared.table.name);
    let columns = declared.fields.iter().zip(&declared.table.columns).map(|(field, column)| {
        let (name, label) = (quote(&column.name), quote(&field.label));
        if column.state.facts().reads {
            format!("{table}.{name} AS {label}")
        } else {
            format!("NULL AS {label}")
        }
    });
    format!("SELECT {} FROM {table}", columns.collect::<Vec<_>>().join(", "))
}

/// Asking whether it has a value is what holds a field without reading to `WriteOnly`: the trait has no
/// other type, and its message points at the field's.
fn is_unset(declared: &Declared) -> TokenStream {
    let colmig = &declared.crate_path;
    let arms = declared.fields.iter().filter(|field| field.shape.is_write_only()).map(|field| {
        let (index, member) = (index(field), own(&field.member));
        let ask = quote_spanned! { field.ty.span() =>
            #colmig::__private::WriteOnlyField::is_unset(&self.#member)
        };
        quote! { #index => #ask, }
    });
    let arms: Vec<_> = arms.collect();
    if arms.is_empty() {
        return quote! {
            fn is_unset(&self, _: ::core::primitive::usize) -> ::core::primitive::bool {
                false
            }
        };
    }
    quote! {
        fn is_unset(&self, index: ::core::primitive::usize) -> ::core::primitive::bool {
            match index {
                #(#arms)*
                _ => false,
            }
        }
    }
}

/// One implementation for every database that has a type for each field.
fn bind_impl(declared: &Declared) -> TokenStream {
    let (ident, colmig) = (own(&declared.ident), &declared.crate_path);
    let sqlx = quote! { #colmig::__private::sqlx };
    let mut seen = BTreeSet::new();
    let types = declared.fields.iter().map(|field| &field.ty);
    let types = types.filter(|ty| seen.insert(ty.to_token_stream().to_string()));
    let arms = declared.fields.iter().map(|field| {
        let (index, member) = (index(field), own(&field.member));
        quote! { #index => #sqlx::Arguments::add(arguments, &self.#member), }
    });
    quote! {
        #[automatically_derived]
        impl<__DB: #sqlx::Database> #colmig::Bind<__DB> for #ident
        where
            #(for<'__q> #types: #sqlx::Encode<'__q, __DB> + #sqlx::Type<__DB>,)*
        {
            fn bind(
                &self,
                index: ::core::primitive::usize,
                arguments: &mut <__DB as #sqlx::Database>::Arguments,
            ) -> ::core::result::Result<(), #sqlx::error::BoxDynError> {
                match index {
                    #(#arms)*
                    _ => ::core::unreachable!("statements are made from the columns of this table"),
                }
            }
        }
    }
}

/// The name of a field or struct as the derive's own token: at the user's place, so that errors are
/// shown there, and without the user's context, so that a `#[deprecated]` above it is not reported as if
/// the user had used it.
fn own(name: &Ident) -> Ident {
    let mut own = name.clone();
    own.set_span(name.span().resolved_at(Span::call_site()));
    own
}

fn index(field: &Field) -> Literal {
    Literal::usize_unsuffixed(field.column)
}
