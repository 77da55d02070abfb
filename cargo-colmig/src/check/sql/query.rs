//! Queries and the relations that they read.

use colmig_core::schema::Table;
use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, ObjectName,
    OrderBy, OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    Spanned, TableFactor, TableWithJoins,
};

use super::HOLE;
use super::facts::{Bytes, Clause, Star};
use super::scope::{Queries, Relation, Scope, Source, column, folded, matches_name};
use super::statement::{For, Outputs, Reader, last};

impl<'s> Reader<'s, '_> {
    pub(super) fn query(
        &mut self,
        query: &Query,
        queries: &Queries<'_>,
        outer: Option<&Scope<'s, '_>>,
        what: For,
    ) -> Outputs {
        let mut here = Queries { here: Vec::new(), outer: Some(queries) };
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                self.with(cte, with.recursive, &mut here, outer);
            }
        }
        let outputs = self.body(&query.body, &here, outer, query.order_by.as_ref(), what);
        let scope = Scope { outer, ..Scope::default() };
        self.expressions(&query.limit_clause, &scope, &here, Clause::Where);
        outputs
    }

    /// A WITH query. One that is recursive sees itself, with the names of its first part.
    pub(super) fn with(
        &mut self,
        cte: &Cte,
        recursive: bool,
        here: &mut Queries<'_>,
        outer: Option<&Scope<'s, '_>>,
    ) {
        let named: Vec<_> = cte.alias.columns.iter().map(|column| folded(&column.name)).collect();
        let renamed = |outputs| if named.is_empty() { outputs } else { Some(named.clone()) };
        let name = cte.alias.name.clone();
        if recursive {
            here.here.push((name.clone(), renamed(spelled_outputs(&cte.query.body))));
        }
        let outputs = self.query(&cte.query, here, outer, For::Part);
        here.here.push((name, renamed(outputs)));
    }

    pub(super) fn body(
        &mut self,
        body: &SetExpr,
        queries: &Queries<'_>,
        outer: Option<&Scope<'s, '_>>,
        order: Option<&OrderBy>,
        what: For,
    ) -> Outputs {
        match body {
            SetExpr::Select(select) => self.select(select, queries, outer, order, what),
            SetExpr::Query(query) => self.query(query, queries, outer, what),
            SetExpr::SetOperation { left, right, .. } => {
                let outputs = self.body(left, queries, outer, None, what);
                self.body(right, queries, outer, None, For::Part);
                outputs
            }
            SetExpr::Values(values) => {
                self.expressions(
                    values,
                    &Scope { outer, ..Scope::default() },
                    queries,
                    Clause::Value,
                );
                let columns = values.rows.first().map_or(0, |row| row.len());
                Some((1..=columns).map(|number| format!("column{number}")).collect())
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => self.statement(statement, queries, what),
            SetExpr::Table(table) => {
                let name = Ident::new(table.table_name.clone().unwrap_or_default());
                if let Some(table) = self.table(&name) {
                    // The parser does not say where it stands.
                    let first = self.lines.text.split_whitespace().next().map_or(0, str::len);
                    self.facts.stars.push(Star { table, at: 0..first });
                }
                None
            }
        }
    }

    pub(super) fn select(
        &mut self,
        select: &Select,
        queries: &Queries<'_>,
        outer: Option<&Scope<'s, '_>>,
        order: Option<&OrderBy>,
        what: For,
    ) -> Outputs {
        let mut scope = Scope { outer, ..Scope::default() };
        for relation in &select.from {
            self.joined(relation, &mut scope, queries);
        }
        if what == For::Result && self.facts.result.is_none() {
            self.facts.result = Some(self.at(select.select_token.0.span));
        }
        let outputs = match what {
            For::Existence => None,
            For::Result | For::Part => {
                self.items(&select.projection, &scope, queries, Clause::Select)
            }
        };
        if let Some(Distinct::On(expressions)) = &select.distinct {
            self.expressions(expressions, &scope, queries, Clause::Select);
        }
        self.expressions(&select.selection, &scope, queries, Clause::Where);
        if let GroupByExpr::Expressions(expressions, _) = &select.group_by {
            self.expressions(expressions, &scope, queries, Clause::Group);
        }
        self.expressions(&select.having, &scope, queries, Clause::Having);
        self.expressions(&select.named_window, &scope, queries, Clause::Select);
        self.order(order, &scope, queries, outputs.as_deref().unwrap_or_default());
        outputs
    }

    /// In ORDER BY, a name alone means a column of the result before any other.
    pub(super) fn order(
        &mut self,
        order: Option<&OrderBy>,
        scope: &Scope<'s, '_>,
        queries: &Queries<'_>,
        outputs: &[String],
    ) {
        let Some(OrderBy { kind: OrderByKind::Expressions(expressions), .. }) = order else {
            return;
        };
        for expression in expressions {
            let is_output = |name: &Ident| {
                outputs.iter().any(|output| matches_name(name, output, self.database))
            };
            match &expression.expr {
                Expr::Identifier(name) if is_output(name) => {}
                other => self.expressions(other, scope, queries, Clause::Order),
            }
        }
    }

    /// A select list, or what is returned.
    pub(super) fn items(
        &mut self,
        items: &[SelectItem],
        scope: &Scope<'s, '_>,
        queries: &Queries<'_>,
        clause: Clause,
    ) -> Outputs {
        let mut outputs = Some(Vec::new());
        for item in items {
            let names = self.item(item, scope, queries, clause);
            outputs = outputs.zip(names).map(|(mut all, names)| {
                all.extend(names);
                all
            });
        }
        outputs
    }

    pub(super) fn item(
        &mut self,
        item: &SelectItem,
        scope: &Scope<'s, '_>,
        queries: &Queries<'_>,
        clause: Clause,
    ) -> Outputs {
        match item {
            SelectItem::UnnamedExpr(expression) => {
                self.expressions(expression, scope, queries, clause);
                Some(vec![spelled_output(expression)])
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                self.expressions(expr, scope, queries, clause);
                Some(vec![folded(alias)])
            }
            SelectItem::ExprWithAliases { expr, aliases } => {
                self.expressions(expr, scope, queries, clause);
                Some(aliases.iter().map(folded).collect())
            }
            SelectItem::QualifiedWildcard(kind, _) => match kind {
                SelectItemQualifiedWildcardKind::ObjectName(name) => {
                    let relation = scope.relation(last(name)?, self.database)?.clone();
                    self.star(&relation.source, self.at(name.span()));
                    relation.source.columns()
                }
                SelectItemQualifiedWildcardKind::Expr(expression) => {
                    self.expressions(expression, scope, queries, clause);
                    None
                }
            },
            SelectItem::Wildcard(options) => {
                let at = self.at(options.wildcard_token.0.span);
                let mut outputs = Some(Vec::new());
                for relation in &scope.relations {
                    if matches!(relation.source, Source::Proposed) {
                        continue;
                    }
                    self.star(&relation.source, at.clone());
                    outputs = outputs.zip(relation.source.columns()).map(|(mut all, columns)| {
                        all.extend(columns);
                        all
                    });
                }
                outputs
            }
        }
    }

    pub(super) fn star(&mut self, source: &Source<'s>, at: Bytes) {
        if let Source::Table(table) = source {
            self.facts.stars.push(Star { table, at });
        }
    }

    // Relations.

    pub(super) fn joined(
        &mut self,
        tables: &TableWithJoins,
        scope: &mut Scope<'s, '_>,
        queries: &Queries<'_>,
    ) {
        self.factor(&tables.relation, scope, queries);
        for join in &tables.joins {
            self.join(join, scope, queries);
        }
    }

    pub(super) fn join(&mut self, join: &Join, scope: &mut Scope<'s, '_>, queries: &Queries<'_>) {
        let before = scope.relations.len();
        self.factor(&join.relation, scope, queries);
        match constraint(&join.join_operator) {
            Some(JoinConstraint::On(expression)) => {
                self.expressions(expression, scope, queries, Clause::Join);
            }
            Some(JoinConstraint::Using(names)) => {
                for name in names.iter().filter_map(last) {
                    let at = self.at(name.span);
                    self.merged(name, scope, &at);
                    scope.merged.push(folded(name));
                }
            }
            Some(JoinConstraint::Natural) => {
                scope.natural = true;
                let at = self.at(join.relation.span());
                for name in common(&scope.relations, before) {
                    self.merged(&Ident::with_quote('"', name), scope, &at);
                }
            }
            Some(JoinConstraint::None) | None => {}
        }
    }

    /// A column that a join makes one of two reads both.
    pub(super) fn merged(&mut self, name: &Ident, scope: &Scope<'s, '_>, at: &Bytes) {
        for relation in &scope.relations {
            if let Source::Table(table) = relation.source
                && let Some(column) = column(table, name, self.database)
            {
                self.uses(table, column, Clause::Join, at.clone());
            }
        }
    }

    pub(super) fn factor(
        &mut self,
        factor: &TableFactor,
        scope: &mut Scope<'s, '_>,
        queries: &Queries<'_>,
    ) {
        let (source, alias, own) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                (self.named(name, queries), alias, last(name).cloned())
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                let around = if *lateral { Some(&*scope) } else { scope.outer };
                let outputs = self.query(subquery, queries, around, For::Part);
                (Source::Query(outputs), alias, None)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                return self.joined(table_with_joins, scope, queries);
            }
            TableFactor::Table { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::NestedJoin { alias, .. }
            | TableFactor::JsonTable { alias, .. }
            | TableFactor::XmlTable { alias, .. } => {
                self.expressions(factor, scope, queries, Clause::Where);
                (Source::Unknown, alias, None)
            }
            other => {
                self.expressions(other, scope, queries, Clause::Where);
                (Source::Unknown, &None, None)
            }
        };
        let renamed = alias.as_ref().filter(|alias| !alias.columns.is_empty());
        let source = match renamed {
            Some(alias) => {
                Source::Query(Some(alias.columns.iter().map(|c| folded(&c.name)).collect()))
            }
            None => source,
        };
        // An alias may be something that only the running program knows.
        let alias = alias.as_ref().map(|alias| alias.name.clone());
        let name = alias.filter(|alias| alias.value != HOLE).or(own);
        scope.relations.push(Relation { name, source });
    }

    pub(super) fn named(&self, name: &ObjectName, queries: &Queries<'_>) -> Source<'s> {
        let Some(ident) = last(name) else { return Source::Unknown };
        if name.0.len() == 1
            && let Some(columns) = queries.find(ident, self.database)
        {
            return Source::Query(columns.clone());
        }
        self.table(ident).map_or(Source::Unknown, Source::Table)
    }

    pub(super) fn table(&self, name: &Ident) -> Option<&'s Table> {
        self.schema.tables.iter().find(|table| matches_name(name, &table.name, self.database))
    }
}

