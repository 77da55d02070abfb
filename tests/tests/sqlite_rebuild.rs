//! NOT NULL by a rebuild of the table, on a real SQLite file.

#[path = "sqlite_rebuild/cases.rs"]
mod cases;
#[cfg(test)]
#[path = "sqlite_rebuild/database.rs"]
mod database;
#[path = "sqlite_rebuild/driver.rs"]
mod driver;
#[path = "sqlite_rebuild/random.rs"]
mod random;

use cases::{CASES, Case};
use colmig_core::dialect::sqlite::rebuild::{Alteration, statements};
use database::Database;
use driver::{live, run, set_not_null};
use sqlx::{Connection, SqliteConnection};

/// What follows the table's name. RENAME writes that between double quotes, and it stays so.
fn body(case: &Case, sql: &str) -> String {
    let renamed = format!("CREATE TABLE {}", colmig_core::ident::quote(case.table));
    let written = format!("CREATE TABLE {}", case.spelled);
    let body = sql.strip_prefix(&renamed).or_else(|| sql.strip_prefix(&written));
    body.unwrap_or_else(|| panic!("{}: {sql}", case.name)).to_owned()
}

fn without_table(case: &Case, schema: &[String]) -> Vec<String> {
    let table = format!("table {} on", case.table);
    schema.iter().filter(|object| !object.starts_with(&table)).cloned().collect()
}

#[tokio::test]
async fn everything_but_not_null_stays() {
    for case in CASES {
        let name = case.name;
        let mut database = Database::new(case.schema).await;
        let (schema, rows) = (database.schema().await, database.rows().await);
        let columns = database.columns(case.table, case.column).await;
        let text = body(case, &database.sql(case.table).await);
        let at_first = database.is_not_null(case).await;
        database.probe(case, at_first).await;

        for not_null in [!at_first, at_first] {
            for expected in [true, false] {
                let done =
                    set_not_null(&mut database.connection, case.table, case.column, not_null);
                let done = done.await.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(done, expected, "{name}");
                assert_eq!(database.is_not_null(case).await, not_null, "{name}");
            }
            let changed = database.schema().await;
            assert_eq!(without_table(case, &changed), without_table(case, &schema), "{name}");
            assert_eq!(database.rows().await, rows, "{name}");
            assert_eq!(database.columns(case.table, case.column).await, columns, "{name}");
            database.probe(case, not_null).await;

            let now = body(case, &database.sql(case.table).await);
            if not_null && !at_first {
                let cut =
                    |(at, found): (usize, &str)| [&now[..at], &now[at + found.len()..]].concat();
                assert!(now.match_indices(" NOT NULL").map(cut).any(|old| old == text), "{now}");
            } else if !at_first {
                assert_eq!(now, text, "{name}");
            }
        }
    }
}

/// Each of a hundred and fifty random tables is changed, column by column, and changed back.
#[tokio::test]
async fn whatever_sqlite_accepts_is_understood() {
    let mut random = random::Random(1);
    let mut database =
        Database::new("PRAGMA synchronous = OFF; CREATE TABLE p(x INTEGER PRIMARY KEY)").await;
    let (mut accepted, mut changed) = (0, 0);
    while accepted < 150 {
        let table = random.table();
        if run(&mut database.connection, &table).await.is_err() {
            continue;
        }
        accepted += 1;
        for column in live(&mut database.connection, "t").await.unwrap().columns {
            let name = &column.name;
            let (columns, keys) = (database.columns("t", name).await, database.keys().await);
            let text = database.sql("t").await;
            for not_null in [!column.not_null, column.not_null] {
                let done = set_not_null(&mut database.connection, "t", name, not_null).await;
                assert!(done.unwrap_or_else(|error| panic!("{name}: {error}\n{table}")), "{table}");
                assert_eq!(database.columns("t", name).await, columns, "{table}");
                assert_eq!(database.keys().await, keys, "{table}");
                changed += 1;
            }
            // Where nothing said NULL or NOT NULL, no trace is left, but for a space between two words.
            let now = database.sql("t").await;
            let spaceless = |text: &str| text.split_whitespace().collect::<String>();
            let (now, text) = (now.split_once('('), text.split_once('('));
            if !column.not_null && !table.to_ascii_uppercase().contains("NULL") {
                assert_eq!(now.map(|half| spaceless(half.1)), text.map(|half| spaceless(half.1)));
            }
        }
        run(&mut database.connection, "DROP TABLE t").await.unwrap();
    }
    assert!(changed > 150 * 4, "{changed}");
}

#[tokio::test]
async fn a_row_without_a_value_leaves_all_as_it_was() {
    let schema = "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, c TEXT);
                  CREATE TABLE child(p REFERENCES t ON DELETE CASCADE);
                  CREATE VIEW v AS SELECT c FROM t;
                  CREATE INDEX i ON t(c);
                  INSERT INTO t(c) VALUES ('a'), (NULL);
                  INSERT INTO child VALUES (1);
                  ANALYZE;";
    let mut database = Database::new(schema).await;
    let before = (database.schema().await, database.rows().await);
    let error = set_not_null(&mut database.connection, "t", "c", true).await.unwrap_err();
    assert!(error.to_string().contains("NOT NULL constraint failed"), "{error}");
    assert_eq!((database.schema().await, database.rows().await), before);
    let live = live(&mut database.connection, "t").await.unwrap();
    assert!(live.foreign_keys && !live.legacy_alter_table, "the pragmas are back");
}

