//! A database to look at.

use colmig_core::ident::{literal, quote};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::cases::Case;
use crate::driver::{live, run};

/// A database in a file of its own, which goes with it.
pub(crate) struct Database {
    pub(crate) connection: SqliteConnection,
    pub(crate) url: String,
    _folder: tempfile::TempDir,
}

impl Database {
    pub(crate) async fn new(schema: &str) -> Database {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("test.db").display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        run(&mut connection, schema).await.unwrap();
        Database { connection, url, _folder: folder }
    }

    pub(crate) async fn column(&mut self, sql: &str) -> Vec<String> {
        let rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut self.connection).await;
        rows.unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// The text of every object, each with its kind and its name.
    pub(crate) async fn schema(&mut self) -> Vec<String> {
        self.column(
            "SELECT format('%s %s on %s: %s', type, name, tbl_name, sql) FROM sqlite_schema ORDER BY 1",
        )
        .await
    }

    pub(crate) async fn sql(&mut self, table: &str) -> String {
        let name = literal(table);
        self.column(&format!("SELECT sql FROM sqlite_schema WHERE name = {name}")).await.remove(0)
    }

    /// Every column of a table as SQLite sees it, but for `except`'s NOT NULL.
    pub(crate) async fn columns(&mut self, table: &str, except: &str) -> Vec<String> {
        let (table, except) = (literal(table), literal(except));
        self.column(&format!(
            "SELECT format('%s|%s|%s|%s|%s|%s|%s', cid, name, type, dflt_value, pk, hidden,
                           iif(name = {except}, '?', \"notnull\"))
             FROM pragma_table_xinfo({table}) ORDER BY cid"
        ))
        .await
    }

    /// The foreign keys and the automatic indexes of `t`.
    pub(crate) async fn keys(&mut self) -> Vec<String> {
        self.column(
            "SELECT format('%s|%s|%s|%s|%s|%s', id, \"from\", \"to\", on_update, on_delete, match)
             FROM pragma_foreign_key_list('t')
             UNION ALL SELECT format('%s|%s|%s|%s', name, \"unique\", origin, partial)
             FROM pragma_index_list('t')",
        )
        .await
    }

    /// Every row of every table, SQLite's own too, with its rowid if it has one.
    pub(crate) async fn rows(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        let tables = "SELECT name FROM pragma_table_list
                      WHERE schema = 'main' AND type = 'table' AND name <> 'sqlite_schema' ORDER BY 1";
        for table in self.column(tables).await {
            let columns =
                format!("SELECT name FROM pragma_table_xinfo({}) ORDER BY cid", literal(&table));
            let mut columns = self.column(&columns).await;
            let taken = |name: &&str| columns.iter().any(|c| c.eq_ignore_ascii_case(name));
            let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken(name));
            let table = quote(&table);
            for column in &mut columns {
                *column = format!("quote({})", quote(column));
            }
            let values = columns.join(" || '|' || ");
            let rowid = rowid.unwrap_or("'-'");
            let with = format!("SELECT {rowid} || ': ' || {values} FROM {table} ORDER BY {rowid}");
            let without = format!("SELECT '-: ' || {values} FROM {table} ORDER BY 1");
            let rows =
                sqlx::query_scalar(AssertSqlSafe(with)).fetch_all(&mut self.connection).await;
            let rows: Vec<String> = match rows {
                Ok(rows) => rows,
                Err(_) => self.column(&without).await,
            };
            all.extend(rows.into_iter().map(|row| format!("{table} {row}")));
        }
        all
    }

    pub(crate) async fn is_not_null(&mut self, case: &Case) -> bool {
        let live = live(&mut self.connection, case.table).await.unwrap();
        let name = case.name;
        live.columns.iter().find(|c| c.name == case.column).expect(name).not_null
    }

    /// The case's own checks, each rolled back.
    pub(crate) async fn probe(&mut self, case: &Case, not_null: bool) {
        let (name, column) = (case.name, quote(case.column));
        let table = quote(case.table);
        for (sql, expected) in case.gives {
            assert_eq!(self.attempt(sql).await.unwrap(), *expected, "{name}: {sql}");
        }
        for (sql, expected) in case.fails {
            let error = self.attempt(sql).await.expect_err(sql);
            assert!(error.contains(expected), "{name}: {sql}: {error}");
        }
        let unset = format!("UPDATE {table} SET {column} = NULL RETURNING 1");
        match self.attempt(&unset).await {
            Ok(rows) => assert!(!not_null || rows.is_empty(), "{name}: NULL was stored"),
            Err(error) => {
                let refused = error.contains("NOT NULL constraint failed");
                let cannot = ["generated column", "datatype mismatch", "foreign key mismatch"];
                let other = cannot.iter().any(|part| error.contains(part));
                assert!(other || refused == not_null, "{name}: {error}");
            }
        }
        let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
            .fetch_one(&mut self.connection)
            .await
            .unwrap();
        assert_eq!(keys, 1, "{name}");
        assert_eq!(self.column("SELECT * FROM pragma_integrity_check").await, ["ok"], "{name}");
    }

    async fn attempt(&mut self, sql: &str) -> Result<String, String> {
        run(&mut self.connection, "BEGIN").await.unwrap();
        let text = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut self.connection).await;
        let text = text.map(|rows| rows.first().map(first_value).unwrap_or_default());
        run(&mut self.connection, "ROLLBACK").await.unwrap();
        text.map_err(|error| error.to_string())
    }
}

fn first_value(row: &SqliteRow) -> String {
    let number = row.try_get::<i64, _>(0).map(|number| number.to_string());
    number.or_else(|_| row.try_get::<String, _>(0)).unwrap_or_default()
}
