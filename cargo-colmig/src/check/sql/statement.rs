//! Statements and queries, walked with what their names mean.

use colmig_core::schema::Schema;
use colmig_core::types::Database;
use sqlparser::ast::{Ident, ObjectName, Statement};
use sqlparser::tokenizer::Span;

use super::Lines;
use super::facts::{Bytes, Facts};
use super::scope::Queries;

/// The names of a result; `None` where they are not known.
pub(super) type Outputs = Option<Vec<String>>;

/// What a query is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// The result of the text.
    Result,
    /// A part of something else.
    Part,
    /// EXISTS: its select list is never read.
    Existence,
}

/// Walks statements and collects facts.
pub(super) struct Reader<'s, 't> {
    pub(super) schema: &'s Schema,
    pub(super) database: Database,
    pub(super) lines: Lines<'t>,
    pub(super) facts: Facts<'s>,
}

impl<'s, 't> Reader<'s, 't> {
    pub(super) fn new(schema: &'s Schema, database: Database, lines: Lines<'t>) -> Self {
        Reader { schema, database, lines, facts: Facts::default() }
    }

    /// A whole statement of the text.
    pub(super) fn top(&mut self, statement: &Statement) {
        self.facts.outputs = self.statement(statement, &Queries::default(), For::Result);
    }

    pub(super) fn statement(
        &mut self,
        statement: &Statement,
        queries: &Queries<'_>,
        what: For,
    ) -> Outputs {
        match statement {
            Statement::Query(query) => self.query(query, queries, None, what),
            Statement::Insert(insert) => self.insert(insert, queries, what),
            Statement::Update(update) => self.update(update, queries, what),
            Statement::Delete(delete) => self.delete(delete, queries, what),
            Statement::Merge(merge) => self.merge(merge, queries, what),
            Statement::Explain { statement, .. } | Statement::Prepare { statement, .. } => {
                self.statement(statement, queries, For::Part);
                None
            }
            Statement::CreateView(view) => {
                self.query(&view.query, queries, None, For::Part);
                None
            }
            Statement::CreateTable(table) => {
                for query in table.query.iter() {
                    self.query(query, queries, None, For::Part);
                }
                None
            }
            Statement::Declare { stmts } => {
                for query in stmts.iter().filter_map(|declare| declare.for_query.as_ref()) {
                    self.query(query, queries, None, For::Part);
                }
                None
            }
            Statement::Copy { source, to, .. } => {
                self.copy(source, *to, queries);
                None
            }
            _ => None,
        }
    }

    pub(super) fn at(&self, span: Span) -> Bytes {
        self.lines.bytes(span)
    }
}

/// The name without what qualifies it.
pub(super) fn last(name: &ObjectName) -> Option<&Ident> {
    name.0.last().and_then(|part| part.as_ident())
}
