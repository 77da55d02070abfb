//! What is asked of the rows that are there before a change touches anything: questions as data, their SQL, and the
//! words of what they find.
//!
//! A [`Question`] computes a value over each row, as the change will, and says what would be wrong with it. It is
//! answered by queries that only read. What no query of every database can try (a value that cannot be computed for
//! some rows, or is too long for its column) is tried with the help of [`crate::dialect::trial`].

use crate::backfill::rows;
use crate::dialect::{Direction, differs};
use crate::ident::quote;
use crate::migration::Change;
use crate::problem::{PREFLIGHT, Problem};
use crate::progress::Progress;
use crate::protocol::Act;
use crate::schema::{Column, Constraint, Guard};
use crate::types::{ColumnType, Database};

/// How many keys are named: enough to look at, few enough to read.
pub const FIRST: usize = 5;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whose it is: `users.handle`, or `users.users_email_key` for a constraint.
    pub subject: String,
    /// The table whose rows are asked.
    pub table: String,
    /// Which part of the declaration it is about.
    pub about: About,
    /// What a person wrote there; empty where nobody wrote anything.
    pub written: String,
    /// Columns that the rows do not have yet: their names, and how they will be computed.
    pub coming: Vec<(String, String)>,
    /// Which rows are asked; empty: all.
    pub only: String,
    /// What is computed over each row.
    pub value: String,
    /// The column that it is assigned to, if it is.
    pub column: Option<Assigned>,
    /// What would be wrong with it.
    pub wrong: Wrong,
    /// Columns that are shown beside the key, and that the rows are sorted by.
    pub beside: Vec<String>,
    /// The database that is asked.
    pub database: Database,
}

/// The column that a value is assigned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Its name.
    pub name: String,
    /// Its type.
    pub sql_type: String,
    /// Whether a cast to the type does what an assignment does. A type that a person wrote may have a length: a
    /// cast would cut what an assignment refuses.
    pub by_cast: bool,
}

/// Which part of a declaration a question is about: the attribute to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// `type`.
    Type,
    /// `type`, whose values have to be compared.
    Comparison,
    /// `backfill`.
    Backfill,
    /// `forward`.
    Forward,
    /// `reverse`.
    Reverse,
    /// `unique`.
    Unique,
    /// `check`.
    Check,
    /// `references`.
    References,
}

/// What would be wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing, if only it can be computed.
    Nothing,
    /// That it is NULL.
    Null,
    /// That it is not what this column holds.
    Differing(String),
    /// That the Rust type of the column cannot read it back, in a database that stores what it is given.
    Unreadable(Kept),
    /// That it is true.
    True,
}

/// What a column of SQLite is declared to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Text.
    Text,
}

/// What the rows answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The database does not take the expression; what it says.
    Refused(String),
    /// Something is wrong in so many rows; the first of them.
    Wrong(i64, Vec<String>),
    /// It cannot be computed for some rows: how many, if that can be known, the first, and what the database says.
    Fails(Option<i64>, Vec<String>, String),
}

/// What is to be asked before the first step of a change.
pub fn questions(change: &Change, database: Database) -> Vec<Question> {
    let mut all = Vec::new();
    if change.has(Act::Add) {
        all.extend(change.columns.iter().filter_map(|column| empty(change, column, database)));
    }
    if !change.replaced.is_empty() {
        all.extend(change.touched().filter_map(|column| compared(change, column, database)));
    }
    if change.has(Act::Backfill) {
        let columns = change.targets(Act::Backfill).iter();
        all.extend(columns.flat_map(|column| filled(change, column, database)));
    }
    if let Some(constraint) = change.constraint.as_ref().filter(|_| change.has(Act::Enforce)) {
        all.extend(questions_of_constraint(&change.table, constraint, database));
    }
    if change.has(Act::Relax) || change.has(Act::Trigger) {
        let columns = change.targets(Act::Relax).iter();
        all.extend(columns.filter_map(|column| refilled(change, column, database)));
    }
    all
}

/// A column is added without a value first, which a type of the user's own may not allow: a domain that is never
/// NULL.
fn empty(change: &Change, column: &Column, database: Database) -> Option<Question> {
    let ColumnType::Sql(texts) = &column.ty else { return None };
    let written = texts.on(database).filter(|_| database == Database::Postgres)?;
    Some(Question {
        written: written.to_owned(),
        value: format!("CAST(NULL AS {written})"),
        ..question(change, column, About::Type, Wrong::Nothing, database)
    })
}

