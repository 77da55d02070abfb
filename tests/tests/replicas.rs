//! Replicas that applications read from, on real ones: a PostgreSQL that streams, a MariaDB that replicates. Replay is
//! stopped and goes on, the way to the replica is cut, and what is named is none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use colmig_core::explain::markdown::{Block, blocks};
use colmig_tests::database::TestDatabase;
use colmig_tests::instance::{Instance, Pool, TABLES};
use colmig_tests::ledger::{backfill, check_history};
use colmig_tests::program::{Colmig, root};
use colmig_tests::replica::{Pair, Way, number};
use colmig_tests::running::{Running, until};
use colmig_tests::session::Session;
use colmig_tests::shop::{CONFIG, RELEASES, Shop, fill};
use sqlx::pool::PoolOptions;

/// One checkout, and a database with a replica.
struct Scene {
    shop: Shop,
    pair: Pair,
}

/// Runs it on every primary with a replica. Replay is stopped for whole servers, so one scene is played at a time.
fn on_every_replica(scene: impl Fn(&Scene) -> Result<()>) {
    static STAGE: Mutex<()> = Mutex::new(());
    let _alone = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    for pair in Pair::all().expect("databases") {
        let kind = pair.primary.kind();
        let shop = Shop::release(1).expect("it generates");
        let played = Scene { shop, pair };
        played
            .configure(&played.pair.replica.url)
            .and_then(|()| scene(&played))
            .unwrap_or_else(|error| panic!("on {kind}: {error:?}"));
        played.pair.remove().expect("it is not needed any more");
    }
}

impl Scene {
    /// `read` and `fleet` have a replica `r1` at this address.
    fn configure(&self, replica: &str) -> Result<()> {
        let replicas =
            format!("max_replica_lag = \"100ms\"\nreplicas = {{ r1 = \"{replica}\" }}\n");
        let read = format!("[env.read]\nurl = \"$DATABASE_URL\"\nfleet = \"none\"\n{replicas}");
        let fleet = "[env.fleet]\nurl = \"$DATABASE_URL\"\nsoak = \"0s\"\nttl = \"2s\"\n";
        self.shop.write("colmig.toml", &format!("{CONFIG}\n{read}\n{fleet}{replicas}"))
    }

    fn command(&self, words: &str) -> Colmig {
        self.shop.colmig(&format!("{words} --env read"), &self.pair.primary)
    }

    /// The next release is checked out.
    fn release(&self, number: usize) -> Result<()> {
        self.shop.edit(RELEASES[number - 1])?;
        self.shop.generate()
    }

    /// Release 1 is applied, there are so many users or more, everything is replayed, and release 2 is checked out.
    fn begin(&self, users: i64) -> Result<()> {
        self.command("apply").run()?.expect(0)?;
        fill(&self.pair.primary, 1000)?;
        let mut count = 1000;
        while count < users {
            let double = "INSERT INTO users (email, nickname) SELECT email, nickname FROM users";
            self.pair.primary.execute(double)?;
            count *= 2;
        }
        self.pair.wait_for("users", count)?;
        self.release(2)
    }

    /// So many users that a backfill is still at work when replay has stopped for a while.
    fn many(&self) -> i64 {
        if self.pair.primary.is_postgres() { 256_000 } else { 64_000 }
    }

    /// How far the window of the change is open that adds `handle`.
    fn ceil(&self) -> Result<i64> {
        let sql =
            "SELECT CAST(coalesce(max(ceil), 0) AS text) FROM _colmig_change WHERE id = '0002.2'";
        number(&self.pair.primary, sql)
    }

    /// What a release that is let in reads: from phase 1 on the column is there, from phase 2 on every row has a value.
    fn read(&self, replica: &TestDatabase) -> Result<()> {
        let ceil = self.ceil()?;
        if ceil >= 1 {
            replica.count("users WHERE handle = 'nobody'")?;
        }
        if ceil >= 2 {
            let wrong = replica.count("users WHERE handle IS NULL OR handle <> lower(email)")?;
            ensure!(wrong == 0, "{wrong} handles are wrong, and phase {ceil} is admitted");
        }
        Ok(())
    }

    /// An `apply` from release 2 that is in the middle of its backfill.
    fn filling(&self, words: &str) -> Result<Running> {
        let apply = self.command(words).spawn()?;
        let begun = || Ok(backfill(&self.pair.primary, "0002.2")?.filter(|(rows, ..)| *rows > 0));
        until("the first batch", begun)?;
        Ok(apply)
    }

