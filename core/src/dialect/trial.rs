//! How a database tries a value on rows without writing any, for [`crate::preflight`].
//!
//! PostgreSQL says of an assignment that it would fail only when it is made: so it is planned into a table, and made
//! to a variable of a function, that both live for one transaction which is rolled back. MySQL has no such functions,
//! and computes in a query what it refuses to store: values are stored there, in a table that only this session sees,
//! and taken back. SQLite assigns everything, and needs none of this.

use crate::ident::quote;
use crate::preflight::{FIRST, Question};
use crate::types::Database;

/// What stands for the value of a question in a query: as its column would hold it. With `ready`, what
/// [`prepare`] makes is there.
pub fn value(question: &Question, database: Database, ready: bool) -> String {
    let value = &question.value;
    match (&question.column, database) {
        (Some(column), Database::Postgres) if column.by_cast => {
            format!("CAST(({value}) AS {})", column.sql_type)
        }
        // A subquery gives a bare `'…'` a type.
        (Some(_), Database::Postgres) if ready => {
            format!("pg_temp._colmig_assigned((SELECT ({value})))")
        }
        _ => format!("({value})"),
    }
}

/// What a query needs before it uses [`value`]: a cast cuts what is too long for a column, an assignment does not.
pub fn prepare(question: &Question, database: Database) -> Option<String> {
    let column = question.column.as_ref().filter(|column| !column.by_cast);
    let sql_type = &column.filter(|_| database == Database::Postgres)?.sql_type;
    Some(format!(
        "CREATE FUNCTION pg_temp._colmig_assigned(_colmig_value anyelement) RETURNS {sql_type} LANGUAGE plpgsql AS {QUOTE}
         DECLARE _colmig_held {sql_type} := _colmig_value;
         BEGIN RETURN _colmig_held; END {QUOTE}"
    ))
}

/// Two statements that plan the assignment of the value, as `UPDATE` would: the first makes what is assigned to.
pub fn assignment(question: &Question, database: Database) -> Option<[String; 2]> {
    let column = question.column.as_ref().filter(|_| database == Database::Postgres)?;
    let (name, sql_type) = (quote(&column.name), &column.sql_type);
    Some([
        format!("CREATE TEMPORARY TABLE _colmig_trial ({name} {sql_type})"),
        format!(
            "EXPLAIN INSERT INTO _colmig_trial SELECT ({}) FROM {}",
            question.value,
            question.rows(None)
        ),
    ])
}

/// What makes the table that [`attempt`] stores values in, where a database needs one.
pub fn target(question: &Question, database: Database) -> Option<String> {
    let column = question.column.as_ref().filter(|_| database == Database::Mysql)?;
    Some(format!(
        "DROP TEMPORARY TABLE IF EXISTS _colmig_trial;\n\
         CREATE TEMPORARY TABLE _colmig_trial ({} {}) ENGINE = InnoDB;",
        quote(&column.name),
        column.sql_type
    ))
}

/// Stores the value of each row that is asked, and `within` narrows them further; whoever runs it takes it back.
pub fn attempt(question: &Question, within: &str) -> String {
    let conditions = [question.only.as_str(), within].into_iter().filter(|text| !text.is_empty());
    let conditions: Vec<_> = conditions.map(|text| format!("({text})")).collect();
    let asked = match conditions.as_slice() {
        [] => String::new(),
        all => format!(" WHERE {}", all.join(" AND ")),
    };
    format!(
        "INSERT INTO _colmig_trial SELECT ({}) FROM {}{asked}",
        question.value,
        question.rows(None)
    )
}

/// The function that [`count`] and [`first`] call: nothing for a row that is well, '' for one with which something is wrong,
/// and what the database says of one whose value cannot be computed.
pub fn one_by_one(question: &Question, database: Database) -> Option<String> {
    let sql_type = match (&question.column, database) {
        (_, Database::Sqlite | Database::Mysql) => return None,
        (Some(column), _) => column.sql_type.as_str(),
        (None, _) => "boolean",
    };
    let only = match question.only.as_str() {
        "" => "true",
        only => only,
    };
    let (table, row) = (quote(&question.table), "(SELECT (_colmig_row).*)");
    let rows = question.rows(Some(row));
    let wrong = question.is_wrong("_colmig_value");
    Some(format!(
        "CREATE FUNCTION pg_temp._colmig_tried(_colmig_row {table}) RETURNS text LANGUAGE plpgsql AS {QUOTE}
         #variable_conflict use_column
         BEGIN
             IF NOT (SELECT {only} FROM {row} AS {table}) THEN RETURN NULL; END IF;
             DECLARE _colmig_value {sql_type} := (SELECT {} FROM {rows});
             BEGIN
                 IF (SELECT {wrong} FROM {row} AS {table}) THEN RETURN ''; END IF;
                 RETURN NULL;
             END;
         EXCEPTION WHEN OTHERS THEN RETURN SQLERRM;
         END {QUOTE}",
        question.value
    ))
}

/// With how many rows something is wrong, and how many fail.
pub fn count(question: &Question) -> String {
    format!(
        "SELECT count(*) FILTER (WHERE _colmig_said = ''), count(*) FILTER (WHERE _colmig_said <> '') FROM {}",
        tried(question)
    )
}

/// The first rows of either sort: what is said of each, and these outputs.
pub fn first(question: &Question, fails: bool, outputs: &[String], key: &[String]) -> String {
    let table = quote(&question.table);
    let said = if fails { "<>" } else { "=" };
    let outputs = outputs.iter().map(|output| format!(", {output}"));
    let order: Vec<_> = key.iter().map(|name| format!("{table}.{}", quote(name))).collect();
    let order =
        if order.is_empty() { String::new() } else { format!("ORDER BY {}", order.join(", ")) };
    format!(
        "SELECT _colmig_said{} FROM {} WHERE _colmig_said {said} '' {order} LIMIT {FIRST}",
        outputs.collect::<String>(),
        tried(question)
    )
}

/// Rows with what [`one_by_one`] says of each.
fn tried(question: &Question) -> String {
    let table = quote(&question.table);
    format!(
        "(SELECT {table}.*, pg_temp._colmig_tried({table}.*) AS _colmig_said FROM {table}) AS {table}"
    )
}

/// Nobody writes this into an expression.
const QUOTE: &str = "$_colmig$";
