//! The text of one CREATE TABLE: where its name stands, where each column's type ends, and what says
//! NULL or NOT NULL.
//!
//! Whatever is not one of these is never looked at again, and so stays as it was written.

use std::ops::Range;

use super::grammar::Parser;
use super::tokens::{Kind, Token, is_space, is_word, tokenize};

/// What is known of the text.
#[derive(Debug)]
pub(super) struct Text<'a> {
    sql: &'a str,
    /// Where a line comment ends: the line break behind it must stay.
    line_comment_ends: Vec<usize>,
    /// What it defines, and where.
    pub(super) defines: Definition,
    /// Whether it counts in `sqlite_sequence`.
    pub(super) autoincrement: bool,
    /// Whether an expression in it says `table.column`.
    pub(super) names_itself: bool,
}

/// What a text defines, and where.
#[derive(Debug)]
pub(super) struct Definition {
    /// Where the table's name stands, with the schema in front of it if there is one.
    pub(super) name_at: Range<usize>,
    /// The table's name.
    pub(super) name: String,
    /// Its columns, in order.
    pub(super) columns: Vec<Column>,
    /// The constraints behind them that have a name.
    pub(super) constraints: Vec<Named>,
    /// Where ALTER TABLE ADD COLUMN writes: before the comma of the first constraint, or at the end.
    pub(super) columns_end: usize,
    /// Where the parenthesis stands that closes the list.
    pub(super) end: usize,
}

/// One constraint of the table.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    /// Where it stands, with the comma before it.
    pub(super) at: Range<usize>,
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Where its name and its type end.
    pub(super) type_end: usize,
    /// Every `NOT NULL`: the tokens of each, with its own name and `ON CONFLICT`.
    pub(super) not_null: Vec<Range<usize>>,
    /// Every `NULL`, likewise. It says nothing, but not beside NOT NULL.
    pub(super) null: Vec<Range<usize>>,
    /// The tokens of every `DEFAULT …`, with its own name.
    pub(super) default: Vec<Range<usize>>,
}

impl Column {
    /// Whether the text says NOT NULL.
    pub(super) fn is_not_null(&self) -> bool {
        !self.not_null.is_empty()
    }
}

/// What the parser did not expect, and what it stands before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unexpected(pub(super) String);

/// Reads the text of a table that is not virtual.
pub(super) fn parse(sql: &str) -> Result<Text<'_>, Unexpected> {
    let near = |rest: &str| Unexpected(rest.chars().take(40).collect());
    let all = tokenize(sql).map_err(near)?;
    let line_comments = all.iter().filter(|token| token.kind == Kind::LineComment);
    let line_comment_ends = line_comments.map(Token::end).collect();
    let is_comment =
        |token: &Token<'_>| matches!(token.kind, Kind::LineComment | Kind::BlockComment);
    let tokens: Vec<_> = all.into_iter().filter(|token| !is_comment(token)).collect();

    let mut parser = Parser::new(&tokens);
    let parsed = parser.table();
    let defines =
        parsed.ok_or_else(|| near(parser.peek().map_or("", |token| &sql[token.start..])))?;
    let names_itself = tokens.windows(2).any(|pair| {
        let is_behind = pair[0].start >= defines.name_at.end;
        is_behind && pair[1].is_symbol(".") && is_name(&pair[0], &defines.name)
    });
    let autoincrement = tokens.iter().any(|token| token.is("AUTOINCREMENT"));
    Ok(Text { sql, line_comment_ends, defines, autoincrement, names_itself })
}

fn is_name(token: &Token<'_>, name: &str) -> bool {
    token.name().is_some_and(|found| found.eq_ignore_ascii_case(name))
}

/// One place of the text and what stands there instead.
pub(super) type Edit = (Range<usize>, String);

