//! The rollout protocol, as data: each kind of change, its steps in order, and what each step does.
//!
//! The planner writes these steps into a migration, the applier executes them, `plan` prints them and
//! the tests iterate them. Why this order is safe was model-checked; the orders here are linear
//! extensions of the constraints that the model found, and nobody reorders them by hand.

mod kinds;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use kinds::{CHANGES, ChangeFacts, ChangeKind, REPLACE, Subject};

/// A step's place in the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Something is added that nobody relies on.
    Expand,
    /// Existing rows get their values.
    Backfill,
    /// The database begins to guarantee what all writers uphold.
    Enforce,
    /// What nobody uses any more goes away.
    Contract,
}

/// The stages with their numbers and words, as in the names of migration files.
pub const STAGES: &[(Stage, u8, &str)] = &[
    (Stage::Expand, 1, "expand"),
    (Stage::Backfill, 2, "backfill"),
    (Stage::Enforce, 3, "enforce"),
    (Stage::Contract, 4, "contract"),
];

impl Stage {
    /// Its number, 1 to 4.
    pub fn number(self) -> u8 {
        STAGES.iter().find(|row| row.0 == self).expect("every stage has a row").1
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STAGES.iter().find(|row| row.0 == *self).expect("every stage has a row").2)
    }
}

/// One act. The text form (`admit 1`) is what migrations, the ledger, `--to` and messages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Act {
    /// Creates the table.
    CreateTable,
    /// Adds the column: nullable, or with its constant default.
    Add,
    /// Records the change with the window 0..1; its phase 1 needs nothing from the schema.
    Begin,
    /// Raises the ceiling: schema and data are ready for this phase.
    Admit(u8),
    /// Raises the floor: no live instance is below this phase.
    Require(u8),
    /// Makes the trigger that keeps columns and what takes their place alike, whichever of them is written.
    Trigger,
    /// Fills existing rows in batches, and verifies every row.
    Backfill,
    /// Sets NOT NULL, or makes the constraint.
    Enforce,
    /// Drops NOT NULL, or the constraint.
    Relax,
    /// Drops the column, and in the same transaction the trigger that kept it alike with another. Where it is of the
    /// primary key, what takes its place is the key from then on.
    Drop,
    /// Makes the index, or the unique one of a key that takes another one's place.
    Index,
    /// Drops the index.
    Unindex,
    /// Gives the column its new default, or none.
    Default,
    /// Drops the table.
    DropTable,
    /// Takes back the change before it on the same property.
    Abandon,
    /// Creates the enum type.
    CreateType,
    /// Adds a value to the enum type.
    AddValue,
}

/// The facts of one kind of act.
pub struct ActFacts {
    /// The act; of [`Act::Admit`] and [`Act::Require`] any one.
    pub act: Act,
    /// Its word; a phase follows where the act has one.
    pub word: &'static str,
    /// Whether a schema statement is executed.
    pub schema: bool,
    /// What going back does to it, for `plan` and `rollback`.
    pub undo: Undo,
}

/// How one step is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// By a schema statement that loses nothing.
    Statement,
    /// By a schema statement that loses what was written to the column (or table) since.
    LosesColumn,
    /// By lowering the ceiling, once no live instance stands above.
    Unadmit,
    /// By lowering the floor; free, but it voids the backfill's progress.
    Unrequire,
    /// By dropping the trigger, which voids the backfill's progress: older writers fill one column only.
    Untrigger,
    /// There is nothing to take back.
    Nothing,
    /// By refilling rows without a value from `reverse`, then NOT NULL again.
    Refill,
    /// Not at all, and it does no harm: nobody uses what is left.
    Stays,
    /// Not at all: the point of no return.
    Impossible,
}

impl Undo {
    /// The undo in words.
    pub fn words(self) -> &'static str {
        match self {
            Undo::Statement => "a statement that loses nothing",
            Undo::LosesColumn => "drops it again, with what was written to it since",
            Undo::Unadmit => "closes the window above, once no live instance stands there",
            Undo::Unrequire => "opens the window below; a later backfill starts again",
            Undo::Untrigger => "drops the trigger; a later backfill starts again",
            Undo::Nothing => "nothing to undo",
            Undo::Refill => "fills rows without a value from `reverse`, then NOT NULL again",
            Undo::Stays => {
                "the value stays in the type, and nobody uses it: PostgreSQL cannot take one out"
            }
            Undo::Impossible => "none: the point of no return",
        }
    }
}

