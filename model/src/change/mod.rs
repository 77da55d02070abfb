//! The first model: one change over rows and instances.
//!
//! An instance is of a release of one phase, registers, writes, reads, stops, or is stalled past its
//! lease. The applier goes through the change's steps, forwards and back, dies anywhere, and another one
//! goes on. A row holds what the columns say and the *truth*: what the application last wrote. An
//! instance that reads something else, a statement that fails, and a step that fails are violations.
//!
//! What is not here: several changes, releases over time, builds that only read ([`crate::lives`]); types,
//! SQL, and the time that anything takes.

mod applier;
mod fleet;
mod rows;

use colmig_core::lifecycle::{Access, Stand};
use colmig_core::protocol::{Act, ChangeKind, Window, window_at};

use crate::replace::RELEASES;
use crate::search::{Model, Moves, Violation};
pub use fleet::{Fleet, Instance, Lease};
pub use rows::{Level, Row, Table, Use, Value};

/// A step of a chain: an act of `core`, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// An act of `core`.
    Act(Act),
    /// A part of [`Act::Drop`] where a trigger keeps both columns of a replacement alike: it goes.
    Untrigger,
    /// The first piece of [`Act::Enforce`] on PostgreSQL: new rows are checked, old ones are not.
    NotValid,
    /// The second piece: old rows are checked too.
    Validate,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Act(act) => act.fmt(f),
            Step::Untrigger => f.write_str("untrigger"),
            Step::NotValid => f.write_str("not valid"),
            Step::Validate => f.write_str("validate"),
        }
    }
}

/// A release of one phase.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its name in counterexamples.
    pub name: String,
    /// What it does with each column.
    pub uses: Vec<Use>,
}

/// What surrounds a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    /// Instances at most.
    pub instances: usize,
    /// Rows at most.
    pub rows: usize,
    /// Instances hold leases, which may run out while the process lives.
    pub leases: bool,
    /// The applier may die.
    pub crashes: bool,
    /// Steps may be taken back.
    pub undo: bool,
    /// Schema statements commit by themselves, so that the ledger is written before and after them.
    pub autocommit: bool,
    /// There is a replica, and instances read it too.
    pub replica: bool,
    /// A stopped instance may leave one statement running in the server.
    pub orphans: bool,
    /// An applier may be stalled in the middle of a batch, and wake up much later.
    pub stalls: bool,
    /// The new value is computed in the client: a batch reads, and then writes.
    pub client: bool,
    /// The replaced column may be NULL.
    pub nullable: bool,
    /// A release of phase 0 runs that never registers.
    pub stranger: bool,
    /// The server may fail over to a replica that does not have the last leases.
    pub failover: bool,
    /// Nobody registers: a development database. One release runs, that of the checkout.
    pub unregistered: bool,
}

/// Two instances, two rows, leases, crashes and undo.
pub const WORLD: World = World {
    instances: 2,
    rows: 2,
    leases: true,
    crashes: true,
    undo: true,
    autocommit: false,
    replica: false,
    orphans: false,
    stalls: false,
    client: false,
    nullable: false,
    stranger: false,
    failover: false,
    unregistered: false,
};

/// One change in one world, with the rules that are in force.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// What surrounds it.
    pub world: World,
    releases: Vec<Release>,
    before: Table,
    /// What an added column, or table, begins as.
    adds: Level,
    chain: Vec<Step>,
    /// The window after each number of steps.
    windows: Vec<Window>,
    /// A bit for each of R01 to R35 that is *not* in force.
    without: u64,
}

impl Rollout {
    /// A change of `core`, with the steps of [`colmig_core::protocol::CHANGES`].
    pub fn of(kind: ChangeKind, world: World) -> Rollout {
        let chain = kind.facts().steps.iter().map(|(act, _)| Step::Act(*act)).collect();
        let last = kind.facts().phases.last;
        let releases = (0..=last).map(|phase| strongest(kind, phase)).collect();
        let adds = match kind {
            ChangeKind::CreateTable => Level::Required,
            ChangeKind::AddDefault | ChangeKind::AddGenerated => Level::Default,
            ChangeKind::AddVolatile => Level::NullableDefault,
            _ => Level::Nullable,
        };
        Rollout { adds, ..Rollout::new(releases, Table::before(kind), chain, world) }
    }

