//! `explain`: what a code means, or where a column is named.

mod code;
mod column;

use colmig_core::Exit;

use crate::cli::{ExplainArgs, Globals};
use crate::report::Result;
use crate::terminal::Terminal;

/// Explains what was asked for: a column if it has a dot, otherwise a code; without a subject, lists the codes.
pub(super) fn run(args: &ExplainArgs, globals: &Globals, terminal: Terminal) -> Result<Exit> {
    match &args.subject {
        Some(subject) if subject.contains('.') => column::run(subject, globals, terminal),
        Some(subject) => code::run(subject, terminal),
        None => code::list(terminal),
    }
}
