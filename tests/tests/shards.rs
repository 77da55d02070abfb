//! Several databases go together, a stage at a time: up to eight of one kind, on two servers where there are servers. One of
//! them fails in the middle, is mended, and all go on. That nobody ran ahead is read from the ledgers.

use anyhow::{Context, Result, ensure};
use colmig_core::protocol::Act;
use colmig_tests::database::{POSTGRES, TestDatabase};
use colmig_tests::program::{Colmig, Ran};
use colmig_tests::shop::{Shop, fill};

/// The targets of one environment, and a checkout to apply from.
struct Shards {
    databases: Vec<TestDatabase>,
    shop: Shop,
}

/// One line of a ledger's history.
#[derive(Clone, Debug)]
struct Line {
    target: usize,
    change: String,
    act: Act,
    is_undo: bool,
    at: i64,
}

/// So many databases of each kind.
fn everywhere(count: usize, test: impl Fn(Shards) -> Result<()>) -> Result<()> {
    let servers = std::env::var(POSTGRES)?;
    let servers: Vec<_> = servers.split(',').filter(|url| !url.is_empty()).take(2).collect();
    let sqlite = (0..count).map(|_| TestDatabase::sqlite()).collect::<Vec<_>>();
    let postgres = (0..count).filter_map(|number| {
        Some(TestDatabase::postgres(servers.get(number % servers.len().max(1))?))
    });
    for databases in [sqlite, postgres.collect()] {
        let databases: Vec<TestDatabase> = databases.into_iter().collect::<Result<_>>()?;
        let Some(kind) = databases.first().map(TestDatabase::kind) else { continue };
        let shards = Shards { databases, shop: Shop::release(1)? };
        shards.configure("", |_, url| url.to_owned())?;
        test(shards).with_context(|| format!("on {kind}"))?;
    }
    Ok(())
}

fn name(target: usize) -> String {
    format!("s-{}", target + 1)
}

impl Shards {
    /// Writes colmig.toml; `url` may give a target another address.
    fn configure(&self, settings: &str, url: impl Fn(usize, &str) -> String) -> Result<()> {
        let targets = self.databases.iter().enumerate().map(|(target, database)| {
            format!("{} = \"{}\"\n", name(target), url(target, &database.url))
        });
        let settings = if settings.is_empty() { "fleet = \"none\"" } else { settings };
        self.shop.write(
            "colmig.toml",
            &format!(
                "project = \"shop\"\ndatabases = [\"postgres\", \"sqlite\"]\n\n[env.prod]\nparallel = 3\n\
                 {settings}\n\n[env.prod.targets]\n{}",
                targets.collect::<String>()
            ),
        )
    }

    /// The next release is checked out.
    fn release(&self, number: usize) -> Result<()> {
        self.shop.edit(colmig_tests::shop::RELEASES[number - 1])?;
        self.shop.generate()
    }

    fn command(&self, words: &str) -> Colmig {
        self.shop.command(&format!("{words} --env prod"))
    }

    fn run(&self, words: &str, code: i32) -> Result<Ran> {
        self.command(words).run()?.expect(code)
    }

    /// Release 1 everywhere, with some users, and release 2 is checked out.
    fn begin(&self) -> Result<()> {
        let all = format!("deployed now, to all {} targets", self.databases.len());
        self.run("apply", 0)?.says(&[&all])?;
        self.databases.iter().try_for_each(|database| fill(database, 20))?;
        self.release(2)
    }

    /// The histories of all targets.
    fn history(&self) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        for (target, database) in self.databases.iter().enumerate() {
            let sql = "SELECT change_id || '|' || step || '|' || direction || '|' || at
                       FROM _colmig_history ORDER BY seq";
            for text in database.texts(sql)? {
                let parts: Vec<_> = text.split('|').collect();
                let [change, step, direction, at] = parts[..] else { continue };
                // Not every line is of a step.
                let Ok(act) = step.parse() else { continue };
                let (change, is_undo) = (change.to_owned(), direction == "down");
                lines.push(Line { target, change, act, is_undo, at: at.parse()? });
            }
        }
        Ok(lines)
    }

    /// The steps that a target has done.
    fn steps(&self, target: usize) -> Result<Vec<String>> {
        let mine = |line: &Line| line.target == target;
        let lines = self.history()?.into_iter().filter(mine);
        Ok(lines.map(|line| format!("{} {}", line.change, line.act)).collect())
    }

    /// Nobody has begun a stage of a change before all had finished the one before; on the way back nobody has left
    /// one before all had left that behind it. `of` are the targets that went together.
    fn assert_together(&self, of: &[usize], is_undo: bool) -> Result<()> {
        let lines = self.history()?;
        let project = self.shop.project()?;
        let changes = project.migrations.iter().flat_map(|m| &m.manifest.changes);
        let mut compared = 0;
        for change in changes {
            let stage = |act: Act| change.steps.iter().find(|s| s.act == act).map(|s| s.stage);
            let mine = lines.iter().filter(|line| {
                line.change == change.id && line.is_undo == is_undo && of.contains(&line.target)
            });
            let mine: Vec<_> = mine.collect();
            for one in &mine {
                for other in mine.iter().filter(|other| other.target != one.target) {
                    let comes_first = match is_undo {
                        false => stage(other.act) < stage(one.act),
                        true => stage(other.act) > stage(one.act),
                    };
                    if comes_first {
                        compared += 1;
                        ensure!(other.at <= one.at, "{other:?} came after {one:?}");
                    }
                }
            }
        }
        ensure!(compared > 0, "nothing was compared");
        Ok(())
    }

    /// From now on an update of a user fails on this database, as a broken server would.
    fn break_updates(&self, target: usize) -> Result<()> {
        let database = &self.databases[target];
        database.execute(if database.is_postgres() {
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is broken'; END $$;
             CREATE TRIGGER broken BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION broken()"
        } else {
            "CREATE TRIGGER broken BEFORE UPDATE ON users BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END"
        })
    }

    fn mend(&self, target: usize) -> Result<()> {
        let database = &self.databases[target];
        database.execute(if database.is_postgres() {
            "DROP TRIGGER broken ON users; DROP FUNCTION broken"
        } else {
            "DROP TRIGGER broken"
        })
    }

    fn all(&self) -> Vec<usize> {
        (0..self.databases.len()).collect()
    }
}

