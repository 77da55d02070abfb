//! `cargo colmig`: everything is in the library beside this file.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_colmig::run(std::env::args_os())
}
