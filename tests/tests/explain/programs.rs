//! The Rust of the pages, compiled and run. A page shows the body of the function that is named after it;
//! the two are compared, so that what is read is what is run.

use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colmig::{Lease, Problem, Table, WriteOnly};
use colmig_tests::database::TestDatabase;
use colmig_tests::running::until;
use colmig_tests::shop::{Shop, fill};
use sqlx::FromRow;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

use super::{Examples, Fence};

type Running = Pin<Box<dyn Future<Output = Result<()>>>>;

/// One example.
struct Program {
    /// The function.
    name: &'static str,
    /// The release that was applied before.
    applied: usize,
    run: fn(String, SqlitePool) -> Running,
}

macro_rules! programs {
    ($(release $applied:literal: $name:ident;)*) => {
        const PROGRAMS: &[Program] = &[$(Program {
            name: stringify!($name),
            applied: $applied,
            run: |url, pool| Box::pin(async move { $name(&url, pool).await }),
        }),*];
    };
}

programs! {
    release 1: cm0205_fails;
    release 1: cm0205_passes;
    release 2: cm0507_fails;
    release 2: cm0507_passes;
    release 2: cm0508_fails;
    release 2: cm0508_passes;
    release 1: cm0515_fails;
    release 1: cm0515_passes;
    release 1: cm0516_fails;
    release 1: cm0516_passes;
    release 2: cm0601_fails;
    release 2: cm0601_passes;
    release 1: cm0602_fails;
    release 1: cm0602_passes;
}

async fn cm0205_fails(url: &str, _: SqlitePool) -> Result<()> {
    #[derive(Table)]
    #[colmig(table = "carts")]
    struct Cart {
        #[colmig(primary_key, auto)]
        id: i64,
    }

    let lease = Lease::new("shop", "1.0.0").tables(&[Cart::TABLE]);
    lease.connect(SqlitePoolOptions::new(), url).await?;
    Ok(())
}

async fn cm0205_passes(url: &str, _: SqlitePool) -> Result<()> {
    let lease = Lease::new("shop", "1.0.0").tables(&[release_1::User::TABLE]);
    lease.connect(SqlitePoolOptions::new(), url).await?;
    Ok(())
}

async fn cm0507_fails(_: &str, pool: SqlitePool) -> Result<()> {
    #[derive(FromRow, Table)]
    #[colmig(table = "users")]
    struct User {
        #[colmig(primary_key, auto)]
        id: i64,
        email: String,
        #[colmig(adding, backfill = "lower(email)")]
        handle: WriteOnly<String>,
    }

    let user: User = sqlx::query_as(User::SELECT).fetch_one(&pool).await?;
    let copy = User { email: "second@example.org".to_owned(), ..user };
    colmig::insert(&copy).execute(&pool).await?;
    Ok(())
}

async fn cm0507_passes(_: &str, pool: SqlitePool) -> Result<()> {
    #[derive(FromRow, Table)]
    #[colmig(table = "users")]
    struct User {
        #[colmig(primary_key, auto)]
        id: i64,
        email: String,
        #[colmig(adding, backfill = "lower(email)")]
        handle: WriteOnly<String>,
    }

    let user: User = sqlx::query_as(User::SELECT).fetch_one(&pool).await?;
    let handle = "second".to_owned().into();
    let copy = User { email: "second@example.org".to_owned(), handle, ..user };
    colmig::insert(&copy).execute(&pool).await?;
    Ok(())
}

async fn cm0508_fails(_: &str, pool: SqlitePool) -> Result<()> {
    #[derive(FromRow, Table)]
    #[colmig(table = "seats", primary_key(hall, number))]
    struct Seat {
        hall: i64,
        number: i64,
        #[colmig(deprecated)]
        guest: WriteOnly<Option<String>>,
    }

    let seat: Seat = sqlx::query_as(Seat::SELECT).fetch_one(&pool).await?;
    colmig::update(&seat).execute(&pool).await?;
    Ok(())
}

