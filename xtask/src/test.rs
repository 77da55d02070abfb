//! `cargo xtask test`: all tests, on private database servers.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};
use fs_err as fs;

use crate::{
    cargo::{self, cargo},
    process::{self, say},
    servers::{Fleet, Wanted},
};

/// The program `cargo-colmig` that is tested, shown or measured; the tests want one with its fault points.
pub(crate) const PROGRAM: &str = "COLMIG_TEST_BIN";

/// Run all tests, on private database servers that it starts and stops
///
/// If one of these variables is set to the URLs of servers (separated by commas), or to nothing, the tests run on
/// those, and none is started for it: COLMIG_TEST_POSTGRES, COLMIG_TEST_MYSQL (MariaDB and MySQL),
/// COLMIG_TEST_REPLICA_POSTGRES and COLMIG_TEST_REPLICA_MYSQL (a primary and its replica), COLMIG_TEST_GALERA (the
/// nodes of one cluster).
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    wanted: Wanted,

    /// Arguments for `cargo test --workspace`
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    on_servers(&args.wanted, cargo().args(["test", "--workspace"]).args(&args.args))
}

/// Runs a command of cargo that tests, with servers and the program for it.
pub(crate) fn on_servers(wanted: &Wanted, command: &mut Command) -> Result<ExitCode> {
    let fleet = Fleet::start(wanted)?;
    let program = program()?;
    say("Testing", "what cargo builds now");
    let status = command.envs(fleet.variables()).env(PROGRAM, program).status();
    Ok(process::exit_code(status.context("cannot run `cargo test`")?))
}

/// Builds the program that the tests run, and puts it out of the way of `cargo test`, which builds
/// one without fault points in the same place. Cargo hears of the whole workspace, so that it
/// gives dependencies the features that they have in `cargo test`, and compiles them once.
fn program() -> Result<PathBuf> {
    say("Building", "cargo-colmig with its fault points");
    let [built] = cargo::build_programs(
        ["cargo-colmig"],
        &["--workspace", "--bin", "cargo-colmig", "--features", "cargo-colmig/faults"],
    )?;
    let folder = cargo::target_dir()?.join("xtask");
    fs::create_dir_all(&folder)?;
    let kept = folder.join(built.file_name().context("a program has a name")?);
    fs::copy(&built, &kept)?;
    Ok(kept)
}
