//! What each database does of each change, as docs/databases.md lists it: made of the scripts that run, and of what is
//! refused. What runs, `alive` runs on the real server; what is refused, is asserted as refused here.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use colmig_core::dialect::{Dialect, Direction, Script, dialects};
use colmig_core::lock::Lock;
use colmig_core::migration::Change;
use colmig_core::parse::check;
use colmig_core::problem::NOT_SUPPORTED;
use colmig_core::types::Database;
use colmig_tests::database::TestDatabase;
use colmig_tests::scenarios::{Scenario, scenarios};

/// The heads of the columns, and the dialect of each; of several, the newest.
const COLUMNS: &[(&str, Database, &str)] = &[
    ("PostgreSQL", Database::Postgres, ""),
    ("SQLite", Database::Sqlite, ""),
    ("MySQL", Database::Mysql, "mysql"),
    ("MariaDB", Database::Mysql, "mariadb"),
];

/// What a database does of a change.
enum Does {
    /// Everybody reads and writes on, but for moments.
    Online,
    /// Writers wait while a table is copied or rebuilt; it takes consent by name, or is said with its hold.
    Blocking,
    /// Nothing, and why.
    Refused(String),
}

fn does(scenario: &Scenario, database: Database, dialect: &'static dyn Dialect) -> Result<Does> {
    if !scenario.databases.contains(&database) {
        let said = refusal(scenario, database).context("nothing is refused")?;
        return Ok(Does::Refused(said));
    }
    let checkouts = scenario.checkouts();
    let last = &checkouts[checkouts.len() - 1];
    let changes = last.migrations[1..].iter().flat_map(|migration| &migration.manifest.changes);
    let changes: Vec<_> = changes.collect();
    if let Some(problem) = changes.iter().find_map(|change| dialect.refusal(change)) {
        return Ok(Does::Refused(problem.to_string()));
    }
    Ok(match changes.iter().any(|change| blocks(change, dialect)) {
        true => Does::Blocking,
        false => Does::Online,
    })
}

fn blocks(change: &Change, dialect: &dyn Dialect) -> bool {
    change.acts().any(|act| match dialect.script(act, change, Direction::Up) {
        Script::Nothing => false,
        Script::Fixed(pieces) => pieces.iter().any(|piece| piece.rewrites),
        Script::Live { .. } => dialect.database() == Database::Sqlite,
    })
}

/// What a struct says that some database refuses, by a word of the scenarios that are about it.
const REFUSED: &[(&str, &str)] = &[
    (
        "by a trigger",
        "#[colmig(replaces(name), forward = \"name\", reverse = \"alias\", dual_write = \"trigger\")] alias: String",
    ),
    (
        "primary key",
        "#[colmig(primary_key, auto, replaces(id), dual_write = \"trigger\")] id_big: i64",
    ),
    ("generated", "#[colmig(generated = \"lower(email)\")] lower: String"),
    ("index", "#[colmig(index(where = \"email <> ''\"))] email: String"),
];

/// What the derive and `generate` say of such a field on this database.
fn refusal(scenario: &Scenario, database: Database) -> Option<String> {
    let (_, field) = REFUSED.iter().find(|(word, _)| scenario.name.contains(word))?;
    let key = if field.contains("primary_key") { "" } else { "#[colmig(primary_key)] id: i64, " };
    let source =
        format!("#[derive(Table)] #[colmig(table = \"users\")] struct User {{ {key}{field} }}");
    let Ok(file) = colmig_core::parse::source(&source) else { panic!("it is Rust: {source}") };
    let lock = Lock { databases: vec![database], ..Lock::default() };
    let mistakes = file.tables.iter().flat_map(|declared| check(declared, Some(&lock)));
    let refused = mistakes.map(|mistake| mistake.problem).find(|one| one.code == NOT_SUPPORTED);
    refused.map(|problem| problem.message)
}

