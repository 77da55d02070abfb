//! This code against that database, without registering.

use colmig_core::admission::{Refusal, judge};

use crate::driver::ledger;
use crate::lease::vector;
use crate::migrator::tables;
use crate::{Result, driver, linked};

/// Compares every table that is linked into this program with the database at `url`: windows, births,
/// columns, types, nullability. Nothing is written. The round trips do not grow with the number of tables.
pub async fn verify(url: &str, project: &str) -> Result<Vec<Refusal>> {
    let linked = linked();
    let vector = vector(project, &linked)?;
    let mut driver = driver::connect(url, "colmig-verify").await?;
    ledger::gate(driver.as_mut(), "").await?;
    let rows = ledger::changes(driver.as_mut(), None).await?;
    let mut wanted = tables(&rows);
    wanted.extend(vector.structs.iter().map(|entry| entry.table.clone()));
    let catalog = driver.catalog(&wanted).await?;
    let mut refusals = judge(&vector, &rows, &catalog);
    refusals.extend(driver.misfits(&linked, &catalog).await?);
    Ok(refusals)
}
