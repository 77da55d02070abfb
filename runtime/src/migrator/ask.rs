//! Asking rows, for the pre-flight: every question in transactions of its own that are rolled back. They hold what
//! a reader holds: ACCESS SHARE on PostgreSQL, on SQLite not the writer.

use colmig_core::backfill::{Fill, KeyColumn, Rows};
use colmig_core::dialect::{Dialect, trial};
use colmig_core::ident::quote;
use colmig_core::preflight::{About, Answer, FIRST, Question};

use crate::driver::{DbError, Driver, Row, Trouble, Value, Work};

/// How many rows are tried at once where some of them fail.
const AT_ONCE: u64 = 500;

/// What stands between a question and its rows.
struct Query<'q> {
    question: &'q Question,
    dialect: &'static dyn Dialect,
    /// What makes `value` ready, in each transaction.
    prepare: Option<String>,
    /// What stands for the question's value.
    value: String,
    /// Whether values are stored, to see whether they can be.
    stores: bool,
    key: Vec<KeyColumn>,
}

/// What the rows of a table say to a question. An error is one that has nothing to do with them.
pub(super) async fn answers(
    driver: &mut dyn Driver,
    question: &Question,
) -> Result<Vec<Answer>, DbError> {
    let ready = match assigned(driver, question).await {
        Ok(ready) => ready,
        Err(error) => return about(error).map(|said| vec![Answer::Refused(said)]),
    };
    let query = Query::new(driver, question, ready).await?;
    let count = question.count(&query.value, "");
    if let Err(error) = query.look(driver, &format!("EXPLAIN {count}")).await {
        return about(error).map(|said| vec![query.refused(said)]);
    }
    if query.stores && !query.key.is_empty() {
        return Ok(sorted(query.walked(driver).await?, None));
    }
    match query.look(driver, &count).await {
        Ok(rows) => match number(&rows, 0) {
            0 => Ok(Vec::new()),
            count => Ok(vec![Answer::Wrong(count, query.first(driver).await?)]),
        },
        Err(error) => {
            let said = about(error)?;
            match question.about {
                About::Type | About::Unique | About::References => Ok(vec![query.refused(said)]),
                _ => query.one_by_one(driver, said).await,
            }
        }
    }
}

/// Plans the assignment of the value to its column; whether the role may make what lives for one transaction. A role
/// that may not still learns all but this: whether the column's type takes the value as it is.
async fn assigned(driver: &mut dyn Driver, question: &Question) -> Result<bool, DbError> {
    let database = driver.dialect().database();
    if let Some(target) = trial::target(question, database) {
        return match driver.script(&target).await {
            Err(error) if error.trouble == Trouble::Denied => Ok(false),
            made => made.map(|()| true),
        };
    }
    let Some([make, plan]) = trial::assignment(question, database) else {
        return Ok(true);
    };
    driver.begin(Work::Look).await?;
    let planned = match driver.script(&make).await {
        Err(error) if error.trouble == Trouble::Denied => Ok(false),
        Err(error) => Err(error),
        Ok(()) => driver.rows(&plan, &[]).await.map(|_| true),
    };
    rolled_back(driver, planned).await
}

/// Ends a transaction that has changed nothing. The error that matters is the first.
async fn rolled_back<T>(
    driver: &mut dyn Driver,
    outcome: Result<T, DbError>,
) -> Result<T, DbError> {
    let ended = driver.rollback().await;
    outcome.and_then(|value| ended.map(|()| value))
}

/// What the database says of an expression or a row; another trouble stays an error.
fn about(error: DbError) -> Result<String, DbError> {
    match error.trouble {
        Trouble::Again | Trouble::Lost | Trouble::Gone | Trouble::ReadOnly | Trouble::Denied => {
            Err(error)
        }
        _ => Ok(error.message),
    }
}

