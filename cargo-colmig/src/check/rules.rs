//! What a text may not do: facts and a schema in, findings out. A new rule is a new row of [`RULES`].

use colmig_core::Code;
use colmig_core::lifecycle::{Access, State};
use colmig_core::problem::{
    SQL_AMBIGUOUS, SQL_ARM_FORGETS, SQL_LEAVES_OUT, SQL_NO_COLUMNS, SQL_READS, SQL_RETIRED,
    SQL_ROW_LACKS, SQL_SOURCE_ALONE, SQL_STAR, SQL_WRITES,
};
use colmig_core::schema::{Column, Table};

use super::sql::{Bytes, Clause, Facts, HOLE, Insert, is_readable};

/// Something that was found in a text. Whether it is a mistake, its code says.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its kind.
    pub code: &'static Code,
    /// The table.
    pub table: String,
    /// The columns that it is about.
    pub columns: Vec<String>,
    /// Where in the text.
    pub at: Bytes,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Vec<String>,
}

/// A struct that the rows of a text become.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its table.
    pub table: Table,
    /// What each column has to be called in the result, in the order of the table's columns.
    pub labels: Vec<String>,
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What the text does.
    pub facts: &'a Facts<'a>,
    /// The struct that its rows become.
    pub row: Option<&'a Row>,
    /// Whether a macro takes it, which has its own way to spell names.
    pub in_macro: bool,
}

