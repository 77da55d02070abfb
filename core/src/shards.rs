//! Several databases that go together, a stage at a time: whether one of them may begin a step now. Pure, from how far
//! each has come.
//!
//! The barrier is that of a change: no target enters a stage of it before all have finished the stages before, and on
//! the way back none leaves a stage before all have left those behind it. Changes do not wait for one another here,
//! since on each database they advance independently too. Before the first stage comes the asking: every target is
//! reached, its history compared, its rows asked, and only then does one begin.
//!
//! A target that is behind, or new, is not in its own way, so it catches up at once with what the others have
//! finished. One that is ahead stays where it is. What a target leaves out, or takes back, nobody waits for.

use std::collections::BTreeMap;
use std::fmt;

use crate::advance::{Next, next};
use crate::dialect::Direction;
use crate::migration::Change;
use crate::problem::Exit;
use crate::progress::{Intent, Progress};
use crate::protocol::Stage;
use crate::vector::Vector;

/// How far one change has come on one target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Steps that are done, with the barrier behind the last of them.
    pub settled: usize,
    /// Steps that are done or begun.
    pub begun: usize,
    /// Whether the target leaves the change out, or takes it back.
    pub aside: bool,
}

/// How far each change has come on one target, by its id.
pub type Places = BTreeMap<String, Place>;

/// Where one target stands, from its ledger's rows and the checkout.
pub fn places(rows: &[Progress], checkout: &Vector) -> Places {
    let place = |(index, row): (usize, &Progress)| {
        let undrained = usize::from(row.intent == Intent::Drain);
        let half = usize::from(is_half_done(row));
        let place = Place {
            settled: row.position.saturating_sub(undrained),
            begun: row.position + half,
            aside: matches!(next(rows, index, checkout), Next::Back(_) | Next::Void(_)),
        };
        (row.change.id.clone(), place)
    };
    rows.iter().enumerate().map(place).collect()
}

/// Whether the step behind the last one was begun.
fn is_half_done(row: &Progress) -> bool {
    row.is_half_way() && row.direction == Direction::Up && row.next().is_some()
}

/// What a run over several targets is at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pace {
    /// Everybody is asked, and nobody begins.
    Asking,
    /// Whoever may goes on.
    Going,
    /// One or more have failed: whoever is at work finishes its step, and nobody begins another.
    Halting(Vec<String>),
}

/// The targets of a run, and how far each has come.
#[derive(Clone, Debug)]
pub struct Board {
    direction: Direction,
    pace: Pace,
    targets: BTreeMap<String, Places>,
}

/// Why a target does not begin a step now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Not every target has been asked yet.
    Asking,
    /// These targets have failed.
    Failed(Vec<String>),
    /// These targets have not finished what comes before a stage; on the way back, not left what comes behind it.
    Behind {
        /// The stage that it would enter; on the way back, the one that it would leave.
        stage: Stage,
        /// Which way.
        direction: Direction,
        /// The targets that it waits for.
        targets: Vec<String>,
    },
}

