//! Instances: they register, read and write, stop, and are stalled past their leases. And what
//! surrounds them: a replica, a client that never registered, a server that fails over.

use super::rows::Table;
use super::{Rollout, State, Stranger};
use crate::search::{Moves, Violation};

/// What the ledger and the server know of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lease {
    /// It has run out; the process lives.
    Expired,
    /// It is valid.
    Valid,
    /// There is no process any more, but one of its statements still runs in the server.
    Orphan,
    /// The instance has it, and the server has forgotten it.
    Forgotten,
}

/// One instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance {
    /// The phase of its release.
    pub phase: u8,
    /// Its lease.
    pub lease: Lease,
}

/// The instances, in order, so that fleets that are alike are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fleet([Option<Instance>; 4]);

impl Fleet {
    /// The instances.
    pub fn iter(&self) -> impl Iterator<Item = Instance> + '_ {
        self.0.iter().flatten().copied()
    }

    /// The same with one more.
    pub fn with(mut self, instance: Instance) -> Fleet {
        let place = self.0.iter_mut().find(|place| place.is_none());
        *place.expect("there is room for each instance and one orphan") = Some(instance);
        self.0.sort_unstable();
        self
    }

    /// The same with one less.
    pub fn without(mut self, instance: Instance) -> Fleet {
        let place = self.0.iter_mut().find(|place| **place == Some(instance));
        *place.expect("it is there") = None;
        self.0.sort_unstable();
        self
    }

    fn processes(&self) -> usize {
        self.iter().filter(|instance| instance.lease != Lease::Orphan).count()
    }

    fn has_orphan(&self) -> bool {
        self.iter().any(|instance| instance.lease == Lease::Orphan)
    }
}

impl Rollout {
    fn name(&self, phase: u8) -> &str {
        &self.releases[usize::from(phase)].name
    }

    pub(super) fn instances(
        &self,
        state: &State,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        let mut last = None;
        for instance in state.fleet.iter() {
            if last.replace(instance) != Some(instance) {
                self.instance(state, instance, moves)?;
            }
        }
        if state.fleet.processes() < self.world.instances {
            self.registrations(state, moves);
        }
        Ok(())
    }

    /// Who may start. Without R12 registration does not look at the window.
    fn registrations(&self, state: &State, moves: &mut Moves<State>) {
        let window = self.window(state);
        for phase in (0..).take(self.releases.len()) {
            let admitted = window.floor <= phase && phase <= window.ceil;
            let other = self.world.unregistered && phase != state.checkout;
            if other || (!admitted && self.rule(12)) {
                continue;
            }
            let fleet = state.fleet.with(Instance { phase, lease: Lease::Valid });
            moves.push(State { fleet, ..*state }, || format!("start {}", self.name(phase)));
        }
    }

    fn instance(
        &self,
        state: &State,
        instance: Instance,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        let rest = state.fleet.without(instance);
        let name = self.name(instance.phase);
        let becomes = |lease| State { fleet: rest.with(Instance { lease, ..instance }), ..*state };
        if instance.lease == Lease::Orphan {
            self.orphan(state, instance.phase, rest, moves);
            return Ok(());
        }
        if instance.lease == Lease::Valid && self.world.orphans && !state.fleet.has_orphan() {
            self.leave_behind(state, instance, moves);
        }
        let window = self.window(state);
        if instance.lease == Lease::Forgotten
            && (window.floor..=window.ceil).contains(&instance.phase)
        {
            moves.push(becomes(Lease::Valid), || format!("{name} beats, and is known again"));
        }
        moves.push(State { fleet: rest, ..*state }, || format!("stop {name}"));
        if instance.lease != Lease::Expired && self.world.leases {
            moves.push(becomes(Lease::Expired), || {
                format!("the lease of {name} runs out, and the process lives")
            });
        }
        // R16: an instance stops itself when its own lease has run out.
        if instance.lease == Lease::Expired && self.rule(16) {
            return Ok(());
        }
        self.statements(state, instance.phase, moves)
    }

    /// An instance stops, or its lease runs out, and one of its statements still runs.
    fn leave_behind(&self, state: &State, instance: Instance, moves: &mut Moves<State>) {
        let name = self.name(instance.phase);
        let orphan = Instance { lease: Lease::Orphan, ..instance };
        let rest = state.fleet.without(instance).with(orphan);
        moves.push(State { fleet: rest, ..*state }, || {
            format!("stop {name}, one statement still runs")
        });
        if self.world.leases {
            let fleet = rest.with(Instance { lease: Lease::Expired, ..instance });
            moves.push(State { fleet, ..*state }, || {
                format!("the lease of {name} runs out, one statement still runs")
            });
        }
    }

