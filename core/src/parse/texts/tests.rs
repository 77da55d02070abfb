//! Which calls are found, and what their texts come to.

use super::{Beside, Call, Part};
use crate::parse::source_with_calls;

fn calls(text: &str) -> Vec<Call> {
    source_with_calls(text).unwrap_or_else(|m| panic!("{}: {text}", m.problem)).calls
}

/// `query_as!<User>: SELECT 1`, with what is not known between braces, and `?` where anything is not.
fn shown(call: &Call) -> String {
    let parts = call.parts.iter().map(|part| match part {
        Part::Text(text) => text.value.clone(),
        Part::Select { row, .. } => format!("{{{row}::SELECT}}"),
        Part::Columns { row, fields, .. } => format!("{{{row}; {}}}", fields.join(", ")),
        Part::File { path, beside: Beside::Manifest, .. } => format!("{{file {path}}}"),
        Part::File { path, beside: Beside::Source, .. } => format!("{{file here {path}}}"),
        Part::Hole { .. } => "{}".to_owned(),
        Part::Rest { .. } => "{…}".to_owned(),
    });
    let row = call.row.as_ref().map_or_else(String::new, |row| format!("<{row}>"));
    let open = if call.dynamic.is_some() { "?" } else { "" };
    format!("{}{row}{open}: {}", call.name, parts.collect::<String>())
}

/// The body of a function, or items behind `//`, and its calls.
const FOUND: &[(&str, &[&str])] = &[
    // Macros.
    ("sqlx::query!(\"SELECT 1\", a);", &["query!: SELECT 1"]),
    ("query!(\"SELECT 1\");", &["query!: SELECT 1"]),
    ("sqlx::query_unchecked!(r#\"SELECT \"a\"\"#);", &["query_unchecked!: SELECT \"a\""]),
    ("query_as!(User, \"SELECT 1\");", &["query_as!<User>: SELECT 1"]),
    ("query_as!(crate::m::Row<'_, A, B>, \"SELECT 1\", x);", &["query_as!<Row>: SELECT 1"]),
    ("query_scalar!(\"SELECT \" + \"1\" + r\" + 1\");", &["query_scalar!: SELECT 1 + 1"]),
    ("query_file!(\"a/b.sql\", 1);", &["query_file!: {file a/b.sql}"]),
    ("query_file_as!(User, \"b.sql\");", &["query_file_as!<User>: {file b.sql}"]),
    // Functions.
    ("sqlx::query(\"SELECT 1\").bind(1);", &["query: SELECT 1"]),
    ("sqlx::query_as::<_, User>(\"SELECT 1\");", &["query_as<User>: SELECT 1"]),
    ("sqlx::query_as::<Postgres, (i64, String)>(\"SELECT 1\");", &["query_as: SELECT 1"]),
    ("sqlx::query_as::<_, m::User<T>>(\"SELECT 1\");", &["query_as<User>: SELECT 1"]),
    ("sqlx::query_scalar::<_, i64>(\"SELECT 1\");", &["query_scalar: SELECT 1"]),
    ("sqlx::query_with(\"SELECT 1\", arguments);", &["query_with: SELECT 1"]),
    ("sqlx::raw_sql(\"BEGIN; COMMIT\");", &["raw_sql: BEGIN; COMMIT"]),
    ("sqlx::query::query(\"VACUUM\");", &["query: VACUUM"]),
    // What is imported counts whatever its text; what is not must look like SQL.
    ("use sqlx::query; query(text);", &["query?: {}"]),
    ("use sqlx::{Row, query_as as q, *}; query(\"VACUUM\");", &["query: VACUUM"]),
    ("query(\"SELECT 1\");", &["query: SELECT 1"]),
    ("query(\"name\"); url.query(); other::query(\"a=b\"); query(text);", &[]),
    ("fn query(text: &str) {}", &[]),
    ("client.query(\"SELECT 1\", &[]);", &[]),
    // Methods of a connection.
    ("pool.execute(\"DELETE FROM users\").await;", &[".execute: DELETE FROM users"]),
    ("(&mut *tx).fetch_one(\"SELECT 1\");", &[".fetch_one: SELECT 1"]),
    (
        "connection.copy_in_raw(\"COPY users FROM STDIN\");",
        &[".copy_in_raw: COPY users FROM STDIN"],
    ),
    ("pool.execute(&q); command.execute(\"ls\"); http.fetch(\"https://x\");", &[]),
    // What is put together by the compiler.
    ("sqlx::query(concat!(\"SELECT \", \"1\"));", &["query: SELECT 1"]),
    ("sqlx::query(include_str!(\"a.sql\"));", &["query: {file here a.sql}"]),
    (
        "sqlx::query(concat!(\"SELECT \", colmig::columns!(User; id, r#type), \" FROM users\"));",
        &["query: SELECT {User; id, type} FROM users"],
    ),
    ("sqlx::query(User::SELECT);", &["query: {User::SELECT}"]),
    ("sqlx::query(<User as colmig::Table>::SELECT);", &["query: {User::SELECT}"]),
    // Constants and variables.
    ("const SQL: &str = \"SELECT 1\"; sqlx::query(SQL);", &["query: SELECT 1"]),
    (
        "sqlx::query(Self::SQL); } impl X { const SQL: &'static str = \"SELECT 1\";",
        &["query: SELECT 1"],
    ),
    ("const A: &str = \"SELECT 1\"; const B: &str = A; sqlx::query(B);", &["query: SELECT 1"]),
    ("sqlx::query(S); static S: &str = concat!(\"SELECT \", \"1\");", &["query: SELECT 1"]),
    (
        "mod a { const S: &str = \"1\"; } mod b { const S: &str = \"2\"; } sqlx::query(S);",
        &["query?: {}"],
    ),
    ("const A: &str = A; sqlx::query(A);", &["query?: {}"]),
    ("sqlx::query(ELSEWHERE);", &["query?: {}"]),
    ("let sql = \"SELECT 1\"; sqlx::query(sql);", &["query: SELECT 1"]),
    (
        "let sql = \"SELECT 1\"; { let sql = \"SELECT 2\"; sqlx::query(&sql); } sqlx::query(sql);",
        &["query: SELECT 2", "query: SELECT 1"],
    ),
    ("let mut sql = String::from(\"SELECT 1\"); sqlx::query(&sql);", &["query?: {}"]),
    ("sqlx::query(sql);", &["query?: {}"]),
    (
        "let a = \"id\"; let sql = format!(\"SELECT {a}, {}\", a); sqlx::query(AssertSqlSafe(sql));",
        &["query: SELECT id, id"],
    ),
    ("let sql = \"SELECT 1\"; let mut sql = sql.to_owned(); sqlx::query(&sql);", &["query?: {}"]),
    ("sqlx::query(if a { \"SELECT 1\" } else { \"SELECT 2\" });", &["query?: {}"]),
    // What is put together by the program.
    ("sqlx::query(&format!(\"SELECT {} FROM {t}\", 1));", &["query?: SELECT {} FROM {}"]),
    (
        "sqlx::query(AssertSqlSafe(format!(\"{} WHERE a = '{{}}'\", User::SELECT)));",
        &["query: {User::SELECT} WHERE a = '{}'"],
    ),
    (
        "const T: &str = \"users\"; sqlx::query(&format!(\"SELECT 1 FROM {T}, {0} {name}\", T, name = T));",
        &["query: SELECT 1 FROM users, users users"],
    ),
    ("let q = AssertSqlSafe(text); sqlx::query(q);", &["AssertSqlSafe?: {}", "query?: {}"]),
    ("pool.execute(AssertSqlSafe(\"SELECT 1\".to_owned()));", &[".execute: SELECT 1"]),
    ("sqlx::QueryBuilder::new(\"SELECT 1 \");", &["QueryBuilder::new?: SELECT 1 {…}"]),
    (
        "QueryBuilder::<Postgres>::with_arguments(\"SELECT 1\", a);",
        &["QueryBuilder::with_arguments?: SELECT 1{…}"],
    ),
    ("HashMap::new(\"SELECT 1\");", &[]),
    // Wherever calls hide.
    ("assert!(tokio::select! { x = sqlx::query(\"SELECT 1\") => x });", &["query: SELECT 1"]),
    ("vec![|| async move { query!(\"SELECT 1\") }];", &["query!: SELECT 1"]),
    (
        "sqlx::query_as!(User, \"SELECT 1\", sqlx::query!(\"SELECT 2\"));",
        &["query_as!<User>: SELECT 1", "query!: SELECT 2"],
    ),
    ("#[cfg(test)] fn t() { query!(\"SELECT 1\"); }", &["query!: SELECT 1"]),
    ("macro_rules! m { ($t:expr) => { sqlx::query($t) } }", &["query?: {}"]),
    // Where none are.
    ("// sqlx::query(\"SELECT 1\")", &[]),
    ("/** sqlx::query(\"SELECT 1\") */ struct A;", &[]),
    ("let a = \"sqlx::query(1)\";", &[]),
    ("#[doc = \"query\"] #[x(query(\"SELECT 1\"))] struct A;", &[]),
    ("sqlx::query();", &[]),
];

