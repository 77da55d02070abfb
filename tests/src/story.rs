//! The story: a required `handle` is added and `nickname` dropped, over four releases of one application
//! that never stops, with a rollback half-way. `cargo xtask demo` tells it on SQLite; the tests run it on
//! every database.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::app::{App, Tally};
use crate::checkout::Checkout;
use crate::database::TestDatabase;
use crate::program::Ran;

/// How long two releases are left to run side by side.
const OVERLAP: Duration = Duration::from_millis(700);

/// The story while it is told.
pub struct Story<'a> {
    database: &'a TestDatabase,
    folder: tempfile::TempDir,
    releases: Vec<(Checkout, PathBuf)>,
    running: Vec<(u8, App)>,
    tally: Tally,
    began: Instant,
    tell: &'a mut dyn FnMut(&str),
}

/// Tells the whole story; what all releases did.
pub fn tell(database: &TestDatabase, tell: &mut dyn FnMut(&str)) -> Result<Tally> {
    let mut story = Story::begin(database, tell)?;
    story.release_one()?;
    story.add_handle()?;
    story.roll_back_half_way()?;
    story.add_handle_again()?;
    story.drop_nickname()?;
    story.end()
}

/// The worked example without its replacement: both changes in one migration, advancing independently;
/// taken back from just before the drop to release 1, and done again to the end.
pub fn tell_worked_example(database: &TestDatabase, tell: &mut dyn FnMut(&str)) -> Result<Tally> {
    let mut story = Story::begin(database, tell)?;
    story.release_one()?;
    story.both_at_once()?;
    story.up_to_the_drop()?;
    story.all_the_way_back()?;
    story.colmig(2, "apply", 0)?;
    story.deploy(2)?;
    story.up_to_the_drop()?;
    story.colmig(3, "apply --allow-drop users.nickname", 0)?;
    story.columns(&["id!", "email!", "handle!"])?;
    story.colmig(3, "status --check", 0)?;
    story.stop(3)?;
    story.end()
}

