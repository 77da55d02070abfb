//! What a database holds, as tests compare it: the table, its rows, and the ledger's account of them.

use anyhow::{Context, Result, ensure};
use colmig_core::catalog::{Catalog, CatalogColumn};
use colmig_core::hash;
use colmig_core::migration::Change;
use colmig_core::progress::Progress;
use colmig_core::types::Database;

use crate::connection::Connection;
use crate::database::TestDatabase;
use crate::values::{Kind, Value};

/// What must be equal however the database came to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Every table.
    pub tables: Vec<String>,
    /// The definitions of all tables but colmig's own.
    pub definitions: Vec<String>,
    /// How many rows each of them has, and a checksum of all values; but for what [`count_updates`] counts.
    pub rows: Vec<String>,
    /// Every change that has begun: its id, position, piece, window and intent.
    pub changes: Vec<String>,
    /// Who is at work.
    pub holder: String,
}

impl State {
    /// As it is now.
    pub fn of(database: &TestDatabase) -> Result<State> {
        let tables = database.tables()?;
        let ledger = tables.iter().any(|table| table == "_colmig_gate");
        let changes =
            "SELECT id || ' at ' || CAST(position AS text) || '.' || CAST(piece AS text) || ', '
                || CAST(floor AS text) || '..' || CAST(ceil AS text) || ' ' || intent
            FROM _colmig_change WHERE position > 0 OR piece > 0 OR intent <> '' ORDER BY id";
        Ok(State {
            definitions: database.definitions()?,
            rows: application_tables(&tables)
                .map(|table| rows(database, table))
                .collect::<Result<_>>()?,
            changes: if ledger { database.texts(changes)? } else { Vec::new() },
            holder: match ledger {
                true => database.texts("SELECT holder FROM _colmig_gate")?.concat(),
                false => String::new(),
            },
            tables,
        })
    }
}

fn application_tables(tables: &[String]) -> impl Iterator<Item = &String> {
    tables.iter().filter(|table| !table.starts_with("_colmig") && *table != "updated")
}

/// A checksum of every value of a table.
fn rows(database: &TestDatabase, table: &str) -> Result<String> {
    let names = database.columns(table)?;
    let values = names.iter().map(|name| {
        let quoted = colmig_core::ident::quote(&name[..name.len() - 1]);
        format!("coalesce(CAST({quoted} AS text), '-')")
    });
    let values = values.collect::<Vec<_>>().join(" || '|' || ");
    let table = colmig_core::ident::quote(table);
    let rows = database.texts(&format!("SELECT {values} FROM {table} ORDER BY 1"))?;
    Ok(format!("{table}: {} rows, {}", rows.len(), hash::of_text(&rows.join("\n"))))
}

/// What registrations are judged by: every change, and the tables as they are.
pub fn standing(connection: &mut Connection) -> Result<(Vec<Progress>, Catalog)> {
    const CHANGES: &str =
        "SELECT body, migration, position, moved_by FROM _colmig_change ORDER BY project, ordinal";
    let (text, number) = (Kind::Text, Kind::Int(8));
    let mut changes = Vec::new();
    for row in connection.read(CHANGES, &[], &[text, text, number, text])? {
        let text = |index: usize| row[index].text().context("it is a text");
        let position = row[2].int().context("it is a number")?;
        changes.push(Progress {
            position: usize::try_from(position)?,
            moved_by: text(3)?,
            ..Progress::of(serde_json::from_str(&text(0)?)?, text(1)?)
        });
    }
    let columns = match connection.which() {
        Database::Mysql => {
            "SELECT table_name, column_name, is_nullable = 'NO',
                    extra <> '' OR column_default IS NOT NULL AND NOT (is_nullable = 'YES' AND column_default = 'NULL')
             FROM information_schema.columns WHERE table_schema = database()"
        }
        Database::Postgres => {
            "SELECT c.relname::text, a.attname::text, a.attnotnull, a.atthasdef OR a.attidentity <> ''
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        }
        Database::Sqlite => {
            "SELECT t.name, c.name, c.\"notnull\", c.dflt_value IS NOT NULL OR c.hidden > 0
         FROM pragma_table_list t, pragma_table_xinfo(t.name) c WHERE t.type = 'table'"
        }
    };
    let mut catalog = Catalog::default();
    for row in connection.read(columns, &[], &[Kind::Text, Kind::Text, Kind::Bool, Kind::Bool])? {
        let text = |index: usize| row[index].text().context("it is a text");
        let truth = |index: usize| row[index] == Value::Bool(true);
        let column = CatalogColumn {
            name: text(1)?,
            not_null: truth(2),
            has_default: truth(3),
            ..CatalogColumn::default()
        };
        catalog.tables.entry(text(0)?).or_default().columns.push(column);
    }
    Ok((changes, catalog))
}

