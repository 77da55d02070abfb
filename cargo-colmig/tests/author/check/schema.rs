//! The tables that the texts are about.

use std::sync::LazyLock;

use cargo_colmig::check::rules::Row;
use cargo_colmig::check::{Job, Judged, judge_all};
use colmig_core::parse::source;
use colmig_core::schema::{Retired, Schema};
use colmig_core::types::Database;

const TABLES: &str = r#"
#[derive(Table)]
#[colmig(table = "users")]
struct User {
    #[colmig(primary_key, auto)]
    id: i64,
    email: String,
    #[colmig(default = "0")]
    visits: i64,
    about: Option<String>,
    #[colmig(adding, backfill = "lower(email)")]
    handle: WriteOnly<String>,
    #[colmig(deprecated)]
    nickname: WriteOnly<String>,
    #[colmig(deprecated, column = "oldRank")]
    rank: WriteOnly<Option<i64>>,
}

#[derive(Table)]
#[colmig(table = "orders")]
struct Order {
    #[colmig(primary_key, auto)]
    id: i64,
    user_id: i64,
    email: String,
    #[colmig(deprecated)]
    handle: WriteOnly<Option<String>>,
}

#[derive(Table)]
#[colmig(table = "events", read_only)]
struct Event {
    #[colmig(primary_key)]
    id: i64,
    kind: String,
}
"#;

/// The schema, with a retired column, and its structs.
static SCHEMA: LazyLock<(Schema, Vec<Row>)> = LazyLock::new(schema);

fn schema() -> (Schema, Vec<Row>) {
    let file = source(TABLES).unwrap_or_else(|m| panic!("{}", m.problem));
    assert!(file.mistakes.is_empty(), "{}", file.mistakes[0].problem);
    let mut tables: Vec<_> = file.tables.iter().map(|declared| declared.table.clone()).collect();
    tables[0].retired.push(Retired { name: "old_name".into(), born: "0001".into() });
    let rows = file.tables.iter().map(|declared| Row {
        name: declared.ident.to_string(),
        table: declared.table.clone(),
        labels: declared.fields.iter().map(|field| field.label.clone()).collect(),
    });
    (Schema { tables, ..Schema::default() }, rows.collect())
}

/// One text, judged. `row` is the struct that a macro was given.
pub(crate) fn judge(sql: &str, databases: &[Database], row: Option<&str>) -> Judged {
    let (schema, rows) = &*SCHEMA;
    let row = row.map(|name| rows.iter().find(|row| row.name == name).expect("a struct above"));
    let job = Job { sql, row, in_macro: row.is_some(), goes_on: false, is_blank: false };
    judge_all(&[job], databases, schema).remove(0)
}
