//! A file a command.

mod apply;
mod check;
mod explain;
mod generate;
mod history;
mod init;
mod many;
mod plan;
mod restore;
mod rollback;
mod status;

use colmig_core::Exit;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::report::Result;
use crate::terminal::Terminal;

/// Runs the command that was typed.
pub fn run(cli: &Cli, terminal: Terminal) -> Result<Exit> {
    let context = || Context::load(&cli.globals, terminal);
    match &cli.command {
        Command::Init(args) => init::run(args, &cli.globals, terminal),
        Command::Generate(args) => generate::run(args, &cli.globals, terminal),
        Command::Check => check::run(&cli.globals, terminal),
        Command::Explain(args) => explain::run(args, &cli.globals, terminal),
        Command::Plan(args) => plan::run(args, &context()?),
        Command::Apply(args) => apply::run(args, &context()?),
        Command::Rollback(args) => rollback::run(args, &context()?),
        Command::Restore(args) => restore::run(args, &context()?),
        Command::History(args) => history::run(args, &context()?),
        Command::Status(args) => status::status(args, &context()?),
        Command::Verify => status::verify(&context()?),
        Command::Fleet(args) => status::fleet(args, &context()?),
    }
}
