//! Statements and queries, walked with what their names mean.

use std::ops::ControlFlow;

use colmig_core::schema::{Schema, Table};
use colmig_core::types::Database;
use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, CopySource, Cte, Delete, Distinct, Expr,
    FromTable, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident,
    Insert, Join, JoinConstraint, JoinOperator, Merge, MergeAction, MergeUpdateKind, ObjectName,
    OnConflictAction, OnInsert, OrderBy, OrderByKind, OutputClause, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Spanned, Statement, TableFactor, TableObject,
    TableWithJoins, Update, UpdateTableFromKind, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::facts::{Ambiguous, Arm, Bytes, Clause, Facts, Star, Use, Write, is_readable};
use super::scope::{Meaning, Queries, Relation, Scope, Source, column, folded, matches_name};
use super::{HOLE, Lines, facts};

/// The names of a result; `None` where they are not known.
type Outputs = Option<Vec<String>>;

/// What a query is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// The result of the text.
    Result,
    /// A part of something else.
    Part,
    /// EXISTS: its select list is never read.
    Existence,
}

/// Walks statements and collects facts.
pub(super) struct Reader<'s, 't> {
    schema: &'s Schema,
    database: Database,
    lines: Lines<'t>,
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

    fn statement(&mut self, statement: &Statement, queries: &Queries<'_>, what: For) -> Outputs {
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

    // Queries.

    fn query(
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
    fn with(
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

    fn body(
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

    fn select(
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
    fn order(
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
    fn items(
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

    fn item(
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

    fn star(&mut self, source: &Source<'s>, at: Bytes) {
        if let Source::Table(table) = source {
            self.facts.stars.push(Star { table, at });
        }
    }

    // Relations.

    fn joined(
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

    fn join(&mut self, join: &Join, scope: &mut Scope<'s, '_>, queries: &Queries<'_>) {
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
    fn merged(&mut self, name: &Ident, scope: &Scope<'s, '_>, at: &Bytes) {
        for relation in &scope.relations {
            if let Source::Table(table) = relation.source
                && let Some(column) = column(table, name, self.database)
            {
                self.uses(table, column, Clause::Join, at.clone());
            }
        }
    }

    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope<'s, '_>, queries: &Queries<'_>) {
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

    fn named(&self, name: &ObjectName, queries: &Queries<'_>) -> Source<'s> {
        let Some(ident) = last(name) else { return Source::Unknown };
        if name.0.len() == 1
            && let Some(columns) = queries.find(ident, self.database)
        {
            return Source::Query(columns.clone());
        }
        self.table(ident).map_or(Source::Unknown, Source::Table)
    }

    fn table(&self, name: &Ident) -> Option<&'s Table> {
        self.schema.tables.iter().find(|table| matches_name(name, &table.name, self.database))
    }

    // Statements that write.

    fn insert(&mut self, insert: &Insert, queries: &Queries<'_>, what: For) -> Outputs {
        if let Some(source) = &insert.source {
            self.query(source, queries, None, For::Part);
        }
        let TableObject::TableName(name) = &insert.table else { return None };
        let ident = last(name)?;
        let alias = insert.table_alias.as_ref().map(|alias| alias.alias.clone());
        let table = self.table(ident);
        let source = table.map_or(Source::Unknown, Source::Table);
        let mut scope = Scope {
            relations: vec![Relation { name: alias.or_else(|| Some(ident.clone())), source }],
            ..Scope::default()
        };
        if let Some(table) = table {
            let at = self.at(ident.span);
            self.facts.writes.push(Write { table, at: at.clone() });
            let (columns, open) =
                self.columns(table, insert.columns.iter().filter_map(last), Clause::Insert);
            let is_listed = !insert.columns.is_empty() || insert.source.is_none();
            self.facts.inserts.push(facts::Insert {
                table,
                at,
                columns: is_listed.then_some(columns),
                open,
                arm: None,
            });
        }
        if let Some(OnInsert::OnConflict(conflict)) = &insert.on {
            let target = match (&conflict.conflict_target, table) {
                (Some(ConflictTarget::Columns(names)), Some(table)) => {
                    self.columns(table, names.iter(), Clause::Conflict).0
                }
                _ => Vec::new(),
            };
            if let OnConflictAction::DoUpdate(update) = &conflict.action {
                let excluded =
                    Relation { name: Some(Ident::new("excluded")), source: Source::Proposed };
                scope.relations.push(excluded);
                let arm = self.assignments(&update.assignments, table, &scope, queries);
                self.expressions(&update.selection, &scope, queries, Clause::Value);
                scope.relations.pop();
                self.arm(table, arm, target);
            }
        }
        self.returning(insert.returning.as_deref(), &scope, queries, what)
    }

    /// Puts the update arm to the insert that was found last.
    fn arm(
        &mut self,
        table: Option<&'s Table>,
        update: Option<facts::Update<'s>>,
        target: Vec<String>,
    ) {
        let (Some(_), Some(update), Some(insert)) = (table, update, self.facts.inserts.last_mut())
        else {
            return;
        };
        let at = update.sets.first().map_or(insert.at.clone(), |(_, at)| at.clone());
        let open = update.open;
        insert.arm = Some(Arm {
            target,
            sets: update.sets.into_iter().map(|(name, _)| name).collect(),
            at,
            open,
        });
    }

    fn update(&mut self, update: &Update, queries: &Queries<'_>, what: For) -> Outputs {
        let mut scope = Scope::default();
        self.joined(&update.table, &mut scope, queries);
        let table = scope.relations.first().and_then(|relation| match relation.source {
            Source::Table(table) => Some(table),
            _ => None,
        });
        match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => {
                for tables in from {
                    self.joined(tables, &mut scope, queries);
                }
            }
            None => {}
        }
        if let Some(table) = table {
            let at = self.at(update.table.relation.span());
            self.facts.writes.push(Write { table, at });
        }
        let sets = self.assignments(&update.assignments, table, &scope, queries);
        self.facts.updates.extend(sets);
        self.expressions(&update.selection, &scope, queries, Clause::Where);
        self.returning(update.returning.as_deref(), &scope, queries, what)
    }

    fn assignments(
        &mut self,
        assignments: &[Assignment],
        table: Option<&'s Table>,
        scope: &Scope<'s, '_>,
        queries: &Queries<'_>,
    ) -> Option<facts::Update<'s>> {
        let mut update = table.map(|table| facts::Update { table, sets: Vec::new(), open: false });
        for assignment in assignments {
            self.expressions(&assignment.value, scope, queries, Clause::Value);
            let names: Vec<_> = match &assignment.target {
                AssignmentTarget::ColumnName(name) => last(name).into_iter().collect(),
                AssignmentTarget::Tuple(names) => names.iter().filter_map(last).collect(),
            };
            let (Some(table), Some(update)) = (table, &mut update) else { continue };
            for name in names {
                let (columns, open) = self.columns(table, [name], Clause::Set);
                let at = self.at(name.span);
                update.sets.extend(columns.into_iter().map(|column| (column, at.clone())));
                update.open |= open;
            }
        }
        update
    }

    fn delete(&mut self, delete: &Delete, queries: &Queries<'_>, what: For) -> Outputs {
        let mut scope = Scope::default();
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        for tables in from {
            self.joined(tables, &mut scope, queries);
            let written = scope.relations.last().map(|relation| relation.source.clone());
            if let Some(Source::Table(table)) = written {
                let at = self.at(tables.relation.span());
                self.facts.writes.push(Write { table, at });
            }
        }
        for tables in delete.using.iter().flatten() {
            self.joined(tables, &mut scope, queries);
        }
        self.expressions(&delete.selection, &scope, queries, Clause::Where);
        self.returning(delete.returning.as_deref(), &scope, queries, what)
    }

    fn merge(&mut self, merge: &Merge, queries: &Queries<'_>, what: For) -> Outputs {
        let mut scope = Scope::default();
        self.factor(&merge.table, &mut scope, queries);
        self.factor(&merge.source, &mut scope, queries);
        self.expressions(&merge.on, &scope, queries, Clause::Join);
        let table = match scope.relations[0].source {
            Source::Table(table) => Some(table),
            _ => None,
        };
        if let Some(table) = table {
            let at = self.at(merge.table.span());
            self.facts.writes.push(Write { table, at });
        }
        for clause in &merge.clauses {
            self.expressions(&clause.predicate, &scope, queries, Clause::Where);
            match &clause.action {
                MergeAction::Insert(insert) => {
                    self.expressions(&insert.kind, &scope, queries, Clause::Value);
                    let Some(table) = table else { continue };
                    let names = insert.columns.iter().filter_map(last);
                    let (columns, open) = self.columns(table, names, Clause::Insert);
                    let at = self.at(insert.insert_token.0.span);
                    let columns = (!insert.columns.is_empty()).then_some(columns);
                    self.facts.inserts.push(facts::Insert { table, at, columns, open, arm: None });
                }
                MergeAction::Update(update) => {
                    let MergeUpdateKind::Set(assignments) = &update.kind else { continue };
                    let sets = self.assignments(assignments, table, &scope, queries);
                    self.facts.updates.extend(sets);
                }
                MergeAction::Delete { .. } | MergeAction::DoNothing { .. } => {}
            }
        }
        let returned = match &merge.output {
            Some(OutputClause::Returning { select_items, .. }) => Some(select_items.as_slice()),
            _ => None,
        };
        self.returning(returned, &scope, queries, what)
    }

    fn copy(&mut self, source: &CopySource, to: bool, queries: &Queries<'_>) {
        let (name, columns) = match source {
            CopySource::Table { table_name, columns } => (table_name, columns),
            CopySource::Query(query) => {
                self.query(query, queries, None, For::Part);
                return;
            }
        };
        let Some((ident, table)) = last(name).and_then(|name| Some((name, self.table(name)?)))
        else {
            return;
        };
        let at = self.at(ident.span);
        let clause = if to { Clause::Select } else { Clause::Insert };
        let (names, open) = self.columns(table, columns.iter(), clause);
        if to && columns.is_empty() {
            self.facts.stars.push(Star { table, at });
        } else if !to {
            self.facts.writes.push(Write { table, at: at.clone() });
            let columns = (!columns.is_empty()).then_some(names);
            self.facts.inserts.push(facts::Insert { table, at, columns, open, arm: None });
        }
    }

    fn returning(
        &mut self,
        items: Option<&[SelectItem]>,
        scope: &Scope<'s, '_>,
        queries: &Queries<'_>,
        what: For,
    ) -> Outputs {
        let items = items?;
        if what == For::Result && self.facts.result.is_none() {
            self.facts.result = items.first().map(|first| self.at(first.span()));
        }
        self.items(items, scope, queries, Clause::Returning)
    }

    /// A list of columns: their names, and whether a part of it is not known.
    fn columns<'a>(
        &mut self,
        table: &'s Table,
        names: impl IntoIterator<Item = &'a Ident>,
        clause: Clause,
    ) -> (Vec<String>, bool) {
        let (mut columns, mut open) = (Vec::new(), false);
        for name in names {
            match column(table, name, self.database) {
                _ if name.value == HOLE => open = true,
                Some(column) => {
                    self.uses(table, column, clause, self.at(name.span));
                    columns.push(column.to_owned());
                }
                None => columns.push(folded(name)),
            }
        }
        (columns, open)
    }

    // Names.

    fn expressions(
        &mut self,
        node: &impl Visit,
        scope: &Scope<'s, '_>,
        queries: &Queries<'_>,
        clause: Clause,
    ) {
        let mut names = Names { reader: self, scope, queries, clause, depth: 0, in_exists: false };
        let ControlFlow::Continue(()) = node.visit(&mut names);
    }

    fn unqualified(&mut self, name: &Ident, scope: &Scope<'s, '_>, clause: Clause) {
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

    fn qualified(&mut self, names: &[Ident], scope: &Scope<'s, '_>, clause: Clause) {
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

    fn uses(&mut self, table: &'s Table, column: &'s str, clause: Clause, at: Bytes) {
        self.facts.uses.push(Use { table, column, clause, at });
    }

    fn at(&self, span: Span) -> Bytes {
        self.lines.bytes(span)
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

fn last(name: &ObjectName) -> Option<&Ident> {
    name.0.last().and_then(|part| part.as_ident())
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
