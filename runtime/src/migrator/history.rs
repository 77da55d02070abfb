//! Moving a change by one step in the ledger, with its line in the history; and the history, read again.

use std::time::Instant;

use colmig_core::dialect::Direction;
use colmig_core::problem::{HISTORY_BROKEN, Problem};
use colmig_core::progress::{Intent, Progress};
use colmig_core::protocol::Act;

use super::{Doing, Event, Migrator};
use crate::Result;
use crate::driver::ledger;

pub use crate::driver::ledger::Line;

impl Migrator {
    /// Writes that a change has moved to `position`; inside a fenced transaction.
    pub(super) async fn move_to(
        &mut self,
        index: usize,
        position: usize,
        direction: Direction,
        began: Instant,
        note: &str,
    ) -> Result<Progress> {
        let mut row = self.rows[index].clone();
        let act = row.change.steps[row.position.max(position) - 1].act;
        let before = row.window();
        (row.position, row.piece, row.direction) = (position, 0, direction);
        row.intent = match (act, direction) {
            (Act::Require(_), Direction::Up) => Intent::Drain,
            _ => Intent::Nothing,
        };
        let moved = row.window() != before;
        let entry = ledger::Entry {
            change: &row.change.id,
            step: act.to_string(),
            direction,
            took_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            note: note.to_owned(),
        };
        ledger::remember(self.driver.as_mut(), &self.author, &entry).await?;
        ledger::set_progress(self.driver.as_mut(), &self.author, &row, moved).await?;
        Ok(row)
    }

    /// Takes the row over once its transaction is committed, and tells.
    pub(super) async fn moved(
        &mut self,
        index: usize,
        act: Act,
        direction: Direction,
        began: Instant,
    ) -> Result<()> {
        self.load().await?;
        let change = self.rows[index].change.title();
        self.tell(Event::Done(Doing { change, act, direction }, began.elapsed()));
        Ok(())
    }

    pub(super) fn begins(&mut self, index: usize, act: Act, direction: Direction) {
        let change = self.rows[index].change.title();
        self.tell(Event::Begins(Doing { change, act, direction }));
    }
}

/// What was done to a database, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Every line, of all projects: they form one chain.
    pub lines: Vec<Line>,
    /// The first line that does not follow from the one before: one of the two was altered.
    pub broken: Option<i64>,
}

impl History {
    /// Why it is not to be trusted, if it is not.
    pub fn problem(&self) -> Option<Problem> {
        let seq = self.broken?;
        let problem = HISTORY_BROKEN
            .problem(format!("line {seq} of the history was altered, or a line before it was"))
            .help("somebody changed, removed or added lines by hand: compare with a backup of the ledger");
        Some(problem.help("what stands before it is as it was written; colmig itself decides nothing by the history"))
    }
}

impl Migrator {
    /// Everything that was done, and whether it is still what was written. Nothing is changed.
    pub async fn history(&mut self) -> Result<History> {
        ledger::gate(self.driver.as_mut(), "").await?;
        let lines = ledger::history(self.driver.as_mut()).await?;
        let broken = ledger::broken(&lines);
        Ok(History { lines, broken })
    }
}
