//! What a project declares: tables and columns, each with its state and its birth.

use serde::{Deserialize, Serialize};

use crate::default::is_constant;
use crate::lifecycle::{Access, Nullability, Stand, State};
use crate::types::{ColumnType, Database, PerDatabase};

/// The tables of one project on one database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// By name, in order.
    pub tables: Vec<Table>,
    /// Tables that no struct stands for any more, with their births.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
    /// The enum types, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enums: Vec<EnumType>,
}

/// An enum type: a Rust enum whose variants are words in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumType {
    /// Its name in the database.
    pub name: String,
    /// The number of the migration that created it; empty before it is generated.
    pub born: String,
    /// Its values, in the order of the variants.
    pub values: Vec<EnumValue>,
}

/// One value of an enum type. It has a life, as a column does, but the other way round in the middle: while it
/// is on its way in or out, the code reads it and never writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumValue {
    /// The word in the database.
    pub name: String,
    /// What the code does with it: reads it (`adding`, `deprecated`), or writes it as well.
    pub state: State,
    /// The number of the migration that added it; empty before it is generated.
    pub born: String,
    /// The value that rows get which hold this one when it goes. It belongs to the migration, so the lock file
    /// does not hold it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub replace_with: String,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name in the database.
    pub name: String,
    /// How the struct uses it.
    #[serde(default, skip_serializing_if = "is_writer")]
    pub access: Access,
    /// The columns of the primary key, in its order.
    pub primary_key: Vec<String>,
    /// The number of the migration that created it; empty before it is generated.
    pub born: String,
    /// The columns that the code names, in the order of the fields.
    pub columns: Vec<Column>,
    /// The project whose migrations make the table, where it is another one; this one names some of its
    /// columns.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// What the database guards beside the types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// The indexes that are no constraint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Columns that the code no longer names, with their births, so that a name is never taken for an
    /// older one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the database.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: ColumnType,
    /// Whether the code reckons with NULL.
    #[serde(default, skip_serializing_if = "is_relies")]
    pub nullability: Nullability,
    /// Where it is upheld: what it was before, so that it is known which end the change goes on to. Only
    /// the lock file knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upheld_from: Option<Nullability>,
    /// Whether the database makes its values: it is left out of inserts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub auto: bool,
    /// The default, kept in the database.
    #[serde(default, skip_serializing_if = "PerDatabase::is_nowhere")]
    pub default: PerDatabase,
    /// What the database computes the column from; no statement writes it.
    #[serde(default, skip_serializing_if = "PerDatabase::is_nowhere")]
    pub generated: PerDatabase,
    /// The columns that it replaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<String>,
    /// Who keeps a replacement and its sources alike while both are written.
    #[serde(default, skip_serializing_if = "is_application")]
    pub dual_write: DualWrite,
    /// What the code does with it.
    pub state: State,
    /// The number of the migration that created it; empty before it is generated.
    pub born: String,
    /// What existing rows get. It belongs to the migration, so the lock file does not hold it.
    #[serde(default, skip_serializing_if = "PerDatabase::is_nowhere")]
    pub backfill: PerDatabase,
    /// A replacement's value, computed from its sources. It belongs to the migration too.
    #[serde(default, skip_serializing_if = "PerDatabase::is_nowhere")]
    pub forward: PerDatabase,
    /// What undo writes into rows without a value. It belongs to the migration too.
    #[serde(default, skip_serializing_if = "PerDatabase::is_nowhere")]
    pub reverse: PerDatabase,
}

/// Who writes a replacement where only its source is written, and the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DualWrite {
    /// The application: a release that writes both comes first.
    #[default]
    Application,
    /// A trigger of the database, for as long as the change takes.
    Trigger,
}

/// What the database guards: a list of columns that is unique, an expression that holds, a row that
/// another table has. It has a life, as a column does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its name in the database.
    pub name: String,
    /// What it guards.
    #[serde(flatten)]
    pub guard: Guard,
    /// What the code does with it: upholds it (`adding`, `deprecated`), or relies on it as well.
    pub state: State,
    /// The number of the migration that created it; empty before it is generated.
    pub born: String,
}

/// What a constraint guards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Guard {
    /// No two rows have the same values.
    Unique {
        /// The columns.
        columns: Vec<String>,
    },
    /// The expression is not false for any row.
    Check {
        /// The expression, as SQL over the row.
        expression: PerDatabase,
    },
    /// Another table has a row with this value.
    References {
        /// The column.
        column: String,
        /// The other table.
        table: String,
        /// Its column.
        target: String,
        /// What becomes of this row when the other one is deleted: `cascade`, `restrict`, `set null`,
        /// `no action`; empty for what the database does unasked.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        on_delete: String,
    },
}

impl Constraint {
    /// What a build that declares it does with it.
    pub fn stand(&self) -> Stand {
        self.state.facts().stand
    }
}

impl Guard {
    /// The names of the columns that it speaks of; of an expression every word, since which of them are columns
    /// only the database knows.
    pub fn names(&self) -> Vec<String> {
        match self {
            Guard::Unique { columns } => columns.clone(),
            Guard::Check { expression } => expression.texts().flat_map(words).collect(),
            Guard::References { column, .. } => vec![column.clone()],
        }
    }
}

