//! Every place that names a column: structs, statements, migrations.

use colmig_core::Exit;
use colmig_core::migration::Migration;
use colmig_core::problem::{Problem, USAGE};
use colmig_core::schema::{Table, property};
use serde::Serialize;

use crate::check::Subject;
use crate::cli::Globals;
use crate::context::Setup;
use crate::report::Result;
use crate::source::Source;
use crate::terminal::Terminal;

/// How many letters may differ in a name that is meant.
const NEAR: usize = 3;

/// One place.
#[derive(Serialize)]
struct Place {
    reason: &'static str,
    v: u32,
    /// What kind of place: `field`, `record`, `sql`, `migration`.
    kind: &'static str,
    /// `file:line:column`, a file, or a directory.
    place: String,
    /// What it says of the column.
    what: String,
}

/// Prints every place, by kind.
pub(super) fn run(subject: &str, globals: &Globals, terminal: Terminal) -> Result<Exit> {
    let setup = Setup::load(globals)?;
    let checked = Subject::read(&setup)?;
    let (table, column) = find(subject, &checked)?;
    let mut places = fields(&checked, &table, &column);
    places.extend(recorded(&checked, &setup, &table, &column));
    places.extend(statements(&checked, &table, &column));
    places.extend(migrations(&checked.base.migrations, &setup, &table, &column));
    let mut kind = "";
    for place in &places {
        if kind != place.kind {
            terminal.print(&format!("{}\n", heading(place.kind)));
            kind = place.kind;
        }
        terminal.print(&format!("  {}: {}\n", place.place, place.what));
        terminal.object(place);
    }
    Ok(Exit::Done)
}

/// The kinds of places, with what stands above them.
const HEADINGS: &[(&str, &str)] = &[
    ("field", "Structs"),
    ("record", "Recorded"),
    ("sql", "Statements"),
    ("migration", "Migrations"),
];

fn heading(kind: &str) -> &'static str {
    HEADINGS.iter().find(|(known, _)| *known == kind).map_or("", |(_, heading)| heading)
}

fn place(kind: &'static str, place: String, what: String) -> Place {
    Place { reason: "place", v: 1, kind, place, what }
}

/// The table and the column that are meant. A database that ignores case may be the one that is asked.
fn find(subject: &str, checked: &Subject) -> Result<(Table, String)> {
    let Some((table_name, column_name)) = subject.rsplit_once('.') else {
        return Err(not_a_subject(subject).into());
    };
    let recorded = &checked.base.lock.schema.tables;
    let tables = checked.schema.tables.iter().chain(recorded);
    let Some(table) = tables.clone().find(|table| table.name.eq_ignore_ascii_case(table_name))
    else {
        let names: Vec<_> = tables.map(|table| table.name.as_str()).collect();
        return Err(unknown("table", table_name, &names, "").into());
    };
    let columns = table.columns.iter().map(|column| column.name.as_str());
    let retired = table.retired.iter().map(|retired| retired.name.as_str());
    let names: Vec<_> = columns.chain(retired).collect();
    match names.iter().find(|name| name.eq_ignore_ascii_case(column_name)) {
        Some(name) => Ok((table.clone(), (*name).to_owned())),
        None => Err(unknown("column", column_name, &names, &format!("{}.", table.name)).into()),
    }
}

fn not_a_subject(subject: &str) -> Problem {
    USAGE
        .problem(format!("`{subject}` is neither a code nor a column"))
        .help("write a code, `CM0801`, or a table and a column, `users.nickname`")
}

/// What is not there, and what it may have been meant to be.
fn unknown(what: &str, name: &str, known: &[&str], before: &str) -> Problem {
    let mut names: Vec<&str> = known.to_vec();
    names.sort_unstable();
    names.dedup();
    let near = names.iter().filter(|known| distance(known, name) <= NEAR);
    let near: Vec<_> = near.map(|name| format!("`{before}{name}`")).collect();
    let problem = USAGE.problem(format!("this project has no {what} `{before}{name}`"));
    match (near.as_slice(), names.as_slice()) {
        ([], []) => problem.help("no struct derives `Table` yet"),
        ([], all) => problem.help(format!("there are {}", all.join(", "))),
        (near, _) => problem.help(format!("did you mean {}?", near.join(" or "))),
    }
}

