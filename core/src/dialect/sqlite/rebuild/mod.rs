//! What ALTER TABLE cannot change (NOT NULL, a default, a constraint): the table is rebuilt by the twelve steps of
//! SQLite's manual (<https://www.sqlite.org/lang_altertable.html#otheralter>).
//!
//! The driver reads the catalog ([`Live`]), [`statements`] decides, the driver runs what it decided.
//! Not here, because the driver asks the database: whether every foreign key still finds its row, and
//! whether every view can still be read.
//!
//! Two pragmas have to be set before BEGIN, and [`statements`] refuses to answer without them:
//!
//! * `foreign_keys=OFF`, which does nothing inside a transaction: with it on, DROP TABLE first deletes
//!   the rows of the table, and ON DELETE CASCADE those of other tables;
//! * `legacy_alter_table=ON`: with it off, RENAME reads every view and trigger of the database again,
//!   while the table that they speak of is gone, and fails (`error in view v: no such table: main.t`).
//!   With it on it touches nothing but the name of the table and of its automatic indexes.
//!
//! What does not stay: the spelling of the table's name in its own text, since RENAME writes it between
//! double quotes; its place in `sqlite_schema`; and the rowids of a table whose columns take all three
//! names of the rowid, which nobody can ask for.

mod grammar;
mod text;
mod tokens;

use self::text::{Column, Edit, Text, Unexpected};
use crate::ident::{literal, quote};
use crate::problem::{BUG, DRIFT, NOT_SUPPORTED, Problem};

/// The catalog's rows about one table, all read inside the transaction that rebuilds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its name, as `sqlite_schema` spells it.
    pub table: String,
    /// The text of its CREATE TABLE.
    pub sql: String,
    /// Its columns, in order; generated ones too.
    pub columns: Vec<LiveColumn>,
    /// The texts of its indexes and triggers, in the order of their making.
    pub dependants: Vec<String>,
    /// Whether it is WITHOUT ROWID.
    pub without_rowid: bool,
    /// Whether it is STRICT.
    pub strict: bool,
    /// The tables of statistics that exist: `sqlite_stat1`, `sqlite_stat4`.
    pub statistics: Vec<String>,
    /// `PRAGMA foreign_keys`, of this connection.
    pub foreign_keys: bool,
    /// `PRAGMA legacy_alter_table`, of this connection.
    pub legacy_alter_table: bool,
}

/// One column, as `pragma_table_xinfo` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveColumn {
    /// Its name.
    pub name: String,
    /// Whether it is NOT NULL, by its own clause or by a key's.
    pub not_null: bool,
    /// Its place in the primary key, from 1; or 0.
    pub key: i64,
    /// Whether it is computed, stored or not.
    pub generated: bool,
}

/// What a rebuild changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// Makes the column NOT NULL, or takes that from it.
    NotNull {
        /// Its name.
        column: String,
        /// Whether it is to be NOT NULL.
        required: bool,
    },
    /// Gives the column this default, or none.
    Default {
        /// Its name.
        column: String,
        /// The default, as SQL.
        value: Option<String>,
    },
    /// Adds this column; the rows that are there get the value.
    Column {
        /// Its name.
        column: String,
        /// Its definition, with its name.
        definition: String,
        /// The value, as SQL over the row.
        value: String,
    },
    /// Adds or drops the constraint of this name.
    Constraint {
        /// Its name.
        name: String,
        /// Its definition, with its name, where it is added.
        definition: Option<String>,
    },
}

impl Alteration {
    fn name(&self) -> &str {
        match self {
            Alteration::NotNull { column, .. }
            | Alteration::Default { column, .. }
            | Alteration::Column { column, .. } => column,
            Alteration::Constraint { name, .. } => name,
        }
    }
}

