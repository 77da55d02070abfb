//! `cargo xtask test`: all tests, on private database servers.

use std::{
    env,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};
use fs_err as fs;

use crate::{
    cargo::{self, cargo},
    process::{self, say},
    servers::{
        mariadb,
        postgres::{self, Options, Server},
    },
};

/// The URLs of the PostgreSQL servers to test on, separated by commas.
pub(crate) const POSTGRES: &str = "COLMIG_TEST_POSTGRES";

/// The same of MariaDB and MySQL servers.
pub(crate) const MYSQL: &str = "COLMIG_TEST_MYSQL";

/// The program `cargo-colmig` that is tested, shown or measured; the tests want one with its fault points.
pub(crate) const PROGRAM: &str = "COLMIG_TEST_BIN";

/// Run all tests, on private database servers that it starts and stops
///
/// If COLMIG_TEST_POSTGRES or COLMIG_TEST_MYSQL is set to the URLs of servers (separated by commas), the
/// tests run on those and none of that kind is started.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A major version to test on too, installed or not; can be repeated
    #[arg(long, value_name = "MAJOR", value_parser = supported())]
    postgres: Vec<u16>,

    /// Arguments for `cargo test --workspace`
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

fn supported() -> clap::builder::RangedI64ValueParser<u16> {
    let (oldest, newest) = postgres::SUPPORTED.into_inner();
    clap::value_parser!(u16).range(i64::from(oldest)..=i64::from(newest))
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    on_servers(&args.postgres, cargo().args(["test", "--workspace"]).args(&args.args))
}

/// Runs a command of cargo that tests, with servers and the program for it.
pub(crate) fn on_servers(majors: &[u16], command: &mut Command) -> Result<ExitCode> {
    let (urls, _servers) = match env::var(POSTGRES) {
        Ok(urls) => {
            say("Using", format_args!("the PostgreSQL servers of {POSTGRES}"));
            (urls, Vec::new())
        }
        Err(_) => start(majors)?,
    };
    let (mysql, _mariadb) = match env::var(MYSQL) {
        Ok(urls) => {
            say("Using", format_args!("the MariaDB and MySQL servers of {MYSQL}"));
            (urls, None)
        }
        Err(_) => {
            let server = mariadb::Server::start()?;
            (server.url("mysql"), Some(server))
        }
    };
    let program = program()?;
    say("Testing", "what cargo builds now");
    let status = command.env(POSTGRES, urls).env(MYSQL, mysql).env(PROGRAM, program).status();
    Ok(process::exit_code(status.context("cannot run `cargo test`")?))
}

/// Starts the default server and one of each of the majors; with their URLs, for the tests.
fn start(majors: &[u16]) -> Result<(String, Vec<Server>)> {
    let mut bin_dirs = vec![postgres::default_bin_dir()?];
    for major in majors {
        let bin_dir = postgres::major_bin_dir(*major)?;
        if !bin_dirs.contains(&bin_dir) {
            bin_dirs.push(bin_dir);
        }
    }
    let start = |bin_dir: &PathBuf| Server::start(bin_dir, Options::default());
    let servers = bin_dirs.iter().map(start).collect::<Result<Vec<_>>>()?;
    let urls: Vec<_> = servers.iter().map(|server| server.url("postgres")).collect();
    Ok((urls.join(","), servers))
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