impl Board {
    /// Targets of which nothing is known yet; none may begin.
    pub fn new<'a>(direction: Direction, targets: impl IntoIterator<Item = &'a str>) -> Board {
        let targets = targets.into_iter().map(|name| (name.to_owned(), Places::new()));
        Board { direction, pace: Pace::Asking, targets: targets.collect() }
    }

    /// Everybody was asked: whoever may begins.
    pub fn go(&mut self) {
        self.pace = Pace::Going;
    }

    /// A target has failed: nobody begins another step. While everybody is asked nobody would, and whoever fails too
    /// is heard.
    pub fn halt(&mut self, target: &str) {
        match &mut self.pace {
            Pace::Asking => {}
            Pace::Going => self.pace = Pace::Halting(vec![target.to_owned()]),
            Pace::Halting(failed) => failed.push(target.to_owned()),
        }
    }

    /// Whether everybody is being asked still.
    pub fn is_asking(&self) -> bool {
        self.pace == Pace::Asking
    }

    /// Whether a target has failed.
    pub fn is_halting(&self) -> bool {
        matches!(self.pace, Pace::Halting(_))
    }

    /// How far a target has come.
    pub fn record(&mut self, target: &str, places: Places) {
        self.targets.insert(target.to_owned(), places);
    }

    /// A target that has nothing to do in this run: nobody waits for it.
    pub fn leave_out(&mut self, target: &str) {
        self.targets.remove(target);
    }

    /// Why the next step of a change may not begin on a target (on the way back: not be undone); nothing: it may.
    /// Where the target itself stands its row says, which is newer than what was recorded.
    pub fn hold(&self, target: &str, row: &Progress, direction: Direction) -> Option<Hold> {
        match &self.pace {
            Pace::Asking => return Some(Hold::Asking),
            Pace::Halting(failed) => return Some(Hold::Failed(failed.clone())),
            Pace::Going => {}
        }
        // What is given up within an `apply` is taken back on whichever target has begun it, alone.
        if direction != self.direction {
            return None;
        }
        let step = match direction {
            Direction::Up => row.position,
            Direction::Down if is_half_done(row) => row.position,
            Direction::Down => row.position.checked_sub(1)?,
        };
        let stage = row.change.steps.get(step)?.stage;
        let place = |places: &Places| places.get(&row.change.id).copied().unwrap_or_default();
        let holds = |places: &Places| is_in_the_way(&row.change, stage, direction, place(places));
        let others = self.targets.iter().filter(|(name, _)| *name != target);
        let targets = others.filter(|(_, places)| holds(places));
        let targets: Vec<_> = targets.map(|(name, _)| name.clone()).collect();
        (!targets.is_empty()).then_some(Hold::Behind { stage, direction, targets })
    }

    /// The last stage of a change that all targets have finished; nothing where they have not finished the first.
    pub fn finished(&self, change: &Change) -> Option<Stage> {
        let done = |places: &Places| match places.get(&change.id) {
            Some(place) if place.aside => change.steps.len(),
            Some(place) => place.settled,
            None => 0,
        };
        let done = self.targets.values().map(done).min()?;
        let stages = change.steps.iter().map(|step| step.stage);
        stages.filter(|stage| first_behind(change, *stage) <= done).max()
    }
}

/// Whether a target that has come so far keeps the others from entering a stage, or on the way back from leaving it.
pub fn is_in_the_way(change: &Change, stage: Stage, direction: Direction, place: Place) -> bool {
    match direction {
        Direction::Up => !place.aside && place.settled < first_of(change, stage),
        Direction::Down => place.begun > first_behind(change, stage),
    }
}

/// How many steps come before a stage.
fn first_of(change: &Change, stage: Stage) -> usize {
    change.steps.iter().take_while(|step| step.stage < stage).count()
}

/// How many steps there are up to the end of a stage.
fn first_behind(change: &Change, stage: Stage) -> usize {
    change.steps.iter().take_while(|step| step.stage <= stage).count()
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::Asking => write!(f, "every target is asked before one begins"),
            Hold::Failed(targets) => write!(f, "{} failed", named(targets)),
            Hold::Behind { stage, direction: Direction::Up, targets } => {
                write!(f, "{stage} begins when {} {} there", named(targets), come(targets))
            }
            Hold::Behind { stage, direction: Direction::Down, targets } => {
                write!(f, "{stage} is undone when {} {} there", named(targets), come(targets))
            }
        }
    }
}

fn come(targets: &[String]) -> &'static str {
    if targets.len() == 1 { "has come" } else { "have come" }
}

/// How many names are listed; the others are counted.
const LISTED: usize = 3;

/// Targets by name, where they are few: `eu-1, eu-2 and 35 others`.
pub fn named<S: AsRef<str>>(targets: &[S]) -> String {
    let names: Vec<_> = targets.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => "no target".to_owned(),
        [one] => (*one).to_owned(),
        [names @ .., last] if names.len() < LISTED => format!("{} and {last}", names.join(", ")),
        names => {
            let (listed, others) = names.split_at(LISTED - 1);
            format!("{} and {} others", listed.join(", "), others.len())
        }
    }
}

