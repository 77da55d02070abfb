//! What a text does with the tables of a project.

use std::ops::Range;

use colmig_core::schema::Table;

/// Bytes of the text.
pub type Bytes = Range<usize>;

/// All that was found in one text.
#[derive(Debug, Default)]
pub struct Facts<'s> {
    /// Columns that it names, in order.
    pub uses: Vec<Use<'s>>,
    /// Where it means all columns of a table.
    pub stars: Vec<Star<'s>>,
    /// Rows that it makes.
    pub inserts: Vec<Insert<'s>>,
    /// Rows that it changes.
    pub updates: Vec<Update<'s>>,
    /// Tables that it writes in any way.
    pub writes: Vec<Write<'s>>,
    /// Names that may mean a column of several tables.
    pub ambiguous: Vec<Ambiguous<'s>>,
    /// The names in its result; `None` where they are not known.
    pub outputs: Option<Vec<String>>,
    /// Where the result is named: the select list, or what is returned.
    pub result: Option<Bytes>,
}

/// A column that is named.
#[derive(Clone, Debug, PartialEq)]
pub struct Use<'s> {
    /// The table.
    pub table: &'s Table,
    /// The column as the schema spells it.
    pub column: &'s str,
    /// Where in the statement.
    pub clause: Clause,
    /// The name.
    pub at: Bytes,
}

/// A part of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clause {
    /// The select list.
    Select,
    /// WHERE.
    Where,
    /// ON and USING of a join.
    Join,
    /// GROUP BY.
    Group,
    /// HAVING.
    Having,
    /// ORDER BY.
    Order,
    /// RETURNING.
    Returning,
    /// The right side of SET, and the WHERE of an update arm.
    Value,
    /// The target of ON CONFLICT.
    Conflict,
    /// The column list of an insert.
    Insert,
    /// The left side of SET.
    Set,
}

/// Every clause: what it is called, and whether naming a column there writes it.
pub const CLAUSES: &[(Clause, &str, bool)] = &[
    (Clause::Select, "in the select list", false),
    (Clause::Where, "in WHERE", false),
    (Clause::Join, "in a join", false),
    (Clause::Group, "in GROUP BY", false),
    (Clause::Having, "in HAVING", false),
    (Clause::Order, "in ORDER BY", false),
    (Clause::Returning, "in RETURNING", false),
    (Clause::Value, "in a value that is written", false),
    (Clause::Conflict, "as the target of ON CONFLICT", false),
    (Clause::Insert, "in the column list of an insert", true),
    (Clause::Set, "in SET", true),
];

impl Clause {
    fn row(self) -> &'static (Clause, &'static str, bool) {
        CLAUSES.iter().find(|(clause, ..)| *clause == self).expect("every clause has a row")
    }

    /// Where that is, in words.
    pub fn words(self) -> &'static str {
        self.row().1
    }

    /// Whether a column that is named there is written.
    pub fn writes(self) -> bool {
        self.row().2
    }
}

/// `*`, `users.*`, `RETURNING *`, or the row as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Star<'s> {
    /// The table.
    pub table: &'s Table,
    /// Where.
    pub at: Bytes,
}

/// Rows that are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert<'s> {
    /// The table.
    pub table: &'s Table,
    /// Its name in the statement.
    pub at: Bytes,
    /// The columns that are named; `None` without a list.
    pub columns: Option<Vec<String>>,
    /// Whether a part of the list is not known.
    pub open: bool,
    /// What happens to a row that is there already.
    pub arm: Option<Arm>,
}

/// `DO UPDATE SET …`
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The columns by which a row is found again.
    pub target: Vec<String>,
    /// The columns that are set.
    pub sets: Vec<String>,
    /// The first of them.
    pub at: Bytes,
    /// Whether a part of the list is not known.
    pub open: bool,
}

/// Rows that are changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Update<'s> {
    /// The table.
    pub table: &'s Table,
    /// The columns that are set, each with its place.
    pub sets: Vec<(String, Bytes)>,
    /// Whether a part of the list is not known.
    pub open: bool,
}

/// A table that is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write<'s> {
    /// The table.
    pub table: &'s Table,
    /// Its name in the statement.
    pub at: Bytes,
}

/// A name that may mean several columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Ambiguous<'s> {
    /// The tables of the project that have it.
    pub tables: Vec<&'s Table>,
    /// The name.
    pub column: String,
    /// Where.
    pub at: Bytes,
}

/// Whether the code names a column as one that it reads.
pub fn is_readable(table: &Table, column: &str) -> bool {
    table.column(column).is_some_and(|column| column.state.facts().reads)
}