impl<'q> Query<'q> {
    async fn new(
        driver: &mut dyn Driver,
        question: &'q Question,
        ready: bool,
    ) -> Result<Query<'q>, DbError> {
        let dialect = driver.dialect();
        let database = dialect.database();
        Ok(Query {
            question,
            dialect,
            prepare: trial::prepare(question, database).filter(|_| ready),
            value: trial::value(question, database, ready),
            stores: ready && trial::target(question, database).is_some(),
            key: driver.key(&question.table).await?,
        })
    }

    async fn look(&self, driver: &mut dyn Driver, sql: &str) -> Result<Vec<Row>, DbError> {
        driver.begin(Work::Look).await?;
        let prepared = match &self.prepare {
            Some(prepare) => driver.script(prepare).await,
            None => Ok(()),
        };
        let seen = match prepared {
            Ok(()) => driver.rows(sql, &[]).await,
            Err(error) => Err(error),
        };
        rolled_back(driver, seen).await
    }

    fn refused(&self, said: String) -> Answer {
        match self.question.about {
            About::Type => Answer::Fails(None, Vec::new(), said),
            _ => Answer::Refused(said),
        }
    }

    /// The key as it is read, and the names of its columns.
    fn key(&self) -> (Vec<String>, Vec<String>) {
        let table = quote(&self.question.table);
        let outputs = self.key.iter().map(|column| {
            let name = format!("{table}.{}", quote(&column.name));
            self.dialect.key_output(&name, &column.sql_type)
        });
        (outputs.collect(), self.key.iter().map(|column| column.name.clone()).collect())
    }

    /// The first rows with which something is wrong.
    async fn first(&self, driver: &mut dyn Driver) -> Result<Vec<String>, DbError> {
        if self.key.is_empty() && self.question.beside.is_empty() {
            return Ok(Vec::new());
        }
        let (outputs, key) = self.key();
        let first = self.question.first(&self.value, &outputs, &key);
        let rows = self.look(driver, &first).await?;
        Ok(rows.iter().map(|row| shown(row, key.len())).collect())
    }

    /// Some rows fail, so each is tried by itself: in the database where it can catch an error, from here where it
    /// cannot.
    async fn one_by_one(
        &self,
        driver: &mut dyn Driver,
        said: String,
    ) -> Result<Vec<Answer>, DbError> {
        let found = match trial::one_by_one(self.question, self.dialect.database()) {
            Some(function) => self.caught(driver, &function).await?,
            None => self.walked(driver).await?,
        };
        Ok(sorted(found, Some(said)))
    }

    /// A role that may not make functions learns neither how many rows fail nor which.
    async fn caught(&self, driver: &mut dyn Driver, function: &str) -> Result<[Found; 2], DbError> {
        driver.begin(Work::Look).await?;
        let caught = match driver.script(function).await {
            Ok(()) => self.tried(driver).await,
            Err(error) => match error.trouble {
                Trouble::Again | Trouble::Lost | Trouble::Gone => Err(error),
                _ => Ok(Default::default()),
            },
        };
        rolled_back(driver, caught).await
    }

    async fn tried(&self, driver: &mut dyn Driver) -> Result<[Found; 2], DbError> {
        let counts = driver.rows(&trial::count(self.question), &[]).await?;
        let (outputs, key) = self.key();
        let mut found: [Found; 2] = Default::default();
        for (place, fails) in [false, true].into_iter().enumerate() {
            found[place].rows = number(&counts, place);
            if found[place].rows == 0 {
                // Every row would be tried once more to find none.
                continue;
            }
            let sql = trial::first(self.question, fails, &outputs, &key);
            for row in driver.rows(&sql, &[]).await? {
                found[place].add(&row[1..], row[0].text());
            }
        }
        Ok(found)
    }

    /// In the order of the key, many rows at once, and where some of them fail one after the other.
    async fn walked(&self, driver: &mut dyn Driver) -> Result<[Found; 2], DbError> {
        let (mut wrong, mut fails) = (Found::default(), Found::default());
        if self.key.is_empty() {
            return Ok([wrong, fails]);
        }
        let mut cursor = Row::new();
        while let Some(end) = self.end(driver, &cursor, AT_ONCE).await? {
            let Err(_) = self.within(driver, &cursor, &end, &mut wrong).await? else {
                cursor = end;
                continue;
            };
            while cursor != end {
                let Some(next) = self.end(driver, &cursor, 1).await? else { break };
                if let Err(said) = self.within(driver, &cursor, &next, &mut wrong).await? {
                    fails.rows += 1;
                    fails.add(&next, &said);
                }
                cursor = next;
            }
        }
        Ok([wrong, fails])
    }

    /// The key of the last of so many rows behind the cursor.
    async fn end(
        &self,
        driver: &mut dyn Driver,
        cursor: &Row,
        rows: u64,
    ) -> Result<Option<Row>, DbError> {
        let sql = self.dialect.batch_end(&self.walk(), !cursor.is_empty(), rows);
        Ok(driver.rows(&sql, cursor).await?.into_iter().next())
    }

    /// Adds what is wrong between two keys; or what the database says of a row there that fails.
    async fn within(
        &self,
        driver: &mut dyn Driver,
        cursor: &Row,
        end: &Row,
        wrong: &mut Found,
    ) -> Result<Result<(), String>, DbError> {
        let (walk, after) = (self.walk(), !cursor.is_empty());
        let lower = after.then(|| format!("{} AND ", self.dialect.beyond(&walk.key, ">", 1)));
        let upper = self.dialect.beyond(&walk.key, "<=", cursor.len() + 1);
        let range = format!("{}{upper}", lower.unwrap_or_default());
        let parameters: Row = cursor.iter().chain(end).cloned().collect();
        if self.stores
            && let Err(error) = self.store(driver, &range, &parameters).await
        {
            return about(error).map(Err);
        }
        let count = self.question.count(&self.value, &range);
        let rows = match driver.rows(&count, &parameters).await {
            Ok(rows) => number(&rows, 0),
            Err(error) => return about(error).map(Err),
        };
        if rows > 0 && wrong.first.len() < FIRST {
            let (outputs, key) = self.key();
            let first = self.question.first_within(&self.value, &range, &outputs, &key);
            for row in driver.rows(&first, &parameters).await? {
                wrong.add(&row, "");
            }
        }
        wrong.rows += rows;
        Ok(Ok(()))
    }

    /// Stores the values of some rows, and takes that back.
    async fn store(
        &self,
        driver: &mut dyn Driver,
        range: &str,
        parameters: &[Value],
    ) -> Result<(), DbError> {
        driver.begin(Work::Look).await?;
        let stored = driver.run(&trial::attempt(self.question, range), parameters).await;
        rolled_back(driver, stored).await.map(|_| ())
    }

    /// A walk over the table, as a backfill does it.
    fn walk(&self) -> Fill {
        Fill {
            table: self.question.table.clone(),
            values: Vec::new(),
            rows: Rows::Empty,
            key: self.key.clone(),
        }
    }
}