/// Whether a row is right already is told by comparing, which not every type can, `json` for instance.
fn compared(change: &Change, column: &Column, database: Database) -> Option<Question> {
    let ColumnType::Sql(texts) = &column.ty else { return None };
    let written = texts.on(database).filter(|_| database == Database::Postgres)?;
    let value = format!("CAST(NULL AS {written})");
    Some(Question {
        written: written.to_owned(),
        value: format!("{value} IS DISTINCT FROM {value}"),
        // The server says it as it reads the statement.
        only: "1 = 0".into(),
        ..question(change, column, About::Comparison, Wrong::Nothing, database)
    })
}

/// Existing rows get a value: it can be computed, the column can hold it, and where the column is required it is not
/// NULL. A column that is there already, and becomes required, gets it only where it has none.
fn filled(change: &Change, column: &Column, database: Database) -> Vec<Question> {
    let replaces = !change.replaced.is_empty();
    let (about, texts) = match replaces {
        true => (About::Forward, &column.forward),
        false => (About::Backfill, &column.backfill),
    };
    let is_there = !change.has(Act::Add);
    let of = |wrong| Question {
        written: texts.on(database).unwrap_or_default().to_owned(),
        only: match is_there {
            true => format!("{}.{} IS NULL", quote(&change.table), quote(&column.name)),
            false => String::new(),
        },
        value: change.value(column, Direction::Up, database),
        column: assigned(column, database),
        ..question(change, column, about, wrong, database)
    };
    let null = if column.optional() { Wrong::Nothing } else { Wrong::Null };
    let kept = (database == Database::Sqlite).then(|| kept(column)).flatten();
    [Some(null), kept.map(Wrong::Unreadable)].into_iter().flatten().map(of).collect()
}

/// What undo writes: of a replacement it must bring the old value back, of other columns it must be a value. Where
/// nobody wrote how, there is nothing to ask: undo ends before it would be needed. A trigger writes it only for rows
/// whose new columns were written, and undo writes nothing: there it must be a value, and may be of another spelling.
fn refilled(change: &Change, column: &Column, database: Database) -> Option<Question> {
    let written = column.reverse.on(database)?;
    let (coming, wrong) = match change.replaced.is_empty() {
        true => (Vec::new(), Wrong::Null),
        false => {
            let new = change.columns.iter().map(|new| {
                let forward = new.forward.on(database).unwrap_or("NULL");
                (new.name.clone(), stored(new, database, forward))
            });
            let wrong = match change.has(Act::Trigger) {
                true if column.optional() => Wrong::Nothing,
                true => Wrong::Null,
                false => Wrong::Differing(column.name.clone()),
            };
            (new.collect(), wrong)
        }
    };
    Some(Question {
        written: written.to_owned(),
        coming,
        value: change.value(column, Direction::Down, database),
        column: assigned(column, database),
        ..question(change, column, About::Reverse, wrong, database)
    })
}

/// What is to be asked before a constraint is added to a table that exists.
pub fn questions_of_constraint(
    table: &str,
    constraint: &Constraint,
    database: Database,
) -> Vec<Question> {
    let here = |name: &String| format!("{}.{}", quote(table), quote(name));
    let (about, written, value, beside) = match &constraint.guard {
        Guard::Unique { columns } => {
            (About::Unique, String::new(), shared(table, columns), columns.clone())
        }
        Guard::Check { expression } => {
            let Some(text) = expression.on(database) else { return Vec::new() };
            // NULL is no violation, and NOT makes nothing else of it.
            (About::Check, text.to_owned(), format!("NOT ({text})"), Vec::new())
        }
        Guard::References { column, table: parent, target, .. } => {
            // A table may reference itself.
            let other = if table == "other" { "another" } else { "other" };
            let value = format!(
                "{0} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {1} AS {other} WHERE {other}.{2} = {0})",
                here(column),
                quote(parent),
                quote(target),
            );
            (About::References, format!("{parent}.{target}"), value, vec![column.clone()])
        }
    };
    vec![Question {
        subject: format!("{table}.{}", constraint.name),
        table: table.to_owned(),
        about,
        written,
        coming: Vec::new(),
        only: String::new(),
        value,
        column: None,
        wrong: Wrong::True,
        beside,
        database,
    }]
}