    /// Everything that a release may read and write.
    fn statements(
        &self,
        state: &State,
        phase: u8,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        let release = &self.releases[usize::from(phase)];
        let name = &release.name;
        let wrong = |action: String| move |what: String| Violation(format!("{action} => {what}"));
        state.table.read(release).map_err(wrong(format!("read by {name}")))?;
        if let Some(replica) = &state.replica {
            replica.read(release).map_err(wrong(format!("read by {name} on a replica")))?;
        }
        for (place, row) in state.table.rows.iter().enumerate().take(self.world.rows) {
            let verb = if row.is_some() { "updates" } else { "inserts" };
            for value in release.values() {
                let action = || format!("{name} {verb} row {place} := {value:?}");
                let written = state.table.write(release, place, *value, state.trigger);
                let written = Some(written.map_err(|what| wrong(action())(what))?);
                if written != *row {
                    moves.push(state.with(state.table.with_row(place, written)), action);
                }
            }
            if release.values().is_empty() {
                continue;
            }
            if let Some(row) = row {
                // PostgreSQL checks the whole row, whichever column is updated.
                let action = format!("{name} updates another column of row {place}");
                state.table.check(release, row).map_err(wrong(action))?;
                moves.push(state.with(state.table.with_row(place, None)), || {
                    format!("{name} deletes row {place}")
                });
            }
        }
        Ok(())
    }

    /// A statement that outlives its client: it commits or not, and nobody sees its error.
    fn orphan(&self, state: &State, phase: u8, rest: Fleet, moves: &mut Moves<State>) {
        let release = &self.releases[usize::from(phase)];
        let name = &release.name;
        moves.push(State { fleet: rest, ..*state }, || {
            format!("the orphaned statement of {name} ends without effect")
        });
        for place in 0..self.world.rows {
            for value in release.values() {
                let Ok(row) = state.table.write(release, place, *value, state.trigger) else {
                    continue;
                };
                let table = state.table.with_row(place, Some(row));
                moves.push(State { fleet: rest, table, ..*state }, || {
                    format!("the orphaned statement of {name} writes row {place} := {value:?}")
                });
            }
        }
    }

    pub(super) fn surroundings(
        &self,
        state: &State,
        moves: &mut Moves<State>,
    ) -> Result<(), Violation> {
        if self.world.replica && (state.replica != Some(state.table) || !state.replayed) {
            let replica = Some(state.table);
            moves.push(State { replica, replayed: true, ..*state }, || "replica catches up".into());
        }
        if self.world.stranger && state.stranger != Stranger::Gone {
            self.stranger(state, moves)?;
        }
        if self.world.failover {
            self.failover(state, moves);
        }
        if self.world.unregistered && state.fleet.processes() == 0 {
            for checkout in (0..).take(self.releases.len()) {
                moves.push(State { checkout, ..*state }, || {
                    format!("check out {}", self.name(checkout))
                });
            }
        }
        Ok(())
    }

    fn stranger(&self, state: &State, moves: &mut Moves<State>) -> Result<(), Violation> {
        for (stranger, does) in [
            (Stranger::Connected, "opens a session"),
            (Stranger::Hidden, "is between two sessions"),
            (Stranger::Gone, "is gone for good"),
        ] {
            moves.push(State { stranger, ..*state }, || format!("the unregistered client {does}"));
        }
        match state.stranger {
            Stranger::Connected => self.statements(state, 0, moves),
            _ => Ok(()),
        }
    }

    /// An asynchronous primary is lost, and the last leases with it.
    fn failover(&self, state: &State, moves: &mut Moves<State>) {
        let mut fleet = Fleet::default();
        for instance in state.fleet.iter() {
            let forgotten = instance.lease == Lease::Valid;
            let lease = if forgotten { Lease::Forgotten } else { instance.lease };
            fleet = fleet.with(Instance { lease, ..instance });
        }
        moves.push(State { fleet, settled: false, ..*state }, || {
            "the server fails over, the leases are lost".into()
        });
        // Within a ttl each instance has beaten, or stopped itself.
        if !state.settled && !state.fleet.iter().any(|i| i.lease == Lease::Forgotten) {
            moves.push(State { settled: true, ..*state }, || "a ttl has passed".into());
        }
    }
}

impl State {
    pub(super) fn with(&self, table: Table) -> State {
        State { table, ..*self }
    }
}