fn constraint(join: &JoinOperator) -> Option<&JoinConstraint> {
    match join {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint)
        | JoinOperator::StraightJoin(constraint)
        | JoinOperator::AsOf { constraint, .. } => Some(constraint),
        _ => None,
    }
}

/// The names that the last relation and one of those before it have both.
fn common(relations: &[Relation<'_>], before: usize) -> Vec<String> {
    let names = |relations: &[Relation<'_>]| -> Vec<String> {
        relations.iter().filter_map(|relation| relation.source.columns()).flatten().collect()
    };
    let (left, right) = relations.split_at(before.min(relations.len()));
    let left = names(left);
    names(right).into_iter().filter(|name| left.contains(name)).collect()
}

/// The names of a query's result, from its text alone.
fn spelled_outputs(body: &SetExpr) -> Outputs {
    match body {
        SetExpr::Select(select) => {
            let names = select.projection.iter().map(|item| match item {
                SelectItem::UnnamedExpr(expression) => Some(spelled_output(expression)),
                SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
                _ => None,
            });
            names.collect()
        }
        SetExpr::Query(query) => spelled_outputs(&query.body),
        SetExpr::SetOperation { left, .. } => spelled_outputs(left),
        _ => None,
    }
}

/// The name that the database gives to a result without an alias; one that cannot be written otherwise.
fn spelled_output(expression: &Expr) -> String {
    match expression {
        Expr::Identifier(name) => folded(name),
        Expr::CompoundIdentifier(names) => names.last().map(folded).unwrap_or_default(),
        Expr::Cast { expr, .. } | Expr::Nested(expr) | Expr::Collate { expr, .. } => {
            spelled_output(expr)
        }
        Expr::Function(function) => last(&function.name).map(folded).unwrap_or_default(),
        _ => "?column?".to_owned(),
    }
}
