//! Pairs of schemas by chance: whatever a source becomes on its way to a target, release by release, on an empty
//! database and on a filled one, the catalog at the end is that of the target created directly; undone, it is that
//! of the source; no row is lost; and at no step does a statement fail of a release that may run.
//!
//! What a pair may consist of, and what is left out, is in `random/lives.rs`: a kind of change is a row there. A
//! pair goes three ways ([`run::Run::go`]): release by release on empty tables; on filled ones release by release up
//! to the drops, back, and step by step to the end; and to the last release at once, on filled tables or on a fresh
//! database.
//!
//! Nine of ten pairs run on SQLite, those whose number ends in 9 on a PostgreSQL, where each takes several times as
//! long. They may have what SQLite has not, and are without it where they run on SQLite all the same.
//!
//! The pairs are the same in every run, so that one that fails speaks of what was changed. `COLMIG_PAIRS=n` looks for
//! mistakes in `n` that nobody has seen; `COLMIG_SEED=n` runs pair n again on every database; both together, `n` pairs
//! from there on every database. A pair that fails is made smaller before it is shown.

#[path = "random/chance.rs"]
mod chance;
#[path = "random/client.rs"]
mod client;
#[path = "random/lives.rs"]
mod lives;
#[path = "random/pair.rs"]
mod pair;
#[path = "random/release.rs"]
mod release;
#[path = "random/run.rs"]
mod run;
#[path = "random/values.rs"]
mod values;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use chance::Chance;
use client::Client;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::schema::{Column, Table};
use colmig_core::types::Database;
use colmig_tests::database::TestDatabase;
use pair::Pair;
use run::{Illegal, Run};

/// The first pair of a run, and how many it has.
const FIRST: u64 = 307_490_115;
const PAIRS: usize = 500;

/// For how long smaller pairs are tried for one that fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was done.
#[derive(Default)]
struct Tally {
    pairs: BTreeMap<&'static str, usize>,
    kinds: BTreeMap<&'static str, usize>,
    steps: usize,
    statements: usize,
    failed: Vec<String>,
}

#[test]
fn a_source_becomes_its_target_whatever_they_are() {
    let (first, count, everywhere) = plan();
    println!("seeds {first} to {}", first + count as u64 - 1);
    let (next, tally, began) = (AtomicUsize::new(0), Mutex::new(Tally::default()), Instant::now());
    let work = || {
        let all = TestDatabase::all().expect("databases").into_iter();
        // What a pair consists of, and the client that works on it, do not know MySQL.
        let databases: Vec<_> =
            all.filter(|database| database.which() != Database::Mysql).collect();
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= count || tally.lock().expect("no panic").failed.len() >= 5 {
                return;
            }
            let seed = first + number as u64;
            for database in chosen(&databases, seed, everywhere) {
                one(seed, database, &tally);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let Tally { pairs, kinds, steps, statements, failed } = tally.into_inner().expect("no panic");
    let all: usize = pairs.values().sum();
    let by = pairs.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>();
    println!("kinds: {kinds:?}");
    println!(
        "pairs: {all} ({}), {steps} steps, {statements} statements, {:?}",
        by.join(", "),
        began.elapsed()
    );
    assert!(
        failed.is_empty(),
        "{} failed of seeds {first}…\n\n{}",
        failed.len(),
        failed.join("\n\n")
    );
    let unmet = lives::names(pairs.len() > 1).filter(|name| !kinds.contains_key(name));
    let unmet: Vec<_> = unmet.filter(|_| count >= PAIRS).collect();
    assert!(unmet.is_empty(), "no pair had {unmet:?}");
}

/// The first seed, how many, and whether each runs on every database.
fn plan() -> (u64, usize, bool) {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}=`{text}` is no number")))
    };
    let (seed, pairs) = (number("COLMIG_SEED"), number("COLMIG_PAIRS"));
    let count = pairs.map(|pairs| usize::try_from(pairs).expect("so many can be counted"));
    match (seed, count) {
        (Some(seed), count) => (seed, count.unwrap_or(1), true),
        (None, Some(count)) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
            (now.as_millis() as u64 % 1_000_000_000, count, false)
        }
        (None, None) => (FIRST, PAIRS, false),
    }
}