/// The table, and below it what is refused with which words.
fn table() -> Result<String> {
    let heads: Vec<_> = COLUMNS.iter().map(|(head, ..)| *head).collect();
    let mut text =
        format!("| change | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    let mut refused: Vec<String> = Vec::new();
    for scenario in scenarios() {
        let _ = write!(text, "| {} |", scenario.name);
        for (head, database, name) in COLUMNS {
            let known = dialects(*database).iter().rev();
            let dialect = known.copied().find(|one| name.is_empty() || one.name() == *name);
            let dialect = dialect.context("every column has a dialect")?;
            let does = does(&scenario, *database, dialect)
                .with_context(|| format!("{} on {head}", scenario.name))?;
            let cell = match does {
                Does::Online => "online".to_owned(),
                Does::Blocking => "blocking".to_owned(),
                Does::Refused(said) => {
                    let place = refused.iter().position(|one| *one == said).unwrap_or_else(|| {
                        refused.push(said);
                        refused.len() - 1
                    });
                    format!("refused ({})", place + 1)
                }
            };
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text.push('\n');
    for (number, said) in (1..).zip(&refused) {
        let _ = writeln!(text, "{number}. {said}");
    }
    Ok(text)
}

const HEAD: &str = "# Change by change, database by database

Made by `tests/tests/databases.rs`; `COLMIG_SNAPSHOTS=write cargo xtask test --matrix -- -p colmig-tests --test databases`
writes it anew.

* **online**: everybody reads and writes on. A schema statement holds the table for moments only, and gives up after a
  second of waiting for its lock, to try again. Reading or rebuilding a table in place counts as online where the server
  lets writers go on; `plan` says of each step what it locks.
* **blocking**: writers wait while a table is copied or rebuilt. On PostgreSQL and MySQL that takes
  `--allow-rewrite TABLE.COLUMN`; SQLite's rebuild of a table says how long it held the writer.
* **refused**: `generate` or `apply` says why, with the words below, and nothing is changed.

A Galera cluster does what MariaDB does, but nothing is online there that is not done at once: a schema statement runs on
every node at the same place among all writes.

";

const RUN: &str = "
## What was run

Every scenario above ran on these servers, forwards, and back from each step, with releases at work
(`COLMIG_TEST_WHOLE=all cargo xtask test --matrix -- -p colmig-tests --test alive`). Every other version is untested.

";

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "docs", "databases.md"].iter().collect()
}

/// A server as people speak of it: `PostgreSQL 15`, `MariaDB 10.11`.
fn series(database: &TestDatabase) -> Result<String> {
    let sql = match database.which() {
        Database::Sqlite => return Ok("SQLite, as sqlx brings it".to_owned()),
        Database::Postgres => "SHOW server_version",
        Database::Mysql => "SELECT version()",
    };
    let version = database.texts(sql)?.concat();
    let parts: Vec<_> = version.split(|c: char| !c.is_ascii_digit()).take(2).collect();
    Ok(match database.which() {
        Database::Postgres => format!("PostgreSQL {}", parts[0]),
        _ if version.contains("MariaDB") => format!("MariaDB {}", parts.join(".")),
        _ => format!("MySQL {}", parts.join(".")),
    })
}

/// The servers that the document lists.
fn listed(text: &str) -> BTreeSet<String> {
    let lines = text.split("## What was run").nth(1).unwrap_or_default().lines();
    lines.filter_map(|line| line.strip_prefix("* ")).map(str::to_owned).collect()
}

/// With `COLMIG_SNAPSHOTS` it is written, the servers of this run among those that it lists.
#[test]
fn the_document_says_what_each_database_does() -> Result<()> {
    let mut run = BTreeSet::new();
    for database in TestDatabase::all()? {
        run.insert(series(&database)?);
        database.remove()?;
    }
    let written = fs_err::read_to_string(path()).unwrap_or_default().replace("\r\n", "\n");
    let is_written = std::env::var_os("COLMIG_SNAPSHOTS").is_some();
    let mut all = listed(&written);
    if is_written {
        all.extend(run.iter().cloned());
    }
    let list: String = all.iter().map(|one| format!("* {one}\n")).collect();
    let text = format!("{HEAD}{}{RUN}{list}", table()?);
    if is_written {
        fs_err::write(path(), &text)?;
        return Ok(());
    }
    ensure!(written == text, "docs/databases.md differs; COLMIG_SNAPSHOTS=write writes it anew");
    for one in run.difference(&all) {
        println!("{one} is not among the servers of docs/databases.md");
    }
    Ok(())
}
