//! The second model: lives of columns over many releases.
//!
//! The first model ([`crate::change`]) explores one change, and the batches, crashes and leases inside
//! it. This one takes a step as atomic, and explores what lies between changes: rolling deploys that
//! start any old or new build at any time, `apply` from any checkout, undo of any step, changes that follow
//! one another on one name or are given up half-way, other projects, and clients that never registered.
//! A crash between steps needs no state, since the next step may come from any checkout.
//!
//! Checked in every state: code that is let in meets no statement that fails, and reads no NULL, stale,
//! lost or foreign value; only `require` and undoing `admit` shut code out, and never live code; `apply`
//! never shuts out its own checkout; some release that has run can always be started; the end stays
//! within reach.
//!
//! What is not here: unique constraints, checks and foreign keys; batches and replicas across changes.

mod admission;
#[cfg(test)]
mod agreement;
mod applier;
mod fleet;
pub mod phases;
pub mod rules;
pub mod stories;
pub mod story;

use colmig_core::lifecycle::PhaseRange;
use colmig_core::protocol::{Act, ChangeKind, Window, window_at};

use crate::change::{Level, Stranger, Value};
use crate::search::{Model, Moves, Violation};
use rules::Off;
use story::{Kind, Property, Story};

/// How a story is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Instances of the owning project at most.
    pub instances: usize,
    /// Rows at most.
    pub rows: usize,
    /// Steps may be taken back.
    pub undo: bool,
    /// No undo, and no release or checkout that is older than the newest that ran.
    pub forward: bool,
    /// Instances register; else the gates see nobody, and `apply` runs where nothing else does.
    pub fleet: bool,
}

/// Two instances, one row, undo.
pub const RUN: Run = Run { instances: 2, rows: 1, undo: true, forward: false, fleet: true };

/// A story that is explored.
#[derive(Clone, Debug)]
pub struct Lives {
    /// The story.
    pub story: Story,
    /// How it is explored.
    pub run: Run,
    off: &'static [Off],
    /// Every property that the story is about.
    properties: Vec<Property>,
    /// The steps of each change.
    chains: Vec<Vec<Act>>,
    /// The window of each change after each number of steps; the place after the last is *void*.
    windows: Vec<Vec<Option<Window>>>,
    /// The phases of each build in each change.
    ranges: Vec<Vec<Option<PhaseRange>>>,
    /// A range that a derivation tries, with its build; invariants of admission are not checked then.
    trial: Option<(usize, PhaseRange)>,
}

/// One situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Steps of each change that are done.
    positions: [u8; 3],
    columns: [Column; 2],
    rows: [Option<Row>; 2],
    /// The builds that run, each with its number from 1 on, in order.
    live: [u8; 5],
    /// The releases that have ever run, a bit each.
    proven: u16,
    stranger: Stranger,
}

/// A column as the catalog has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Column {
    level: Level,
    /// The birth of the column that is there.
    born: u8,
}

/// A row: what its columns say, and what the application last wrote, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Row {
    values: [Value; 2],
    truths: [Value; 2],
}

const NOTHING: Row = Row { values: [None; 2], truths: [None; 2] };

impl Lives {
    /// A story, explored with every rule in force.
    pub fn new(story: Story, run: Run) -> Lives {
        Lives::without(story, run, &[])
    }

    /// A story, explored without some rules.
    pub fn without(story: Story, run: Run, off: &'static [Off]) -> Lives {
        let chains: Vec<_> = story.changes.iter().map(|change| chain(change.kind, off)).collect();
        let windows = |chain: &Vec<Act>| {
            (0..=chain.len() + 1)
                .map(|position| window_at(chain.iter().copied(), position))
                .collect()
        };
        let mut properties: Vec<Property> = Vec::new();
        let base = story.columns.iter().enumerate();
        let base = base.map(|(column, c)| Property { column, born: c.born });
        for property in story.changes.iter().flat_map(|c| c.properties.clone()).chain(base) {
            if !properties.contains(&property) {
                properties.push(property);
            }
        }
        let windows = chains.iter().map(windows).collect();
        let (ranges, trial) = (Vec::new(), None);
        let mut lives = Lives { story, run, off, properties, chains, windows, ranges, trial };
        let (builds, changes) = (lives.story.builds.len(), lives.story.changes.len());
        let ranges = |build| (0..changes).map(|change| lives.judge_range(build, change)).collect();
        lives.ranges = (0..builds).map(ranges).collect();
        lives
    }