/// Every kind of act.
pub const ACTS: &[ActFacts] = &[
    ActFacts { act: Act::CreateTable, word: "create", schema: true, undo: Undo::LosesColumn },
    ActFacts { act: Act::Add, word: "add", schema: true, undo: Undo::LosesColumn },
    ActFacts { act: Act::Begin, word: "begin", schema: false, undo: Undo::Nothing },
    ActFacts { act: Act::Admit(0), word: "admit", schema: false, undo: Undo::Unadmit },
    ActFacts { act: Act::Require(0), word: "require", schema: false, undo: Undo::Unrequire },
    ActFacts { act: Act::Trigger, word: "trigger", schema: true, undo: Undo::Untrigger },
    ActFacts { act: Act::Backfill, word: "backfill", schema: false, undo: Undo::Nothing },
    ActFacts { act: Act::Enforce, word: "enforce", schema: true, undo: Undo::Statement },
    ActFacts { act: Act::Relax, word: "relax", schema: true, undo: Undo::Refill },
    ActFacts { act: Act::Drop, word: "drop", schema: true, undo: Undo::Impossible },
    ActFacts { act: Act::Index, word: "index", schema: true, undo: Undo::Statement },
    ActFacts { act: Act::Unindex, word: "unindex", schema: true, undo: Undo::Statement },
    ActFacts { act: Act::Default, word: "default", schema: true, undo: Undo::Statement },
    ActFacts { act: Act::DropTable, word: "retire", schema: true, undo: Undo::Impossible },
    ActFacts { act: Act::Abandon, word: "abandon", schema: false, undo: Undo::Nothing },
    ActFacts { act: Act::CreateType, word: "create_type", schema: true, undo: Undo::Statement },
    ActFacts { act: Act::AddValue, word: "add_value", schema: true, undo: Undo::Stays },
];

impl Act {
    /// This act's row of [`ACTS`].
    pub fn facts(self) -> &'static ActFacts {
        let kind = std::mem::discriminant(&self);
        ACTS.iter()
            .find(|row| std::mem::discriminant(&row.act) == kind)
            .expect("every act has a row")
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().word)?;
        match self {
            Act::Admit(phase) | Act::Require(phase) => write!(f, " {phase}"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Act {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (word, phase) = text.split_once(' ').unwrap_or((text, ""));
        let row = ACTS.iter().find(|row| row.word == word);
        let row = row.ok_or_else(|| format!("`{text}` is no step"))?;
        let number =
            || phase.parse().map_err(|_| format!("`{text}`: a phase must follow `{word}`"));
        match row.act {
            Act::Admit(_) => Ok(Act::Admit(number()?)),
            Act::Require(_) => Ok(Act::Require(number()?)),
            act => Ok(act),
        }
    }
}

impl TryFrom<String> for Act {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Act> for String {
    fn from(act: Act) -> String {
        act.to_string()
    }
}

/// The phases that may be live: floor..ceil, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The lowest phase that may run.
    pub floor: u8,
    /// The highest.
    pub ceil: u8,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.floor, self.ceil)
    }
}

/// The window after an act, given the one before it (`None`: the change has not started).
pub fn window_after(act: Act, before: Option<Window>) -> Window {
    let Window { floor, ceil } = before.unwrap_or(Window { floor: 0, ceil: 0 });
    match act {
        Act::Begin => Window { floor: 0, ceil: 1 },
        Act::Admit(phase) => Window { floor, ceil: phase },
        Act::Require(phase) => Window { floor: phase, ceil },
        _ => Window { floor, ceil },
    }
}

