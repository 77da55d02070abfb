//! The life of a column, as data: states, legal moves, and the phase of a release in a change.
//!
//! These tables are the only place that knows them. The parser, the derive, the planner, the gate and
//! the documentation read them, and the tests iterate them. The phase table was derived by a model that
//! explored every interleaving (its ranges are the widest that are safe).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What the code does with a column, as the source spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There is no field.
    Absent,
    /// `#[colmig(adding)]`: written, not read yet.
    Adding,
    /// A plain field: read and written.
    Active,
    /// `#[colmig(deprecated)]`: still written, no longer read.
    Deprecated,
}

/// The facts of one state.
pub struct StateFacts {
    /// Which state.
    pub state: State,
    /// Its name in messages and in the lock file.
    pub word: &'static str,
    /// How a user writes it above a field.
    pub spelled: &'static str,
    /// What a build does with a required column in this state; see [`NullabilityFacts`] for the others.
    pub stand: Stand,
    /// Whether the field's type is `WriteOnly<T>`.
    pub write_only: bool,
    /// Whether the code reads the column.
    pub reads: bool,
    /// Whether the code writes the column.
    pub writes: bool,
}

/// The states, in the order of a life.
pub const STATES: &[StateFacts] = &[
    StateFacts {
        state: State::Absent,
        word: "absent",
        spelled: "no field",
        stand: Stand::Absent,
        write_only: false,
        reads: false,
        writes: false,
    },
    StateFacts {
        state: State::Adding,
        word: "adding",
        spelled: "#[colmig(adding)]",
        stand: Stand::Adding,
        write_only: true,
        reads: false,
        writes: true,
    },
    StateFacts {
        state: State::Active,
        word: "active",
        spelled: "no attribute",
        stand: Stand::Required,
        write_only: false,
        reads: true,
        writes: true,
    },
    StateFacts {
        state: State::Deprecated,
        word: "deprecated",
        spelled: "#[colmig(deprecated)]",
        stand: Stand::Deprecated,
        write_only: true,
        reads: false,
        writes: true,
    },
];

impl State {
    /// This state's row of [`STATES`].
    pub fn facts(self) -> &'static StateFacts {
        STATES.iter().find(|facts| facts.state == self).expect("every state has a row")
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().word)
    }
}

/// When a move is legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Where the database upholds the column for writers that do not name it: it is nullable without a
    /// backfill, has a constant default, or its table is new.
    Upheld,
    /// Where no writer is forced to name it: it is nullable, or has a default that is kept.
    Dispensable,
    /// Never; the remedy says what to write instead.
    Never,
}

impl When {
    /// Whether a move is legal for a column that writers may, or may not, leave out
    /// ([`Column::dispensable`](crate::schema::Column::dispensable)).
    pub fn holds(self, dispensable: bool) -> bool {
        match self {
            When::Always => true,
            When::Upheld | When::Dispensable => dispensable,
            When::Never => false,
        }
    }
}

/// What an edit of a column's state does to the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A migration begins, with the whole story in it.
    Begins,
    /// The change that is under way goes on; only the lock file moves.
    GoesOn,
    /// A change of mind.
    Abandons,
    /// Nothing.
    Nothing,
}

/// One row of the table of moves.
#[derive(Debug)]
pub struct Move {
    /// The recorded state.
    pub from: State,
    /// The state in the source.
    pub to: State,
    /// When it is legal.
    pub when: When,
    /// What it does.
    pub effect: Effect,
    /// What to write instead, where it is not legal.
    pub remedy: &'static str,
}

const ADD_FIRST: &str = "write `#[colmig(adding, backfill = \"…\")]` and `WriteOnly<T>` first; the plain field comes in the release after";
const DEPRECATE_FIRST: &str = "keep the field for one release as `#[colmig(deprecated)]` with `WriteOnly<T>`, so that it is still written while older releases read it";

