//! `cargo xtask bench`: measurements against a baseline of the same run.
//!
//! Each prints a table and last a line `name: figure`, and fails where the promise is not met. What
//! measures is a program of another package: this one names no database library.

mod backfill;
mod check;
mod derive;

use std::process::ExitCode;

use anyhow::Result;

/// Measure a promise, against a baseline of the same run
#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    Backfill(backfill::Args),
    Derive(derive::Args),
    Check(check::Args),
}

pub(crate) fn run(bench: &Bench) -> Result<ExitCode> {
    match bench {
        Bench::Backfill(args) => backfill::run(args),
        Bench::Derive(args) => derive::run(args),
        Bench::Check(args) => check::run(args),
    }
}
