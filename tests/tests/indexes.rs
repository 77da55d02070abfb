//! What PostgreSQL makes outside of transactions may stay half-made: whoever comes next, to go on or to go back,
//! finds it and brings it to its end.

use anyhow::{Context, Result, ensure};
use colmig_tests::connection::Connection;
use colmig_tests::database::TestDatabase;
use colmig_tests::running::{Running, until};
use colmig_tests::scenarios::{Scenario, scenarios};
use colmig_tests::shop::Shop;

/// Enough to be seen, few enough to be quick.
const ROWS: i64 = 50;

/// A scenario that makes indexes or a UNIQUE, with the checkout of its first new release.
struct Case {
    scenario: Scenario,
    shop: Shop,
}

impl Case {
    fn of(name: &str) -> Result<Case> {
        let scenario = scenarios().into_iter().find(|one| one.name == name);
        let scenario = scenario.with_context(|| format!("no scenario `{name}`"))?;
        let shop = Shop::of(&scenario.checkouts()[1])?;
        Ok(Case { scenario, shop })
    }

    /// What the table is when nobody interrupts.
    fn end(&self, start: &TestDatabase, words: &str) -> Result<Vec<String>> {
        let database = start.copy()?;
        self.shop.colmig(words, &database).run()?.expect(0)?;
        let end = database.definitions()?;
        database.remove()?;
        Ok(end)
    }
}

fn on_every_postgres(name: &str, test: impl Fn(&Case, &TestDatabase) -> Result<()>) {
    let case = Case::of(name).expect("a scenario");
    let all = TestDatabase::all().expect("databases");
    for database in all.into_iter().filter(TestDatabase::is_postgres) {
        case.scenario.begin(&database, ROWS).expect("release 1");
        test(&case, &database).unwrap_or_else(|error| panic!("on {}: {error:?}", database.url));
        database.remove().expect("it is not needed any more");
    }
}

/// An `apply` that waits in the middle of making an index, since a transaction is there that may still look at rows
/// which the index does not hold; and that transaction.
fn stuck(case: &Case, database: &TestDatabase) -> Result<(Running, Connection)> {
    let mut old = Connection::open(database)?;
    old.write("BEGIN ISOLATION LEVEL REPEATABLE READ", &[])?;
    old.write("SELECT count(*) FROM users", &[])?;
    let apply = case.shop.colmig("apply", database).spawn()?;
    let half = || Ok(database.definitions()?.concat().contains("INVALID").then_some(()));
    until("an index that is not valid yet", half)?;
    Ok((apply, old))
}

/// Kills the applier, and the server's process that went on for it.
fn die(apply: Running, database: &TestDatabase) -> Result<()> {
    apply.kill()?;
    let ends = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'CREATE % CONCURRENTLY%' AND pid <> pg_backend_pid()";
    let gone = || Ok(database.texts(ends)?.is_empty().then_some(()));
    until("the end of its session", gone)
}

#[test]
fn an_index_that_is_half_made_is_made_anew() {
    for name in ["add two indexes, and drop one", "add UNIQUE"] {
        on_every_postgres(name, |case, database| {
            let end = case.end(database, "apply")?;
            let (apply, old) = stuck(case, database)?;
            die(apply, database)?;
            ensure!(database.definitions()?.concat().contains("INVALID"));
            old.close()?;
            case.shop.colmig("apply", database).run()?.expect(0)?;
            let found = database.definitions()?;
            ensure!(found == end, "{found:#?}\nis not {end:#?}");
            Ok(())
        });
    }
}

#[test]
fn an_index_that_is_half_made_goes_with_a_rollback() {
    for name in ["add two indexes, and drop one", "add UNIQUE"] {
        on_every_postgres(name, |case, database| {
            let before = database.definitions()?;
            let (apply, old) = stuck(case, database)?;
            die(apply, database)?;
            old.close()?;
            case.shop.colmig("rollback 0002", database).run()?.expect(0)?;
            let found = database.definitions()?;
            ensure!(found == before, "{found:#?}\nis not {before:#?}");
            Ok(())
        });
    }
}

/// The client is dead, and the server does not know: the next one waits for what is still being made.
#[test]
fn an_index_that_the_server_is_still_making_is_waited_for() {
    on_every_postgres("add two indexes, and drop one", |case, database| {
        let end = case.end(database, "apply")?;
        let (apply, old) = stuck(case, database)?;
        apply.kill()?;
        let mut next = case.shop.colmig("apply", database).spawn()?;
        next.wait_for("another colmig is at work")?;
        ensure!(database.definitions()?.concat().contains("INVALID"));
        old.close()?;
        next.wait()?.expect(0)?;
        let found = database.definitions()?;
        ensure!(found == end, "{found:#?}\nis not {end:#?}");
        Ok(())
    });
}

#[test]
fn an_index_of_somebody_else_is_named_and_left_alone() {
    on_every_postgres("add two indexes, and drop one", |case, database| {
        database.execute("CREATE INDEX users_email_idx ON users (nickname)")?;
        let before = database.definitions()?;
        let ran = case.shop.colmig("apply", database).run()?.expect(108)?;
        ran.says(&["`users_email_idx` exists already", "drop it if it is a leftover"])?;
        case.shop.colmig("rollback 0002", database).run()?.expect(0)?;
        ensure!(database.definitions()? == before);
        Ok(())
    });
}

/// They come after the pre-flight has asked: what was made of the index must not stay and refuse writes.
#[test]
fn late_duplicates_leave_no_index_behind() {
    on_every_postgres("add UNIQUE", |case, database| {
        let enough = ["--to", "users.users_guard:require 1"];
        let apply = case.shop.colmig("apply", database);
        enough.iter().fold(apply, |apply, word| apply.arg(word)).run()?.expect_one_of(&[0, 6])?;
        let before = database.definitions()?;
        database.execute("INSERT INTO users (email, nickname) VALUES ('e', 'n'), ('e', 'n')")?;
        let ran = case.shop.colmig("apply", database).run()?.expect(107)?;
        ran.says(&["2 rows of `users` share", "(\"e\", \"n\")", "its step was taken back"])?;
        ensure!(database.definitions()? == before, "{:#?}", database.definitions()?);
        database.execute("DELETE FROM users WHERE email = 'e'")?;
        case.shop.colmig("apply", database).run()?.expect(0)?;
        Ok(())
    });
}
