//! The names in expressions.

use std::ops::ControlFlow;

use colmig_core::schema::Table;
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Query,
    Spanned, Visit, Visitor,
};

use super::facts::{Ambiguous, Bytes, Clause, Star, Use, is_readable};
use super::scope::{Meaning, Queries, Scope, Source, column};
use super::statement::{For, Reader, last};

impl<'s, 't> Reader<'s, 't> {
    pub(super) fn expressions(
        &mut self,
        node: &impl Visit,
        scope: &Scope<'s, '_>,
        queries: &Queries<'_>,
        clause: Clause,
    ) {
        let mut names = Names { reader: self, scope, queries, clause, depth: 0, in_exists: false };
        let ControlFlow::Continue(()) = node.visit(&mut names);
    }

    pub(super) fn unqualified(&mut self, name: &Ident, scope: &Scope<'s, '_>, clause: Clause) {
        let at = self.at(name.span);
        match scope.meaning(name, self.database) {
            Meaning::Nothing => {}
            Meaning::Row(table) => self.facts.stars.push(Star { table, at }),
            Meaning::Columns(columns) => {
                for (table, column) in columns {
                    self.uses(table, column, clause, at.clone());
                }
            }
            Meaning::Ambiguous(columns) => {
                // Which one it is does not matter where all may be read.
                if columns.iter().any(|(table, column)| !is_readable(table, column)) {
                    let tables = columns.iter().map(|(table, _)| *table).collect();
                    let column = columns[0].1.to_owned();
                    self.facts.ambiguous.push(Ambiguous { tables, column, at });
                }
            }
        }
    }

    pub(super) fn qualified(&mut self, names: &[Ident], scope: &Scope<'s, '_>, clause: Clause) {
        // `schema.table.column` as well as `table.column`; what is behind is a field of the column.
        for pair in names.windows(2) {
            let Some(relation) = scope.relation(&pair[0], self.database) else { continue };
            if let Source::Table(table) = relation.source
                && let Some(column) = column(table, &pair[1], self.database)
            {
                self.uses(table, column, clause, self.at(pair[1].span));
            }
            return;
        }
    }

    pub(super) fn uses(&mut self, table: &'s Table, column: &'s str, clause: Clause, at: Bytes) {
        self.facts.uses.push(Use { table, column, clause, at });
    }
}

/// Finds the names in an expression; queries in it are read with what is around them.
struct Names<'w, 's, 't, 'a> {
    reader: &'w mut Reader<'s, 't>,
    scope: &'a Scope<'s, 'a>,
    queries: &'a Queries<'a>,
    clause: Clause,
    /// How many queries are open: what is in them is not ours.
    depth: usize,
    in_exists: bool,
}

impl Visitor for Names<'_, '_, '_, '_> {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        if self.depth == 0 {
            let what = if self.in_exists { For::Existence } else { For::Part };
            self.in_exists = false;
            self.reader.query(query, self.queries, Some(self.scope), what);
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        match expression {
            Expr::Identifier(name) => self.reader.unqualified(name, self.scope, self.clause),
            Expr::CompoundIdentifier(names) => {
                self.reader.qualified(names, self.scope, self.clause);
            }
            Expr::Exists { .. } => self.in_exists = true,
            Expr::QualifiedWildcard(name, _) => self.row(name),
            Expr::Function(function) => {
                arguments_that_are_rows(function).for_each(|name| self.row(name));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Names<'_, '_, '_, '_> {
    /// `users.*` in an expression.
    fn row(&mut self, name: &ObjectName) {
        let relation = last(name).and_then(|last| self.scope.relation(last, self.reader.database));
        if let Some(source) = relation.map(|relation| relation.source.clone()) {
            let at = self.reader.at(name.span());
            self.reader.star(&source, at);
        }
    }
}

/// `f(users.*)`. Counting rows looks at none of their columns.
fn arguments_that_are_rows(function: &Function) -> impl Iterator<Item = &ObjectName> {
    let counts = last(&function.name).is_some_and(|name| name.value.eq_ignore_ascii_case("count"));
    let arguments = match &function.args {
        FunctionArguments::List(list) if !counts => list.args.as_slice(),
        _ => &[],
    };
    arguments.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) => Some(name),
        _ => None,
    })
}
