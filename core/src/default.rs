//! What a default is worth to a column that is added to a table with rows.
//!
//! PostgreSQL evaluates a default once for all rows that are there, unless it calls something that may answer
//! otherwise for each of them: then it rewrites the table, and its indexes, under ACCESS EXCLUSIVE (measured on
//! 15 and 18). SQLite takes nothing but a literal, and MySQL copies
//! the table for what is neither a literal nor the moment of the statement. Whether a function is volatile is known to the database alone,
//! which `generate` does not ask: so every function counts as volatile that is not known not to be, which costs
//! a backfill and is never wrong.

use crate::schema::words;
use crate::types::Database;

/// Functions that answer the same for a whole transaction, and types whose length stands in parentheses.
const STEADY: &[&str] = &[
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "current_timestamp",
    "current_time",
    "current_date",
    "localtime",
    "localtimestamp",
    "numeric",
    "decimal",
    "varchar",
    "char",
    "character",
    "varying",
    "bit",
    "time",
    "timestamp",
    "interval",
    "cast",
    "array",
];

/// The words of a default that SQLite takes where a column is added.
const LITERALS: &[&str] = &["null", "true", "false", "x"];

/// Whether every row of a table may get this default at once, as it is added.
pub fn is_constant(database: Database, text: &str) -> bool {
    let bare = without_texts(text);
    match database {
        Database::Postgres => !calls(&bare).any(|name| !STEADY.contains(&name.as_str())),
        Database::Mysql if is_now(text) => true,
        Database::Sqlite | Database::Mysql => {
            let is_literal = |word: &String| {
                let word = word.to_lowercase();
                LITERALS.contains(&word.as_str()) || word.starts_with(|c: char| c.is_ascii_digit())
            };
            !bare.contains('(') && words(&bare).iter().all(is_literal)
        }
    }
}

/// Whether a text is the moment of the statement, however precise: what MySQL takes as a default without parentheses.
pub fn is_now(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let (name, precision) = text.split_once('(').unwrap_or((&text, ")"));
    let digits = precision.strip_suffix(')').map(str::trim);
    let is_bare = text.len() == name.len();
    let is_moment = matches!(name.trim(), "current_timestamp" | "localtimestamp" | "localtime")
        || name.trim() == "now" && !is_bare;
    is_moment && digits.is_some_and(|digits| matches!(digits, "" | "6"))
}

/// The text with everything between single quotes taken out.
fn without_texts(text: &str) -> String {
    text.split('\'').step_by(2).collect::<Vec<_>>().join("''")
}

/// The names that stand before an opening parenthesis, in small letters.
fn calls(text: &str) -> impl Iterator<Item = String> + '_ {
    let opening = text.match_indices('(').map(|(at, _)| text[..at].trim_end());
    let name = opening.map(|before| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
        let start = before.rfind(|c| !is_part(c)).map_or(0, |at| at + 1);
        before[start..].trim_matches('"').to_lowercase()
    });
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_the_same_for_every_row_is_constant() {
        let (postgres, sqlite) = (Database::Postgres, Database::Sqlite);
        for (text, on_postgres, on_sqlite) in [
            ("0", true, true),
            ("-1.5e3", true, true),
            ("'random()'", true, true),
            ("'it''s (here)'", true, true),
            ("NULL", true, true),
            ("true", true, true),
            ("'{}'::jsonb", true, false),
            ("now()", true, false),
            ("CURRENT_TIMESTAMP", true, false),
            ("'1'::numeric(10, 2)", true, false),
            ("(1 + 2)", true, false),
            ("gen_random_uuid()", false, false),
            ("random()", false, false),
            ("nextval('s')", false, false),
            ("clock_timestamp ()", false, false),
            ("now() + random() * '1 day'::interval", false, false),
            ("public.\"mine\"(1)", false, false),
        ] {
            assert_eq!(is_constant(postgres, text), on_postgres, "{text}");
            assert_eq!(is_constant(sqlite, text), on_sqlite, "{text}");
        }
    }
}
