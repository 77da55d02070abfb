//! Several at once: appliers, instances, writers that nobody knows, long transactions; and one that
//! sleeps while the others go on.

use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use colmig_core::types::Database;
use colmig_tests::database::TestDatabase;
use colmig_tests::instance::{Instance, connect, insert};
use colmig_tests::ledger::{State, backfill, check_history, count_updates, updates};
use colmig_tests::program::Colmig;
use colmig_tests::running::{Running, until};
use colmig_tests::shop::{Shop, fill};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

type Scenario = fn(&TestDatabase) -> Result<()>;

fn on_every_database(scenario: Scenario) {
    for database in TestDatabase::sorts().expect("databases") {
        scenario(&database).unwrap_or_else(|error| panic!("on {}: {error:?}", database.kind()));
        database.remove().expect("it is not needed any more");
    }
}

/// Where the database can show its sessions, or has locks for tables.
fn on_every_server(scenario: Scenario) {
    let all = TestDatabase::sorts().expect("databases");
    for database in all.into_iter().filter(TestDatabase::is_postgres) {
        scenario(&database).unwrap_or_else(|error| panic!("on {}: {error:?}", database.url));
        database.remove().expect("it is not needed any more");
    }
}

/// `cargo colmig …` from the checkout of a release: one checkout each, for all threads.
fn release(number: usize, words: &str, database: &TestDatabase) -> Colmig {
    static SHOPS: OnceLock<Vec<Shop>> = OnceLock::new();
    let shops = SHOPS.get_or_init(|| {
        (1..=3).map(|release| Shop::release(release).expect("it generates")).collect()
    });
    shops[number - 1].colmig(words, database)
}

/// Release 1 is applied, and there are users.
fn begin(database: &TestDatabase, environment: &str, users: u32) -> Result<()> {
    release(1, &format!("apply --env {environment}"), database).run()?.expect(0)?;
    fill(database, users)
}

const MANY: u32 = 200_000;

/// An `apply` from release 2, in the middle of its backfill.
fn filling(database: &TestDatabase) -> Result<Running> {
    let apply = release(2, "apply", database).spawn()?;
    let begun = || Ok(backfill(database, "0002.2")?.filter(|(rows, ..)| *rows > 0));
    until("the first batch", begun)?;
    Ok(apply)
}

/// Pauses a process while it holds no lock on the ledger, and is not in the middle of what it says that it
/// does: between a line `<` and a line `>`.
fn pause_between_transactions(process: &mut Running, database: &TestDatabase) -> Result<()> {
    let free = match database.which() {
        Database::Postgres => {
            "SET lock_timeout = '50ms'; BEGIN; SELECT 1 FROM _colmig_gate FOR UPDATE; ROLLBACK"
        }
        Database::Sqlite => "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK",
        Database::Mysql => "BEGIN; SELECT 1 FROM _colmig_gate FOR UPDATE NOWAIT; ROLLBACK",
    };
    until("a moment between two transactions", || {
        ensure!(!process.ended()?, "it was too fast: {}", process.said()?);
        process.pause()?;
        let said = process.said()?;
        let idle = said.matches("<\n").count() == said.matches(">\n").count();
        if idle && database.execute(free).is_ok() {
            return Ok(Some(()));
        }
        process.resume()?;
        Ok(None)
    })
}

/// What holds at the end of release 2's `apply`, whoever did which part of it.
fn finished(database: &TestDatabase) -> Result<()> {
    check_history(database)?;
    ensure!(database.columns("users")? == ["id!", "email!", "nickname?", "handle!"]);
    let wrong = database.count("users WHERE handle IS NULL OR handle <> lower(email)")?;
    ensure!(wrong == 0, "{wrong} handles are wrong");
    Ok(())
}