    /// A replacement.
    pub fn replace(world: World) -> Rollout {
        Rollout::of_replacement(ChangeKind::Replace, world)
    }

    /// A replacement by a trigger.
    pub fn replace_by_trigger(world: World) -> Rollout {
        Rollout::of_replacement(ChangeKind::ReplaceByTrigger, world)
    }

    fn of_replacement(kind: ChangeKind, world: World) -> Rollout {
        let steps = kind.facts().steps;
        let chain = steps.iter().map(|(act, _)| Step::Act(*act)).collect();
        let release = |(name, stands): &(&str, [Stand; 2])| Release {
            name: (*name).to_owned(),
            uses: stands.iter().map(|stand| Use::of(*stand).nullable(world.nullable)).collect(),
        };
        let releases = RELEASES.iter().map(release).collect();
        Rollout::new(releases, Table::before_replacement(world.nullable), chain, world)
    }

    /// A replacement as Google's F1 has it: in between, a release D writes `o` and empties `n`, so that
    /// no copy goes stale.
    pub fn replace_by_emptying(world: World) -> Rollout {
        let mut rollout = Rollout::replace(world);
        let empties =
            Release { name: "D".to_owned(), uses: vec![Use::of(Stand::Required), Use::EMPTIES] };
        rollout.releases.insert(1, empties);
        use Act::{Add, Admit, Backfill, Drop, Enforce, Relax, Require};
        let chain = [
            Add,
            Admit(1),
            Require(1),
            Admit(2),
            Require(2),
            Backfill,
            Enforce,
            Admit(3),
            Require(3),
            Relax,
            Admit(4),
            Require(4),
            Drop,
        ];
        rollout.with_chain(chain.map(Step::Act).to_vec())
    }

    fn new(releases: Vec<Release>, before: Table, chain: Vec<Step>, world: World) -> Rollout {
        let (adds, windows, without) = (Level::Nullable, Vec::new(), 0);
        Rollout { world, releases, before, adds, chain: Vec::new(), windows, without }
            .with_chain(chain)
    }

    /// The same with other steps.
    pub fn with_chain(mut self, chain: Vec<Step>) -> Rollout {
        let acts = |steps: &[Step]| steps.iter().filter_map(|step| step.act()).collect::<Vec<_>>();
        // Before it has started the catalog decides, and lets in what `begin` writes down.
        let begins = chain.first() == Some(&Step::Act(Act::Begin));
        let first = Window { floor: 0, ceil: u8::from(begins) };
        let window = |position| window_at(acts(&chain[..position]), chain.len()).unwrap_or(first);
        self.windows = (0..=chain.len()).map(window).collect();
        self.chain = chain;
        self
    }

    /// The same without these steps.
    pub fn skipping(self, steps: &[Step]) -> Rollout {
        let chain = self.chain.iter().filter(|step| !steps.contains(step)).copied().collect();
        self.with_chain(chain)
    }

    /// The same with one step moved before another.
    pub fn moving(self, step: Step, before: Step) -> Rollout {
        let mut chain: Vec<_> = self.chain.iter().filter(|s| **s != step).copied().collect();
        let place = chain.iter().position(|s| *s == before).expect("the chain has the other step");
        chain.insert(place, step);
        self.with_chain(chain)
    }

    /// The same with the drop that ends a replacement by a trigger in three transactions, where a database has no
    /// single one for it: the old column is relaxed, the trigger goes, the old column goes.
    pub fn drop_in_pieces(self) -> Rollout {
        let pieces = |step: &Step| match step {
            Step::Act(Act::Drop) => vec![Step::Act(Act::Relax), Step::Untrigger, *step],
            step => vec![*step],
        };
        let chain = self.chain.iter().flat_map(pieces).collect();
        self.with_chain(chain)
    }

    /// The same with [`Act::Enforce`] in the pieces that PostgreSQL has.
    pub fn in_pieces(self) -> Rollout {
        let pieces = |step: &Step| match step {
            Step::Act(Act::Enforce) => vec![Step::NotValid, Step::Validate],
            step => vec![*step],
        };
        let chain = self.chain.iter().flat_map(pieces).collect();
        self.with_chain(chain)
    }

    /// The same without this rule.
    pub fn without(mut self, rule: u8) -> Rollout {
        self.without |= 1 << rule;
        self
    }

    /// Whether a rule is in force.
    fn rule(&self, number: u8) -> bool {
        self.without & (1 << number) == 0
    }

