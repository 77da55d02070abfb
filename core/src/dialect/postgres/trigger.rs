//! The trigger that keeps columns and what takes their place alike, while releases that write the ones live beside
//! releases that write the others.
//!
//! It runs before the row is stored, so that NOT NULL on either side is met by a release that has never heard of the
//! other. What it goes by is which side a statement changed, and not which is empty: an old value must not undo a
//! new one.

use super::super::alter;
use crate::backfill::{Fill, Rows, Value};
use crate::dialect::Direction;
use crate::ident::{quote, shortened};
use crate::migration::Change;
use crate::protocol::Act;
use crate::schema::Column;
use crate::types::Database;

/// Its lock: writers wait for it, and readers do not.
pub(super) const LOCK: &str =
    "SHARE ROW EXCLUSIVE on the table, metadata only, for milliseconds: reads go on";

/// Makes the function and its trigger; one transaction.
///
/// The function searches the schemas that are searched now and no others, whoever writes the table. `EXPLAIN` asks
/// the server whether it understands both expressions, and can compare what the function compares: what it does not
/// understand fails this step, and not every write. The trigger fires where logical replication applies rows too.
pub(super) fn make(change: &Change) -> String {
    let (table, trigger) = (quote(&change.table), quote(&trigger_name(change)));
    let (alter, function) = (alter(&change.table), quote(&function_name(change)));
    let sides = [(change.columns.as_slice(), Direction::Up), (&change.replaced, Direction::Down)];
    let assignments =
        sides.into_iter().map(|(columns, way)| fill(change, columns, way).assignments());
    let assignments = assignments.collect::<Vec<_>>().join(", ");
    let differs = fill(change, &change.columns, Direction::Up).condition("", Database::Postgres);
    let body = body(change);
    let tag = tag(&body);
    format!(
        "SELECT set_config('colmig.search_path', current_setting('search_path'), true);\n\
         SELECT set_config('search_path', concat_ws(', ', 'pg_catalog', string_agg(quote_ident(s), ', ' ORDER BY n), 'pg_temp'), true)\n\
         FROM unnest(current_schemas(false)) WITH ORDINALITY AS u (s, n);\n\
         CREATE FUNCTION {function}() RETURNS trigger\n\
         LANGUAGE plpgsql SET search_path FROM CURRENT AS {tag}\n{body}{tag};\n\
         CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table}\n\
         FOR EACH ROW EXECUTE FUNCTION {function}();\n\
         {alter} ENABLE ALWAYS TRIGGER {trigger};\n\
         EXPLAIN UPDATE {table} SET {assignments} WHERE {differs};\n\
         SELECT set_config('search_path', current_setting('colmig.search_path'), true);"
    )
}

/// Drops both; nothing is wrong where they are not there.
pub(super) fn unmake(change: &Change) -> String {
    format!(
        "DROP TRIGGER IF EXISTS {} ON {};\nDROP FUNCTION IF EXISTS {}();",
        quote(&trigger_name(change)),
        quote(&change.table),
        quote(&function_name(change)),
    )
}

/// Triggers of a table run in the order of their names: this one behind those of the user, so that it sees what they
/// made of the row.
fn trigger_name(change: &Change) -> String {
    shortened(&format!("zz_colmig_{}", first(change)), "_alike")
}

fn function_name(change: &Change) -> String {
    shortened(&format!("{}_{}", change.table, first(change)), "_colmig_alike")
}

fn first(change: &Change) -> &str {
    change.column().map_or("", |column| column.name.as_str())
}

/// What one side gets from the other.
fn fill(change: &Change, columns: &[Column], way: Direction) -> Fill {
    let value = |column: &Column| Value {
        column: column.name.clone(),
        expression: change.value(column, way, Database::Postgres),
        required: !column.optional(),
    };
    let values = columns.iter().map(value).collect();
    Fill { table: change.table.clone(), values, rows: Rows::Differing, key: Vec::new() }
}

