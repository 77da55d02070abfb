//! A replacement that a trigger keeps alike, on PostgreSQL: whatever either release writes, the other one reads, on
//! both sides of every step, forwards and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, Result, ensure};
use colmig::migrator::{Migrator, Report};
use colmig_core::protocol::{Act, ChangeKind};
use colmig_core::schema::{Column, DualWrite};
use colmig_core::types::{ColumnType, Database};
use colmig_tests::database::TestDatabase;
use colmig_tests::project::{Project, column, everywhere};
use sqlx::{Connection, PgConnection};

fn on_every_server(scenario: fn(&TestDatabase) -> Result<()>) {
    let all = TestDatabase::all().expect("databases");
    for database in all.into_iter().filter(TestDatabase::is_postgres) {
        scenario(&database).unwrap_or_else(|error| panic!("on {}: {error:?}", database.url));
        database.remove().expect("it is not needed any more");
    }
}

/// `alias` takes the place of `nickname`, and comes back by `reverse`.
fn alias(forward: &str, reverse: &str) -> Column {
    Column {
        replaces: vec!["nickname".into()],
        forward: everywhere(forward),
        reverse: everywhere(reverse),
        dual_write: DualWrite::Trigger,
        ..column("alias")
    }
}

/// Release 1 with these columns, applied; and release 2 with those.
fn releases(
    database: &TestDatabase,
    first: &[Column],
    second: &[Column],
) -> Result<(Project, Project)> {
    let first = Project::on(&[Database::Postgres]).edited(first);
    first.apply(database, &[])?;
    let second = first.edited(second);
    Ok((first, second))
}

fn renamed(database: &TestDatabase) -> Result<Project> {
    let (_, second) = releases(
        database,
        &[column("email"), column("nickname")],
        &[column("email"), alias("upper(nickname)", "lower(alias)")],
    )?;
    Ok(second)
}

/// `apply --to users.alias:STEP`.
fn apply_to(project: &Project, database: &TestDatabase, act: Act) -> Result<Report> {
    let options = project.options(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut migrator = Migrator::connect(&database.url, options).await?;
        let report = migrator.apply(Some(&format!("users.alias:{act}"))).await?;
        ensure!(report.short.is_none(), "not as far as `{act}`: {:?}", report.short);
        Ok(report)
    })
}

/// The acts of the change, from the first to the one before the drop.
fn acts_before_the_drop() -> Vec<Act> {
    let steps = ChangeKind::ReplaceByTrigger.facts().steps.iter().map(|(act, _)| *act);
    steps.filter(|act| *act != Act::Drop).collect()
}

/// Both columns of the user of an address.
fn both(database: &TestDatabase, email: &str) -> Result<String> {
    let sql = format!(
        "SELECT concat_ws('/', coalesce(nickname, '-'), coalesce(alias, '-')) FROM users WHERE email = '{email}'"
    );
    Ok(database.texts(&sql)?.join(" "))
}

/// Triggers, and functions of colmig.
fn left_over(database: &TestDatabase) -> Result<Vec<String>> {
    database.texts(
        "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
         UNION ALL SELECT proname::text FROM pg_proc WHERE proname LIKE '%colmig%'",
    )
}

/// A release that writes rows without a pause, and reads each as it wrote it.
struct Writer {
    stop: Arc<AtomicBool>,
    writes: Arc<AtomicU64>,
    thread: JoinHandle<Result<()>>,
}

/// What a release calls the column, and how it spells a value.
#[derive(Clone, Copy)]
struct Side {
    column: &'static str,
    spelled: fn(&str) -> String,
}

const OLD: Side = Side { column: "nickname", spelled: |value| value.to_lowercase() };
const NEW: Side = Side { column: "alias", spelled: |value| value.to_uppercase() };

impl Writer {
    /// One that inserts rows, changes them, and changes those that others wrote. `other` is a side that is alive
    /// beside it, and is read too.
    fn start(database: &TestDatabase, name: &str, side: Side, other: Option<Side>) -> Writer {
        let (stop, writes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (url, name) = (database.url.clone(), name.to_owned());
        let (stops, counts) = (stop.clone(), writes.clone());
        let writes_on = async move {
            let mut connection = PgConnection::connect(&url).await?;
            for turn in 0.. {
                if stops.load(Ordering::SeqCst) {
                    break;
                }
                turn_of(&mut connection, &name, turn, side, other).await?;
                counts.fetch_add(1, Ordering::SeqCst);
            }
            anyhow::Ok(())
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let wrote = runtime.block_on(writes_on);
            wrote.inspect_err(|error| eprintln!("a writer failed: {error:?}"))
        });
        Writer { stop, writes, thread }
    }

