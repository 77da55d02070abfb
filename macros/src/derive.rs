//! Parse, check, expand; every mistake becomes a compile error at its token.

use colmig_core::parse::{self, Mistake};
use proc_macro2::{Span, TokenStream};
use syn::DeriveInput;

use crate::lock::Surroundings;
use crate::{enumeration as enum_code, expand, fallback};

/// The code for `#[derive(Table)]`, among these surroundings.
pub(crate) fn table(input: TokenStream, surroundings: &Surroundings) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let (code, mistakes) = match parse::table(&input) {
        Ok(declared) => {
            let mistakes = parse::check(&declared, surroundings.lock.as_deref());
            (expand::table(&declared, surroundings), mistakes)
        }
        Err(mistakes) => (fallback::table(&input), mistakes),
    };
    with_errors(code, mistakes, surroundings)
}

/// The code for `#[derive(Enum)]`.
pub(crate) fn enumeration(input: TokenStream, surroundings: &Surroundings) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let (code, mistakes) = match parse::enumeration(&input) {
        Ok(declared) => {
            let mistakes = parse::check_enum(&declared, surroundings.lock.as_deref());
            (enum_code::enumeration(&declared, surroundings), mistakes)
        }
        Err(mistakes) => (enum_code::fallback(&input), mistakes),
    };
    with_errors(code, mistakes, surroundings)
}

fn with_errors(
    mut code: TokenStream,
    mistakes: Vec<Mistake>,
    surroundings: &Surroundings,
) -> TokenStream {
    if let Some(problem) = &surroundings.problem {
        code.extend(compile_error(Span::call_site(), &problem.to_string()));
    }
    code.extend(mistakes.into_iter().map(at_token));
    code
}

/// rustc shows the place itself, so the message leaves it out.
fn at_token(mistake: Mistake) -> TokenStream {
    let problem = colmig_core::Problem { place: None, ..mistake.problem };
    compile_error(mistake.span, &problem.to_string())
}

fn compile_error(span: Span, message: &str) -> TokenStream {
    syn::Error::new(span, message).into_compile_error()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