#[test]
fn of_five_applies_one_works_and_the_others_wait() {
    on_every_database(|database| {
        begin(database, "dev", 20_000)?;
        count_updates(database)?;
        let five = (0..5).map(|_| release(2, "apply --wait 60s", database).spawn());
        let five = five.collect::<Result<Vec<_>>>()?;
        let mut applied = Vec::new();
        for apply in five {
            let ran = apply.wait()?.expect(0)?.says(&["may be deployed now"])?;
            let steps = ran.err.lines().filter(|line| line.contains("Applied"));
            applied.extend(steps.map(|line| line.split(" in ").next().unwrap_or(line).to_owned()));
        }
        let steps = applied.len();
        applied.sort();
        applied.dedup();
        ensure!(applied.len() == steps && steps == 10, "{steps}: {applied:?}");
        ensure!(updates(database)? == (20_000, 0));
        finished(database)
    });
}

#[test]
fn who_waits_too_long_is_told_who_works() {
    on_every_database(|database| {
        begin(database, "dev", MANY)?;
        let first = filling(database)?;
        first.pause()?;
        let holder = format!("(process {})", first.pid());
        let said = ["error[CM0701]: another colmig is at work on this database", &holder];
        let others = [
            release(2, "apply --wait 1s", database).spawn()?,
            release(3, "apply --wait 1s", database).spawn()?,
            release(2, "rollback 0002", database).spawn()?,
        ];
        for other in others {
            other.wait()?.expect(106)?.says(&said)?;
        }
        release(2, "status", database).run()?.expect(0)?.says(&["at work", &holder])?;
        let second = release(2, "apply --wait 60s", database).spawn()?;
        first.resume()?;
        first.wait()?.expect(0)?;
        second.wait()?.expect(0)?.says(&["another colmig is at work", &holder])?;
        finished(database)
    });
}

#[test]
fn who_waits_can_be_interrupted() {
    on_every_database(|database| {
        begin(database, "dev", MANY)?;
        let first = filling(database)?;
        first.pause()?;
        let mut second = release(2, "apply --wait 10m", database).spawn()?;
        second.wait_for("another colmig is at work")?;
        second.interrupt()?;
        second.wait()?.expect(130)?;
        first.resume()?;
        first.wait()?.expect(0)?;
        finished(database)
    });
}

/// Takes the lock from an applier that sleeps: the server ends its session; a file's lock goes with the
/// file.
fn take_its_lock(database: &TestDatabase) -> Result<()> {
    match database.file() {
        Some(file) => Ok(fs_err::remove_file(format!("{}-colmig-lock", file.display()))?),
        None if database.is_postgres() => database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'colmig-apply%'",
        ),
        None => {
            let holder = database.texts(
                "SELECT CAST(is_used_lock(concat('colmig:', sha2(database(), 224))) AS text)",
            )?;
            database.execute(&format!("KILL {}", holder[0]))
        }
    }
}

#[test]
fn a_stalled_apply_changes_nothing_once_another_has_taken_over() {
    on_every_database(|database| {
        begin(database, "dev", MANY)?;
        count_updates(database)?;
        let mut first = filling(database)?;
        pause_between_transactions(&mut first, database)?;
        take_its_lock(database)?;
        release(2, "apply", database).run()?.expect(0)?;
        finished(database)?;
        let end = State::of(database)?;
        first.resume()?;
        let ran = first.wait()?;
        match database.file().is_none() {
            true => ran.expect(97)?.says(&["error[CM0501]", "run the command again"])?,
            false => ran.expect(106)?.says(&["error[CM0702]: another apply took over"])?,
        };
        ensure!(State::of(database)? == end);
        ensure!(updates(database)? == (i64::from(MANY), 0));
        finished(database)
    });
}

