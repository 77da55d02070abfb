//! Running the statements of a schema step: one transaction a piece, fenced, with the piece's number
//! written in that transaction; locks asked for shortly and often.

use std::time::{Duration, Instant};

use colmig_core::dialect::Direction;
use colmig_core::migration::{Alone, Files, Migration, Step, Thing};
use colmig_core::problem::{CONSENT, LOCK_TIMEOUT, Problem, STEP_FAILED};
use colmig_core::progress::{Intent, Progress};
use colmig_core::protocol::Act;

use super::{Event, Migrator};
use crate::driver::{DbError, Presence, Trouble, Work, jittered, ledger, transaction};
use crate::{Error, Result};

/// What one try of a piece came to.
enum Try {
    Done,
    Locked,
    Null,
}

/// How long a lock has been tried for, and the pause before the next try.
///
/// The longest wait that others see is the lock timeout; how much they wait in all falls only if the
/// pauses are much longer than it. So the pause grows, and the timeout does not.
pub(super) struct LockWait {
    since: Instant,
    pause: Duration,
}

impl LockWait {
    pub(super) fn new() -> LockWait {
        LockWait { since: Instant::now(), pause: Duration::from_millis(500) }
    }

    fn next(&mut self) -> Duration {
        let pause = jittered(self.pause);
        self.pause = (self.pause * 3 / 2).min(Duration::from_secs(2));
        pause
    }
}

/// One transaction of a step: its text, unless it is made from the live catalog.
#[derive(Default)]
struct Piece {
    sql: Option<String>,
    scans: bool,
    alone: Option<Alone>,
}

/// What the transaction of a piece writes into the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    /// So many pieces of the step are done.
    Piece(usize),
    /// The step is done; the position behind it.
    Position(usize),
    /// Nothing: the step stays half-way until all of it is healed.
    Healing,
    /// Nothing is left of what was half-way.
    Healed,
}

impl Note {
    /// Whether the piece takes back what was half-way, instead of going on.
    fn heals(self) -> bool {
        matches!(self, Note::Healing | Note::Healed)
    }
}

/// A piece and where it belongs.
#[derive(Clone, Copy)]
struct Run<'p> {
    index: usize,
    step: usize,
    direction: Direction,
    piece: &'p Piece,
    note: Note,
}

/// How a whole script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// All of it was done; the caller moves the position in a transaction of its own kind.
    Done,
    /// Rows without a value stood in the way (rule L10).
    MetNulls,
}

impl Migrator {
    /// Runs the pieces of a step from the one where it stopped. The last piece's transaction also moves
    /// the change to `position`.
    pub(super) async fn run_script(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
        position: usize,
    ) -> Result<Ran> {
        let began = Instant::now();
        let pieces = self.pieces(index, step, direction).await?;
        let first = self.rows[index].piece.min(pieces.len());
        if first == pieces.len() {
            self.move_only(index, position, direction, began).await?;
            return Ok(Ran::Done);
        }
        for (done, piece) in (1..).zip(&pieces).skip(first) {
            let is_last = done == pieces.len();
            let note = if is_last { Note::Position(position) } else { Note::Piece(done) };
            let run = Run { index, step, direction, piece, note };
            if self.run_piece(run).await? == Ran::MetNulls {
                return Ok(Ran::MetNulls);
            }
            self.load().await?;
        }
        Ok(Ran::Done)
    }

    /// Takes back what a step left half-done: the opposite direction's statements can be run from any
    /// point inside it, and again. The position stays, and the step is half-way until all of them ran.
    pub(super) async fn heal(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
    ) -> Result<()> {
        let pieces = self.pieces(index, step, direction).await?;
        for (done, piece) in (1..).zip(&pieces) {
            let note = if done == pieces.len() { Note::Healed } else { Note::Healing };
            self.run_piece(Run { index, step, direction, piece, note }).await?;
        }
        self.load().await
    }

    async fn move_only(
        &mut self,
        index: usize,
        position: usize,
        direction: Direction,
        began: Instant,
    ) -> Result<()> {
        transaction!(self.driver.as_mut(), Work::Rows, async {
            ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
            self.move_to(index, position, direction, began, "").await
        })?;
        self.load().await
    }