/// Whether another row has the same values; NULL is like nothing. Grouping takes for equal what the index will take
/// for equal, collations included.
fn shared(table: &str, columns: &[String]) -> String {
    let list = |prefix: &str| {
        let all = columns.iter().map(|name| format!("{prefix}{}", quote(name)));
        all.collect::<Vec<_>>().join(", ")
    };
    let set = columns.iter().map(|name| format!("{} IS NOT NULL", quote(name)));
    format!(
        "({}) IN (SELECT {1} FROM {2} WHERE {3} GROUP BY {1} HAVING count(*) > 1)",
        list(&format!("{}.", quote(table))),
        list(""),
        quote(table),
        set.collect::<Vec<_>>().join(" AND "),
    )
}

fn question(
    change: &Change,
    column: &Column,
    about: About,
    wrong: Wrong,
    database: Database,
) -> Question {
    Question {
        subject: format!("{}.{}", change.table, column.name),
        table: change.table.clone(),
        about,
        written: String::new(),
        coming: Vec::new(),
        only: String::new(),
        value: String::new(),
        column: None,
        wrong,
        beside: Vec::new(),
        database,
    }
}

fn assigned(column: &Column, database: Database) -> Option<Assigned> {
    let sql_type = column.ty.on(database).ok()?.to_owned();
    let by_cast = matches!(column.ty, ColumnType::Known(_));
    Some(Assigned { name: column.name.clone(), sql_type, by_cast })
}

/// What SQLite is to keep in a column of a type that colmig chose; of others nobody knows what reads them.
fn kept(column: &Column) -> Option<Kept> {
    match (&column.ty, column.ty.on(Database::Sqlite)) {
        (ColumnType::Known(_), Ok("INTEGER" | "BOOLEAN")) => Some(Kept::Integer),
        (ColumnType::Known(_), Ok("REAL")) => Some(Kept::Real),
        (ColumnType::Known(_), Ok("TEXT")) => Some(Kept::Text),
        _ => None,
    }
}

/// An expression as the column will hold it, for who reads the column.
fn stored(column: &Column, database: Database, expression: &str) -> String {
    let sql_type = match (database, kept(column)) {
        (Database::Postgres, _) => column.ty.on(database).unwrap_or("text"),
        (Database::Sqlite, Some(Kept::Integer)) => "INTEGER",
        (Database::Sqlite, Some(Kept::Real)) => "REAL",
        (Database::Sqlite, Some(Kept::Text)) => "TEXT",
        // What MySQL casts to is not named as its columns are.
        (Database::Sqlite, None) | (Database::Mysql, _) => return format!("({expression})"),
    };
    format!("CAST(({expression}) AS {sql_type})")
}

impl Question {
    /// How many rows something is wrong with; `value` is what stands for the question's value, and `within` narrows
    /// the rows further.
    pub fn count(&self, value: &str, within: &str) -> String {
        format!("SELECT count(*) FROM {} WHERE {}", self.rows(None), self.condition(value, within))
    }

    /// The first of them: these outputs, and the columns beside them, in the order of `key`.
    pub fn first(&self, value: &str, outputs: &[String], key: &[String]) -> String {
        self.first_within(value, "", outputs, key)
    }

