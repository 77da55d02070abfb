//! `cargo xtask kill-matrix`: an applier that dies before every single statement, and is run again.

use std::process::ExitCode;

use anyhow::Result;

use crate::{cargo::cargo, servers::Wanted, test::on_servers};

/// Kill `apply` and `rollback` before every statement, resume, and compare with an uninterrupted run
///
/// `cargo xtask test` runs a sample of it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The sample that `cargo xtask test` runs
    #[arg(long, conflicts_with = "every")]
    sample: bool,
    /// Die before every N-th statement only, of everything
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,

    #[command(flatten)]
    wanted: Wanted,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut command = cargo();
    command.args(["test", "--package", "colmig-tests", "--test", "kill", "--", "--nocapture"]);
    if !args.sample {
        command.env("COLMIG_KILL_MATRIX", args.every.to_string());
    }
    on_servers(&args.wanted, &mut command)
}
