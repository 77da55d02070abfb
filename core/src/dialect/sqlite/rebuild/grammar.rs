//! SQLite's grammar of a CREATE TABLE, clause by clause; of a constraint of the table, where it begins and ends.
//!
//! `DEFAULT NULL`, `ON DELETE SET NULL` and `NOT DEFERRABLE` are not what they look like: that is why
//! there is a grammar here, and no search for two words. What stands in parentheses is skipped whole.

use std::ops::Range;

use super::text::{Column, Definition, Named};
use super::tokens::{Kind, Token};

/// The words that begin a constraint of the table, and so end the list of columns.
const TABLE_CONSTRAINTS: &[&str] = &["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

/// The words that begin a clause of a column, and so end its type. GENERATED is one only before ALWAYS.
const COLUMN_CLAUSES: &[&str] = &[
    "CONSTRAINT",
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "REFERENCES",
    "DEFERRABLE",
    "COLLATE",
    "AS",
];

/// Every method reads one thing and says whether it was there; a `None` is an error, and the parser
/// stands where it was found.
pub(super) struct Parser<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
}

impl<'t, 'a> Parser<'t, 'a> {
    /// Stands at the first token; comments have been taken out.
    pub(super) fn new(tokens: &'t [Token<'a>]) -> Self {
        Self { tokens, at: 0 }
    }

    /// Where the table's name stands, with the schema in front of it if there is one; the name; the columns and
    /// the named constraints of the table, in order; and where its list ends.
    pub(super) fn table(&mut self) -> Option<Definition> {
        self.words(&["CREATE", "TABLE"])?;
        let start = self.peek()?.start;
        let mut token = self.name()?;
        if self.symbol(".") {
            token = self.name()?;
        }
        let name = token.name()?.into_owned();
        let name_at = start..token.end();

        let (mut columns, mut constraints) = (Vec::new(), Vec::new());
        self.symbol("(").then_some(())?;
        while !self.peek_is_one_of(TABLE_CONSTRAINTS) {
            columns.push(self.column()?);
            if !self.symbol(",") {
                break;
            }
        }
        let is_constraint = self.peek_is_one_of(TABLE_CONSTRAINTS);
        let behind =
            if is_constraint { self.tokens.get(self.at.checked_sub(1)?)? } else { self.peek()? };
        let columns_end = behind.start;
        while self.peek_is_one_of(TABLE_CONSTRAINTS) {
            constraints.extend(self.constraint()?);
            self.symbol(",");
        }
        let end = self.peek()?;
        end.is_symbol(")").then_some(Definition {
            name_at,
            name,
            columns,
            constraints,
            columns_end,
            end: end.start,
        })
    }

    /// One constraint of the table; nothing where it has no name. What it says is skipped up to the next comma.
    fn constraint(&mut self) -> Option<Option<Named>> {
        let start = self.peek()?.start;
        let comma = self.at.checked_sub(1).map(|at| self.tokens[at].start)?;
        let mut name = None;
        if self.word("CONSTRAINT") {
            name = Some(self.name()?.name()?.into_owned());
        }
        loop {
            let token = self.peek()?;
            if token.is_symbol(",") || token.is_symbol(")") {
                let end = self.tokens[self.at - 1].end();
                return Some(name.map(|name| Named { name, at: comma.min(start)..end }));
            }
            if token.is_symbol("(") {
                self.group()?;
            } else {
                self.at += 1;
            }
        }
    }

    fn column(&mut self) -> Option<Column> {
        let token = self.name()?;
        let mut column = Column {
            name: token.name()?.into_owned(),
            type_end: self.type_end(token)?,
            not_null: Vec::new(),
            null: Vec::new(),
            default: Vec::new(),
        };
        let mut named = None;
        loop {
            let start = named.unwrap_or(self.at);
            if self.word("CONSTRAINT") {
                // Its name may stand alone, or before another: it belongs to the next clause.
                self.name()?;
                named = Some(start);
                continue;
            }
            named = None;
            if self.word("NOT") {
                if self.word("NULL") {
                    self.on_conflict()?;
                    column.not_null.extend(self.since(start));
                } else {
                    self.deferrable()?;
                }
            } else if self.word("NULL") {
                self.on_conflict()?;
                column.null.extend(self.since(start));
            } else if self.word("DEFAULT") {
                self.default()?;
                column.default.extend(self.since(start));
            } else if !self.other_clause()? {
                return Some(column);
            }
        }
    }

    /// Any number of words, and a length or two in parentheses.
    fn type_end(&mut self, name: &Token<'_>) -> Option<usize> {
        let mut end = name.end();
        while let Some(token) = self.peek().filter(|token| token.name().is_some()) {
            let generated =
                token.is("GENERATED") && self.peek_at(1).is_some_and(|t| t.is("ALWAYS"));
            if generated || self.peek_is_one_of(COLUMN_CLAUSES) {
                return Some(end);
            }
            end = token.end();
            self.at += 1;
        }
        if self.peek()?.is_symbol("(") {
            end = self.group()?;
        }
        Some(end)
    }

    /// A clause that says nothing about NULL; `false` where there is none.
    fn other_clause(&mut self) -> Option<bool> {
        if self.word("PRIMARY") {
            self.words(&["KEY"])?;
            let _order = self.word("ASC") || self.word("DESC");
            self.on_conflict()?;
            self.word("AUTOINCREMENT");
        } else if self.word("UNIQUE") {
            self.on_conflict()?;
        } else if self.word("CHECK") {
            self.group()?;
        } else if self.word("COLLATE") {
            self.name()?;
        } else if self.word("REFERENCES") {
            self.references()?;
        } else if self.peek().is_some_and(|token| token.is("DEFERRABLE")) {
            self.deferrable()?;
        } else if self.word("GENERATED") {
            self.words(&["ALWAYS", "AS"])?;
            self.generated()?;
        } else if self.word("AS") {
            self.generated()?;
        } else {
            return Some(false);
        }
        Some(true)
    }

    /// An expression in parentheses, or one value or word with a sign or without.
    fn default(&mut self) -> Option<()> {
        if self.peek()?.is_symbol("(") {
            return self.group().map(drop);
        }
        let _sign = self.symbol("+") || self.symbol("-");
        let value = self.peek()?.kind != Kind::Symbol;
        self.at += usize::from(value);
        value.then_some(())
    }

    fn references(&mut self) -> Option<()> {
        self.name()?;
        if self.peek()?.is_symbol("(") {
            self.group()?;
        }
        loop {
            if self.word("MATCH") {
                self.name()?;
            } else if self.word("ON") {
                let event = self.word("DELETE") || self.word("UPDATE") || self.word("INSERT");
                event.then_some(())?;
                let two_words = self.word("SET") || self.word("NO");
                let action = if two_words {
                    self.word("NULL") || self.word("DEFAULT") || self.word("ACTION")
                } else {
                    self.word("CASCADE") || self.word("RESTRICT")
                };
                action.then_some(())?;
            } else {
                return Some(());
            }
        }
    }

    fn deferrable(&mut self) -> Option<()> {
        self.words(&["DEFERRABLE"])?;
        if self.word("INITIALLY") {
            (self.word("DEFERRED") || self.word("IMMEDIATE")).then_some(())?;
        }
        Some(())
    }

    fn generated(&mut self) -> Option<()> {
        self.group()?;
        let _kind = self.word("STORED") || self.word("VIRTUAL");
        Some(())
    }

    /// `ON CONFLICT` and its answer, if they are there.
    fn on_conflict(&mut self) -> Option<()> {
        if self.word("ON") {
            self.words(&["CONFLICT"])?;
            self.name()?;
        }
        Some(())
    }

    /// From an opening parenthesis to the one that closes it: the offset behind that.
    fn group(&mut self) -> Option<usize> {
        self.peek()?.is_symbol("(").then_some(())?;
        let mut depth = 0_usize;
        loop {
            let token = self.peek()?;
            self.at += 1;
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
            }
            if depth == 0 {
                return Some(token.end());
            }
        }
    }

    /// Where the tokens from the `start`-th on stand.
    fn since(&self, start: usize) -> impl Iterator<Item = Range<usize>> + use<'t, 'a> {
        self.tokens[start..self.at].iter().map(|token| token.start..token.end())
    }

    fn name(&mut self) -> Option<&'t Token<'a>> {
        let token = self.peek()?;
        token.name()?;
        self.at += 1;
        Some(token)
    }

    fn words(&mut self, keywords: &[&str]) -> Option<()> {
        keywords.iter().all(|keyword| self.word(keyword)).then_some(())
    }

    fn word(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(keyword));
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn peek_is_one_of(&self, keywords: &[&str]) -> bool {
        self.peek().is_some_and(|token| keywords.iter().any(|keyword| token.is(keyword)))
    }

    /// The token that was not expected, after a `None`.
    pub(super) fn peek(&self) -> Option<&'t Token<'a>> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<&'t Token<'a>> {
        self.tokens.get(self.at + ahead)
    }
}
