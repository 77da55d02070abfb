//! Every call in a file that takes SQL, and the text that it takes, as far as the file says it.
//!
//! * `calls`: which names take SQL; `walk` finds them by their tokens, because calls hide inside
//!   other macros' arguments, which no syntax tree shows;
//! * `argument`: what an argument comes to: literals, `concat!`, `format!`, constants of the file;
//! * `literal`: a literal's value, and where each byte of it stands in the file.
//!
//! Nothing is skipped: a text that the file does not say whole is [`Call::dynamic`], with the reason.

mod argument;
mod calls;
mod literal;
mod walk;

use std::ops::Range;

pub(super) use walk::walk;

/// One call that takes SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name as messages spell it: `query_as!`.
    pub name: String,
    /// The bytes of the name in the file.
    pub at: Range<usize>,
    /// The struct that a row becomes, by its last path segment.
    pub row: Option<String>,
    /// What the text is made of.
    pub parts: Vec<Part>,
    /// Why the text is known in part only, or not at all.
    pub dynamic: Option<String>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the file says.
    Text(Literal),
    /// `User::SELECT`.
    Select {
        /// The struct.
        row: String,
        /// Its bytes in the file.
        at: Range<usize>,
    },
    /// `columns!(User; id, email)`.
    Columns {
        /// The struct.
        row: String,
        /// The fields.
        fields: Vec<String>,
        /// Its bytes in the file.
        at: Range<usize>,
    },
    /// The text of a file.
    File {
        /// Its path as written.
        path: String,
        /// What the path begins at.
        beside: Beside,
        /// The bytes of the path in the file.
        at: Range<usize>,
    },
    /// Something that only the running program knows.
    Hole {
        /// Its bytes in the file.
        at: Range<usize>,
    },
    /// What the running program adds at the end.
    Rest {
        /// The bytes of what adds it.
        at: Range<usize>,
    },
}

/// What a path begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The directory of the package's manifest, as for `query_file!`.
    Manifest,
    /// The directory of the source file, as for `include_str!`.
    Source,
}

/// The value of literals, and where it stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Literal {
    /// The value.
    pub value: String,
    /// Where the value begins to run along with the file: pairs of an offset in the value and one in the
    /// file, in order. Between two of them both advance alike.
    pub places: Vec<(usize, usize)>,
}

#[cfg(test)]
mod tests;
