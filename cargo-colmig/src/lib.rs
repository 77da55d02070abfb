//! The command line of colmig: it reads source and files, talks to the terminal, and hands the thinking
//! to `colmig-core`.
//!
//! * what is typed: [`cli`]; what is printed: [`terminal`], [`report`], [`place`];
//! * where a project is and what it says: [`workspace`], [`project`], [`config`], [`secret`];
//! * what it declares, and what is recorded: [`source`], [`record`], [`files`]; what its hand-written SQL
//!   does: [`check`];
//! * what commands begin with: [`context`], and on a database [`session`], on several [`sessions`]; what they show
//!   meanwhile: [`progress`]; and a file a command: [`commands`].
//!
//! Errors are [`colmig_core::Problem`]s from where they arise to where they are printed, here.

pub mod check;
pub mod cli;
pub mod commands;
pub mod config;
pub mod context;
pub mod duration;
pub mod files;
pub mod place;
pub mod progress;
pub mod project;
pub mod record;
pub mod report;
pub mod secret;
pub mod session;
pub mod sessions;
pub mod source;
pub mod terminal;
pub mod workspace;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use colmig_core::Exit;
use colmig_core::problem::BUG;

use cli::Cli;
use terminal::Terminal;

/// Does what the command line says; returns how to end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::read(arguments) {
        Ok(cli) => cli,
        Err(end) => return end,
    };
    let terminal = Terminal::new(&cli.globals);
    let exit = caught(|| commands::run(&cli, terminal)).unwrap_or_else(|failure| {
        terminal.failure(&failure);
        failure.exit()
    });
    terminal.finished(exit);
    ExitCode::from(exit as u8)
}

/// A panic is told as any other problem is.
fn caught(work: impl FnOnce() -> report::Result<Exit>) -> report::Result<Exit> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let bug = BUG.problem("colmig panicked; the message is above");
        Err(bug.help("please report it, with the command and RUST_BACKTRACE=1").into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_and_not_a_crash() {
        let failure = caught(|| panic!("on purpose")).expect_err("it panicked");
        let problem = failure.reports()[0].problem.to_string();
        assert!(problem.starts_with("colmig panicked; the message is above [CM0001]"), "{problem}");
        assert_eq!(caught(|| Ok(Exit::Done)).ok(), Some(Exit::Done));
    }
}
