//! `explain`: what a code means.

mod code;

use colmig_core::Exit;

use crate::cli::ExplainArgs;
use crate::report::Result;
use crate::terminal::Terminal;

/// Explains what was asked for; without a subject, lists the codes.
pub(super) fn run(args: &ExplainArgs, terminal: Terminal) -> Result<Exit> {
    match &args.subject {
        Some(subject) => code::run(subject, terminal),
        None => code::list(terminal),
    }
}