/// The window after the first `position` acts; `None` where that is none of them.
pub fn window_at(acts: impl IntoIterator<Item = Act>, position: usize) -> Option<Window> {
    acts.into_iter().take(position).fold(None, |window, act| Some(window_after(act, window)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{Access, STANDS, Stand};

    fn acts(row: &ChangeFacts) -> Vec<Act> {
        row.steps.iter().map(|(act, _)| *act).collect()
    }

    #[test]
    fn acts_survive_their_text_form() {
        for row in CHANGES {
            for act in acts(row) {
                assert_eq!(act.to_string().parse(), Ok(act));
            }
        }
        assert!("admit".parse::<Act>().is_err());
        assert!("frobnicate".parse::<Act>().is_err());
    }

    /// The windows of the protocol's page: begins, ends.
    #[test]
    fn windows_begin_and_end_as_the_protocol_says() {
        let expected = [
            (ChangeKind::CreateTable, (0, 0), (0, 1)),
            (ChangeKind::AddRequired, (0, 0), (1, 2)),
            (ChangeKind::AddNullable, (0, 0), (0, 1)),
            (ChangeKind::AddDefault, (0, 0), (0, 1)),
            (ChangeKind::AddVolatile, (0, 0), (0, 1)),
            (ChangeKind::AddGenerated, (0, 0), (0, 1)),
            (ChangeKind::AddOptional, (0, 0), (1, 2)),
            (ChangeKind::DropRequired, (0, 1), (2, 2)),
            (ChangeKind::DropNullable, (0, 1), (1, 1)),
            (ChangeKind::DropDefault, (0, 1), (1, 1)),
            (ChangeKind::Tighten, (0, 1), (1, 2)),
            (ChangeKind::Relax, (0, 1), (1, 2)),
            (ChangeKind::Replace, (0, 0), (3, 3)),
            (ChangeKind::ReplaceByTrigger, (0, 0), (3, 3)),
            (ChangeKind::ReplaceKey, (0, 0), (3, 3)),
            (ChangeKind::SetDefault, (0, 0), (0, 0)),
            (ChangeKind::RemoveDefault, (0, 1), (1, 1)),
            (ChangeKind::AddConstraint, (0, 1), (1, 2)),
            (ChangeKind::DropConstraint, (0, 1), (1, 2)),
            (ChangeKind::AddIndex, (0, 0), (0, 0)),
            (ChangeKind::DropIndex, (0, 0), (0, 0)),
            (ChangeKind::DropTable, (0, 1), (1, 1)),
            (ChangeKind::Abandon, (0, 0), (0, 0)),
            (ChangeKind::CreateType, (0, 0), (0, 1)),
            (ChangeKind::AddValue, (0, 0), (1, 2)),
            (ChangeKind::RetireValue, (0, 1), (1, 2)),
        ];
        assert_eq!(expected.len(), CHANGES.len());
        for (kind, first, last) in expected {
            let acts = acts(kind.facts());
            let at = |position| window_at(acts.clone(), position).map(|w| (w.floor, w.ceil));
            assert_eq!(at(0), None);
            assert_eq!((at(1), at(acts.len())), (Some(first), Some(last)), "{kind:?}");
        }
    }

    #[test]
    fn every_phase_has_its_words() {
        for row in CHANGES {
            assert_eq!(row.releases.len(), usize::from(row.phases.last) + 1, "{:?}", row.kind);
        }
    }

    /// A window is never wider than two adjacent phases unless a trigger keeps all of them alike, and never empty.
    #[test]
    fn windows_are_narrow() {
        for row in CHANGES {
            for position in 1..=row.steps.len() {
                let window = window_at(acts(row), position).expect("it has started");
                let width = window.ceil.checked_sub(window.floor).expect("it is not empty");
                assert!(width <= 1 || row.by_trigger(), "{:?} at {position}", row.kind);
                assert!(window.ceil <= row.phases.last);
            }
        }
    }

    /// The constraints of the model, for every chain: add < admit 1, require 1 < backfill < enforce <
    /// admit 2, relax < admit 2, the last require < drop; add < trigger < backfill, enforce < the last
    /// admit, and so the index of a key. Who does not name a column that has its default
    /// upholds it, so that its rows are filled without a `require`.
    #[test]
    fn chains_keep_the_models_constraints() {
        let before = |row: &ChangeFacts, a: Act, b: Act| {
            let at = |act| acts(row).iter().position(|x| *x == act);
            if let (Some(a), Some(b)) = (at(a), at(b)) {
                assert!(a < b, "{:?}", row.kind);
            }
        };
        for row in CHANGES {
            before(row, Act::Add, Act::Admit(1));
            before(row, Act::CreateTable, Act::Admit(1));
            before(row, Act::CreateType, Act::Admit(1));
            before(row, Act::AddValue, Act::Admit(1));
            before(row, Act::Require(1), Act::Backfill);
            before(row, Act::Backfill, Act::Admit(2));
            before(row, Act::Backfill, Act::Enforce);
            before(row, Act::Enforce, Act::Admit(2));
            before(row, Act::Relax, Act::Admit(row.phases.last));
            before(row, Act::Require(row.phases.last.saturating_sub(1)), Act::Relax);
            before(row, Act::Require(row.phases.last), Act::DropTable);
            before(row, Act::Require(row.phases.last), Act::Default);
            before(row, Act::Require(row.phases.last), Act::Drop);
            before(row, Act::Add, Act::Trigger);
            before(row, Act::Trigger, Act::Backfill);
            before(row, Act::Enforce, Act::Admit(row.phases.last));
            before(row, Act::Backfill, Act::Index);
            before(row, Act::Index, Act::Admit(row.phases.last));
        }
    }

    /// A constraint is to a table what NOT NULL is to a column; but that who is `adding` it keeps it, and who was
    /// `adding` what is tightened now wrote an `Option`.
    #[test]
    fn the_phases_of_a_constraint_are_those_of_not_null() {
        let pairs = [
            (ChangeKind::AddConstraint, ChangeKind::Tighten),
            (ChangeKind::DropConstraint, ChangeKind::Relax),
        ];
        for (guard, not_null) in pairs {
            let (guard, not_null) = (guard.phases(false), not_null.phases(false));
            for access in [Access::Writer, Access::Partial, Access::ReadOnly] {
                for stand in [Stand::Absent, Stand::Deprecated, Stand::Required] {
                    assert_eq!(guard.of(access, stand), not_null.of(access, stand));
                }
            }
        }
    }

    /// The pairs of a replacement, as the model derived them: a writer reads exactly one of the two, unless it
    /// reads neither and writes both, and who names neither must not have to.
    #[test]
    fn pairs_are_those_that_the_model_derived() {
        use crate::lifecycle::USES;
        let table = "
            writer  reads/none:0 reads/writes:1 reads/reads:x writes/none:0 writes/writes:1-2 writes/reads:2
                    none/none:x none/writes:3 none/reads:3
            partial reads/none:0 reads/writes:1 reads/reads:x writes/none:0 writes/writes:1-2 writes/reads:2
                    none/none:0-3 none/writes:3 none/reads:3
            reader  reads/none:0-1 reads/writes:0-1 reads/reads:x writes/none:0-3 writes/writes:0-3
                    writes/reads:2-3 none/none:0-3 none/writes:0-3 none/reads:2-3";
        let phases = REPLACE.phases(false);
        let mut cells = 0;
        let mut access = Access::Writer;
        for word in table.split_whitespace() {
            access = match word {
                "writer" => Access::Writer,
                "partial" => Access::Partial,
                "reader" => Access::ReadOnly,
                cell => {
                    let (pair, range) = cell.split_once(':').expect("a cell");
                    let (old, new) = pair.split_once('/').expect("a pair");
                    let of = |word: &str| word.parse().expect("a use");
                    let found = phases.of(access, of(old), of(new)).map_or_else(
                        || "x".to_owned(),
                        |range| range.to_string().replace("..", "-"),
                    );
                    assert_eq!(found, range, "{access:?} {pair}");
                    cells += 1;
                    access
                }
            };
        }
        assert_eq!(cells, 3 * USES.len() * USES.len());
        let none = crate::lifecycle::Use::None;
        let dispensable = REPLACE.phases(true).of(Access::Writer, none, none);
        assert_eq!(dispensable.map(|range| (range.low, range.high)), Some((0, 0)));
    }

    /// The phases of values, reasoned from who meets what: for each pair of builds that some window lets in
    /// together, no value is written that the other one cannot read.
    #[test]
    fn no_window_joins_who_writes_a_value_with_who_does_not_know_it() {
        let stands = [Stand::Absent, Stand::Adding, Stand::Required, Stand::Deprecated];
        let accesses = [Access::Writer, Access::Partial, Access::ReadOnly];
        for kind in [ChangeKind::AddValue, ChangeKind::RetireValue] {
            let (facts, phases) = (kind.facts(), kind.phases(false));
            for position in 1..=facts.steps.len() {
                let window = window_at(acts(facts), position).expect("it has started");
                let admitted = |access, stand| {
                    let range = phases.of(access, stand).expect("every stand has a phase");
                    range.low <= window.ceil && window.floor <= range.high
                };
                let writes =
                    |access| access != Access::ReadOnly && admitted(access, Stand::Required);
                let writer = accesses.into_iter().any(writes);
                let ignorant = accesses.into_iter().any(|access| admitted(access, Stand::Absent));
                assert!(!(writer && ignorant), "{kind:?} at {position}, {window}");
            }
            for (access, stand) in accesses.iter().flat_map(|a| stands.iter().map(move |s| (a, s)))
            {
                assert!(phases.of(*access, *stand).is_some(), "{kind:?} {access:?} {stand}");
            }
        }
    }

    /// The phase table, cell by cell as the model derived it (`x`: refused).
    #[test]
    fn phases_are_those_that_the_model_derived() {
        let table = "
            AddRequired  writer  absent:0 adding:1 deprecated:1 row:1 required:2 optional:x loose:x
            AddRequired  partial absent:0..2 adding:1 deprecated:1 row:1 required:2 optional:x loose:x
            AddRequired  reader  absent:0..2 adding:0..2 deprecated:0..2 optional:1..2 row:1..2 required:2 loose:0..2
            AddNullable  writer  absent:0 adding:1 deprecated:1 optional:1 row:1 required:x loose:1
            AddNullable  reader  absent:0..1 adding:0..1 deprecated:0..1 optional:1 row:1 required:x loose:0..1
            AddDefault   writer  absent:0 adding:1 deprecated:1 required:1 row:1 optional:x loose:x
            AddDefault   reader  absent:0..1 adding:0..1 deprecated:0..1 required:1 optional:1 row:1 loose:0..1
            DropRequired writer  required:0 deprecated:1 adding:1 row:1 absent:2 optional:x loose:x
            DropRequired partial required:0 deprecated:1 adding:1 row:1 absent:0..2 optional:x loose:x
            DropRequired reader  required:0 optional:0..1 row:0..1 absent:0..2 adding:0..2 deprecated:0..2 loose:0..2
            DropNullable writer  optional:0 deprecated:0 row:0 adding:0 absent:1 required:x loose:0
            DropNullable reader  optional:0 row:0 absent:0..1 adding:0..1 deprecated:0..1 required:x loose:0..1
            DropDefault  writer  required:0 deprecated:0 row:0 adding:0 absent:1 optional:x loose:x
            DropDefault  reader  required:0 optional:0 row:0 absent:0..1 adding:0..1 deprecated:0..1 loose:0..1
            Tighten      writer  absent:0 optional:0 row:1 adding:1 deprecated:1 required:2 loose:0
            Tighten      partial absent:0..2 optional:0 row:1 adding:1 deprecated:1 required:2 loose:0
            Tighten      reader  required:2 absent:0..2 optional:0..2 row:0..2 adding:0..2 deprecated:0..2 loose:0..2
            Relax        writer  required:0 row:1 adding:1 deprecated:1 optional:2 absent:2 loose:2
            Relax        partial required:0 row:1 adding:1 deprecated:1 optional:2 absent:0..2 loose:2
            Relax        reader  required:0 absent:0..2 optional:0..2 row:0..2 adding:0..2 deprecated:0..2 loose:0..2";
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.split_whitespace();
            let (kind, access) = (words.next().expect("kind"), words.next().expect("access"));
            let row = CHANGES.iter().find(|row| format!("{:?}", row.kind) == kind).expect("kind");
            let access = match access {
                "writer" => Access::Writer,
                "partial" => Access::Partial,
                _ => Access::ReadOnly,
            };
            let cells: Vec<_> = words.map(|w| w.split_once(':').expect("cell")).collect();
            assert_eq!(cells.len(), STANDS.len(), "{line}");
            for (stand, expected) in cells {
                let stand: Stand = stand.parse().expect("stand");
                let range = row.phases.phases().of(access, stand);
                let shown = range.map_or("x".to_owned(), |range| range.to_string());
                assert_eq!(shown, expected, "{kind} {access:?} {stand}");
            }
        }
    }
}
