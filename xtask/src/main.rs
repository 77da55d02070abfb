//! The project's automation, in Rust: `cargo xtask --help`.

mod cargo;
mod process;
mod servers;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// The project's automation.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    Test(test::Args),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Test(args) => test::run(&args),
    };
    outcome.unwrap_or_else(|error| {
        process::complain(&error);
        ExitCode::FAILURE
    })
}
