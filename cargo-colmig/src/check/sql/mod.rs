//! A text of SQL, read: which tables and columns it names, and what it does with them.
//!
//! `statement` walks, with `query` and `write`; `scope` knows what a name means, `names` finds the names;
//! what comes of it are `facts`. It is the only folder that names `sqlparser`. It reads what anybody wrote,
//! so nothing in it may fail: a text that is not understood is [`Unread`], with the reason.

mod facts;
mod names;
mod query;
mod scope;
mod statement;
mod write;

use colmig_core::schema::Schema;
use colmig_core::types::Database;
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Tokenizer};

pub use facts::{
    Ambiguous, Arm, Bytes, CLAUSES, Clause, Facts, Insert, Star, Update, Use, Write, is_readable,
};
use statement::Reader;

/// Stands in a text for what only the running program knows.
pub const HOLE: &str = "colmig_hole";

/// The most tokens of one text. Trees grow as deep as a text is long (`1 + 1 + …`), and the stack of
/// [`STACK`] bytes has room for these.
const TOKENS: usize = 10_000;

/// How deep expressions and queries may be nested.
const DEPTH: usize = 200;

/// The stack that [`read`] needs.
pub const STACK: usize = 256 << 20;

/// Why a text is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What the parser says, one reason a database.
    pub reasons: Vec<(Database, String)>,
}

/// What a text does with the tables of a schema. The first database whose language it is decides.
///
/// It needs a stack of [`STACK`] bytes.
pub fn read<'s>(
    text: &str,
    databases: &[Database],
    schema: &'s Schema,
) -> Result<Facts<'s>, Unread> {
    let mut reasons = Vec::new();
    for database in databases {
        match parse(text, *database) {
            Ok(statements) => {
                let mut reader = Reader::new(schema, *database, Lines::of(text));
                for statement in &statements {
                    reader.top(statement);
                }
                return Ok(reader.facts);
            }
            Err(reason) => reasons.push((*database, reason)),
        }
    }
    Err(Unread { reasons })
}

/// Whether any of the databases' languages has this text.
pub fn is_whole(text: &str, databases: &[Database]) -> bool {
    databases.iter().any(|database| parse(text, *database).is_ok())
}

fn parse(text: &str, database: Database) -> Result<Vec<sqlparser::ast::Statement>, String> {
    let dialect: &dyn Dialect = match database {
        Database::Postgres => &PostgreSqlDialect {},
        Database::Sqlite => &SQLiteDialect {},
        Database::Mysql => &MySqlDialect {},
    };
    let tokens = Tokenizer::new(dialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| reason(error.into()))?;
    if tokens.len() > TOKENS {
        return Err(format!("it has {} words and signs; {TOKENS} is the limit", tokens.len()));
    }
    let parser = Parser::new(dialect).with_recursion_limit(DEPTH);
    parser.with_tokens_with_locations(tokens).parse_statements().map_err(reason)
}

fn reason(error: ParserError) -> String {
    match error {
        ParserError::TokenizerError(reason) | ParserError::ParserError(reason) => reason,
        ParserError::RecursionLimitExceeded => format!("it is nested deeper than {DEPTH} levels"),
    }
}

/// Where the lines of a text begin: the parser counts lines and characters, and everybody else bytes.
#[derive(Debug)]
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    is_ascii: bool,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(after).collect();
        Lines { text, starts, is_ascii: text.is_ascii() }
    }

    /// The bytes of a span; what the parser made up itself is the beginning of the text.
    fn bytes(&self, span: Span) -> Bytes {
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }

    fn offset(&self, location: Location) -> usize {
        let line = usize::try_from(location.line).unwrap_or(0).saturating_sub(1);
        let column = usize::try_from(location.column).unwrap_or(0).saturating_sub(1);
        let Some(start) = self.starts.get(line) else { return self.text.len() };
        if self.is_ascii {
            return (start + column).min(self.text.len());
        }
        let rest = &self.text[*start..];
        rest.char_indices().nth(column).map_or(self.text.len(), |(at, _)| start + at)
    }
}