/// Walks the history of each change from its beginning: every line is the next step forwards or the last
/// one back, none twice, and the walk ends where the ledger says that the change stands.
pub fn check_history(database: &TestDatabase) -> Result<()> {
    let bodies = database.texts("SELECT body FROM _colmig_change ORDER BY id")?;
    let positions =
        database.texts("SELECT CAST(position AS text) FROM _colmig_change ORDER BY id")?;
    for (body, position) in bodies.iter().zip(&positions) {
        let change: Change = serde_json::from_str(body)?;
        let steps: Vec<_> = change.acts().map(|act| act.to_string()).collect();
        let history = database.texts(&format!(
            "SELECT direction || ' ' || step FROM _colmig_history WHERE change_id = '{}'
               AND step NOT IN ('archive', 'restore', 'purge') ORDER BY seq",
            change.id
        ))?;
        let mut at = 0;
        for line in &history {
            let (direction, step) = line.split_once(' ').context("a direction and a step")?;
            at = match direction {
                "up" if steps.get(at).is_some_and(|next| next == step) => at + 1,
                "down" if at > 0 && steps[at - 1] == step => at - 1,
                _ => anyhow::bail!("{}: `{line}` at {at} in {history:?}", change.id),
            };
        }
        ensure!(at.to_string() == *position, "{}: at {position}, and {history:?}", change.id);
    }
    Ok(())
}

/// How far the backfill of a change is: rows, batches and the cursor; `None` before its first batch.
pub fn backfill(database: &TestDatabase, change: &str) -> Result<Option<(i64, i64, String)>> {
    let row = database.texts(&format!(
        "SELECT CAST(rows_done AS text) || ' ' || CAST(batches AS text) || ' ' || \"cursor\"
         FROM _colmig_backfill WHERE change_id = '{change}'"
    ))?;
    let Some(row) = row.first() else { return Ok(None) };
    let mut parts = row.splitn(3, ' ');
    let mut part = || parts.next().context("three values");
    Ok(Some((part()?.parse()?, part()?.parse()?, part()?.to_owned())))
}

/// Counts how often each row of `users` is updated from now on, in the updates' own transactions.
pub fn count_updates(database: &TestDatabase) -> Result<()> {
    database.execute(if database.which() == Database::Mysql {
        "CREATE TABLE updated (id bigint NOT NULL);
         CREATE TRIGGER count_updates AFTER UPDATE ON users FOR EACH ROW INSERT INTO updated VALUES (NEW.id)"
    } else if database.is_postgres() {
        "CREATE TABLE updated (id bigint NOT NULL);
         CREATE FUNCTION count_update() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO updated VALUES (NEW.id); RETURN NULL; END $$;
         CREATE TRIGGER count_updates AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_update()"
    } else {
        "CREATE TABLE updated (id bigint NOT NULL);
         CREATE TRIGGER count_updates AFTER UPDATE ON users BEGIN INSERT INTO updated VALUES (NEW.id); END"
    })
}

/// How many rows were updated, and how many of them more than once.
pub fn updates(database: &TestDatabase) -> Result<(i64, i64)> {
    let rows = database.count("(SELECT DISTINCT id FROM updated) u")?;
    let again = database.count("(SELECT id FROM updated GROUP BY id HAVING count(*) > 1) u")?;
    Ok((rows, again))
}
