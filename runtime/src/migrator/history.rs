//! Moving a change by one step in the ledger, with its line in the history.

use std::time::Instant;

use colmig_core::dialect::Direction;
use colmig_core::progress::Progress;
use colmig_core::protocol::Act;

use super::{Doing, Event, Migrator};
use crate::Result;
use crate::driver::ledger;

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
        let moved = row.window() != before;
        let entry = ledger::Entry {
            change: &row.change.id,
            step: act.to_string(),
            direction,
            took_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            note: note.to_owned(),
        };
        ledger::remember(self.driver.as_mut(), &self.author, &entry).await?;
        ledger::set_progress(self.driver.as_mut(), &self.author, &row, "", moved).await?;
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