/// Every pair of states.
pub const MOVES: &[Move] = &[
    Move {
        from: State::Absent,
        to: State::Absent,
        when: When::Always,
        effect: Effect::Nothing,
        remedy: "",
    },
    Move {
        from: State::Absent,
        to: State::Adding,
        when: When::Always,
        effect: Effect::Begins,
        remedy: "",
    },
    Move {
        from: State::Absent,
        to: State::Active,
        when: When::Upheld,
        effect: Effect::Begins,
        remedy: ADD_FIRST,
    },
    Move {
        from: State::Absent,
        to: State::Deprecated,
        when: When::Never,
        effect: Effect::Nothing,
        remedy: "a column that never was cannot be deprecated; delete the field, or add it with `#[colmig(adding)]`",
    },
    Move {
        from: State::Adding,
        to: State::Absent,
        when: When::Always,
        effect: Effect::Abandons,
        remedy: "",
    },
    Move {
        from: State::Adding,
        to: State::Adding,
        when: When::Always,
        effect: Effect::Nothing,
        remedy: "",
    },
    Move {
        from: State::Adding,
        to: State::Active,
        when: When::Always,
        effect: Effect::GoesOn,
        remedy: "",
    },
    Move {
        from: State::Adding,
        to: State::Deprecated,
        when: When::Never,
        effect: Effect::Nothing,
        remedy: "make it active first, or delete the field to abandon the change",
    },
    Move {
        from: State::Active,
        to: State::Absent,
        when: When::Dispensable,
        effect: Effect::Begins,
        remedy: DEPRECATE_FIRST,
    },
    Move {
        from: State::Active,
        to: State::Adding,
        when: When::Never,
        effect: Effect::Nothing,
        remedy: "an active column can become `deprecated`, not `adding`",
    },
    Move {
        from: State::Active,
        to: State::Active,
        when: When::Always,
        effect: Effect::Nothing,
        remedy: "",
    },
    Move {
        from: State::Active,
        to: State::Deprecated,
        when: When::Always,
        effect: Effect::Begins,
        remedy: "",
    },
    Move {
        from: State::Deprecated,
        to: State::Absent,
        when: When::Always,
        effect: Effect::GoesOn,
        remedy: "",
    },
    Move {
        from: State::Deprecated,
        to: State::Adding,
        when: When::Never,
        effect: Effect::Nothing,
        remedy: "delete the field and finish the drop, then add the column anew; or take the deprecation back by removing the attribute",
    },
    Move {
        from: State::Deprecated,
        to: State::Active,
        when: When::Always,
        effect: Effect::Abandons,
        remedy: "",
    },
    Move {
        from: State::Deprecated,
        to: State::Deprecated,
        when: When::Always,
        effect: Effect::Nothing,
        remedy: "",
    },
];

/// The row of [`MOVES`] for this pair.
pub fn move_between(from: State, to: State) -> &'static Move {
    MOVES.iter().find(|m| m.from == from && m.to == to).expect("every pair has a row")
}

/// The states of a column that is being replaced, and of the one that takes its place.
pub type Pair = (State, State);

/// Before a replacement: the code names the old column alone.
const OLD_ALONE: Pair = (State::Active, State::Absent);
/// The first half of a replacement: the code reads the old column and writes both.
const READS_OLD: Pair = (State::Active, State::Adding);
/// The second half: the code reads the new column and writes both.
const READS_NEW: Pair = (State::Deprecated, State::Active);
/// Behind a replacement: the code names the new column alone.
const NEW_ALONE: Pair = (State::Absent, State::Active);

/// The pairs in which both columns are there: each release reads exactly one of them.
pub const PAIRS: &[Pair] = &[READS_OLD, READS_NEW];

/// The legal moves of a pair from one release to the next: both columns move in one edit.
pub const PAIR_MOVES: &[(Pair, Pair)] = &[
    (READS_OLD, READS_OLD),
    (READS_OLD, READS_NEW),
    (READS_OLD, OLD_ALONE),
    (READS_NEW, READS_NEW),
    (READS_NEW, NEW_ALONE),
];

/// The moves that are legal besides where a trigger keeps both columns alike: releases that name one of them live
/// beside those that name the other, so that any release may be left out.
pub const PAIR_MOVES_BY_TRIGGER: &[(Pair, Pair)] = &[
    (OLD_ALONE, READS_OLD),
    (OLD_ALONE, READS_NEW),
    (OLD_ALONE, NEW_ALONE),
    (READS_OLD, NEW_ALONE),
];

/// Whether a pair may move so from one release to the next.
pub fn pair_may_move(before: Pair, after: Pair, by_trigger: bool) -> bool {
    let moved = (before, after);
    PAIR_MOVES.contains(&moved) || by_trigger && PAIR_MOVES_BY_TRIGGER.contains(&moved)
}

