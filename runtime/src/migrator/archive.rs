//! `--archive`: the values of a column are kept with their keys before it is dropped, and until somebody purges
//! them.
//!
//! The floor has excluded everybody who writes the column by then, and the barrier is passed, so what is archived
//! is what will be dropped. The archive is filled in a transaction of its own, with its row in the ledger: a process
//! that dies before its end leaves nothing, or an empty table where no transaction holds a schema statement; one that
//! dies behind it leaves an archive that the next run finds. Where the change is taken back instead, writers come in
//! again, and the archive goes in the transaction that lets them.

use std::time::Instant;

use colmig_core::backfill::{KeyColumn, rows};
use colmig_core::catalog::Catalog;
use colmig_core::dialect::Direction;
use colmig_core::dialect::archive::{self as dialect, Archive};
use colmig_core::problem::{ARCHIVE, CONSENT, Problem, USAGE};

use super::script::LockWait;
use super::{Event, Migrator};
use crate::Result;
use crate::driver::archive::{self, Kept};
use crate::driver::{DbError, Trouble, Work, ledger, transaction};

/// What is archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The change that dropped it, or is about to: `0002.1`.
    pub change: String,
    /// The columns: `users.nickname`.
    pub columns: Vec<String>,
    /// The table that keeps their values.
    pub name: String,
    /// How many rows that table has.
    pub rows: i64,
    /// When it was made, in milliseconds of the database's clock.
    pub at: i64,
    /// How long ago that was, in milliseconds.
    pub age: i64,
}

/// Which archives are purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge<'a> {
    /// That of one change: `0002.1`.
    Change(&'a str),
    /// Those that are older than so many milliseconds.
    OlderThan(i64),
}

impl Purge<'_> {
    /// Whether it means this archive.
    pub fn means(&self, archived: &Archived) -> bool {
        match *self {
            Purge::Change(change) => archived.change == change,
            Purge::OlderThan(age) => archived.age > age,
        }
    }
}

impl Migrator {
    /// Keeps what the next step drops, unless it is kept already.
    pub(super) async fn archive(&mut self, index: usize) -> Result<()> {
        // What takes the place of a key has every value of it.
        if !self.options.archive || !self.rows[index].change.key.is_empty() {
            return Ok(());
        }
        let change = &self.rows[index].change;
        let (table, values) = (change.table.clone(), change.dropped().iter());
        let values: Vec<_> = values.map(|column| column.name.clone()).collect();
        self.keep(index, &table, &values).await
    }

    /// What cannot be archived is said before the change begins.
    pub(super) async fn check_archivable(&mut self, index: usize) -> Result<()> {
        let table = self.rows[index].change.table.clone();
        if !self.options.archive || !self.driver.key(&table).await?.is_empty() {
            return Ok(());
        }
        Err(ARCHIVE
            .problem(format!("`{table}` has no primary key, and values are archived with their keys"))
            .at(self.rows[index].change.title())
            .help("give the table a primary key, or apply without `--archive`, and without `archive` in colmig.toml")
            .into())
    }

    /// Keeps these columns of a table with its key, as the archive of a change; unless no row has a value.
    async fn keep(&mut self, index: usize, table: &str, values: &[String]) -> Result<()> {
        self.check_archivable(index).await?;
        let row = self.rows[index].clone();
        if !archive::has_table(self.driver.as_mut()).await? {
            ledger::create_archives(self.driver.as_mut()).await?;
        }
        let known = self.kept(&row.change.id).await?;
        let name = match &known {
            Some(kept) => kept.archive.name.clone(),
            None => self.archive_name(&row.change.id).await?,
        };
        let catalog = self.driver.catalog(&[table.to_owned(), name.clone()]).await?;
        let is_there = catalog.tables.contains_key(&name);
        if is_there && known.as_ref().is_some_and(|kept| kept.window_since == row.moved_at) {
            return Ok(());
        }
        let archive = described(&catalog, name, table, values);
        if !is_there && self.driver.rows(&archive.any(), &[]).await?.is_empty() {
            return Ok(());
        }
        // One that an older version did not know of, and so left behind when it took the change back.
        let began = Instant::now();
        let create = archive.create(self.database());
        let sql = match archive.shell(self.database()) {
            Some(shell) => {
                self.make_shell(index, &archive, &shell).await?;
                create
            }
            None => {
                let stale = known.filter(|_| is_there);
                let stale = stale.map(|kept| dialect::drop(&kept.archive.name));
                [stale.unwrap_or_default(), create].join("\n")
            }
        };
        let rows = self.make_archive(index, &archive, &sql, began).await?;
        let change = row.change.title();
        self.tell(Event::Archived { change, name: archive.name, rows, took: began.elapsed() });
        Ok(())
    }

