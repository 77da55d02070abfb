//! A struct against the lock file: the moves of its columns, and what the project's databases can hold.

use proc_macro2::Span;
use syn::spanned::Spanned;

use super::{Declared, DeclaredEnum, Field, Mistake};
use crate::diff::{About, check_table};
use crate::enumeration;
use crate::lock::Lock;
use crate::migration::number;
use crate::problem::{GRAMMAR, NOT_SUPPORTED, Problem, UNKNOWN_TYPE};
use crate::schema::{Column, DualWrite, Index, Table};
use crate::types::{ColumnType, Database, PerDatabase};

/// Every mistake of a struct against what is recorded; without a lock file nothing is, and all is well.
///
/// A finding points at its field; one about the table, or about a column that has no field any more, at
/// the struct's name.
pub fn check(declared: &Declared, lock: Option<&Lock>) -> Vec<Mistake> {
    let Some(lock) = lock else { return Vec::new() };
    let recorded = lock.schema.table(&declared.table.name);
    let mut mistakes = Vec::new();
    for finding in check_table(recorded, &declared.table, &lock.databases) {
        if is_elsewhere(declared, &finding.about) {
            continue;
        }
        let birth = recorded.and_then(|table| birth(table, &finding.about));
        let problem = with_amend(finding.problem, birth, lock);
        mistakes.push(Mistake::new(span_of(declared, &finding.about), problem));
    }
    for (field, column) in declared.fields.iter().zip(&declared.table.columns) {
        mistakes.extend(unheld_type(field, column, &lock.databases));
        let is_key = declared.table.primary_key.contains(&column.name);
        mistakes.extend(no_trigger(field, column, is_key, &lock.databases));
        mistakes.extend(unsaid_texts(field, column, &lock.databases));
        mistakes.extend(computed_and_required(field, column, &lock.databases));
    }
    let indexes = declared.table.indexes.iter();
    mistakes.extend(indexes.filter_map(|one| partial_index(declared, one, &lock.databases)));
    mistakes
}

/// Every mistake of an enum against what is recorded.
pub fn check_enum(declared: &DeclaredEnum, lock: Option<&Lock>) -> Vec<Mistake> {
    let Some(lock) = lock else { return Vec::new() };
    let recorded = lock.schema.enumeration(&declared.enumeration.name);
    let found = enumeration::check(recorded, &declared.enumeration).into_iter();
    let at_variant = |(name, problem): (String, Problem)| {
        let birth = recorded.and_then(|one| one.value(&name)).map(|value| value.born.as_str());
        Mistake::new(declared.span_of(&name), with_amend(problem, birth, lock))
    };
    found.map(at_variant).collect()
}

/// Whether a column that has no field here may have one in a struct that this one flattens. The derive sees
/// no other struct; `generate` does.
fn is_elsewhere(declared: &Declared, about: &About) -> bool {
    let About::Column(name) = about else { return false };
    !declared.flattened.is_empty() && declared.table.column(name).is_none()
}

fn span_of(declared: &Declared, about: &About) -> Span {
    let span = match about {
        About::Table => None,
        About::Column(name) => {
            let named = |field: &&Field| declared.table.columns[field.column].name == *name;
            declared.fields.iter().find(named).map(|field| field.span)
        }
        About::Constraint(name) => {
            let index = declared.table.constraints.iter().position(|one| one.name == *name);
            index.map(|index| declared.guards[index])
        }
    };
    span.unwrap_or(declared.span)
}

/// The migration that began what a finding is about.
fn birth<'t>(recorded: &'t Table, about: &About) -> Option<&'t str> {
    match about {
        About::Table => None,
        About::Column(name) => Some(recorded.column(name)?.born.as_str()),
        About::Constraint(name) => Some(recorded.constraint(name)?.born.as_str()),
    }
}

/// A column that the newest migration created may never have left this branch; then its mistake can be
/// mended as if it had not been made.
fn with_amend(problem: Problem, birth: Option<&str>, lock: &Lock) -> Problem {
    let head = number(lock.head());
    match birth.filter(|birth| !head.is_empty() && *birth == head) {
        Some(_) => problem.help(format!(
            "or, if `{}` never left this branch: `cargo colmig generate --amend`",
            lock.head()
        )),
        None => problem,
    }
}

