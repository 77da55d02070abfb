//! `cargo xtask bench check`: `cargo colmig check` against its two parsers alone.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{
    cargo,
    process::{self, say},
};

/// Compare `cargo colmig check` with what the parsers of Rust and SQL alone need for the same texts
///
/// It fails if the median of three ratios is above 2.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The files of the package, each with ten texts; with fewer than 100, cargo itself would be measured
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(100..))]
    files: u32,
}

pub(crate) fn run(Args { files }: &Args) -> Result<ExitCode> {
    say("Building", "the benchmark for release (the first time takes minutes)");
    let [bench] = cargo::build_programs(
        ["check"],
        &["--release", "--package", "cargo-colmig", "--bench", "check"],
    )?;
    say("Measuring", format_args!("on {files} files with {} texts", files * 10));
    let status =
        Command::new(bench).arg(files.to_string()).status().context("cannot run the benchmark")?;
    Ok(process::exit_code(status))
}
