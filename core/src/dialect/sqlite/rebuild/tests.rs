use super::*;

fn live(table: &str, sql: &str, columns: &[&str]) -> Live {
    let column = |name: &&str| LiveColumn {
        name: (*name).to_owned(),
        not_null: false,
        key: 0,
        generated: false,
    };
    Live {
        table: table.to_owned(),
        sql: sql.to_owned(),
        columns: columns.iter().map(column).collect(),
        dependants: Vec::new(),
        without_rowid: false,
        strict: false,
        statistics: Vec::new(),
        foreign_keys: false,
        legacy_alter_table: true,
    }
}

#[test]
fn a_table_is_rebuilt_with_all_that_belongs_to_it() {
    let sql = "CREATE TABLE \"it's\"(id INTEGER PRIMARY KEY AUTOINCREMENT, a, b AS (a))";
    let mut live = live("it's", sql, &["id", "a", "b"]);
    live.columns[0].key = 1;
    live.columns[2].generated = true;
    live.statistics = vec!["sqlite_stat1".to_owned()];
    live.dependants = vec!["CREATE INDEX i ON \"it's\"(a) -- so".to_owned()];
    assert_eq!(
        not_null(&live, "A", true).unwrap(),
        [
            "CREATE TABLE main.\"_colmig_rebuild_it's\"\
             (id INTEGER PRIMARY KEY AUTOINCREMENT, a NOT NULL, b AS (a))",
            "INSERT OR ABORT INTO main.\"_colmig_rebuild_it's\" (rowid, \"id\", \"a\") \
             SELECT rowid, \"id\", \"a\" FROM main.\"it's\" ORDER BY rowid",
            "DELETE FROM main.sqlite_sequence WHERE name = '_colmig_rebuild_it''s'",
            "UPDATE main.\"sqlite_sequence\" SET name = '_colmig_rebuild_it''s' WHERE name = 'it''s'",
            "UPDATE main.\"sqlite_stat1\" SET tbl = '_colmig_rebuild_it''s' WHERE tbl = 'it''s'",
            "DROP TABLE main.\"it's\"",
            "ALTER TABLE main.\"_colmig_rebuild_it's\" RENAME TO \"it's\"",
            "UPDATE main.\"sqlite_stat1\" SET tbl = 'it''s' WHERE tbl = '_colmig_rebuild_it''s'",
            "CREATE INDEX i ON \"it's\"(a) -- so",
        ]
    );
}

#[test]
fn rows_are_copied_in_the_order_of_the_table() {
    let copied = |live: &Live| not_null(live, "a", true).unwrap().remove(1);
    let mut keyed =
        live("t", "CREATE TABLE t(a, b, c, PRIMARY KEY(c, b)) WITHOUT ROWID", &["a", "b", "c"]);
    (keyed.columns[1].key, keyed.columns[2].key, keyed.without_rowid) = (2, 1, true);
    assert!(copied(&keyed).ends_with(
        " (\"a\", \"b\", \"c\") SELECT \"a\", \"b\", \"c\" FROM main.\"t\" ORDER BY \"c\", \"b\""
    ));

    let taken = live("t", "CREATE TABLE t(a, RowID, oid)", &["a", "RowID", "oid"]);
    assert!(copied(&taken).ends_with(" ORDER BY _rowid_"));
    let all_taken =
        live("t", "CREATE TABLE t(a, rowid, _rowid_, oid)", &["a", "rowid", "_rowid_", "oid"]);
    assert!(copied(&all_taken).ends_with(" FROM main.\"t\" NOT INDEXED"));
}

/// Its name would stand in the copy twice, and the rowid would win.
#[test]
fn a_column_that_is_added_may_have_a_name_of_the_rowid() {
    let live = live("t", "CREATE TABLE t(a)", &["a"]);
    let (column, definition) = ("Rowid".to_owned(), "\"Rowid\" text DEFAULT (f())".to_owned());
    let added = Alteration::Column { column, definition, value: "f()".to_owned() };
    assert_eq!(
        statements(&live, &added).unwrap()[1],
        "INSERT OR ABORT INTO main.\"_colmig_rebuild_t\" (_rowid_, \"a\", \"Rowid\") \
         SELECT _rowid_, \"a\", f() FROM main.\"t\" ORDER BY _rowid_"
    );
}

#[test]
fn nothing_is_done_twice() {
    let mut live = live("t", "CREATE TABLE t(a)", &["a"]);
    assert_eq!(not_null(&live, "a", false), Ok(Vec::new()));
    live.columns[0].not_null = true;
    assert_eq!(not_null(&live, "a", true), Ok(Vec::new()));
}

#[test]
fn what_cannot_be_done_safely_is_refused() {
    let key = |live: &mut Live| (live.columns[0].key, live.columns[0].not_null) = (1, true);
    type Case<'a> = (&'a str, &'a dyn Fn(&mut Live), bool, &'a crate::Code);
    let cases: &[Case<'_>] = &[
        ("CREATE TABLE t(a)", &|live| live.foreign_keys = true, true, BUG),
        ("CREATE TABLE t(a)", &|live| live.legacy_alter_table = false, true, BUG),
        ("CREATE TABLE t(a)", &|live| live.columns.clear(), true, DRIFT),
        ("CREATE TABLE t(b)", &|_| {}, true, DRIFT),
        ("CREATE TABLE t(a, b)", &|_| {}, true, DRIFT),
        ("CREATE TABLE u(a)", &|_| {}, true, DRIFT),
        ("CREATE TABLE t(a NOT NULL)", &|_| {}, true, DRIFT),
        ("CREATE TABLE t(a)", &|live| live.columns[0].not_null = true, false, DRIFT),
        ("CREATE TABLE t(a WHAT (", &|_| {}, true, DRIFT),
        ("CREATE VIRTUAL TABLE t USING fts5(a)", &|_| {}, true, NOT_SUPPORTED),
        ("CREATE TABLE t(a CHECK (t.a > 0))", &|_| {}, true, NOT_SUPPORTED),
        (
            "CREATE TABLE t(a NOT NULL PRIMARY KEY) WITHOUT ROWID",
            &|live| {
                key(live);
                live.without_rowid = true;
            },
            false,
            NOT_SUPPORTED,
        ),
        (
            "CREATE TABLE t(a TEXT PRIMARY KEY) STRICT",
            &|live| {
                key(live);
                live.strict = true;
            },
            false,
            NOT_SUPPORTED,
        ),
    ];
    for (sql, change, required, code) in cases {
        let mut live = live("t", sql, &["a"]);
        change(&mut live);
        let problem = not_null(&live, "a", *required).expect_err(sql);
        assert_eq!((problem.code, problem.place.as_deref()), (*code, Some("t.a")), "{problem}");
    }
}

fn not_null(live: &Live, column: &str, required: bool) -> Result<Vec<String>, Problem> {
    statements(live, &Alteration::NotNull { column: column.into(), required })
}