impl Index {
    /// The names of the columns that it speaks of, as [`Guard::names`] has them.
    pub fn names(&self) -> Vec<String> {
        let keys = self.keys.iter().flat_map(|key| match key {
            IndexKey::Up(name) | IndexKey::Down(name) => vec![name.clone()],
            IndexKey::Expression(text) => text.texts().flat_map(words).collect(),
        });
        keys.chain(self.predicate.texts().flat_map(words)).collect()
    }
}

/// The words of an expression: names as they are, without their quotes, and whatever else is spelled like one. What
/// stands in a text is none.
pub fn words(expression: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = match first {
            '\'' | '"' | '`' => end_of_quoted(rest, first),
            _ if is_part(first) => rest.find(|c| !is_part(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, behind) = rest.split_at(end);
        match first {
            '"' | '`' => {
                let name = word.strip_prefix(first).unwrap_or(word);
                let name = name.strip_suffix(first).unwrap_or(name);
                words.push(name.replace(&format!("{first}{first}"), &first.to_string()));
            }
            _ if is_part(first) => words.push(word.to_owned()),
            _ => {}
        }
        rest = behind;
    }
    words
}

/// Where what begins with this quote ends, behind the quote that closes it; one that is written twice does not.
fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut end = 1;
    while let Some(found) = text[end..].find(quote) {
        end += found + 1;
        if !text[end..].starts_with(quote) {
            return end;
        }
        end += 1;
    }
    text.len()
}

/// An index. It guards nothing, so it needs no life: it comes and goes whatever releases are alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name in the database.
    pub name: String,
    /// What it sorts by.
    pub keys: Vec<IndexKey>,
    /// Which rows are in it; none means all.
    #[serde(default, rename = "where", skip_serializing_if = "PerDatabase::is_nowhere")]
    pub predicate: PerDatabase,
}

/// One thing that an index sorts by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexKey {
    /// A column, upwards.
    Up(String),
    /// A column, downwards.
    Down(String),
    /// An expression over the row.
    Expression(PerDatabase),
}

/// A column, or a table, that the code no longer names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// Its name.
    pub name: String,
    /// Its birth.
    pub born: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_relies(nullability: &Nullability) -> bool {
    *nullability == Nullability::Relies
}

fn is_application(dual_write: &DualWrite) -> bool {
    *dual_write == DualWrite::Application
}

fn is_writer(access: &Access) -> bool {
    *access == Access::Writer
}

impl Schema {
    /// These tables, and none before them.
    pub fn of(tables: Vec<Table>) -> Schema {
        Schema { tables, ..Schema::default() }
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The enum type of this name.
    pub fn enumeration(&self, name: &str) -> Option<&EnumType> {
        self.enums.iter().find(|one| one.name == name)
    }

    /// The tables with columns of this enum type, and those columns.
    pub fn places<'s>(
        &'s self,
        enumeration: &'s str,
    ) -> impl Iterator<Item = (&'s Table, &'s Column)> {
        let is_it = move |column: &&Column| column.ty.enumeration() == Some(enumeration);
        let of = move |table: &'s Table| {
            table.columns.iter().filter(is_it).map(move |column| (table, column))
        };
        self.tables.iter().flat_map(of)
    }

    /// The table of this name, to change it.
    pub fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| table.name == name)
    }
}

impl EnumType {
    /// The value of this name.
    pub fn value(&self, name: &str) -> Option<&EnumValue> {
        self.values.iter().find(|value| value.name == name)
    }
}

impl EnumValue {
    /// A value that the code reads and writes, not generated yet.
    pub fn new(name: impl Into<String>) -> EnumValue {
        let (name, state) = (name.into(), State::Active);
        EnumValue { name, state, born: String::new(), replace_with: String::new() }
    }
}

impl Table {
    /// A table without columns, not generated yet.
    pub fn new(name: impl Into<String>) -> Table {
        Table {
            name: name.into(),
            access: Access::Writer,
            primary_key: Vec::new(),
            born: String::new(),
            columns: Vec::new(),
            owner: String::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            retired: Vec::new(),
        }
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What a column that is not read follows from, where it replaces others or is replaced: the columns that
    /// are read instead, and the SQL expression over them. None where a trigger sees to it.
    ///
    /// A column that is replaced follows from what replaces it even where no `reverse` says how: an update that
    /// left it out would leave it stale for the releases that still read it.
    pub fn derived<'t>(&'t self, column: &'t Column) -> Option<(Vec<&'t str>, &'t PerDatabase)> {
        if column.state.facts().reads {
            return None;
        }
        let replaces = |other: &&Column| other.replaces.contains(&column.name);
        let others: Vec<&Column> = self.columns.iter().filter(replaces).collect();
        if column.replaces.is_empty() {
            let first = others.first()?;
            let mut said = [column].into_iter().chain(others.iter().copied());
            let reverse = said.find(|one| !one.reverse.is_nowhere()).unwrap_or(column);
            let sources = others.iter().map(|other| other.name.as_str()).collect();
            let is_ours = first.dual_write == DualWrite::Application;
            return is_ours.then_some((sources, &reverse.reverse));
        }
        let sources = column.replaces.iter().map(String::as_str).collect();
        let is_ours = column.dual_write == DualWrite::Application;
        (is_ours && !column.forward.is_nowhere()).then_some((sources, &column.forward))
    }

