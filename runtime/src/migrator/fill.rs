//! The backfill: batches in the order of the primary key, each one transaction with its progress in it,
//! fenced by the epoch; then an exact count of what is left.

use std::time::{Duration, Instant};

use colmig_core::backfill::{Fill, KeyColumn, Pace, Rows, Value, rows};
use colmig_core::dialect::Direction;
use colmig_core::problem::{NO_KEY_TO_BACKFILL, STEP_FAILED, VERIFICATION};
use colmig_core::protocol::Act;

use super::ask::shown;
use super::script::LockWait;
use super::{Event, Filling, Migrator};
use crate::driver::{DbError, Races, Row, Trouble, Work, ledger, transaction};
use crate::{Error, Result};

/// How many sweeps may follow the first walk. Each finds only rows that were written without a value
/// since, which no admitted release does.
const SWEEPS: u32 = 5;

/// How long a cluster that held back writes is left alone before it is asked again.
const CATCH_UP: Duration = Duration::from_millis(250);

/// What one batch came to.
enum Batch {
    /// It was committed.
    Filled,
    /// There are no rows after the cursor.
    End,
    /// A lock was not granted.
    Again,
    /// The transaction lost against another one.
    Lost,
}

impl Migrator {
    /// What a backfill does, table by table, each with the name of its cursor. Of a value of an enum type: its
    /// columns as far as they are there; one may have been dropped since.
    pub(super) async fn fills_of(
        &mut self,
        index: usize,
        back: bool,
    ) -> Result<Vec<(String, Fill)>> {
        let change = self.rows[index].change.clone();
        let Some(value) = change.value_of_type() else {
            return Ok(vec![(change.id.clone(), self.fill_of(index, back).await?)]);
        };
        let tables: Vec<_> = change.tables().into_iter().map(str::to_owned).collect();
        let catalog = self.driver.catalog(&tables).await?;
        let mut fills = Vec::new();
        for place in &change.places {
            if catalog.column(&place.table, &place.column).is_none() {
                continue;
            }
            let key = self.key_of(&place.table, &change.subject()).await?;
            // The first shows how far the change is.
            let cursor = match fills.len() {
                0 => change.id.clone(),
                _ => format!("{}/{}.{}", change.id, place.table, place.column),
            };
            fills.push((cursor, Fill::of_value(value, place, key)));
        }
        Ok(fills)
    }

    /// How many rows hold the value of an enum type.
    pub(super) async fn held(&mut self, index: usize) -> Result<i64> {
        let mut rows = 0;
        for (_, fill) in self.fills_of(index, false).await? {
            let unfilled = self.driver.dialect().unfilled(&fill);
            rows += ledger::count(self.driver.as_mut(), &unfilled).await?;
        }
        Ok(rows)
    }

    async fn key_of(&mut self, table: &str, subject: &str) -> Result<Vec<KeyColumn>> {
        let key = self.driver.key(table).await?;
        if key.is_empty() {
            return Err(NO_KEY_TO_BACKFILL
                .problem(format!(
                    "`{table}` has no primary key in this database, and `{subject}` needs a backfill"
                ))
                .at(table)
                .help("give the table a primary key: batches walk it, and a crash resumes by it")
                .into());
        }
        Ok(key)
    }

    /// What a change's backfill (or, going back, the refill of what it relaxed) does.
    pub(super) async fn fill_of(&mut self, index: usize, back: bool) -> Result<Fill> {
        let change = &self.rows[index].change;
        let (act, way) = match back {
            true => (Act::Relax, Direction::Down),
            false => (Act::Backfill, Direction::Up),
        };
        let database = self.database();
        let values = change.targets(act).iter().map(|column| Value {
            column: column.name.clone(),
            expression: change.value(column, way, database),
            required: !column.optional(),
        });
        let (values, rows): (Vec<_>, _) = (values.collect(), Rows::of(change));
        let (table, subject) = (change.table.clone(), change.subject());
        let key = self.key_of(&table, &subject).await?;
        Ok(Fill { table, values, rows, key })
    }

    /// Fills every row that needs it, and verifies that none is left.
    pub(super) async fn fill(&mut self, index: usize, back: bool) -> Result<()> {
        let value = self.rows[index].change.value_of_type();
        if value.is_some_and(|value| value.replace_with.is_empty()) {
            return self.refuse_held(index).await;
        }
        for (cursor, fill) in self.fills_of(index, back).await? {
            self.fill_table(index, &cursor, &fill).await?;
        }
        Ok(())
    }

