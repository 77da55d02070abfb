//! The peak memory of the command line.

use std::process::Child;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colmig_tests::checkout::Checkout;
use colmig_tests::database::TestDatabase;
use colmig_tests::program::Colmig;
use fs_err as fs;

use crate::table;

/// How often the system is asked; the figure itself is the peak since the program's start.
const POLL: Duration = Duration::from_millis(2);

/// What `cargo colmig apply` of a backfill takes at most, in megabytes.
pub(crate) fn peak_mb(server: &str, rows: u32) -> Result<f64> {
    let database = TestDatabase::postgres(server)?;
    let folder = tempfile::tempdir()?;
    let first = Checkout::first(folder.path())?;
    first.colmig("generate", &database).run()?.expect(0)?;
    apply(&first, &database).run()?.expect(0)?;
    table::fill(&database, rows)?;
    let second = first.next()?;
    second.colmig("generate", &database).run()?.expect(0)?;
    let peak = watch(apply(&second, &database).start()?)?;
    ensure!(database.columns("users")?.contains(&"handle!".to_owned()), "there was no backfill");
    database.remove()?;
    Ok(peak)
}

/// In the environment without a fleet, where all of a change may follow at once.
fn apply(checkout: &Checkout, database: &TestDatabase) -> Colmig {
    Colmig::new(&checkout.folder, &format!("apply --quiet --database-url {}", database.url))
}

/// What Linux says of the program, until it ends. It says little, so its pipes do not fill.
fn watch(mut program: Child) -> Result<f64> {
    let status = format!("/proc/{}/status", program.id());
    let mut peak = None;
    let ended = loop {
        if let Some(ended) = program.try_wait()? {
            break ended;
        }
        peak = high_water_mark(&fs::read_to_string(&status).unwrap_or_default()).or(peak);
        thread::sleep(POLL);
    };
    ensure!(ended.success(), "`cargo colmig apply` ended with {ended}");
    peak.context("this system has no /proc to read a program's memory from")
}

/// `VmHWM:     12345 kB`, in megabytes.
fn high_water_mark(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