#[test]
fn every_call_is_found_with_its_text() {
    for (body, expected) in FOUND {
        let found: Vec<_> = calls(&format!("fn f() {{ {body}\n}}")).iter().map(shown).collect();
        assert_eq!(found, *expected, "{body}");
    }
}

/// The text of a call, found again in its file.
#[test]
fn places_are_those_of_the_file() {
    for before in
        ["", "\u{feff}", "#!/usr/bin/env run\n", "\u{feff}#!run\r\n", "#![allow(x)] // é\n"]
    {
        let text = format!(
            "{before}fn é() {{\r\n  sqlx::query(\"SELECT é,\\n\\\r\n   b \" ); query!(r##\"SELECT b\"##);\r\n}}"
        );
        let calls = calls(&text);
        assert_eq!(calls.len(), 2, "{text}");
        for call in calls {
            assert!(text[call.at.clone()].starts_with("query"), "{text}");
            let [Part::Text(literal)] = &call.parts[..] else { panic!("one literal: {call:?}") };
            let b = literal.value.find('b').expect("it selects b");
            assert_eq!(&text[literal.place(b)..=literal.place(b)], "b");
        }
    }
}

/// Nothing but the calls may differ from what `generate` reads.
#[test]
fn a_file_declares_the_same_with_and_without_its_calls() {
    let text = "mod a; #[derive(Table)] struct T { #[colmig(primary_key)] id: i64 } fn query() {}";
    for text in [text.to_owned(), format!("\u{feff}#!/bin/run\n{text}"), "#![x]\n".to_owned()] {
        let with = source_with_calls(&text).unwrap_or_else(|m| panic!("{}", m.problem));
        let without = crate::parse::source(&text).unwrap_or_else(|m| panic!("{}", m.problem));
        assert_eq!(with.modules, without.modules);
        assert_eq!(with.tables.len(), without.tables.len());
    }
    for broken in ["fn f( {}", "struct { a }", "fn f() { \"", "let"] {
        let with = source_with_calls(broken).err().map(|m| m.problem);
        assert_eq!(with, crate::parse::source(broken).err().map(|m| m.problem), "{broken}");
    }
}