async fn cm0508_passes(_: &str, pool: SqlitePool) -> Result<()> {
    #[derive(FromRow, Table)]
    #[colmig(table = "seats", primary_key(hall, number))]
    struct Seat {
        hall: i64,
        number: i64,
        #[colmig(deprecated)]
        guest: WriteOnly<Option<String>>,
    }

    let mut seat: Seat = sqlx::query_as(Seat::SELECT).fetch_one(&pool).await?;
    seat.guest = Some("Ada".to_owned()).into();
    colmig::update(&seat).execute(&pool).await?;
    Ok(())
}

async fn cm0515_fails(_: &str, pool: SqlitePool) -> Result<()> {
    #[derive(Clone, Copy, colmig::Enum)]
    #[colmig(rename_all = "snake_case")]
    enum Mood {
        Happy,
        #[colmig(adding)]
        Angry,
    }

    #[derive(FromRow, Table)]
    #[colmig(table = "diary")]
    struct Entry {
        #[colmig(primary_key)]
        id: i64,
        #[colmig(enum)]
        mood: Mood,
    }

    let mut entry: Entry = sqlx::query_as(Entry::SELECT).fetch_one(&pool).await?;
    ensure!(matches!(entry.mood, Mood::Happy));
    entry.mood = Mood::Angry;
    colmig::update(&entry).execute(&pool).await?;
    Ok(())
}

async fn cm0515_passes(_: &str, pool: SqlitePool) -> Result<()> {
    #[derive(Clone, Copy, colmig::Enum)]
    #[colmig(rename_all = "snake_case")]
    enum Mood {
        Happy,
        Angry,
    }

    #[derive(FromRow, Table)]
    #[colmig(table = "diary")]
    struct Entry {
        #[colmig(primary_key)]
        id: i64,
        #[colmig(enum)]
        mood: Mood,
    }

    let mut entry: Entry = sqlx::query_as(Entry::SELECT).fetch_one(&pool).await?;
    ensure!(matches!(entry.mood, Mood::Happy));
    entry.mood = Mood::Angry;
    colmig::update(&entry).execute(&pool).await?;
    Ok(())
}

async fn cm0516_fails(_: &str, pool: SqlitePool) -> Result<()> {
    #[derive(Clone, Copy, colmig::Enum)]
    #[colmig(rename_all = "snake_case")]
    enum Mood {
        Cheerful,
    }

    #[derive(FromRow, Table)]
    #[colmig(table = "diary", read_only)]
    struct Entry {
        #[colmig(primary_key)]
        id: i64,
        #[colmig(enum)]
        mood: Mood,
    }

    let entry: Entry = sqlx::query_as(Entry::SELECT).fetch_one(&pool).await?;
    ensure!(matches!((entry.id, entry.mood), (1, Mood::Cheerful)));
    Ok(())
}

async fn cm0516_passes(_: &str, pool: SqlitePool) -> Result<()> {
    #[derive(Clone, Copy, colmig::Enum)]
    #[colmig(rename_all = "snake_case")]
    enum Mood {
        #[colmig(rename = "happy")]
        Cheerful,
    }

    #[derive(FromRow, Table)]
    #[colmig(table = "diary", read_only)]
    struct Entry {
        #[colmig(primary_key)]
        id: i64,
        #[colmig(enum)]
        mood: Mood,
    }

    let entry: Entry = sqlx::query_as(Entry::SELECT).fetch_one(&pool).await?;
    ensure!(matches!((entry.id, entry.mood), (1, Mood::Cheerful)));
    Ok(())
}

async fn cm0601_fails(url: &str, _: SqlitePool) -> Result<()> {
    let lease = Lease::new("shop", "1.0.0").tables(&[release_1::User::TABLE]);
    lease.connect(SqlitePoolOptions::new(), url).await?;
    Ok(())
}

async fn cm0601_passes(url: &str, _: SqlitePool) -> Result<()> {
    let lease = Lease::new("shop", "2.0.0").tables(&[release_2::User::TABLE]);
    lease.connect(SqlitePoolOptions::new(), url).await?;
    Ok(())
}