    /// Whether two columns hold one value, as in a replacement.
    fn replaces(&self) -> bool {
        self.releases[0].uses.len() == 2
    }

    fn window(&self, state: &State) -> Window {
        self.windows[usize::from(state.position)]
    }
}

impl Step {
    fn act(self) -> Option<Act> {
        match self {
            Step::Act(act) => Some(act),
            _ => None,
        }
    }
}

/// The release of a phase that expects most: of the stands that have the phase the one that reads, and
/// then the one that writes, whatever it may.
fn strongest(kind: ChangeKind, phase: u8) -> Release {
    use Stand::{Absent, Adding, Deprecated, Loose, Optional, Required, Row};
    let phases = kind.phases(false);
    let stands = [Required, Optional, Row, Loose, Adding, Deprecated, Absent];
    let has = |stand: &Stand| {
        phases
            .of(Access::Writer, *stand)
            .is_some_and(|range| range.low <= phase && phase <= range.high)
    };
    // A release that does not know a table, which is phase 0 of its creation, does nothing.
    let unknown = kind == ChangeKind::CreateTable && phase == 0;
    let stand = if unknown {
        Absent
    } else {
        stands.into_iter().find(has).expect("a phase is of some use")
    };
    let uses = if unknown { Use::NONE } else { Use::of(stand) };
    Release { name: format!("release {phase} ({stand})"), uses: vec![uses] }
}

/// Where the applier is inside a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Between two transactions.
    Idle,
    /// The leases were looked at, and the window not yet moved (without R15).
    Checked(Direction),
    /// The ledger says what is about to happen.
    Intended(Direction),
    /// The schema statement has committed, and the ledger does not say so yet.
    Executed(Direction),
    /// The cursor has moved, and the batch has not been written (without R18).
    Recorded(u8),
}

/// Which way the applier goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Forwards.
    Up,
    /// Back.
    Down,
}

/// What a client that never registered is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stranger {
    /// It is gone, and has not been seen for a whole soak.
    Gone,
    /// It lives between two sessions.
    Hidden,
    /// It has a session.
    Connected,
}

/// One situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Steps that are done.
    position: u8,
    phase: Phase,
    /// Rows that the backfill has passed.
    cursor: u8,
    /// What a batch has read and not yet written; of a row that was not there, `Some(None)`.
    carried: Option<Option<Value>>,
    /// The batch of a stalled applier: its row, and what it had read.
    stalled: Option<(u8, Value)>,
    table: Table,
    trigger: bool,
    fleet: Fleet,
    replica: Option<Table>,
    /// The replica has all that the applier did.
    replayed: bool,
    stranger: Stranger,
    /// A ttl has passed since the server last started.
    settled: bool,
    /// The phase of the code in hand, where nobody registers.
    checkout: u8,
}

impl Model for Rollout {
    type State = State;

    fn initial(&self) -> State {
        let World { instances, stranger, unregistered, .. } = self.world;
        let mut fleet = Fleet::default();
        let running = if stranger {
            0
        } else if unregistered {
            1
        } else {
            instances
        };
        for _ in 0..running {
            fleet = fleet.with(Instance { phase: 0, lease: Lease::Valid });
        }
        State {
            position: 0,
            phase: Phase::Idle,
            cursor: 0,
            carried: None,
            stalled: None,
            table: self.before,
            trigger: false,
            fleet,
            replica: self.world.replica.then_some(self.before),
            replayed: true,
            stranger: if stranger { Stranger::Connected } else { Stranger::Gone },
            settled: true,
            checkout: 0,
        }
    }

    fn next(&self, state: &State, moves: &mut Moves<State>) -> Result<(), Violation> {
        self.instances(state, moves)?;
        self.surroundings(state, moves)?;
        self.applier(state, moves)
    }

    fn is_end(&self, state: &State) -> bool {
        usize::from(state.position) == self.chain.len()
    }
}

#[cfg(test)]
mod tests {
    use crate::explored;

    use super::*;
    use crate::search::explore_to_the_end;

    const SMALL: World = World { rows: 1, ..WORLD };
    const ENFORCE: Step = Step::Act(Act::Enforce);