/// Where nothing but the epoch keeps two appliers apart: a file system without locks, a session lock that
/// a pooler gave to somebody else.
#[test]
fn an_apply_whose_epoch_is_over_is_fenced() {
    on_every_database(|database| {
        begin(database, "dev", MANY)?;
        let mut first = filling(database)?;
        pause_between_transactions(&mut first, database)?;
        database.execute("UPDATE _colmig_gate SET epoch = epoch + 1, holder = 'somebody else'")?;
        let (state, done) = (State::of(database)?, backfill(database, "0002.2")?);
        first.resume()?;
        first
            .wait()?
            .expect(106)?
            .says(&["error[CM0702]: another apply took over while", "somebody else"])?;
        ensure!(State::of(database)? == state && backfill(database, "0002.2")? == done);
        release(2, "apply", database).run()?.expect(0)?;
        finished(database)
    });
}

/// A session of a program that knows nothing of colmig.
struct Client {
    runtime: tokio::runtime::Runtime,
    connection: PgConnection,
    pid: i32,
}

impl Client {
    fn connect(name: &str, database: &TestDatabase) -> Result<Client> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (connection, pid) = runtime.block_on(async {
            let options: PgConnectOptions = database.url.parse()?;
            let mut connection = options.application_name(name).connect().await?;
            let pid = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection);
            let pid: i32 = pid.await?;
            Ok::<_, sqlx::Error>((connection, pid))
        })?;
        Ok(Client { runtime, connection, pid })
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        Ok(self.runtime.block_on(done).map(drop)?)
    }

    fn end(self) -> Result<()> {
        Ok(self.runtime.block_on(self.connection.close())?)
    }
}

/// The windows of changes that have begun.
fn changes(database: &TestDatabase) -> Result<Vec<String>> {
    Ok(State::of(database)?.changes)
}

#[test]
fn a_writer_without_a_lease_is_named_and_waited_for() {
    on_every_server(|database| {
        begin(database, "live", 2000)?;
        let mut writer = Client::connect("legacy", database)?;
        let who = format!("pid {}, application_name `legacy`", writer.pid);
        let said = [who.as_str(), "never registered", "`require 1` waits", "ignore_clients"];
        release(2, "apply --env live", database).run()?.expect(0)?.says(&said)?;
        writer.execute(&insert(1, "Legacy1@x"))?;
        ensure!(database.columns("users")?.contains(&"handle?".to_owned()));
        release(3, "apply --env live", database).run()?.expect(6)?.says(&[&who])?;

        // What the gate would otherwise want is there, and still it is shut.
        let newer = Instance::start(2, database)?.working();
        release(2, "apply --env live --wait 3s", database).run()?.expect(0)?.says(&said)?;
        release(2, "apply --env live --assume-no-fleet", database).run()?.expect(0)?.says(&said)?;
        writer.execute(&insert(1, "Legacy2@x"))?;
        ensure!(
            changes(database)?
                == ["0001.1 at 2.0, 0..1 ", "0002.1 at 1.0, 0..1 ", "0002.2 at 2.0, 0..1 "]
        );

        let gone = Instant::now();
        writer.end()?;
        release(2, "apply --env live --wait 30s", database).run()?.expect(0)?;
        ensure!(gone.elapsed() > Duration::from_millis(500), "that was no soak");
        newer.end()?;
        finished(database)
    });
}

#[test]
fn an_older_instance_shuts_the_gate_until_it_is_gone_and_soaked() {
    on_every_database(|database| {
        begin(database, "live", 2000)?;
        let older = Instance::start(1, database)?.working();
        release(2, "apply --env live", database).run()?.expect(0)?.says(&["alive and older"])?;
        let newer = Instance::start(2, database)?.working();
        let windows = changes(database)?;
        for words in ["apply --env live", "apply --env live --assume-no-fleet"] {
            let ran = release(2, words, database).run()?.expect(0)?;
            ran.says(&["`require 1` waits: `shop 1 ", "alive and older", "stop the old"])?;
            ensure!(changes(database)? == windows, "`{words}` moved a window");
        }
        // It ends without a word: nobody knows that before its lease has run out.
        older.crash();
        release(2, "apply --env live", database).run()?.expect(0)?.says(&["alive and older"])?;
        release(2, "apply --env live --wait 30s", database).run()?.expect(0)?;
        let soaked = database.texts(
            "SELECT CAST(min(h.at) - max(i.expires_at) AS text) FROM _colmig_history h, _colmig_instance i
             WHERE h.step = 'require 1' AND i.label LIKE 'shop 1 %'",
        )?;
        let soaked: i64 = soaked.concat().parse()?;
        ensure!(soaked >= 500, "the floor rose {soaked} ms after the lease's end");
        let refused = Instance::start(1, database).map(|_| ()).expect_err("it is too old");
        let refused = refused.to_string();
        ensure!(
            refused.contains("users.handle") && refused.contains("start a newer release"),
            "{refused}"
        );
        newer.end()?;
        finished(database)
    });
}