/// One rule.
type Rule = fn(Case<'_>, &mut Vec<Finding>);

/// Every rule.
pub const RULES: &[Rule] = &[
    reads_what_is_not_readable,
    names_what_is_retired,
    takes_all_columns,
    inserts_without_a_list,
    inserts_without_a_column,
    updates_a_source_alone,
    forgets_a_column_in_an_update_arm,
    lacks_a_column_of_its_row,
    writes_what_is_read_only,
    may_mean_several,
];

/// Everything that the rules find, in the order of the text.
pub fn judge(case: Case<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in RULES {
        rule(case, &mut found);
    }
    found.sort_by_key(|finding| (finding.at.start, finding.code.id));
    found.dedup();
    found
}

/// Whether a column replaces another one.
fn replaces(column: &Column, source: &str) -> bool {
    column.replaces.iter().any(|name| name == source)
}

/// A row that is made without this column is refused by the database, or lacks what others rely on.
fn must_be_written(column: &Column) -> bool {
    column.state.facts().writes && !column.dispensable()
}

/// An added column is not filled before its backfill has run, and a deprecated one is no longer written
/// by the release after this one: a build that reads them could not run beside those.
fn reads_what_is_not_readable(case: Case<'_>, found: &mut Vec<Finding>) {
    for used in &case.facts.uses {
        let Some(column) = used.table.column(used.column).filter(|c| !c.state.facts().reads) else {
            continue;
        };
        if used.clause.writes() {
            continue;
        }
        let why = match column.state {
            State::Adding => "older releases do not write it, and not all rows have it yet",
            _ => "the next release no longer writes it",
        };
        let mut help = vec![match column.state {
            State::Adding => {
                format!("leave it out until a release declares `{}` as a plain field", column.name)
            }
            _ => "leave it out; it is still written, and no longer read".to_owned(),
        }];
        if matches!(used.clause, Clause::Select | Clause::Returning) {
            help.push(format!(
                "where a struct needs a column of this name: `{}`",
                unset(&column.name, case.in_macro)
            ));
        }
        found.push(Finding {
            message: format!(
                "`{}.{}` is {} and is read {}: {why}",
                used.table.name,
                column.name,
                column.state,
                used.clause.words()
            ),
            help,
            ..about(SQL_READS, used.table, &[used.column], &used.at)
        });
    }
}

/// What a query selects in place of a column that it may not read.
fn unset(name: &str, in_macro: bool) -> String {
    match in_macro {
        true => format!("NULL AS \"{name}!: _\""),
        false => format!("NULL AS {name}"),
    }
}

/// A retired column is there until its drop has run, and not a moment longer.
fn names_what_is_retired(case: Case<'_>, found: &mut Vec<Finding>) {
    for used in &case.facts.uses {
        if used.table.column(used.column).is_some() {
            continue;
        }
        found.push(Finding {
            message: format!(
                "`{}.{}` is retired and is named {}",
                used.table.name,
                used.column,
                used.clause.words()
            ),
            help: vec![
                "leave it out: no struct names it any more, and `apply` drops the column"
                    .to_owned(),
            ],
            ..about(SQL_RETIRED, used.table, &[used.column], &used.at)
        });
    }
}

/// `*` is whatever the table has when the statement runs: columns that this release must not read, and
/// on PostgreSQL a prepared statement fails when a column comes or goes.
fn takes_all_columns(case: Case<'_>, found: &mut Vec<Finding>) {
    for star in &case.facts.stars {
        let names = star.table.columns.iter().filter(|column| column.state.facts().reads);
        let names: Vec<_> = names.map(|column| column.name.as_str()).collect();
        found.push(Finding {
            message: format!("this takes whatever columns `{}` has when it runs", star.table.name),
            help: vec![format!("name the columns: {}", names.join(", "))],
            ..about(SQL_STAR, star.table, &[], &star.at)
        });
    }
}

/// Without a list, the values go by the order of the columns, which changes with every new one.
fn inserts_without_a_list(case: Case<'_>, found: &mut Vec<Finding>) {
    for insert in case.facts.inserts.iter().filter(|insert| insert.columns.is_none()) {
        let names = insert.table.columns.iter().filter(|column| !column.auto);
        let names: Vec<_> = names.map(|column| column.name.as_str()).collect();
        found.push(Finding {
            message: format!("this insert into `{}` does not name its columns", insert.table.name),
            help: vec![format!("name them: ({})", names.join(", "))],
            ..about(SQL_NO_COLUMNS, insert.table, &[], &insert.at)
        });
    }
}

/// An added column is written before it is read, and a deprecated one as long as older releases read it.
fn inserts_without_a_column(case: Case<'_>, found: &mut Vec<Finding>) {
    for insert in case.facts.inserts.iter().filter(|insert| !insert.open) {
        let Some(columns) = &insert.columns else { continue };
        let lacking = insert.table.columns.iter().filter(|column| must_be_written(column));
        let lacking: Vec<_> = lacking.filter(|column| !columns.contains(&column.name)).collect();
        if lacking.is_empty() {
            continue;
        }
        let why = |column: &&Column| match column.state {
            State::Adding => format!("`{}` (adding: written before it is read)", column.name),
            State::Deprecated => {
                format!("`{}` (deprecated: older releases still read it)", column.name)
            }
            _ => format!("`{}` (required, without a default)", column.name),
        };
        let named: Vec<_> = lacking.iter().map(why).collect();
        let names: Vec<_> = lacking.iter().map(|column| column.name.as_str()).collect();
        found.push(Finding {
            message: format!(
                "this insert into `{}` leaves out {}",
                insert.table.name,
                named.join(", ")
            ),
            help: vec![format!(
                "write {} here too, or insert with `colmig::insert`",
                if names.len() == 1 { "it" } else { "them" }
            )],
            ..about(SQL_LEAVES_OUT, insert.table, &names, &insert.at)
        });
    }
}

/// As long as a column and its replacement are both alive, whoever writes one writes the other.
fn updates_a_source_alone(case: Case<'_>, found: &mut Vec<Finding>) {
    for update in case.facts.updates.iter().filter(|update| !update.open) {
        let is_set = |name: &str| update.sets.iter().any(|(set, _)| set == name);
        let together = |column: &Column, set: &str| {
            let set_column = update.table.column(set);
            replaces(column, set) || set_column.is_some_and(|other| replaces(other, &column.name))
        };
        for column in update.table.columns.iter().filter(|column| column.state.facts().writes) {
            let other = update.sets.iter().find(|(set, _)| together(column, set));
            let Some((other, at)) = other.filter(|_| !is_set(&column.name)) else { continue };
            let how =
                if replaces(column, other) { "which replaces it" } else { "which it replaces" };
            found.push(Finding {
                message: format!("this update sets `{other}` and not `{}`, {how}", column.name),
                help: vec![
                    format!("set `{}` too, from the same value", column.name),
                    "or update with `colmig::update`, which computes one from the other".to_owned(),
                ],
                ..about(SQL_SOURCE_ALONE, update.table, &[other, &column.name], at)
            });
        }
    }
}

/// An upsert that writes a column into new rows and not into old ones leaves the old value in them.
fn forgets_a_column_in_an_update_arm(case: Case<'_>, found: &mut Vec<Finding>) {
    for insert in &case.facts.inserts {
        let Some(arm) = insert.arm.as_ref().filter(|arm| !arm.open) else { continue };
        let forgotten: Vec<_> = in_motion(insert)
            .filter(|name| !arm.sets.contains(name) && !arm.target.contains(name))
            .map(String::as_str)
            .collect();
        if forgotten.is_empty() {
            continue;
        }
        let sets: Vec<_> =
            forgotten.iter().map(|name| format!("{name} = excluded.{name}")).collect();
        found.push(Finding {
            message: format!(
                "this upsert inserts `{}` and does not update {} in a row that is there already",
                forgotten.join("`, `"),
                if forgotten.len() == 1 { "it" } else { "them" }
            ),
            help: vec![format!("add to DO UPDATE SET: {}", sets.join(", "))],
            ..about(SQL_ARM_FORGETS, insert.table, &forgotten, &arm.at)
        });
    }
}

/// The inserted columns that other releases see otherwise than this one.
fn in_motion<'i>(insert: &'i Insert<'_>) -> impl Iterator<Item = &'i String> {
    let inserted = insert.columns.as_deref().unwrap_or_default();
    inserted.iter().filter(move |name| {
        let column = insert.table.column(name);
        let is_key = insert.table.primary_key.contains(name);
        let replaces_one = |column: &Column| inserted.iter().any(|other| replaces(column, other));
        column.is_some_and(|c| !is_key && (!c.state.facts().reads || replaces_one(c)))
    })
}

/// sqlx looks for every field of a struct in the row, for one that is not read too: `NULL` stands for it.
fn lacks_a_column_of_its_row(case: Case<'_>, found: &mut Vec<Finding>) {
    let (Some(row), Some(outputs)) = (case.row, &case.facts.outputs) else { return };
    let is_open = !case.facts.stars.is_empty() || outputs.iter().any(|name| name == HOLE);
    let Some(at) = case.facts.result.as_ref().filter(|_| !is_open) else { return };
    // `"handle!: _"` is how a macro is told about a column.
    let name = |output: &str| {
        let name = output.split(':').next().unwrap_or_default();
        name.trim_end_matches(['!', '?']).to_owned()
    };
    let outputs: Vec<_> = outputs.iter().map(|output| name(output)).collect();
    for (column, label) in row.table.columns.iter().zip(&row.labels) {
        let is_there = outputs.iter().any(|output| output.eq_ignore_ascii_case(label));
        if column.state.facts().write_only && !is_there {
            found.push(Finding {
                message: format!("`{}` has the field `{label}`, and this row does not", row.name),
                help: vec![format!("select `{}`", unset(label, case.in_macro))],
                ..about(SQL_ROW_LACKS, &row.table, &[&column.name], at)
            });
        }
    }
}

/// What `read_only` promises decides which gates ask about this build.
fn writes_what_is_read_only(case: Case<'_>, found: &mut Vec<Finding>) {
    for write in case.facts.writes.iter().filter(|w| w.table.access == Access::ReadOnly) {
        found.push(Finding {
            message: format!(
                "`{}` is declared as `read_only`, and this writes it",
                write.table.name
            ),
            help: vec!["take `read_only` away from the struct, or the statement out".to_owned()],
            ..about(SQL_WRITES, write.table, &[], &write.at)
        });
    }
}

/// Not a mistake: a name that may mean something else.
fn may_mean_several(case: Case<'_>, found: &mut Vec<Finding>) {
    for name in &case.facts.ambiguous {
        let of = |table: &&Table| format!("`{}.{}`", table.name, name.column);
        let hidden = name.tables.iter().filter(|table| !is_readable(table, &name.column));
        let tables: Vec<_> = hidden.map(of).collect();
        found.push(Finding {
            message: format!(
                "`{}` may mean {}, which may not be read, or a column of another relation",
                name.column,
                tables.join(" or ")
            ),
            help: vec!["write the table's name or alias before it".to_owned()],
            ..about(SQL_AMBIGUOUS, name.tables[0], &[&name.column], &name.at)
        });
    }
}

fn about(code: &'static Code, table: &Table, columns: &[&str], at: &Bytes) -> Finding {
    Finding {
        code,
        table: table.name.clone(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        at: at.clone(),
        message: String::new(),
        help: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::sql::read;
    use colmig_core::parse::source;
    use colmig_core::schema::Schema;
    use colmig_core::types::Database;

    /// What is set alone while `full_name` replaces `name`, in this half of the change.
    fn alone(fields: &str, sql: &str) -> Vec<String> {
        let text = format!(
            "#[derive(Table)] #[colmig(table = \"users\")] struct User {{ #[colmig(primary_key)] id: i64, {fields} }}"
        );
        let file = source(&text).unwrap_or_else(|mistake| panic!("{}", mistake.problem));
        let schema = Schema { tables: vec![file.tables[0].table.clone()], ..Schema::default() };
        let facts = read(sql, &[Database::Postgres], &schema).expect("it is SQL");
        let mut found = Vec::new();
        updates_a_source_alone(Case { facts: &facts, row: None, in_macro: false }, &mut found);
        found.into_iter().map(|finding| sql[finding.at].to_owned()).collect()
    }

    const FIRST: &str = "name: String, #[colmig(adding, replaces(name), forward = \"name\")] full_name: WriteOnly<String>";
    const THEN: &str = "#[colmig(deprecated)] name: WriteOnly<String>, #[colmig(replaces(name))] full_name: String";

    #[test]
    fn a_column_and_its_replacement_are_updated_together() {
        assert_eq!(alone(FIRST, "UPDATE users SET id = 1, name = $1"), ["name"]);
        assert_eq!(alone(FIRST, "UPDATE users SET name = $1, full_name = $1"), [""; 0]);
        assert_eq!(alone(FIRST, "UPDATE users SET (name, id) = (1, 2)"), ["name"]);
        assert_eq!(alone(FIRST, "UPDATE others SET name = $1"), [""; 0]);
        assert_eq!(alone(THEN, "UPDATE users SET full_name = $1"), ["full_name"]);
        assert_eq!(alone(THEN, "UPDATE users SET full_name = $1, name = $1"), [""; 0]);
    }
}
