//! What a migration's files lock on PostgreSQL: nothing reads or rewrites a table while it keeps everybody out,
//! and no transaction keeps everybody out of two tables.

#[path = "locks/notices.rs"]
mod notices;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use colmig::migrator::Migrator;
use colmig_core::migration::{Change, Files, Migration, PieceFile};
use colmig_tests::database::{POSTGRES, TestDatabase};
use colmig_tests::project::{Command, Project, run};
use colmig_tests::scenarios::{ONLY, Scenario, on_every_database};
use notices::Notices;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::runtime::Runtime;

/// Enough rows for a scan to be one.
const ROWS: i64 = 50;

/// How PostgreSQL says that it reads or writes a whole table.
const WHOLE_TABLE: &[&str] =
    &["rewriting table", "verifying table", "building index", "validating foreign key"];

#[test]
fn nothing_scans_or_rewrites_a_table_that_it_keeps_everybody_out_of() {
    let scans = AtomicUsize::new(0);
    let each = |scenario: &Scenario, database: &TestDatabase| {
        if !database.is_postgres() {
            return Ok(String::new());
        }
        let found = every_step(scenario, database)?;
        scans.fetch_add(found.scans, Ordering::SeqCst);
        Ok(format!("{} files, of which {} read a table", found.files, found.scans))
    };
    on_every_database(each).unwrap_or_else(|error| panic!("{error:?}"));
    let is_set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let noticed = scans.into_inner() > 0 || is_set(ONLY) || !is_set(POSTGRES);
    assert!(noticed, "PostgreSQL did not say that any file reads a table");
}

/// What was run.
#[derive(Default)]
struct Found {
    files: usize,
    scans: usize,
}

/// One step of a checkout.
#[derive(Clone, Copy)]
struct Place<'c> {
    migration: &'c Migration,
    change: &'c Change,
    number: usize,
}

impl Place<'_> {
    fn name(&self) -> String {
        format!("{}:{}", self.change.id, self.change.steps[self.number].act)
    }

    /// Its files on a server of this dialect.
    fn files(&self, dialect: &str) -> Option<&Files> {
        let sql = &self.change.steps[self.number].sql;
        sql.get(dialect).or_else(|| sql.get("postgres"))
    }
}

/// The first step of each change behind the first migration that is not done.
fn next_steps<'c>(checkout: &'c Project, done: &BTreeSet<String>) -> Vec<Place<'c>> {
    let changes = checkout.migrations.iter().skip(1).flat_map(|migration| {
        migration.manifest.changes.iter().map(move |change| (migration, change))
    });
    let next = |(migration, change): (&'c Migration, &'c Change)| {
        let mut steps = (0..change.steps.len()).map(|number| Place { migration, change, number });
        steps.find(|place| !done.contains(&place.name()))
    };
    changes.filter_map(next).collect()
}

/// Before each step, its files are run on a copy, forwards and back; then the applier takes it.
fn every_step(scenario: &Scenario, database: &TestDatabase) -> Result<Found> {
    scenario.begin(database, ROWS)?;
    let checkouts = scenario.checkouts();
    let dialect = dialect(&checkouts[0], database)?;
    let (mut found, mut done) = (Found::default(), BTreeSet::new());
    for checkout in &checkouts[1..] {
        loop {
            let before = done.len();
            // One at a time, the first change as far as it goes: a later one that needs it would take it along.
            for place in next_steps(checkout, &done) {
                if step(checkout, place, database, &dialect, &mut found)? {
                    done.insert(place.name());
                    break;
                }
            }
            if done.len() == before {
                break;
            }
        }
    }
    Ok(found)
}

/// Takes a step, if it can be taken now; the copy is of before.
fn step(
    checkout: &Project,
    place: Place<'_>,
    database: &TestDatabase,
    dialect: &str,
    found: &mut Found,
) -> Result<bool> {
    let files = place.files(dialect);
    let copy = files.map(|_| database.copy()).transpose()?;
    let mut options = checkout.options(&[]);
    options.allow_drop = checkout.consents();
    let report = run(database, options, Command::Apply(Some(&place.name())), |_| {})?;
    let reached = report.short.is_none();
    if let (Some(files), Some(copy), true) = (files, &copy, reached) {
        there_and_back(place, files, copy, found)?;
    }
    copy.map(TestDatabase::remove).transpose()?;
    Ok(reached)
}