    /// Every kind of change that `core` knows, with the steps that the planner plans, in every world.
    #[test]
    fn every_change_is_safe_and_its_end_stays_within_reach() {
        let worlds = [
            ("leases and crashes", WORLD),
            ("three instances", World { instances: 3, ..SMALL }),
            ("autocommit", World { autocommit: true, ..SMALL }),
            ("a replica", World { replica: true, ..SMALL }),
            ("orphaned statements", World { orphans: true, ..SMALL }),
            ("stalled appliers", World { stalls: true, ..WORLD }),
            ("a client that never registered", World { stranger: true, ..SMALL }),
            ("a failover", World { failover: true, ..SMALL }),
            (
                "nobody registers",
                World { unregistered: true, instances: 1, leases: false, undo: false, ..WORLD },
            ),
        ];
        let alone = explored().filter(|facts| !facts.kind.replaces());
        for facts in alone {
            for (name, world) in worlds {
                let rollout = Rollout::of(facts.kind, world);
                // A half-made NOT NULL is a level of its own here, which knows no default.
                let in_pieces = (!rollout.adds.has_default()).then(|| rollout.clone().in_pieces());
                for rollout in [Some(rollout), in_pieces].into_iter().flatten() {
                    let report = explore_to_the_end(&rollout);
                    assert!(report.is_safe(), "{:?}, {name}: {report}", facts.kind);
                }
            }
        }
    }

    /// Replacements, and their states as the first form of this model counted them.
    #[test]
    fn every_replacement_is_safe_and_has_the_states_that_it_had() {
        let nullable = |world| Rollout::replace(world).skipping(&[ENFORCE]);
        let rollouts = [
            (8111, Rollout::replace(WORLD)),
            (3962, Rollout::replace(World { instances: 3, ..SMALL })),
            (2969, Rollout::replace(World { autocommit: true, ..SMALL })),
            (2244, nullable(World { nullable: true, client: true, ..SMALL })),
            (15648, nullable(World { nullable: true, ..WORLD })),
            (10379, Rollout::replace(World { client: true, ..WORLD })),
            (11525, Rollout::replace(World { replica: true, ..SMALL })),
            (5298, Rollout::replace_by_trigger(WORLD).drop_in_pieces()),
            (5363, Rollout::replace_by_emptying(World { undo: false, ..WORLD }).without(9)),
            (13472, Rollout::replace_by_emptying(WORLD)),
            (3162, Rollout::replace(World { orphans: true, ..SMALL })),
        ];
        for (states, rollout) in rollouts {
            let report = explore_to_the_end(&rollout);
            assert!(report.is_safe(), "{report}");
            assert_eq!(report.states, states, "{:?}", rollout.world);
        }
    }

    /// As it is planned, its end in one transaction, in every world; where statements commit by themselves, its end is
    /// in pieces.
    #[test]
    fn a_replacement_by_a_trigger_is_safe_and_its_end_stays_within_reach() {
        let by_trigger = Rollout::replace_by_trigger;
        let rollouts = [
            by_trigger(WORLD),
            by_trigger(World { instances: 3, ..SMALL }),
            by_trigger(World { replica: true, ..SMALL }),
            by_trigger(World { orphans: true, ..SMALL }),
            by_trigger(World { stalls: true, ..WORLD }),
            by_trigger(World { stranger: true, ..SMALL }),
            by_trigger(World { failover: true, ..SMALL }),
            by_trigger(World { nullable: true, ..WORLD }).skipping(&[ENFORCE]),
            by_trigger(World { autocommit: true, ..SMALL }).drop_in_pieces(),
        ];
        for rollout in rollouts {
            let report = explore_to_the_end(&rollout);
            assert!(report.is_safe(), "{:?}: {report}", rollout.world);
        }
    }

    /// So has ADD, once it ends with the `require 2` that it had, and that `core` rightly has not.
    #[test]
    fn an_addition_has_the_states_that_it_had() {
        let worlds = [
            (1799, WORLD),
            (1182, World { instances: 3, ..SMALL }),
            (2752, World { replica: true, ..SMALL }),
            (4062, World { orphans: true, ..WORLD }),
        ];
        for (states, world) in worlds {
            let rollout = Rollout::of(ChangeKind::AddRequired, world);
            let chain = [&rollout.chain[..], &[Step::Act(Act::Require(2))]].concat();
            let report = explore_to_the_end(&rollout.with_chain(chain));
            assert!(report.is_safe(), "{report}");
            assert_eq!(report.states, states, "{world:?}");
        }
    }
}