    /// The first of them among fewer rows.
    pub fn first_within(
        &self,
        value: &str,
        within: &str,
        outputs: &[String],
        key: &[String],
    ) -> String {
        let table = quote(&self.table);
        let here = |name: &String| format!("{table}.{}", quote(name));
        let text = if self.database == Database::Mysql { "CHAR" } else { "text" };
        let beside = self.beside.iter().map(|name| format!("CAST({} AS {text})", here(name)));
        let outputs: Vec<_> = outputs.iter().cloned().chain(beside).collect();
        let order: Vec<_> = self.beside.iter().chain(key).map(here).collect();
        format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {FIRST}",
            outputs.join(", "),
            self.rows(None),
            self.condition(value, within),
            order.join(", "),
        )
    }

    /// The rows, with the columns that they do not have yet, under the table's own name, so that an expression may
    /// say it; from the table, or from what stands for it.
    pub fn rows(&self, instead: Option<&str>) -> String {
        let table = quote(&self.table);
        let from = instead.unwrap_or(&table);
        if self.coming.is_empty() {
            return format!("{from} AS {table}");
        }
        let coming = self.coming.iter().map(|(name, sql)| format!("{sql} AS {}", quote(name)));
        let coming = coming.collect::<Vec<_>>().join(", ");
        format!("(SELECT {table}.*, {coming} FROM {from} AS {table}) AS {table}")
    }

    /// Whether something is wrong with a value.
    pub fn is_wrong(&self, value: &str) -> String {
        match &self.wrong {
            // Never, and the database has to compute it to say so.
            Wrong::Nothing => format!("CASE WHEN {value} IS NULL THEN false ELSE false END"),
            Wrong::Null => format!("{value} IS NULL"),
            Wrong::Differing(column) => {
                let column = format!("{}.{}", quote(&self.table), quote(column));
                differs(self.database, value, &column)
            }
            // A comparison gives the other side the affinity of a cast, as storing would.
            Wrong::Unreadable(Kept::Integer) => format!("NOT (CAST({value} AS INTEGER) = {value})"),
            Wrong::Unreadable(Kept::Real) => format!("NOT (CAST({value} AS REAL) = {value})"),
            Wrong::Unreadable(Kept::Text) => format!("typeof({value}) = 'blob'"),
            Wrong::True => value.to_owned(),
        }
    }

    /// A value is computed only for the rows that are asked, in whichever order a planner takes the conditions.
    fn condition(&self, value: &str, within: &str) -> String {
        let wrong = self.is_wrong(value);
        match (self.only.as_str(), within) {
            ("", "") => wrong,
            (only, "") => format!("CASE WHEN {only} THEN {wrong} ELSE false END"),
            ("", within) => format!("{within} AND CASE WHEN {within} THEN {wrong} ELSE false END"),
            (only, within) => {
                format!("{within} AND CASE WHEN {within} AND {only} THEN {wrong} ELSE false END")
            }
        }
    }

    /// Whether the answer depends on what another change has yet to do: on a column that it adds or fills, or on a
    /// table that it makes. Then there is nothing to ask before that is done.
    pub fn rests_on(&self, other: &Progress) -> bool {
        let coming = self.coming.iter().map(|(_, sql)| sql);
        let texts: Vec<&String> = [&self.value, &self.only].into_iter().chain(coming).collect();
        let names = |name: &str| texts.iter().any(|text| mentions(text, name));
        let mut left = other.change.steps[other.position..].iter().map(|step| step.act);
        if !left.any(|act| matches!(act, Act::CreateTable | Act::Add | Act::Backfill)) {
            return false;
        }
        match &other.change.definition {
            Some(table) => table.name == self.table || names(&table.name),
            None => {
                let mut columns = other.change.columns.iter();
                other.change.table == self.table && columns.any(|column| names(&column.name))
            }
        }
    }

    /// Whether a problem of the same change says enough: one of the same column, or any where this question reckons
    /// with what the others compute.
    pub fn is_moot(&self, problems: &[Problem]) -> bool {
        let same = |problem: &Problem| problem.place.as_deref() == Some(self.subject.as_str());
        problems.iter().any(|problem| same(problem) || !self.coming.is_empty())
    }

    /// The problem that an answer is.
    pub fn problem(&self, answer: &Answer) -> Problem {
        self.found(answer).help(self.remedy(answer))
    }

    /// The same behind the first question: of rows that came while the change was on its way.
    pub fn late(&self, answer: &Answer) -> Problem {
        self.found(answer).help(
            "they came after the change had begun, and its step was taken back: mend those rows, and apply again; or `cargo colmig rollback`",
        )
    }

    fn found(&self, answer: &Answer) -> Problem {
        let (message, first) = match answer {
            Answer::Refused(said) => {
                (format!("the database does not take {}: {said}", self.named()), None)
            }
            Answer::Wrong(count, first) => (self.finding(*count), Some(first)),
            Answer::Fails(_, _, said) if self.about == About::Type => (
                format!(
                    "a column of the type `{}` cannot begin without a value: {said}",
                    self.written
                ),
                None,
            ),
            Answer::Fails(count, first, said) => {
                let of = match count {
                    Some(count) => rows(*count),
                    None => "some rows, nobody knows how many,".to_owned(),
                };
                let what = format!("cannot be computed for {of} of `{}`: {said}", self.table);
                (format!("{}, {what}", self.named()), Some(first))
            }
        };
        let problem = PREFLIGHT.problem(message).at(self.subject.clone());
        match first.filter(|first| !first.is_empty()) {
            Some(first) => problem.help(format!("the first keys: {}", first.join(", "))),
            None => problem,
        }
    }

    /// `` `lower(email)`, the `backfill` of `users.handle` ``.
    fn named(&self) -> String {
        format!("`{}`, the `{}` of `{}`", self.written, self.about.word(), self.subject)
    }

    fn finding(&self, count: i64) -> String {
        let (of, subject) = (format!("{} of `{}`", rows(count), self.table), &self.subject);
        let have = if count == 1 { "has" } else { "have" };
        let columns = self.beside.join("`, `");
        match (self.about, &self.wrong) {
            (_, Wrong::Null) if self.written.is_empty() => {
                format!(
                    "{of} {have} no value in `{subject}`, which is to be required, and there is no `backfill`"
                )
            }
            (About::Reverse, Wrong::Null) => {
                let who = if self.coming.is_empty() { "undo has" } else { "the trigger has" };
                format!("{}, yields NULL for {of}, and {who} to give each a value", self.named())
            }
            (About::Reverse, _) => {
                format!(
                    "{}, does not bring the value of {of} back: an undo would lose it",
                    self.named()
                )
            }
            (_, Wrong::Null) => {
                format!("`{}` yields NULL for {of}, and `{subject}` is required", self.written)
            }
            (_, Wrong::Unreadable(kept)) => {
                format!("{}, yields what is no {} for {of}", self.named(), kept.word())
            }
            (About::Unique, _) => {
                let share = if count == 1 { "shares" } else { "share" };
                format!("{of} {share} `{columns}` with another, and `{subject}` is to be unique")
            }
            (About::References, _) => {
                format!("{of} {have} in `{columns}` what is nowhere in `{}`", self.written)
            }
            _ => {
                let what = if count == 1 { "does" } else { "do" };
                format!("{of} {what} not pass `{}`, the check `{subject}`", self.written)
            }
        }
    }

    fn remedy(&self, answer: &Answer) -> String {
        let (word, subject) = (self.about.word(), &self.subject);
        let amend = "and run `cargo colmig generate --amend`";
        let undone = "nothing was changed";
        match (self.about, answer) {
            (About::Type, _) => format!(
                "give `{subject}` a `type` that may be NULL, and what the domain demands as a `check`, {amend}; {undone}"
            ),
            (About::Comparison, _) => format!(
                "give `{subject}` a type whose values can be compared, `jsonb` in place of `json` for instance, {amend}; {undone}"
            ),
            (_, Answer::Refused(_)) => format!("mend `{word}` at `{subject}`, {amend}; {undone}"),
            (About::Reverse, Answer::Wrong(..)) if matches!(self.wrong, Wrong::Differing(_)) => {
                format!(
                    "mend `{word}` at `{subject}`, or delete it: then an undo ends before `relax`; {amend}; {undone}"
                )
            }
            (About::Reverse, _) => {
                format!("mend `{word}` at `{subject}`, or those rows; {amend}; {undone}")
            }
            (About::Unique | About::Check | About::References, _) => {
                format!("mend those rows, and apply again, or take `{word}` back {amend}; {undone}")
            }
            (_, Answer::Wrong(..)) if self.written.is_empty() => format!(
                "mend those rows, and apply again; or say at `{subject}` what they get, `{word} = \"…\"`, {amend}; {undone}"
            ),
            (_, Answer::Wrong(..)) if self.wrong == Wrong::Null => format!(
                "mend those rows, and apply again; or give them a value, `{word} = \"coalesce(…, '')\"` at `{subject}`, {amend}; {undone}"
            ),
            _ => format!(
                "mend those rows, and apply again; or mend `{word}` at `{subject}`, {amend}; {undone}"
            ),
        }
    }
}

