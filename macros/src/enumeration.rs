//! The code of an enum: what it says of itself, and sqlx's traits for every database that holds enums. It names
//! everything by its full path, and needs no feature: which databases are on is the runtime's affair.

use colmig_core::parse::{DeclaredEnum, enum_crate_path};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{DeriveInput, Path};

use crate::expand::{own, stand, watch};
use crate::lock::Surroundings;

/// All that an enum type needs.
pub(crate) fn enumeration(declared: &DeclaredEnum, surroundings: &Surroundings) -> TokenStream {
    let (ident, colmig) = (own(&declared.ident), &declared.crate_path);
    let info = info(declared, surroundings);
    let variants: Vec<Ident> = declared.variants.iter().map(|one| own(&one.ident)).collect();
    let indexes: Vec<_> = (0..variants.len()).map(Literal::usize_unsuffixed).collect();
    let traits = traits(&ident, colmig);
    let watch = watch(surroundings);
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #colmig::EnumType for #ident {
                const ENUM: &'static #colmig::__private::EnumInfo = #info;
                fn index(&self) -> ::core::primitive::usize {
                    match self {
                        #(Self::#variants => #indexes,)*
                    }
                }
                fn at(__index: ::core::primitive::usize) -> ::core::option::Option<Self> {
                    match __index {
                        #(#indexes => ::core::option::Option::Some(Self::#variants),)*
                        _ => ::core::option::Option::None,
                    }
                }
            }
            #traits
            #watch
        };
    }
}

fn info(declared: &DeclaredEnum, surroundings: &Surroundings) -> TokenStream {
    let (one, colmig) = (&declared.enumeration, &declared.crate_path);
    let lock = surroundings.lock.as_deref();
    let recorded = lock.and_then(|lock| lock.schema.enumeration(&one.name));
    let values = declared.variants.iter().zip(&one.values).map(|(variant, value)| {
        let (name, variant) = (&value.name, variant.ident.unraw().to_string());
        let stand = stand(value.state.facts().stand);
        let before = recorded.and_then(|recorded| recorded.value(name));
        let born = before.map_or("", |before| &before.born);
        quote! {
            #colmig::__private::ValueInfo {
                name: #name,
                variant: #variant,
                stand: #colmig::__private::Stand::#stand,
                born: #born,
            }
        }
    });
    let (name, rust) = (&one.name, format!("::{}", declared.ident.unraw()));
    quote! {
        &#colmig::__private::EnumInfo {
            name: #name,
            rust: ::core::concat!(::core::module_path!(), #rust),
            values: &[#(#values),*],
        }
    }
}

/// One implementation for every database that holds enums.
fn traits(ident: &Ident, colmig: &Path) -> TokenStream {
    let private = quote! { #colmig::__private };
    let sqlx = quote! { #private::sqlx };
    quote! {
        #[automatically_derived]
        impl<__DB: #private::EnumDatabase> #sqlx::Type<__DB> for #ident {
            fn type_info() -> <__DB as #sqlx::Database>::TypeInfo {
                <__DB as #private::EnumDatabase>::of_type(<Self as #colmig::EnumType>::ENUM.name)
            }
            fn compatible(
                __column: &<__DB as #sqlx::Database>::TypeInfo,
            ) -> ::core::primitive::bool {
                <__DB as #private::EnumDatabase>::holds(
                    <Self as #colmig::EnumType>::ENUM.name,
                    __column,
                )
            }
        }
        #[automatically_derived]
        impl<'__q, __DB: #private::EnumDatabase> #sqlx::Encode<'__q, __DB> for #ident {
            fn encode_by_ref(
                &self,
                __buffer: &mut <__DB as #sqlx::Database>::ArgumentBuffer,
            ) -> ::core::result::Result<#sqlx::encode::IsNull, #sqlx::error::BoxDynError> {
                #private::write::<__DB, Self>(self, __buffer)
            }
        }
        #[automatically_derived]
        impl<'__r, __DB: #private::EnumDatabase> #sqlx::Decode<'__r, __DB> for #ident {
            fn decode(
                __value: <__DB as #sqlx::Database>::ValueRef<'__r>,
            ) -> ::core::result::Result<Self, #sqlx::error::BoxDynError> {
                #private::read::<__DB, Self>(__value)
            }
        }
    }
}

/// The code of an enum that is wrong: it satisfies rustc wherever the enum is used, and never runs, because an
/// error stands beside it.
pub(crate) fn fallback(input: &DeriveInput) -> TokenStream {
    let (ident, colmig) = (&input.ident, enum_crate_path(input));
    let (generics, parameters, clause) = input.generics.split_for_impl();
    let bare = input.generics.params.is_empty().then(|| traits(ident, &colmig));
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #generics #colmig::EnumType for #ident #parameters #clause {
                const ENUM: &'static #colmig::__private::EnumInfo =
                    &#colmig::__private::EnumInfo { name: "", rust: "", values: &[] };
                fn index(&self) -> ::core::primitive::usize {
                    0
                }
                fn at(_: ::core::primitive::usize) -> ::core::option::Option<Self> {
                    ::core::option::Option::None
                }
            }
            #bare
        };
    }
}
