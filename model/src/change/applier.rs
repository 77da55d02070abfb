//! The applier: steps forwards and back, batches, crashes, and another applier that goes on.

use colmig_core::protocol::{Act, Undo};

use super::fleet::Lease;
use super::rows::{FILL, Level, Row, Value};
use super::{Direction, Phase, Rollout, State, Step, Stranger};
use crate::search::{Moves, Violation};
use Direction::{Down, Up};

impl Rollout {
    pub(super) fn applier(&self, state: &State, moves: &mut Moves<State>) -> Result<(), Violation> {
        self.crash(state, moves);
        self.stall(state, moves);
        let under_way = match state.phase {
            Phase::Recorded(row) => {
                let table = self.filled(state, usize::from(row));
                let state = State { phase: Phase::Idle, replayed: false, ..state.with(table) };
                moves.push(state, || format!("backfill row {row}"));
                return Ok(());
            }
            Phase::Idle => None,
            Phase::Checked(way) | Phase::Intended(way) | Phase::Executed(way) => Some(way),
        };
        let position = usize::from(state.position);
        if position < self.chain.len() && under_way != Some(Down) {
            self.step(state, self.chain[position], Up, moves)?;
        }
        let may_undo = self.world.undo && under_way != Some(Up) && state.carried.is_none();
        if position > 0 && may_undo && self.chain[position - 1].has_undo() {
            self.step(state, self.chain[position - 1], Down, moves)?;
        }
        Ok(())
    }

    /// A process dies. What it had read is lost; an intent that was recorded is not (R29).
    fn crash(&self, state: &State, moves: &mut Moves<State>) {
        let phase = match state.phase {
            Phase::Intended(way) | Phase::Executed(way)
                if self.world.autocommit && self.rule(29) =>
            {
                Phase::Intended(way)
            }
            _ => Phase::Idle,
        };
        let after = State { phase, carried: None, ..*state };
        if self.world.crashes && after != *state {
            moves.push(after, || "the applier crashes".into());
        }
    }

    /// An applier is stalled in the middle of a batch and another takes over; it wakes up whenever it
    /// likes. R17: its batch finds a later epoch and writes nothing.
    fn stall(&self, state: &State, moves: &mut Moves<State>) {
        if !self.world.stalls {
            return;
        }
        let step = self.chain.get(usize::from(state.position));
        let filling =
            step == Some(&Step::Act(Act::Backfill)) && usize::from(state.cursor) < self.world.rows;
        let batch = match state.carried {
            _ if !filling || state.stalled.is_some() => None,
            // One statement reads and writes.
            _ if !self.world.client => Some(None),
            carried => carried.flatten(),
        };
        if let Some(read) = batch {
            let stalled = Some((state.cursor, read));
            let after = State { stalled, carried: None, phase: Phase::Idle, ..*state };
            moves.push(after, || "the applier stalls, a second one takes over".into());
        }
        let Some((row, carried)) = state.stalled else { return };
        let awake = State { stalled: None, ..*state };
        if self.rule(17) {
            moves.push(awake, || "the stalled applier wakes, and its batch is refused".into());
            return;
        }
        let place = usize::from(row);
        let table = if self.world.client {
            let row = state.table.rows[place].map(|row| self.copied(row, carried));
            state.table.with_row(place, row)
        } else {
            self.filled(state, place)
        };
        moves.push(awake.with(table), || "the stalled applier wakes and sends its batch".into());
    }

    /// The first and the last of the columns: the same one but for a replacement.
    fn old_and_new(&self) -> (usize, usize) {
        (0, self.releases[0].uses.len() - 1)
    }

    /// A row whose new column was given a value.
    fn copied(&self, mut row: Row, value: Value) -> Row {
        row.values[self.old_and_new().1] = value;
        row
    }