/// The statements of an alteration; empty if nothing is left to do.
///
/// They are for one transaction, in order, one by one: none ends in `;`, since the texts of the catalog go back
/// exactly as they came out of it. They fail, and the transaction has to be rolled back, when a row does not fit
/// the new table.
pub fn statements(live: &Live, alteration: &Alteration) -> Result<Vec<String>, Problem> {
    let place = |problem: Problem| problem.at(format!("{}.{}", live.table, alteration.name()));
    check_pragmas(live).map_err(place)?;
    let current = live.columns.iter().find(|c| c.name.eq_ignore_ascii_case(alteration.name()));
    match (alteration, current) {
        (Alteration::NotNull { required, .. }, Some(current)) if current.not_null == *required => {
            return Ok(Vec::new());
        }
        (Alteration::Column { .. }, Some(_)) => return Ok(Vec::new()),
        (Alteration::Constraint { .. } | Alteration::Column { .. }, _) | (_, Some(_)) => {}
        (_, None) => return Err(place(DRIFT.problem("the table has no such column"))),
    }
    let text = read(live).map_err(place)?;
    let edits = edits(live, &text, alteration, current).map_err(place)?;
    let added = match alteration {
        Alteration::Column { column, value, .. } => Some((column.as_str(), value.as_str())),
        _ => None,
    };
    Ok(edits.map_or(Vec::new(), |edits| rebuild(live, &text, edits, added)))
}

/// What changes in the text; nothing where it says so already.
fn edits(
    live: &Live,
    text: &Text<'_>,
    alteration: &Alteration,
    current: Option<&LiveColumn>,
) -> Result<Option<Vec<Edit>>, Problem> {
    let found = |name: &str| text.defines.constraints.iter().find(|one| one.name == name);
    Ok(match (alteration, current) {
        (Alteration::NotNull { required, .. }, Some(current)) => {
            Some(text.with_not_null(target(live, text, current)?, *required))
        }
        (Alteration::Default { value, .. }, Some(current)) => {
            let column = text.defines.columns.iter().find(|column| column.name == current.name);
            let column =
                column.ok_or_else(|| BUG.problem("a column was found once, but not twice"))?;
            Some(text.with_default(column, value.as_deref()))
        }
        (Alteration::Column { definition, .. }, _) => Some(text.with_column(definition)),
        (Alteration::Constraint { name, definition: Some(definition) }, _) => {
            found(name).is_none().then(|| text.with_constraint(definition))
        }
        (Alteration::Constraint { name, definition: None }, _) => {
            found(name).map(|found| text.without_constraint(found))
        }
        (_, None) => None,
    })
}

/// The rebuild would delete rows of other tables, or fail halfway.
fn check_pragmas(live: &Live) -> Result<(), Problem> {
    if live.foreign_keys {
        return Err(BUG.problem("a table cannot be rebuilt while `PRAGMA foreign_keys` is on"));
    }
    if !live.legacy_alter_table {
        return Err(
            BUG.problem("a table cannot be rebuilt while `PRAGMA legacy_alter_table` is off")
        );
    }
    Ok(())
}

/// The text, if all of it is understood: it has to name the table and the columns that the catalog does.
fn read(live: &Live) -> Result<Text<'_>, Problem> {
    let text = text::parse(&live.sql).map_err(|unexpected| not_understood(live, &unexpected))?;
    let same = |(a, b): (&Column, &LiveColumn)| a.name == b.name;
    let columns = &text.defines.columns;
    if !text.defines.name.eq_ignore_ascii_case(&live.table)
        || columns.len() != live.columns.len()
        || !columns.iter().zip(&live.columns).all(same)
    {
        return Err(DRIFT
            .problem("the table's text in sqlite_schema does not name the columns that it has")
            .help("compare `SELECT sql FROM sqlite_schema` with `PRAGMA table_xinfo`"));
    }
    if text.names_itself {
        return Err(NOT_SUPPORTED
            .problem("an expression in the table's definition has the table's name before a column")
            .help(format!("rebuild the table with `column` in place of `{}.column`", live.table)));
    }
    Ok(text)
}

fn not_understood(live: &Live, Unexpected(near): &Unexpected) -> Problem {
    if live.sql.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("CREATE VIRTUAL ")) {
        return NOT_SUPPORTED
            .problem("a virtual table has no NOT NULL")
            .help("keep the column optional, or declare it in an ordinary table");
    }
    DRIFT
        .problem(format!("the table's text in sqlite_schema is not understood near `{near}`"))
        .help("write the table's definition anew by hand, then run the command again; and please report the text")
}