    async fn pieces(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
    ) -> Result<Vec<Piece>> {
        let row = &self.rows[index];
        let Some(files) =
            files(&row.change.steps[step], self.driver.dialect().name(), self.database().word())
        else {
            return Ok(Vec::new());
        };
        // What is added by a rebuild may go by a statement.
        if !files.live.is_empty() && (direction == Direction::Up || files.down.is_empty()) {
            return Ok(vec![Piece::default()]);
        }
        let files = files.clone();
        let migration = self.migration(&row.migration.clone()).await?;
        let named = if direction == Direction::Up { files.up } else { files.down };
        let piece = |file: &colmig_core::migration::PieceFile| Piece {
            sql: Some(migration.file(&file.file).to_owned()),
            scans: file.scans,
            alone: file.alone.clone(),
        };
        Ok(named.iter().map(piece).collect())
    }

    /// What the next step locks while it rewrites the whole table; nothing where it does not.
    pub(super) fn rewrites(&self, index: usize) -> Option<String> {
        let step = self.rows[index].next()?;
        let files = files(step, self.driver.dialect().name(), self.database().word())?;
        files.up.iter().find(|piece| piece.rewrites).map(|piece| piece.lock.clone())
    }

    /// The migration as the ledger recorded it: what was reviewed and begun is what runs, whichever
    /// checkout goes on with it.
    async fn migration(&mut self, id: &str) -> Result<Migration> {
        let recorded = ledger::migrations(self.driver.as_mut(), &self.options.project).await?;
        let found = recorded.iter().find(|migration| migration.id == id);
        let found =
            found.ok_or_else(|| DbError::other(format!("the ledger lost migration {id}")))?;
        Ok(Migration::unpack(id, &found.files)?)
    }

    async fn run_piece(&mut self, run: Run<'_>) -> Result<Ran> {
        let mut locked = LockWait::new();
        let table = self.rows[run.index].change.table.clone();
        loop {
            match self.try_piece(run).await? {
                Try::Done => return Ok(Ran::Done),
                Try::Null => return Ok(Ran::MetNulls),
                Try::Locked => self.wait_for_lock(&table, &mut locked).await?,
            }
        }
    }

    /// Waits before the next try for a lock; an error when it was tried for long enough.
    pub(super) async fn wait_for_lock(&mut self, table: &str, locked: &mut LockWait) -> Result<()> {
        self.stopped()?;
        let holders = self.driver.lock_holders(table).await?;
        if locked.since.elapsed() > self.options.lock_patience {
            return Err(LOCK_TIMEOUT
                .problem(format!(
                    "`{table}` was locked for {} s on end",
                    locked.since.elapsed().as_secs()
                ))
                .help(format!("held by: {}", list(&holders)))
                .help("end that transaction, or run the command again when it is quiet: it goes on")
                .into());
        }
        let pause = locked.next();
        self.tell(Event::LockWait { table: table.to_owned(), holders, pause });
        tokio::time::sleep(pause).await;
        Ok(())
    }

    async fn try_piece(&mut self, run: Run<'_>) -> Result<Try> {
        if let Some(alone) = &run.piece.alone {
            return self.try_alone(run, alone).await;
        }
        if run.piece.sql.is_none() && !self.driver.dialect().is_transactional() {
            return self.try_live_alone(run).await;
        }
        let began = Instant::now();
        let work = match run.piece {
            Piece { sql: None, .. } => Work::Rebuild,
            Piece { scans: true, .. } => Work::Scan,
            Piece { .. } => Work::Schema,
        };
        if let Err(error) = self.driver.begin(work).await {
            return self.classify(run, error);
        }
        if let Err(error) = ledger::fence(self.driver.as_mut(), self.author.epoch).await {
            return self.finish(Err(error)).await;
        }
        if let Err(error) = self.statements(run).await {
            let _ = self.driver.rollback().await;
            return self.classify(run, error);
        }
        let outcome = self.note_piece(run, began).await;
        self.finish(outcome).await?;
        Ok(Try::Done)
    }