    /// The table after one statement has filled one row.
    ///
    /// R09: a derived value is computed anew wherever it differs. R10: an independent one is written
    /// where there is none.
    fn filled(&self, state: &State, place: usize) -> super::Table {
        let (old, new) = self.old_and_new();
        let fill = |row: Row| {
            let empty = row.values[new].is_none();
            match (self.replaces(), empty) {
                (true, false) if !self.rule(9) => row,
                (true, _) if state.table.levels[old] == Level::Missing => row,
                (true, _) => self.copied(row, row.values[old]),
                (false, true) => Row { truth: Some(FILL), ..self.copied(row, Some(FILL)) },
                (false, false) if self.rule(10) => row,
                (false, false) => self.copied(row, Some(FILL)),
            }
        };
        let missing = state.table.levels[new] == Level::Missing;
        let row = state.table.rows[place].map(|row| if missing { row } else { fill(row) });
        state.table.with_row(place, row)
    }

    fn step(
        &self,
        state: &State,
        step: Step,
        way: Direction,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        match step {
            Step::Act(Act::Begin) => {
                let after = state.moved(way);
                moves.push(after, || named(step, way));
            }
            Step::Act(Act::Admit(_) | Act::Require(_)) => self.window_move(state, step, way, moves),
            Step::Act(Act::Backfill) => self.backfill(state, way, moves),
            _ => self.schema(state, step, way, moves)?,
        }
        Ok(())
    }

    /// The window moves: `require`, and undoing `admit`, make it narrower.
    fn window_move(&self, state: &State, step: Step, way: Direction, moves: &mut Moves<State>) {
        let raises = matches!(step, Step::Act(Act::Require(_)));
        let after = state.moved(way);
        let window = self.window(&after);
        let name = format!("{}: window {window}", named(step, way));
        if raises != (way == Up) {
            self.widen(state, after, raises, name, moves);
            return;
        }
        let clear = if raises {
            self.may_require(state, window.floor)
        } else {
            self.may_unadmit(state, window.ceil)
        };
        // R15: the look at the leases and the move are one transaction.
        if self.rule(15) && clear {
            moves.push(after, || name);
        } else if state.phase == Phase::Checked(way) {
            moves.push(after, || format!("{name} (by the earlier look)"));
        } else if !self.rule(15) && clear && state.phase == Phase::Idle {
            let looked = State { phase: Phase::Checked(way), ..*state };
            moves.push(looked, || format!("{name}: looks at the leases: clear"));
        }
    }

    fn widen(
        &self,
        state: &State,
        mut after: State,
        below: bool,
        name: String,
        moves: &mut Moves<State>,
    ) {
        // R22: what is let in may read a replica.
        if self.world.replica && self.rule(22) && !state.replayed {
            return;
        }
        // R20: whoever is let in below may write behind the cursor.
        if below && self.rule(20) && self.fills_after(usize::from(after.position)) {
            after.cursor = 0;
        }
        moves.push(after, || name);
    }

    fn fills_after(&self, position: usize) -> bool {
        self.chain[position..].contains(&Step::Act(Act::Backfill))
    }

    /// Whether an instance is alive, as the gate sees it, whose phase is so.
    fn live(&self, state: &State, is: impl Fn(u8) -> bool) -> bool {
        // R34: where nobody registers, the code in hand is what lives.
        if self.world.unregistered {
            return self.rule(34) && is(state.checkout);
        }
        // R32: the drain barrier waits for what outlived its lease.
        let counts = |lease| lease == Lease::Valid || (lease == Lease::Orphan && self.rule(32));
        state.fleet.iter().any(|instance| counts(instance.lease) && is(instance.phase))
    }

    fn may_require(&self, state: &State, floor: u8) -> bool {
        // R33: an empty fleet is no evidence, where an old release may not have registered at all.
        let proven = !self.world.stranger
            || !self.rule(33)
            || (state.stranger == Stranger::Gone && self.live(state, |phase| phase >= floor));
        let nobody = !self.rule(13) || !self.live(state, |phase| phase < floor);
        proven && nobody && self.trusts(state)
    }

    fn may_unadmit(&self, state: &State, ceil: u8) -> bool {
        (!self.rule(14) || !self.live(state, |phase| phase > ceil)) && self.trusts(state)
    }

    /// R35: after a start or a promotion the leases are not all there.
    fn trusts(&self, state: &State) -> bool {
        state.settled || !self.rule(35)
    }

