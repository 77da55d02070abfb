//! Statements that write.

use colmig_core::schema::Table;
use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, CopySource, Delete, FromTable, Ident, Insert,
    Merge, MergeAction, MergeUpdateKind, OnConflictAction, OnInsert, OutputClause, SelectItem,
    Spanned, TableObject, Update, UpdateTableFromKind,
};

use super::facts::{Arm, Clause, Star, Write};
use super::scope::{Queries, Relation, Scope, Source, column, folded};
use super::statement::{For, Outputs, Reader, last};
use super::{HOLE, facts};

impl<'s> Reader<'s, '_> {
    pub(super) fn insert(&mut self, insert: &Insert, queries: &Queries<'_>, what: For) -> Outputs {
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
    pub(super) fn arm(
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

    pub(super) fn update(&mut self, update: &Update, queries: &Queries<'_>, what: For) -> Outputs {
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

    pub(super) fn assignments(
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

    pub(super) fn delete(&mut self, delete: &Delete, queries: &Queries<'_>, what: For) -> Outputs {
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

    pub(super) fn merge(&mut self, merge: &Merge, queries: &Queries<'_>, what: For) -> Outputs {
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

    pub(super) fn copy(&mut self, source: &CopySource, to: bool, queries: &Queries<'_>) {
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

    pub(super) fn returning(
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
    pub(super) fn columns<'a>(
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
}
