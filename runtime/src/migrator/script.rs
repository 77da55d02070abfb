//! Running the statements of a schema step: one transaction a piece, fenced, with the piece's number
//! written in that transaction; locks asked for shortly and often.

use std::time::{Duration, Instant};

use colmig_core::dialect::Direction;
use colmig_core::migration::{Concurrently, Files, Migration, Step};
use colmig_core::problem::{LOCK_TIMEOUT, STEP_FAILED};
use colmig_core::progress::Progress;
use colmig_core::protocol::Act;

use super::{Event, Migrator};
use crate::driver::{DbError, IndexState, Trouble, Work, ledger};
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
    concurrently: Option<Concurrently>,
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
        for number in first..pieces.len() {
            let last = number + 1 == pieces.len();
            let target = last.then_some(position);
            if self.run_piece(index, step, direction, &pieces[number], number, target).await?
                == Ran::MetNulls
            {
                return Ok(Ran::MetNulls);
            }
            self.load().await?;
        }
        Ok(Ran::Done)
    }

    /// Takes back what a step left half-done: the opposite direction's statements can be run from any
    /// point inside it. The position stays.
    pub(super) async fn heal(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
    ) -> Result<()> {
        for piece in self.pieces(index, step, direction).await? {
            self.run_piece(index, step, direction, &piece, usize::MAX, None).await?;
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
        self.driver.begin(Work::Rows).await?;
        let outcome = async {
            ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
            self.move_to(index, position, direction, began, "").await
        }
        .await;
        self.finish(outcome).await?;
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
            concurrently: file.concurrently.clone(),
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

    async fn run_piece(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
        piece: &Piece,
        number: usize,
        target: Option<usize>,
    ) -> Result<Ran> {
        let mut locked = LockWait::new();
        let table = self.rows[index].change.table.clone();
        loop {
            match self.try_piece(index, step, direction, piece, number, target).await? {
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

    async fn try_piece(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
        piece: &Piece,
        number: usize,
        target: Option<usize>,
    ) -> Result<Try> {
        if let Some(index_of) = &piece.concurrently {
            let run = (index, step, direction);
            return self.try_concurrently(run, piece, index_of, number, target).await;
        }
        let began = Instant::now();
        let work = match piece {
            Piece { sql: None, .. } => Work::Rebuild,
            Piece { scans: true, .. } => Work::Scan,
            Piece { .. } => Work::Schema,
        };
        if let Err(error) = self.driver.begin(work).await {
            return self.classify(index, step, error);
        }
        if let Err(error) = ledger::fence(self.driver.as_mut(), self.author.epoch).await {
            return self.finish(Err(error)).await;
        }
        if let Err(error) = self.statements(index, step, direction, piece).await {
            let _ = self.driver.rollback().await;
            return self.classify(index, step, error);
        }
        let outcome = self.note_piece(index, step, direction, number, target, began).await;
        self.finish(outcome).await?;
        Ok(Try::Done)
    }

    /// What no transaction can do: the intent is written before, the completion behind it, and whoever goes on
    /// looks at the catalog. An index whose making was interrupted refuses rows and serves nobody: it goes first.
    async fn try_concurrently(
        &mut self,
        (index, step, direction): (usize, usize, Direction),
        piece: &Piece,
        Concurrently { index: name, makes }: &Concurrently,
        number: usize,
        target: Option<usize>,
    ) -> Result<Try> {
        let began = Instant::now();
        self.note_intent(index, step, direction).await?;
        while self.driver.index_state(name).await? == IndexState::Building {
            self.stopped()?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let state = self.driver.index_state(name).await?;
        if !(*makes && state == IndexState::Valid) {
            let sweep = self.driver.dialect().sweep_index(name);
            if *makes && state == IndexState::Invalid {
                self.driver.alone(&sweep).await?;
            }
            if let Err(error) = self.driver.alone(piece.sql.as_deref().unwrap_or_default()).await {
                if *makes && error.trouble != Trouble::Gone {
                    self.driver.alone(&sweep).await?;
                }
                return self.classify(index, step, error);
            }
        }
        self.driver.begin(Work::Rows).await?;
        let outcome = async {
            ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
            self.note_piece(index, step, direction, number, target, began).await
        }
        .await;
        self.finish(outcome).await?;
        Ok(Try::Done)
    }

    async fn note_intent(&mut self, index: usize, step: usize, direction: Direction) -> Result<()> {
        let row = Progress { direction, ..self.rows[index].clone() };
        let intent = row.change.steps[step].act.to_string();
        self.driver.begin(Work::Rows).await?;
        let outcome = async {
            ledger::fence(self.driver.as_mut(), self.author.epoch).await?;
            ledger::set_progress(self.driver.as_mut(), &self.author, &row, &intent, false).await
        }
        .await;
        self.finish(outcome).await
    }

    async fn statements(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
        piece: &Piece,
    ) -> Result<(), DbError> {
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

    async fn note_piece(
        &mut self,
        index: usize,
        step: usize,
        direction: Direction,
        number: usize,
        target: Option<usize>,
        began: Instant,
    ) -> Result<()> {
        match target {
            Some(position) => self.move_to(index, position, direction, began, "").await.map(|_| ()),
            None => {
                let mut row: Progress = self.rows[index].clone();
                // usize::MAX: healing, which leaves nothing half-done.
                (row.piece, row.direction) =
                    if number == usize::MAX { (0, Direction::Up) } else { (number + 1, direction) };
                let intent = row.change.steps[step].act.to_string();
                ledger::set_progress(self.driver.as_mut(), &self.author, &row, &intent, false).await
            }
        }
    }

    fn classify(&self, index: usize, step: usize, error: DbError) -> Result<Try> {
        match error.trouble {
            Trouble::Again => Ok(Try::Locked),
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

/// Between a half and the whole: two that wait for one another do not meet again and again.
fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish() % 1000;
    pause / 2 + pause.mul_f64(random as f64 / 2000.0)
}
