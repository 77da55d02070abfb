//! What `DROP COLUMN` would fail on: it is tried, on an empty copy of the schema in memory.
//!
//! SQLite has no catalog of dependencies: it finds what needs a column by reading every definition anew, and
//! names the first that it cannot. To try it on the file itself, in a transaction that is rolled back, would
//! hold the one writer while the table's rows are rewritten; to read the definitions here would be a second
//! SQL parser, and a worse one. On the copy the same library judges the same texts, there is no row to
//! rewrite, nobody waits, and what it names can be dropped there to hear of the next.

use colmig_core::catalog::{Dependant, Fate};
use colmig_core::dialect::sqlite::{attempt_to_drop, names_as_culprit};
use colmig_core::ident::quote;

use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

use super::Sqlite;
use crate::driver::{DbError, Driver, OWN_DEFINITION, Trouble, Value};

/// One definition of the schema.
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

impl Sqlite {
    pub(super) async fn blockers(
        &mut self,
        table: &str,
        column: &str,
    ) -> Result<Vec<Dependant>, DbError> {
        let objects = self.objects().await?;
        let mut found = self.referring(table, column).await?;
        let mut copy = Sqlite::in_memory().await?;
        for object in &objects {
            // A virtual table's own tables come with it, and cannot be made again.
            let _ = copy.script(&object.sql).await;
        }
        let broken = copy.broken_triggers(&objects).await?;
        while let Err(error) = copy.script(&attempt_to_drop(table, column)).await {
            let culprit = objects
                .iter()
                .find(|object| names_as_culprit(&error.message, &object.kind, &object.name));
            match culprit {
                Some(object) if object.kind != "table" => {
                    found.push(format!("{} {}", object.kind, object.name));
                    copy.replace_by_nothing(object).await?;
                }
                _ if error.trouble == Trouble::NoTable => break,
                _ => {
                    found.push(described(&error.message));
                    break;
                }
            }
        }
        let after = copy.broken_triggers(&objects).await?;
        found.extend(after.into_iter().filter(|trigger| !broken.contains(trigger)));
        found.dedup();
        let blocking = |what| Dependant { what, fate: Fate::Blocks };
        Ok(found.into_iter().map(blocking).collect())
    }

    async fn objects(&mut self) -> Result<Vec<Object>, DbError> {
        let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema
                   WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid";
        let rows = self.rows(sql, &[]).await?;
        let text = |value: &Value| value.text().to_owned();
        let object = |row: &Vec<Value>| Object {
            kind: text(&row[0]),
            name: text(&row[1]),
            table: text(&row[2]),
            sql: text(&row[3]),
        };
        Ok(rows.iter().map(object).collect())
    }

    /// Takes an object out of the copy. What needs a view of it has nothing to do with the column, so a view
    /// keeps its columns.
    async fn replace_by_nothing(&mut self, object: &Object) -> Result<(), DbError> {
        let name = quote(&object.name);
        let columns = "SELECT name FROM pragma_table_xinfo($1)";
        let columns = self.names(columns, &[object.name.as_str().into()]).await.unwrap_or_default();
        self.script(&format!("DROP {} {name}", object.kind)).await?;
        if object.kind == "view" && !columns.is_empty() {
            let empty: Vec<_> = columns.iter().map(|c| format!("NULL AS {}", quote(c))).collect();
            self.script(&format!("CREATE VIEW {name} AS SELECT {}", empty.join(", "))).await?;
        }
        Ok(())
    }

    /// Foreign keys of other tables: SQLite drops the column that they need, and then refuses every write.
    async fn referring(&mut self, table: &str, column: &str) -> Result<Vec<String>, DbError> {
        let sql = "SELECT DISTINCT 'foreign key of table ' || t.name
                   FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) k
                   WHERE t.type = 'table' AND t.name <> $1 COLLATE NOCASE AND k.\"table\" = $1 COLLATE NOCASE
                     AND k.\"to\" = $2 COLLATE NOCASE ORDER BY 1";
        self.names(sql, &[table.into(), column.into()]).await
    }

    /// Triggers that do not compile: the drop does not look at what they write, and the next statement that
    /// fires one would fail.
    async fn broken_triggers(&mut self, objects: &[Object]) -> Result<Vec<String>, DbError> {
        let triggers = objects.iter().filter(|object| object.kind == "trigger");
        let mut tables: Vec<&str> = triggers.map(|trigger| trigger.table.as_str()).collect();
        tables.sort_unstable();
        tables.dedup();
        let mut broken = Vec::new();
        for table in tables {
            let columns = "SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0";
            let columns = self.names(columns, &[table.into()]).await?;
            let set: Vec<_> = columns.iter().map(|c| format!("{0} = {0}", quote(c))).collect();
            let name = quote(table);
            for statement in [
                format!("INSERT INTO {name} DEFAULT VALUES"),
                format!("UPDATE {name} SET {}", set.join(", ")),
                format!("DELETE FROM {name}"),
            ] {
                // Preparing compiles the triggers, and runs nothing.
                let statement = AssertSqlSafe(statement).into_sql_str();
                if (&mut self.connection).prepare(statement).await.is_err() {
                    broken.push(format!("trigger on {table}"));
                }
            }
        }
        broken.dedup();
        Ok(broken)
    }
}

fn described(message: &str) -> String {
    match message {
        _ if message.contains("PRIMARY KEY column") => "the primary key".to_owned(),
        _ if message.contains("UNIQUE column") => "its UNIQUE constraint".to_owned(),
        _ if message.contains("foreign key definition") => "a foreign key of the table".to_owned(),
        _ if message.contains("no other columns") => "the table, which has no other column".into(),
        _ => OWN_DEFINITION.to_owned(),
    }
}
