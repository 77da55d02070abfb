//! A Galera cluster: three servers that all take writes. What one of them knows of its own sessions and locks the
//! others do not, and two transactions that would wait for one another on one server are both let go on two.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use colmig::migrator::{Event, Options, Report, Wait};
use colmig_core::gate::Blocker;
use colmig_core::problem::{FENCED, LOCKED};
use colmig_core::protocol::Act;
use colmig_tests::connection::{count_loss, has_lost, losses};
use colmig_tests::database::TestDatabase;
use colmig_tests::deployment::Deployment;
use colmig_tests::instance::{Instance, Pool, connect};
use colmig_tests::ledger::check_history;
use colmig_tests::project::{Command, Project, run};
use colmig_tests::scenarios::{Scenario, scenarios};
use colmig_tests::shop::{Shop, fill};
use colmig_tests::writer::{Course, Rows};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection};

/// Runs a test on the servers of a cluster, where one is asked for.
fn in_a_cluster(test: impl FnOnce(&[TestDatabase]) -> Result<()>) {
    let mut servers = TestDatabase::cluster().expect("a cluster");
    if servers.is_empty() {
        println!("no Galera cluster is asked for");
        return;
    }
    test(&servers).unwrap_or_else(|error| panic!("{error:?}"));
    servers.remove(0).remove().expect("it is not needed any more");
}

/// The checkout of a release of the shop.
fn release(number: usize) -> Result<Project> {
    Shop::release(number)?.project()
}

/// Where instances register, a lease lives as long as theirs do, and nobody waits for a soak.
fn options(project: &Project) -> Options {
    let mut options = project.options_with_fleet();
    options.policy.ttl = 2_000;
    options.patience = Duration::from_secs(30);
    options
}

fn apply(project: &Project, server: &TestDatabase) -> colmig::Result<Report> {
    run(server, options(project), Command::Apply(None), |_| {})
}

/// Release 1 is applied, and there are users.
fn begin(servers: &[TestDatabase], users: u32) -> Result<()> {
    apply(&release(1)?, &servers[0])?;
    fill(&servers[1], users)
}

/// Why a report does not go on.
fn waits(report: &Report) -> Vec<Wait> {
    report.changes.iter().filter_map(|one| one.wait.clone()).collect()
}

/// A session of a program that knows nothing of colmig.
struct Client {
    runtime: tokio::runtime::Runtime,
    connection: MySqlConnection,
    pid: i64,
}

