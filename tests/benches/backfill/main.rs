//! A backfill against one plain UPDATE of the same rows; `cargo xtask bench backfill` runs this.

mod memory;
mod table;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colmig_tests::database::POSTGRES;

/// How much longer than the plain UPDATE a backfill may take.
const LIMIT: f64 = 1.5;

/// How much more memory the command line may take for many rows than for few.
const SPARE_MB: f64 = 10.0;

/// How many rows are few.
const FEW: u32 = 100_000;

const RUNS: usize = 3;

fn main() -> Result<()> {
    let rows = std::env::args().nth(1).context("usage: backfill ROWS")?.parse()?;
    let server = std::env::var(POSTGRES).with_context(|| format!("{POSTGRES} names no server"))?;

    println!("run  plain UPDATE s  backfill s  ratio  whole apply s  batches  longest batch ms");
    let mut ratios = Vec::new();
    for run in 1..=RUNS {
        let update = table::plain_update(&server, rows)?;
        let applied = table::apply(&server, rows)?;
        let ratio = applied.backfill.as_secs_f64() / update.as_secs_f64();
        println!(
            "{run:>3}  {:>14.2}  {:>10.2}  {ratio:>5.2}  {:>13.2}  {:>7}  {:>16}",
            update.as_secs_f64(),
            applied.backfill.as_secs_f64(),
            applied.whole.as_secs_f64(),
            applied.batches,
            applied.longest_batch.as_millis(),
        );
        ratios.push(ratio);
    }

    let (few, many) = (memory::peak_mb(&server, FEW)?, memory::peak_mb(&server, rows)?);
    println!("peak memory: {few:.1} MB at {FEW} rows, {many:.1} MB at {rows} rows");

    let ratio = median(ratios);
    println!("backfill: {ratio:.2}");
    ensure!(ratio <= LIMIT, "a backfill may take {LIMIT} times as long as the plain UPDATE");
    ensure!(many <= few + SPARE_MB, "more rows may take {SPARE_MB} MB more, and no more than that");
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// What one apply of the whole change came to.
struct Applied {
    backfill: Duration,
    whole: Duration,
    batches: usize,
    longest_batch: Duration,
}
