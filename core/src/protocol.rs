//! The rollout protocol, as data: each kind of change, its steps in order, and what each step does.
//!
//! The planner writes these steps into a migration, the applier executes them, `plan` prints them and
//! the tests iterate them. Why this order is safe was model-checked; the orders here are linear
//! extensions of the constraints that the model found, and nobody reorders them by hand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::lifecycle::{PairRow, PhaseRow, Phases};

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

/// What a change does to its property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A table appears.
    CreateTable,
    /// A required column appears; existing rows are backfilled.
    AddRequired,
    /// A nullable column appears; writers that do not name it leave it NULL.
    AddNullable,
    /// A column with a constant default appears; the default is kept.
    AddDefault,
    /// A column appears whose default the database computes for each row; existing rows are backfilled from it.
    AddVolatile,
    /// A required column appears that the database computes from others.
    AddGenerated,
    /// A nullable column appears, and existing rows are backfilled.
    AddOptional,
    /// A required column goes.
    DropRequired,
    /// A nullable column goes.
    DropNullable,
    /// A column with a default goes.
    DropDefault,
    /// A column that may be NULL becomes required.
    Tighten,
    /// A required column may be NULL from now on.
    Relax,
    /// Columns take the place of others: a rename, another type, one split into several, several joined.
    Replace,
    /// The same, where a trigger keeps both alike instead of a release that writes both.
    ReplaceByTrigger,
    /// The same of a column of the primary key: the new column takes over the key and its numbering.
    ReplaceKey,
    /// A column gets a default, or another one; every statement that names the column goes on as before.
    SetDefault,
    /// A required column loses its default.
    RemoveDefault,
    /// The database begins to guard what all writers uphold: UNIQUE, CHECK, FOREIGN KEY.
    AddConstraint,
    /// It guards that no longer.
    DropConstraint,
    /// An index appears.
    AddIndex,
    /// An index goes.
    DropIndex,
    /// A table goes.
    DropTable,
    /// A change of mind: the change before it on the same property is taken back.
    Abandon,
    /// An enum type appears.
    CreateType,
    /// A value is added to an enum type.
    AddValue,
    /// A value of an enum type is used no more.
    RetireValue,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A table as a whole.
    Table,
    /// Columns.
    Column,
    /// A constraint.
    Constraint,
    /// An index; it says nothing about who may run.
    Index,
    /// Another change; it says nothing about who may run either.
    Change,
    /// An enum type, or one of its values.
    Type,
}

/// One kind of change: its steps and its phases.
pub struct ChangeFacts {
    /// Which.
    pub kind: ChangeKind,
    /// In words, for `plan`.
    pub words: &'static str,
    /// The verb for migration names and messages.
    pub verb: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// The changes that it takes back, when it follows one of them on the same property: where a checkout is past
    /// both and the first is not finished, neither needs to be run (rule L16).
    pub takes_back: &'static [ChangeKind],
    /// What a release of each phase does, from phase 0 on.
    pub releases: &'static [&'static str],
    /// The steps in order, each with its stage.
    pub steps: &'static [(Act, Stage)],
    /// From stands to phases.
    pub phases: PhaseRow,
    /// What a struct that inserts without the column stands in where a default is kept, which gives its rows a
    /// value; empty where this makes no difference.
    pub with_default: &'static str,
}

use Stage::{Backfill as B, Contract as C, Enforce as N, Expand as E};

