//! Annotated Rust source, read: the one parser of the derive and of the command line, so that what
//! compiles is what is generated.
//!
//! * [`word`]: the words of `#[colmig(…)]`, as data; `attr` reads them, `sqlx` reads the ones that sqlx
//!   shares with us;
//! * `shape`: a field's type; `field` and `life`: one field, and all that can be wrong with it;
//!   `key`, `replace` and `guard`: what concerns several; [`table()`]: a struct;
//! * [`enumeration()`]: an enum, and the enums of a project against its structs;
//! * [`check()`]: a struct against the lock file; [`share()`]: the structs of a project against each other;
//!   [`source()`]: a whole file; [`texts`]: the SQL in it.
//!
//! Every function reports every mistake that it finds, each at the user's own token. Nothing here opens
//! a file, resolves a name or expands a macro: a type is known by its last path segment.

mod attr;
mod case;
mod cfg;
mod check;
mod enumeration;
mod field;
mod guard;
mod key;
mod life;
mod replace;
mod scan;
mod shape;
mod share;
mod source;
mod sqlx;
mod table;
#[cfg(feature = "locations")]
pub mod texts;
pub mod word;

use proc_macro2::Span;

use crate::problem::Problem;

pub use check::{check, check_enum};
pub use enumeration::{
    At, DeclaredEnum, Disagreement, Variant, agree, enum_crate_path, enumeration,
};
pub use field::{Codec, Flattened, constant_of};
pub use shape::Shape;
pub use share::{Between, Shared, share};
pub use source::{Module, Parent, SourceFile, source};
#[cfg(feature = "locations")]
pub use source::{is_rust, source_with_calls};
pub use table::{Declared, Field, Guess, crate_path, guesses, table};

/// Something wrong, and the token that it is about.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// The token.
    pub span: Span,
    /// What is wrong and what to do.
    pub problem: Problem,
}

impl Mistake {
    /// This problem, here.
    pub fn new(span: Span, problem: Problem) -> Mistake {
        Mistake { span, problem }
    }
}

/// Where a token stands in the text that [`source()`] read.
#[cfg(feature = "locations")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes of the text that the token covers.
    pub bytes: std::ops::Range<usize>,
}

#[cfg(feature = "locations")]
impl Location {
    /// The place of a span in the text that [`source()`] read; rustc's own spans have none.
    pub fn of(span: Span) -> Location {
        let start = span.start();
        Location { line: start.line, column: start.column + 1, bytes: span.byte_range() }
    }
}

#[cfg(all(test, feature = "locations"))]
mod tests;
