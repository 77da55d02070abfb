//! `cargo xtask bench backfill`: a backfill against one plain UPDATE of the same rows.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{
    cargo,
    process::{self, say},
    servers::{
        MYSQL, POSTGRES,
        postgres::{self, Options, Server},
    },
    test::PROGRAM,
};

/// Compare a backfill with one plain UPDATE of the same rows, and the memory that it takes
///
/// It fails if the median of three ratios is above 1.5, or if `cargo colmig apply` takes more memory
/// for many rows than for few.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The rows of the table; with fewer than 100,000, round trips would be measured
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(100_000..))]
    rows: u32,

    /// The database
    #[arg(long, value_enum, default_value_t)]
    db: Database,
}

/// The databases with servers that can be started with fsync on.
#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Database {
    #[default]
    Postgres,
}

pub(crate) fn run(Args { rows, db: Database::Postgres }: &Args) -> Result<ExitCode> {
    say("Building", "cargo-colmig and the benchmark for release (the first time takes minutes)");
    let [program, bench] = cargo::build_programs(
        ["cargo-colmig", "backfill"],
        &["--release", "--workspace", "--bin", "cargo-colmig", "--bench", "backfill"],
    )?;
    let server = Server::start(&postgres::default_bin_dir()?, Options { fsync: true })?;
    say("Measuring", format_args!("on {rows} rows"));
    let status = Command::new(bench)
        .arg(rows.to_string())
        .env(POSTGRES, server.url("postgres"))
        .env(MYSQL, "")
        .env(PROGRAM, program)
        .status()
        .context("cannot run the benchmark")?;
    Ok(process::exit_code(status))
}
