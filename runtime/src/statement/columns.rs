//! Which columns a statement writes, and how: a table of what becomes of a field, and the walk over it.

use colmig_core::lifecycle::Stand;
use colmig_core::problem::{BUG, Problem};

use super::refusal;
use crate::table::{ColumnInfo, Derived, TableInfo};

/// The statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    Insert,
    Update,
    Upsert,
}

/// What a field is, in one row and one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// It is of the primary key.
    Key,
    /// It is of the primary key, and the database makes it where a row comes to be.
    AutoKey,
    /// It is of the primary key, and has no value.
    UnsetKey,
    /// The database makes its value.
    Made,
    /// It has a value.
    Set,
    /// It is written and not read, has no value, and follows from no other column.
    Unset,
    /// It is required on write, and was read as NULL.
    ReadAsNull,
    /// It has no value and follows from columns whose values are known, at least one of which is written.
    Follows,
    /// It has no value, and the statement writes none of the columns from which it follows.
    FollowsUnwritten,
    /// It has no value, and the statement writes some of the columns from which it follows, and not the others.
    FollowsHalf,
    /// It has no value and follows from one that the database makes, which nobody knows yet.
    FollowsMade,
    /// It has no value, and nothing says how to compute it on this database.
    FollowsSomehow,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its value is written.
    Bound,
    /// It is written with what its expression says of the values that this statement knows.
    Computed,
    /// It says which row is meant.
    Matched,
    /// It is not in the statement.
    LeftOut,
    /// There must be no such statement.
    Refused,
}

/// One row of [`FATES`].
struct FateRow {
    field: Field,
    insert: Fate,
    update: Fate,
    upsert: Fate,
}

/// What becomes of a field.
///
/// * An insert makes a whole row. A column without a value would be a hole: the backfill may have passed
///   already, and a newer release would read NULL, or its NOT NULL would refuse the row.
/// * An update may leave a column out that depends on nothing here: the row keeps what its last writer gave it,
///   or stays one that the backfill still finds (R10).
/// * What *follows* from a column must not be left out where that column is written. Another live release reads
///   the one and not the other, so a stale one is a lost update; and the backfill, which would mend it, may be
///   over (R09). Where the client cannot say the value, the database computes it in the same statement: from the
///   values that are being written, so that no other writer can come between (R11).
/// * An upsert may become an insert, so it asks as much as one.
const FATES: &[FateRow] = {
    use Fate::{Bound, Computed, LeftOut, Matched, Refused};
    const fn row(field: Field, insert: Fate, update: Fate, upsert: Fate) -> FateRow {
        FateRow { field, insert, update, upsert }
    }
    &[
        row(Field::Key, Bound, Matched, Bound),
        // An upsert that left it out could never meet the row that is there.
        row(Field::AutoKey, LeftOut, Matched, Bound),
        row(Field::UnsetKey, Refused, Refused, Refused),
        row(Field::Made, LeftOut, LeftOut, LeftOut),
        row(Field::Set, Bound, Bound, Bound),
        row(Field::Unset, Refused, LeftOut, Refused),
        // Another writer may have given it a value since, and this one has none to say.
        row(Field::ReadAsNull, Refused, LeftOut, Refused),
        row(Field::Follows, Computed, Computed, Computed),
        row(Field::FollowsUnwritten, Refused, LeftOut, Refused),
        row(Field::FollowsHalf, Refused, Refused, Refused),
        // It may change with every update, whichever columns that writes.
        row(Field::FollowsMade, Refused, Refused, Refused),
        row(Field::FollowsSomehow, Refused, Refused, Refused),
    ]
};

impl Statement {
    /// What becomes of a field in it.
    pub(super) fn fate(self, field: Field) -> Fate {
        let row = FATES.iter().find(|row| row.field == field);
        let row = row.expect("every field has a row: a test walks over all of them");
        match self {
            Statement::Insert => row.insert,
            Statement::Update => row.update,
            Statement::Upsert => row.upsert,
        }
    }
}

/// What sqlx calls a database, and its word in attributes.
const WORDS: &[(&str, &str)] =
    &[("PostgreSQL", "postgres"), ("SQLite", "sqlite"), ("MySQL", "mysql")];

/// A column that a statement names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its index.
    pub(super) index: usize,
    /// How its value is computed, where it is not bound.
    pub(super) computed: Option<Computed>,
}

/// A value that the database computes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Computed {
    /// How.
    pub(super) expression: &'static str,
    /// The columns whose values it is given.
    pub(super) over: Vec<usize>,
}

/// One statement on one row: of the row it asks only which fields are without a value.
pub(super) struct Request<'a> {
    pub(super) table: &'static TableInfo,
    pub(super) statement: Statement,
    /// What sqlx calls the database.
    pub(super) database: &'static str,
    pub(super) is_unset: &'a dyn Fn(usize) -> bool,
}

