//! The applier: the next step of any change from any checkout, and undo of the last one.

use colmig_core::protocol::{Act, ChangeKind};

use super::rules::Off;
use super::story::{Change, Kind, Property};
use super::{Column, Lives, Row, State, last_phase};
use crate::change::{Level, Stranger};
use crate::search::{Moves, Violation};

/// What a step does to columns and rows.
enum Effect {
    Done(State),
    /// NOT NULL met rows without a value: back to the backfill.
    Refill,
    /// Rows cannot be given back what nobody knows.
    Stop,
}

impl Lives {
    fn change(&self, change: usize) -> &Change {
        &self.story.changes[change]
    }

    /// Whether two changes touch one name. L4: the name counts, not the birth.
    fn share_a_name(&self, a: usize, b: usize) -> bool {
        let by_birth = self.off(Off::ByBirth) && !self.off(Off::NoBirths);
        let same =
            |p: &Property, q: &Property| p.column == q.column && (!by_birth || p.born == q.born);
        let others = &self.change(b).properties;
        self.change(a).properties.iter().any(|p| others.iter().any(|q| same(p, q)))
    }

    /// The later changes that take a change back.
    fn inverses(&self, change: usize) -> impl Iterator<Item = usize> + '_ {
        let takes_back = move |later: &usize| {
            let (a, b) = (self.change(change), self.change(*later));
            let (Kind::Core(first), Kind::Core(then)) = (a.kind, b.kind) else { return false };
            a.properties == b.properties && then.facts().takes_back.contains(&first)
        };
        (change + 1..self.story.changes.len()).filter(takes_back)
    }

    /// L16: whether a change was skipped together with the one that takes it back.
    pub(super) fn is_void(&self, state: &State, change: usize) -> bool {
        self.inverses(change).any(|later| self.is_done(state, later))
    }

    /// A later change that takes this one back, and that this checkout has behind it.
    pub(super) fn behind(&self, change: usize, checkout: usize) -> Option<usize> {
        let is_behind = |later: &usize| {
            let last = last_phase(self.change(*later).kind);
            let range = self.ranges[checkout][*later];
            self.change(*later).since <= checkout && range.is_some_and(|range| range.low == last)
        };
        self.inverses(change).find(is_behind)
    }

    pub(super) fn gives_up(&self, change: usize, checkout: usize) -> bool {
        self.change(change).abandoned.is_some_and(|build| build <= checkout)
    }

    /// L4: whether the earlier changes on the name are finished or void; or wholly undone, if this
    /// checkout gives them up.
    pub(super) fn is_ready(&self, state: &State, change: usize, checkout: usize) -> bool {
        let settled =
            |earlier: usize| match (self.gives_up(earlier, checkout), state.positions[earlier]) {
                (true, position) => position == 0,
                (false, 0) => self.is_void(state, earlier),
                (false, _) => self.is_done(state, earlier),
            };
        let mut earlier = (0..change).filter(|earlier| self.share_a_name(*earlier, change));
        self.off(Off::Overtaking) || earlier.all(settled)
    }

    /// Whether a later change on the name has started.
    pub(super) fn is_under(&self, state: &State, change: usize) -> bool {
        (change + 1..self.story.changes.len())
            .any(|later| state.positions[later] > 0 && self.share_a_name(change, later))
    }

    pub(super) fn applier(&self, state: &State, moves: &mut Moves<State>) -> Result<(), Violation> {
        for change in 0..self.story.changes.len() {
            let mut back = self.run.undo && !self.run.forward;
            for checkout in self.checkouts(state) {
                let alone = self.run.fleet || state.live().all(|build| build == checkout);
                if checkout < self.change(change).since || !alone {
                    continue;
                }
                let behind = self.behind(change, checkout);
                let void =
                    !self.off(Off::NoVoid) && behind.is_some() && !self.is_done(state, change);
                if !void && !self.gives_up(change, checkout) {
                    self.forth(state, change, checkout, moves)?;
                    continue;
                }
                back = true;
                let unstarted =
                    |later: &usize| state.positions[change] == 0 && state.positions[*later] == 0;
                if let Some(later) = behind.filter(unstarted)
                    && self.is_ready(state, change, checkout)
                {
                    let mut after = *state;
                    after.positions[later] = place(self.chains[later].len() + 1);
                    let name = || format!("apply from {}: both are void", self.name(checkout));
                    let step = Move { change: later, act: None, checkout: Some(checkout) };
                    self.moved(state, after, step, name, moves)?;
                }
            }
            if back {
                self.back(state, change, moves)?;
            }
        }
        Ok(())
    }

    /// Whether `apply` from this checkout may run the next step of a change, gates aside.
    pub(super) fn may_step(&self, state: &State, change: usize, checkout: usize) -> bool {
        let position = usize::from(state.positions[change]);
        if position >= self.chains[change].len() {
            return false;
        }
        if position == 0 {
            let overtaken = self.is_under(state, change) && !self.off(Off::AfterLater);
            if overtaken || !self.is_ready(state, change, checkout) {
                return false;
            }
        }
        // L7: the checkout is the cap.
        let window = self.windows[change][position + 1].expect("it has started then");
        let range = self.ranges[checkout][change];
        let outside = |low: u8| self.off(Off::CapByWindow) && low > window.ceil;
        self.off(Off::NoCap)
            || range.is_some_and(|range| range.high >= window.floor && !outside(range.low))
    }

    fn forth(
        &self,
        state: &State,
        change: usize,
        checkout: usize,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        if !self.may_step(state, change, checkout) {
            return Ok(());
        }
        let act = self.chains[change][usize::from(state.positions[change])];
        if !self.may_move(state, change, act, true) {
            return Ok(());
        }
        let name = || {
            let label = self.label(self.change(change).comes());
            format!("apply from {}: {label}: {act}", self.name(checkout))
        };
        match self.effect(state, change, act, true)? {
            Effect::Done(mut after) => {
                after.positions[change] += 1;
                let step = Move { change, act: Some((act, true)), checkout: Some(checkout) };
                self.moved(state, after, step, name, moves)?;
            }
            Effect::Refill => {
                let mut after = *state;
                after.positions[change] -= 1;
                moves.push(after, || format!("{} met NULLs, back to the backfill", name()));
            }
            Effect::Stop => {}
        }
        Ok(())
    }

    /// Whether the last step of a change may be taken back, gates aside.
    pub(super) fn may_undo(&self, state: &State, change: usize) -> bool {
        let position = usize::from(state.positions[change]);
        let started = 0 < position && position <= self.chains[change].len();
        // L5: not under a later change on the name.
        let under = self.is_under(state, change) && !self.off(Off::UndoUnderLater);
        started && !under && self.chains[change][position - 1] != Act::Drop
    }

    fn back(
        &self,
        state: &State,
        change: usize,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        if !self.may_undo(state, change) {
            return Ok(());
        }
        let act = self.chains[change][usize::from(state.positions[change]) - 1];
        if !self.may_move(state, change, act, false) {
            return Ok(());
        }
        if let Effect::Done(mut after) = self.effect(state, change, act, false)? {
            after.positions[change] -= 1;
            let name = || format!("undo {}: {act}", self.label(self.change(change).comes()));
            let step = Move { change, act: Some((act, false)), checkout: None };
            self.moved(state, after, step, name, moves)?;
        }
        Ok(())
    }

    /// The gate: whether the fleet lets a window move.
    pub(super) fn may_move(&self, state: &State, change: usize, act: Act, up: bool) -> bool {
        let range = |build: usize| self.ranges[build][change];
        match act {
            _ if !self.run.fleet => true,
            Act::Require(phase) if up => {
                let below = |build| range(build).is_none_or(|range| range.high < phase);
                let unseen = match state.stranger {
                    Stranger::Gone => true,
                    Stranger::Hidden => self.off(Off::OneLook) || self.off(Off::NoSessions),
                    Stranger::Connected => self.off(Off::NoSessions),
                };
                !state.live().any(below) && unseen && self.is_proven(state, change, phase)
            }
            Act::Admit(_) if !up => {
                let ceil = self.ceiling_before(state, change);
                !state.live().any(|build| range(build).is_none_or(|range| range.low > ceil))
            }
            _ => true,
        }
    }

    /// The ceiling of a change once its last step is taken back.
    fn ceiling_before(&self, state: &State, change: usize) -> u8 {
        let before = usize::from(state.positions[change]).saturating_sub(1);
        self.windows[change][before].map_or(0, |window| window.ceil)
    }

    /// L8: whether a writer of the owning project lives wholly at the phase or above.
    fn is_proven(&self, state: &State, change: usize, phase: u8) -> bool {
        let proves = |build: usize| {
            let range = self.ranges[build][change];
            if self.off(Off::AnyEvidence) {
                return range.is_some_and(|range| range.high >= phase);
            }
            range.is_some_and(|range| range.low >= phase) && self.is_owning_writer(build)
        };
        self.off(Off::NoEvidence) || state.live().any(proves)
    }

    pub(super) fn is_owning_writer(&self, build: usize) -> bool {
        use colmig_core::lifecycle::Access;
        let structs = &self.story.builds[build].structs;
        self.is_release(build) && structs.iter().any(|entry| entry.access != Access::ReadOnly)
    }

    /// What a step does to columns and rows.
    fn effect(
        &self,
        state: &State,
        change: usize,
        act: Act,
        up: bool,
    ) -> Result<Effect, Violation> {
        let kind = self.change(change).kind;
        let (old, new) = (self.change(change).goes(), self.change(change).comes());
        let level = |p: Property| state.columns[p.column].level;
        let after = match (act, up) {
            (Act::Add, true) => self.added(state, self.change(change)),
            (Act::Add, false) => self.filled(&state.without(new), new, true, |_| None),
            (Act::Drop, _) => self.filled(&state.without(old), old, true, |_| None),
            (Act::CreateTable, true) => {
                State { rows: [None; 2], ..state.with(new, Level::Required) }
            }
            (Act::CreateTable, false) => State { rows: [None; 2], ..state.without(new) },
            (Act::Backfill, true) if kind.replaces() => {
                self.filled(state, new, false, |row| row.values[old.column])
            }
            (Act::Backfill, true) => {
                self.filled(state, new, false, |row| row.values[new.column].or(Some(0)))
            }
            (Act::Enforce, true) if state.has_null(new) => {
                // L10: a row that was inserted behind the cursor is filled too.
                if state.stranger != Stranger::Gone && !self.off(Off::NoRefill) {
                    return Ok(Effect::Refill);
                }
                return Err(Violation("applier error: NULLs behind the backfill".into()));
            }
            (Act::Enforce, true) => state.with(new, level(new).enforced()),
            (Act::Enforce, false) => state.with(new, level(new).relaxed()),
            (Act::Relax, true) => state.with(state.there(old), level(old).relaxed()),
            (Act::Relax, false) => return Ok(self.unrelaxed(state, self.change(change))),
            _ => *state,
        };
        Ok(Effect::Done(after))
    }

    /// The table with the new column; what is there already is adopted (R19).
    fn added(&self, state: &State, change: &Change) -> State {
        let new = change.comes();
        let level = match change.kind {
            Kind::Core(ChangeKind::AddDefault | ChangeKind::AddGenerated) => Level::Default,
            Kind::Core(ChangeKind::AddVolatile) => Level::NullableDefault,
            _ if change.default => Level::NullableDefault,
            _ => Level::Nullable,
        };
        if state.columns[new.column].level != Level::Missing {
            return *state;
        }
        // Each row has a default of its own, which it gets from the backfill.
        let is_volatile = change.kind == Kind::Core(ChangeKind::AddVolatile);
        let value = (level.has_default() && !is_volatile).then_some(0);
        self.filled(&state.with(new, level), new, true, |_| value)
    }

    /// The old column is required again: of a replacement it is refilled from the new one (R21), else from
    /// `reverse`.
    fn unrelaxed(&self, state: &State, change: &Change) -> Effect {
        let (old, new) = (change.goes(), change.comes());
        let level = state.columns[old.column].level.enforced();
        let required = state.with(state.there(old), level);
        Effect::Done(if change.kind.replaces() {
            self.filled(&required, old, false, |row| row.values[new.column])
        } else if !state.has_null(old) {
            required
        } else if change.reverse {
            self.filled(&required, old, false, |row| row.values[old.column].or(Some(0)))
        } else if self.off(Off::AcceptNull) {
            *state
        } else {
            // L15: without `reverse`, undo stops here.
            return Effect::Stop;
        })
    }

    /// Every row with a value in one column; a column that begins or goes takes its truth along.
    fn filled(
        &self,
        state: &State,
        property: Property,
        forget: bool,
        value: impl Fn(&Row) -> Option<u8>,
    ) -> State {
        let mut after = *state;
        for row in after.rows.iter_mut().flatten() {
            row.values[property.column] = value(row);
            if forget && !self.is_replaced(property.column) {
                row.truths[property.column] = None;
            }
        }
        after
    }

    /// Checks what a move does to admission.
    fn moved(
        &self,
        before: &State,
        after: State,
        step: Move,
        name: impl Fn() -> String,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        let admits = |state: &State, build| self.admits(build, &state.positions, &state.columns);
        let runs = |build: &usize| before.proven & (1 << build) != 0;
        let can_start =
            || (0..self.story.builds.len()).filter(runs).any(|build| admits(&after, build));
        // L14: what has run must fit all windows.
        let unadmits = matches!(step.act, Some((Act::Admit(_), false)));
        if unadmits && !self.off(Off::Alone) && !can_start() {
            return Ok(());
        }
        let window = match self.window(&after.positions, step.change) {
            Some(window) => format!("-> {window}"),
            None => "-> not started".to_owned(),
        };
        let named = || format!("{} {window}", name());
        if self.trial.is_none() {
            let builds = usize::from(self.story.stranger)..self.story.builds.len();
            for build in builds.filter(|build| admits(before, *build) && !admits(&after, *build)) {
                if let Some(what) = self.shuts_out(before, step, build) {
                    return Err(Violation(format!("{} => {what}", named())));
                }
            }
            if self.run.fleet && !can_start() {
                let what = "no release that ever ran can be started";
                return Err(Violation(format!("{} => {what}", named())));
            }
        }
        moves.push(after, named);
        Ok(())
    }

    /// What is wrong with shutting this build out; `None`: it may be.
    fn shuts_out(&self, before: &State, step: Move, build: usize) -> Option<String> {
        let name = self.name(build);
        if step.checkout == Some(build) {
            return Some("the checkout's own code is shut out".into());
        }
        if before.live().any(|live| live == build) {
            return Some(format!("live {name} is no longer admitted"));
        }
        let range = self.ranges[build][step.change];
        let may = range.is_some_and(|range| match step.act {
            Some((Act::Require(phase), true)) => range.high < phase,
            Some((Act::Admit(_), false)) => range.low > self.ceiling_before(before, step.change),
            _ => false,
        });
        (!may).then(|| format!("shuts out {name}, though it is no step that may"))
    }
}

/// A move of one change: the act with its direction, none where it is void.
#[derive(Clone, Copy)]
struct Move {
    change: usize,
    act: Option<(Act, bool)>,
    checkout: Option<usize>,
}

fn place(position: usize) -> u8 {
    u8::try_from(position).expect("chains are short")
}

impl State {
    fn with(&self, property: Property, level: Level) -> State {
        let mut after = *self;
        after.columns[property.column] = Column { level, born: property.born };
        after
    }

    fn without(&self, property: Property) -> State {
        let mut after = *self;
        after.columns[property.column] = Column { level: Level::Missing, born: 0 };
        after
    }

    fn has_null(&self, property: Property) -> bool {
        self.rows.iter().flatten().any(|row| row.values[property.column].is_none())
    }

    /// The property of that name that is there, whichever birth it has.
    fn there(&self, property: Property) -> Property {
        Property { born: self.columns[property.column].born, ..property }
    }
}