/// Every kind of change.
pub const CHANGES: &[ChangeFacts] = &[
    ChangeFacts {
        kind: ChangeKind::CreateTable,
        words: "create table",
        verb: "create",
        subject: Subject::Table,
        takes_back: &[],
        releases: &["does not know the table", "uses the table"],
        steps: &[(Act::CreateTable, E), (Act::Admit(1), E)],
        phases: PhaseRow {
            last: 1,
            writer: "absent:0-1 required:1",
            partial: "",
            reader: "absent:0-1 required:1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddRequired,
        words: "add required column",
        verb: "add",
        subject: Subject::Column,
        takes_back: &[],
        releases: &["does not name it", "writes it: `adding`", "reads it: a plain field"],
        steps: &[
            (Act::Add, E),
            (Act::Admit(1), E),
            (Act::Require(1), B),
            (Act::Backfill, B),
            (Act::Enforce, N),
            (Act::Admit(2), N),
        ],
        phases: PhaseRow {
            last: 2,
            writer: "absent:0 adding,deprecated,row:1 required:2",
            partial: "absent:0-2 adding,deprecated,row:1 required:2",
            reader: "absent,adding,deprecated:0-2 optional,row:1-2 required:2",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddNullable,
        words: "add nullable column",
        verb: "add",
        subject: Subject::Column,
        takes_back: &[],
        releases: &["does not name it", "names it"],
        steps: &[(Act::Add, E), (Act::Admit(1), E)],
        phases: PhaseRow {
            last: 1,
            writer: "absent:0 adding,optional,deprecated,row:1",
            partial: "absent:0-1 adding,optional,deprecated,row:1",
            reader: "absent,adding,deprecated:0-1 optional,row:1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddDefault,
        words: "add column with a default",
        verb: "add",
        subject: Subject::Column,
        takes_back: &[],
        releases: &["does not name it", "names it"],
        steps: &[(Act::Add, E), (Act::Admit(1), E)],
        phases: PhaseRow {
            last: 1,
            writer: "absent:0 adding,required,deprecated,row:1",
            partial: "absent:0-1 adding,required,deprecated,row:1",
            reader: "absent,adding,deprecated:0-1 required,optional,row:1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddVolatile,
        words: "add column with a default of each row's own",
        verb: "add",
        subject: Subject::Column,
        takes_back: &[],
        releases: &["does not name it", "names it"],
        // The default is there from the first step on, so that who does not name the column upholds it.
        steps: &[(Act::Add, E), (Act::Backfill, B), (Act::Enforce, N), (Act::Admit(1), N)],
        phases: PhaseRow {
            last: 1,
            writer: "absent:0 adding,required,deprecated,row:1",
            partial: "absent:0-1 adding,required,deprecated,row:1",
            reader: "absent,adding,deprecated:0-1 required,optional,row:1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddGenerated,
        words: "add generated column",
        verb: "add",
        subject: Subject::Column,
        takes_back: &[],
        releases: &["does not name it", "reads it"],
        steps: &[(Act::Add, E), (Act::Enforce, N), (Act::Admit(1), N)],
        phases: PhaseRow {
            last: 1,
            writer: "absent:0 adding,required,deprecated,row:1",
            partial: "absent:0-1 adding,required,deprecated,row:1",
            reader: "absent,adding,deprecated:0-1 required,optional,row:1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddOptional,
        words: "add nullable column with a backfill",
        verb: "add",
        subject: Subject::Column,
        takes_back: &[],
        releases: &["does not name it", "writes it: `adding`", "reads it: an `Option`"],
        steps: &[
            (Act::Add, E),
            (Act::Admit(1), E),
            (Act::Require(1), B),
            (Act::Backfill, B),
            (Act::Admit(2), B),
        ],
        phases: PhaseRow {
            last: 2,
            writer: "absent:0 adding,deprecated:1 optional,row:2",
            partial: "absent:0-2 adding,deprecated:1 optional,row:2",
            reader: "absent,adding,deprecated:0-2 optional,row:2",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::DropRequired,
        words: "drop required column",
        verb: "drop",
        subject: Subject::Column,
        takes_back: &[ChangeKind::AddRequired, ChangeKind::AddVolatile, ChangeKind::AddGenerated],
        releases: &[
            "reads it: a plain field",
            "writes it, reads it no longer: `deprecated`",
            "does not name it",
        ],
        steps: &[
            (Act::Begin, E),
            (Act::Require(1), C),
            (Act::Relax, C),
            (Act::Admit(2), C),
            (Act::Require(2), C),
            (Act::Drop, C),
        ],
        phases: PhaseRow {
            last: 2,
            writer: "required:0 deprecated,adding,row:1 absent:2",
            partial: "required:0 deprecated,adding,row:1 absent:0-2",
            reader: "required:0 optional,row:0-1 absent,adding,deprecated:0-2",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::DropNullable,
        words: "drop nullable column",
        verb: "drop",
        subject: Subject::Column,
        takes_back: &[ChangeKind::AddNullable, ChangeKind::AddOptional],
        releases: &["names it", "does not name it"],
        steps: &[(Act::Begin, E), (Act::Require(1), C), (Act::Drop, C)],
        phases: PhaseRow {
            last: 1,
            writer: "optional,deprecated,row,adding:0 absent:1",
            partial: "optional,deprecated,row,adding:0 absent:0-1",
            reader: "optional,row:0 absent,adding,deprecated:0-1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::DropDefault,
        words: "drop column with a default",
        verb: "drop",
        subject: Subject::Column,
        takes_back: &[ChangeKind::AddDefault, ChangeKind::AddVolatile, ChangeKind::AddGenerated],
        releases: &["names it", "does not name it"],
        steps: &[(Act::Begin, E), (Act::Require(1), C), (Act::Drop, C)],
        phases: PhaseRow {
            last: 1,
            writer: "required,deprecated,row,adding:0 absent:1",
            partial: "required,deprecated,row,adding:0 absent:0-1",
            reader: "required,optional,row:0 absent,adding,deprecated:0-1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::Tighten,
        words: "make a column required",
        verb: "tighten",
        subject: Subject::Column,
        takes_back: &[ChangeKind::Relax],
        releases: &[
            "writes NULL: an `Option`",
            "reads NULL and writes none: `RequiredOnWrite`",
            "reads none: a plain field",
        ],
        steps: &[
            (Act::Begin, E),
            (Act::Require(1), B),
            (Act::Backfill, B),
            (Act::Enforce, N),
            (Act::Admit(2), N),
        ],
        phases: PhaseRow {
            last: 2,
            writer: "absent,optional:0 row,adding,deprecated:1 required:2",
            partial: "absent:0-2 optional:0 row,adding,deprecated:1 required:2",
            reader: "required:2 absent,optional,row,adding,deprecated:0-2",
        },
        with_default: "absent:1",
    },
    ChangeFacts {
        kind: ChangeKind::Relax,
        words: "let a column be NULL",
        verb: "relax",
        subject: Subject::Column,
        takes_back: &[ChangeKind::Tighten],
        releases: &[
            "reads no NULL: a plain field",
            "reads NULL and writes none: `RequiredOnWrite`",
            "writes NULL: an `Option`",
        ],
        steps: &[(Act::Begin, E), (Act::Require(1), C), (Act::Relax, C), (Act::Admit(2), C)],
        phases: PhaseRow {
            last: 2,
            writer: "required:0 row,adding,deprecated:1 optional,absent:2",
            partial: "required:0 row,adding,deprecated:1 optional:2 absent:0-2",
            reader: "required:0 absent,optional,row,adding,deprecated:0-2",
        },
        with_default: "absent:1",
    },
    ChangeFacts {
        kind: ChangeKind::Replace,
        words: "replace a column",
        verb: "replace",
        subject: Subject::Column,
        takes_back: &[],
        releases: &[
            "reads and writes the old column",
            "reads the old column and writes both: `adding`",
            "reads the new column and writes both: `deprecated`",
            "reads and writes the new column",
        ],
        steps: &[
            (Act::Add, E),
            (Act::Admit(1), E),
            (Act::Require(1), B),
            (Act::Backfill, B),
            (Act::Enforce, N),
            (Act::Admit(2), N),
            (Act::Require(2), C),
            (Act::Relax, C),
            (Act::Admit(3), C),
            (Act::Require(3), C),
            (Act::Drop, C),
        ],
        // Judged by pairs: see [`REPLACE`].
        phases: PhaseRow { last: 3, writer: "", partial: "", reader: "" },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::ReplaceByTrigger,
        words: "replace a column by a trigger",
        verb: "replace",
        subject: Subject::Column,
        takes_back: &[],
        releases: &[
            "reads and writes the old column",
            "reads the old column and writes both: `adding`",
            "reads the new column and writes both: `deprecated`",
            "reads and writes the new column",
        ],
        steps: &[
            (Act::Add, E),
            (Act::Trigger, E),
            (Act::Backfill, B),
            (Act::Enforce, N),
            (Act::Admit(3), N),
            (Act::Require(3), C),
            (Act::Drop, C),
        ],
        // Judged by the pairs of [`REPLACE`]: the trigger lets more of them live together, and makes none of
        // them another.
        phases: PhaseRow { last: 3, writer: "", partial: "", reader: "" },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::ReplaceKey,
        words: "replace a column of the primary key",
        verb: "replace",
        subject: Subject::Column,
        takes_back: &[],
        releases: &[
            "reads and writes the old column",
            "reads the old column and writes both: `adding`",
            "reads the new column and writes both: `deprecated`",
            "reads and writes the new column",
        ],
        steps: &[
            (Act::Add, E),
            (Act::Trigger, E),
            (Act::Backfill, B),
            (Act::Enforce, N),
            // Who is admitted finds rows by the new key, and relies on it to be unique.
            (Act::Index, N),
            (Act::Admit(3), N),
            (Act::Require(3), C),
            (Act::Drop, C),
        ],
        // Judged as a replacement by a trigger.
        phases: PhaseRow { last: 3, writer: "", partial: "", reader: "" },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::SetDefault,
        words: "give a column a default",
        verb: "set_default",
        subject: Subject::Column,
        takes_back: &[],
        releases: &["any release"],
        steps: &[(Act::Default, E)],
        phases: PhaseRow { last: 0, writer: ANYBODY, partial: ANYBODY, reader: ANYBODY },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::RemoveDefault,
        words: "take a column's default away",
        verb: "remove_default",
        subject: Subject::Column,
        takes_back: &[],
        releases: &["may leave it to its default", "names it"],
        steps: &[(Act::Begin, E), (Act::Require(1), C), (Act::Default, C)],
        phases: PhaseRow {
            last: 1,
            writer: "absent:0 adding,required,deprecated,row:1",
            partial: "absent:0-1 adding,required,deprecated,row:1",
            reader: "absent,adding,required,optional,deprecated,row:0-1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddConstraint,
        words: "add a constraint",
        verb: "guard",
        subject: Subject::Constraint,
        takes_back: &[ChangeKind::DropConstraint],
        releases: &[
            "does not know of it",
            "keeps to it: `adding`",
            "relies on it: no word in its parentheses",
        ],
        steps: &[(Act::Begin, E), (Act::Require(1), N), (Act::Enforce, N), (Act::Admit(2), N)],
        phases: PhaseRow {
            last: 2,
            writer: "absent:0 adding,deprecated:1 required:2",
            partial: "absent:0-2 adding,deprecated:1 required:2",
            reader: "absent,adding,deprecated:0-2 required:2",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::DropConstraint,
        words: "drop a constraint",
        verb: "unguard",
        subject: Subject::Constraint,
        takes_back: &[ChangeKind::AddConstraint],
        releases: &[
            "relies on it: no word in its parentheses",
            "keeps to it, relies on it no longer: `deprecated`",
            "does not know of it",
        ],
        steps: &[(Act::Begin, E), (Act::Require(1), C), (Act::Relax, C), (Act::Admit(2), C)],
        phases: PhaseRow {
            last: 2,
            writer: "required:0 adding,deprecated:1 absent:2",
            partial: "required:0 adding,deprecated:1 absent:0-2",
            reader: "required:0 absent,adding,deprecated:0-2",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddIndex,
        words: "add an index",
        verb: "index",
        subject: Subject::Index,
        takes_back: &[],
        releases: &["any release"],
        steps: &[(Act::Index, E)],
        phases: PhaseRow { last: 0, writer: ANYBODY, partial: ANYBODY, reader: ANYBODY },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::DropIndex,
        words: "drop an index",
        verb: "unindex",
        subject: Subject::Index,
        takes_back: &[],
        releases: &["any release"],
        steps: &[(Act::Unindex, C)],
        phases: PhaseRow { last: 0, writer: ANYBODY, partial: ANYBODY, reader: ANYBODY },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::DropTable,
        words: "drop table",
        verb: "retire",
        subject: Subject::Table,
        takes_back: &[ChangeKind::CreateTable],
        releases: &["uses the table", "does not know the table"],
        steps: &[(Act::Begin, E), (Act::Require(1), C), (Act::DropTable, C)],
        phases: PhaseRow {
            last: 1,
            writer: "absent:0-1 required:0",
            partial: "",
            reader: "absent:0-1 required:0",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::Abandon,
        words: "take a change back",
        verb: "abandon",
        subject: Subject::Change,
        takes_back: &[],
        releases: &["any release"],
        steps: &[(Act::Abandon, C)],
        phases: PhaseRow { last: 0, writer: ANYBODY, partial: ANYBODY, reader: ANYBODY },
        with_default: "",
    },
    // The phases of enum types are reasoned, and not derived by the model, which knows columns. What matters is
    // that whoever meets a value in a row knows it. So a value comes as a column is relaxed: everybody reads it
    // before anybody writes it, and before a rollback lets in who does not know it, the rows give it up. It goes
    // as a column is tightened: nobody writes it, the rows give it up, and only then it may be forgotten. A value
    // that is on its way in or out is read and never written, so who only reads is then safe in every phase.
    ChangeFacts {
        kind: ChangeKind::CreateType,
        words: "create enum type",
        verb: "create",
        subject: Subject::Type,
        takes_back: &[],
        releases: &["does not know the type", "uses the type"],
        steps: &[(Act::CreateType, E), (Act::Admit(1), E)],
        phases: PhaseRow {
            last: 1,
            writer: "absent:0-1 required:1",
            partial: "",
            reader: "absent:0-1 required:1",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::AddValue,
        words: "add a value to an enum type",
        verb: "add",
        subject: Subject::Type,
        takes_back: &[],
        releases: &[
            "does not know the value",
            "reads it and never writes it: `adding`",
            "writes it: a plain variant",
        ],
        steps: &[
            (Act::AddValue, E),
            (Act::Admit(1), E),
            (Act::Require(1), C),
            (Act::Relax, C),
            (Act::Admit(2), C),
        ],
        phases: PhaseRow {
            last: 2,
            writer: "absent:0 adding,deprecated:1 required:2",
            partial: "",
            reader: "absent:0 adding,deprecated:0-2 required:1-2",
        },
        with_default: "",
    },
    ChangeFacts {
        kind: ChangeKind::RetireValue,
        words: "retire a value of an enum type",
        verb: "retire",
        subject: Subject::Type,
        takes_back: &[],
        releases: &[
            "writes it: a plain variant",
            "reads it and never writes it: `deprecated`",
            "does not know the value",
        ],
        steps: &[(Act::Begin, E), (Act::Require(1), B), (Act::Backfill, B), (Act::Admit(2), C)],
        phases: PhaseRow {
            last: 2,
            writer: "required:0 deprecated,adding:1 absent:2",
            partial: "",
            reader: "required,deprecated,adding:0-2 absent:2",
        },
        with_default: "",
    },
];

impl ChangeFacts {
    /// Whether a trigger upholds the columns for whoever does not write them, so that any two of its releases may
    /// live together.
    pub fn by_trigger(&self) -> bool {
        self.steps.iter().any(|(act, _)| *act == Act::Trigger)
    }
}
/// The phases of a change that no release needs to know of: there is one.
const ANYBODY: &str = "absent,adding,deprecated,required,optional,row:0";

/// The phases of a replacement, by what a struct does with the old columns and with the new ones.
pub const REPLACE: PairRow = PairRow {
    writer: "reads/none:0 writes/none:0 reads/writes:1 writes/writes:1-2 writes/reads:2 none/reads:3 none/writes:3",
    writer_of_dispensable: "none/none:0",
    partial: "reads/none:0 writes/none:0 reads/writes:1 writes/writes:1-2 writes/reads:2 none/reads:3 none/writes:3 none/none:0-3",
    reader: "reads/none:0-1 reads/writes:0-1 none/none:0-3 none/writes:0-3 writes/none:0-3 writes/writes:0-3 none/reads:2-3 writes/reads:2-3",
};

impl ChangeKind {
    /// This kind's row of [`CHANGES`].
    pub fn facts(self) -> &'static ChangeFacts {
        CHANGES.iter().find(|row| row.kind == self).expect("every kind has a row")
    }

    /// Whether columns take the place of others.
    pub fn replaces(self) -> bool {
        matches!(self, ChangeKind::Replace | ChangeKind::ReplaceByTrigger | ChangeKind::ReplaceKey)
    }

    /// Whether it is about an enum type, and no table.
    pub fn is_of_type(self) -> bool {
        self.facts().subject == Subject::Type
    }

    /// What a release of this phase does: `phase 1 (writes it: `adding`)`.
    pub fn release(self, phase: u8) -> String {
        match self.facts().releases.get(usize::from(phase)) {
            Some(words) => format!("phase {phase} ({words})"),
            None => format!("phase {phase}"),
        }
    }

    /// From stands to phases; `dispensable` says whether a writer need not name the column: it has a default, or
    /// the old columns of a replacement need no value.
    pub fn phases(self, dispensable: bool) -> Phases {
        let pairs = self.replaces().then(|| REPLACE.phases(dispensable));
        let mut phases = self.facts().phases.phases();
        if dispensable {
            phases.writer.extend(self.facts().with_default);
        }
        Phases { pairs, ..phases }
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

    /// A constraint is to a table what NOT NULL is to a column.
    #[test]
    fn the_phases_of_a_constraint_are_those_of_not_null() {
        let pairs = [
            (ChangeKind::AddConstraint, ChangeKind::Tighten),
            (ChangeKind::DropConstraint, ChangeKind::Relax),
        ];
        for (guard, not_null) in pairs {
            let (guard, not_null) = (guard.phases(false), not_null.phases(false));
            for access in [Access::Writer, Access::Partial, Access::ReadOnly] {
                for stand in [Stand::Absent, Stand::Adding, Stand::Deprecated, Stand::Required] {
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
            AddRequired  writer  absent:0 adding:1 deprecated:1 row:1 required:2 optional:x
            AddRequired  partial absent:0..2 adding:1 deprecated:1 row:1 required:2 optional:x
            AddRequired  reader  absent:0..2 adding:0..2 deprecated:0..2 optional:1..2 row:1..2 required:2
            AddNullable  writer  absent:0 adding:1 deprecated:1 optional:1 row:1 required:x
            AddNullable  reader  absent:0..1 adding:0..1 deprecated:0..1 optional:1 row:1 required:x
            AddDefault   writer  absent:0 adding:1 deprecated:1 required:1 row:1 optional:x
            AddDefault   reader  absent:0..1 adding:0..1 deprecated:0..1 required:1 optional:1 row:1
            DropRequired writer  required:0 deprecated:1 adding:1 row:1 absent:2 optional:x
            DropRequired partial required:0 deprecated:1 adding:1 row:1 absent:0..2 optional:x
            DropRequired reader  required:0 optional:0..1 row:0..1 absent:0..2 adding:0..2 deprecated:0..2
            DropNullable writer  optional:0 deprecated:0 row:0 adding:0 absent:1 required:x
            DropNullable reader  optional:0 row:0 absent:0..1 adding:0..1 deprecated:0..1 required:x
            DropDefault  writer  required:0 deprecated:0 row:0 adding:0 absent:1 optional:x
            DropDefault  reader  required:0 optional:0 row:0 absent:0..1 adding:0..1 deprecated:0..1
            Tighten      writer  absent:0 optional:0 row:1 adding:1 deprecated:1 required:2
            Tighten      partial absent:0..2 optional:0 row:1 adding:1 deprecated:1 required:2
            Tighten      reader  required:2 absent:0..2 optional:0..2 row:0..2 adding:0..2 deprecated:0..2
            Relax        writer  required:0 row:1 adding:1 deprecated:1 optional:2 absent:2
            Relax        partial required:0 row:1 adding:1 deprecated:1 optional:2 absent:0..2
            Relax        reader  required:0 absent:0..2 optional:0..2 row:0..2 adding:0..2 deprecated:0..2";
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