/// Rows of one sort.
#[derive(Default)]
struct Found {
    rows: i64,
    first: Vec<String>,
    /// What the database says of the first of them.
    said: String,
}

impl Found {
    fn add(&mut self, key: &[Value], said: &str) {
        if self.said.is_empty() {
            said.clone_into(&mut self.said);
        }
        if self.first.len() < FIRST && !key.is_empty() {
            self.first.push(shown(key, key.len()));
        }
    }
}

/// What was found, and what the database said of all rows together, if it said that some fail.
fn sorted([wrong, fails]: [Found; 2], said: Option<String>) -> Vec<Answer> {
    let wrong = (wrong.rows > 0).then_some(Answer::Wrong(wrong.rows, wrong.first));
    let fails = match fails.rows {
        0 => said.map(|said| Answer::Fails(None, Vec::new(), said)),
        rows => Some(Answer::Fails(Some(rows), fails.first, fails.said)),
    };
    wrong.into_iter().chain(fails).collect()
}

fn number(rows: &[Row], place: usize) -> i64 {
    rows.first().and_then(|row| row.get(place)).map_or(0, Value::int)
}

/// A row by its key, and behind it what else was read: `7`, `(7, "de")`, `7 ("ada@example.org")`.
pub(super) fn shown(row: &[Value], key: usize) -> String {
    let one = |value: &Value| match value {
        // Keys travel as text.
        Value::Text(text) if text.parse::<i64>().is_ok() => text.clone(),
        other => other.to_string(),
    };
    let list = |values: &[Value]| values.iter().map(one).collect::<Vec<_>>().join(", ");
    let (key, beside) = row.split_at(key);
    match (key.len(), beside.is_empty()) {
        (1, true) => list(key),
        (_, true) => format!("({})", list(key)),
        (0, false) => format!("({})", list(beside)),
        (1, false) => format!("{} ({})", list(key), list(beside)),
        (_, false) => format!("({}) ({})", list(key), list(beside)),
    }
}