#[test]
fn one_fails_in_the_middle_and_all_go_on_when_it_is_mended() -> Result<()> {
    everywhere(8, |shards| {
        shards.begin()?;
        shards.break_updates(3)?;
        let ran = shards.run("apply", 105)?.says(&[
            "s-4: ",
            "the disk is broken",
            "Stopped s-1, s-2 and 5 others",
            "`--except NAME` goes on without one",
        ])?;
        ensure!(!ran.err.contains("backfill, on all 8 targets"), "{}", ran.err);
        shards.assert_together(&shards.all(), false)?;
        for target in shards.all() {
            let steps = shards.steps(target)?;
            ensure!(steps.contains(&"0002.2 admit 1".to_owned()), "{target}: {steps:?}");
            ensure!(!steps.contains(&"0002.2 enforce".to_owned()), "{target}: {steps:?}");
        }
        // Neither does the next run go past it, and it is said where everybody stands.
        shards.run("apply", 105)?.says(&["s-4: "])?;
        shards
            .run("status", 0)?
            .says(&["s-8", "not be deployed now to s-1, s-2 and 6 others"])
            .ok();
        shards.mend(3)?;
        shards.run("apply", 0)?.says(&[
            "Finished 0002.2 add users.handle: enforce, on all 8 targets",
            "Ready this checkout may be deployed now, to all 8 targets",
        ])?;
        shards.release(3)?;
        shards.run("apply --allow-drop users.nickname", 0)?.says(&["everything is finished"])?;
        shards.run("status --check", 0)?.says(&["0002.1", "finished"])?;
        shards.assert_together(&shards.all(), false)?;
        for database in &shards.databases {
            ensure!(database.columns("users")? == ["id!", "email!", "handle!"], "{database:?}");
        }
        Ok(())
    })
}

#[test]
fn nothing_begins_anywhere_if_one_cannot_be_reached_or_refuses() -> Result<()> {
    everywhere(4, |shards| {
        shards.begin()?;
        let before = shards.history()?.len();
        let away = |target: usize, url: &str| match (target, url.starts_with("sqlite")) {
            (3, true) => url.replace("test.db", "no/such/test.db"),
            (3, false) => "postgres://colmig:hush@127.0.0.1:1/shop".to_owned(),
            _ => url.to_owned(),
        };
        shards.configure("", away)?;
        // A column that somebody added by hand is in the way on another one: both are said at once.
        shards.databases[1].execute("ALTER TABLE users ADD COLUMN handle text")?;
        let ran = shards.run("apply", 108)?.says(&[
            "s-4: ",
            "CM0501",
            "s-2: ",
            "CM0505",
            "Stopped before the first step",
        ])?;
        ensure!(!ran.err.contains("hush"), "{}", ran.err);
        shards.databases[1].execute("ALTER TABLE users DROP COLUMN handle")?;
        shards.run("apply", 97)?.says(&["s-4: ", "CM0501"])?;
        ensure!(shards.history()?.len() == before, "something has begun");
        // It does not hide the others; without it they go on, and it catches up.
        let ran = shards.run("status", 97)?.says(&[
            "0002.1 drop users.nickname  not started",
            "s-4: the database cannot be reached",
        ])?;
        ensure!(!ran.out.contains("hush"), "{}", ran.out);
        shards.run("apply --except s-4", 0)?.says(&["to these 3 targets"])?;
        let others: Vec<_> = shards.all().into_iter().filter(|target| *target != 3).collect();
        shards.assert_together(&others, false)?;
        shards.configure("", |_, url| url.to_owned())?;
        let ran = shards.run("apply", 0)?.says(&["s-4: 0002.2 add users.handle: backfill"])?;
        ensure!(!ran.err.contains("Applied s-1"), "{}", ran.err);
        ensure!(shards.steps(3)?.contains(&"0002.2 enforce".to_owned()));
        Ok(())
    })
}