async fn cm0602_fails(url: &str, _: SqlitePool) -> Result<()> {
    let lease = Lease::new("shop", "1.0.0").tables(&[release_1::User::TABLE]);
    let lease = lease.ttl(Duration::from_secs(2));
    let _pool = lease.connect(SqlitePoolOptions::new(), url).await?;
    evict_and_go_on(lease.id(), url)?;
    Err(lease.lost().await.into())
}

async fn cm0602_passes(url: &str, _: SqlitePool) -> Result<()> {
    let lease = Lease::new("shop", "1.0.0").tables(&[release_1::User::TABLE]);
    let lease = lease.ttl(Duration::from_secs(2));
    let pool = lease.connect(SqlitePoolOptions::new(), url).await?;
    pool.close().await;
    lease.release().await;
    Ok(())
}

/// Release 1 of the shop, as if it had been derived with its lock file.
mod release_1 {
    pub(super) struct User;

    impl User {
        pub(super) const TABLE: &'static colmig::TableInfo = &colmig_tests::instance::TABLES[0];
    }
}

/// Release 2.
mod release_2 {
    pub(super) struct User;

    impl User {
        pub(super) const TABLE: &'static colmig::TableInfo = &colmig_tests::instance::TABLES[1];
    }
}

/// What an operator does to an instance of release 1. It is alive, and may register again before the floor rises:
/// then it is evicted anew.
fn evict_and_go_on(instance: &str, url: &str) -> Result<()> {
    let shop = Shop::release(2)?;
    until("a floor above release 1", || {
        shop.command(&format!("fleet evict {instance}")).on(url).run()?.expect(0)?;
        let ran = shop.command("apply").on(url).run()?.expect(0)?;
        Ok(ran.err.contains("cannot be started any more").then_some(()))
    })
}

pub(super) fn run(examples: &Examples) -> Result<()> {
    let error = play(examples, "fails", &examples.fails)?.err().context("nothing fails")?;
    let code = match error.downcast_ref::<colmig::Error>() {
        Some(colmig::Error::Problem(problem)) => Some(problem.code),
        // What a value says of itself comes through sqlx.
        _ => error.chain().find_map(|cause| cause.downcast_ref::<Problem>()).map(|p| p.code),
    };
    ensure!(code == Some(examples.code), "another error: {error:?}");
    play(examples, "passes", &examples.passes)?.context("under Passes")
}

/// Runs the program of a section, which is that of the page.
fn play(examples: &Examples, section: &str, fences: &[Fence<'_>]) -> Result<Result<()>> {
    let name = format!("{}_{section}", examples.code.id.to_lowercase());
    let program = PROGRAMS.iter().find(|program| program.name == name);
    let program = program.with_context(|| format!("no program {name}"))?;
    let [fence] = fences else { anyhow::bail!("a program is one fence") };
    let (shown, run) = (words(fence.text), words(body(&name)?));
    let run = run.strip_suffix(" Ok(())").unwrap_or(&run);
    ensure!(shown == run, "the page shows\n{shown}\nand what is run is\n{run}");

    let database = TestDatabase::sqlite()?;
    Shop::release(1)?.colmig("apply", &database).run()?.expect(0)?;
    fill(&database, 1)?;
    if program.applied == 2 {
        Shop::release(2)?.colmig("apply", &database).run()?.expect(0)?;
    }
    database.execute(
        "CREATE TABLE seats (hall bigint, number bigint, guest text, PRIMARY KEY (hall, number));
         INSERT INTO seats VALUES (1, 1, NULL);
         CREATE TABLE diary (id bigint PRIMARY KEY, mood text NOT NULL);
         INSERT INTO diary VALUES (1, 'happy')",
    )?;
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(async {
        let pool = SqlitePool::connect(&database.url).await?;
        (program.run)(database.url.clone(), pool).await
    }))
}

/// The body of a function of this file.
fn body(name: &str) -> Result<&'static str> {
    let (_, rest) =
        include_str!("programs.rs").split_once(&format!("async fn {name}(")).context("no body")?;
    let (_, rest) = rest.split_once("{\n").context("a body begins")?;
    Ok(rest.split("\n}\n").next().unwrap_or(rest))
}

/// The text without what rustfmt decides.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