    fn backfill(&self, state: &State, way: Direction, moves: &mut Moves<State>) {
        if way == Down {
            let after = State { carried: None, ..state.moved(way) };
            moves.push(after, || "undo backfill (nothing to do)".into());
            return;
        }
        let place = usize::from(state.cursor);
        if place >= self.world.rows {
            moves.push(state.moved(way), || "backfill complete".into());
            return;
        }
        let cursor = state.cursor + 1;
        if !self.rule(18) {
            let after = State { cursor, phase: Phase::Recorded(state.cursor), ..*state };
            moves.push(after, || format!("the cursor passes row {place}"));
        } else if !self.world.client {
            let after = State { cursor, replayed: false, ..state.with(self.filled(state, place)) };
            moves.push(after, || format!("backfill row {place}"));
        } else {
            self.client_batch(state, place, moves);
        }
    }

    /// A batch whose values are computed in the client. R11: it writes only where the source is still
    /// what it read.
    fn client_batch(&self, state: &State, place: usize, moves: &mut Moves<State>) {
        let (old, new) = self.old_and_new();
        let row = state.table.rows[place];
        let source = row.map(|row| row.values[old]);
        let Some(carried) = state.carried else {
            let after = State { carried: Some(source), ..*state };
            moves.push(after, || format!("backfill reads row {place}"));
            return;
        };
        if self.rule(11) && source.is_some() && source != carried {
            let after = State { carried: None, ..*state };
            moves
                .push(after, || format!("row {place} is not as it was read, backfill reads again"));
            return;
        }
        let write = |row: Row| match carried {
            Some(value) if self.rule(9) || row.values[new].is_none() => self.copied(row, value),
            _ => row,
        };
        let table = state.table.with_row(place, row.map(write));
        let cursor = state.cursor + 1;
        let after = State { cursor, carried: None, replayed: false, ..state.with(table) };
        moves.push(after, || format!("backfill writes row {place}"));
    }

    /// A schema statement, in one transaction with the ledger's row, or, where it commits by itself, in
    /// three: intent, act, completion.
    fn schema(
        &self,
        state: &State,
        step: Step,
        way: Direction,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        let name = named(step, way);
        if self.world.autocommit && state.phase == Phase::Executed(way) {
            moves.push(state.moved(way), || format!("{name}: the ledger says that it is done"));
            return Ok(());
        }
        if self.world.autocommit && state.phase == Phase::Idle && self.rule(29) {
            let after = State { phase: Phase::Intended(way), ..*state };
            moves.push(after, || format!("{name}: the ledger says that it is to be done"));
            return Ok(());
        }
        let after = match self.executed(state, step, way) {
            Outcome::Done(after) => State { replayed: false, ..after },
            Outcome::Already => *state,
            Outcome::Impossible => return Ok(()),
            Outcome::Fails(what) => {
                return Err(Violation(format!("{name} => applier error: {what}")));
            }
        };
        if self.world.autocommit {
            let after = State { phase: Phase::Executed(way), ..after };
            moves.push(after, || format!("{name}: done, and not yet recorded"));
        } else {
            moves.push(after.moved(way), || name);
        }
        Ok(())
    }

    /// What a schema statement does.
    fn executed(&self, state: &State, step: Step, way: Direction) -> Outcome {
        let (old, new) = self.old_and_new();
        let level = |column: usize, level: Level| {
            let mut after = *state;
            after.table.levels[column] = level;
            after
        };
        let has_null = |column| state.table.has_null(column);
        match (step, way) {
            (Step::Act(Act::CreateTable | Act::Add), Up) => self.add(state, step),
            (Step::Act(Act::CreateTable | Act::Add), Down) => self.remove(state, step, new),
            // With the trigger that kept it alike with another, unless that goes by itself.
            (Step::Act(Act::Drop), Up) => {
                let trigger = state.trigger && self.chain.contains(&Step::Untrigger);
                self.remove(&State { trigger, ..*state }, step, old)
            }
            (Step::Act(Act::Enforce), Up) if has_null(new) => {
                Outcome::Fails("the column contains NULLs")
            }
            (Step::Act(Act::Enforce), Up) => Outcome::Done(level(new, self.adds.enforced())),
            (Step::Act(Act::Enforce) | Step::NotValid, Down) => {
                Outcome::Done(level(new, self.adds.relaxed()))
            }
            (Step::NotValid, Up) | (Step::Validate, Down) => {
                Outcome::Done(level(new, Level::NotValid))
            }
            (Step::Validate, Up) if has_null(new) => {
                Outcome::Fails("a row violates the constraint")
            }
            (Step::Validate, Up) => Outcome::Done(level(new, Level::Required)),
            (Step::Act(Act::Relax), Up) => Outcome::Done(level(old, Level::Nullable)),
            (Step::Act(Act::Relax), Down) => self.unrelax(state),
            (Step::Act(Act::Trigger), Up) => Outcome::Done(State { trigger: true, ..*state }),
            (Step::Act(Act::Trigger), Down) => {
                let cursor = if self.rule(20) { 0 } else { state.cursor };
                Outcome::Done(State { trigger: false, cursor, ..*state })
            }
            (Step::Untrigger, Up) => Outcome::Done(State { trigger: false, ..*state }),
            (Step::Untrigger, Down) if state.table.levels[old] != Level::Missing => {
                Outcome::Done(State { trigger: true, ..*state })
            }
            (Step::Untrigger | Step::Act(_), _) => Outcome::Impossible,
        }
    }

