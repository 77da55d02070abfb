//! `check` against its two parsers alone; `cargo xtask bench check` runs this.

mod package;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use cargo_colmig::check::{Subject, sql};
use cargo_colmig::cli::Globals;
use cargo_colmig::context::Setup;
use colmig_core::parse::is_rust;
use colmig_core::types::Database;
use package::Package;

/// How much longer than the parsers alone a check may take.
const LIMIT: f64 = 2.0;

const RUNS: usize = 3;

fn main() -> ExitCode {
    // `cargo test --benches` and `cargo bench` call it without a number: then there is nothing to measure.
    let Some(files) = std::env::args().nth(1).and_then(|files| files.parse().ok()) else {
        eprintln!("usage: check FILES");
        return ExitCode::SUCCESS;
    };
    let package = Package::write(files);
    let texts = texts(&package);
    println!("{} files, {} texts", package.files.len(), texts.len());
    println!("run  parsers alone s  check s  ratio");
    let mut ratios = Vec::new();
    for run in 1..=RUNS {
        let alone = parsers_alone(&package, &texts);
        let check = check(&package);
        let ratio = check.as_secs_f64() / alone.as_secs_f64();
        println!(
            "{run:>3}  {:>15.3}  {:>7.3}  {ratio:>5.2}",
            alone.as_secs_f64(),
            check.as_secs_f64()
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[RUNS / 2];
    println!("check: median ratio {ratio:.2} (limit {LIMIT:.1})");
    if ratio <= LIMIT { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Every text as the check finds it. None is broken, and nothing is found: reports are not measured.
fn texts(package: &Package) -> Vec<String> {
    let globals = Globals { manifest_path: Some(package.manifest.clone()), ..Globals::default() };
    let setup = Setup::load(&globals).expect("the package is set up");
    let subject =
        Subject::read(&setup).unwrap_or_else(|failure| panic!("{}", failure.reports()[0].problem));
    for (text, judged) in subject.texts.iter().zip(subject.judge()) {
        assert_eq!((judged.unread, judged.findings), (None, Vec::new()), "{}", text.sql);
    }
    let texts: Vec<_> = subject.texts.into_iter().map(|text| text.sql).collect();
    assert_eq!(texts.len(), package.texts, "every text is found");
    texts
}

/// Reads the files and parses them, and parses the texts.
fn parsers_alone(package: &Package, texts: &[String]) -> Duration {
    let began = Instant::now();
    for file in &package.files {
        assert!(is_rust(&std::fs::read_to_string(file).expect("it was written")));
    }
    for text in texts {
        assert!(sql::is_whole(text, &[Database::Postgres]), "{text}");
    }
    began.elapsed()
}

/// The command, as it is typed.
fn check(package: &Package) -> Duration {
    let began = Instant::now();
    package.run("check");
    began.elapsed()
}