    fn filled(&self) -> Result<i64> {
        Ok(backfill(&self.pair.primary, "0002.2")?.map_or(0, |(rows, ..)| rows))
    }

    /// What holds at the end of release 2's `apply`, on the replica at once.
    fn finished(&self) -> Result<()> {
        ensure!(self.ceil()? == 2, "it was let in as far as {}", self.ceil()?);
        self.read(&self.pair.replica)?;
        check_history(&self.pair.primary)
    }
}

#[test]
fn nobody_is_let_in_whom_a_replica_is_not_ready_for() {
    on_every_replica(|scene| {
        scene.begin(1000)?;
        let paused = scene.pair.pause()?;
        let ran = scene.command("apply --wait 1s").run()?.expect(6)?;
        let ran = ran.says(&[
            "add users.handle: `admit 1` waits: replica `r1` has not replayed what comes before, ",
            " behind",
            "to go on: wait, or see on the replica why it does not replay",
            "may not be deployed yet",
        ])?;
        ensure!(scene.ceil()? == 0 && !ran.err.contains("admit 1 in"), "{}", ran.err);
        // Again, to the same end; and a program is told the same.
        let ran = scene.command("apply --wait 0s --message-format json").run()?.expect(6)?;
        ran.says(&["\"reason\":\"waiting\"", "replica `r1` has not replayed"])?;
        let mut apply = scene.command("apply --wait 60s").spawn()?;
        apply.wait_for("     Waiting replica `r1` has not replayed what comes before")?;
        ensure!(scene.ceil()? == 0);
        drop(paused);
        apply.wait()?.expect(0)?.says(&["may be deployed now"])?;
        scene.finished()
    });
}

/// Replay stops and goes on all the time, while somebody reads on the replica whatever is admitted.
#[test]
fn whoever_is_let_in_reads_on_a_replica_that_lags() {
    on_every_replica(|scene| {
        scene.begin(20_000)?;
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let mut paused = scene.pair.pause()?;
            let stutter = scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(400));
                    drop(paused);
                    thread::sleep(Duration::from_millis(150));
                    paused = scene.pair.pause()?;
                }
                anyhow::Ok(())
            });
            let reader = scope.spawn(|| {
                let mut reads = 0;
                while !over.load(Ordering::SeqCst) {
                    scene.read(&scene.pair.replica)?;
                    reads += 1;
                }
                anyhow::Ok(reads)
            });
            let ran = scene.command("apply --wait 60s").run();
            over.store(true, Ordering::SeqCst);
            stutter.join().expect("no panic")?;
            let reads = reader.join().expect("no panic")?;
            ensure!(reads > 0, "nobody has read");
            ran?.expect(0).map(drop)
        })?;
        scene.finished()
    });
}

#[test]
fn a_backfill_pauses_while_a_replica_lags() {
    on_every_replica(|scene| {
        scene.begin(scene.many())?;
        let mut apply = scene.filling("apply --wait 60s --message-format json")?;
        let paused = scene.pair.pause()?;
        apply.wait_for("   Throttled 0002.2 add users.handle: replica `r1` lag ")?;
        apply.wait_for("\"state\":\"throttled\"")?;
        ensure!(apply.said()?.contains("ms > 0.1 s") || apply.said()?.contains(" s > 0.1 s"));
        let before = scene.filled()?;
        thread::sleep(Duration::from_millis(700));
        let after = scene.filled()?;
        ensure!(before == after && after < scene.many(), "{before} rows, then {after}");
        ensure!(scene.ceil()? == 1);
        drop(paused);
        apply.wait_for("\"state\":\"filling\"")?;
        apply.wait()?.expect(0)?.says(&["goes on after ", "may be deployed now"])?;
        scene.finished()
    });
}

#[test]
fn a_replica_that_is_gone_pauses_a_backfill_and_lets_nobody_in() {
    on_every_replica(|scene| {
        let way = Way::to(&scene.pair.replica.url)?;
        scene.configure(&way.url)?;
        scene.begin(scene.many())?;
        way.cut();
        let ran = scene.command("apply --wait 1s").run()?.expect(6)?;
        ran.says(&[
            "`admit 1` waits: replica `r1` cannot be read: ",
            "mend it; if nobody reads there any more, remove it from `replicas` in colmig.toml",
        ])?;
        ensure!(scene.ceil()? == 0);
        way.mend();
        let mut apply = scene.filling("apply --wait 60s")?;
        way.cut();
        apply.wait_for("Throttled 0002.2 add users.handle: replica `r1` cannot be read: ")?;
        let before = scene.filled()?;
        thread::sleep(Duration::from_millis(700));
        ensure!(before == scene.filled()? && scene.ceil()? == 1);
        way.mend();
        apply.wait()?.expect(0)?.says(&["goes on after ", "may be deployed now"])?;
        scene.finished()
    });
}