    async fn fill_table(&mut self, index: usize, cursor: &str, fill: &Fill) -> Result<()> {
        let unfilled = self.driver.dialect().unfilled(fill);
        for sweep in 0..=SWEEPS {
            let filled = self.walk(index, cursor, fill).await?;
            if fill.rows == Rows::Vacant {
                return Ok(());
            }
            let left = ledger::count(self.driver.as_mut(), &unfilled).await?;
            let hopeless = self.hopeless(fill).await?;
            if left == 0 && hopeless == 0 {
                return Ok(());
            }
            if hopeless > 0 || sweep > 0 && filled == 0 {
                break;
            }
            let change = self.rows[index].change.title();
            self.tell(Event::Sweeping { change, rows: left });
            self.void(index).await?;
        }
        Err(self.unfillable(index, fill).await?.into())
    }

    /// Nothing says what rows get that hold a value: there must be none.
    async fn refuse_held(&mut self, index: usize) -> Result<()> {
        let left = self.held(index).await?;
        if left == 0 {
            return Ok(());
        }
        let subject = self.rows[index].change.subject();
        let mut problem = VERIFICATION
            .problem(format!(
                "{} still hold `{subject}`, and no `replace_with` says what they get",
                rows(left)
            ))
            .at(subject);
        for (_, fill) in self.fills_of(index, false).await? {
            let first = self.first_keys(&fill).await?;
            if !first.is_empty() {
                let place = format!("{}.{}", fill.table, fill.values[0].column);
                problem = problem.help(format!("`{place}`, the first keys: {}", first.join(", ")));
            }
        }
        Err(problem
            .help("give those rows another value, and apply again; or roll back and generate again with `replace_with = \"…\"`")
            .into())
    }

    /// The first rows that need it.
    async fn first_keys(&mut self, fill: &Fill) -> Result<Vec<String>> {
        let dialect = self.driver.dialect();
        let key = |column: &KeyColumn| {
            dialect.key_output(&colmig_core::ident::quote(&column.name), &column.sql_type)
        };
        let keys: Vec<_> = fill.key.iter().map(key).collect();
        let sql = dialect.needing(fill, &keys.join(", "));
        let found = self.driver.rows(&format!("{sql} LIMIT 5"), &[]).await?;
        Ok(found.iter().map(|row| shown(row, row.len())).collect())
    }

    async fn hopeless(&mut self, fill: &Fill) -> Result<i64> {
        match self.driver.dialect().hopeless(fill, "count(*)") {
            Some(sql) => Ok(ledger::count(self.driver.as_mut(), &sql).await?),
            None => Ok(0),
        }
    }

    async fn unfillable(&mut self, index: usize, fill: &Fill) -> Result<colmig_core::Problem> {
        let dialect = self.driver.dialect();
        let left = self.hopeless(fill).await?;
        let keys: Vec<_> = fill
            .key
            .iter()
            .map(|k| dialect.key_output(&colmig_core::ident::quote(&k.name), &k.sql_type))
            .collect();
        let sql = dialect.hopeless(fill, &keys.join(", ")).map(|sql| format!("{sql} LIMIT 5"));
        let found = match sql {
            Some(sql) => self.driver.rows(&sql, &[]).await?,
            None => Vec::new(),
        };
        let first: Vec<_> = found.iter().map(|row| shown(row, row.len())).collect();
        let expressions: Vec<_> =
            fill.values.iter().map(|value| format!("`{}`", value.expression)).collect();
        let subject = self.rows[index].change.subject();
        Ok(VERIFICATION
            .problem(format!(
                "{} yields NULL for {} of `{}`, and `{subject}` is required",
                expressions.join(", "),
                rows(left),
                fill.table
            ))
            .at(subject)
            .help(format!("the first keys: {}", first.join(", ")))
            .help("mend those rows, or roll back and generate again with an expression such as `coalesce(…, '')`; nothing relies on the column yet"))
    }

