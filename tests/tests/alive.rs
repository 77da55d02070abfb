//! Every change with releases at work around every step: whoever the table of phases lets in can really work,
//! and reads what was written.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use colmig::migrator::Report;
use colmig_tests::database::TestDatabase;
use colmig_tests::deployment::{Deployment, Tally};
use colmig_tests::project::{Command, Project};
use colmig_tests::scenarios::{Scenario, on_some_databases};
use colmig_tests::writer::{Course, Rows, audit};

/// The rows that are there before: enough for a backfill of two batches.
const ROWS: i64 = 1500;

/// For the way back, of which there are many.
const FEW: i64 = 200;

/// Forwards to the end, drops and all.
#[test]
fn whoever_is_admitted_works_while_a_change_goes_to_its_end() {
    on_some_databases(2, up).unwrap_or_else(|error| panic!("{error:?}"));
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

/// On every so manieth of the ways back releases are alive; on the others only what is left is looked at.
const ALIVE: usize = 4;

/// From behind every step that is not past a drop, all the way back.
#[test]
fn whoever_is_admitted_works_while_a_change_is_undone_from_any_step() {
    on_some_databases(1, down).unwrap_or_else(|error| panic!("{error:?}"));
}

fn down(scenario: &Scenario, database: &TestDatabase) -> Result<String> {
    scenario.begin(database, FEW)?;
    let course = Arc::new(Course::new(scenario, database.which()));
    let before = (database.definitions()?, scenario.rows(database, FEW)?);
    let rows = Arc::new(Rows::before(&course, FEW));
    let (mut done, mut tally) = (BTreeSet::new(), Tally::default());
    for checkout in &course.checkouts[1..] {
        while let Some(step) = next_step(&course, &rows, database, checkout, &done, &mut tally)? {
            let copy = database.copy()?;
            let copied = Arc::new(rows.copy());
            let back = if done.len().is_multiple_of(ALIVE) { undone } else { undone_alone };
            let back = back(&course, &copied, &copy, checkout);
            tally = tally.plus(back.with_context(|| format!("back from {step}"))?);
            is_as_before(&course, &copy, &before).with_context(|| format!("back from {step}"))?;
            copy.remove()?;
            done.insert(step);
        }
    }
    let last = &course.checkouts[course.checkouts.len() - 1];
    tally = tally.plus(undone(&course, &rows, database, last).context("all the way back")?);
    is_as_before(&course, database, &before).context("all the way back")?;
    Ok(format!("{} ways back, {tally}", done.len() + 1))
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

/// Takes everything back among releases.
fn undone(
    course: &Arc<Course>,
    rows: &Arc<Rows>,
    database: &TestDatabase,
    checkout: &Project,
) -> Result<Tally> {
    let mut deployment = Deployment::on(course, rows, database, 1)?;
    all_is_undone(&deployment.run(checkout, Command::Rollback("0002"))?)?;
    deployment.end_with_audit()
}

/// Takes everything back while nobody is there; then release 1 comes, and reads.
fn undone_alone(
    course: &Arc<Course>,
    rows: &Arc<Rows>,
    database: &TestDatabase,
    checkout: &Project,
) -> Result<Tally> {
    all_is_undone(&checkout.rollback(database, "0002")?)?;
    let statements = audit(course, rows, 1, database)?;
    Ok(Tally { statements, ..Tally::default() })
}

fn all_is_undone(report: &Report) -> Result<()> {
    let left = report.changes.iter().filter(|one| one.progress.position > 0);
    let left: Vec<_> = left.map(|one| (&one.progress.change.id, &one.wait)).collect();
    ensure!(left.iter().all(|(id, _)| id.starts_with("0001")), "{left:?} is not undone");
    Ok(())
}

fn is_as_before(
    course: &Course,
    database: &TestDatabase,
    (definitions, rows): &(Vec<String>, Vec<String>),
) -> Result<()> {
    ensure!(database.definitions()? == *definitions, "{:#?}", database.definitions()?);
    let after = course.scenario.rows(database, FEW)?;
    let differs = rows.iter().zip(&after).find(|(before, after)| before != after);
    ensure!(differs.is_none() && after.len() == rows.len(), "{differs:?}");
    Ok(())
}
