//! A column rendered whole: MODIFY drops every attribute that it does not repeat, so what the server prints of the
//! column in SHOW CREATE TABLE is repeated word by word, but for NULL or NOT NULL.

use crate::ident::quote;
use crate::problem::{DRIFT, Problem};

/// What asks the server for the text of a table.
pub fn created(table: &str) -> String {
    format!("SHOW CREATE TABLE {}", quote(table))
}

/// The statement that makes a column NOT NULL, or lets it be NULL; nothing where it is so already. `text` is what
/// [`created`] was answered, with names between double quotes.
///
/// # Errors
///
/// [`DRIFT`] where the table has no such column.
pub fn not_null(
    table: &str,
    column: &str,
    required: bool,
    text: &str,
) -> Result<Option<String>, Problem> {
    let line = definition(text, column).ok_or_else(|| {
        DRIFT
            .problem(format!("`{table}` has no column `{column}` any more"))
            .at(format!("{table}.{column}"))
            .help("somebody changed the table by hand: put the column back, and run the command again")
    })?;
    let words = words(line);
    let is_required = words.windows(2).any(|two| two[0].is("NOT") && two[1].is("NULL"));
    if is_required == required {
        return Ok(None);
    }
    let definition = if required { made_required(line, &words) } else { let_be_null(line, &words) };
    Ok(Some(format!(
        "ALTER TABLE {} MODIFY COLUMN {definition}, ALGORITHM=INPLACE, LOCK=NONE;",
        quote(table)
    )))
}

/// The line of one column, without the comma behind it.
fn definition<'t>(text: &'t str, column: &str) -> Option<&'t str> {
    let name = format!("{} ", quote(column));
    let line = text.lines().map(str::trim).find(|line| line.starts_with(&name))?;
    Some(line.strip_suffix(',').unwrap_or(line))
}

/// A word outside of quotes and parentheses, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word<'l> {
    text: &'l str,
    start: usize,
}

impl Word<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

fn words(line: &str) -> Vec<Word<'_>> {
    let (mut words, mut depth, mut quoted, mut start) = (Vec::new(), 0_usize, None, None);
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        let is_part = quoted.is_none() && depth == 0 && (c.is_alphanumeric() || c == '_');
        match (start, is_part) {
            (None, true) => start = Some(at),
            (Some(began), false) => {
                words.push(Word { text: &line[began..at], start: began });
                start = None;
            }
            _ => {}
        }
        match (quoted, c) {
            // A doubled quote ends one text and begins the next.
            (Some(quote), c) if c == quote => quoted = None,
            (None, '\'' | '"' | '`') => quoted = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    words
}

/// NOT NULL stands behind the type and what belongs to it; a default of NULL goes, since it would be none.
fn made_required(line: &str, words: &[Word<'_>]) -> String {
    let null = words.windows(2).find(|two| two[0].is("DEFAULT") && two[1].is("NULL"));
    let alone = words.iter().enumerate().find(|(place, word)| {
        let before = place.checked_sub(1).map(|before| words[before]);
        word.is("NULL") && before.is_none_or(|before| !before.is("DEFAULT"))
    });
    match (null, alone) {
        (Some(two), _) => {
            format!("{}NOT NULL{}", &line[..two[0].start], &line[two[1].end()..])
        }
        (None, Some((_, word))) => {
            format!("{}NOT NULL{}", &line[..word.start], &line[word.end()..])
        }
        (None, None) => match words.iter().find(|word| ATTRIBUTES.iter().any(|one| word.is(one))) {
            Some(word) => format!("{}NOT NULL {}", &line[..word.start], &line[word.start..]),
            None => format!("{line} NOT NULL"),
        },
    }
}

/// What may follow a type and its character set.
const ATTRIBUTES: &[&str] =
    &["DEFAULT", "AUTO_INCREMENT", "ON", "COMMENT", "CHECK", "INVISIBLE", "COMPRESSED"];

fn let_be_null(line: &str, words: &[Word<'_>]) -> String {
    let two = words.windows(2).find(|two| two[0].is("NOT") && two[1].is("NULL"));
    let two = two.expect("it was NOT NULL a moment ago");
    format!("{}NULL{}", &line[..two[0].start], &line[two[1].end()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"CREATE TABLE "t" (
  "id" bigint(20) NOT NULL AUTO_INCREMENT,
  "plain" varchar(255) DEFAULT NULL,
  "kept" varchar(9) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'NOT NULL, it''s' COMMENT 'a "NULL" (b)',
  "at" timestamp(6) NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
  "said" text DEFAULT (concat('x',' NOT NULL')),
  "bare" text,
  "set" varchar(20) NOT NULL DEFAULT '' COMMENT 'DEFAULT NULL',
  "q""q" int(11) DEFAULT NULL,
  PRIMARY KEY ("id"),
  KEY "plain" ("plain")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"#;

    #[test]
    fn a_column_keeps_every_attribute() {
        for (column, required, expected) in [
            ("plain", true, Some(r#""plain" varchar(255) NOT NULL"#)),
            (
                "kept",
                true,
                Some(
                    r#""kept" varchar(9) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'NOT NULL, it''s' COMMENT 'a "NULL" (b)'"#,
                ),
            ),
            (
                "at",
                true,
                Some(
                    r#""at" timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)"#,
                ),
            ),
            ("said", true, Some(r#""said" text NOT NULL DEFAULT (concat('x',' NOT NULL'))"#)),
            ("bare", true, Some(r#""bare" text NOT NULL"#)),
            ("set", false, Some(r#""set" varchar(20) NULL DEFAULT '' COMMENT 'DEFAULT NULL'"#)),
            (r#"q"q"#, true, Some(r#""q""q" int(11) NOT NULL"#)),
            ("id", true, None),
            ("plain", false, None),
        ] {
            let statement = not_null("t", column, required, TABLE).expect("it is there");
            let expected = expected.map(|definition| {
                format!(
                    r#"ALTER TABLE "t" MODIFY COLUMN {definition}, ALGORITHM=INPLACE, LOCK=NONE;"#
                )
            });
            assert_eq!(statement, expected, "{column}");
        }
    }

    #[test]
    fn a_column_that_is_gone_is_said_to_be() {
        assert_eq!(not_null("t", "i", true, TABLE).map_err(|problem| problem.code), Err(DRIFT));
    }
}