    /// The same with the last build in this range of the first change, whatever the table says.
    pub fn trying(mut self, range: PhaseRange) -> Lives {
        let build = self.story.builds.len() - 1;
        self.ranges[build][0] = Some(range);
        self.trial = Some((build, range));
        self
    }

    fn off(&self, rule: Off) -> bool {
        self.off.contains(&rule)
    }

    fn is_done(&self, state: &State, change: usize) -> bool {
        usize::from(state.positions[change]) >= self.chains[change].len()
    }

    fn window(&self, positions: &[u8; 3], change: usize) -> Option<Window> {
        self.windows[change][usize::from(positions[change])]
    }

    /// Whether a column is one of the two that hold one value.
    fn is_replaced(&self, column: usize) -> bool {
        let replacements = self.story.changes.iter().filter(|change| change.kind.replaces());
        replacements.flat_map(|change| &change.properties).any(|p| p.column == column)
    }

    /// The column that a trigger keeps alike with this one, while there is one.
    fn kept_alike(&self, state: &State, column: usize) -> Option<usize> {
        let changes = self.story.changes.iter().enumerate();
        let is_triggered = |(place, change): &(usize, &story::Change)| {
            // A change that is void has no step behind it.
            let position = usize::from(state.positions[*place]);
            let done = self.chains[*place].get(..position).unwrap_or_default();
            change.kind.replaces() && done.contains(&Act::Trigger) && !done.contains(&Act::Drop)
        };
        let mut pairs =
            changes.filter(is_triggered).map(|(_, c)| [c.goes().column, c.comes().column]);
        let pair = pairs.find(|pair| pair.contains(&column))?;
        pair.into_iter().find(|other| *other != column)
    }

    fn name(&self, build: usize) -> &str {
        &self.story.builds[build].name
    }

    fn label(&self, property: Property) -> &str {
        &self.story.columns[property.column].name
    }
}

/// The steps of a kind of change; without some rules, those that were first proposed.
fn chain(kind: Kind, off: &[Off]) -> Vec<Act> {
    let mut chain: Vec<_> = kind.facts().steps.iter().map(|(act, _)| *act).collect();
    use ChangeKind::{AddRequired, Relax, Tighten};
    if matches!(kind, Kind::Core(AddRequired | Tighten | Relax))
        && off.contains(&Off::NoLastRequire)
    {
        chain.push(Act::Require(2));
    }
    if chain[0] == Act::Begin && off.contains(&Off::BeginsOpen) {
        // `admit 0` stands for a row that is recorded with the window 0..0.
        chain.splice(..1, [Act::Admit(0), Act::Admit(1)]);
    }
    chain
}

/// The last phase of a kind of change.
fn last_phase(kind: Kind) -> u8 {
    kind.facts().phases.last
}

impl State {
    /// The builds that run.
    fn live(&self) -> impl Iterator<Item = usize> + '_ {
        self.live.iter().filter(|build| **build > 0).map(|build| usize::from(*build) - 1)
    }

    fn starting(&self, build: usize) -> State {
        let mut after = *self;
        // The smallest places are the free ones.
        after.live[0] = u8::try_from(build + 1).expect("builds are few");
        after.live.sort_unstable();
        after
    }

    fn stopping(&self, build: usize) -> State {
        let mut after = *self;
        let place = after.live.iter().position(|b| usize::from(*b) == build + 1);
        after.live[place.expect("it runs")] = 0;
        after.live.sort_unstable();
        after
    }
}