    /// Walks the table once from the cursor to the end; how many rows it has filled in all.
    async fn walk(&mut self, index: usize, cursor: &str, fill: &Fill) -> Result<i64> {
        let project = self.options.project.clone();
        let mut progress = ledger::fill(self.driver.as_mut(), &project, cursor).await?;
        let estimate = self.driver.estimate(&fill.table).await?;
        let title = self.rows[index].change.title();
        let pace = self.driver.dialect().pace();
        let (mut rows, mut locked, mut races) = (Pace::FIRST, LockWait::new(), Races::new());
        loop {
            self.stopped()?;
            self.keep_pace(&title).await?;
            self.let_catch_up(&title).await?;
            let began = Instant::now();
            match self.batch(cursor, fill, &mut progress, rows).await? {
                Batch::End => return Ok(progress.rows_done),
                // Whoever writes the same rows on another server wins against a batch as long as it is open.
                Batch::Lost => {
                    rows = (rows / 2).max(pace.min);
                    if !races.again(true).await {
                        self.wait_for_lock(&fill.table, &mut locked).await?;
                    }
                    continue;
                }
                Batch::Again => {
                    rows = (rows / 2).max(pace.min);
                    self.wait_for_lock(&fill.table, &mut locked).await?;
                    continue;
                }
                Batch::Filled => {
                    (locked, races) = (LockWait::new(), Races::new());
                    rows = pace.next(rows, began.elapsed());
                }
            }
            self.tell(Event::Filling(Filling {
                change: title.clone(),
                rows: progress.rows_done,
                estimate,
                batch: rows,
            }));
        }
    }

    async fn batch(
        &mut self,
        change: &str,
        fill: &Fill,
        progress: &mut ledger::Fill,
        rows: u64,
    ) -> Result<Batch> {
        if let Err(error) = self.driver.begin(Work::Batch).await {
            return again(change, error);
        }
        if let Err(error) = ledger::fence(self.driver.as_mut(), self.author.epoch).await {
            let fenced = self.finish(Err(error)).await;
            return if self.driver.lost() { Ok(Batch::Lost) } else { fenced };
        }
        let next = match self.fill_batch(fill, progress, rows).await {
            Ok(next) => next,
            Err(error) => {
                let _ = self.driver.rollback().await;
                return again(change, error);
            }
        };
        let Some(next) = next else {
            self.driver.commit().await?;
            return Ok(Batch::End);
        };
        let project = self.options.project.clone();
        let saved = ledger::save_fill(self.driver.as_mut(), &project, change, &next).await;
        match self.finish(saved).await {
            Err(_) if self.driver.lost() => return Ok(Batch::Lost),
            saved => saved?,
        }
        *progress = next;
        Ok(Batch::Filled)
    }

    async fn fill_batch(
        &mut self,
        fill: &Fill,
        progress: &ledger::Fill,
        rows: u64,
    ) -> Result<Option<ledger::Fill>, DbError> {
        let dialect = self.driver.dialect();
        let after = !progress.cursor.is_empty();
        let ends =
            self.driver.rows(&dialect.batch_end(fill, after, rows), &progress.cursor).await?;
        let Some(end) = ends.into_iter().next() else { return Ok(None) };
        let parameters: Row = progress.cursor.iter().chain(&end).cloned().collect();
        let updated = self.driver.run(&dialect.batch(fill, after), &parameters).await?;
        let rows_done = progress.rows_done + i64::try_from(updated).unwrap_or(0);
        Ok(Some(ledger::Fill { cursor: end, rows_done, batches: progress.batches + 1 }))
    }

    /// Waits while the cluster holds back all writes for its slowest server: a batch would only make its queue longer.
    async fn let_catch_up(&mut self, change: &str) -> Result<()> {
        while let Some(held) = self.driver.held_back().await? {
            self.stopped()?;
            self.tell(Event::HeldBack { change: change.to_owned(), held });
            tokio::time::sleep(CATCH_UP).await;
        }
        Ok(())
    }

    /// Forgets the cursor: the next walk begins at the first row.
    pub(super) async fn void(&mut self, index: usize) -> Result<()> {
        let (project, change) = (self.options.project.clone(), self.rows[index].change.id.clone());
        transaction!(self.driver.as_mut(), Work::Rows, async {
            ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
            ledger::void_fill(self.driver.as_mut(), &project, &change).await
        })
    }
}

fn again(change: &str, error: DbError) -> Result<Batch> {
    match error.trouble {
        Trouble::Again => Ok(Batch::Again),
        Trouble::Lost => Ok(Batch::Lost),
        Trouble::Gone | Trouble::ReadOnly | Trouble::Denied => Err(error.into()),
        _ => {
            let mut problem = error.problem();
            problem.code = STEP_FAILED;
            problem.message = format!("a batch of the backfill failed: {}", error.message);
            problem.place = Some(change.to_owned());
            Err(Error::Problem(problem.help(
                "the batches before it are kept; mend the row, or roll back and generate again with another expression",
            )))
        }
    }
}