/// What to write, release by release, for a column that takes the place of another.
pub fn pair_remedies(old: &str, new: &str) -> [String; 2] {
    [
        format!(
            "first the code reads `{old}` and writes both: `{old}` plain, `{new}` with `#[colmig(adding)]`"
        ),
        format!(
            "then, in one edit a release later, it reads `{new}` and writes both: `#[colmig(deprecated)]` on `{old}`, `{new}` plain; then `{old}` is deleted"
        ),
    ]
}

/// Whether the code reckons with NULL in a column that it reads.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Nullability {
    /// `T`: no row has NULL.
    #[default]
    Relies,
    /// `RequiredOnWrite<T>`: the code writes none, and reads what others wrote.
    Upholds,
    /// `Option<T>`: the code reads and writes it.
    Loose,
}

/// The facts of one nullability.
pub struct NullabilityFacts {
    /// Which.
    pub nullability: Nullability,
    /// Its name in messages.
    pub word: &'static str,
    /// How a user writes the field's type.
    pub spelled: &'static str,
    /// What a build does with an active column of this nullability.
    pub stand: Stand,
    /// What it does with one that it writes and does not read, where that is not what its state says.
    pub unread: Option<Stand>,
}

/// The nullabilities, from the strictest.
pub const NULLABILITIES: &[NullabilityFacts] = &[
    NullabilityFacts {
        nullability: Nullability::Relies,
        word: "required",
        spelled: "T",
        stand: Stand::Required,
        unread: None,
    },
    NullabilityFacts {
        nullability: Nullability::Upholds,
        word: "required on write",
        spelled: "RequiredOnWrite<T>",
        stand: Stand::Row,
        unread: None,
    },
    NullabilityFacts {
        nullability: Nullability::Loose,
        word: "optional",
        spelled: "Option<T>",
        stand: Stand::Optional,
        unread: Some(Stand::Loose),
    },
];

impl Nullability {
    /// Its row of [`NULLABILITIES`].
    pub fn facts(self) -> &'static NullabilityFacts {
        NULLABILITIES
            .iter()
            .find(|facts| facts.nullability == self)
            .expect("every nullability has a row")
    }
}

impl fmt::Display for Nullability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().word)
    }
}

/// One row of the table of moves between nullabilities of a column that stays active.
#[derive(Debug)]
pub struct NullMove {
    /// As it was recorded.
    pub from: Nullability,
    /// As it is in the source.
    pub to: Nullability,
    /// What the move does; [`Effect::Abandons`] is not among them, since the way back of each change is
    /// the way forth of the other.
    pub effect: Effect,
    /// What to write instead, where it is not legal.
    pub remedy: &'static str,
}

/// Every pair of nullabilities. Nothing goes from one end to the other at once: the release that is still
/// running writes NULL, or reads none.
pub const NULL_MOVES: &[NullMove] = &[
    null_move(Nullability::Relies, Nullability::Relies, Effect::Nothing, ""),
    null_move(Nullability::Relies, Nullability::Upholds, Effect::Begins, ""),
    null_move(
        Nullability::Relies,
        Nullability::Loose,
        Effect::Nothing,
        "write `RequiredOnWrite<T>` for one release, which reads NULL and writes none; the `Option<T>` comes in the release after",
    ),
    null_move(Nullability::Upholds, Nullability::Relies, Effect::GoesOn, ""),
    null_move(Nullability::Upholds, Nullability::Upholds, Effect::Nothing, ""),
    null_move(Nullability::Upholds, Nullability::Loose, Effect::GoesOn, ""),
    null_move(
        Nullability::Loose,
        Nullability::Relies,
        Effect::Nothing,
        "write `RequiredOnWrite<T>` with a `backfill` for one release, which still reads NULL and writes none; the `T` comes in the release after",
    ),
    null_move(Nullability::Loose, Nullability::Upholds, Effect::Begins, ""),
    null_move(Nullability::Loose, Nullability::Loose, Effect::Nothing, ""),
];

const fn null_move(
    from: Nullability,
    to: Nullability,
    effect: Effect,
    remedy: &'static str,
) -> NullMove {
    NullMove { from, to, effect, remedy }
}