#[test]
fn vouching_for_no_fleet_is_recorded() {
    on_every_database(|database| {
        begin(database, "live", 2000)?;
        let said = ["no instance of phase 1", "--assume-no-fleet"];
        release(2, "apply --env live", database).run()?.expect(0)?.says(&said)?;
        let vouched = "apply --env live --assume-no-fleet --wait 20s";
        release(2, vouched, database).run()?.expect(0)?;
        let notes =
            "SELECT change_id FROM _colmig_history WHERE note = '--assume-no-fleet' ORDER BY 1";
        ensure!(database.texts(notes)? == ["0002.1", "0002.2"]);
        finished(database)
    });
}

#[test]
fn a_transaction_older_than_the_window_is_waited_for_and_named() {
    on_every_server(|database| {
        begin(database, "live", 2000)?;
        release(2, "apply --env live", database).run()?.expect(0)?;
        let newer = Instance::start(2, database)?.working();
        // It is known not to write, and does: its row will lie behind the backfill's cursor.
        let mut report = Client::connect("report", database)?;
        report.execute(&format!("BEGIN; {}", insert(1, "Late@x")))?;
        let who = format!("pid {}, application_name `report`", report.pid);
        let said = ["Draining", "transactions that were open then must end", &who];
        release(2, "apply --env live --wait 3s", database).run()?.expect(0)?.says(&said)?;
        ensure!(backfill(database, "0002.2")?.is_none(), "the backfill has begun");

        let mut apply = release(2, "apply --env live --wait 60s", database).spawn()?;
        apply.wait_for("Draining")?;
        report.execute("COMMIT")?;
        apply.wait()?.expect(0)?.says(&[&who])?;
        newer.end()?;
        report.end()?;
        finished(database)
    });
}

/// Inserts in a loop until told; the longest that one insert took.
fn longest_insert(
    database: &TestDatabase,
    mut on: impl FnMut() -> Result<bool>,
) -> Result<Duration> {
    let mut writer = Client::connect("writer", database)?;
    let (mut longest, mut number) = (Duration::ZERO, 0);
    while on()? {
        number += 1;
        let began = Instant::now();
        writer.execute(&insert(1, &format!("Beside{number}-{longest:?}@x")))?;
        longest = longest.max(began.elapsed());
    }
    writer.end()?;
    Ok(longest)
}

#[test]
fn a_long_lock_holds_up_nobody_else_for_long() {
    const HELD: Duration = Duration::from_secs(4);
    on_every_server(|database| {
        begin(database, "dev", 2000)?;
        let mut report = Client::connect("report", database)?;
        report.execute("BEGIN; SELECT count(*) FROM users")?;
        let who = format!("pid {}, application_name `report`", report.pid);
        let mut apply = release(2, "apply", database).spawn()?;
        apply.wait_for("for the lock on `users`")?;
        let began = Instant::now();
        let longest = longest_insert(database, || Ok(began.elapsed() < HELD))?;
        ensure!(!apply.ended()?, "it cannot have got the lock: {}", apply.said()?);
        // Without a timeout the first insert would have waited for as long as the lock was held.
        ensure!(longest < HELD / 4, "an insert waited for {longest:?}");
        report.execute("COMMIT")?;
        apply.wait()?.expect(0)?.says(&[&who])?;
        report.end()?;
        finished(database)
    });
}

