//! `cargo xtask bench derive`: what `derive(Table)` adds to a build, against `serde::Deserialize`.

mod crates;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use crates::{TWINS, Twin};
use fs_err as fs;

use crate::{cargo, process::say};

/// How many times as long as serde's derive ours may take.
const LIMIT: f64 = 1.0;

/// How often each twin is checked; one disturbance does not move the median of three.
const PAIRS: usize = 3;

/// Compare the compile time of `derive(Table)` with that of `serde::Deserialize`
///
/// The same structs of twelve fields are checked by the compiler without a derive, with serde's and with
/// colmig's, with a lock file and without. It fails if the median of the ratios of colmig's time (the
/// longer of its two) to serde's is above 1.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The structs of each crate
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(10..))]
    structs: u16,
}

pub(crate) fn run(Args { structs }: &Args) -> Result<ExitCode> {
    let workspace = Workspace::new(*structs)?;
    say("Building", "what the crates depend on (the first time takes a minute)");
    for twin in &TWINS {
        workspace.check(twin)?;
    }
    say("Measuring", format_args!("`cargo check` of {structs} structs of 12 fields"));
    let ratio = measure(&workspace)?;
    println!("derive: median ratio {ratio:.2} (limit {LIMIT:.1})");
    ensure!(ratio <= LIMIT, "`derive(Table)` may take {LIMIT} times as long as serde's, no longer");
    Ok(ExitCode::SUCCESS)
}

/// Prints a line a pair, and gives the median of the ratios.
fn measure(workspace: &Workspace) -> Result<f64> {
    let headings = TWINS.map(|twin| format!("{:>10} s", twin.name));
    println!("pair{}  ratio", headings.concat());
    let mut ratios = Vec::new();
    for pair in 1..=PAIRS {
        let mut seconds = [0.0; TWINS.len()];
        for (twin, seconds) in TWINS.iter().zip(&mut seconds) {
            *seconds = workspace.check(twin)?.as_secs_f64();
        }
        let [_, serde, plain, recorded] = seconds;
        // A project has a lock file, so that is what counts, unless it is the quicker by chance.
        let ratio = recorded.max(plain) / serde;
        println!("{pair:>4}{}  {ratio:>5.2}", seconds.map(|s| format!("{s:>12.2}")).concat());
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[PAIRS / 2])
}

/// The crates on disk, in a workspace of their own; it is kept, so that the next run has the
/// dependencies built.
struct Workspace {
    root: PathBuf,
    structs: u16,
}

impl Workspace {
    fn new(structs: u16) -> Result<Workspace> {
        let root = cargo::target_dir()?.join("xtask").join("derive");
        let checkout = cargo::workspace_root()?;
        let members: Vec<_> = TWINS.iter().map(|twin| twin.name).collect();
        write(
            &root.join("Cargo.toml"),
            &format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n"),
        )?;
        // The same versions as here, so that nothing has to be fetched.
        fs::copy(checkout.join("Cargo.lock"), root.join("Cargo.lock"))?;
        for twin in &TWINS {
            let member = root.join(twin.name);
            write(&member.join("Cargo.toml"), &crates::manifest(twin, &checkout))?;
            write(&member.join("src/lib.rs"), &crates::source(twin, structs))?;
            if twin.is_recorded {
                write(&member.join("colmig.lock"), &crates::lock_file(twin, structs))?;
            }
        }
        Ok(Workspace { root, structs })
    }

    /// Checks one crate from a source that was just written, and nothing but it, if it was checked before.
    fn check(&self, twin: &Twin) -> Result<Duration> {
        let source = self.root.join(twin.name).join("src/lib.rs");
        write(&source, &crates::source(twin, self.structs))?;
        let mut check = self.command(twin);
        let start = Instant::now();
        let status = check.status().context("cannot run `cargo check`")?;
        let elapsed = start.elapsed();
        ensure!(status.success(), "`cargo check` of `{}` failed", source.display());
        Ok(elapsed)
    }

    fn command(&self, twin: &Twin) -> Command {
        let mut command = cargo::cargo();
        command
            .args(["check", "--offline", "--quiet", "--package", &twin.package(), "--target-dir"])
            .arg(self.root.join("target"))
            .current_dir(&self.root)
            .env("CARGO_INCREMENTAL", "0");
        command
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
    Ok(fs::write(path, text)?)
}
