//! What a driver does around a rebuild: pragmas, one transaction, the catalog before, checks after.

use colmig_core::dialect::sqlite::rebuild::{Alteration, Live, LiveColumn, statements};
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Makes a column NOT NULL or not; whether anything was to do.
pub(crate) async fn set_not_null(
    connection: &mut SqliteConnection,
    table: &str,
    column: &str,
    not_null: bool,
) -> Result<bool> {
    // `foreign_keys` is a no-op inside a transaction, so both come before it.
    let pragmas = "SELECT * FROM pragma_foreign_keys, pragma_legacy_alter_table";
    let (keys, legacy): (bool, bool) = sqlx::query_as(pragmas).fetch_one(&mut *connection).await?;
    run(connection, "PRAGMA foreign_keys = OFF").await?;
    run(connection, "PRAGMA legacy_alter_table = ON").await?;
    let done = transaction(connection, table, column, not_null).await;
    // Also after a failure, and after a BEGIN that was refused.
    run(connection, &format!("PRAGMA legacy_alter_table = {legacy}")).await?;
    run(connection, &format!("PRAGMA foreign_keys = {keys}")).await?;
    done
}

async fn transaction(
    connection: &mut SqliteConnection,
    table: &str,
    column: &str,
    not_null: bool,
) -> Result<bool> {
    run(connection, "BEGIN IMMEDIATE").await?;
    let done = rebuild(connection, table, column, not_null).await;
    run(connection, if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    done
}

async fn rebuild(
    connection: &mut SqliteConnection,
    table: &str,
    column: &str,
    not_null: bool,
) -> Result<bool> {
    let live = live(connection, table).await?;
    let alteration = Alteration::NotNull { column: column.to_owned(), required: not_null };
    let statements = statements(&live, &alteration)?;
    if statements.is_empty() {
        return Ok(false);
    }
    let before = State::read(connection, &live.table).await?;
    for statement in &statements {
        run(connection, statement).await?;
    }
    let after = State::read(connection, &live.table).await?;
    let mut broken = before.broken_in(&after);
    let columns = columns(connection, &live.table).await?;
    if !columns.iter().any(|c| c.name.eq_ignore_ascii_case(column) && c.not_null == not_null) {
        broken.push("NOT NULL did not change".to_owned());
    }
    if broken.is_empty() { Ok(true) } else { Err(broken.join("; ").into()) }
}

/// Reads the catalog; inside the transaction, so that nobody changes it behind our back.
pub(crate) async fn live(connection: &mut SqliteConnection, table: &str) -> Result<Live> {
    #[derive(FromRow)]
    struct Found {
        name: String,
        sql: String,
        wr: bool,
        strict: bool,
        foreign_keys: bool,
        legacy_alter_table: bool,
    }
    let found: Found = sqlx::query_as(
        "SELECT t.name, t.sql, l.wr, l.strict, f.foreign_keys, a.legacy_alter_table
         FROM main.sqlite_schema t
         JOIN pragma_table_list(t.name) l ON l.schema = 'main',
              pragma_foreign_keys f, pragma_legacy_alter_table a
         WHERE t.type = 'table' AND t.name = $1 COLLATE NOCASE",
    )
    .bind(table)
    .fetch_optional(&mut *connection)
    .await?
    .ok_or("no such table")?;
    let dependants = sqlx::query_scalar(
        "SELECT sql FROM main.sqlite_schema
         WHERE tbl_name = $1 COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL
         ORDER BY rowid",
    )
    .bind(&found.name)
    .fetch_all(&mut *connection)
    .await?;
    let statistics = sqlx::query_scalar(
        "SELECT name FROM main.sqlite_schema
         WHERE type = 'table' AND name GLOB 'sqlite_stat[134]' ORDER BY name",
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(Live {
        columns: columns(connection, &found.name).await?,
        table: found.name,
        sql: found.sql,
        dependants,
        without_rowid: found.wr,
        strict: found.strict,
        statistics,
        foreign_keys: found.foreign_keys,
        legacy_alter_table: found.legacy_alter_table,
    })
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Result<Vec<LiveColumn>> {
    let rows: Vec<(String, bool, i64, bool)> = sqlx::query_as(
        "SELECT name, \"notnull\", pk, hidden IN (2, 3)
         FROM pragma_table_xinfo($1, 'main') ORDER BY cid",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    let column = |(name, not_null, key, generated)| LiveColumn { name, not_null, key, generated };
    Ok(rows.into_iter().map(column).collect())
}

/// What a rebuild has to leave as it was.
struct State {
    /// Everything in the catalog but the table's own row.
    objects: Vec<String>,
    /// Rows that miss their parent and views that cannot be read. Such things can have been there
    /// before, so only new ones count.
    broken: Vec<String>,
}

impl State {
    async fn read(connection: &mut SqliteConnection, table: &str) -> Result<State> {
        let objects = sqlx::query_scalar(
            "SELECT format('%s %s on %s: %s', type, name, tbl_name, sql) FROM main.sqlite_schema
             WHERE NOT (type = 'table' AND name = $1) ORDER BY 1",
        )
        .bind(table)
        .fetch_all(&mut *connection)
        .await?;

        let mut broken = Vec::new();
        let orphans = sqlx::query_scalar(
            "SELECT format('row %s misses its parent in %s (%s)', coalesce(rowid, '?'), parent, fkid)
             FROM pragma_foreign_key_check($1, 'main')",
        )
        .bind(table)
        .fetch_all(&mut *connection);
        match orphans.await {
            Ok(orphans) => broken.extend(orphans),
            Err(error) => broken.push(format!("foreign_key_check: {error}")),
        }
        let views = "SELECT name FROM main.sqlite_schema WHERE type = 'view' ORDER BY rowid";
        let views: Vec<String> = sqlx::query_scalar(views).fetch_all(&mut *connection).await?;
        for view in views {
            let quoted = colmig_core::ident::quote(&view);
            let read = format!("SELECT 1 FROM main.{quoted} LIMIT 0");
            if let Err(error) = run(connection, &read).await {
                broken.push(format!("view {view}: {error}"));
            }
        }
        Ok(State { objects, broken })
    }

    fn broken_in(&self, after: &State) -> Vec<String> {
        let gone = self.objects.iter().filter(|object| !after.objects.contains(object));
        let new = after.objects.iter().filter(|object| !self.objects.contains(object));
        let broken = after.broken.iter().filter(|what| !self.broken.contains(what));
        let gone = gone.map(|object| format!("lost {object}"));
        gone.chain(new.map(|object| format!("made {object}"))).chain(broken.cloned()).collect()
    }
}

/// One statement, without a parameter and without a result.
pub(crate) async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}