    /// What no transaction can do: the intent is written before, the completion behind it, and whoever goes on
    /// looks at the catalog. An index whose making was interrupted refuses rows and serves nobody: it goes first.
    async fn try_alone(&mut self, run: Run<'_>, Alone { thing, comes }: &Alone) -> Result<Try> {
        let began = Instant::now();
        let table = self.rows[run.index].change.table.clone();
        self.note_intent(run).await?;
        while self.driver.presence(&table, thing).await? == Presence::Building {
            self.stopped()?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let is_done = match self.driver.presence(&table, thing).await? {
            Presence::Valid => *comes,
            // Where schema statements are transactional, what is not there is dropped by `IF EXISTS`.
            Presence::Missing => !comes && !self.driver.dialect().is_transactional(),
            Presence::Invalid => {
                self.sweep(thing, *comes).await?;
                false
            }
            Presence::Building | Presence::Unknown => false,
        };
        if !is_done {
            let sql = run.piece.sql.as_deref().unwrap_or_default();
            let stalls = run.piece.scans;
            if let Err(error) = self.alone(run, sql, stalls).await? {
                if *comes && error.trouble != Trouble::Gone {
                    self.sweep(thing, *comes).await?;
                    self.forget_intent(run).await?;
                }
                return self.classify(run, error);
            }
            self.carry_over(run.index, run.step, run.direction).await?;
        }
        self.complete(run, began).await
    }

    /// Runs a statement that is in no transaction; in a cluster every write waits for one that is not done at once, so
    /// that is said.
    async fn alone(
        &mut self,
        run: Run<'_>,
        sql: &str,
        stalls: bool,
    ) -> Result<Result<(), DbError>> {
        ledger::check_epoch(self.driver.as_mut(), self.author.epoch).await?;
        let stall = self.driver.dialect().stall();
        let (mut tried, mut stalls) = (sql.to_owned(), stalls);
        loop {
            let began = Instant::now();
            let done = self.driver.alone(&tried).await;
            if let Some(what) = stall.filter(|_| stalls && done.is_ok()) {
                let row = &self.rows[run.index];
                let (change, act) = (row.change.title(), row.change.steps[run.step].act);
                self.tell(Event::Stalled { change, act, what, took: began.elapsed() });
            }
            let (Err(error), Some(what)) = (&done, stall) else { return Ok(done) };
            if error.trouble != Trouble::Algorithm {
                return Ok(done);
            }
            let Some(next) = self.driver.dialect().next_best(&tried) else { return Ok(done) };
            if let Some(refusal) = self.without_consent(run.index, &error.message, what).await? {
                return Ok(Err(DbError::verdict(refusal)));
            }
            (tried, stalls) = (next, true);
        }
    }

    /// A statement that the server does not do at once, as it was planned, holds everybody: that has consent by name,
    /// unless the table has no row.
    async fn without_consent(
        &mut self,
        index: usize,
        said: &str,
        what: &str,
    ) -> Result<Option<Problem>> {
        let change = &self.rows[index].change;
        let (subject, table, title) = (change.subject(), change.table.clone(), change.title());
        let is_free = self.options.allow_rewrite.contains(&subject)
            || ledger::is_empty(self.driver.as_mut(), &table).await?;
        let refused = CONSENT
            .problem(format!(
                "this server does not do it at once ({said}), and otherwise it holds {what}"
            ))
            .at(title)
            .help(format!("in a quiet hour, apply again with `--allow-rewrite {subject}`"));
        Ok((!is_free).then_some(refused))
    }

    /// Drops what is left of an index that was to be made.
    async fn sweep(&mut self, thing: &Thing, comes: bool) -> Result<()> {
        let Thing::Index(name) = thing else { return Ok(()) };
        match self.driver.dialect().sweep_index(name).filter(|_| comes) {
            Some(sweep) => Ok(self.driver.alone(&sweep).await?),
            None => Ok(()),
        }
    }

    /// The same of what is made from the live catalog, which says itself what is left to do.
    async fn try_live_alone(&mut self, run: Run<'_>) -> Result<Try> {
        let began = Instant::now();
        self.note_intent(run).await?;
        let change = &self.rows[run.index].change;
        let (table, act) = (change.table.clone(), change.steps[run.step].act);
        for alteration in self.driver.dialect().alterations(act, change, run.direction) {
            for statement in self.driver.live_script(&table, &alteration).await? {
                if let Err(error) = self.alone(run, &statement, true).await? {
                    return self.classify(run, error);
                }
            }
        }
        self.complete(run, began).await
    }

    async fn complete(&mut self, run: Run<'_>, began: Instant) -> Result<Try> {
        transaction!(self.driver.as_mut(), Work::Rows, async {
            ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
            self.note_piece(run, began).await
        })?;
        Ok(Try::Done)
    }

    /// What is healed is half-way already, and stays so in the direction that left it.
    async fn note_intent(&mut self, run: Run<'_>) -> Result<()> {
        let Run { index, direction, note, .. } = run;
        if note.heals() {
            return Ok(());
        }
        let intent = Intent::Statement;
        self.note(index, Progress { direction, intent, ..self.rows[index].clone() }).await
    }

    /// Nothing is left of the statement that failed.
    async fn forget_intent(&mut self, run: Run<'_>) -> Result<()> {
        if run.note.heals() {
            return Ok(());
        }
        let row = self.rows[run.index].clone();
        self.note(run.index, Progress { intent: Intent::Nothing, ..row }).await
    }

    /// Writes where a change stands, in a transaction of its own.
    pub(super) async fn note(&mut self, index: usize, row: Progress) -> Result<()> {
        transaction!(self.driver.as_mut(), Work::Rows, async {
            ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
            ledger::set_progress(self.driver.as_mut(), &self.author, &row, false).await
        })?;
        self.rows[index] = row;
        Ok(())
    }

    async fn statements(&mut self, run: Run<'_>) -> Result<(), DbError> {
        let Run { index, step, direction, piece, .. } = run;
        if let Some(sql) = &piece.sql {
            self.driver.script(sql).await?;
            return self.carry_over(index, step, direction).await;
        }
        let change = &self.rows[index].change;
        let (table, act) = (change.table.clone(), change.steps[step].act);
        for alteration in self.driver.dialect().alterations(act, change, direction) {
            // Made anew for each: the one before has rebuilt the table.
            for statement in self.driver.live_script(&table, &alteration).await? {
                self.driver.script(&statement).await?;
            }
        }
        let broken = self.driver.check_live(&table).await?;
        match broken.as_slice() {
            [] => Ok(()),
            _ => Err(DbError::other(format!(
                "rebuilding `{table}` would break: {}",
                broken.join("; ")
            ))),
        }
    }

    /// What a new column gets from those that it replaces, in the transaction that adds it.
    async fn carry_over(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
    ) -> Result<(), DbError> {
        let change = self.rows[index].change.clone();
        if change.steps[step].act != Act::Add || direction == Direction::Down {
            return Ok(());
        }
        for statement in self.driver.carried_over(&change).await? {
            self.driver.script(&statement).await?;
        }
        Ok(())
    }

    async fn note_piece(&mut self, run: Run<'_>, began: Instant) -> Result<()> {
        let Run { index, direction, note, .. } = run;
        let (piece, direction) = match note {
            Note::Position(position) => {
                return self.move_to(index, position, direction, began, "").await.map(|_| ());
            }
            Note::Healing => return Ok(()),
            Note::Healed => (0, Direction::Up),
            Note::Piece(done) => (done, direction),
        };
        let row = self.rows[index].clone();
        let row = Progress { piece, direction, intent: Intent::Nothing, ..row };
        ledger::set_progress(self.driver.as_mut(), &self.author, &row, false).await
    }

    fn classify(&self, Run { index, step, .. }: Run<'_>, error: DbError) -> Result<Try> {
        if error.verdict.is_some() {
            return Err(error.into());
        }
        match error.trouble {
            Trouble::Again | Trouble::Lost => Ok(Try::Locked),
            Trouble::Null if self.rows[index].change.constraint.is_none() => Ok(Try::Null),
            Trouble::Gone | Trouble::ReadOnly | Trouble::Denied => Err(error.into()),
            _ => {
                let change = &self.rows[index].change;
                let mut problem = error.problem();
                problem.code = STEP_FAILED;
                problem.message =
                    format!("the step `{}` failed: {}", change.steps[step].act, error.message);
                problem.place = Some(change.title());
                Err(Error::Problem(
                    problem.help("this step's transaction was rolled back; mend the cause and run the command again"),
                ))
            }
        }
    }
}

/// The files of a step in the server's dialect, or in the plainest of its database.
fn files<'a>(step: &'a Step, dialect: &str, database: &str) -> Option<&'a Files> {
    step.sql.get(dialect).or_else(|| step.sql.get(database))
}

pub(super) fn list(items: &[String]) -> String {
    if items.is_empty() { "nobody that is still there".to_owned() } else { items.join("; ") }
}
