//! The kinds of change: what each is about, what its releases do, its steps in order, and the phases of a release
//! in it.

use serde::{Deserialize, Serialize};

use super::Stage::{Backfill as B, Contract as C, Enforce as N, Expand as E};
use super::{Act, Stage};
use crate::lifecycle::{PairRow, PhaseRow, Phases};

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

/// Of a column that has a value in each row, whoever writes the row: by a default, or since it is computed.
const OF_ITSELF: PhaseRow = PhaseRow {
    last: 1,
    writer: "absent:0 adding,required,deprecated,row:1",
    partial: "absent:0-1 adding,required,deprecated,row:1",
    reader: "absent,adding,deprecated,loose:0-1 required,optional,row:1",
};

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
            reader: "absent,adding,deprecated,loose:0-2 optional,row:1-2 required:2",
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
            writer: "absent:0 adding,optional,deprecated,loose,row:1",
            partial: "absent:0-1 adding,optional,deprecated,loose,row:1",
            reader: "absent,adding,deprecated,loose:0-1 optional,row:1",
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
        phases: OF_ITSELF,
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
        phases: OF_ITSELF,
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
        phases: OF_ITSELF,
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
            writer: "absent:0 adding,deprecated,loose:1 optional,row:2",
            partial: "absent:0-2 adding,deprecated,loose:1 optional,row:2",
            reader: "absent,adding,deprecated,loose:0-2 optional,row:2",
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
            reader: "required:0 optional,row:0-1 absent,adding,deprecated,loose:0-2",
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
            writer: "optional,deprecated,loose,row,adding:0 absent:1",
            partial: "optional,deprecated,loose,row,adding:0 absent:0-1",
            reader: "optional,row:0 absent,adding,deprecated,loose:0-1",
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
            reader: "required,optional,row:0 absent,adding,deprecated,loose:0-1",
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
            writer: "absent,optional,loose:0 row,adding,deprecated:1 required:2",
            partial: "absent:0-2 optional,loose:0 row,adding,deprecated:1 required:2",
            reader: "required:2 absent,optional,row,adding,deprecated,loose:0-2",
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
            writer: "required:0 row,adding,deprecated:1 optional,loose,absent:2",
            partial: "required:0 row,adding,deprecated:1 optional,loose:2 absent:0-2",
            reader: "required:0 absent,optional,row,adding,deprecated,loose:0-2",
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
const ANYBODY: &str = "absent,adding,deprecated,loose,required,optional,row:0";

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
