//! A connection that stays open over the steps, as an application's does, with its prepared statements.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use colmig_core::catalog::{Catalog, CatalogColumn};
use colmig_core::ident::quote;
use colmig_core::types::Database;
use colmig_tests::database::TestDatabase;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection, ValueRef as _,
};

enum Connection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// A database that is emptied and used again.
pub(crate) struct Client {
    pub(crate) url: String,
    pub(crate) db: Database,
    /// How many statements it has run.
    pub(crate) statements: usize,
    connection: Connection,
}

/// Runs the same lines on whichever connection it is.
macro_rules! on {
    ($client:expr, $connection:ident => $body:expr) => {
        match &mut $client.connection {
            Connection::Postgres($connection) => $body,
            Connection::Sqlite($connection) => $body,
        }
    };
}

impl Client {
    pub(crate) async fn connect(database: &TestDatabase) -> Result<Client> {
        let url = database.url.clone();
        let (db, connection) = match database.is_postgres() {
            true => {
                let connection = PgConnection::connect(&url).await?;
                (Database::Postgres, Connection::Postgres(connection))
            }
            false => {
                let connection = SqliteConnection::connect(&url).await?;
                (Database::Sqlite, Connection::Sqlite(connection))
            }
        };
        Ok(Client { url, db, statements: 0, connection })
    }

    /// Runs statements that are not prepared.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<()> {
        self.statements += 1;
        on!(self, c => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(|_| ()))
            .with_context(|| sql.to_owned())
    }

    /// Reads rows with a statement that stays prepared; a NULL in a required column is an error.
    pub(crate) async fn read(&mut self, sql: &str, required: &[bool]) -> Result<()> {
        self.statements += 1;
        let nulls = on!(self, c => {
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(c).await;
            rows.map(|rows| rows.iter().filter(|row| {
                let mut required = required.iter().enumerate().filter(|(_, required)| **required);
                required.any(|(at, _)| row.try_get_raw(at).is_ok_and(|value| value.is_null()))
            }).count())
        });
        let nulls = nulls.with_context(|| sql.to_owned())?;
        ensure!(nulls == 0, "{nulls} rows have NULL where a `T` is read: {sql}");
        Ok(())
    }

    /// The first column of every row, as text.
    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<String>> {
        self.statements += 1;
        let query = on!(self, c => {
            let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(c).await;
            rows.and_then(|rows| rows.iter().map(|row| row.try_get::<String, _>(0)).collect())
        });
        query.with_context(|| sql.to_owned())
    }

    /// Drops every table, the ledger's too.
    pub(crate) async fn clear(&mut self) -> Result<()> {
        if self.db == Database::Postgres {
            self.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await?;
        } else {
            let tables =
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
            let tables = self.texts(tables).await?;
            let drops = tables.iter().map(|name| format!("DROP TABLE {};", quote(name)));
            let drops: String = drops.collect();
            self.run(&format!(
                "PRAGMA foreign_keys = OFF; BEGIN; {drops} COMMIT; PRAGMA foreign_keys = ON"
            ))
            .await?;
        }
        on!(self, c => c.clear_cached_statements().await)?;
        Ok(())
    }

    /// Everything that the catalog says of the tables, but the order of columns: what is added comes last.
    ///
    /// A column that the database computes is stored where it comes with its table, and may be computed on read where
    /// it is added to one: a stored one would rewrite the table.
    ///
    /// NOT NULL is compared as a fact of the column and not by the name of its constraint: PostgreSQL 18 has one,
    /// and it is named after how the column came to it.
    pub(crate) async fn catalog(&mut self) -> Result<BTreeSet<String>> {
        let sql = if self.db == Database::Postgres { POSTGRES } else { SQLITE };
        let mut all: BTreeSet<_> = self.texts(sql).await?.into_iter().collect();
        if self.db == Database::Sqlite {
            for text in self.texts("SELECT name || ': ' || sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_colmig%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'").await? {
                all.extend(guards(&text));
            }
        }
        Ok(all)
    }

    /// What a registration would read of it.
    pub(crate) async fn known(&mut self) -> Result<Catalog> {
        let sql = if self.db == Database::Postgres { KNOWN_POSTGRES } else { KNOWN_SQLITE };
        let mut catalog = Catalog::default();
        for row in self.texts(sql).await? {
            let parts: Vec<_> = row.split('\u{1}').collect();
            let [table, name, not_null, has_default] = parts[..] else {
                anyhow::bail!("four columns: {row}")
            };
            let column = CatalogColumn {
                name: name.to_owned(),
                sql_type: String::new(),
                not_null: not_null == "1",
                has_default: has_default == "1",
            };
            catalog.tables.entry(table.to_owned()).or_default().columns.push(column);
        }
        Ok(catalog)
    }
}

