//! The same for every kind of change: each of [`colmig_tests::scenarios`], all the way forwards, and back from
//! where it would drop. A sample takes some of them each time.

use anyhow::{Context, Result, ensure};
use colmig_tests::database::TestDatabase;
use colmig_tests::ledger::{State, check_history, count_updates, updates};
use colmig_tests::program::{Colmig, Ran};
use colmig_tests::scenarios::{ONLY, Scenario, scenarios};
use colmig_tests::shop::Shop;

/// Enough for two batches.
const ROWS: i64 = 1500;

/// Every so manieth scenario is in a sample.
const SAMPLE: usize = 5;

/// Each so manieth statement of a sample.
const STEP: u64 = 37;

#[test]
fn an_apply_of_any_scenario_dies_anywhere_and_goes_on() {
    for_each("up", |scenario, database, step, offset| {
        scenario.begin(database, ROWS)?;
        let last = scenario.checkouts().pop().context("there are releases")?;
        let shop = Shop::of(&last)?;
        let apply = |database: &TestDatabase| {
            let command = shop.colmig("apply", database);
            last.consents()
                .iter()
                .fold(command, |command, name| command.arg("--allow-drop").arg(name))
        };
        walk(database, &apply, step, offset)
    });
}

#[test]
fn a_rollback_of_any_scenario_dies_anywhere_and_goes_on() {
    for_each("back", |scenario, database, step, offset| {
        scenario.begin(database, ROWS)?;
        let checkouts = scenario.checkouts();
        for checkout in &checkouts[1..] {
            checkout.apply(database, &[])?;
        }
        let shop = Shop::of(&checkouts[checkouts.len() - 1])?;
        let rollback = |database: &TestDatabase| shop.colmig("rollback 0002", database);
        walk(database, &rollback, step, offset)
    });
}

fn for_each(way: &str, walk: impl Fn(&Scenario, &TestDatabase, u64, u64) -> Result<u64>) {
    let only = std::env::var(ONLY).unwrap_or_default();
    let chosen = super::seed() as usize % SAMPLE;
    for (number, scenario) in scenarios().iter().enumerate() {
        let is_chosen = super::is_whole() || !only.is_empty() || number % SAMPLE == chosen;
        if !is_chosen || !scenario.name.contains(&only) {
            continue;
        }
        super::on_every_database(
            STEP,
            &format!("{}, {way}", scenario.name),
            |database, step, offset| match scenario.databases.contains(&database.which()) {
                true => walk(scenario, database, step, offset),
                false => Ok(0),
            },
        );
    }
}

/// Dies before every `step`-th statement of a command, and runs it again; how often.
fn walk(
    start: &TestDatabase,
    command: &dyn Fn(&TestDatabase) -> Colmig,
    step: u64,
    offset: u64,
) -> Result<u64> {
    count_updates(start)?;
    let uninterrupted = start.copy()?;
    command(&uninterrupted).run()?.expect(0)?;
    let end = end(&uninterrupted)?;
    uninterrupted.remove()?;
    let mut deaths = 0;
    for n in (1 + offset % step..).step_by(step as usize) {
        let database = start.copy()?;
        let killed = command(&database).killed_at(n).run()?;
        if killed.code.is_none() {
            let place = || format!("killed before statement {n}");
            resumed(command(&database).run()?, &database, &end).with_context(place)?;
            deaths += 1;
        }
        database.remove()?;
        if killed.code.is_some() {
            killed.expect(0)?;
            return Ok(deaths);
        }
    }
    Ok(deaths)
}

/// How a run ends: what is there, and which rows were updated how often.
fn end(database: &TestDatabase) -> Result<(State, (i64, i64))> {
    check_history(database)?;
    Ok((State::of(database)?, updates(database)?))
}

fn resumed(ran: Ran, database: &TestDatabase, expected: &(State, (i64, i64))) -> Result<()> {
    ran.expect(0)?;
    let found = end(database)?;
    ensure!(found == *expected, "it ends at {found:#?}\nand not at {expected:#?}");
    Ok(())
}
