//! Where each change stands in one database: the ledger's rows, as plain data.

use crate::dialect::Direction;
use crate::migration::{Change, Step};
use crate::protocol::{Act, ChangeKind, Subject, Undo, Window};
use crate::schema::EnumValue;

/// One change and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The change, as the ledger stores it.
    pub change: Change,
    /// The id of its migration.
    pub migration: String,
    /// Steps that are done; 0 means that it has not started, or was wholly undone.
    pub position: usize,
    /// Transactions of the next step that are done (of the last one, going [`Direction::Down`]).
    pub piece: usize,
    /// Which way it was going when it last moved.
    pub direction: Direction,
    /// When its window last moved, in milliseconds of the database's clock.
    pub moved_at: i64,
    /// The commit of the checkout that moved it.
    pub moved_by: String,
    /// What an applier was about to do outside the ledger's transactions.
    pub intent: Intent,
}

/// What no transaction can hold is written down before it is begun, so that whoever comes next finishes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// Nothing.
    #[default]
    Nothing,
    /// The statement of the next piece: it may have run, in part or whole.
    Statement,
    /// To wait out the transactions that were open when the floor rose.
    Drain,
}

impl Intent {
    /// Every one, with the ledger's word for it.
    pub const WORDS: [(Intent, &str); 3] =
        [(Intent::Nothing, ""), (Intent::Statement, "statement"), (Intent::Drain, "drain")];

    /// The ledger's word.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(intent, _)| *intent == self).map_or("", |(_, word)| word)
    }

    /// What a word of the ledger means; `None`: nothing that this version writes.
    pub fn of_word(word: &str) -> Option<Intent> {
        Self::WORDS.into_iter().find(|(_, one)| *one == word).map(|(intent, _)| intent)
    }
}

impl Progress {
    /// A change that has not begun.
    pub fn of(change: Change, migration: impl Into<String>) -> Progress {
        Progress {
            change,
            migration: migration.into(),
            position: 0,
            piece: 0,
            direction: Direction::Up,
            moved_at: 0,
            moved_by: String::new(),
            intent: Intent::Nothing,
        }
    }

    /// The window that is in force, if it has started.
    pub fn window(&self) -> Option<Window> {
        self.change.window_at(self.position)
    }

    /// Whether any step is done.
    pub fn started(&self) -> bool {
        self.position > 0
    }

    /// Whether a step was begun and not ended: the next one going [`Direction::Up`], the last one going
    /// [`Direction::Down`].
    pub fn is_half_way(&self) -> bool {
        self.piece > 0 || self.intent == Intent::Statement
    }

    /// Whether nothing of it is in the database, not even half of a step.
    pub fn is_untouched(&self) -> bool {
        !self.started() && !self.is_half_way()
    }

    /// Whether every step is done.
    pub fn finished(&self) -> bool {
        self.position == self.change.steps.len()
    }

    /// The next step forwards.
    pub fn next(&self) -> Option<&Step> {
        self.change.steps.get(self.position)
    }

    /// The last step that was done.
    pub fn last(&self) -> Option<&Step> {
        self.position.checked_sub(1).map(|index| &self.change.steps[index])
    }

    /// The ceiling once the last step is taken back.
    pub fn ceiling_before(&self) -> u8 {
        let before = self.position.checked_sub(1).and_then(|before| self.change.window_at(before));
        before.map_or(0, |window| window.ceil)
    }

    /// Whether what it drops is gone: the columns, those that it replaces, or the table.
    pub fn dropped(&self) -> bool {
        self.last().is_some_and(|step| step.act.facts().undo == Undo::Impossible)
    }

    /// Whether it has dropped the column of this name.
    pub fn dropped_column(&self, name: &str) -> bool {
        self.dropped() && self.change.dropped().iter().any(|column| column.name == name)
    }

    /// Whether it has made this table.
    pub fn made(&self, table: &str) -> bool {
        let makes = self.change.has(Act::CreateTable);
        makes && self.change.table == table && self.finished()
    }

    /// Whether its window says who may run. That of a change with a single phase lets everybody in, and says
    /// nothing against the window before it.
    pub fn binds(&self) -> bool {
        self.started() && self.change.phases.last > 0
    }

    /// Whether it is about this property (any birth, unless one is given).
    pub fn touches(&self, table: &str, named: Named<'_>, born: Option<&str>) -> bool {
        let change = &self.change;
        let is_born = |birth: &str| born.is_none_or(|born| birth == born);
        change.table == table
            && match named {
                Named::Table => change.kind.facts().subject == Subject::Table,
                Named::Column(name) => change.touched().any(|c| c.name == name && is_born(&c.born)),
                Named::Constraint(name) => {
                    change.constraint.iter().any(|c| c.name == name && is_born(&c.born))
                }
            }
    }

    /// Whether it is about this value of an enum type (any birth, unless one is given), or creates the type.
    pub fn touches_type(&self, name: &str, value: Option<&str>, born: Option<&str>) -> bool {
        let is_it = |one: &EnumValue| {
            Some(one.name.as_str()) == value && born.is_none_or(|born| one.born == born)
        };
        self.change.enumeration.as_ref().is_some_and(|one| one.name == name)
            && match value {
                None => self.change.kind == ChangeKind::CreateType,
                Some(_) => self.change.value_of_type().is_some_and(is_it),
            }
    }

    /// Whether two changes follow one another: they are about one name, one of them is about the whole table, or
    /// one guards or sorts by what the other is about; for what enum types bring see [`Change::meets_type`].
    pub fn precedes(&self, later: &Progress) -> bool {
        let (a, b) = (&self.change, &later.change);
        if a.enumeration.is_some() || b.enumeration.is_some() {
            return a.meets_type(b);
        }
        let about_table = |change: &Change| change.kind.facts().subject == Subject::Table;
        let meets = |one: &Change, other: &Change| {
            about_table(one) && (one.table == other.table || other.referenced() == Some(&one.table))
                || !one.key.is_empty() && other.references(&one.table)
        };
        // That both would take one index along is nothing: whoever comes first does.
        let takes_along = |change: &Change, name: &String| {
            change.kind.facts().subject != Subject::Index
                && change.indexes.iter().any(|index| index.name == *name)
                && change.touched().all(|column| column.name != *name)
        };
        let both = |name: &String| takes_along(a, name) && takes_along(b, name);
        let shares = || !a.names().intersection(&b.names()).all(both);
        meets(a, b) || meets(b, a) || a.table == b.table && shares()
    }

    /// Whether a later change that it precedes may begin. One that guards or sorts by columns which this one adds
    /// needs them filled, and not that the old ones are gone, and so does a table that references a key that comes.
    /// One that adds columns must come before the release that names them, and a constraint does not go before that
    /// release is live: so it is enough that it is on its way out. Everything else waits for the end.
    pub fn lets_begin(&self, later: &Progress) -> bool {
        let fills = |act: Act| matches!(act, Act::Add | Act::Backfill | Act::Enforce | Act::Index);
        let ready = !self.change.acts().skip(self.position).any(fills);
        let is_built_upon = self.change.has(Act::Add)
            && (matches!(later.change.kind.facts().subject, Subject::Constraint | Subject::Index)
                || !self.change.key.is_empty() && later.change.references(&self.change.table));
        let is_on_its_way_out = self.change.kind == ChangeKind::DropConstraint && self.started();
        let adds_columns = later.change.has(Act::Add);
        self.finished() || is_built_upon && ready || is_on_its_way_out && adds_columns
    }
}

/// What a change may be about, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// The table as a whole.
    Table,
    /// A column.
    Column(&'a str),
    /// A constraint.
    Constraint(&'a str),
}