impl Text<'_> {
    /// The column made NOT NULL or not.
    pub(super) fn with_not_null(&self, column: &Column, not_null: bool) -> Vec<Edit> {
        let removed = if not_null { &column.null } else { &column.not_null };
        let mut edits = self.without(removed);
        if not_null {
            edits.push(self.behind(column.type_end, "NOT NULL"));
        }
        edits
    }

    /// The column with this default, or with none.
    pub(super) fn with_default(&self, column: &Column, value: Option<&str>) -> Vec<Edit> {
        let mut edits = self.without(&column.default);
        // Behind NOT NULL, where a new table has it: what comes and goes leaves no trace.
        let end = column.not_null.last().map_or(column.type_end, |token| token.end);
        edits.extend(value.map(|value| self.behind(end, &format!("DEFAULT {value}"))));
        edits
    }

    /// One more column, behind the others, as ALTER TABLE writes it: so DROP COLUMN leaves no trace of it.
    pub(super) fn with_column(&self, definition: &str) -> Vec<Edit> {
        let at = self.defines.columns_end;
        vec![(at..at, format!(", {definition}"))]
    }

    /// One more constraint, behind the others. A comment may stand at the end of the list, and its line break
    /// closes it.
    pub(super) fn with_constraint(&self, definition: &str) -> Vec<Edit> {
        let before = &self.sql.as_bytes()[..self.defines.end];
        let end = before.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
        let ends_a_comment = self.line_comment_ends.contains(&end);
        let at = if ends_a_comment { self.defines.end } else { end };
        vec![(at..at, format!(",\n    {definition}"))]
    }

    /// Without this constraint and the comma before it.
    pub(super) fn without_constraint(&self, constraint: &Named) -> Vec<Edit> {
        vec![(constraint.at.clone(), String::new())]
    }

    fn without(&self, tokens: &[Range<usize>]) -> Vec<Edit> {
        tokens.iter().map(|token| (self.with_space_before(token), String::new())).collect()
    }

    fn behind(&self, end: usize, words: &str) -> Edit {
        let joined = self.sql.as_bytes().get(end).is_some_and(|byte| is_word(*byte));
        (end..end, if joined { format!(" {words} ") } else { format!(" {words}") })
    }

    /// The same table as `name` (which is SQL, with its quotes), with these edits.
    pub(super) fn with(&self, name: &str, edits: Vec<Edit>) -> String {
        let mut edits = edits;
        edits.push((self.defines.name_at.clone(), name.to_owned()));
        edits.sort_by_key(|(at, _)| (at.start, at.end));
        let mut text = String::new();
        let mut done = 0;
        for (at, new) in edits {
            text.push_str(&self.sql[done..at.start]);
            text.push_str(&new);
            done = at.end;
        }
        text + &self.sql[done..]
    }

    /// A token that goes takes the space before it along, but for the line break that ends a comment.
    fn with_space_before(&self, token: &Range<usize>) -> Range<usize> {
        let before = &self.sql.as_bytes()[..token.start];
        let start = before.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
        let start = if self.line_comment_ends.contains(&start) { token.start } else { start };
        start..token.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column's definition `c …`, made NOT NULL or not.
    fn altered(definition: &str, not_null: bool) -> String {
        let sql = format!("CREATE TABLE t(a, {definition}, z)");
        let text = parse(&sql).unwrap_or_else(|error| panic!("{definition}: {error:?}"));
        let columns = &text.defines.columns;
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "c", "z"], "{definition}");
        let new = text.with("t", text.with_not_null(&columns[1], not_null));
        let inner =
            new.strip_prefix("CREATE TABLE t(a, ").and_then(|rest| rest.strip_suffix(", z)"));
        inner.unwrap_or_else(|| panic!("{new}")).to_owned()
    }

    /// Without and with NOT NULL; both ways.
    const INVERSE: &[(&str, &str)] = &[
        ("c", "c NOT NULL"),
        ("\"c\"", "\"c\" NOT NULL"),
        ("'c' TEXT", "'c' TEXT NOT NULL"),
        ("c DECIMAL(10, 2)", "c DECIMAL(10, 2) NOT NULL"),
        ("c DOUBLE PRECISION", "c DOUBLE PRECISION NOT NULL"),
        ("c \"NOT NULL\"", "c \"NOT NULL\" NOT NULL"),
        ("c key", "c key NOT NULL"),
        ("c INT DEFAULT NULL", "c INT NOT NULL DEFAULT NULL"),
        ("c INT DEFAULT -1.5e+3 UNIQUE", "c INT NOT NULL DEFAULT -1.5e+3 UNIQUE"),
        ("c INT DEFAULT 'NOT NULL'", "c INT NOT NULL DEFAULT 'NOT NULL'"),
        ("c INT DEFAULT (1 + (2))", "c INT NOT NULL DEFAULT (1 + (2))"),
        ("c INT DEFAULT CURRENT_TIMESTAMP", "c INT NOT NULL DEFAULT CURRENT_TIMESTAMP"),
        ("c INT CHECK (c NOT NULL)", "c INT NOT NULL CHECK (c NOT NULL)"),
        ("c INT REFERENCES p", "c INT NOT NULL REFERENCES p"),
        (
            "c INT REFERENCES p(x) ON DELETE SET NULL ON UPDATE NO ACTION MATCH FULL",
            "c INT NOT NULL REFERENCES p(x) ON DELETE SET NULL ON UPDATE NO ACTION MATCH FULL",
        ),
        (
            "c INT REFERENCES p NOT DEFERRABLE INITIALLY DEFERRED",
            "c INT NOT NULL REFERENCES p NOT DEFERRABLE INITIALLY DEFERRED",
        ),
        ("c INT DEFERRABLE COLLATE nocase", "c INT NOT NULL DEFERRABLE COLLATE nocase"),
        (
            "c INT PRIMARY KEY DESC ON CONFLICT FAIL",
            "c INT NOT NULL PRIMARY KEY DESC ON CONFLICT FAIL",
        ),
        ("c INTEGER PRIMARY KEY AUTOINCREMENT", "c INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"),
        ("c INT GENERATED ALWAYS AS (a) STORED", "c INT NOT NULL GENERATED ALWAYS AS (a) STORED"),
        ("c AS (a)", "c NOT NULL AS (a)"),
        ("c INT AS (a) VIRTUAL UNIQUE", "c INT NOT NULL AS (a) VIRTUAL UNIQUE"),
        ("c /* NOT NULL */ INT -- NOT NULL\n", "c /* NOT NULL */ INT NOT NULL -- NOT NULL\n"),
        ("c INT CONSTRAINT \"n\" UNIQUE", "c INT NOT NULL CONSTRAINT \"n\" UNIQUE"),
        ("c INT CONSTRAINT n", "c INT NOT NULL CONSTRAINT n"),
    ];

    #[test]
    fn setting_and_dropping_are_inverse() {
        for (nullable, not_null) in INVERSE {
            assert_eq!(altered(nullable, true), *not_null);
            assert_eq!(altered(not_null, false), *nullable);
        }
    }

    /// Other spellings of NOT NULL, and what stays of them.
    const DROPPED: &[(&str, &str)] = &[
        ("c INT DEFAULT 1 not\n null", "c INT DEFAULT 1"),
        ("c INT CONSTRAINT \"x y\" NOT NULL UNIQUE", "c INT UNIQUE"),
        ("c INT CONSTRAINT x CONSTRAINT y NOT NULL", "c INT"),
        ("c INT CONSTRAINT x UNIQUE NOT NULL", "c INT CONSTRAINT x UNIQUE"),
        ("c INT NOT NULL ON CONFLICT REPLACE DEFAULT 1", "c INT DEFAULT 1"),
        ("c INT NOT NULL NOT NULL", "c INT"),
        ("c INT NULL NOT NULL", "c INT NULL"),
        ("c INT DEFAULT NULL NOT NULL", "c INT DEFAULT NULL"),
        ("c CHAR(1)NOT NULL UNIQUE", "c CHAR(1) UNIQUE"),
        ("c INT NOT /* really */ NULL", "c INT /* really */"),
        ("c INT -- why\n  NOT NULL", "c INT -- why\n  "),
        ("c INT NOT -- why\n NULL UNIQUE", "c INT -- why\n  UNIQUE"),
        ("c INT /* why */ NOT NULL -- so", "c INT /* why */ -- so"),
    ];

    #[test]
    fn dropping_understands_every_spelling() {
        for (before, after) in DROPPED {
            let before = before.replace("-- so", "-- so\n");
            assert_eq!(altered(&before, false), after.replace("-- so", "-- so\n"));
        }
    }

    #[test]
    fn setting_replaces_an_explicit_null_and_keeps_words_apart() {
        let table = [
            ("c INT NULL", "c INT NOT NULL"),
            ("c INT CONSTRAINT n NULL ON CONFLICT FAIL UNIQUE", "c INT NOT NULL UNIQUE"),
            ("c CHAR(1)UNIQUE", "c CHAR(1) NOT NULL UNIQUE"),
            ("c CHAR(1)/**/UNIQUE", "c CHAR(1) NOT NULL/**/UNIQUE"),
        ];
        for (before, after) in table {
            assert_eq!(altered(before, true), after);
        }
    }

    #[test]
    fn the_rest_of_the_table_stays() {
        let sql = "CREATE TABLE main . [o\"t] -- (\n(\n  \"check\" TEXT, -- a, b)\n  c,\n  \
                   CONSTRAINT k PRIMARY KEY (\"check\", c) CHECK (c NOT NULL), UNIQUE (c)\n) STRICT, \
                   WITHOUT ROWID";
        let text = parse(sql).unwrap();
        assert_eq!((text.defines.name.as_str(), text.defines.columns.len()), ("o\"t", 2));
        let new = text.with("main.\"n\"", text.with_not_null(&text.defines.columns[0], true));
        let expected =
            sql.replace("main . [o\"t]", "main.\"n\"").replace("TEXT,", "TEXT NOT NULL,");
        assert_eq!(new, expected);
    }

    /// A default that goes and comes, a column behind the others, a constraint that comes and goes.
    #[test]
    fn the_other_edits_leave_the_rest_alone() {
        let column = |sql: &str, value: Option<&str>| {
            let text = parse(sql).unwrap();
            text.with("t", text.with_default(&text.defines.columns[0], value))
        };
        for (before, value, after) in [
            ("CREATE TABLE t(a INT)", Some("7"), "CREATE TABLE t(a INT DEFAULT 7)"),
            (
                "CREATE TABLE t(a INT DEFAULT (1 + 2) NOT NULL)",
                None,
                "CREATE TABLE t(a INT NOT NULL)",
            ),
            (
                "CREATE TABLE t(a CONSTRAINT d DEFAULT -1, b)",
                Some("'x'"),
                "CREATE TABLE t(a DEFAULT 'x', b)",
            ),
            ("CREATE TABLE t(a DEFAULT NULL)", None, "CREATE TABLE t(a)"),
        ] {
            assert_eq!(column(before, value), after);
        }
        let check = "CONSTRAINT \"k\" CHECK (a > 0)";
        for (before, after) in [
            ("CREATE TABLE t(a)", "CREATE TABLE t(a,\n    CONSTRAINT \"k\" CHECK (a > 0))"),
            (
                "CREATE TABLE t(a, UNIQUE (a)\n) STRICT",
                "CREATE TABLE t(a, UNIQUE (a),\n    CONSTRAINT \"k\" CHECK (a > 0)\n) STRICT",
            ),
            (
                "CREATE TABLE t(a -- last\n)",
                "CREATE TABLE t(a -- last\n,\n    CONSTRAINT \"k\" CHECK (a > 0))",
            ),
        ] {
            let text = parse(before).unwrap();
            let with = text.with("t", text.with_constraint(check));
            assert_eq!(with, after);
            let text = parse(&with).unwrap();
            let named = text.defines.constraints.iter().find(|one| one.name == "k").unwrap();
            let without = text.with("t", text.without_constraint(named));
            assert_eq!(without, before);
        }
        let text = parse("CREATE TABLE t(a INT CHECK (a > 0), UNIQUE (a))").unwrap();
        assert_eq!(
            text.with("t", text.with_column("b INT")),
            "CREATE TABLE t(a INT CHECK (a > 0), b INT, UNIQUE (a))"
        );
    }

    #[test]
    fn a_table_that_names_itself_is_seen() {
        for (sql, expected) in [
            ("CREATE TABLE t.t(a CHECK (a > 't.a'), b REFERENCES t(a)) -- t.a", false),
            ("CREATE TABLE t(a, CHECK (\"T\" . a > 0))", true),
        ] {
            assert_eq!(parse(sql).unwrap().names_itself, expected, "{sql}");
        }
    }

    #[test]
    fn only_the_keyword_counts() {
        for (sql, expected) in [
            ("CREATE TABLE t(a INTEGER PRIMARY KEY autoincrement)", true),
            ("CREATE TABLE t(a, \"autoincrement\") -- AUTOINCREMENT", false),
        ] {
            assert_eq!(parse(sql).unwrap().autoincrement, expected, "{sql}");
        }
    }

    #[test]
    fn what_is_not_understood_is_pointed_at() {
        for (sql, near) in [
            ("CREATE VIRTUAL TABLE t USING fts5(a)", "VIRTUAL TABLE t USING fts5(a)"),
            ("CREATE TABLE t(a INT FROBNICATE(1) (2))", "(2))"),
            ("CREATE TABLE t(a NOT LIKE)", "LIKE)"),
            ("CREATE TABLE t(a REFERENCES b ON FIRE)", "FIRE)"),
            ("CREATE TABLE t(a DEFAULT ,)", ",)"),
            ("CREATE TABLE t(a CHECK (b", ""),
            ("CREATE TABLE t AS SELECT 1", "AS SELECT 1"),
            ("CREATE TABLE t(a 'b", "'b"),
        ] {
            assert_eq!(parse(sql).unwrap_err(), Unexpected(near.to_owned()), "{sql}");
        }
    }
}
