//! Every change with releases at work around every step: whoever the table of phases lets in can really work,
//! and reads what was written.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use colmig_tests::database::TestDatabase;
use colmig_tests::deployment::{Deployment, Tally};
use colmig_tests::project::{Command, Project};
use colmig_tests::scenarios::{Scenario, on_every_database};
use colmig_tests::writer::{Course, Rows};

/// The rows that are there before: enough for a backfill of two batches.
const ROWS: i64 = 1500;

/// For the way back, of which there are many.
const FEW: i64 = 200;

/// Forwards to the end, drops and all.
#[test]
fn whoever_is_admitted_works_while_a_change_goes_to_its_end() {
    on_every_database(up).unwrap_or_else(|error| panic!("{error:?}"));
}

fn up(scenario: &Scenario, database: &TestDatabase) -> Result<String> {
    scenario.begin(database, ROWS)?;
    let course = Arc::new(Course::new(scenario, database.which()));
    let rows = Arc::new(Rows::before(&course, ROWS));
    let mut deployment = Deployment::on(&course, &rows, database, 3)?;
    for checkout in &course.checkouts[1..] {
        let report = deployment.run(checkout, Command::Apply(None))?;
        ensure!(report.refusals.is_empty(), "{:?}", report.refusals);
    }
    let report = course.checkouts[course.checkouts.len() - 1].apply_all(database)?;
    ensure!(report.finished() && report.moved == 0, "{report:#?}");
    ensure!(database.columns("users")? == scenario.end);
    Ok(deployment.end_with_audit()?.to_string())
}

/// From behind every step that is not past a drop, all the way back.
#[test]
fn whoever_is_admitted_works_while_a_change_is_undone_from_any_step() {
    on_every_database(down).unwrap_or_else(|error| panic!("{error:?}"));
}

fn down(scenario: &Scenario, database: &TestDatabase) -> Result<String> {
    scenario.begin(database, FEW)?;
    let course = Arc::new(Course::new(scenario, database.which()));
    let before = (database.definitions()?, scenario.rows(database, FEW)?);
    let rows = Arc::new(Rows::before(&course, FEW));
    let (mut done, mut tally, mut ways) = (BTreeSet::new(), Tally::default(), 0);
    for checkout in &course.checkouts[1..] {
        while let Some(step) = next_step(&course, &rows, database, checkout, &done, &mut tally)? {
            let copy = database.copy()?;
            let back = || undone(&course, &rows, &copy, checkout, &before);
            tally = tally.plus(back().with_context(|| format!("back from {step}"))?);
            copy.remove()?;
            ways += 1;
            done.insert(step);
        }
    }
    Ok(format!("{ways} ways back, {tally}"))
}

/// Takes the next step that can be taken, and lets whoever may live behind it do their work once; which it is.
fn next_step(
    course: &Arc<Course>,
    rows: &Arc<Rows>,
    database: &TestDatabase,
    checkout: &Project,
    done: &BTreeSet<String>,
    tally: &mut Tally,
) -> Result<Option<String>> {
    for steps in checkout.steps() {
        let Some(step) = steps.into_iter().find(|step| !done.contains(step)) else { continue };
        let mut deployment = Deployment::on(course, rows, database, 1)?;
        let report = deployment.run(checkout, Command::Apply(Some(&step)))?;
        *tally = tally.plus(deployment.end()?);
        if report.short.is_none() {
            return Ok(Some(step));
        }
    }
    Ok(None)
}

/// Takes everything back, and finds what was there before.
fn undone(
    course: &Arc<Course>,
    rows: &Arc<Rows>,
    database: &TestDatabase,
    checkout: &Project,
    (definitions, rows_before): &(Vec<String>, Vec<String>),
) -> Result<Tally> {
    let rows = Arc::new(rows.copy());
    let mut deployment = Deployment::on(course, &rows, database, 1)?;
    let report = deployment.run(checkout, Command::Rollback("0002"))?;
    let left = report.changes.iter().filter(|one| one.progress.position > 0);
    let left: Vec<_> = left.map(|one| (&one.progress.change.id, &one.wait)).collect();
    ensure!(left.iter().all(|(id, _)| id.starts_with("0001")), "{left:?} is not undone");
    let tally = deployment.end_with_audit()?;
    ensure!(database.definitions()? == *definitions, "{:#?}", database.definitions()?);
    let after = course.scenario.rows(database, FEW)?;
    let differs = rows_before.iter().zip(&after).find(|(before, after)| before != after);
    ensure!(differs.is_none() && after.len() == rows_before.len(), "{differs:?}");
    Ok(tally)
}
