//! The applier dies, before any of its statements or in the middle of one, and is run again: the end is
//! that of a run that nobody interrupted.
//!
//! A sample of the matrix runs by default, from an offset that is printed; `COLMIG_KILL_MATRIX=1` runs the
//! whole, `COLMIG_KILL_MATRIX=n` the whole but for every `n`-th statement only, and `COLMIG_KILL_SEED=n` the sample
//! of another run again.

#[path = "kill/scenarios.rs"]
mod scenarios;

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use colmig_tests::database::TestDatabase;
use colmig_tests::instance::Instance;
use colmig_tests::ledger::{State, backfill, check_history, count_updates, updates};
use colmig_tests::program::Ran;
use colmig_tests::running::until;
use colmig_tests::shop::{Shop, fill};

/// Enough for three batches.
const ROWS: u32 = 3500;

/// A command line, from the checkout of a release.
type Command = (usize, &'static [&'static str]);

/// What is killed, from where, and what is run afterwards.
struct Journey {
    name: &'static str,
    /// What leads to the start.
    before: &'static [Command],
    /// Whether release 3 has left rows without a `nickname` there.
    nulls: bool,
    /// Whether an instance of release 2 is alive all the while: gates ask for it.
    fleet: bool,
    killed: Command,
    /// The same, or the way back.
    resumed: Command,
}

const APPLY: &[&str] = &["apply"];
const APPLY_ALL: &[&str] = &["apply", "--allow-drop", "users.nickname"];
const APPLY_LIVE: &[&str] = &["apply", "--env", "hasty", "--wait", "20s"];
const ROLLBACK: &[&str] = &["rollback", "0002"];
const CREATED: &[Command] = &[(1, APPLY)];
const UP_TO_THE_DROP: &[Command] = &[(1, APPLY), (2, APPLY)];

const JOURNEYS: &[Journey] = &[
    Journey {
        name: "the first apply",
        before: &[],
        nulls: false,
        fleet: false,
        killed: (1, APPLY),
        resumed: (1, APPLY),
    },
    Journey {
        name: "all the way",
        before: CREATED,
        nulls: false,
        fleet: false,
        killed: (3, APPLY_ALL),
        resumed: (3, APPLY_ALL),
    },
    Journey {
        name: "half the way, and back",
        before: CREATED,
        nulls: false,
        fleet: false,
        killed: (2, APPLY),
        resumed: (2, ROLLBACK),
    },
    Journey {
        name: "all the way back",
        before: UP_TO_THE_DROP,
        nulls: true,
        fleet: false,
        // Without its name: the newest, also for the run that finds it undone already.
        killed: (2, &["rollback"]),
        resumed: (2, &["rollback"]),
    },
    Journey {
        name: "half the way back, and forwards",
        before: UP_TO_THE_DROP,
        nulls: false,
        fleet: false,
        killed: (2, ROLLBACK),
        resumed: (2, APPLY),
    },
    Journey {
        name: "back from NOT NULL",
        before: &[(1, APPLY), (2, &["apply", "--to", "users.handle:enforce"])],
        nulls: false,
        fleet: false,
        killed: (2, ROLLBACK),
        resumed: (2, ROLLBACK),
    },
    Journey {
        name: "back from a relaxed column, and forwards",
        before: &[(1, APPLY), (2, &["apply", "--to", "users.nickname:relax"])],
        nulls: false,
        fleet: false,
        killed: (2, ROLLBACK),
        resumed: (2, APPLY),
    },
    Journey {
        name: "past the gates",
        before: &[(1, APPLY), (2, &["apply", "--to", "users.handle:admit 1"])],
        nulls: false,
        fleet: true,
        killed: (2, APPLY_LIVE),
        resumed: (2, APPLY_LIVE),
    },
];

/// One checkout a release, for all threads.
fn shop(release: usize) -> &'static Shop {
    static SHOPS: OnceLock<Vec<Shop>> = OnceLock::new();
    let shops = SHOPS.get_or_init(|| {
        (1..=3).map(|release| Shop::release(release).expect("it generates")).collect()
    });
    &shops[release - 1]
}

