//! `cargo xtask bench`: measurements against a baseline of the same run.
//!
//! Each prints a table and last a line `name: figure`, and fails where the promise is not met. What
//! measures on a database is a program of `colmig-tests`: this package names no database library.

mod backfill;
mod derive;

use std::process::ExitCode;

use anyhow::Result;

/// Measure a promise, against a baseline of the same run
#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    Backfill(backfill::Args),
    Derive(derive::Args),
}

pub(crate) fn run(bench: &Bench) -> Result<ExitCode> {
    match bench {
        Bench::Backfill(args) => backfill::run(args),
        Bench::Derive(args) => derive::run(args),
    }
}