    /// Lets it write for a while.
    fn goes_on(&self) -> Result<()> {
        let before = self.writes.load(Ordering::SeqCst);
        while self.writes.load(Ordering::SeqCst) < before + 30 {
            ensure!(!self.thread.is_finished(), "a writer has failed");
            std::thread::yield_now();
        }
        Ok(())
    }

    fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().expect("it does not panic")
    }
}

/// One insert, two updates of the row, and an update of another column; each is read again, as the other release
/// reads it too. The last update meets a row that everybody writes.
async fn turn_of(
    connection: &mut PgConnection,
    name: &str,
    turn: u32,
    side: Side,
    other: Option<Side>,
) -> Result<()> {
    let column = side.column;
    let email = format!("{name}{turn}");
    for change in 0..4 {
        let value = (side.spelled)(&format!("value{turn}of{name}{}", change.min(2)));
        let sql = match change {
            0 => format!("INSERT INTO users ({column}, email) VALUES ($1, $2)"),
            3 => "UPDATE users SET email = email WHERE $1 <> '' AND email = $2".to_owned(),
            _ => format!("UPDATE users SET {column} = $1 WHERE email = $2"),
        };
        let done = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
        let done = done.bind(&value).bind(&email).execute(&mut *connection).await;
        done.with_context(|| format!("{sql} of {email}"))?;
        for read in [Some(side), other].into_iter().flatten() {
            let sql = format!("SELECT {} FROM users WHERE email = $1", read.column);
            let found: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .bind(&email)
                .fetch_one(&mut *connection)
                .await?;
            let expected = (read.spelled)(&value);
            ensure!(found == Some(expected.clone()), "{}: {found:?}, not {expected}", read.column);
        }
    }
    let value = (side.spelled)(&format!("{name}{turn}"));
    let sql = format!("UPDATE users SET {column} = $1 WHERE email = 'shared'");
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(value).execute(&mut *connection).await?;
    Ok(())
}

/// Old and new releases write at once while every step is taken, forwards, back, and to the end.
#[test]
fn releases_of_both_ends_write_on_both_sides_of_every_step() {
    on_every_server(|database| {
        let second = renamed(database)?;
        database.execute(
            "INSERT INTO users (email, nickname) SELECT 'User' || i || '@x', 'nick' || i FROM generate_series(1, 3000) i;
             INSERT INTO users (email, nickname) VALUES ('shared', 'nobody');
             CREATE INDEX users_email ON users (email)",
        )?;
        let alike = || -> Result<()> {
            let apart = database.count("users WHERE alias IS DISTINCT FROM upper(nickname)")?;
            ensure!(apart == 0, "{apart} rows are not alike");
            Ok(())
        };
        let old = [0, 1].map(|n| Writer::start(database, &format!("old{n}-"), OLD, None));
        for act in acts_before_the_drop() {
            old.iter().try_for_each(Writer::goes_on)?;
            if act != Act::Require(3) {
                apply_to(&second, database, act).with_context(|| format!("to `{act}`"))?;
            }
        }
        // Now the newer release may start; each reads what the other side reads.
        let new = [0, 1].map(|n| Writer::start(database, &format!("new{n}-"), NEW, Some(OLD)));
        let mixed = Writer::start(database, "old2-", OLD, Some(NEW));
        apply_to(&second, database, Act::Require(3))?;
        new.iter().chain([&mixed]).try_for_each(Writer::goes_on)?;
        alike()?;
        new.into_iter().chain([mixed]).try_for_each(Writer::stop)?;
        second.rollback(database, "0002")?;
        old.iter().try_for_each(Writer::goes_on)?;
        ensure!(database.columns("users")? == ["id!", "email!", "nickname!"]);
        ensure!(left_over(database)?.is_empty(), "{:?}", left_over(database)?);
        apply_to(&second, database, Act::Require(3))?;
        let new = Writer::start(database, "new3-", NEW, None);
        old.into_iter().try_for_each(Writer::stop)?;
        alike()?;
        let report = second.apply(database, &["users.nickname"])?;
        ensure!(report.finished(), "{report:?}");
        new.goes_on()?;
        new.stop()?;
        ensure!(database.columns("users")? == ["id!", "email!", "alias!"]);
        ensure!(left_over(database)?.is_empty());
        Ok(())
    });
}