/// Runs a command line; dies before its n-th statement, where there is one.
fn run((release, words): Command, database: &TestDatabase, kill_at: Option<u64>) -> Result<Ran> {
    let (first, rest) = words.split_first().expect("a command has a name");
    let command = shop(release).colmig(first, database);
    let command = rest.iter().fold(command, |command, word| command.arg(word));
    match kill_at {
        Some(statement) => command.killed_at(statement).run(),
        None => command.run(),
    }
}

impl Journey {
    /// The database that every run begins from.
    fn start(&self, database: &TestDatabase) -> Result<()> {
        for (number, command) in self.before.iter().enumerate() {
            let ran = run(*command, database, None)?;
            // What stops short of a release may be too little for it.
            let expected = if ran.code == Some(6) && command.1.contains(&"--to") { 6 } else { 0 };
            ran.expect(expected)?;
            if number == 0 {
                fill(database, ROWS)?;
            }
        }
        if self.nulls {
            database.execute("INSERT INTO users (email, handle) SELECT 'new' || email, 'new' || handle FROM users WHERE id <= 1700")?;
        }
        if !self.before.is_empty() {
            count_updates(database)?;
        }
        Ok(())
    }

    fn instance(&self, database: &TestDatabase) -> Result<Option<Instance>> {
        self.fleet.then(|| Instance::start(2, database)).transpose()
    }

    /// The end of a journey that nobody interrupts.
    fn end(&self, start: &TestDatabase) -> Result<State> {
        let database = start.copy()?;
        let instance = self.instance(&database)?;
        run(self.killed, &database, None)?.expect(0)?;
        if self.resumed != self.killed {
            run(self.resumed, &database, None)?.expect(0)?;
        }
        check_history(&database)?;
        let end = State::of(&database)?;
        instance.map(Instance::end).transpose()?;
        database.remove()?;
        Ok(end)
    }

    /// Dies before statement `n`, and goes on; whether there was such a statement.
    fn die(&self, start: &TestDatabase, end: &State, n: u64) -> Result<bool> {
        let database = start.copy()?;
        let instance = self.instance(&database)?;
        let killed = run(self.killed, &database, Some(n))?;
        if killed.code == Some(0) {
            instance.map(Instance::end).transpose()?;
            database.remove()?;
            return Ok(false);
        }
        ensure!(killed.code.is_none(), "it did not die: {killed:?}");
        let halfway = State::of(&database)?;
        let resumed = run(self.resumed, &database, None)?;
        // What was never recorded cannot be rolled back, and need not be.
        let unknown = resumed.code == Some(2) && resumed.err.contains("knows no migration `0002`");
        ensure!(!unknown || halfway.changes == State::of(start)?.changes);
        resumed.expect(if unknown { 2 } else { 0 })?;
        check_history(&database)?;
        let after = State::of(&database)?;
        ensure!(
            after == *end,
            "it ends at {after:#?}\nand not at {end:#?}\nby way of {halfway:#?}"
        );
        if self.resumed == self.killed && !self.before.is_empty() {
            let (_, again) = updates(&database)?;
            ensure!(again == 0, "{again} rows were updated more than once");
        }
        instance.map(Instance::end).transpose()?;
        database.remove()?;
        Ok(true)
    }

    /// Dies before every `step`-th statement; how often.
    fn walk(&self, database: &TestDatabase, step: u64, offset: u64) -> Result<u64> {
        self.start(database)?;
        let end = self.end(database)?;
        let mut deaths = 0;
        let mut n = 1 + offset % step;
        while self.die(database, &end, n).with_context(|| format!("killed before statement {n}"))? {
            (deaths, n) = (deaths + 1, n + step);
        }
        Ok(deaths)
    }
}

fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| match std::env::var("COLMIG_KILL_SEED") {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) => RandomState::new().hash_one(0) % 1_000_000,
    })
}

/// Where all of the matrix is asked for, and not a sample: every which statement.
fn matrix() -> Option<u64> {
    let step = std::env::var("COLMIG_KILL_MATRIX").ok()?;
    Some(step.parse().expect("COLMIG_KILL_MATRIX is a number: 1 for every statement"))
}