/// The column in the text, if that is where its NOT NULL stands.
fn target<'a>(
    live: &Live,
    text: &'a Text<'_>,
    current: &LiveColumn,
) -> Result<&'a Column, Problem> {
    let column = text.defines.columns.iter().find(|column| column.name == current.name);
    let column = column.ok_or_else(|| BUG.problem("a column was found once, but not twice"))?;
    let by_key = current.key > 0 && (live.without_rowid || live.strict);
    if current.not_null && by_key {
        return Err(NOT_SUPPORTED
            .problem("the column is NOT NULL because it is a part of the primary key")
            .help("keep the column required"));
    }
    if column.is_not_null() != current.not_null {
        return Err(DRIFT
            .problem("the table's text in sqlite_schema and SQLite disagree about NOT NULL")
            .help("compare `SELECT sql FROM sqlite_schema` with `PRAGMA table_xinfo`"));
    }
    Ok(column)
}

fn rebuild(
    live: &Live,
    text: &Text<'_>,
    edits: Vec<Edit>,
    added: Option<(&str, &str)>,
) -> Vec<String> {
    let temporary = format!("_colmig_rebuild_{}", live.table);
    let (old, new) = (qualified(&live.table), qualified(&temporary));
    let mut all = vec![text.with(&new, edits), copy(live, &old, &new, added)];
    // Rows about a table go with it: they follow the new one while the old one is dropped. RENAME brings
    // those of sqlite_sequence back, and leaves the statistics alone.
    if text.autoincrement {
        all.push(format!("DELETE FROM main.sqlite_sequence WHERE name = {}", literal(&temporary)));
        all.push(hand_over("sqlite_sequence", "name", &live.table, &temporary));
    }
    let hand_statistics = |from: &str, to: &str| -> Vec<String> {
        live.statistics.iter().map(|table| hand_over(table, "tbl", from, to)).collect()
    };
    all.extend(hand_statistics(&live.table, &temporary));
    all.push(format!("DROP TABLE {old}"));
    all.push(format!("ALTER TABLE {new} RENAME TO {}", quote(&live.table)));
    all.extend(hand_statistics(&temporary, &live.table));
    all.extend(live.dependants.iter().cloned());
    all
}

/// A temporary table of the same name would hide the real one.
fn qualified(table: &str) -> String {
    format!("main.{}", quote(table))
}

fn hand_over(table: &str, column: &str, from: &str, to: &str) -> String {
    let table = qualified(table);
    format!("UPDATE {table} SET {column} = {} WHERE {column} = {}", literal(to), literal(from))
}

/// `OR ABORT` is stronger than an ON CONFLICT of the table, which might drop a row or change it. The
/// order is the table's own; left to itself, SQLite may read an index instead.
fn copy(live: &Live, old: &str, new: &str, added: Option<(&str, &str)>) -> String {
    let rowid = rowid(live, added.map(|(column, _)| column));
    let mut columns: Vec<_> = rowid.map(str::to_owned).into_iter().collect();
    let stored = live.columns.iter().filter(|column| !column.generated);
    columns.extend(stored.map(|column| quote(&column.name)));
    let (mut names, mut values) = (columns.join(", "), columns.join(", "));
    if let Some((column, value)) = added {
        names.push_str(&format!(", {}", quote(column)));
        values.push_str(&format!(", {value}"));
    }

    let mut key: Vec<_> = live.columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    let key = key.iter().map(|column| quote(&column.name)).collect::<Vec<_>>().join(", ");
    let order = match rowid {
        Some(rowid) => format!(" ORDER BY {rowid}"),
        None if live.without_rowid => format!(" ORDER BY {key}"),
        None => " NOT INDEXED".to_owned(),
    };
    format!("INSERT OR ABORT INTO {new} ({names}) SELECT {values} FROM {old}{order}")
}

/// A name of the rowid that no column has taken, nor the one that is added. An INTEGER PRIMARY KEY is the same
/// value by another name, and SQLite takes both.
fn rowid(live: &Live, added: Option<&str>) -> Option<&'static str> {
    let columns = || live.columns.iter().map(|column| column.name.as_str()).chain(added);
    let taken = |name: &str| columns().any(|column| column.eq_ignore_ascii_case(name));
    let names = ["rowid", "_rowid_", "oid"];
    names.into_iter().find(|name| !live.without_rowid && !taken(name))
}

#[cfg(test)]
mod tests;
