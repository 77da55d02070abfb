//! Which columns a statement names: a table of what becomes of a field, and the two walks over it.

use colmig_core::problem::{BUG, NOTHING_TO_SET, Problem, UNSET};

use crate::table::TableInfo;

/// What a field is, in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// The database makes its value.
    Auto,
    /// It has a value.
    Set,
    /// It is a `WriteOnly` without a value.
    Unset,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is in the statement.
    Bound,
    /// It is not.
    LeftOut,
    /// There must be no such statement.
    Refused,
}

/// One row of [`FATES`].
struct FateRow {
    field: Field,
    insert: Fate,
    update: Fate,
}

/// What becomes of a field. The key of an update is no part of this: it is always in the `WHERE`.
///
/// A column without a value may be left out of an update, because the row keeps the value that its last
/// writer gave it; an insert would leave a hole that older releases trip over.
const FATES: &[FateRow] = &[
    FateRow { field: Field::Auto, insert: Fate::LeftOut, update: Fate::LeftOut },
    FateRow { field: Field::Set, insert: Fate::Bound, update: Fate::Bound },
    FateRow { field: Field::Unset, insert: Fate::Refused, update: Fate::LeftOut },
];

/// The columns of an update.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ToUpdate {
    /// Those that it sets.
    pub(super) set: Vec<usize>,
    /// Those of the primary key, in its order.
    pub(super) key: Vec<usize>,
}

/// The columns that an insert names.
pub(super) fn to_insert(
    table: &TableInfo,
    unset: impl Fn(usize) -> bool,
) -> Result<Vec<usize>, Problem> {
    let fates: Vec<_> = fates(table, unset).map(|(index, row)| (index, row.insert)).collect();
    refuse(table, with(&fates, Fate::Refused))?;
    Ok(with(&fates, Fate::Bound).collect())
}

/// The columns that an update names.
pub(super) fn to_update(
    table: &TableInfo,
    unset: impl Fn(usize) -> bool,
) -> Result<ToUpdate, Problem> {
    let key = key(table)?;
    refuse(table, key.iter().copied().filter(|&index| unset(index)))?;
    let fates: Vec<_> = fates(table, unset)
        .filter(|(index, _)| !key.contains(index))
        .map(|(index, row)| (index, row.update))
        .collect();
    refuse(table, with(&fates, Fate::Refused))?;
    let set: Vec<_> = with(&fates, Fate::Bound).collect();
    if set.is_empty() {
        return Err(NOTHING_TO_SET
            .problem("the update would set nothing: no column but the key has a value")
            .help("give a field a value, or do not update the row")
            .at(table.name));
    }
    Ok(ToUpdate { set, key })
}

/// Every column with its row of [`FATES`].
fn fates(
    table: &TableInfo,
    unset: impl Fn(usize) -> bool,
) -> impl Iterator<Item = (usize, &'static FateRow)> {
    table.columns.iter().enumerate().map(move |(index, column)| {
        let field = match (column.auto, unset(index)) {
            (true, _) => Field::Auto,
            (false, false) => Field::Set,
            (false, true) => Field::Unset,
        };
        let row = FATES.iter().find(|row| row.field == field);
        (index, row.expect("every field has a row: a test walks over all of them"))
    })
}

fn with(fates: &[(usize, Fate)], fate: Fate) -> impl Iterator<Item = usize> {
    fates.iter().filter(move |(_, its)| *its == fate).map(|(index, _)| *index)
}

/// The indices of the primary key. One that were missing here would widen the `WHERE` to rows that
/// nobody meant, so it is looked up and not trusted.
fn key(table: &TableInfo) -> Result<Vec<usize>, Problem> {
    let find = |name: &&str| {
        let index = table.columns.iter().position(|column| column.name == *name);
        index.ok_or_else(|| {
            BUG.problem(format!("`{name}` is in the primary key and no field has it"))
                .at(table.name)
        })
    };
    table.primary_key.iter().map(find).collect()
}

/// An error that names these columns, if there are any.
fn refuse(table: &TableInfo, columns: impl Iterator<Item = usize>) -> Result<(), Problem> {
    let names: Vec<_> =
        columns.map(|index| format!("`{}.{}`", table.name, table.columns[index].name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(UNSET
        .problem(format!("{} is write-only and has no value to write", names.join(", ")))
        .help("give the field a value before the row is written: `row.field = value.into()`")
        .help("a row that was read has none, because the column must not be read yet: to change that row, use `colmig::update`")
        .at(table.rust))
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::{KEYS_ONLY, USERS};
    use super::*;

    /// The fields of [`USERS`], by what they are: the key, one that is always set, and `handle`.
    const ID: usize = 0;
    const EMAIL: usize = 1;
    const HANDLE: usize = 2;
    const COUNTER: usize = 3;

    #[test]
    fn a_statement_does_with_each_field_what_the_table_says() {
        for row in FATES {
            let (index, unset) = match row.field {
                Field::Auto => (COUNTER, false),
                Field::Set => (HANDLE, false),
                Field::Unset => (HANDLE, true),
            };
            let unset = |i| i == HANDLE && unset;
            let insert = to_insert(&USERS, unset).map(|bound| bound.contains(&index));
            let update = to_update(&USERS, unset).map(|columns| columns.set.contains(&index));
            for (statement, fate, found) in
                [("insert", row.insert, insert), ("update", row.update, update)]
            {
                let found = match found {
                    Ok(true) => Fate::Bound,
                    Ok(false) => Fate::LeftOut,
                    Err(_) => Fate::Refused,
                };
                assert_eq!(found, fate, "{:?} in an {statement}", row.field);
            }
        }
    }

    #[test]
    fn the_key_is_matched_and_never_set() {
        let columns = to_update(&USERS, |_| false).unwrap();
        assert_eq!(columns, ToUpdate { set: vec![EMAIL, HANDLE], key: vec![ID] });
    }

    #[test]
    fn a_refusal_names_the_column_and_what_to_do() {
        let problem = to_insert(&USERS, |index| index == HANDLE).unwrap_err();
        let text = problem.to_string();
        assert!(text.contains("`users.handle` is write-only and has no value"), "{text}");
        assert!(text.contains("help: "), "{text}");
        assert_eq!(problem.code, UNSET);
        assert_eq!(to_update(&USERS, |index| index == ID).unwrap_err().code, UNSET);
    }

    #[test]
    fn an_update_without_anything_to_set_is_refused() {
        assert_eq!(to_update(&KEYS_ONLY, |_| false).unwrap_err().code, NOTHING_TO_SET);
    }
}