/// Every which statement, and from where on. A sample is as long on many databases as on two, and begins elsewhere
/// on each.
fn sample(step: u64, databases: usize, number: usize) -> (u64, u64) {
    let step = matrix().unwrap_or(step * databases.div_ceil(2) as u64);
    (step, seed() + number as u64 * (step / 2 + 1))
}

/// Walks journeys on every database; each `step`-th statement of a sample.
fn walk(names: &[&str], step: u64) {
    for name in names {
        let journey = JOURNEYS.iter().find(|journey| journey.name == *name).expect("it is there");
        on_every_database(step, name, |database, step, offset| {
            journey.walk(database, step, offset)
        });
    }
}

fn on_every_database(step: u64, name: &str, walk: impl Fn(&TestDatabase, u64, u64) -> Result<u64>) {
    let databases = TestDatabase::all().expect("databases");
    let all = databases.len();
    for (number, database) in databases.into_iter().enumerate() {
        let began = std::time::Instant::now();
        let (step, offset) = sample(step, all, number);
        let place = format!("{name} on {}, COLMIG_KILL_SEED={}", database.kind(), seed());
        match walk(&database, step, offset) {
            Ok(deaths) => {
                println!("{place}: {deaths} deaths, {:.1} s", began.elapsed().as_secs_f64());
            }
            Err(error) => panic!("{place}: {error:?}"),
        }
        database.remove().expect("it is not needed any more");
    }
}

/// Without the feature `faults` nothing would die, and everything here would pass.
#[test]
fn the_program_dies_when_it_is_told_to() {
    for database in TestDatabase::all().expect("databases") {
        let ran = run((1, APPLY), &database, Some(1)).expect("it starts");
        assert_eq!(ran.code, None, "on {}: it is built without `faults`: {ran:?}", database.kind());
        database.remove().expect("it is not needed any more");
    }
}

#[test]
fn the_first_apply_dies_anywhere() {
    walk(&["the first apply"], 5);
}

#[test]
fn an_apply_dies_anywhere_and_goes_on() {
    walk(&["all the way"], 23);
}

#[test]
fn an_apply_dies_anywhere_among_the_gates() {
    walk(&["past the gates"], 31);
}

#[test]
fn an_apply_dies_anywhere_and_is_rolled_back() {
    walk(&["half the way, and back"], 31);
}

#[test]
fn a_rollback_dies_anywhere_and_goes_on() {
    walk(&["all the way back", "back from NOT NULL"], 23);
}

#[test]
fn a_rollback_dies_anywhere_and_is_applied_again() {
    walk(&["half the way back, and forwards", "back from a relaxed column, and forwards"], 31);
}

/// An applier dies while it sets NOT NULL, and the floors fall beside an instance of release 2: nothing of
/// what was begun is in the way of release 1.
#[test]
fn a_half_set_not_null_lets_the_older_release_in_again() {
    let enforce = (2, &["apply", "--to", "users.handle:enforce"][..]);
    let back = (2, &["rollback", "0002", "--env", "hasty"][..]);
    on_every_database(7, "half of NOT NULL", |database, step, offset| {
        run((1, APPLY), database, None)?.expect(0)?;
        fill(database, 100)?;
        run((2, &["apply", "--to", "users.handle:backfill"]), database, None)?.expect(0)?;
        let mut deaths = 0;
        for n in (1 + offset % step..).step_by(step as usize) {
            let copy = database.copy()?;
            let newer = Instance::start(2, &copy)?;
            let killed = run(enforce, &copy, Some(n))?;
            run(back, &copy, None)?.expect(6)?.says(&["alive and newer"])?;
            let older = Instance::start(1, &copy)?.working();
            newer.end()?;
            run(back, &copy, None)?.expect(0)?;
            older.end().with_context(|| format!("killed before statement {n}"))?;
            check_history(&copy)?;
            copy.remove()?;
            if killed.code.is_some() {
                break;
            }
            deaths += 1;
        }
        Ok(deaths)
    });
}

#[test]
fn every_journey_is_walked() {
    let text = include_str!("kill.rs");
    for journey in JOURNEYS {
        let quoted = format!("\"{}\"", journey.name);
        assert_eq!(text.matches(&quoted).count(), 2, "{}", journey.name);
    }
}

