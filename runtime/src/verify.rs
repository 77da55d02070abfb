//! This code against that database, without registering.

use colmig_core::admission::{Refusal, judge};
use sqlx::Pool;

use crate::driver::{Driver, ledger};
use crate::lease::{LeaseDatabase, vector};
use crate::migrator::tables;
use crate::{Result, linked};

/// Compares every table that is linked into this program with the pool's database: windows, births,
/// columns, types, nullability. Nothing is written; none found means that this release may run now. The
/// round trips do not grow with the number of tables.
pub async fn verify<DB: LeaseDatabase>(pool: &Pool<DB>, project: &str) -> Result<Vec<Refusal>> {
    DB::verify(pool, project).await
}

pub(crate) async fn against(driver: &mut dyn Driver, project: &str) -> Result<Vec<Refusal>> {
    let linked = linked();
    let vector = vector(project, &linked)?;
    ledger::gate(driver, "").await?;
    let rows = ledger::changes(driver, None).await?;
    let mut wanted = tables(&rows);
    wanted.extend(vector.structs.iter().map(|entry| entry.table.clone()));
    let catalog = driver.catalog(&wanted).await?;
    let mut refusals = judge(&vector, &rows, &catalog);
    refusals.extend(driver.misfits(&linked, &catalog).await?);
    Ok(refusals)
}