impl Client {
    fn connect(server: &TestDatabase) -> Result<Client> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (connection, pid) = runtime.block_on(async {
            let mut connection = MySqlConnection::connect(&server.url).await?;
            let pid = sqlx::query_scalar("SELECT CAST(connection_id() AS signed)");
            let pid: i64 = pid.fetch_one(&mut connection).await?;
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

/// The host and port of a server.
fn address(server: &TestDatabase) -> &str {
    let place = server.url.rsplit('@').next().unwrap_or_default();
    place.split('/').next().unwrap_or_default()
}

fn scenario(name: &str) -> Result<Scenario> {
    scenarios().into_iter().find(|one| one.name == name).context("there is such a scenario")
}

/// The rows that are there before.
const ROWS: i64 = 2_500;

/// Releases of each phase write on all servers, the same rows too, around every step of an applier, which is now on this
/// server and now on that; half of the way it goes back.
#[test]
fn a_column_is_replaced_back_and_forth_under_writers_on_every_server() {
    in_a_cluster(|servers| {
        let (before, began) = (losses(), Instant::now());
        let scenario = scenario("rename a column")?;
        scenario.begin(&servers[0], ROWS)?;
        // A server of a cluster leaves gaps between the keys that it makes, for those of the others.
        servers[0].execute("SET @n = 0; UPDATE users SET id = (@n := @n + 1) ORDER BY id")?;
        let course = Arc::new(Course::new(&scenario, servers[0].which()));
        let rows = Arc::new(Rows::before(&course, ROWS));
        let mut deployment = Deployment::on_all(&course, &rows, servers.iter().collect(), 3)?;
        deployment.run(&course.checkouts[1], Command::Apply(None))?;
        let back = deployment.run(&course.checkouts[1], Command::Rollback("0002"))?;
        let left = back.changes.iter().filter(|one| one.progress.position > 0);
        ensure!(left.count() == 1, "{:?} is not undone", waits(&back));
        for checkout in &course.checkouts[1..] {
            let report = deployment.run(checkout, Command::Apply(None))?;
            ensure!(report.refusals.is_empty(), "{:?}", report.refusals);
        }
        for server in servers {
            ensure!(server.columns("users")? == scenario.end);
        }
        check_history(&servers[1])?;
        let tally = deployment.end_with_audit()?;
        let lost = losses() - before;
        println!("{tally}, {lost} that lost were sent again, {:?}", began.elapsed());
        ensure!(lost > 0, "no statement ever lost: the writers do not meet");
        Ok(())
    });
}

#[test]
fn of_appliers_on_two_servers_one_works_and_the_other_waits() {
    in_a_cluster(|servers| {
        begin(servers, 5_000)?;
        let second = release(2)?;
        let all = std::thread::scope(|scope| {
            let one = |server| {
                let second = &second;
                scope.spawn(move || run(server, second.options(&[]), Command::Apply(None), |_| {}))
            };
            let threads: Vec<_> = servers.iter().map(one).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
        });
        let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
        let moved: Vec<_> = all.iter().map(|report| report.moved).collect();
        println!("the appliers moved {moved:?} steps");
        let expected: usize = all[0].changes.iter().skip(1).map(|c| c.progress.position).sum();
        ensure!(moved.iter().sum::<usize>() == expected, "{moved:?}, and {expected} were to do");
        ensure!(servers[2].columns("users")? == ["id!", "email!", "nickname?", "handle!"]);
        ensure!(servers[2].count("users WHERE handle <> lower(email)")? == 0);
        check_history(&servers[2])
    });
}

/// An applier of release 2 on a server, which stops in the middle of its backfill until it is told to go on.
fn held_in_its_backfill<T>(
    servers: &[TestDatabase],
    meanwhile: impl FnOnce() -> Result<T>,
) -> Result<(T, colmig::Result<Report>)> {
    let second = release(2)?;
    let (tell, told) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let applier = scope.spawn(move || {
            let mut held = false;
            run(&servers[0], second.options(&[]), Command::Apply(None), move |event| {
                if matches!(event, Event::Filling(_)) && !std::mem::replace(&mut held, true) {
                    let _ = tell.send(());
                    let _ = wait.recv();
                }
            })
        });
        let begun = told.recv_timeout(Duration::from_secs(60)).context("its backfill begins");
        let seen = begun.and_then(|()| meanwhile());
        drop(go);
        let report = applier.join().expect("no panic");
        Ok((seen?, report))
    })
}

fn code(outcome: colmig::Result<Report>) -> Result<colmig_core::Problem> {
    match outcome {
        Err(colmig::Error::Problem(problem)) => Ok(problem),
        other => bail!("{other:?} is no refusal"),
    }
}

#[test]
fn an_applier_on_another_server_is_told_who_works() {
    in_a_cluster(|servers| {
        begin(servers, 5_000)?;
        let other = release(2)?;
        let (refused, report) = held_in_its_backfill(servers, || {
            let mut options = other.options(&[]);
            options.patience = Duration::from_secs(1);
            code(run(&servers[1], options, Command::Apply(None), |_| {}))
        })?;
        ensure!(refused.code == LOCKED, "{refused}");
        ensure!(refused.message.contains(&format!("process {}", std::process::id())), "{refused}");
        ensure!(report?.finished() || servers[1].columns("users")?.len() == 4);
        Ok(())
    });
}

/// The epoch is raised on another server while a batch is open, or about to be.
#[test]
fn an_applier_is_fenced_by_a_take_over_on_another_server() {
    in_a_cluster(|servers| {
        begin(servers, 5_000)?;
        let progress = "SELECT CAST(rows_done AS text) FROM _colmig_backfill ORDER BY change_id";
        let (done, report) = held_in_its_backfill(servers, || {
            servers[2]
                .execute("UPDATE _colmig_gate SET epoch = epoch + 1, holder = 'somebody else'")?;
            servers[2].texts(progress)
        })?;
        let refused = code(report)?;
        ensure!(refused.code == FENCED && refused.message.contains("somebody else"), "{refused}");
        ensure!(servers[1].texts(progress)? == done, "a batch was filled behind it");
        apply(&release(2)?, &servers[1])?;
        Ok(())
    });
}

/// Instances of release 1 come and go on two servers while an applier on the third raises the floor and lowers it
/// again: none is alive below it.
#[test]
fn no_instance_on_any_server_is_alive_below_a_floor() {
    const FLOOR: &str = "SELECT CAST(max(floor) AS text) FROM _colmig_change WHERE id = '0002.2'";
    const ROUNDS: usize = 12;
    in_a_cluster(|servers| {
        begin(servers, 100)?;
        let second = release(2)?;
        apply(&second, &servers[0])?;
        let newer = Instance::start(2, &servers[0])?;
        let (done, lives, refused) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        let come_and_go = |server: &TestDatabase| -> Result<()> {
            while !done.load(Ordering::SeqCst) {
                match Instance::start(1, server) {
                    Ok(instance) => {
                        lives.fetch_add(1, Ordering::SeqCst);
                        for asked in [server, &servers[0]] {
                            let floor = asked.texts(FLOOR)?.concat();
                            ensure!(floor == "0", "the floor is {floor}, and release 1 is alive");
                        }
                        instance.end()?;
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    Err(error) => {
                        ensure!(error.to_string().contains("[CM0601]"), "{error}");
                        refused.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            }
            Ok(())
        };
        let raised = std::thread::scope(|scope| {
            let threads = [&servers[1], &servers[2], &servers[1], &servers[2]]
                .map(|server| scope.spawn(|| come_and_go(server)));
            let rounds = || -> Result<u32> {
                let mut raised = 0;
                for _ in 0..ROUNDS {
                    let began = Instant::now();
                    while servers[0].texts(FLOOR)?.concat() == "0" {
                        ensure!(began.elapsed() < Duration::from_secs(60), "the floor never rises");
                        run(
                            &servers[0],
                            options(&second),
                            Command::Apply(Some("users.handle:require 1")),
                            |_| {},
                        )?;
                    }
                    raised += 1;
                    run(&servers[0], options(&second), Command::Rollback("0002"), |_| {})?;
                }
                Ok(raised)
            };
            let rounds = rounds();
            done.store(true, Ordering::SeqCst);
            for thread in threads {
                thread.join().expect("no panic")?;
            }
            rounds
        })?;
        let (lives, refused) = (lives.into_inner(), refused.into_inner());
        println!("the floor rose {raised} times; {lives} lives were lived, {refused} refused");
        ensure!(lives > 10, "only {lives} lives were lived");
        newer.end()?;
        check_history(&servers[1])
    });
}

#[test]
fn a_transaction_on_another_server_holds_the_barrier() {
    in_a_cluster(|servers| {
        begin(servers, 500)?;
        let second = release(2)?;
        apply(&second, &servers[0])?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (lease, pool) = runtime.block_on(connect(2, &servers[2].url))?;
        let Pool::MySql(pool) = pool else { bail!("a cluster is one of MariaDB servers") };
        let mut open = runtime.block_on(pool.begin())?;
        let insert =
            "INSERT INTO users (email, nickname, handle) VALUES ('L@x', 'nick of L@x', 'l@x')";
        runtime.block_on(sqlx::raw_sql(insert).execute(&mut *open))?;

        let mut hasty = options(&second);
        hasty.patience = Duration::from_secs(1);
        let report = run(&servers[0], hasty, Command::Apply(None), |_| {})?;
        let held = waits(&report).into_iter().find_map(|wait| match wait {
            Wait::Draining { sessions, .. } => Some(sessions),
            _ => None,
        });
        let held = held.with_context(|| format!("{:?}", waits(&report)))?;
        ensure!(held.iter().all(|session| session.node == address(&servers[2])), "{held:?}");
        ensure!(held[0].application == format!("colmig:{}", lease.id()), "{held:?}");
        println!("held by {}", held[0]);

        runtime.block_on(open.commit())?;
        apply(&second, &servers[0])?;
        ensure!(servers[1].columns("users")? == ["id!", "email!", "nickname?", "handle!"]);
        runtime.block_on(async {
            pool.close().await;
            lease.release().await;
        });
        Ok(())
    });
}

#[test]
fn a_writer_without_a_lease_is_named_with_its_server() {
    in_a_cluster(|servers| {
        begin(servers, 500)?;
        let second = release(2)?;
        let mut client = Client::connect(&servers[1])?;
        apply(&second, &servers[0])?;
        let newer = Instance::start(2, &servers[0])?;
        let report = apply(&second, &servers[0])?;
        let strangers = waits(&report).into_iter().find_map(|wait| match wait {
            Wait::Fleet { act: Act::Require(1), blockers } => {
                blockers.into_iter().find_map(|blocker| match blocker {
                    Blocker::Unregistered(sessions) => Some(sessions),
                    _ => None,
                })
            }
            _ => None,
        });
        let strangers = strangers.with_context(|| format!("{:?}", waits(&report)))?;
        ensure!(strangers.len() == 1, "{strangers:?}");
        println!("named: {}", strangers[0]);
        ensure!(strangers[0].node == address(&servers[1]) && strangers[0].pid == client.pid);
        client.execute("INSERT INTO users (email, nickname) VALUES ('W@x', 'nick of W@x')")?;
        client.end()?;
        apply(&second, &servers[0])?;
        ensure!(servers[2].columns("users")? == ["id!", "email!", "nickname?", "handle!"]);
        newer.end()?;
        Ok(())
    });
}

/// An instance that slept past its lease has its session ended, on whichever server it is.
#[test]
fn sessions_without_a_lease_are_ended_on_every_server() {
    in_a_cluster(|servers| {
        begin(servers, 500)?;
        let second = release(2)?;
        apply(&second, &servers[0])?;
        let older = Instance::start(1, &servers[2])?;
        let id = servers[0].texts("SELECT id FROM _colmig_instance WHERE expires_at > 0")?.concat();
        let sessions = format!(
            "information_schema.processlist p WHERE is_used_lock(concat('colmig:{id}:', p.id)) = p.id"
        );
        ensure!(servers[2].count(&sessions)? == 1);
        older.falls_asleep()?;
        ensure!(servers[2].count(&sessions)? == 1, "its session has ended by itself");
        let newer = Instance::start(2, &servers[1])?;
        let began = Instant::now();
        while servers[0].columns("users")?.contains(&"handle?".to_owned()) {
            ensure!(began.elapsed() < Duration::from_secs(60), "the floor never rises");
            apply(&second, &servers[0])?;
        }
        ensure!(servers[2].count(&sessions)? == 0, "its session is still there");
        newer.end()?;
        Ok(())
    });
}

/// What is not done at once is said to have held everybody, with the time; what is done at once is not.
#[test]
fn what_holds_every_write_of_the_cluster_is_told() {
    in_a_cluster(|servers| {
        begin(servers, 20_000)?;
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = told.clone();
        run(&servers[0], release(2)?.options(&[]), Command::Apply(None), move |event| {
            if let Event::Stalled { change, act, took, .. } = event {
                events.lock().expect("nobody panics").push((change, act, took));
            }
        })?;
        let told = told.lock().expect("nobody panics");
        println!("{told:?}");
        ensure!(told.iter().all(|(_, act, _)| matches!(act, Act::Enforce | Act::Relax)));
        ensure!(told.len() == 2, "{told:?}");
        Ok(())
    });
}

/// Transactions on two servers that write the same row: one of them loses, and does it again.
#[test]
fn a_statement_that_lost_can_be_sent_again() {
    in_a_cluster(|servers| {
        servers[0].execute("CREATE TABLE counter (id int PRIMARY KEY, n bigint NOT NULL)")?;
        servers[0].execute("INSERT INTO counter VALUES (1, 0)")?;
        const EACH: i64 = 100;
        let lost = AtomicU64::new(0);
        let count = |server: &TestDatabase| -> Result<()> {
            let mut client = Client::connect(server)?;
            let mut left = EACH;
            while left > 0 {
                let steps = ["BEGIN", "UPDATE counter SET n = n + 1 WHERE id = 1", "COMMIT"];
                match steps.iter().try_for_each(|step| client.execute(step)) {
                    Ok(()) => left -= 1,
                    Err(error) => {
                        let error = error.downcast::<sqlx::Error>()?;
                        ensure!(has_lost(&error), "{error}");
                        client.execute("ROLLBACK")?;
                        lost.fetch_add(1, Ordering::SeqCst);
                        count_loss();
                    }
                }
            }
            client.end()
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                servers.iter().map(|server| scope.spawn(|| count(server))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
        })?;
        let n = servers[1].texts("SELECT CAST(n AS text) FROM counter")?.concat();
        println!("{n} increments, {} lost and were done again", lost.load(Ordering::SeqCst));
        ensure!(n == (EACH * 3).to_string(), "{n}");
        Ok(())
    });
}