    /// R19: a step looks at the catalog, and what is done already is not done again.
    fn already(&self, error: &'static str) -> Outcome {
        if self.rule(19) { Outcome::Already } else { Outcome::Fails(error) }
    }

    /// A column begins, or a table without rows.
    fn add(&self, state: &State, step: Step) -> Outcome {
        let (_, new) = self.old_and_new();
        let mut after = *state;
        if state.table.levels[new] != Level::Missing {
            return self.already("it already exists");
        }
        after.table.levels[new] = self.adds;
        if self.adds == Level::Default {
            let fill = |row: Row| Row { truth: Some(FILL), ..self.copied(row, Some(FILL)) };
            after.table.rows = state.table.rows.map(|row| row.map(fill));
        }
        if step == Step::Act(Act::CreateTable) {
            after.table.rows = [None; 2];
        }
        Outcome::Done(after)
    }

    /// A column goes, with its values; where it held the only one, nothing is true any more.
    fn remove(&self, state: &State, step: Step, column: usize) -> Outcome {
        let mut after = *state;
        if state.table.levels[column] == Level::Missing {
            return self.already("it does not exist");
        }
        // R20 too: a column that comes anew has no row filled.
        if self.rule(20) {
            after.cursor = 0;
        }
        after.table.levels[column] = Level::Missing;
        for row in after.table.rows.iter_mut().flatten() {
            row.values[column] = None;
            row.truth = if self.replaces() { row.truth } else { None };
        }
        if step == Step::Act(Act::CreateTable) {
            after.table.rows = [None; 2];
        }
        Outcome::Done(after)
    }

    /// The old column is required again. R21: first it is given what the new one says; a dropped or
    /// relaxed column what `reverse` says.
    fn unrelax(&self, state: &State) -> Outcome {
        let (old, new) = self.old_and_new();
        let mut after = *state;
        after.table.levels[old] =
            if self.world.nullable { Level::Nullable } else { Level::Required };
        for row in after.table.rows.iter_mut().flatten() {
            let empty = row.values[old].is_none() && !self.world.nullable;
            match (self.replaces(), self.rule(21)) {
                (true, true) => row.values[old] = row.values[new],
                (true, false) if empty => row.values[old] = Some(FILL),
                (false, true) if empty => (row.values[old], row.truth) = (Some(FILL), Some(FILL)),
                _ => {}
            }
        }
        if !self.world.nullable && after.table.has_null(old) {
            return Outcome::Fails("the column contains NULLs");
        }
        Outcome::Done(after)
    }
}

enum Outcome {
    Done(State),
    Already,
    Impossible,
    Fails(&'static str),
}

impl Step {
    fn has_undo(self) -> bool {
        !matches!(self, Step::Act(act) if act.facts().undo == Undo::Impossible)
    }
}

fn named(step: Step, way: Direction) -> String {
    match way {
        Up => step.to_string(),
        Down => format!("undo {step}"),
    }
}

impl State {
    /// The state with one step more, or less, behind it.
    fn moved(&self, way: Direction) -> State {
        let position = match way {
            Up => self.position + 1,
            Down => self.position - 1,
        };
        State { position, phase: Phase::Idle, ..*self }
    }
}
