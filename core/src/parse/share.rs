//! Several structs on one table: which of them declares it, and whether the others agree with that one.
//!
//! The derive sees one struct at a time. This is what only the command line can check, which sees all.

use proc_macro2::Span;
use syn::spanned::Spanned;

use super::{Declared, Flattened, Mistake};
use crate::diff::{About, check_table};
use crate::lifecycle::Access;
use crate::lock::Lock;
use crate::problem::{DUPLICATE, GRAMMAR, Problem};
use crate::schema::{Column, Table};

/// The tables of a project, each once, and what is wrong between their structs.
pub struct Shared {
    /// By name.
    pub tables: Vec<Table>,
    /// What is wrong.
    pub mistakes: Vec<Between>,
}

/// A mistake between two structs.
pub struct Between {
    /// The index of the struct that it is in.
    pub index: usize,
    /// The index of the struct that it does not agree with.
    pub with: Option<usize>,
    /// The mistake.
    pub mistake: Mistake,
}

/// Puts the structs of a project together. A struct that inserts declares its table; where there is none, one
/// that reads all of it; a table of another project is made of what is named of it here.
pub fn share(structs: &[&Declared], lock: &Lock) -> Shared {
    let mut shared = Shared { tables: Vec::new(), mistakes: Vec::new() };
    let whole: Vec<Table> =
        (0..structs.len()).map(|index| shared.with_flattened(index, structs)).collect();
    let mut declaring: Vec<usize> = Vec::new();
    for (index, table) in whole.iter().enumerate() {
        if declares(index, &whole) {
            match declaring.iter().find(|first| whole[**first].name == table.name) {
                None => declaring.push(index),
                Some(first) if table.owner.is_empty() => {
                    let problem = declared_twice(structs[*first], structs[index]);
                    shared.report(index, Some(*first), structs[index].span, problem);
                }
                Some(_) => {}
            }
        }
    }
    for (index, table) in whole.iter().enumerate().filter(|(index, _)| !declaring.contains(index)) {
        shared.beside(index, table, &declaring, &whole, structs);
    }
    for index in declaring {
        shared.elsewhere(index, &whole[index], structs, lock);
        let mut table = whole[index].clone();
        if !table.owner.is_empty() {
            unite(&mut table, &whole);
        }
        shared.tables.push(table);
    }
    shared.tables.sort_by(|a, b| a.name.cmp(&b.name));
    shared
}

/// Whether a struct is the one that declares its table, or a rival of it.
fn declares(index: usize, whole: &[Table]) -> bool {
    let table = &whole[index];
    let writes = |other: &Table| other.name == table.name && other.access == Access::Writer;
    match table.access {
        Access::Writer => true,
        _ if !table.owner.is_empty() => true,
        Access::ReadOnly => !whole.iter().any(writes),
        Access::Partial => false,
    }
}

/// A table of another project, with all that the structs here name of it.
fn unite(table: &mut Table, whole: &[Table]) {
    for other in whole.iter().filter(|other| other.name == table.name) {
        if other.access == Access::Partial {
            table.access = Access::Partial;
        }
        for column in &other.columns {
            if table.column(&column.name).is_none() {
                table.columns.push(column.clone());
            }
        }
    }
}

fn declared_twice(first: &Declared, second: &Declared) -> Problem {
    DUPLICATE
        .problem(format!(
            "the table `{}` is declared twice: by `{}` and by `{}`",
            second.table.name, first.ident, second.ident
        ))
        .help("keep one of them; a second struct that names some of its columns is `#[colmig(partial)]` or `#[colmig(read_only)]`")
        .help("or give it a table of its own: `#[colmig(table = \"…\")]`")
}

impl Shared {
    fn report(&mut self, index: usize, with: Option<usize>, span: Span, problem: Problem) {
        self.mistakes.push(Between { index, with, mistake: Mistake::new(span, problem) });
    }