/// The function's text.
///
/// Of a row that is inserted, a side is given if any of its columns is; NULL, a default of an old column and a number
/// that the database may have made cannot be told from silence, and the other side is computed then. Of a row that is updated, the side that changed wins;
/// where both did, the statement knows of both. Where the new side changed to what the old one says anyway, nothing
/// is computed back: that is the backfill, and `reverse` may give another spelling than the one that is there.
fn body(change: &Change) -> String {
    let (new, old) = (&change.columns, &change.replaced);
    let silent = |columns: &[Column]| all(columns.iter().map(is_silent), " AND ");
    let changed = |columns: &[Column]| all(columns.iter().map(is_changed), " OR ");
    let differs = format!(
        "EXISTS (SELECT FROM {} WHERE {})",
        row(change),
        fill(change, new, Direction::Up).condition("", Database::Postgres)
    );
    let lacks: Vec<_> = old.iter().filter(|column| !column.optional()).map(is_null).collect();
    let lacks = if lacks.is_empty() {
        differs.clone()
    } else {
        format!("{} OR {differs}", lacks.join(" OR "))
    };
    let (forward, reverse) = (compute(change, Direction::Up), compute(change, Direction::Down));
    format!(
        "#variable_conflict use_column
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF {} THEN
            {forward}
        ELSIF {} AND ({lacks}) THEN
            {reverse}
        END IF;
    ELSIF {} THEN
        IF NOT {} THEN
            {forward}
        END IF;
    ELSIF {} AND {differs} THEN
        {reverse}
    END IF;
    RETURN NEW;
END
",
        all(new.iter().map(is_null), " AND "),
        silent(old),
        changed(old),
        changed(new),
        changed(new),
    )
}

/// The row that is being written, under the table's name, as the expressions know it.
fn row(change: &Change) -> String {
    format!("(SELECT NEW.*) AS {}", quote(&change.table))
}

/// Computes one side of the row from the other.
fn compute(change: &Change, way: Direction) -> String {
    let act = if way == Direction::Up { Act::Add } else { Act::Drop };
    let columns = change.targets(act);
    let values = fill(change, columns, way).values;
    let values: Vec<_> = values.iter().map(|value| value.expression.as_str()).collect();
    let targets: Vec<_> =
        columns.iter().map(|column| format!("NEW.{}", quote(&column.name))).collect();
    format!("SELECT {} INTO {} FROM {};", values.join(", "), targets.join(", "), row(change))
}

fn is_null(column: &Column) -> String {
    format!("NEW.{} IS NULL", quote(&column.name))
}

fn is_silent(column: &Column) -> String {
    match column.default_on(Database::Postgres) {
        // A number is there before the trigger runs, whether the statement gave it or the database did.
        _ if column.auto => "true".to_owned(),
        Some(default) => {
            format!(
                "({} OR NEW.{} IS NOT DISTINCT FROM ({}))",
                is_null(column),
                quote(&column.name),
                column.typed(Database::Postgres, default)
            )
        }
        None => is_null(column),
    }
}

/// Whether what is stored changed: `A` and `a` may be equal to their type, or to their collation, and what is
/// computed from them differs. Every type has an image, and not every type a comparison.
fn is_changed(column: &Column) -> String {
    let name = quote(&column.name);
    format!("record_image_ne(ROW(NEW.{name}), ROW(OLD.{name}))")
}

/// Several conditions as one.
fn all(conditions: impl Iterator<Item = String>, joined: &str) -> String {
    format!("({})", conditions.collect::<Vec<_>>().join(joined))
}

/// What a function's text stands between: something that it does not contain.
pub(super) fn tag(text: &str) -> String {
    let tags = (0_u32..).map(|number| match number {
        0 => "$colmig$".to_owned(),
        _ => format!("$colmig{number}$"),
    });
    tags.into_iter().find(|tag| !text.contains(tag)).expect("some number is in no text")
}