/// The row of [`NULL_MOVES`] for this pair.
pub fn null_move_between(from: Nullability, to: Nullability) -> &'static NullMove {
    NULL_MOVES.iter().find(|m| m.from == from && m.to == to).expect("every pair has a row")
}

/// What one build does with one property: its state, and the shape of its type where it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stand {
    /// It does not name the column.
    Absent,
    /// It writes a `T` to the column and does not read it.
    Adding,
    /// It writes a `T` to the column and does not read it any more.
    Deprecated,
    /// It writes an `Option<T>` to the column, and does not read it, yet or any more.
    Loose,
    /// It reads and writes a `T`.
    Required,
    /// It reads and writes an `Option<T>`.
    Optional,
    /// `RequiredOnWrite<T>`: it writes a `T` and reads an `Option`.
    Row,
}

/// The stands with their words.
pub const STANDS: &[(Stand, &str)] = &[
    (Stand::Absent, "absent"),
    (Stand::Adding, "adding"),
    (Stand::Deprecated, "deprecated"),
    (Stand::Loose, "loose"),
    (Stand::Required, "required"),
    (Stand::Optional, "optional"),
    (Stand::Row, "row"),
];

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, word) =
            STANDS.iter().find(|(stand, _)| stand == self).expect("every stand has a row");
        f.write_str(word)
    }
}

impl FromStr for Stand {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        let found = STANDS.iter().find(|(_, w)| *w == word);
        found.map(|(stand, _)| *stand).ok_or_else(|| format!("`{word}` is no stand"))
    }
}

/// How a struct uses its table.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// It inserts, updates and reads.
    #[default]
    Writer,
    /// It names some columns of a table that another struct owns; it updates and never inserts.
    Partial,
    /// It only reads.
    ReadOnly,
}

/// The phases of one change that a release stands in, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PhaseRange {
    /// The lowest phase.
    pub low: u8,
    /// The highest phase.
    pub high: u8,
}

impl PhaseRange {
    /// What two ranges share.
    pub fn intersect(self, other: PhaseRange) -> Option<PhaseRange> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        (low <= high).then_some(PhaseRange { low, high })
    }
}

impl fmt::Display for PhaseRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            write!(f, "{}", self.low)
        } else {
            write!(f, "{}..{}", self.low, self.high)
        }
    }
}

/// Which releases one change can live with: from a stand to the phases in which it is safe.
///
/// It is written as text (`absent:0 adding,row:1 required:2`), and copied into the ledger in that form
/// with each change: so the applier can judge a build that is older than the change, and an old
/// library a change that it has never heard of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// The last phase.
    pub last: u8,
    /// For structs that insert.
    pub writer: PhaseMap,
    /// For structs that update and never insert.
    pub partial: PhaseMap,
    /// For structs that only read.
    pub reader: PhaseMap,
    /// Where columns take the place of others: what matters then is what a struct does with both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<PairPhases>,
}

/// What a struct does with a set of columns that share one life: those that are replaced, or those that take
/// their place. Whether its type allows for NULL matters only where it does not go with the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Use {
    /// It names none of them.
    None,
    /// It writes them and does not read them.
    Writes,
    /// It reads and writes them.
    Reads,
}

/// The uses with their words.
pub const USES: &[(Use, &str)] =
    &[(Use::None, "none"), (Use::Writes, "writes"), (Use::Reads, "reads")];

impl Use {
    /// What a struct with this access does with a column in which it stands so; `None` where it may write NULL
    /// and the column is required, or reads no NULL and the column may have it.
    pub fn of(access: Access, stand: Stand, required: bool) -> Option<Use> {
        match stand {
            Stand::Absent => Some(Use::None),
            Stand::Required if !required => None,
            Stand::Optional | Stand::Loose if required && access != Access::ReadOnly => None,
            Stand::Adding | Stand::Deprecated | Stand::Loose => Some(Use::Writes),
            Stand::Required | Stand::Optional | Stand::Row => Some(Use::Reads),
        }
    }
}

impl FromStr for Use {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        let found = USES.iter().find(|(_, w)| *w == word);
        found.map(|(used, _)| *used).ok_or_else(|| format!("`{word}` is no use of a column"))
    }
}