/// Several problems as one: a command ends with one error.
pub fn together(place: &str, mut problems: Vec<Problem>) -> Option<Problem> {
    if problems.len() < 2 {
        return problems.pop();
    }
    let count = problems.len();
    let all =
        PREFLIGHT.problem(format!("{count} things stand in the way of this migration")).at(place);
    Some(problems.into_iter().fold(all, |all, one| {
        let lines: Vec<_> = one.help.iter().map(|help| format!("\n    {help}")).collect();
        all.help(format!("{}{}", one.message, lines.concat()))
    }))
}

impl About {
    /// The attribute.
    pub fn word(self) -> &'static str {
        match self {
            About::Type | About::Comparison => "type",
            About::Backfill => "backfill",
            About::Forward => "forward",
            About::Reverse => "reverse",
            About::Unique => "unique",
            About::Check => "check",
            About::References => "references",
        }
    }
}

impl Kept {
    fn word(self) -> &'static str {
        match self {
            Kept::Integer => "integer",
            Kept::Real => "number",
            Kept::Text => "text",
        }
    }
}

/// Whether a name occurs in SQL as a word of its own: in a text or as another table's column too, which costs a
/// question and no more.
fn mentions(sql: &str, name: &str) -> bool {
    let (sql, name) = (sql.to_lowercase(), name.to_lowercase());
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    sql.match_indices(&name).any(|(at, _)| {
        !sql[..at].ends_with(is_part) && !sql[at + name.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::State;
    use crate::lock::Lock;
    use crate::plan::{Wish, plan};
    use crate::schema::{Schema, Table};
    use crate::types::PerDatabase;

    fn column(name: &str) -> Column {
        Column::new(name, ColumnType::Known("text".into()))
    }

    fn text(text: &str) -> PerDatabase {
        PerDatabase::Everywhere(text.into())
    }

    fn users(columns: &[Column]) -> Schema {
        let mut table = Table::new("users");
        table.primary_key = vec!["id".into()];
        table.columns = [&[column("id")], columns].concat();
        Schema::of(vec![table])
    }

    /// The changes of an edit of `users`.
    fn changes(before: &[Column], after: &[Column]) -> Vec<Change> {
        let databases = vec![Database::Postgres, Database::Sqlite];
        let mut lock = Lock { databases, ..Lock::default() };
        lock.schema = plan(&lock, &users(before), Wish::default()).expect("a new table").schema;
        let outcome = plan(&lock, &users(after), Wish::default()).expect("a legal edit");
        outcome.migration.map(|migration| migration.manifest.changes).unwrap_or_default()
    }

    fn adding(column: Column) -> Column {
        Column { state: State::Adding, ..column }
    }

    #[test]
    fn a_replacement_is_asked_for_its_value_and_for_the_way_back() {
        let forward = text("upper(name)");
        let new = Column { replaces: vec!["name".into()], forward, ..adding(column("alias")) };
        let both = Column { reverse: text("lower(alias)"), ..new.clone() };
        let asked = |new: &Column, database| {
            let [change] = &changes(&[column("name")], &[column("name"), new.clone()])[..] else {
                panic!("one change");
            };
            let asked = questions(change, database);
            asked
                .iter()
                .map(|question| (question.about, question.wrong.clone()))
                .collect::<Vec<_>>()
        };
        let forwards = (About::Forward, Wrong::Null);
        let back = (About::Reverse, Wrong::Differing("name".into()));
        assert_eq!(asked(&new, Database::Postgres), std::slice::from_ref(&forwards));
        assert_eq!(asked(&both, Database::Postgres), [forwards.clone(), back.clone()]);
        let unreadable = (About::Forward, Wrong::Unreadable(Kept::Text));
        assert_eq!(asked(&both, Database::Sqlite), [forwards, unreadable, back]);
    }

    /// What another change has yet to add or to fill says nothing now.
    #[test]
    fn a_question_about_what_comes_is_not_asked_before_it_is_there() {
        let handle = Column { backfill: text("lower(email)"), ..adding(column("handle")) };
        let slug = Column { backfill: text("users.\"Handle\" || '-'"), ..adding(column("slug")) };
        let [first, second] = &changes(&[column("email")], &[column("email"), handle, slug])[..]
        else {
            panic!("two changes");
        };
        let rests = |change: &Change, other: &Change, position| {
            let other = Progress { position, ..Progress::of(other.clone(), "0002") };
            questions(change, Database::Postgres).iter().any(|question| question.rests_on(&other))
        };
        let filled = 1 + first.acts().position(|act| act == Act::Backfill).expect("it fills");
        assert!(rests(second, first, 0) && rests(second, first, filled - 1));
        assert!(!rests(second, first, filled) && !rests(first, second, 0));
    }

    #[test]
    fn a_name_is_a_word_of_its_own() {
        for (sql, is_there) in
            [("lower(name)", true), ("users.Name", true), ("nickname", false), ("name_2", false)]
        {
            assert_eq!(mentions(sql, "name"), is_there, "{sql}");
        }
    }

    #[test]
    fn one_problem_stands_for_itself_and_several_under_their_migration() {
        let problem = |word: &str| PREFLIGHT.problem(word).at("users.a").help("mend it");
        assert_eq!(together("0002_x", Vec::new()), None);
        assert_eq!(together("0002_x", vec![problem("a")]), Some(problem("a")));
        let both = together("0002_x", vec![problem("a"), problem("b")]).expect("two");
        assert_eq!(both.place.as_deref(), Some("0002_x"));
        assert_eq!(both.help, ["a\n    mend it", "b\n    mend it"]);
    }
}