/// Somebody holds one row for long: the backfill waits without holding up others, and says for whom.
#[test]
fn a_locked_row_holds_up_the_backfill_and_nobody_else() {
    const HELD: Duration = Duration::from_secs(3);
    on_every_server(|database| {
        begin(database, "dev", 5000)?;
        let before = release(2, "apply --to", database);
        before.arg("users.handle:require 1").run()?.expect(0)?;
        let mut report = Client::connect("report", database)?;
        report.execute("BEGIN; SELECT * FROM users WHERE id = 1700 FOR UPDATE")?;
        let who = format!("pid {}, application_name `report`", report.pid);
        let mut apply = release(2, "apply --to users.handle:backfill", database).spawn()?;
        apply.wait_for("for the lock on `users`")?;
        let began = Instant::now();
        let mut writer = Client::connect("writer", database)?;
        let mut longest = Duration::ZERO;
        while began.elapsed() < HELD {
            let update = Instant::now();
            writer.execute("UPDATE users SET nickname = nickname WHERE id IN (1600, 1800)")?;
            longest = longest.max(update.elapsed());
        }
        writer.end()?;
        ensure!(longest < HELD / 3, "an update waited for {longest:?}");
        ensure!(!apply.ended()?, "it cannot have got the row: {}", apply.said()?);
        report.execute("COMMIT")?;
        apply.wait()?.expect(0)?.says(&[&who])?;
        report.end()?;
        release(2, "apply", database).run()?.expect(0)?;
        finished(database)
    });
}

