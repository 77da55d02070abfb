//! What a backfill does: which rows, which value, and how large the next batch is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An independent fill: rows without a value get one; a value that is there is the application's, and
/// stays (rule R10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The table.
    pub table: String,
    /// The column that is filled.
    pub column: String,
    /// The SQL expression of the value, over the row.
    pub expression: String,
    /// The primary key that orders the walk.
    pub key: Vec<KeyColumn>,
}

/// One column of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    /// Its name.
    pub name: String,
    /// Its type as the catalog spells it.
    pub sql_type: String,
}

/// A number of rows, for messages: `1 row`, `7 rows`.
pub fn rows(count: i64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// How large batches may be, and how long they should take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long one batch's transaction should take: a writer that meets it waits about as long.
    pub target: Duration,
    /// The fewest rows of a batch.
    pub min: u64,
    /// The most rows of a batch.
    pub max: u64,
}

impl Pace {
    /// The rows of the first batch.
    pub const FIRST: u64 = 1_000;

    /// The rows of the next batch, from those of the last and the time that it took: growth of at most
    /// half a step, and an immediate cut in proportion when it took too long.
    pub fn next(&self, rows: u64, took: Duration) -> u64 {
        let ratio = self.target.as_secs_f64() / took.as_secs_f64().max(1e-6);
        let next = rows as f64 * ratio.min(1.5);
        (next.round() as u64).clamp(self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_slowly_and_shrink_at_once() {
        let pace = Pace { target: Duration::from_millis(20), min: 100, max: 100_000 };
        assert_eq!(pace.next(1_000, Duration::from_millis(1)), 1_500);
        assert_eq!(pace.next(1_000, Duration::from_millis(20)), 1_000);
        assert_eq!(pace.next(10_000, Duration::from_millis(200)), 1_000);
        assert_eq!(pace.next(100, Duration::from_secs(60)), 100);
        assert_eq!(pace.next(100_000, Duration::ZERO), 100_000);
    }
}