/// Whether a pair is for servers: it may have what SQLite has not.
fn is_for_servers(seed: u64) -> bool {
    seed % 10 == 9
}

/// The databases that a pair runs on.
fn chosen(databases: &[TestDatabase], seed: u64, everywhere: bool) -> &[TestDatabase] {
    let (sqlite, servers) = databases.split_at(1);
    if everywhere {
        return databases;
    }
    match is_for_servers(seed) && !servers.is_empty() {
        true => {
            let server = (seed / 10) as usize % servers.len();
            &servers[server..=server]
        }
        false => sqlite,
    }
}

fn one(seed: u64, database: &TestDatabase, tally: &Mutex<Tally>) {
    let pair = Pair::new(&mut Chance::new(seed), is_for_servers(seed)).on(database.which());
    let (outcome, steps, statements) = tried(&pair, database, seed);
    let failed = outcome.err().map(|error| {
        println!("COLMIG_SEED={seed} on {} fails, and is made smaller: {error:#}", database.kind());
        let (pair, error) = shrunk(pair.clone(), error, database, seed);
        format!("COLMIG_SEED={seed} on {}: {error:#}\n{}", database.kind(), shown(&pair))
    });
    let mut tally = tally.lock().expect("no panic");
    *tally.pairs.entry(database.kind()).or_default() += 1;
    for kind in pair.kinds() {
        *tally.kinds.entry(kind).or_default() += 1;
    }
    tally.steps += steps;
    tally.statements += statements;
    tally.failed.extend(failed);
}

fn tried(pair: &Pair, database: &TestDatabase, seed: u64) -> (Result<()>, usize, usize) {
    let (mut steps, mut statements) = (0, 0);
    let outcome = colmig_tests::project::block_on(async {
        let mut client = Client::connect(database).await?;
        let mut run = Run::new(pair, &mut client, seed).await?;
        let outcome = run.go().await;
        steps = run.steps;
        statements = client.statements;
        outcome
    });
    (outcome, steps, statements)
}

/// The smallest pair found that fails too.
fn shrunk(
    mut pair: Pair,
    mut error: anyhow::Error,
    database: &TestDatabase,
    seed: u64,
) -> (Pair, anyhow::Error) {
    let began = Instant::now();
    'again: loop {
        for smaller in pair.smaller() {
            if began.elapsed() > PATIENCE {
                return (pair, error);
            }
            match tried(&smaller, database, seed).0 {
                Err(other) if !other.is::<Illegal>() => {
                    (pair, error) = (smaller, other);
                    continue 'again;
                }
                _ => {}
            }
        }
        return (pair, error);
    }
}

/// The releases, each with its tables.
fn shown(pair: &Pair) -> String {
    let mut text = String::new();
    for number in 0..=pair.last() {
        for table in pair.release(number) {
            let _ = writeln!(text, "release {number}: {}", shown_table(&table));
        }
    }
    text
}

fn shown_table(table: &Table) -> String {
    let columns = table.columns.iter().map(shown_column);
    let guards = table.constraints.iter().map(|one| format!("{:?}", one.guard));
    let indexes =
        table.indexes.iter().map(|one| format!("{:?} where {:?}", one.keys, one.predicate));
    let all: Vec<_> = columns.chain(guards).chain(indexes).collect();
    format!("{:?} by {:?}\n    {}", table.name, table.primary_key, all.join("\n    "))
}

fn shown_column(column: &Column) -> String {
    let mut text = format!("{:?}: {}", column.name, column.ty);
    if column.nullability != Nullability::Relies {
        let _ = write!(text, ", {}", column.nullability);
    }
    if column.state != State::Active {
        let _ = write!(text, ", {}", column.state);
    }
    if column.auto {
        text.push_str(", auto");
    }
    let texts = [
        ("default", &column.default),
        ("generated", &column.generated),
        ("backfill", &column.backfill),
        ("forward", &column.forward),
        ("reverse", &column.reverse),
    ];
    for (word, said) in texts.into_iter().filter(|(_, said)| !said.is_nowhere()) {
        let _ = write!(text, ", {word} {said:?}");
    }
    if !column.replaces.is_empty() {
        let _ = write!(text, ", replaces {:?}", column.replaces);
    }
    text
}