    /// The columns that take the place of this one.
    pub fn replacements<'t>(&'t self, column: &str) -> Vec<&'t str> {
        let replaces = |other: &&Column| other.replaces.iter().any(|name| name == column);
        self.columns.iter().filter(replaces).map(|other| other.name.as_str()).collect()
    }

    /// The constraint of this name.
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|one| one.name == name)
    }

    /// The column of this name, to change it.
    pub fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }
}

impl Column {
    /// A required column that the code reads and writes, not generated yet.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Column {
        Column {
            name: name.into(),
            ty,
            nullability: Nullability::Relies,
            upheld_from: None,
            auto: false,
            default: PerDatabase::Nowhere,
            generated: PerDatabase::Nowhere,
            replaces: Vec::new(),
            dual_write: DualWrite::Application,
            state: State::Active,
            born: String::new(),
            backfill: PerDatabase::Nowhere,
            forward: PerDatabase::Nowhere,
            reverse: PerDatabase::Nowhere,
        }
    }

    /// What a build with this column does with it.
    pub fn stand(&self) -> Stand {
        let (state, nullability) = (self.state.facts(), self.nullability.facts());
        match (state.reads, state.writes) {
            (true, _) => nullability.stand,
            (false, true) => nullability.unread.unwrap_or(state.stand),
            (false, false) => state.stand,
        }
    }

    /// Whether the code writes NULL.
    pub fn optional(&self) -> bool {
        self.nullability == Nullability::Loose
    }

    /// Whether a row may have NULL in it, once the changes that it has begun are finished: also while it is
    /// written as required on its way to be optional.
    pub fn holds_null(&self) -> bool {
        let relaxed = self.upheld_from == Some(Nullability::Relies);
        self.optional() || self.nullability == Nullability::Upholds && relaxed
    }

    /// Whether the database makes its values, so that no statement names it to write.
    pub fn is_made(&self) -> bool {
        self.auto || !self.generated.is_nowhere()
    }

    /// Whether a writer that does not name it is served by the database.
    pub fn dispensable(&self) -> bool {
        self.optional() || self.is_made() || !self.default.is_nowhere()
    }

    /// An expression that stands for a value of this column. PostgreSQL takes a bare `NULL` or `'…'` for text in a
    /// subquery or a comparison, where an assignment gives it the column's type. A type of the user's own may
    /// have a length, and a cast would cut what an assignment refuses; such an expression has to say its type
    /// itself.
    pub fn typed(&self, db: Database, expression: &str) -> String {
        match (&self.ty, self.ty.on(db), db) {
            (ColumnType::Known(_) | ColumnType::Enum(_), Ok(ty), Database::Postgres) => {
                format!("CAST({expression} AS {ty})")
            }
            _ => expression.to_owned(),
        }
    }

    /// The default on one database.
    pub fn default_on(&self, db: Database) -> Option<&str> {
        self.default.on(db)
    }

    /// Whether rows that are there when the column is added get its default one by one.
    pub fn is_volatile(&self, db: Database) -> bool {
        self.default_on(db).is_some_and(|text| !is_constant(db, text))
    }
}

/// A column with its birth, as messages and vectors name it: `handle#0002`.
pub fn property(name: &str, born: &str) -> String {
    format!("{name}#{born}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_an_expression_are_its_names() {
        let cases: [(&str, &[&str]); 7] = [
            ("lower(email)", &["lower", "email"]),
            ("\"a.b\" IS NULL", &["a.b", "IS", "NULL"]),
            ("\"quo\"\"te\" = `semi;colon`", &["quo\"te", "semi;colon"]),
            ("status <> 'deleted'", &["status"]),
            ("name <> 'it''s \"here\"' AND n > 0", &["name", "AND", "n", "0"]),
            ("\"never closed", &["never closed"]),
            ("größe + 1", &["größe", "1"]),
        ];
        for (expression, expected) in cases {
            assert_eq!(words(expression), expected, "{expression}");
        }
    }

    /// Who may write NULL never passes for one who writes values only, whether or not it reads what it writes.
    #[test]
    fn a_stand_says_whether_null_may_be_written() {
        use crate::lifecycle::{NULLABILITIES, STATES, Stand};
        let text = ColumnType::Known("text".into());
        for state in STATES.iter().filter(|state| state.writes) {
            for facts in NULLABILITIES {
                let column = Column {
                    state: state.state,
                    nullability: facts.nullability,
                    ..Column::new("n", text.clone())
                };
                let writes_null = matches!(column.stand(), Stand::Optional | Stand::Loose);
                assert_eq!(writes_null, column.optional(), "{} {}", state.word, facts.word);
            }
        }
    }
}