/// `kill -9` in the middle of a long backfill: the next run begins behind the checkpoint.
#[test]
fn a_killed_backfill_goes_on_from_its_checkpoint() {
    const MANY: u32 = 300_000;
    for database in TestDatabase::all().expect("databases") {
        killed_backfill(&database, MANY).unwrap_or_else(|e| panic!("{}: {e:?}", database.kind()));
        database.remove().expect("it is not needed any more");
    }
}

fn killed_backfill(database: &TestDatabase, many: u32) -> Result<()> {
    run((1, APPLY), database, None)?.expect(0)?;
    fill(database, many)?;
    count_updates(database)?;
    let apply = shop(2).colmig("apply", database).spawn()?;
    let enough = i64::from(many) / 4;
    let far = || Ok(backfill(database, "0002.2")?.filter(|(rows, ..)| *rows > enough));
    until("a quarter of the rows", far)?;
    apply.kill()?;

    let (rows, batches, cursor) = backfill(database, "0002.2")?.context("a checkpoint")?;
    ensure!(rows < i64::from(many), "the backfill was too fast to be killed: {rows}");
    let status = run((2, &["status"]), database, None)?.expect(0)?.says(&["rows filled"])?;
    ensure!(!status.out.contains("at work"), "nobody is: {}", status.out);
    // With the database's own transactions, what was filled is what was recorded.
    ensure!(database.count("users WHERE handle IS NOT NULL")? == rows);
    ensure!(cursor == format!("[{rows}]") || cursor == format!("[\"{rows}\"]"), "{cursor}");
    // A row behind the cursor that loses its value is met by no batch of the next run, only by the sweep.
    database.execute("UPDATE users SET handle = NULL WHERE id = 7")?;

    let ran = run((2, &["apply", "--message-format", "json"]), database, None)?.expect(0)?;
    let first = ran.out.lines().find(|line| line.contains("\"backfill\"")).context("a batch")?;
    let first: serde_json::Value = serde_json::from_str(first)?;
    let first = first["rows"].as_i64().context("a number")?;
    ensure!(
        first > rows && first <= rows + 1000,
        "the first batch ended at {first}, not behind {rows}"
    );
    let ran = ran.says(&["Sweeping", "1 row came"])?;
    ensure!(batches > 0, "{}", ran.err);

    ensure!(database.count("users")? == i64::from(many));
    ensure!(database.count("users WHERE handle = lower(email)")? == i64::from(many));
    // Row 7 was updated by the killed run, by this test, and by the sweep.
    ensure!(updates(database)? == (i64::from(many), 1));
    ensure!(database.columns("users")?.contains(&"handle!".to_owned()));
    check_history(database)
}

/// Ctrl-C in the middle of a long backfill: it ends at a checkpoint, and says so.
#[test]
fn an_interrupted_backfill_goes_on_from_its_checkpoint() {
    const MANY: u32 = 200_000;
    for database in TestDatabase::all().expect("databases") {
        let interrupted = || -> Result<()> {
            run((1, APPLY), &database, None)?.expect(0)?;
            fill(&database, MANY)?;
            count_updates(&database)?;
            let apply = shop(2).colmig("apply", &database).spawn()?;
            let begun = || Ok(backfill(&database, "0002.2")?.filter(|(rows, ..)| *rows > 0));
            until("the first batch", begun)?;
            apply.interrupt()?;
            apply
                .wait()?
                .expect(130)?
                .says(&["error[CM0711]: interrupted at a checkpoint; all", "the same command"])?;
            let (rows, ..) = backfill(&database, "0002.2")?.context("a checkpoint")?;
            ensure!(database.count("users WHERE handle IS NOT NULL")? == rows);
            ensure!(State::of(&database)?.holder.is_empty(), "it holds on to the ledger");
            run((2, APPLY), &database, None)?.expect(0)?;
            ensure!(updates(&database)? == (i64::from(MANY), 0));
            check_history(&database)
        };
        interrupted().unwrap_or_else(|error| panic!("on {}: {error:?}", database.kind()));
        database.remove().expect("it is not needed any more");
    }
}
