//! A file a command.

mod generate;
mod init;

use colmig_core::Exit;

use crate::cli::{Cli, Command};
use crate::report::Result;
use crate::terminal::Terminal;

/// Runs the command that was typed.
pub fn run(cli: &Cli, terminal: Terminal) -> Result<Exit> {
    match &cli.command {
        Command::Init(args) => init::run(args, &cli.globals, terminal),
        Command::Generate(args) => generate::run(args, &cli.globals, terminal),
    }
}
