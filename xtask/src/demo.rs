//! `cargo xtask demo`: a column's whole life under load, on an embedded SQLite file.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{
    cargo,
    process::{self, say},
    test::PROGRAM,
};

/// Watch a column's whole life under load, on an embedded SQLite file
///
/// Four releases of the quickstart application follow one another, two of them alive at a time, while
/// `cargo colmig` adds one column, drops another and goes back half-way. No database server is needed.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(Args {}: &Args) -> Result<ExitCode> {
    say("Building", "cargo-colmig and the demo (the first time, this takes minutes)");
    // Cargo hears of the whole workspace, so that it also fetches what the releases are built from.
    let [program, demo] = cargo::build_programs(
        ["cargo-colmig", "demo"],
        &["--workspace", "--bin", "cargo-colmig", "--example", "demo"],
    )?;
    say("Telling", "the story; each release is compiled in it (the first takes a minute)");
    let status =
        Command::new(demo).env(PROGRAM, program).status().context("cannot run the demo")?;
    Ok(process::exit_code(status))
}