#[test]
fn ctrl_c_ends_what_waits_for_a_replica() {
    on_every_replica(|scene| {
        scene.begin(scene.many())?;
        let paused = scene.pair.pause()?;
        let mut waiting = scene.command("apply --wait 60s").spawn()?;
        waiting.wait_for("Waiting replica `r1`")?;
        waiting.interrupt()?;
        waiting.wait()?.expect(130)?.says(&["interrupted at a checkpoint"])?;
        drop(paused);
        let mut filling = scene.filling("apply --wait 60s")?;
        let paused = scene.pair.pause()?;
        filling.wait_for("Throttled")?;
        filling.interrupt()?;
        filling.wait()?.expect(130)?.says(&["interrupted at a checkpoint"])?;
        drop(paused);
        scene.command("apply --wait 60s").run()?.expect(0)?;
        scene.finished()
    });
}

/// Older releases are let in again, and read what was taken back for them.
#[test]
fn going_back_waits_for_replicas_before_it_lets_somebody_in() {
    on_every_replica(|scene| {
        scene.begin(1000)?;
        scene.command("apply --wait 60s").run()?.expect(0)?;
        let paused = scene.pair.pause()?;
        let ran = scene.command("rollback").run()?.expect(6)?;
        ran.says(&["undoing `require 1` waits: replica `r1` has not replayed what comes before"])?;
        let floors =
            "SELECT CAST(min(floor) AS text) FROM _colmig_change WHERE migration LIKE '0002%'";
        ensure!(number(&scene.pair.primary, floors)? == 1, "a floor fell");
        drop(paused);
        scene.command("rollback").run()?.expect(0)?;
        check_history(&scene.pair.primary)
    });
}

#[test]
fn what_is_named_and_is_no_replica_is_refused() {
    on_every_replica(|scene| {
        scene.begin(1000)?;
        let refused = |why: &str| {
            let ran = scene.command("apply").run()?.expect(96)?;
            ran.says(&["error[CM0511]: `r1` is no replica of this database: ", why])?;
            ensure!(scene.ceil()? == 0);
            anyhow::Ok(())
        };
        // The primary, by another spelling of its address.
        scene.configure(&scene.pair.primary.url.replace("127.0.0.1", "localhost"))?;
        refused(match scene.pair.primary.is_postgres() {
            true => "it is not in recovery: it replays nobody",
            false => "it is the primary itself",
        })?;
        // Another database, with a ledger of its own.
        let other = scene.pair.another()?;
        Shop::release(1)?.colmig("apply", &other.primary).run()?.expect(0)?;
        other.wait_for("_colmig_history", other.primary.count("_colmig_history")?)?;
        scene.configure(&other.replica.url)?;
        refused("its ledger tells another history")?;
        other.remove()?;
        // And one without: it may come to be one.
        let empty = scene.pair.another()?;
        scene.configure(&empty.replica.url)?;
        let ran = scene.command("apply --wait 0s").run()?.expect(6)?;
        ran.says(&["replica `r1` has no ledger", "that its address names it"])?;
        ensure!(scene.ceil()? == 0);
        empty.remove()?;
        scene.configure(&scene.pair.replica.url)?;
        scene.command("apply --wait 60s").run()?.expect(0)?.says(&["may be deployed now"])?;
        scene.finished()
    });
}

/// A target waits for its own replicas, and the others for the target.
#[test]
fn a_target_whose_replica_lags_holds_the_others() {
    on_every_replica(|scene| {
        let other = scene.pair.another()?;
        let (primary, replica) = (&scene.pair.primary.url, &scene.pair.replica.url);
        let targets = format!(
            "[env.read]\nfleet = \"none\"\n[env.read.targets]\nalone = \"{}\"\n\
             read = {{ url = \"{primary}\", replicas = {{ r1 = \"{replica}\" }} }}\n",
            other.primary.url
        );
        scene.shop.write("colmig.toml", &format!("{CONFIG}\n{targets}"))?;
        scene.command("apply --wait 60s").run()?.expect(0)?;
        scene.release(2)?;
        let paused = scene.pair.pause()?;
        let ran = scene.command("apply --wait 1s").run()?.expect(6)?;
        ran.says(&[
            "read: 0002.2 add users.handle: `admit 1` waits: replica `r1` has not replayed",
        ])?;
        let sql = "SELECT CAST(ceil AS text) FROM _colmig_change WHERE id = '0002.2'";
        ensure!(scene.ceil()? == 0 && number(&other.primary, sql)? == 1);
        drop(paused);
        let ran = scene.command("apply --wait 60s").run()?.expect(0)?;
        ran.says(&["this checkout may be deployed now, to all 2 targets"])?;
        other.remove()?;
        scene.finished()
    });
}

