//! The same for every kind of change: each of [`colmig_tests::scenarios`], all the way forwards, and back from
//! where it would drop. A sample takes some of them each time.

use anyhow::{Context, Result, ensure};
use colmig_tests::database::TestDatabase;
use colmig_tests::ledger::{State, check_history, count_updates, updates};
use colmig_tests::program::Colmig;
use colmig_tests::project::Project;
use colmig_tests::scenarios::{ONLY, Scenario, scenarios};
use colmig_tests::shop::Shop;

/// Enough for two batches.
const ROWS: i64 = 1500;

/// Every so manieth scenario is in a sample.
const SAMPLE: usize = 6;

/// All of it is done; or what is left waits for a consent.
const GOES: &[i32] = &[0, 6];

/// Each so manieth statement of a sample.
const STEP: u64 = 37;

#[test]
fn an_apply_of_any_scenario_dies_anywhere_and_goes_on() {
    for_each("up", 0, |scenario, database, step, offset| {
        scenario.begin(database, ROWS)?;
        let last = scenario.checkouts().pop().context("there are releases")?;
        let shop = Shop::of(&last)?;
        let apply = |database: &TestDatabase| {
            let with = |command: Colmig, name: &String| command.arg("--allow-drop").arg(name);
            last.consents().iter().fold(apply(&shop, &last, database), with)
        };
        on(database, &apply, step, offset)
    });
}

#[test]
fn a_rollback_of_any_scenario_dies_anywhere_and_goes_on() {
    for_each("back", 0, |scenario, database, step, offset| {
        let shop = up_to_a_drop(scenario, database)?;
        let rollback = |database: &TestDatabase| shop.colmig("rollback 0002", database);
        on(database, &rollback, step, offset)
    });
}

#[test]
fn an_apply_of_any_scenario_dies_anywhere_and_is_rolled_back() {
    for_each("up and back", 1, |scenario, database, step, offset| {
        scenario.begin(database, ROWS)?;
        let last = scenario.checkouts().pop().context("there are releases")?;
        let shop = Shop::of(&last)?;
        let apply = |database: &TestDatabase| apply(&shop, &last, database);
        let rollback = |database: &TestDatabase| shop.colmig("rollback 0002", database);
        turned(scenario, database, [&apply, &rollback], step, offset)
    });
}

#[test]
fn a_rollback_of_any_scenario_dies_anywhere_and_is_applied_again() {
    for_each("back and up", 2, |scenario, database, step, offset| {
        let shop = up_to_a_drop(scenario, database)?;
        let last = scenario.checkouts().pop().context("there are releases")?;
        let apply = |database: &TestDatabase| apply(&shop, &last, database);
        let rollback = |database: &TestDatabase| shop.colmig("rollback 0002", database);
        turned(scenario, database, [&rollback, &apply], step, offset)
    });
}

/// What rewrites a table has consent, and what is given up half-way; a drop has none here.
fn apply(shop: &Shop, checkout: &Project, database: &TestDatabase) -> Colmig {
    let with =
        |flag: &'static str| move |command: Colmig, name: &String| command.arg(flag).arg(name);
    let apply = shop.colmig("apply", database);
    let apply = checkout.rewrites().iter().fold(apply, with("--allow-rewrite"));
    checkout.given_up().iter().fold(apply, with("--allow-drop"))
}

/// Applies all releases as far as nothing is dropped; the checkout of the last.
fn up_to_a_drop(scenario: &Scenario, database: &TestDatabase) -> Result<Shop> {
    scenario.begin(database, ROWS)?;
    let checkouts = scenario.checkouts();
    for checkout in &checkouts[1..] {
        checkout.apply(database, &[])?;
    }
    Shop::of(&checkouts[checkouts.len() - 1])
}

/// In a sample some scenarios go there and on, and the others half of the way and back, or half of the way back and
/// forth: `turn` says which.
fn for_each(
    way: &str,
    turn: usize,
    walk: impl Fn(&Scenario, &TestDatabase, u64, u64) -> Result<u64>,
) {
    let only = std::env::var(ONLY).unwrap_or_default();
    let chosen = (super::seed() as usize + turn) % SAMPLE;
    for (number, scenario) in scenarios().iter().enumerate() {
        let is_chosen = super::matrix().is_some() || !only.is_empty() || number % SAMPLE == chosen;
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

type Make<'c> = &'c dyn Fn(&TestDatabase) -> Colmig;

/// Dies before every `step`-th statement of a command, and runs it again; how often.
fn on(start: &TestDatabase, command: Make<'_>, step: u64, offset: u64) -> Result<u64> {
    count_updates(start)?;
    let uninterrupted = start.copy()?;
    command(&uninterrupted).run()?.expect(0)?;
    let expected = end(&uninterrupted)?;
    uninterrupted.remove()?;
    deaths(start, command, step, offset, &|database| {
        command(database).run()?.expect(0)?;
        let found = end(database)?;
        ensure!(found == expected, "it ends at {found:#?}\nand not at {expected:#?}");
        Ok(())
    })
}

/// How a run ends: what is there, and which rows were updated how often.
fn end(database: &TestDatabase) -> Result<(State, (i64, i64))> {
    check_history(database)?;
    Ok((State::of(database)?, updates(database)?))
}

/// Dies before every `step`-th statement of the first command, and runs the other, which goes the opposite way; how
/// often.
fn turned(
    scenario: &Scenario,
    start: &TestDatabase,
    commands: [Make<'_>; 2],
    step: u64,
    offset: u64,
) -> Result<u64> {
    let [there, back] = commands;
    let uninterrupted = start.copy()?;
    there(&uninterrupted).run()?.expect_one_of(GOES)?;
    back(&uninterrupted).run()?.expect_one_of(GOES)?;
    let expected = turned_end(scenario, &uninterrupted)?;
    uninterrupted.remove()?;
    let before = State::of(start)?;
    deaths(start, there, step, offset, &|database| {
        let halfway = State::of(database)?;
        let ran = back(database).run()?;
        // What was never recorded cannot be rolled back, and need not be.
        if ran.code == Some(2) && ran.err.contains("knows no migration `0002`") {
            ensure!(halfway.changes == before.changes);
        } else {
            ran.expect_one_of(GOES)?;
        }
        check_history(database)?;
        let found = turned_end(scenario, database)?;
        let via = format!("by way of {halfway:#?}");
        ensure!(found == expected, "it ends at {found:#?}\nand not at {expected:#?}\n{via}");
        Ok(())
    })
}

/// How two commands end that go there and back: values that the first mends for good may be as they were, or mended.
fn turned_end(scenario: &Scenario, database: &TestDatabase) -> Result<State> {
    let state = State::of(database)?;
    if scenario.mended.is_empty() {
        return Ok(state);
    }
    Ok(State { rows: scenario.rows(database, ROWS)?, ..state })
}

/// Runs a command on copies of a database, dies before every `step`-th statement, and lets `then` go on; how often.
fn deaths(
    start: &TestDatabase,
    command: Make<'_>,
    step: u64,
    offset: u64,
    then: &dyn Fn(&TestDatabase) -> Result<()>,
) -> Result<u64> {
    let mut deaths = 0;
    for n in (1 + offset % step..).step_by(step as usize) {
        let database = start.copy()?;
        let killed = command(&database).killed_at(n).run()?;
        if killed.code.is_none() {
            then(&database).with_context(|| format!("killed before statement {n}"))?;
            deaths += 1;
        }
        database.remove()?;
        if killed.code.is_some() {
            killed.expect_one_of(GOES)?;
            return Ok(deaths);
        }
    }
    Ok(deaths)
}
