//! The project's automation, in Rust: `cargo xtask --help`.

mod bench;
mod cargo;
mod demo;
mod dependencies;
mod kill_matrix;
mod process;
mod servers;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// The project's automation.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    Demo(demo::Args),
    Dependencies(dependencies::Args),
    KillMatrix(kill_matrix::Args),
    Test(test::Args),
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Demo(args) => demo::run(&args),
        Command::Dependencies(args) => dependencies::run(&args),
        Command::KillMatrix(args) => kill_matrix::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(bench) => bench::run(&bench),
    };
    outcome.unwrap_or_else(|error| {
        process::complain(&error);
        ExitCode::FAILURE
    })
}