#[test]
fn a_gate_on_one_holds_the_others_and_opens_for_all() -> Result<()> {
    everywhere(4, |shards| {
        shards.run("apply", 0)?;
        // Where there are rows, a gate asks for instances; an empty table that nobody has used waits for nobody.
        fill(&shards.databases[2], 20)?;
        shards.configure("soak = \"0s\"", |_, url| url.to_owned())?;
        shards.release(2)?;
        shards.run("apply", 0)?.says(&[
            "Waiting s-3: 0002.2 add users.handle: `require 1` waits",
            "Waiting s-1, s-2 and s-4: 0002.2 add users.handle: enforce begins when s-3 has come there",
        ])?;
        let mut running = shards.command("apply --follow").spawn()?;
        running.wait_for("Waiting s-3")?;
        // Whoever is interrupted while it waits says so.
        running.interrupt()?;
        running.wait()?.expect(130)?;
        let mut running = shards
            .command("apply --wait 60s --assume-no-fleet --target s-3 --target s-4")
            .spawn()?;
        running.wait_for("Ready")?;
        running.wait()?.expect(0)?;
        // The two went on together, and the others have only to catch up.
        shards.run("apply --assume-no-fleet", 0)?.says(&["to all 4 targets"])?;
        ensure!(shards.steps(0)?.contains(&"0002.2 enforce".to_owned()));
        Ok(())
    })
}

#[test]
fn a_new_target_takes_the_whole_history_at_once() -> Result<()> {
    everywhere(4, |shards| {
        let new = shards.databases.len() - 1;
        for (release, words) in
            [(1, "apply"), (2, "apply"), (3, "apply --allow-drop users.nickname")]
        {
            if release > 1 {
                shards.release(release)?;
            }
            shards.run(&format!("{words} --except {}", name(new)), 0)?;
        }
        shards
            .run("status --check", 3)?
            .says(&["s-4: the database has no ledger yet", "finished"])?;
        let ran = shards.run("apply", 0)?.says(&["Applied s-4: 0001.1", "Applied s-4: 0002.1"])?;
        ensure!(!ran.err.contains("Applied s-1:"), "{}", ran.err);
        ensure!(shards.databases[new].columns("users")? == ["id!", "email!", "handle!"]);
        shards.run("status --check", 0)?;
        Ok(())
    })
}

#[test]
fn they_go_back_together() -> Result<()> {
    everywhere(4, |shards| {
        shards.begin()?;
        // One of them has nothing to undo.
        shards.run("apply --except s-2", 0)?;
        shards
            .run("rollback --dry-run", 0)?
            .says(&["s-1, s-3 and s-4", "note: s-2: nothing to undo there"])?;
        shards.break_updates(3)?;
        shards.databases[3]
            .execute("INSERT INTO users (email, nickname, handle) VALUES ('a', NULL, 'a')")?;
        // `relax` cannot be taken back there: a row has no nickname, and cannot be given one.
        shards.run("rollback", 105)?.says(&["s-4: ", "the disk is broken", "Stopped"])?;
        shards.mend(3)?;
        shards.run("rollback", 0)?.says(&["rolled back on 3 targets"])?;
        shards.assert_together(&shards.all(), true)?;
        for database in &shards.databases {
            ensure!(database.columns("users")? == ["id!", "email!", "nickname!"], "{database:?}");
        }
        shards.run("rollback", 0)?.says(&["nothing was left to undo"])?;
        Ok(())
    })
}

#[test]
fn every_other_command_goes_through_all_or_asks_which() -> Result<()> {
    everywhere(4, |shards| {
        shards.begin()?;
        shards.run("history", 0)?.says(&["s-1:", "s-4:", "0001.1"])?;
        shards.run("fleet", 0)?.says(&["s-4:", "no instance has ever registered"])?;
        shards.run("verify", 108)?.says(&["s-1, s-2 and 2 others: the database is not what"])?;
        shards
            .run("restore users.nickname", 107)
            .or_else(|_| shards.run("restore users.nickname", 2))?;
        for words in ["history purge", "fleet evict abc"] {
            shards
                .run(words, 2)?
                .says(&["is about one database, and `[env.prod]` has 4", "--target"])?;
        }
        shards.run("history purge --target s-2", 0)?;
        shards.run("apply --target s-9", 2)?.says(&["there are: s-1, s-2, s-3"])?;
        shards.run("apply --to users.handle:backfill", 0)?;
        shards.run("apply --to users.handle:no", 2)?.says(&["s-1, s-2 and 2 others: "])?;
        // One target that is named behaves as the only one does.
        let ran = shards.run("apply --target s-1", 0)?;
        ensure!(!ran.err.contains("s-1"), "{}", ran.err);
        let ran = shards.run("apply --message-format json", 0)?;
        let steps = ran.out.lines().filter(|line| line.contains("\"reason\":\"step\""));
        ensure!(steps.clone().count() > 0, "{}", ran.out);
        for line in steps {
            let object: serde_json::Value = serde_json::from_str(line)?;
            ensure!(object["target"].as_str().is_some_and(|name| name.starts_with("s-")), "{line}");
        }
        Ok(())
    })
}