    /// The ledger knows of no archive while there is none: a process that dies before it is filled leaves a table that the
    /// next one makes anew.
    async fn make_shell(&mut self, index: usize, archive: &Archive, shell: &str) -> Result<()> {
        let (author, id) = (self.author.clone(), self.rows[index].change.id.clone());
        transaction!(self.driver.as_mut(), Work::Rows, async {
            ledger::fence(self.driver.as_mut(), author.epoch).await?;
            archive::forget(self.driver.as_mut(), &author, &id).await
        })?;
        let mut locked = LockWait::new();
        while let Err(error) = self.driver.alone(shell).await {
            self.unless_locked(index, &error)?;
            self.wait_for_lock(&archive.table, &mut locked).await?;
        }
        Ok(())
    }

    async fn archive_name(&mut self, change: &str) -> Result<String> {
        let (name, project) = (dialect::name(change, None), self.options.project.clone());
        match archive::is_taken(self.driver.as_mut(), &project, &name).await? {
            true => Ok(dialect::name(change, Some(&project))),
            false => Ok(name),
        }
    }

    async fn make_archive(
        &mut self,
        index: usize,
        archive: &Archive,
        sql: &str,
        began: Instant,
    ) -> Result<i64> {
        let mut locked = LockWait::new();
        loop {
            if self.try_to_archive(index, sql).await? {
                let outcome = self.note_archive(index, archive, began).await;
                let outcome = self.finish(outcome).await;
                if outcome.is_ok() || !self.driver.lost() {
                    return outcome;
                }
            }
            self.wait_for_lock(&archive.table, &mut locked).await?;
        }
    }

    /// Whether it has done so, and left its transaction open; otherwise a lock was not granted.
    async fn try_to_archive(&mut self, index: usize, sql: &str) -> Result<bool> {
        if let Err(error) = self.driver.begin(Work::Scan).await {
            return self.unless_locked(index, &error);
        }
        if let Err(error) = ledger::fence(self.driver.as_mut(), self.author.epoch).await {
            return self.finish(Err(error)).await;
        }
        if let Err(error) = self.driver.script(sql).await {
            let _ = self.driver.rollback().await;
            return self.unless_locked(index, &error);
        }
        Ok(true)
    }

    fn unless_locked(&self, index: usize, error: &DbError) -> Result<bool> {
        match error.trouble {
            Trouble::Again | Trouble::Lost => Ok(false),
            _ => Err(self.not_archived(index, error).into()),
        }
    }

    async fn note_archive(
        &mut self,
        index: usize,
        archive: &Archive,
        began: Instant,
    ) -> Result<i64> {
        let row = self.rows[index].clone();
        let count = ledger::count(self.driver.as_mut(), &archive.count()).await?;
        let (author, id) = (self.author.clone(), row.change.id.as_str());
        archive::record(self.driver.as_mut(), &author, id, archive, count, row.moved_at).await?;
        let note =
            format!("{} of {} in {}", rows(count), subjects(archive).join(", "), archive.name);
        self.remember(id, "archive", began, note).await?;
        Ok(count)
    }

    fn not_archived(&self, index: usize, error: &DbError) -> Problem {
        let mut problem = error.problem();
        problem.code = ARCHIVE;
        problem.message = format!(
            "the values of `{}` could not be archived, so nothing was dropped: {}",
            self.rows[index].change.consents().join("`, `"),
            error.message
        );
        problem.place = Some(self.rows[index].change.title());
        problem.help("mend the cause, or apply without `--archive`")
    }

    /// The archive of a change.
    pub(super) async fn kept(&mut self, change: &str) -> Result<Option<Kept>> {
        let all = archive::all(self.driver.as_mut(), &self.options.project).await?;
        Ok(all.into_iter().find(|kept| kept.change == change))
    }

    /// Drops an archive where that would end the transaction of [`Migrator::discard`], before it begins: the columns are
    /// still there, or somebody wants their values gone.
    pub(super) async fn begin_discarding(&mut self, kept: &Kept) -> Result<()> {
        if !self.driver.dialect().is_transactional() {
            self.driver.alone(&dialect::drop(&kept.archive.name)).await?;
        }
        Ok(())
    }