impl Request<'_> {
    /// The columns that the statement names, those that say which row an update means at the end.
    pub(super) fn parts(&self) -> Result<Vec<Part>, Problem> {
        self.check_key()?;
        let fields = (0..self.table.columns.len()).map(|index| self.field(index));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        refusal::check(self, &fields)?;
        let named = (0..fields.len())
            .filter(|&index| !matches!(self.fate(fields[index]), Fate::LeftOut | Fate::Refused));
        let (key, written): (Vec<_>, Vec<_>) =
            named.partition(|&index| self.fate(fields[index]) == Fate::Matched);
        if written.is_empty() && self.statement == Statement::Update {
            return Err(refusal::nothing_to_set(self.table));
        }
        let part = |index| Part { index, computed: self.computed(index, &fields) };
        Ok(written.into_iter().chain(key).map(part).collect())
    }

    pub(super) fn fate(&self, field: Field) -> Fate {
        self.statement.fate(field)
    }

    pub(super) fn column(&self, index: usize) -> &'static ColumnInfo {
        &self.table.columns[index]
    }

    fn field(&self, index: usize) -> Result<Field, Problem> {
        if let Some(field) = self.field_with_value(index) {
            return Ok(field);
        }
        let column = self.column(index);
        Ok(match (column.derived, column.stand) {
            (Some(derived), _) => self.following(derived)?,
            (None, Stand::Row) => Field::ReadAsNull,
            (None, _) => Field::Unset,
        })
    }

    /// What a field is that asks for nothing else to be looked at.
    fn field_with_value(&self, index: usize) -> Option<Field> {
        let column = self.column(index);
        let is_key = self.table.primary_key.contains(&column.name);
        match (is_key, column.auto, (self.is_unset)(index)) {
            (true, true, _) => Some(Field::AutoKey),
            (true, false, false) => Some(Field::Key),
            (true, false, true) => Some(Field::UnsetKey),
            (false, true, _) => Some(Field::Made),
            (false, false, false) => Some(Field::Set),
            (false, false, true) => None,
        }
    }

    /// What a field without a value is that follows from others.
    fn following(&self, derived: &Derived) -> Result<Field, Problem> {
        let find = |name: &&str| self.find(name, "another column follows from it");
        let sources: Vec<_> = derived.sources.iter().map(find).collect::<Result<_, _>>()?;
        let is = |fate| sources.iter().any(|&index| self.fate_of_source(index) == fate);
        Ok(if sources.iter().any(|&index| self.field_with_value(index) == Some(Field::Made)) {
            Field::FollowsMade
        } else if !is(Fate::Bound) {
            Field::FollowsUnwritten
        } else if is(Fate::LeftOut) {
            Field::FollowsHalf
        } else if self.expression(derived).is_none() {
            Field::FollowsSomehow
        } else {
            Field::Follows
        })
    }

    /// What becomes of a column from which others follow; it follows from none.
    pub(super) fn fate_of_source(&self, index: usize) -> Fate {
        self.field_with_value(index).map_or(Fate::LeftOut, |field| self.fate(field))
    }

    fn expression(&self, derived: &Derived) -> Option<&'static str> {
        let word = WORDS.iter().find(|(name, _)| *name == self.database);
        derived.on(word.map_or("", |(_, word)| word))
    }

    /// How a column is computed, if it is. The expression gets every value that this statement knows and the
    /// text may name, and not the sources alone: in an update, any other name in it is the column of the row
    /// as it was before.
    fn computed(&self, index: usize, fields: &[Field]) -> Option<Computed> {
        let derived = self.column(index).derived.filter(|_| fields[index] == Field::Follows)?;
        let expression = self.expression(derived)?;
        let text = expression.to_lowercase();
        let is_named = |index: &usize| {
            let name = self.column(*index).name;
            derived.sources.contains(&name) || text.contains(&name.to_lowercase())
        };
        let is_known =
            |index: &usize| matches!(self.fate(fields[*index]), Fate::Bound | Fate::Matched);
        let over = (0..fields.len()).filter(is_known).filter(is_named).collect();
        Some(Computed { expression, over })
    }

    /// A column of the primary key that no field has would widen the `WHERE` to rows that nobody meant, so it
    /// is looked up and not trusted.
    fn check_key(&self) -> Result<(), Problem> {
        let find = |name| self.find(name, "it is in the primary key").map(drop);
        self.table.primary_key.iter().try_for_each(|name| find(name))
    }

    pub(super) fn find(&self, name: &str, why: &str) -> Result<usize, Problem> {
        let index = self.table.columns.iter().position(|column| column.name == name);
        index.ok_or_else(|| {
            BUG.problem(format!("no field has the column `{name}`, and {why}")).at(self.table.name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::{KEYS_ONLY, USERS};
    use super::*;

    fn request<'a>(
        table: &'static TableInfo,
        statement: Statement,
        is_unset: &'a dyn Fn(usize) -> bool,
    ) -> Request<'a> {
        Request { table, statement, database: "SQLite", is_unset }
    }

    /// The columns of [`USERS`] and which of them have no value, so that one of them is such a field in each of
    /// these statements.
    const SAMPLES: &[(Field, &str, &[&str], &[Statement])] = &[
        (Field::AutoKey, "id", &[], ALL),
        (Field::Key, "part", &[], ALL),
        (Field::UnsetKey, "part", &["part"], ALL),
        (Field::Made, "counter", &[], ALL),
        (Field::Set, "handle", &[], ALL),
        (Field::Unset, "handle", &["handle"], ALL),
        (Field::Unset, "nickname", &["nickname"], ALL),
        (Field::ReadAsNull, "last", &["last"], ALL),
        (Field::Follows, "full", &["full"], ALL),
        (Field::FollowsUnwritten, "shout", &["shout", "last"], ALL),
        (Field::FollowsUnwritten, "number", &["number"], &[Statement::Insert, Statement::Update]),
        (Field::Follows, "number", &["number"], &[Statement::Upsert]),
        (Field::FollowsHalf, "full", &["full", "last"], ALL),
        (Field::FollowsMade, "count", &["count"], ALL),
        (Field::FollowsSomehow, "initials", &["initials"], ALL),
    ];
    const ALL: &[Statement] = &[Statement::Insert, Statement::Update, Statement::Upsert];

    fn index(name: &str) -> usize {
        USERS.columns.iter().position(|column| column.name == name).unwrap()
    }

    #[test]
    fn every_field_has_a_row_and_a_sample_in_every_statement() {
        for row in FATES {
            let samples = SAMPLES.iter().filter(|sample| sample.0 == row.field);
            let statements: Vec<_> = samples.flat_map(|sample| sample.3).collect();
            assert!(ALL.iter().all(|one| statements.contains(&one)), "{:?}", row.field);
        }
        for (field, ..) in SAMPLES {
            assert_eq!(FATES.iter().filter(|row| row.field == *field).count(), 1, "{field:?}");
        }
    }

    #[test]
    fn a_statement_does_with_each_field_what_the_table_says() {
        for (field, name, unset, statements) in SAMPLES {
            for &statement in *statements {
                let is_unset = |index: usize| unset.contains(&USERS.columns[index].name);
                let request = request(&USERS, statement, &is_unset);
                let index = index(name);
                assert_eq!(request.field(index).unwrap(), *field, "{name} in an {statement:?}");
                let found = match request.parts() {
                    Ok(parts) => fate_in(&parts, statement, index),
                    Err(problem) if problem.to_string().contains(&format!("`users.{name}`")) => {
                        Fate::Refused
                    }
                    // Another column of the sample is refused, which says nothing of this one.
                    Err(_) => continue,
                };
                assert_eq!(found, statement.fate(*field), "{name} in an {statement:?}");
            }
        }
    }

    fn fate_in(parts: &[Part], statement: Statement, index: usize) -> Fate {
        let is_key = USERS.primary_key.contains(&USERS.columns[index].name);
        match parts.iter().find(|part| part.index == index) {
            None => Fate::LeftOut,
            Some(part) if part.computed.is_some() => Fate::Computed,
            Some(_) if is_key && statement == Statement::Update => Fate::Matched,
            Some(_) => Fate::Bound,
        }
    }

    #[test]
    fn the_key_is_matched_behind_what_is_set() {
        let all_set = |_| false;
        let parts = request(&USERS, Statement::Update, &all_set).parts().unwrap();
        let names: Vec<_> = parts.iter().map(|part| USERS.columns[part.index].name).collect();
        assert_eq!(names.len(), USERS.columns.len() - 1);
        assert_eq!(names[names.len() - 2..], ["id", "part"]);
    }

    #[test]
    fn an_expression_gets_its_sources_and_whatever_else_it_names() {
        let is_unset = |at| at == index("full");
        let request = request(&USERS, Statement::Update, &is_unset);
        let parts = request.parts().unwrap();
        let part = parts.iter().find(|part| part.index == index("full")).unwrap();
        let over = ["id", "first", "last"].map(index).to_vec();
        assert_eq!(part.computed, Some(Computed { expression: "First || last || ID", over }));
    }

    #[test]
    fn an_update_without_anything_to_set_is_refused() {
        let all_set = |_| false;
        let problem = request(&KEYS_ONLY, Statement::Update, &all_set).parts().unwrap_err();
        assert_eq!(problem.code, colmig_core::problem::NOTHING_TO_SET);
    }

    #[test]
    fn a_key_that_no_field_has_is_a_bug() {
        static ASTRAY: TableInfo = TableInfo { primary_key: &["gone"], ..KEYS_ONLY };
        let all_set = |_| false;
        for &statement in ALL {
            let problem = request(&ASTRAY, statement, &all_set).parts().unwrap_err();
            assert_eq!(problem.code, BUG);
        }
    }
}