/// One database of the project may be unable to hold a type that another one holds.
fn unheld_type(field: &Field, column: &Column, databases: &[Database]) -> Option<Mistake> {
    let (database, instead) =
        databases.iter().find_map(|db| column.ty.on(*db).err().map(|instead| (db, instead)))?;
    let (span, what) = match column.ty {
        ColumnType::Known(_) => {
            (field.inner.span(), format!("`{}`", super::shape::written(&field.inner)))
        }
        ColumnType::Sql(_) | ColumnType::Enum(_) => {
            (field.word("type"), format!("the type of `{}`", field.member))
        }
    };
    let problem = UNKNOWN_TYPE.problem(format!("{database} does not know how to hold {what}"));
    Some(Mistake::new(span, problem.help(instead)))
}

/// MariaDB has no NOT NULL for a column that is computed, and MySQL and MariaDB are one database here.
fn computed_and_required(
    field: &Field,
    column: &Column,
    databases: &[Database],
) -> Option<Mistake> {
    let is_asked = databases.contains(&Database::Mysql)
        && !column.generated.is_nowhere()
        && !column.optional();
    is_asked.then(|| {
        let problem = NOT_SUPPORTED
            .problem(format!(
                "`{}` is computed, and mysql would not say that it is never NULL",
                field.member
            ))
            .help("write its type as `Option<…>`: MariaDB has no NOT NULL for what is computed");
        Mistake::new(field.word("generated"), problem)
    })
}

/// Neither MySQL nor MariaDB has an index of some rows only.
fn partial_index(declared: &Declared, index: &Index, databases: &[Database]) -> Option<Mistake> {
    let is_asked = databases.contains(&Database::Mysql) && !index.predicate.is_nowhere();
    is_asked.then(|| {
        let problem = NOT_SUPPORTED
            .problem(format!("mysql has no index of some rows only, as `{}` is", index.name))
            .help("delete its `where`: the index has every row then, and serves the same queries");
        Mistake::new(declared.span, problem)
    })
}

/// SQLite's triggers run behind the row that they would have to change. Those of MySQL could do it, and this version
/// does not make them.
fn no_trigger(
    field: &Field,
    column: &Column,
    is_key: bool,
    databases: &[Database],
) -> Option<Mistake> {
    if column.dual_write != DualWrite::Trigger {
        return None;
    }
    let problem = match (databases.contains(&Database::Sqlite), is_key) {
        (true, true) => no_wider_key(field, column, databases),
        (true, false) => NOT_SUPPORTED
            .problem(format!("no trigger of sqlite can keep `{}` and what it replaces alike", field.member))
            .help("a trigger cannot change a row there before NOT NULL is checked, and RETURNING shows what stood in it before")
            .help("delete `dual_write`: the application writes both columns, which takes two releases more"),
        (false, _) if databases.contains(&Database::Mysql) => NOT_SUPPORTED
            .problem(format!("this version makes no trigger on mysql that keeps `{}` and what it replaces alike", field.member))
            .help("delete `dual_write`: the application writes both columns, which takes two releases more"),
        (false, _) => return None,
    };
    Some(Mistake::new(field.word("dual_write"), problem))
}

/// There is nothing to gain: whatever integer the Rust type is, the column holds 64 bits.
fn no_wider_key(field: &Field, column: &Column, databases: &[Database]) -> Problem {
    let old = column.replaces.first().map_or("", String::as_str);
    let problem = NOT_SUPPORTED.problem(format!(
        "`{}` cannot take the place of the key `{old}` on sqlite, and need not: an integer key has 64 bits there",
        field.member
    ));
    match databases {
        [Database::Sqlite] => problem.help(format!(
            "keep the field of `{old}`, and write its type as `i64`: where the database numbers the key (`auto`), the type may change in place"
        )),
        _ => problem.help(format!(
            "keep `{old}`: this version of colmig replaces a key where PostgreSQL is the only database of the project"
        )),
    }
}

/// A text by database must name every database of the project: a default or a backfill that is silently
/// missing on one of them would change what is safe there.
fn unsaid_texts(field: &Field, column: &Column, databases: &[Database]) -> Vec<Mistake> {
    let texts = [
        ("default", &column.default),
        ("backfill", &column.backfill),
        ("generated", &column.generated),
        ("forward", &column.forward),
        ("reverse", &column.reverse),
    ];
    let unsaid = |(word, text): (&str, &PerDatabase)| {
        let missing = databases.iter().find(|db| text.on(**db).is_none())?;
        let problem = GRAMMAR
            .problem(format!("`{word}` of `{}` says nothing for {missing}", field.member))
            .help(format!("add `{missing} = \"…\"`"));
        (!text.is_nowhere()).then(|| Mistake::new(field.word(word), problem))
    };
    texts.into_iter().filter_map(unsaid).collect()
}
