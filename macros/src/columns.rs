//! `columns!(User; id, email)`: a list of columns that may be read, put together by the compiler.

use colmig_core::parse::constant_of;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{LitStr, Path, Token};

/// What the macro is given: where colmig is, by the `colmig::columns!` around it, and what the user wrote.
struct Input {
    colmig: Path,
    row: Path,
    alias: Option<String>,
    /// Where the fields begin.
    semicolon: Token![;],
    fields: Punctuated<Ident, Token![,]>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let colmig = Path::parse_mod_style(input)?;
        input.parse::<Token![;]>()?;
        let row = Path::parse_mod_style(input)?;
        let alias = input.parse::<Option<Token![as]>>()?.map(|_| alias(input)).transpose()?;
        let semicolon = input.parse::<Token![;]>()?;
        let fields = Punctuated::parse_terminated_with(input, Ident::parse_any)?;
        Ok(Input { colmig, row, alias, semicolon, fields })
    }
}

fn alias(input: ParseStream<'_>) -> syn::Result<String> {
    match input.parse::<LitStr>() {
        Ok(text) => Ok(text.value()),
        Err(_) => Ident::parse_any(input).map(|name| name.unraw().to_string()),
    }
}

/// The code of the list.
pub(crate) fn columns(input: TokenStream) -> TokenStream {
    match Input::parse.parse2(input) {
        Ok(input) if !input.fields.is_empty() => list(&input),
        Ok(input) => wrong(input.semicolon.span, "the list is empty"),
        Err(error) => wrong(error.span(), "this is no list of columns"),
    }
}

fn wrong(span: Span, what: &str) -> TokenStream {
    let text = format!(
        "{what} [CM0101]\n  help: name the struct and its fields: `columns!(User; id, email)`, or `columns!(User as u; id)` where the statement calls the table `u`"
    );
    syn::Error::new(span, text).into_compile_error()
}

fn list(Input { colmig, row, alias, fields, .. }: &Input) -> TokenStream {
    let alias = match alias {
        Some(alias) => quote! { ::core::option::Option::Some(#alias) },
        None => quote! { ::core::option::Option::None },
    };
    let columns = fields.iter().map(|field| {
        let constant = Ident::new(&constant_of(&field.unraw().to_string()), field.span());
        let listed = Ident::new("listed", field.span());
        quote! { #row::#constant.#listed(#alias) }
    });
    quote! {
        {
            const LIST: &[#colmig::__private::Listed] = &[#(#columns),*];
            const TEXT: #colmig::__private::Text<{ #colmig::__private::list_length(LIST) }> =
                #colmig::__private::Text::list(LIST);
            TEXT.as_str()
        }
    }
}
