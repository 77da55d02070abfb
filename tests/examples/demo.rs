//! The story on an embedded SQLite file, told as it happens; `cargo xtask demo` runs this.

use anyhow::{Result, ensure};
use colmig_tests::database::TestDatabase;
use colmig_tests::story;

fn main() -> Result<()> {
    let database = TestDatabase::sqlite()?;
    let tally = story::tell(&database, &mut |line| println!("{line}"))?;
    println!(
        "demo: {} writes, {} reads, {} errors, longest stall {:.1} ms",
        tally.writes,
        tally.reads,
        tally.errors,
        tally.longest_stall_us as f64 / 1000.0
    );
    ensure!(tally.errors == 0, "no release may meet an error");
    Ok(())
}