/// What a statement says wins, and what it leaves as it was is computed.
#[test]
fn the_side_that_a_statement_changes_wins() {
    on_every_server(|database| {
        let first =
            [column("email"), Column { default: everywhere("'nobody'"), ..column("nickname") }];
        let second = [column("email"), alias("upper(nickname)", "lower(alias)")];
        let (_, second) = releases(database, &first, &second)?;
        database
            .execute("INSERT INTO users (email, nickname) VALUES ('a', 'Ann'), ('b', 'Bob')")?;
        apply_to(&second, database, Act::Admit(3))?;
        ensure!(
            both(database, "a")? == "Ann/ANN",
            "the backfill leaves a spelling that `reverse` has not"
        );
        let cases = [
            ("UPDATE users SET email = 'a' WHERE email = 'a'", "Ann/ANN"),
            ("UPDATE users SET nickname = nickname, alias = alias WHERE email = 'a'", "Ann/ANN"),
            ("UPDATE users SET nickname = 'Eve' WHERE email = 'a'", "Eve/EVE"),
            ("UPDATE users SET alias = 'EVE' WHERE email = 'a'", "Eve/EVE"),
            ("UPDATE users SET alias = 'ADA' WHERE email = 'a'", "ada/ADA"),
            ("UPDATE users SET nickname = 'Kim', alias = 'JIM' WHERE email = 'a'", "Kim/JIM"),
            ("DELETE FROM users WHERE email = 'a'; INSERT INTO users (email, nickname) VALUES ('a', 'Lee')", "Lee/LEE"),
            ("DELETE FROM users WHERE email = 'a'; INSERT INTO users (email, alias) VALUES ('a', 'LEE')", "lee/LEE"),
            ("DELETE FROM users WHERE email = 'a'; INSERT INTO users (email) VALUES ('a')", "nobody/NOBODY"),
            ("DELETE FROM users WHERE email = 'a'; INSERT INTO users (email, nickname, alias) VALUES ('a', 'Kim', 'JIM')", "Kim/JIM"),
            // Nothing tells a default from what was written, unless both sides agree.
            ("DELETE FROM users WHERE email = 'a'; INSERT INTO users (email, nickname, alias) VALUES ('a', 'nobody', 'JIM')", "jim/JIM"),
            ("INSERT INTO users (id, email, nickname) SELECT id, email, 'Max' FROM users WHERE email = 'a'
              ON CONFLICT (id) DO UPDATE SET nickname = excluded.nickname", "Max/MAX"),
            ("INSERT INTO users (id, email, alias) SELECT id, email, 'MIA' FROM users WHERE email = 'a'
              ON CONFLICT (id) DO UPDATE SET alias = excluded.alias", "mia/MIA"),
            // Wherever rows come from, and whatever their writer searches.
            ("SET session_replication_role = replica; UPDATE users SET alias = 'UNA' WHERE email = 'a'", "una/UNA"),
            ("SET search_path = ''; UPDATE public.users SET alias = 'TIM' WHERE email = 'a'", "tim/TIM"),
        ];
        for (sql, expected) in cases {
            database.execute(sql)?;
            ensure!(both(database, "a")? == expected, "{sql}: {}", both(database, "a")?);
        }
        Ok(())
    });
}

/// A trigger of the user's that mends what is written runs first, and what it made of the row is passed on.
#[test]
fn it_runs_behind_the_triggers_of_the_user() {
    on_every_server(|database| {
        let second = renamed(database)?;
        database.execute(
            "CREATE FUNCTION mend() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN NEW.nickname := trim(NEW.nickname); RETURN NEW; END';
             CREATE TRIGGER mend BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION mend()",
        )?;
        apply_to(&second, database, Act::Admit(3))?;
        database.execute("INSERT INTO users (email, nickname) VALUES ('a', ' ann ')")?;
        ensure!(both(database, "a")? == "ann/ANN");
        database.execute("ALTER TABLE users DISABLE TRIGGER mend; UPDATE users SET nickname = ' eve ', alias = ' EVE '; ALTER TABLE users ENABLE TRIGGER mend")?;
        database.execute("UPDATE users SET email = 'a'")?;
        ensure!(both(database, "a")? == "eve/EVE", "{}", both(database, "a")?);
        Ok(())
    });
}

/// `1.0` and `1.00` are equal numbers, and no equal texts; and a value of `json` is equal to nothing.
#[test]
fn a_change_that_its_type_does_not_see_is_one() {
    on_every_server(|database| {
        let typed = |sql_type: &str| Column {
            ty: ColumnType::Sql(everywhere(sql_type)),
            ..column("nickname")
        };
        for (sql_type, value, other) in
            [("numeric", "1.0", "1.00"), ("json", "'{\"a\": 1}'", "'{\"a\":1}'")]
        {
            let reverse = format!("CAST(alias AS {sql_type})");
            let first = [column("email"), typed(sql_type)];
            let second = [column("email"), alias("CAST(nickname AS text)", &reverse)];
            let (_, second) = releases(database, &first, &second)?;
            if sql_type == "json" {
                let error = second.apply(database, &[]).expect_err("it is refused").to_string();
                ensure!(error.contains("`json`, the `type` of `users.nickname`"), "{error}");
            } else {
                database.execute(&format!(
                    "INSERT INTO users (email, nickname) VALUES ('a', {value})"
                ))?;
                apply_to(&second, database, Act::Admit(3))?;
                database.execute(&format!("UPDATE users SET nickname = {other}"))?;
                let both = database.texts("SELECT concat_ws('/', nickname, alias) FROM users")?;
                ensure!(both == ["1.00/1.00"], "{both:?}");
            }
            database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
        }
        Ok(())
    });
}

/// Every write would fail on an expression that the server does not understand, so it is refused before there is a
/// trigger, by the pre-flight.
#[test]
fn an_expression_that_is_wrong_is_refused_and_fails_no_write() {
    on_every_server(|database| {
        for (forward, reverse) in
            [("uper(nickname)", "lower(alias)"), ("upper(nickname)", "lower(alais)")]
        {
            let first = [column("email"), column("nickname")];
            let second = [column("email"), alias(forward, reverse)];
            let first = Project::on(&[Database::Postgres]).edited(&first);
            first.apply(database, &[])?;
            let second = first.edited(&second);
            let error = second.apply(database, &[]).expect_err("it is wrong").to_string();
            ensure!(error.contains("CM0712"), "{error}");
            database.execute("INSERT INTO users (email, nickname) VALUES ('a', 'ann')")?;
            ensure!(left_over(database)?.is_empty());
            database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
        }
        Ok(())
    });
}

/// Names that mean something in the function's language, and text that looks like its end.
#[test]
fn columns_and_expressions_may_have_names_of_the_function_s_own() {
    on_every_server(|database| {
        let first = [column("new"), column("tg_op"), column("found"), column("a \"b\"")];
        let second = [
            Column {
                replaces: vec!["new".into(), "tg_op".into()],
                forward: everywhere("\"new\" || '$colmig$' || tg_op"),
                dual_write: DualWrite::Trigger,
                ..column("old")
            },
            column("found"),
            column("a \"b\""),
        ];
        let goes = |name: &str, number: u8| Column {
            reverse: everywhere(&format!("split_part(\"old\", '$colmig$', {number})")),
            ..colmig_tests::project::in_state(
                colmig_core::lifecycle::State::Deprecated,
                column(name),
            )
        };
        let second = [&second[..], &[goes("new", 1), goes("tg_op", 2)]].concat();
        let (_, second) = releases(database, &first, &second)?;
        database.execute(
            "INSERT INTO users (new, tg_op, found, \"a \"\"b\"\"\") VALUES ('a', 'b', 'c', 'd')",
        )?;
        let report = second.apply(database, &[])?;
        ensure!(report.refusals.is_empty(), "{report:?}");
        database.execute("UPDATE users SET tg_op = 'x'")?;
        ensure!(database.texts("SELECT old FROM users")? == ["a$colmig$x"]);
        database.execute("UPDATE users SET old = 'y$colmig$z'")?;
        ensure!(database.texts("SELECT new || tg_op FROM users")? == ["yz"]);
        Ok(())
    });
}

/// A session that was there before knows the function's older plans.
#[test]
fn an_open_session_goes_on_across_other_changes_of_the_table() {
    on_every_server(|database| {
        let second = renamed(database)?;
        apply_to(&second, database, Act::Admit(3))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut session = PgConnection::connect(&database.url).await?;
            for (turn, change) in [
                "SELECT 1",
                "ALTER TABLE users ADD COLUMN later int",
                "ALTER TABLE users DROP COLUMN later",
                "ALTER TABLE users ADD COLUMN last text DEFAULT 'x'",
            ]
            .into_iter()
            .enumerate()
            {
                sqlx::query(change)
                    .execute(&mut PgConnection::connect(&database.url).await?)
                    .await?;
                for insert in [
                    "INSERT INTO users (email, nickname) VALUES ($1, 'ann')",
                    "INSERT INTO users (email, alias) VALUES ($1, 'ANN')",
                    "UPDATE users SET alias = 'EVE' WHERE email = $1",
                    "UPDATE users SET nickname = 'ann' WHERE email = $1",
                ] {
                    let done =
                        sqlx::query(insert).bind(format!("{turn}")).execute(&mut session).await;
                    done.with_context(|| format!("{insert} after {change}"))?;
                }
            }
            anyhow::Ok(())
        })?;
        ensure!(database.count("users WHERE nickname = 'ann' AND alias = 'ANN'")? == 8);
        Ok(())
    });
}