/// The folder of the server's files.
fn dialect(checkout: &Project, database: &TestDatabase) -> Result<String> {
    let migrator = runtime()?.block_on(Migrator::connect(&database.url, checkout.options(&[])))?;
    Ok(migrator.dialect().to_owned())
}

/// Runs the files of a step as the applier does.
fn there_and_back(
    place: Place<'_>,
    files: &Files,
    database: &TestDatabase,
    found: &mut Found,
) -> Result<()> {
    let notices = Notices::default();
    tracing::subscriber::with_default(notices.clone(), || {
        let runtime = runtime()?;
        let mut connection = runtime.block_on(PgConnection::connect(&database.url))?;
        runtime.block_on(connection.execute("SET client_min_messages = debug1"))?;
        for file in files.up.iter().chain(&files.down) {
            let text = place.migration.file(&file.file);
            let ran = runtime.block_on(piece(&mut connection, text, file, &notices));
            found.scans += usize::from(ran.with_context(|| format!("{}:\n{text}", file.file))?);
            found.files += 1;
        }
        runtime.block_on(connection.close())?;
        Ok(())
    })
}

/// Runs one file; whether it read or wrote a whole table.
async fn piece(
    connection: &mut PgConnection,
    text: &str,
    file: &PieceFile,
    notices: &Notices,
) -> Result<bool> {
    // An index that is built beside writers has no transaction, and waits for locks by itself.
    let alone = text.contains("CONCURRENTLY");
    let before = places_of_tables(connection).await?;
    if !alone {
        connection.execute("BEGIN").await?;
    }
    notices.take();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
    let said = notices.take();
    let kept_out = kept_out(connection).await?;
    if !alone {
        connection.execute("COMMIT").await?;
    }
    let after = places_of_tables(connection).await?;
    // What is only made now has nobody to keep out.
    let kept_out: Vec<_> = kept_out.iter().filter(|table| before.contains_key(*table)).collect();
    // A foreign key goes from both of its tables at once, whatever one does.
    let drops_a_reference = file.lock.contains("the one that it references");
    let most = if drops_a_reference { 2 } else { 1 };
    ensure!(kept_out.len() <= most, "it keeps everybody out of {kept_out:?}");
    let is_about = |notice: &str, table: &str| notice.contains(&format!("\"{table}\""));
    let mut read = false;
    for notice in said.iter().filter(|notice| WHOLE_TABLE.iter().any(|it| notice.contains(it))) {
        let table = before.keys().find(|table| is_about(notice, table));
        if table.is_none() && !notice.contains("foreign key") {
            continue;
        }
        read = true;
        ensure!(file.scans, "it is not marked, and says: {notice}");
        let table = kept_out.iter().find(|table| is_about(notice, table));
        ensure!(table.is_none() || file.rewrites, "{notice}, while it keeps everybody out");
    }
    for (table, place) in before.iter().filter(|(table, _)| after.contains_key(*table)) {
        ensure!(file.rewrites || after[table] == *place, "it wrote `{table}` anew");
    }
    Ok(read)
}

/// Where each table's rows lie: another place after it was rewritten.
async fn places_of_tables(connection: &mut PgConnection) -> Result<BTreeMap<String, i64>> {
    let sql = "SELECT relname::text, relfilenode::bigint FROM pg_class
               WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// The tables that this transaction keeps everybody out of.
async fn kept_out(connection: &mut PgConnection) -> Result<Vec<String>> {
    let sql = "SELECT c.relname::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
               WHERE l.pid = pg_backend_pid() AND l.mode = 'AccessExclusiveLock' AND l.granted
                 AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace";
    Ok(sqlx::query_scalar(sql).fetch_all(connection).await?)
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