impl<'a> Story<'a> {
    fn begin(database: &'a TestDatabase, tell: &'a mut dyn FnMut(&str)) -> Result<Story<'a>> {
        Ok(Story {
            database,
            folder: tempfile::tempdir()?,
            releases: Vec::new(),
            running: Vec::new(),
            tally: Tally::default(),
            began: Instant::now(),
            tell,
        })
    }

    fn say(&mut self, text: &str) {
        let at = self.began.elapsed().as_secs_f64();
        (self.tell)(&format!("{at:6.1} s  {text}"));
    }

    /// Runs the program in a release's checkout.
    fn colmig(&mut self, release: u8, words: &str, code: i32) -> Result<Ran> {
        self.say(&format!("release {release}$ cargo colmig {words}"));
        let ran = self.checkout(release)?.colmig(words, self.database).run()?.expect(code)?;
        for line in ran.err.lines().chain(ran.out.lines()).map(str::to_owned).collect::<Vec<_>>() {
            self.say(&format!("    {line}"));
        }
        Ok(ran)
    }

    fn checkout(&self, release: u8) -> Result<&Checkout> {
        let found = self.releases.iter().find(|(checkout, _)| checkout.release == release);
        found.map(|(checkout, _)| checkout).context("the release has been made")
    }

    /// Edits, generates and builds the next release.
    fn make(&mut self, checkout: Checkout, says: &[&str]) -> Result<()> {
        let release = checkout.release;
        self.releases.push((checkout, PathBuf::new()));
        self.colmig(release, "generate", 0)?.says(says)?;
        self.colmig(release, "generate --check", 0)?;
        self.say(&format!("release {release} is built"));
        let program = self.checkout(release)?.build(self.database)?;
        self.releases.last_mut().expect("it was pushed").1 = program;
        Ok(())
    }

    fn edit(&mut self, says: &[&str]) -> Result<()> {
        let next = self.releases.last().context("there is a release")?.0.next()?;
        self.make(next, says)
    }

    fn program(&self, release: u8) -> Result<PathBuf> {
        let found = self.releases.iter().find(|(checkout, _)| checkout.release == release);
        found.map(|(_, program)| program.clone()).context("the release has been built")
    }

    fn deploy(&mut self, release: u8) -> Result<()> {
        self.say(&format!("release {release} starts"));
        let app =
            App::start(&format!("release {release}"), &self.program(release)?, self.database)?;
        self.running.push((release, app));
        std::thread::sleep(OVERLAP);
        Ok(())
    }

    fn stop(&mut self, release: u8) -> Result<()> {
        let (gone, kept): (Vec<_>, Vec<_>) =
            self.running.drain(..).partition(|(number, _)| *number == release);
        self.running = kept;
        for (_, app) in gone {
            let tally = app.stop()?;
            self.tally = self.tally.plus(tally);
            self.say(&format!(
                "release {release} ends: {} writes, {} reads, {} errors, longest {} ms",
                tally.writes,
                tally.reads,
                tally.errors,
                tally.longest_stall_us / 1000
            ));
        }
        Ok(())
    }

    fn refused(&mut self, release: u8, says: &[&str]) -> Result<()> {
        let said =
            App::refused(&format!("release {release}"), &self.program(release)?, self.database)?;
        self.say(&format!("release {release} is refused:"));
        for line in said.lines().map(str::to_owned).collect::<Vec<_>>() {
            self.say(&format!("    {line}"));
        }
        for word in says {
            ensure!(said.contains(word), "the refusal does not say `{word}`: {said}");
        }
        Ok(())
    }

    fn columns(&self, expected: &[&str]) -> Result<()> {
        let columns = self.database.columns("users")?;
        ensure!(columns == expected, "the columns are {columns:?}, not {expected:?}");
        Ok(())
    }

    fn release_one(&mut self) -> Result<()> {
        let first = Checkout::first(self.folder.path())?;
        self.make(first, &["0001_create_users"])?;
        self.colmig(1, "apply", 0)?;
        self.columns(&["id!", "email!", "nickname!"])?;
        self.deploy(1)?;
        self.deploy(1)
    }

    fn add_handle(&mut self) -> Result<()> {
        self.edit(&["0002_add_users_handle"])?;
        self.refused(2, &["users.handle", "does not exist", "cargo colmig apply"])?;
        // It may be deployed now, and what waits is named.
        self.colmig(2, "apply", 0)?.says(&["require 1", "quickstart 1", "may be deployed"])?;
        self.columns(&["id!", "email!", "nickname!", "handle?"])?;
        self.deploy(2)?;
        self.colmig(2, "apply", 0)?.says(&["is alive and older"])?;
        self.stop(1)?;
        self.colmig(2, "apply --follow", 0)?;
        self.columns(&["id!", "email!", "nickname!", "handle!"])?;
        ensure!(
            self.database.count("users WHERE handle <> lower(email)")? == 0,
            "a handle is wrong"
        );
        self.refused(1, &["users.handle", "phase 0", "1..2"])
    }

    /// Back to release 1: the floors fall while release 2 is alive, the ceilings once it has ended.
    fn roll_back_half_way(&mut self) -> Result<()> {
        let rows = self.database.count("users")?;
        self.colmig(2, "rollback", 6)?.says(&["is alive and newer"])?;
        self.columns(&["id!", "email!", "nickname!", "handle?"])?;
        self.deploy(1)?;
        self.stop(2)?;
        self.colmig(2, "rollback", 0)?;
        self.columns(&["id!", "email!", "nickname!"])?;
        self.refused(2, &["users.handle"])?;
        ensure!(self.database.count("users")? >= rows, "rows were lost");
        Ok(())
    }

    fn add_handle_again(&mut self) -> Result<()> {
        self.colmig(2, "apply", 0)?;
        self.deploy(2)?;
        self.stop(1)?;
        self.colmig(2, "apply --follow", 0)?;
        self.columns(&["id!", "email!", "nickname!", "handle!"])
    }

    fn drop_nickname(&mut self) -> Result<()> {
        self.edit(&["0003_drop_users_nickname"])?;
        self.colmig(3, "apply", 0)?;
        self.deploy(3)?;
        self.stop(2)?;
        self.colmig(3, "apply --follow", 0)?;
        self.columns(&["id!", "email!", "nickname?", "handle!"])?;
        self.edit(&["0003 goes on"])?;
        self.colmig(4, "apply", 0)?;
        self.deploy(4)?;
        self.refused(2, &["users.nickname"])?;
        self.stop(3)?;
        self.colmig(4, "apply --follow", 0)?.says(&["--allow-drop users.nickname"])?;
        self.columns(&["id!", "email!", "nickname?", "handle!"])?;
        self.colmig(4, "apply --to users.nickname:drop", 103)?
            .says(&["--allow-drop users.nickname"])?;
        self.colmig(4, "apply --allow-drop users.nickname", 0)?;
        self.columns(&["id!", "email!", "handle!"])?;
        self.refused(3, &["users.nickname", "dropped"])?;
        self.colmig(4, "status --check", 0)?;
        std::thread::sleep(OVERLAP);
        self.stop(4)
    }

    fn both_at_once(&mut self) -> Result<()> {
        let source = include_str!("worked_example/2.rs");
        let next = self.checkout(1)?.edited(2, source)?;
        self.make(next, &["0002_drop_users_nickname_and_1_more"])?;
        self.colmig(2, "apply", 0)?.says(&["may be deployed"])?;
        self.columns(&["id!", "email!", "nickname!", "handle?"])?;
        self.deploy(2)
    }

    /// Release 2 is alive beside release 1; afterwards release 3 is, alone.
    fn up_to_the_drop(&mut self) -> Result<()> {
        self.stop(1)?;
        self.colmig(2, "apply --follow", 0)?.says(&["needs a release of phase 2"])?;
        self.columns(&["id!", "email!", "nickname?", "handle!"])?;
        if self.checkout(3).is_err() {
            let next = self.checkout(2)?.edited(3, include_str!("worked_example/3.rs"))?;
            self.make(next, &["no migration"])?;
        }
        self.colmig(3, "apply", 0)?;
        self.deploy(3)?;
        self.stop(2)?;
        self.colmig(3, "apply --follow", 0)?.says(&["--allow-drop users.nickname"])?;
        self.refused(1, &["users.handle", "users.nickname"])
    }

    /// From just before the drop to release 1, each release beside the next older one.
    fn all_the_way_back(&mut self) -> Result<()> {
        self.colmig(3, "rollback", 6)?.says(&["is alive and newer"])?;
        self.deploy(2)?;
        self.stop(3)?;
        self.colmig(3, "rollback", 6)?.says(&["is alive and newer"])?;
        self.columns(&["id!", "email!", "nickname!", "handle?"])?;
        let wrong = self.database.count("users WHERE nickname <> 'nick of ' || email")?;
        ensure!(wrong == 0, "{wrong} nicknames were not given back");
        self.deploy(1)?;
        self.stop(2)?;
        self.colmig(3, "rollback", 0)?;
        self.columns(&["id!", "email!", "nickname!"])
    }

    fn end(mut self) -> Result<Tally> {
        let rows = self.database.count("users")?;
        let handles = self.database.count("users WHERE handle = lower(email)")?;
        ensure!(rows == handles, "{} handles of {rows} are wrong", rows - handles);
        self.say(&format!("{rows} users, every handle right"));
        Ok(self.tally)
    }
}