/// SQLite keeps CHECKs and the names of constraints in the table's text alone: a line each, as the dialect writes
/// them. Whether a key counts is there too.
fn guards(text: &str) -> Vec<String> {
    let (table, sql) = text.split_once(": CREATE").unwrap_or((text, ""));
    let lines = sql.lines().map(|line| line.trim().trim_end_matches(','));
    let guards =
        lines.filter(|line| line.starts_with("CONSTRAINT") || line.starts_with("PRIMARY KEY"));
    // The last line of a rebuilt table ends with the table's own parenthesis.
    let of_the_table = |line: &str| line.matches(')').count() > line.matches('(').count();
    let guards =
        guards.map(|line| line.strip_suffix(')').filter(|_| of_the_table(line)).unwrap_or(line));
    let mut all: Vec<_> = guards.map(|line| format!("{table}: {line}")).collect();
    all.push(format!("{table} counts: {}", sql.contains("AUTOINCREMENT")));
    all
}

const POSTGRES: &str = "
    SELECT format('column %s.%s: %s, not null %s, default %s, %s%s', relname, attname,
                  format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attidentity, attgenerated <> '')
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT LIKE '\\_colmig%'
      AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s on %s: %s, valid %s', conname, relname, pg_get_constraintdef(o.oid), convalidated)
    FROM pg_constraint o JOIN pg_class c ON c.oid = conrelid
    WHERE relnamespace = 'public'::regnamespace AND contype <> 'n' AND relname NOT LIKE '\\_colmig%'
    UNION ALL
    SELECT format('index: %s, valid %s', pg_get_indexdef(indexrelid), indisvalid)
    FROM pg_index JOIN pg_class c ON c.oid = indrelid
    WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_colmig%'
    UNION ALL
    SELECT format('trigger: %s', pg_get_triggerdef(t.oid))
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal AND relname NOT LIKE '\\_colmig%'";

const SQLITE: &str = "
    SELECT format('column %s.%s: %s, not null %s, default %s, key %s, hidden %s', t.name, c.name, c.type,
                  c.\"notnull\", c.dflt_value, c.pk, iif(c.hidden = 3, 2, c.hidden))
    FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_colmig%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%'
    UNION ALL
    SELECT format('reference from %s.%s to %s.%s, on delete %s', t.name, c.\"from\", c.\"table\", c.\"to\", c.on_delete)
    FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_colmig%' ESCAPE '\\'
    UNION ALL
    SELECT format('index on %s: unique %s, by %s, partial %s, of %s', t.name, i.\"unique\", i.origin, i.partial,
                  (SELECT group_concat(format('%s %s', x.name, x.desc)) FROM pragma_index_xinfo(i.name) x WHERE x.key))
    FROM sqlite_schema t JOIN pragma_index_list(t.name) i
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_colmig%' ESCAPE '\\'
    UNION ALL
    SELECT format('%s %s on %s: %s', type, name, tbl_name, sql) FROM sqlite_schema
    WHERE type <> 'table' AND sql IS NOT NULL AND tbl_name NOT LIKE '\\_colmig%' ESCAPE '\\'";

const KNOWN_POSTGRES: &str = "
    SELECT concat_ws(E'\\x01', relname, attname, attnotnull::int,
                     (atthasdef OR attidentity <> '')::int)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    ORDER BY relname, attnum";

const KNOWN_SQLITE: &str = "
    SELECT t.name || char(1) || c.name || char(1)
        || iif(c.\"notnull\" OR c.pk AND lower(c.type) = 'integer', 1, 0) || char(1)
        || iif(c.dflt_value IS NOT NULL OR c.hidden IN (2, 3) OR c.pk AND t.sql LIKE '%AUTOINCREMENT%', 1, 0)
    FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c
    WHERE t.type = 'table' ORDER BY t.name, c.cid";