impl Model for Lives {
    type State = State;

    fn initial(&self) -> State {
        let mut columns = [Column { level: Level::Missing, born: 0 }; 2];
        let mut row = NOTHING;
        for (place, column) in self.story.columns.iter().enumerate() {
            let missing = column.level == Level::Missing;
            let born = if missing { 0 } else { column.born };
            columns[place] = Column { level: column.level, born };
            (row.values[place], row.truths[place]) = (column.value, column.value);
        }
        let creates = self.story.changes[0].kind == Kind::Core(ChangeKind::CreateTable);
        let state = State {
            positions: [0; 3],
            columns,
            rows: [(!creates).then_some(row), None],
            live: [0; 5],
            proven: 1,
            stranger: if self.story.stranger { Stranger::Connected } else { Stranger::Gone },
        };
        let first = if self.story.stranger { &[][..] } else { &[0][..] };
        let running = first.iter().chain(&self.story.resident);
        running.fold(state, |state, build| state.starting(*build))
    }

    fn next(&self, state: &State, moves: &mut Moves<State>) -> Result<(), Violation> {
        self.instances(state, moves)?;
        self.applier(state, moves)
    }

    fn is_end(&self, state: &State) -> bool {
        let newest = self.story.deployed[self.story.deployed.len() - 1];
        let settled = |(place, change): (usize, &story::Change)| {
            let given_up = change.abandoned.is_some_and(|build| build <= newest);
            self.is_done(state, place)
                || (state.positions[place] == 0 && (given_up || self.is_void(state, place)))
        };
        state.live().any(|build| build == newest)
            && self.story.changes.iter().enumerate().all(settled)
    }
}

#[cfg(test)]
mod tests {
    use super::rules::LONE;
    use super::stories::{STORIES, named};
    use super::*;
    use crate::search::explore_to_the_end;

    /// Each story's states: everything, and forwards only. They are those of the model's first form.
    const STATES: &[(&str, usize, usize)] = &[
        ("a", 926, 126),
        ("b", 1352, 234),
        ("b2", 3722, 384),
        ("c", 680, 123),
        ("c2", 434, 123),
        ("d", 5514, 404),
        ("d2", 13950, 825),
        ("e", 6616, 442),
        ("e2", 14432, 605),
        ("f", 49180, 563),
        ("g", 1272, 229),
        ("g2", 8448, 388),
        ("h", 448, 140),
        ("h2", 10357, 462),
        ("i", 21434, 448),
        ("i2", 56356, 544),
        ("i3", 21434, 448),
        ("ja", 664, 129),
        ("jc", 580, 131),
        ("jd", 3677, 416),
        ("k", 926, 126),
        ("ka", 2712, 401),
        ("kc", 2252, 401),
        ("kd", 16830, 1264),
        ("kp", 926, 126),
        ("l", 112, 52),
        ("l2", 252, 78),
    ];

    #[test]
    fn every_story_passes() {
        assert_eq!(STATES.len(), STORIES.len());
        for (id, all, forward) in STATES {
            let story = Story::parse(named(id));
            let run = Run { instances: 3, rows: 2, ..RUN };
            let full = explore_to_the_end(&Lives::new(story.clone(), run));
            let run = Run { instances: 3, forward: true, ..RUN };
            let onwards = explore_to_the_end(&Lives::new(story, run));
            assert!(full.is_safe() && onwards.is_safe(), "{id}: {full}\n{onwards}");
            assert_eq!((full.states, onwards.states), (*all, *forward), "{id}");
        }
    }

    #[test]
    fn stories_pass_without_a_fleet() {
        let states = [("a", 68), ("c", 81), ("d", 404), ("d2", 1900), ("f", 2914), ("i2", 2457)];
        for (id, states) in states {
            let report = explore_to_the_end(&Lives::new(Story::parse(named(id)), LONE));
            assert!(report.is_safe(), "{id}: {report}");
            assert_eq!(report.states, states, "{id}");
        }
    }
}