/// Instances of release 1 come and go while the floor is to rise over them: it rises when none is alive,
/// and none comes in afterwards (rule R15).
#[test]
fn no_instance_is_alive_below_a_floor() {
    const ROUNDS: usize = 3;
    const FLOOR: &str = "SELECT floor FROM _colmig_change WHERE id = '0002.2'";
    fn come_and_go(database: &TestDatabase, done: &AtomicBool) -> Result<u32> {
        let mut lives = 0;
        while !done.load(Ordering::SeqCst) {
            match Instance::start(1, database) {
                Ok(instance) => {
                    lives += 1;
                    for _ in 0..3 {
                        let floor = instance.number(FLOOR)?;
                        ensure!(floor == 0, "the floor is {floor}, and release 1 is alive");
                    }
                    instance.end()?;
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => {
                    ensure!(error.to_string().contains("[CM0601]"), "{error}");
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
        Ok(lives)
    }
    on_every_database(|database| {
        begin(database, "live", 100)?;
        release(2, "apply --env hasty", database).run()?.expect(0)?;
        let newer = Instance::start(2, database)?;
        let done = AtomicBool::new(false);
        let lives = std::thread::scope(|scope| {
            let threads = [(); 3].map(|()| scope.spawn(|| come_and_go(database, &done)));
            let rounds = || -> Result<()> {
                for _ in 0..ROUNDS {
                    let to = release(2, "apply --env hasty --follow --to", database);
                    to.arg("users.handle:require 1").run()?.expect(0)?;
                    // The floors fall at once; the ceilings wait for release 2 to end.
                    release(2, "rollback 0002 --env hasty", database).run()?.expect(6)?;
                }
                Ok(())
            };
            let rounds = rounds();
            done.store(true, Ordering::SeqCst);
            let lives = threads.map(|thread| thread.join().expect("no panic"));
            rounds.and_then(|()| lives.into_iter().sum::<Result<u32>>())
        })?;
        ensure!(lives > 10, "only {lives} lives were lived");
        newer.end()?;
        check_history(database)
    });
}

#[test]
fn releases_write_and_read_on_every_admitted_phase() {
    on_every_database(|database| {
        begin(database, "live", 20_000)?;
        let first =
            [Instance::start(1, database)?.working(), Instance::start(1, database)?.working()];
        release(2, "apply --env live", database).run()?.expect(0)?;
        let second = Instance::start(2, database)?.working();
        std::thread::sleep(Duration::from_millis(300));
        let mut apply = release(2, "apply --env live --follow", database).spawn()?;
        apply.wait_for("alive and older")?;
        for instance in first {
            instance.has_written(20)?;
            instance.end()?;
        }
        apply.wait()?.expect(0)?;
        finished(database)?;
        release(3, "apply --env live", database).run()?.expect(0)?;
        let third = Instance::start(3, database)?.working();
        std::thread::sleep(Duration::from_millis(300));
        let drop = "apply --env live --follow --allow-drop users.nickname";
        let mut apply = release(3, drop, database).spawn()?;
        apply.wait_for("alive and older")?;
        second.has_written(20)?;
        second.end()?;
        apply.wait()?.expect(0)?.says(&["everything is finished"])?;
        std::thread::sleep(Duration::from_millis(300));
        third.has_written(20)?;
        third.end()?;
        ensure!(database.columns("users")? == ["id!", "email!", "handle!"]);
        ensure!(database.count("users WHERE handle <> lower(email)")? == 0);
        check_history(database)
    });
}

/// The variable that makes a process of this program an instance of release 1.
const SLEEPER: &str = "COLMIG_TEST_SLEEPER";

/// No test: the instance that [`an_instance_that_slept_past_its_lease_issues_nothing`] puts to sleep. Its
/// tasks insert, each as many as its pool has connections, until the pool is closed. What a task has sent
/// before it falls asleep nobody can take back, so each says when it does.
#[test]
fn sleeper() {
    let Ok(url) = std::env::var(SLEEPER) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let (lease, pool) = connect(1, &url).await.expect("it may run");
        println!("ready");
        let tasks = (0..4).map(|task| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for number in 0.. {
                    println!("<");
                    let insert = insert(1, &format!("Sleeper{task}-{number}@x"));
                    let done = pool.execute(&insert).await;
                    println!(">");
                    match done {
                        Ok(()) => {}
                        Err(sqlx::Error::PoolClosed) => return,
                        Err(error) => println!("failed: {error}"),
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        println!("lost: {}", lease.lost().await);
        for task in tasks {
            task.await.expect("it does not panic");
        }
    });
}

#[test]
fn an_instance_that_slept_past_its_lease_issues_nothing() {
    on_every_database(|database| {
        begin(database, "live", 2000)?;
        let mut program = Command::new(std::env::current_exe()?);
        program.args(["--exact", "sleeper", "--nocapture"]).env(SLEEPER, &database.url);
        let mut sleeper = Running::start(program, "an instance of release 1".into())?;
        sleeper.wait_for("ready")?;
        release(2, "apply --env live", database).run()?.expect(0)?.says(&["alive and older"])?;
        let newer = Instance::start(2, database)?.working();
        pause_between_transactions(&mut sleeper, database)?;
        let to = release(2, "apply --env live --wait 30s --to", database);
        to.arg("users.handle:backfill").run()?.expect(0)?;
        let filled = database.count("users WHERE handle IS NULL")?;
        ensure!(filled == 0, "{filled} rows are behind the cursor");

        let before = database.count("users WHERE email LIKE 'Sleeper%'")?;
        sleeper.resume()?;
        let woken = sleeper.wait()?.expect(0)?.says(&["lost: "])?;
        let after = database.count("users WHERE email LIKE 'Sleeper%'")?;
        ensure!(after == before, "it inserted {} rows", after - before);
        ensure!(
            !woken.out.contains("failed: "),
            "{}",
            woken.out.replace("<\n", "").replace(">\n", "")
        );
        newer.end()?;
        release(2, "apply --env live --assume-no-fleet --wait 20s", database).run()?.expect(0)?;
        finished(database)
    });
}