/// Nothing but a damaged catalog makes such rows; even then, none is dropped on the quiet.
#[tokio::test]
async fn a_conflict_clause_drops_no_row() {
    let schema = "CREATE TABLE t(c, d); INSERT INTO t VALUES (1, NULL), (2, 2);
                  PRAGMA writable_schema = ON;
                  UPDATE sqlite_schema SET sql = 'CREATE TABLE t(c, d NOT NULL ON CONFLICT IGNORE)';
                  PRAGMA writable_schema = RESET;";
    let mut database = Database::new(schema).await;
    let error = set_not_null(&mut database.connection, "t", "c", true).await.unwrap_err();
    assert!(error.to_string().ends_with(".d"), "{error}");
}

#[tokio::test]
async fn a_key_that_makes_not_null_is_refused() {
    for schema in [
        "CREATE TABLE t(c TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE t(c TEXT PRIMARY KEY) STRICT",
    ] {
        let mut database = Database::new(schema).await;
        assert!(!set_not_null(&mut database.connection, "t", "c", true).await.unwrap());
        let error = set_not_null(&mut database.connection, "t", "c", false).await.unwrap_err();
        assert!(error.to_string().contains("primary key"), "{error}");
    }
}

#[tokio::test]
async fn a_column_before_which_the_table_is_named_is_refused() {
    let mut database = Database::new("CREATE TABLE t(c INT, CHECK (t.c > 0))").await;
    let error = set_not_null(&mut database.connection, "t", "c", true).await.unwrap_err();
    assert!(error.to_string().contains("CM0109"), "{error}");
}

#[tokio::test]
async fn a_virtual_table_is_refused() {
    let mut database = Database::new("CREATE VIRTUAL TABLE t USING fts5(c)").await;
    let error = set_not_null(&mut database.connection, "t", "c", true).await.unwrap_err();
    assert!(error.to_string().contains("virtual"), "{error}");
}

/// Another connection notices the new table at its next statement, a prepared one too.
#[tokio::test]
async fn other_connections_go_on() {
    let schema = "CREATE TABLE t(id INTEGER PRIMARY KEY, c TEXT); INSERT INTO t VALUES (1, 'a');";
    let mut database = Database::new(schema).await;
    let mut other = SqliteConnection::connect(&database.url).await.unwrap();
    let insert = "INSERT INTO t(c) VALUES ($1)";
    sqlx::query(insert).bind("b").execute(&mut other).await.unwrap();
    assert!(set_not_null(&mut database.connection, "t", "c", true).await.unwrap());
    let error = sqlx::query(insert).bind(None::<String>).execute(&mut other).await.unwrap_err();
    assert!(error.to_string().contains("NOT NULL"), "{error}");
    sqlx::query(insert).bind("c").execute(&mut other).await.unwrap();
    assert_eq!(database.column("SELECT group_concat(id || c) FROM t").await, ["1a,2b,3c"]);
}

/// Why [`statements`] wants `legacy_alter_table`: RENAME reads every view and trigger again.
#[tokio::test]
async fn without_legacy_alter_table_a_view_stops_the_rename() {
    for (dependant, expected) in [
        ("CREATE VIEW v AS SELECT c FROM t", "error in view v: no such table: main.t"),
        (
            "CREATE TRIGGER w AFTER INSERT ON o BEGIN DELETE FROM t; END",
            "error in trigger w: no such table: main.t",
        ),
    ] {
        let schema = format!("CREATE TABLE t(c); CREATE TABLE o(x); {dependant}");
        let mut database = Database::new(&schema).await;
        let error = by_hand(&mut database, "OFF", "OFF").await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        by_hand(&mut database, "OFF", "ON").await.unwrap();
    }
}

/// Why it wants `foreign_keys` off: DROP TABLE deletes the rows first, and theirs with them.
#[tokio::test]
async fn with_foreign_keys_the_rows_of_other_tables_would_go() {
    let schema = "CREATE TABLE t(c INTEGER PRIMARY KEY);
                  CREATE TABLE child(p REFERENCES t ON DELETE CASCADE);
                  INSERT INTO t VALUES (1); INSERT INTO child VALUES (1);";
    for (keys, left) in [("OFF", "1"), ("ON", "0")] {
        let mut database = Database::new(schema).await;
        by_hand(&mut database, keys, "ON").await.unwrap();
        let count = "SELECT CAST(count(*) AS TEXT) FROM child";
        assert_eq!(database.column(count).await, [left]);
    }
}

/// The statements for `t.c`, with whatever pragmas.
async fn by_hand(database: &mut Database, keys: &str, legacy: &str) -> driver::Result<()> {
    let connection = &mut database.connection;
    let mut live = live(connection, "t").await?;
    (live.foreign_keys, live.legacy_alter_table) = (false, true);
    run(connection, &format!("PRAGMA foreign_keys = {keys}")).await?;
    run(connection, &format!("PRAGMA legacy_alter_table = {legacy}")).await?;
    run(connection, "BEGIN IMMEDIATE").await?;
    let alteration = Alteration::NotNull { column: "c".into(), required: true };
    for statement in statements(&live, &alteration)? {
        if let Err(error) = run(connection, &statement).await {
            run(connection, "ROLLBACK").await?;
            return Err(error);
        }
    }
    run(connection, "COMMIT").await
}
