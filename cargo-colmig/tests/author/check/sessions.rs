//! The program, run on packages.

use crate::shop::Shop;

/// `users` in the middle of two moves.
const USERS: &str = "\
#[derive(Table)]
#[colmig(table = \"users\")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(deprecated)]
    pub nickname: WriteOnly<String>,
    #[colmig(adding, backfill = \"lower(email)\")]
    pub handle: WriteOnly<String>,
}
";

/// The first release, recorded, and the source of the second.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.write("colmig.toml", "project = \"shop\"\ndatabases = [\"postgres\"]\n");
    shop.users("pub nickname: String,");
    shop.ok(&["generate"]);
    shop.write("src/lib.rs", &format!("mod calls;\n#[cfg(test)] mod tests;\n{USERS}"));
    shop.write("src/calls.rs", "");
    shop.write("src/tests.rs", "");
    shop
}

/// Every kind of call, a line each; what is behind `//` is what is found there.
const CALLS: &str = r##"
use sqlx::{query, QueryBuilder};
const NAMES: &str = "SELECT handle FROM users"; // 801
fn calls() {
    sqlx::query!("SELECT id FROM users WHERE handle = $1", h); // 801
    sqlx::query_as!(User, r#"SELECT id, NULL AS "handle!: _" FROM users"#); // 808
    sqlx::query_scalar!("SELECT nickname " + "FROM users"); // 801
    query(NAMES); sqlx::query(ELSEWHERE); // 811
    sqlx::query_as::<_, User>(User::SELECT);
    query(concat!("SELECT ", columns!(User; id, handle), " FROM users")); // 801
    query(&format!("{} WHERE handle = 1", User::SELECT)); // 801
    query(&format!("SELECT nickname FROM users ORDER BY {by}")); // 801 811
    query(&format!("SELECT {all} FROM {table}")); // 811
    QueryBuilder::<Postgres>::new("INSERT INTO users (email, handle) "); // 805 811
    QueryBuilder::<Postgres>::new("UPDATE users SET "); // 811
    sqlx::raw_sql("DELETE FROM users; SELECT * FROM users"); // 803
    pool.execute("INSERT INTO users VALUES (1)"); // 804
    assert!(vec![async { query("SELECT nickname FROM users") }]); // 801
    query("SELECT id FROM users WHERE id IN (SELECT id FROM t WHERE nickname = 1)"); // 812
    query("SELECT (FROM"); // 813
    sqlx::query_file!("sql/one.sql");
    sqlx::query(include_str!("../sql/two.sql"));
    sqlx::query_file!("sql/none.sql"); // 811
}
"##;

/// `file:line` and the code of every finding and note.
fn places(json: &str) -> Vec<(String, String)> {
    let objects = json.lines().map(|line| {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"))
    });
    let found = objects.filter(|object| object["bytes"].is_array()).map(|object| {
        assert_eq!(object["v"], 1);
        let file = object["file"].as_str().expect("a file");
        (format!("{file}:{}", object["line"]), object["code"].as_str().expect("a code").to_owned())
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
}

#[test]
fn every_kind_of_call_is_read_and_every_finding_is_at_its_line() {
    let shop = shop();
    shop.write("src/calls.rs", CALLS);
    shop.write("sql/one.sql", "-- é\nSELECT id,\n  nickname FROM users\n");
    shop.write("sql/two.sql", "SELECT handle FROM users");
    shop.write("src/tests.rs", "fn t() { sqlx::query(\"SELECT handle FROM users\"); }");
    shop.write("tests/it.rs", "fn t() { sqlx::query(\"SELECT handle FROM users\"); }");
    let mut expected: Vec<(String, String)> = Vec::new();
    for (index, line) in CALLS.lines().enumerate() {
        let codes = line.split_once(" // ").map_or("", |(_, codes)| codes).split_whitespace();
        expected.extend(
            codes.map(|code| (format!("src/calls.rs:{}", index + 1), format!("CM0{code}"))),
        );
    }
    for place in ["sql/one.sql:3", "sql/two.sql:1", "src/tests.rs:1", "tests/it.rs:1"] {
        expected.push((place.to_owned(), "CM0801".to_owned()));
    }
    expected.sort();
    let ran = shop.run(&["check", "--message-format", "json"]);
    assert_eq!(ran.code, 100, "{ran:#?}");
    assert_eq!(places(&ran.out), expected);
    let last = ran.out.lines().rev().nth(1).expect("a count");
    let counted: serde_json::Value = serde_json::from_str(last).expect("it is JSON");
    assert_eq!(counted["reason"], "checked");
    assert_eq!((&counted["texts"], &counted["findings"]), (&22.into(), &15.into()), "{counted}");
}

#[test]
fn people_see_the_line_and_what_to_do_and_a_count() {
    let shop = shop();
    shop.write(
        "src/calls.rs",
        "fn f() {\n    sqlx::query(\"SELECT id, handle\n        FROM users\");\n    sqlx::query(text);\n}\n",
    );
    let ran = shop.run(&["check"]);
    assert_eq!(ran.code, 100, "{ran:#?}");
    ran.says(&[
        "error[CM0801]: `users.handle` is adding and is read in the select list: older releases do not write it",
        "--> src/calls.rs:2:29",
        "2 |     sqlx::query(\"SELECT id, handle\n",
        "                             ^^^^^^",
        "= help: leave it out until a release declares `handle` as a plain field",
        "     Dynamic src/calls.rs:4:11: `query`: `text` is a variable\n",
        "     Checked 2 SQL texts in 1 file: 1 finding; 1 dynamic, 0 ambiguous, 0 not understood\n",
    ]);
    assert_eq!(ran.out, "");
}

#[test]
fn notes_alone_are_no_failure() {
    let shop = shop();
    shop.write("src/calls.rs", "fn f() { sqlx::query(text); sqlx::query(\"SELECT (\"); }");
    shop.ok(&["check"]).says(&["0 findings; 1 dynamic, 0 ambiguous, 1 not understood"]);
    shop.write("src/calls.rs", "");
    shop.ok(&["check"]).says(&["Checked 0 SQL texts in 0 files: 0 findings"]);
}

#[test]
fn what_sqlx_left_behind_is_read_unless_the_source_has_it() {
    let shop = shop();
    let json = |sql: &str| serde_json::json!({ "db_name": "PostgreSQL", "query": sql }).to_string();
    shop.write("src/calls.rs", "fn f() { sqlx::query!(\"SELECT id FROM users\"); }");
    shop.write(".sqlx/query-1.json", &json("SELECT id FROM users"));
    shop.write(".sqlx/query-2.json", &json("SELECT \"id\",\n\thandle FROM users"));
    shop.write(".sqlx/query-3.json", "not JSON");
    shop.write(".sqlx/other.json", &json("SELECT nickname FROM users"));
    let ran = shop.run(&["check"]);
    assert_eq!(ran.code, 100, "{ran:#?}");
    ran.says(&["--> .sqlx/query-2.json:1:52", "Checked 2 SQL texts in 2 files: 1 finding"]);
}

#[test]
fn a_retired_column_is_known_from_the_lock_file() {
    let shop = shop();
    shop.ok(&["generate"]);
    let fields =
        USERS.lines().filter(|line| !line.contains("nickname") && !line.contains("deprecated"));
    let source: String = fields.map(|line| format!("{line}\n")).collect();
    shop.write("src/lib.rs", &format!("mod calls;\n{source}"));
    shop.write("src/calls.rs", "fn f() { sqlx::query(\"SELECT nickname FROM users\"); }");
    let said = ["error[CM0802]: `users.nickname` is retired", "--> src/calls.rs:1:30"];
    shop.fails(&["check"], 100, &said);
    shop.ok(&["generate"]);
    shop.fails(&["check"], 100, &said);
}

#[test]
fn mistakes_of_structs_are_those_of_generate() {
    let shop = shop();
    shop.write("src/lib.rs", &USERS.replace("email: String", "email: u64"));
    let generate = shop.run(&["generate"]);
    let check = shop.run(&["check"]);
    assert_eq!((check.code, &check.err), (100, &generate.err));
    let bare = Shop::empty();
    bare.package("", "bare");
    bare.fails(&["check"], 3, &["error[CM0401]"]);
}

#[test]
fn a_column_is_explained_by_every_place_that_names_it() {
    let shop = shop();
    shop.ok(&["generate"]);
    shop.write(
        "src/calls.rs",
        "fn f() {\n  sqlx::query(\"UPDATE users SET nickname = $1\");\n  sqlx::query(\"SELECT u.nickname FROM users u\");\n}",
    );
    let ran = shop.ok(&["explain", "users.nickname"]);
    for line in [
        "Structs\n  src/lib.rs:10:9: `User::nickname`, deprecated\n",
        "Recorded\n  colmig.lock: nickname#0001, deprecated\n",
        "  src/calls.rs:2:33: `query`: written in SET\n",
        "  src/calls.rs:3:25: `query`: read in the select list\n",
        "  migrations/0001_create_users: 0001.1 create users\n",
        "drop users.nickname\n",
        "relax.up.sql:",
    ] {
        assert!(ran.out.contains(line), "no `{line}` in\n{}", ran.out);
    }
    assert!(!ran.out.contains("handle"), "{}", ran.out);
    for (subject, said) in [
        ("users.nicknam", "did you mean `users.nickname`?"),
        ("user.nickname", "did you mean `users`?"),
        ("users.something", "there are email, handle, id, nickname"),
        ("nickname", "neither a code nor a column"),
        ("CM0899", "colmig has no code `CM0899`"),
    ] {
        shop.fails(&["explain", subject], 2, &["error[CM0404]", said]);
    }
    assert!(shop.ok(&["explain", "cm0801"]).out.starts_with("CM0801: "));
    let json = shop.ok(&["explain", "users.nickname", "--message-format", "json"]).out;
    assert!(json.lines().count() > 6 && json.contains("\"kind\":\"sql\""), "{json}");
}

/// The section of the README: its example is run, and its table is that of the code.
#[test]
fn the_readme_says_what_it_does() {
    let readme = std::fs::read_to_string("../README.md").expect("the README is there");
    let section = readme.split("\n## Checking hand-written SQL\n").nth(1).expect("a section");
    let section = section.split("\n## ").next().expect("a section ends");
    let block = |begin: &str| {
        let block = section.split(begin).nth(1).and_then(|rest| rest.split("```").next());
        block.expect("a block").to_owned()
    };
    let shop = shop();
    shop.write("src/calls.rs", &block("```rust,ignore\n"));
    let ran = shop.run(&["check"]);
    assert_eq!((ran.code, ran.err), (100, block("```console\n$ cargo colmig check\n")));
    let codes = colmig_core::problem::CODES.iter();
    let codes = codes.filter(|code| code.id.starts_with("CM08") && code.exit as u8 == 100);
    let rows: String = codes.map(|code| format!("| {} | {} |\n", code.id, code.title)).collect();
    assert!(section.contains(&rows), "no\n{rows}");
}