/// Who has lost the lease on the primary reads nothing on the replica either.
#[test]
fn a_pool_on_a_replica_lives_as_long_as_the_lease() {
    on_every_replica(|scene| {
        scene.begin(1000)?;
        scene.command("apply --wait 60s").run()?.expect(0)?;
        let way = Way::to(&scene.pair.primary.url)?;
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let lease = colmig::Lease::new("shop", "2").tables(&[&TABLES[1]]);
            let lease = lease.ttl(Duration::from_millis(600));
            let early = replica_pool(&lease, &scene.pair.replica.url).await;
            ensure!(early.is_err_and(|error| error.to_string().contains("no lease is held")));
            let _writer = primary_pool(&lease, &way.url).await?;
            let reader = replica_pool(&lease, &scene.pair.replica.url).await?;
            ensure!(
                reader.number("SELECT count(*) FROM users WHERE handle IS NOT NULL").await? == 1000
            );
            way.cut();
            lease.lost().await;
            let refused = reader.number("SELECT count(*) FROM users").await;
            ensure!(matches!(refused, Err(sqlx::Error::PoolClosed)), "{refused:?}");
            let late = replica_pool(&lease, &scene.pair.replica.url).await;
            ensure!(late.is_err_and(|error| error.to_string().contains("no lease is held")));
            Ok(())
        })?;
        scene.finished()
    });
}

async fn primary_pool(lease: &colmig::Lease, url: &str) -> colmig::Result<Pool> {
    Ok(match url.starts_with("postgres") {
        true => Pool::Postgres(lease.connect(PoolOptions::new(), url).await?),
        false => Pool::MySql(lease.connect(PoolOptions::new(), url).await?),
    })
}

async fn replica_pool(lease: &colmig::Lease, url: &str) -> colmig::Result<Pool> {
    Ok(match url.starts_with("postgres") {
        true => Pool::Postgres(lease.connect_replica(PoolOptions::new(), url).await?),
        false => Pool::MySql(lease.connect_replica(PoolOptions::new(), url).await?),
    })
}

/// Rule R35: what the ledger was told before may be lost with the old primary.
#[test]
fn behind_a_promotion_leases_are_trusted_after_a_while() {
    on_every_replica(|scene| {
        let primary = &scene.pair.primary;
        scene.begin(1000)?;
        let apply = |words: &str| scene.shop.colmig(&format!("{words} --env fleet"), primary);
        apply("apply").run()?.expect(0)?.says(&["no instance of phase 1 or above"])?;
        let instance = Instance::start(2, primary)?;
        primary.execute("UPDATE _colmig_gate SET timeline = 'of the old primary'")?;
        let ran = apply("apply").run()?.expect(0)?;
        ran.says(&["was promoted, a short time ago; leases are trusted in "])?;
        apply("apply --wait 60s").run()?.expect(0)?;
        instance.end()?;
        scene.finished()
    });
}

/// Replay is stopped where the page says so, and goes on where it says so.
#[test]
fn replicas_are_waited_for_as_their_page_says() {
    let page = fs_err::read_to_string(root().join("docs/replicas.md")).expect("it is there");
    on_every_replica(|scene| {
        let shop = Shop::empty()?;
        let mut session = Session::new(&shop.path(""));
        session.export("DATABASE_URL", &scene.pair.primary.url);
        session.export("R1_URL", &scene.pair.replica.url);
        let (mut paused, mut ran) = (None, 0);
        for block in blocks(&page) {
            match block {
                Block::Paragraph(text) if text.contains("stopped replay") => {
                    paused = Some(scene.pair.pause()?);
                }
                Block::Paragraph(text) if text.contains("Replay goes on") => paused = None,
                Block::Code(fence) => ran += session.play(fence)?.len(),
                _ => {}
            }
        }
        ensure!(ran == 5 && paused.is_none(), "{ran} commands");
        Ok(())
    });
}