/// How a run ends of which several targets have failed, each in its way: a bug before everything, then the highest
/// code; that somebody interrupted it says the least.
pub fn worst(exits: impl IntoIterator<Item = Exit>) -> Option<Exit> {
    let rank = |exit: &Exit| match exit {
        Exit::Bug => u8::MAX,
        Exit::Interrupted => 1,
        exit => *exit as u8,
    };
    exits.into_iter().max_by_key(rank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::State;
    use crate::lock::Lock;
    use crate::plan::{Wish, plan};
    use crate::protocol::{CHANGES, STAGES};
    use crate::schema::{Column, Schema, Table};
    use crate::types::{ColumnType, Database};

    /// The change that adds a required column: expand, expand, backfill, backfill, enforce, enforce.
    fn adding() -> (Change, Vector) {
        let mut lock = Lock { databases: vec![Database::Sqlite], ..Lock::default() };
        let mut last = None;
        for columns in [vec![], vec![State::Adding]] {
            let text = || ColumnType::Known("text".into());
            let id = [Column::new("id", text())].into_iter();
            let handle =
                columns.into_iter().map(|state| Column { state, ..Column::new("h", text()) });
            let table = Table {
                primary_key: vec!["id".into()],
                columns: id.chain(handle).collect(),
                ..Table::new("t")
            };
            let outcome = plan(&lock, &Schema::of(vec![table]), Wish::default());
            let outcome = outcome.expect("a legal edit");
            lock.schema = outcome.schema;
            let migration = outcome.migration.expect("something changes");
            let id = migration.manifest.id.clone();
            lock.migrations.push(crate::lock::Recorded { id, hash: migration.hash() });
            last = migration.manifest.changes.last().cloned();
        }
        (last.expect("there is a change"), Vector::of_schema("p", &lock.schema))
    }

    fn at(position: usize) -> Progress {
        Progress { position, ..Progress::of(adding().0, "0002_add_t_h") }
    }

    /// A board on which the targets have come so far, going.
    fn board(direction: Direction, positions: &[usize]) -> Board {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let mut board = Board::new(direction, NAMES.into_iter().take(positions.len()));
        let checkout = adding().1;
        for (name, position) in NAMES.iter().zip(positions) {
            board.record(name, places(&[at(*position)], &checkout));
        }
        board.go();
        board
    }

    fn behind(hold: Option<Hold>) -> Vec<String> {
        match hold {
            Some(Hold::Behind { targets, .. }) => targets,
            Some(other) => panic!("{other}"),
            None => Vec::new(),
        }
    }

    /// What everything here rests on: stages follow one another.
    #[test]
    fn the_steps_of_every_change_are_in_the_order_of_stages() {
        for row in CHANGES {
            assert!(row.steps.is_sorted_by_key(|(_, stage)| *stage), "{:?}", row.kind);
        }
        assert!(STAGES.is_sorted_by_key(|(stage, ..)| *stage));
    }

    #[test]
    fn nobody_enters_a_stage_before_all_have_finished_the_one_before() {
        for (own, others, expected) in [
            // Within a stage, and in the first, nobody waits.
            (0, [0, 0], &[][..]),
            (1, [0, 0], &[]),
            (3, [2, 2], &[]),
            // Before the next one everybody does.
            (2, [1, 2], &["b"]),
            (2, [0, 1], &["b", "c"]),
            (2, [2, 2], &[]),
            (4, [4, 3], &["c"]),
            (4, [6, 4], &[]),
        ] {
            let board = board(Direction::Up, &[own, others[0], others[1]]);
            let found = behind(board.hold("a", &at(own), Direction::Up));
            assert_eq!(found, expected, "{own} beside {others:?}");
        }
    }

    /// Whatever the order in which targets move, one of them can: nobody waits for ever.
    #[test]
    fn the_furthest_behind_may_always_go_on() {
        let last = adding().0.steps.len();
        for a in 0..=last {
            for b in 0..=last {
                for c in 0..=last {
                    let board = board(Direction::Up, &[a, b, c]);
                    let targets = [("a", a), ("b", b), ("c", c)];
                    let (name, least) = targets.into_iter().min_by_key(|t| t.1).expect("three");
                    if least < last {
                        assert_eq!(
                            board.hold(name, &at(least), Direction::Up),
                            None,
                            "{targets:?}"
                        );
                    }
                    let board = Board { direction: Direction::Down, ..board };
                    let (name, most) = targets.into_iter().max_by_key(|t| t.1).expect("three");
                    if most > 0 {
                        assert_eq!(
                            board.hold(name, &at(most), Direction::Down),
                            None,
                            "{targets:?}"
                        );
                    }
                }
            }
        }
    }

    /// A new target has every stage before it that the others have finished.
    #[test]
    fn a_new_target_catches_up_and_the_others_wait_for_it() {
        let board = board(Direction::Up, &[4, 4, 0]);
        for position in 0..4 {
            assert_eq!(board.hold("c", &at(position), Direction::Up), None, "{position}");
        }
        assert_eq!(behind(board.hold("a", &at(4), Direction::Up)), ["c"]);
    }

    #[test]
    fn a_stage_is_left_when_all_have_left_those_behind_it() {
        let board = board(Direction::Down, &[4, 5, 2]);
        assert_eq!(behind(board.hold("a", &at(4), Direction::Down)), ["b"]);
        assert_eq!(behind(board.hold("c", &at(2), Direction::Down)), ["a", "b"]);
        assert_eq!(board.hold("b", &at(5), Direction::Down), None);
        assert_eq!(board.hold("a", &at(0), Direction::Down), None);
    }

    /// A step that was begun is in its stage; and a window that moved is not done before its barrier is passed.
    #[test]
    fn what_is_half_done_counts_on_either_way() {
        let checkout = adding().1;
        let half = Progress { piece: 1, ..at(4) };
        let mut board = board(Direction::Down, &[4, 0]);
        board.record("b", places(std::slice::from_ref(&half), &checkout));
        assert_eq!(behind(board.hold("a", &at(4), Direction::Down)), ["b"]);
        assert_eq!(board.hold("b", &half, Direction::Down), None);
        let draining = Progress { intent: Intent::Drain, ..at(2) };
        let mut board = Board { direction: Direction::Up, ..board };
        board.record("b", places(&[draining], &checkout));
        assert_eq!(behind(board.hold("a", &at(2), Direction::Up)), ["b"]);
    }

    #[test]
    fn who_leaves_a_change_out_is_waited_for_by_nobody() {
        let mut board = board(Direction::Up, &[4, 4]);
        let aside = Place { aside: true, ..Place::default() };
        board.record("b", [(at(0).change.id, aside)].into());
        assert_eq!(board.hold("a", &at(4), Direction::Up), None);
        board.record("b", Places::new());
        assert_eq!(behind(board.hold("a", &at(4), Direction::Up)), ["b"]);
        board.leave_out("b");
        assert_eq!(board.hold("a", &at(4), Direction::Up), None);
    }

    #[test]
    fn nobody_begins_before_all_were_asked_nor_after_one_has_failed() {
        let mut board = Board::new(Direction::Up, ["a", "b"]);
        board.halt("b");
        assert_eq!(board.hold("a", &at(0), Direction::Up), Some(Hold::Asking));
        assert!(!board.is_halting());
        board.go();
        assert_eq!(board.hold("a", &at(0), Direction::Up), None);
        // What an `apply` takes back waits for no stage, but for everybody's being asked.
        assert_eq!(board.hold("a", &at(3), Direction::Down), None);
        board.halt("b");
        board.halt("a");
        let failed = Hold::Failed(vec!["b".into(), "a".into()]);
        for direction in [Direction::Up, Direction::Down] {
            assert_eq!(board.hold("a", &at(3), direction), Some(failed.clone()));
        }
        assert!(board.is_halting());
    }

    #[test]
    fn a_stage_is_finished_when_all_have_finished_it() {
        let change = adding().0;
        for (positions, expected) in [
            ([1, 6], None),
            ([2, 6], Some(Stage::Expand)),
            ([5, 4], Some(Stage::Backfill)),
            ([6, 6], Some(Stage::Enforce)),
        ] {
            let found = board(Direction::Up, &positions).finished(&change);
            assert_eq!(found, expected, "{positions:?}");
        }
    }

    #[test]
    fn few_are_named_and_many_are_counted() {
        for (targets, expected) in [
            (&["a"][..], "a"),
            (&["a", "b"], "a and b"),
            (&["a", "b", "c"], "a, b and c"),
            (&["a", "b", "c", "d"], "a, b and 2 others"),
        ] {
            assert_eq!(named(targets), expected);
        }
    }

    #[test]
    fn the_worst_end_is_that_of_the_run() {
        let of = |exits: &[Exit]| worst(exits.iter().copied());
        assert_eq!(of(&[Exit::Unreachable, Exit::StepFailed]), Some(Exit::StepFailed));
        assert_eq!(of(&[Exit::Interrupted, Exit::Unreachable]), Some(Exit::Unreachable));
        assert_eq!(of(&[Exit::Bug, Exit::Drift]), Some(Exit::Bug));
        assert_eq!(of(&[Exit::Interrupted]), Some(Exit::Interrupted));
        assert_eq!(of(&[]), None);
    }
}