/// How many letters have to be put in, taken away or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (above, letter) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (index, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[index + 1];
            row[index + 1] = changed.min(row[index] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The fields of structs.
fn fields(checked: &Subject, table: &Table, column: &str) -> Vec<Place> {
    let Source { tables, .. } = &checked.source;
    let of_table = tables.iter().filter(|found| found.declared.table.name == table.name);
    let fields = of_table.flat_map(|found| {
        let declared = &found.declared;
        let named = |field: &&colmig_core::parse::Field| {
            declared.table.columns[field.column].name == column
        };
        declared.fields.iter().filter(named).map(move |field| {
            let report =
                checked.source.locate(USAGE.problem("").at(format!("{}.{column}", table.name)));
            let state = declared.table.columns[field.column].state;
            let what = format!("`{}::{}`, {state}", declared.ident, field.member);
            place("field", report.problem.place.unwrap_or_default(), what)
        })
    });
    fields.collect()
}

/// What colmig.lock says.
fn recorded(checked: &Subject, setup: &Setup, table: &Table, column: &str) -> Vec<Place> {
    let Some(recorded) = checked.base.lock.schema.table(&table.name) else { return Vec::new() };
    let lock = crate::place::shown(&setup.project.lock);
    let here = recorded.columns.iter().filter(|c| c.name == column);
    let here = here.map(|c| format!("{}, {}", property(column, &c.born), c.state));
    let gone = recorded.retired.iter().filter(|retired| retired.name == column);
    let gone = gone.map(|retired| format!("{}, retired", property(column, &retired.born)));
    here.chain(gone).map(|what| place("record", lock.clone(), what)).collect()
}

/// The statements.
fn statements(checked: &Subject, table: &Table, column: &str) -> Vec<Place> {
    let judged = checked.judge();
    let mut places = Vec::new();
    for (text, judged) in checked.texts.iter().zip(&judged) {
        let used = judged.uses.iter();
        for used in used.filter(|used| used.table == table.name && used.column == column) {
            let verb = if used.clause.writes() { "written" } else { "read" };
            let report = text.file.report_bytes(USAGE.problem(""), &text.bytes(&used.at));
            let what = format!("`{}`: {verb} {}", text.name, used.clause.words());
            places.push(place("sql", report.problem.place.unwrap_or_default(), what));
        }
    }
    places
}

/// The changes, and the files in which the column is named.
fn migrations(migrations: &[Migration], setup: &Setup, table: &Table, column: &str) -> Vec<Place> {
    let subject = format!("{}.{column}", table.name);
    let mut places = Vec::new();
    for migration in migrations {
        let directory = setup.project.migrations.join(&migration.manifest.id);
        let shown = crate::place::shown(&directory);
        let creates = |change: &&colmig_core::migration::Change| {
            let definition = change.definition.as_ref();
            definition.is_some_and(|new| new.name == table.name && new.column(column).is_some())
        };
        let changes = migration.manifest.changes.iter();
        for change in changes.filter(|change| change.subject() == subject || creates(change)) {
            places.push(place("migration", shown.clone(), change.title()));
            let number = change.id.rsplit('.').next().unwrap_or_default();
            // `postgres/1_expand.2.users.handle.add.up.sql`: the second change.
            let is_its =
                |path: &str| path.split('.').nth(1) == Some(number) && path.ends_with(".sql");
            let files = migration.files.iter().filter(|(path, _)| is_its(path));
            for (path, text) in files {
                let Some(line) = text.lines().position(|line| names(line, column)) else {
                    continue;
                };
                let at = format!("{shown}/{path}:{}", line + 1);
                places.push(place("migration", at, format!("of {}", change.id)));
            }
        }
    }
    places
}

/// Whether a text has the name as a whole word.
fn names(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(is_word) && !text[at + name.len()..].starts_with(is_word)
    })
}
