//! Where each change stands in one database: the ledger's rows, as plain data.

use crate::dialect::Direction;
use crate::migration::{Change, Step};
use crate::protocol::{Act, ChangeKind, Window};
use crate::schema::{Column, EnumValue};

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
}

impl Progress {
    /// The window that is in force, if it has started.
    pub fn window(&self) -> Option<Window> {
        self.change.window_at(self.position)
    }

    /// Whether any step is done.
    pub fn started(&self) -> bool {
        self.position > 0
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

    /// Whether its column has been dropped, or those that it replaces.
    pub fn dropped(&self) -> bool {
        self.last().is_some_and(|step| step.act == Act::Drop)
    }

    /// Whether it has dropped the column of this name.
    pub fn dropped_column(&self, name: &str) -> bool {
        self.dropped() && self.change.dropped().iter().any(|column| column.name == name)
    }

    /// Whether it touches the column of this name (any birth, unless one is given), or the table as a whole.
    pub fn touches(&self, table: &str, column: Option<&str>, born: Option<&str>) -> bool {
        let is_it = |touched: &Column| {
            Some(touched.name.as_str()) == column && born.is_none_or(|born| touched.born == born)
        };
        self.change.enumeration.is_none()
            && self.change.table == table
            && match column {
                None => self.change.columns.is_empty(),
                Some(_) => self.change.touched().any(is_it),
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

    /// Whether two changes follow one another: one column name, one value of an enum type, or one of them creates
    /// the table or the type.
    pub fn precedes(&self, later: &Progress) -> bool {
        if self.change.enumeration.is_some() || later.change.enumeration.is_some() {
            return self.change.meets_type(&later.change);
        }
        self.change.table == later.change.table
            && (self.change.columns.is_empty()
                || later.change.columns.is_empty()
                || self.change.touched().any(|a| later.change.touched().any(|b| a.name == b.name)))
    }
}