    /// Drops an archive, inside a fenced transaction.
    pub(super) async fn discard(&mut self, kept: &Kept, why: &str) -> Result<()> {
        let began = Instant::now();
        if self.driver.dialect().is_transactional() {
            self.driver.script(&dialect::drop(&kept.archive.name)).await?;
        }
        archive::forget(self.driver.as_mut(), &self.author.clone(), &kept.change).await?;
        let what = subjects(&kept.archive).join(", ");
        let note = format!("{} of {what} in {}{why}", rows(kept.rows), kept.archive.name);
        self.remember(&kept.change, "purge", began, note).await
    }

    /// A line of the history that is no step.
    pub(super) async fn remember(
        &mut self,
        change: &str,
        what: &str,
        began: Instant,
        note: String,
    ) -> Result<()> {
        let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (step, direction) = (what.to_owned(), Direction::Up);
        let entry = ledger::Entry { change, step, direction, took_ms, note };
        ledger::remember(self.driver.as_mut(), &self.author, &entry).await
    }

    /// What is archived, the oldest first. Nothing is changed.
    pub async fn archives(&mut self) -> Result<Vec<Archived>> {
        ledger::gate(self.driver.as_mut(), "").await?;
        let all = archive::all(self.driver.as_mut(), &self.options.project).await?;
        Ok(all.iter().map(shown).collect())
    }

    /// Drops archives for good, those that are named; which they were.
    pub async fn purge(&mut self, which: Purge<'_>) -> Result<Vec<Archived>> {
        ledger::gate(self.driver.as_mut(), "").await?;
        self.acquire().await?;
        let outcome = self.purge_locked(which).await;
        self.release(outcome).await
    }

    async fn purge_locked(&mut self, which: Purge<'_>) -> Result<Vec<Archived>> {
        let all = archive::all(self.driver.as_mut(), &self.options.project).await?;
        let meant: Vec<_> = all.iter().filter(|kept| which.means(&shown(kept))).cloned().collect();
        if let (Purge::Change(change), []) = (which, meant.as_slice()) {
            return Err(USAGE
                .problem(format!("the change `{change}` has no archive"))
                .help(there_is(&all))
                .into());
        }
        for kept in &meant {
            self.stopped()?;
            self.begin_discarding(kept).await?;
            transaction!(self.driver.as_mut(), Work::Rows, async {
                ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
                self.discard(kept, "").await
            })?;
        }
        Ok(meant.iter().map(shown).collect())
    }
}

/// Why nothing is purged that nobody named.
pub fn purge_needs_a_name(archives: &[Archived]) -> Problem {
    let newest = archives.last().map_or("0002.1", |archived| archived.change.as_str());
    CONSENT
        .problem("what is archived is all that is left of dropped columns, and purging it cannot be undone")
        .help(format!("name the change, `cargo colmig history purge {newest}`, or an age, `--older-than 30d`"))
}

/// What is archived, as a remedy.
pub(super) fn there_is(all: &[Kept]) -> String {
    let one = |kept: &Kept| {
        format!("{} ({}, {})", subjects(&kept.archive).join(", "), kept.change, rows(kept.rows))
    };
    let list: Vec<_> = all.iter().map(one).collect();
    match list.as_slice() {
        [] => "nothing is archived: `cargo colmig apply --archive` keeps what it drops".to_owned(),
        list => format!("what is archived: {}", list.join("; ")),
    }
}

/// Archived columns by their names: `users.nickname`.
pub(super) fn subjects(archive: &Archive) -> Vec<String> {
    archive.values.iter().map(|column| format!("{}.{}", archive.table, column.name)).collect()
}

fn shown(kept: &Kept) -> Archived {
    Archived {
        change: kept.change.clone(),
        columns: subjects(&kept.archive),
        name: kept.archive.name.clone(),
        rows: kept.rows,
        at: kept.at,
        age: kept.now - kept.at,
    }
}

/// The archive of these columns, with the types that the catalog knows.
fn described(catalog: &Catalog, name: String, table: &str, values: &[String]) -> Archive {
    let column = |name: &String| KeyColumn {
        name: name.clone(),
        sql_type: catalog.column(table, name).map_or(String::new(), |c| c.sql_type.clone()),
    };
    let found = catalog.tables.get(table);
    let key = found.map(|found| found.primary_key.iter().map(column).collect());
    Archive {
        name,
        table: table.to_owned(),
        key: key.unwrap_or_default(),
        values: values.iter().map(column).collect(),
    }
}