/// The phases of structs by what they do with the old columns and with the new ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairPhases {
    /// For structs that insert.
    pub writer: PairMap,
    /// For structs that update and never insert.
    pub partial: PairMap,
    /// For structs that only read.
    pub reader: PairMap,
}

impl PairPhases {
    /// The phases of a struct with this access that does this with the old columns and that with the new ones;
    /// `None` means that no phase is safe.
    pub fn of(&self, access: Access, old: Use, new: Use) -> Option<PhaseRange> {
        let map = match access {
            Access::Writer => &self.writer,
            Access::Partial => &self.partial,
            Access::ReadOnly => &self.reader,
        };
        map.0.get(&(old, new)).copied()
    }
}

/// Pairs of uses and their phases, in a text form: `reads/none:0 reads/writes:1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PairMap(BTreeMap<(Use, Use), PhaseRange>);

impl FromStr for PairMap {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut map = BTreeMap::new();
        for item in text.split_whitespace() {
            let wrong = || format!("`{item}` should read `use/use:low-high`");
            let (pair, range) = item.split_once(':').ok_or_else(wrong)?;
            let (old, new) = pair.split_once('/').ok_or_else(wrong)?;
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let low = low.parse().map_err(|_| wrong())?;
            let high = high.parse().map_err(|_| wrong())?;
            map.insert((old.parse()?, new.parse()?), PhaseRange { low, high });
        }
        Ok(PairMap(map))
    }
}

impl TryFrom<String> for PairMap {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<PairMap> for String {
    fn from(map: PairMap) -> String {
        let word = |used: Use| {
            USES.iter().find(|(known, _)| *known == used).expect("every use has a row").1
        };
        let items = map.0.iter().map(|((old, new), range)| {
            format!("{}/{}:{}-{}", word(*old), word(*new), range.low, range.high)
        });
        items.collect::<Vec<_>>().join(" ")
    }
}

impl Phases {
    /// The phases of a struct with this access and this stand; `None` means that no phase is safe.
    pub fn of(&self, access: Access, stand: Stand) -> Option<PhaseRange> {
        let map = match access {
            Access::Writer => &self.writer,
            Access::Partial => &self.partial,
            Access::ReadOnly => &self.reader,
        };
        map.0.get(&stand).copied()
    }

    /// Every phase: for a build that does not link the table.
    pub fn anywhere(&self) -> PhaseRange {
        PhaseRange { low: 0, high: self.last }
    }
}

/// Stands and their phases, in the text form of [`Phases`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhaseMap(BTreeMap<Stand, PhaseRange>);

impl PhaseMap {
    /// Adds the stands of a text, or gives them other phases.
    pub fn extend(&mut self, text: &str) {
        let more =
            text.parse::<PhaseMap>().expect("the table is well-formed: a test reads all of it");
        self.0.extend(more.0);
    }
}

impl FromStr for PhaseMap {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut map = BTreeMap::new();
        for item in text.split_whitespace() {
            let wrong = || format!("`{item}` should read `stand,stand:low-high`");
            let (stands, range) = item.split_once(':').ok_or_else(wrong)?;
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let low = low.parse().map_err(|_| wrong())?;
            let high = high.parse().map_err(|_| wrong())?;
            for stand in stands.split(',') {
                map.insert(stand.parse()?, PhaseRange { low, high });
            }
        }
        Ok(PhaseMap(map))
    }
}

