//! Structs as the derive and `generate` judge them: the grammar, the moves from the release before, and
//! what is wrong between tables. The release before is the same under "Passes".

use anyhow::{Result, anyhow, ensure};
use colmig_core::lock::{Lock, Recorded};
use colmig_core::parse::{self, Mistake};
use colmig_core::plan::{Outcome, Wish, plan};
use colmig_core::problem::Problem;
use colmig_core::schema::Schema;
use colmig_core::types::Database;

use super::{Examples, Fence};

pub(super) fn run(examples: &Examples) -> Result<()> {
    let problems = judge(&examples.fails)?;
    let told = format!("{problems:#?}");
    ensure!(!problems.is_empty(), "nothing fails");
    ensure!(problems.iter().all(|problem| problem.code == examples.code), "another code: {told}");
    let before = examples.fails.iter().filter(|fence| fence.info == "rust,before");
    let passes: Vec<_> = before.chain(&examples.passes).copied().collect();
    let problems = judge(&passes)?;
    ensure!(problems.is_empty(), "it does not pass: {problems:#?}");
    Ok(())
}

/// What is wrong with the last release.
fn judge(releases: &[Fence<'_>]) -> Result<Vec<Problem>> {
    let mut lock = Lock {
        project: "shop".into(),
        databases: vec![Database::Postgres, Database::Sqlite],
        ..Lock::default()
    };
    for (at, release) in releases.iter().enumerate() {
        let is_last = at + 1 == releases.len();
        ensure!(is_last || release.info == "rust,before", "`{}` before the last", release.info);
        match read(release.text, &lock) {
            Ok(outcome) => record(&mut lock, outcome),
            Err(problems) if is_last => return Ok(problems),
            Err(problems) => return Err(anyhow!("the release before is wrong: {problems:#?}")),
        }
    }
    Ok(Vec::new())
}

fn read(text: &str, lock: &Lock) -> Result<Outcome, Vec<Problem>> {
    let file = parse::source(text).map_err(|mistake| vec![mistake.problem])?;
    let checked = file.tables.iter().flat_map(|declared| parse::check(declared, Some(lock)));
    let enums = file.enums.iter().flat_map(|declared| parse::check_enum(declared, Some(lock)));
    let mut mistakes: Vec<Mistake> =
        file.mistakes.iter().cloned().chain(checked).chain(enums).collect();
    let (structs, enums): (Vec<_>, Vec<_>) =
        (file.tables.iter().collect(), file.enums.iter().collect());
    if mistakes.is_empty() {
        mistakes.extend(parse::agree(&structs, &enums).into_iter().map(|one| one.mistake));
    }
    if !mistakes.is_empty() {
        return Err(mistakes.into_iter().map(|mistake| mistake.problem).collect());
    }
    let enums = file.enums.into_iter().map(|found| found.enumeration).collect();
    let tables = file.tables.into_iter().map(|found| found.table).collect();
    plan(lock, &Schema { enums, ..Schema::of(tables) }, Wish::default())
}

fn record(lock: &mut Lock, outcome: Outcome) {
    lock.schema = outcome.schema;
    if let Some(migration) = outcome.migration {
        let hash = migration.hash();
        lock.migrations.push(Recorded { id: migration.manifest.id, hash });
    }
}