    /// A struct's table, with the columns of the structs that it flattens behind its own.
    fn with_flattened(&mut self, index: usize, structs: &[&Declared]) -> Table {
        let declared = structs[index];
        let mut table = declared.table.clone();
        for flattened in &declared.flattened {
            let name = flattened.name();
            let Some(inner) = structs.iter().find(|other| other.ident == name) else {
                self.report(index, None, flattened.ty.span(), no_part(declared, flattened, None));
                continue;
            };
            if inner.table.name != table.name || inner.table.access != Access::Partial {
                let problem = no_part(declared, flattened, Some(inner));
                self.report(index, None, flattened.ty.span(), problem);
                continue;
            }
            for column in &inner.table.columns {
                match table.column(&column.name) {
                    None => table.columns.push(column.clone()),
                    Some(_) => {
                        let problem = DUPLICATE
                            .problem(format!(
                                "`{}` and `{name}`, which it flattens, both name the column `{}`",
                                declared.ident, column.name
                            ))
                            .help("delete the field in one of them");
                        self.report(index, None, flattened.member.span(), problem);
                    }
                }
            }
        }
        table
    }

    /// A struct beside the one that declares the table names columns that are there, and does with them what
    /// that one does: one build cannot stand in two phases.
    fn beside(
        &mut self,
        index: usize,
        table: &Table,
        declaring: &[usize],
        whole: &[Table],
        structs: &[&Declared],
    ) {
        let declared = structs[index];
        let Some(owner) = declaring.iter().find(|owner| whole[**owner].name == table.name) else {
            let problem = GRAMMAR
                .problem(format!(
                    "`{}` names some columns of `{}`, and no struct declares that table",
                    declared.ident, table.name
                ))
                .help("write a struct with all of its columns, without `partial`")
                .help("or, if another project makes the table, name that project: `owner = \"…\"`");
            return self.report(index, None, declared.span, problem);
        };
        let owner = *owner;
        // Where the declaring struct flattens what is not there, its own columns are not all known.
        if self.mistakes.iter().any(|wrong| wrong.index == owner) {
            return;
        }
        let (declaring, owner, whole) = (owner, structs[owner], &whole[owner]);
        for (field, column) in declared.fields.iter().zip(&declared.table.columns) {
            let problem = match whole.column(&column.name) {
                None => Some(unknown(column, owner, whole)),
                Some(theirs) => disagreement(column, theirs, owner),
            };
            if let Some(problem) = problem {
                self.report(index, Some(declaring), field.span, problem);
            }
        }
    }

    /// A column that a flattened struct may have had: only here is it known that it has not.
    fn elsewhere(&mut self, index: usize, whole: &Table, structs: &[&Declared], lock: &Lock) {
        let declared = structs[index];
        if declared.flattened.is_empty() {
            return;
        }
        for finding in check_table(lock.schema.table(&whole.name), whole, &lock.databases) {
            if matches!(&finding.about, About::Column(name) if whole.column(name).is_none()) {
                self.report(index, None, declared.span, finding.problem);
            }
        }
    }
}

fn no_part(declared: &Declared, flattened: &Flattened, inner: Option<&Declared>) -> Problem {
    let (name, table) = (flattened.name(), &declared.table.name);
    let why = match inner {
        None => format!("no table struct of the name `{name}` is here"),
        Some(inner) if inner.table.name != *table => {
            format!("`{name}` stands for the table `{}`", inner.table.name)
        }
        Some(_) => format!("`{name}` is not `partial`"),
    };
    GRAMMAR
        .problem(format!("`{}` flattens `{name}`, which is no part of `{table}`: {why}", declared.ident))
        .help(format!(
            "write `#[derive(sqlx::FromRow, colmig::Table)] #[colmig(table = \"{table}\", partial)]` above `struct {name}`"
        ))
}

fn unknown(column: &Column, owner: &Declared, table: &Table) -> Problem {
    let names: Vec<_> = table.columns.iter().map(|column| format!("`{}`", column.name)).collect();
    GRAMMAR
        .problem(format!(
            "`{}`, which declares `{}`, has no column `{}`",
            owner.ident, table.name, column.name
        ))
        .help(format!("name it there too; its columns are {}", names.join(", ")))
}

fn disagreement(column: &Column, theirs: &Column, owner: &Declared) -> Option<Problem> {
    let (what, here, there) = if column.state != theirs.state {
        ("state", column.state.to_string(), theirs.state.to_string())
    } else if column.nullability != theirs.nullability {
        ("nullability", column.nullability.to_string(), theirs.nullability.to_string())
    } else if column.ty != theirs.ty {
        ("type", column.ty.to_string(), theirs.ty.to_string())
    } else {
        return None;
    };
    let name = &column.name;
    Some(
        GRAMMAR
            .problem(format!(
                "the {what} of `{name}` is {here} here and {there} in `{}`, which declares the table",
                owner.ident
            ))
            .help("a release does one thing with a column: write it the same in both structs"),
    )
}