impl TryFrom<String> for PhaseMap {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<PhaseMap> for String {
    fn from(map: PhaseMap) -> String {
        let words =
            map.0.iter().map(|(stand, range)| format!("{stand}:{}-{}", range.low, range.high));
        words.collect::<Vec<_>>().join(" ")
    }
}

/// One row of the phase table as it is written down; a stand that is missing has no safe phase.
pub struct PhaseRow {
    /// The last phase.
    pub last: u8,
    /// Structs that insert.
    pub writer: &'static str,
    /// Structs that update and never insert; empty where they count as writers.
    pub partial: &'static str,
    /// Structs that only read.
    pub reader: &'static str,
}

impl PhaseRow {
    /// The row, parsed.
    pub fn phases(&self) -> Phases {
        let parse = |text: &str| {
            text.parse::<PhaseMap>().expect("the table is well-formed: a test reads all of it")
        };
        let partial = if self.partial.is_empty() { self.writer } else { self.partial };
        Phases {
            last: self.last,
            writer: parse(self.writer),
            partial: parse(partial),
            reader: parse(self.reader),
            pairs: None,
        }
    }
}

/// One row of the phase table of changes in which columns take the place of others.
pub struct PairRow {
    /// Structs that insert.
    pub writer: &'static str,
    /// What else they may do where the old columns need no value.
    pub writer_of_dispensable: &'static str,
    /// Structs that update and never insert.
    pub partial: &'static str,
    /// Structs that only read.
    pub reader: &'static str,
}

impl PairRow {
    /// The row, parsed; whether the old columns need no value of a writer decides about one that names neither.
    pub fn phases(&self, dispensable: bool) -> PairPhases {
        let parse = |text: &str| {
            text.parse::<PairMap>().expect("the table is well-formed: a test reads all of it")
        };
        let mut writer = parse(self.writer);
        if dispensable {
            writer.0.extend(parse(self.writer_of_dispensable).0);
        }
        PairPhases { writer, partial: parse(self.partial), reader: parse(self.reader) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_states_has_exactly_one_move() {
        for from in STATES {
            for to in STATES {
                let rows = MOVES.iter().filter(|m| m.from == from.state && m.to == to.state);
                assert_eq!(rows.count(), 1, "{} → {}", from.word, to.word);
            }
        }
    }

    #[test]
    fn a_move_that_may_be_refused_says_what_to_write_instead() {
        for m in MOVES {
            assert_eq!(m.when == When::Always, m.remedy.is_empty(), "{} → {}", m.from, m.to);
        }
    }

    /// A release reads one of the two columns and writes both; from one pair it goes to the next, or out.
    #[test]
    fn a_pair_reads_one_of_its_columns_and_moves_to_where_a_pair_or_one_column_is() {
        for (old, new) in PAIRS {
            assert!(
                old.facts().reads != new.facts().reads && old.facts().writes && new.facts().writes
            );
        }
        for (before, after) in PAIR_MOVES_BY_TRIGGER {
            assert!(PAIRS.contains(before) || *before == OLD_ALONE);
            assert!(PAIRS.contains(after) || *after == NEW_ALONE);
            assert!(!pair_may_move(*before, *after, false) && pair_may_move(*before, *after, true));
        }
        for (before, after) in PAIR_MOVES {
            assert!(PAIRS.contains(before));
            let one_is_left = (after.0 == State::Absent) != (after.1 == State::Absent);
            assert!(PAIRS.contains(after) || one_is_left, "{after:?}");
        }
    }

    #[test]
    fn every_pair_of_nullabilities_has_exactly_one_move_and_each_end_is_reached_by_the_middle() {
        for from in NULLABILITIES {
            for to in NULLABILITIES {
                let rows = NULL_MOVES
                    .iter()
                    .filter(|m| m.from == from.nullability && m.to == to.nullability);
                assert_eq!(rows.count(), 1, "{} → {}", from.word, to.word);
            }
        }
        for m in NULL_MOVES {
            let is_a_leap =
                m.from != m.to && m.from != Nullability::Upholds && m.to != Nullability::Upholds;
            assert_eq!(is_a_leap, !m.remedy.is_empty(), "{} → {}", m.from, m.to);
            assert_eq!(m.effect == Effect::Nothing, is_a_leap || m.from == m.to);
        }
    }

    #[test]
    fn write_only_states_write_and_do_not_read() {
        for facts in STATES {
            assert_eq!(facts.write_only, facts.writes && !facts.reads, "{}", facts.word);
        }
    }

    #[test]
    fn phase_maps_survive_their_text_form() {
        let map: PhaseMap = "absent:0-2 adding,row:1 required:2".parse().expect("well-formed");
        assert_eq!(String::from(map.clone()).parse::<PhaseMap>(), Ok(map));
        let pairs: PairMap = "reads/none:0 writes/writes:1-2".parse().expect("well-formed");
        assert_eq!(String::from(pairs.clone()).parse::<PairMap>(), Ok(pairs));
        assert!("reads:1".parse::<PairMap>().is_err());
        assert!("absent".parse::<PhaseMap>().is_err());
        assert!("blue:1".parse::<PhaseMap>().is_err());
    }
}
