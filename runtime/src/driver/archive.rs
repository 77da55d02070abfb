//! Which archives there are, as the ledger knows it; and the values in them on their way back.

use colmig_core::backfill::KeyColumn;
use colmig_core::dialect::archive::{Archive, Return};
use serde::{Deserialize, Serialize};

use super::{DbError, Driver, Row, Trouble, Value};
use crate::Result;
use crate::driver::ledger::Author;

/// One archive.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The change that dropped the columns, or is about to.
    pub(crate) change: String,
    /// The table that keeps them.
    pub(crate) archive: Archive,
    /// How many rows it has.
    pub(crate) rows: i64,
    /// When the change's window had last moved: if it moved again since, writers came back in, and what is
    /// archived is stale.
    pub(crate) window_since: i64,
    /// When it was made, and the present, in milliseconds.
    pub(crate) at: i64,
    pub(crate) now: i64,
    /// How far its values are on their way back.
    pub(crate) restoring: Option<Restoring>,
}

/// A restore that is under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Restoring {
    /// The archived column.
    pub(crate) from: String,
    /// The column that gets its values.
    pub(crate) into: String,
    /// The last key that is done; empty before the first batch.
    pub(crate) cursor: Row,
    /// Rows that have their value again.
    pub(crate) restored: i64,
    /// Rows that had a value, and keep it.
    pub(crate) kept: i64,
    /// Values whose row is gone.
    pub(crate) gone: i64,
}

#[derive(Serialize, Deserialize)]
struct Columns {
    key: Vec<KeyColumn>,
    values: Vec<KeyColumn>,
}

/// Whether the ledger has its table of archives; outside of a transaction, since PostgreSQL ends one that meets
/// a table that is not there.
pub(crate) async fn has_table(driver: &mut dyn Driver) -> Result<bool> {
    match driver.rows("SELECT 1 FROM _colmig_archive LIMIT 1", &[]).await {
        Ok(_) => Ok(true),
        Err(error) if error.trouble == Trouble::NoTable => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The archives of one project, the oldest first; none where the ledger has no table of them. Outside of a
/// transaction.
pub(crate) async fn all(driver: &mut dyn Driver, project: &str) -> Result<Vec<Kept>> {
    if !has_table(driver).await? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT change_id, name, source, columns, row_count, window_since, at, restoring, {}
         FROM _colmig_archive WHERE project = $1 ORDER BY at, change_id",
        driver.now()
    );
    let rows = driver.rows(&sql, &[project.into()]).await?;
    rows.iter().map(kept).collect()
}

fn kept(row: &Row) -> Result<Kept> {
    let text = |value: &Value| value.text().to_owned();
    let broken = |error: serde_json::Error| DbError::other(error.to_string());
    let Columns { key, values } = serde_json::from_str(row[3].text()).map_err(broken)?;
    let restoring = match row[7].text() {
        "" => None,
        written => Some(serde_json::from_str(written).map_err(broken)?),
    };
    Ok(Kept {
        change: text(&row[0]),
        archive: Archive { name: text(&row[1]), table: text(&row[2]), key, values },
        rows: row[4].int(),
        window_since: row[5].int(),
        at: row[6].int(),
        restoring,
        now: row[8].int(),
    })
}

/// Whether another project of this database has an archive of this name.
pub(crate) async fn is_taken(driver: &mut dyn Driver, project: &str, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM _colmig_archive WHERE project <> $1 AND name = $2";
    Ok(!driver.rows(sql, &[project.into(), name.into()]).await?.is_empty())
}

/// Writes down a new archive, in the transaction that makes it.
pub(crate) async fn record(
    driver: &mut dyn Driver,
    author: &Author,
    change: &str,
    archive: &Archive,
    rows: i64,
    window_since: i64,
) -> Result<()> {
    forget(driver, author, change).await?;
    let sql = format!(
        "INSERT INTO _colmig_archive VALUES ($1, $2, $3, $4, $5, $6, $7, {}, '')",
        driver.now()
    );
    let columns = Columns { key: archive.key.clone(), values: archive.values.clone() };
    let parameters = [
        author.project.as_str().into(),
        change.into(),
        archive.name.as_str().into(),
        archive.table.as_str().into(),
        json(&columns).into(),
        rows.into(),
        window_since.into(),
    ];
    driver.run(&sql, &parameters).await?;
    Ok(())
}

/// Forgets one, in the transaction that drops it.
pub(crate) async fn forget(driver: &mut dyn Driver, author: &Author, change: &str) -> Result<()> {
    let sql = "DELETE FROM _colmig_archive WHERE project = $1 AND change_id = $2";
    driver.run(sql, &[author.project.as_str().into(), change.into()]).await?;
    Ok(())
}

/// Writes down how far a restore is, in the batch's own transaction; none: it is at its end.
pub(crate) async fn set_restoring(
    driver: &mut dyn Driver,
    author: &Author,
    change: &str,
    restoring: Option<&Restoring>,
) -> Result<()> {
    let sql = "UPDATE _colmig_archive SET restoring = $1 WHERE project = $2 AND change_id = $3";
    let written = restoring.map(json).unwrap_or_default();
    driver.run(sql, &[written.into(), author.project.as_str().into(), change.into()]).await?;
    Ok(())
}

/// Writes one batch back, and counts what it met: the progress behind it.
pub(crate) async fn put_back(
    driver: &mut dyn Driver,
    back: &Return<'_>,
    before: &Restoring,
    end: Row,
) -> Result<Restoring, DbError> {
    let (dialect, after) = (driver.dialect(), !before.cursor.is_empty());
    let parameters: Row = before.cursor.iter().chain(&end).cloned().collect();
    let updated = driver.run(&back.batch(dialect, after), &parameters).await?;
    let restored = i64::try_from(updated).unwrap_or(0);
    let met = driver.rows(&back.met(dialect, after), &parameters).await?;
    let (archived, there) = met.first().map_or((0, 0), |row| (row[0].int(), row[1].int()));
    Ok(Restoring {
        cursor: end,
        restored: before.restored + restored,
        kept: before.kept + (there - restored).max(0),
        gone: before.gone + archived - there,
        ..before.clone()
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
}
