//! `check`: every text of SQL in the source, held against the states of the columns that it names.
//!
//! * `text`: a text, as the calls in the source, a file, or `offline` (`.sqlx/`) have it;
//! * [`sql`]: what a text does with which columns; [`rules`]: what it may not do.
//!
//! No database is asked and nothing is compiled. A text that is not known whole, or not understood, is
//! counted and listed.

pub mod offline;
pub mod rules;
pub mod sql;
pub mod text;

use colmig_core::Problem;
use colmig_core::lock::Lock;
use colmig_core::plan::{Wish, plan};
use colmig_core::problem::{SQL_DYNAMIC, SQL_UNREAD};
use colmig_core::schema::{Retired, Schema};
use colmig_core::types::Database;

use crate::context::Setup;
use crate::record::{Base, Record};
use crate::report::{Failure, Report, Result};
use crate::source::Source;
use crate::workspace::Package;
use rules::{Case, Finding, Row, judge};
use sql::{Clause, HOLE, Unread};
use text::SqlText;

/// What is checked: the source as it is now, and what is recorded.
pub struct Subject {
    /// The source.
    pub source: Source,
    /// The lock file and the migrations.
    pub base: Base,
    /// The tables of the source, each with the columns that were retired.
    pub schema: Schema,
    /// The databases of the project.
    pub databases: Vec<Database>,
    /// Every text.
    pub texts: Vec<SqlText>,
    rows: Vec<Row>,
}

/// What was found in one text.
#[derive(Debug, Default)]
pub struct Judged {
    /// What the rules found.
    pub findings: Vec<Finding>,
    /// The columns that it names.
    pub uses: Vec<Used>,
    /// Why it is not understood.
    pub unread: Option<Unread>,
}

/// A column that a text names.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Where in the statement.
    pub clause: Clause,
    /// Where in the text.
    pub at: std::ops::Range<usize>,
}

/// A finding, and the file that it is in.
pub struct Located {
    /// What was found.
    pub finding: Finding,
    /// The same, with the file's text.
    pub report: Report,
}

impl Subject {
    /// Reads source and record; mistakes in them are those that `generate` reports.
    pub fn read(setup: &Setup) -> Result<Subject> {
        let base = Record::read(&setup.project)?.latest()?;
        let packages = setup.packages()?;
        let source = Source::read_with_calls(&packages);
        let databases = setup.config.databases.clone();
        let project = setup.config.project.clone();
        let lock = Lock { project, databases: databases.clone(), ..base.lock.clone() };
        let schema = source.schema(&lock)?;
        let mistakes = plan(&lock, &schema, Wish::default()).err().unwrap_or_default();
        let mistakes = mistakes.into_iter().map(|problem: Problem| source.locate(problem));
        if let Some(failure) = Failure::of(mistakes.collect()) {
            return Err(failure);
        }
        let rows = rows(&source);
        let mut subject = Subject {
            schema: with_retired(schema, &lock.schema),
            source,
            base,
            databases,
            rows,
            texts: Vec::new(),
        };
        subject.texts = subject.collect(setup, &packages);
        Ok(subject)
    }

    fn collect(&self, setup: &Setup, packages: &[&Package]) -> Vec<SqlText> {
        let calls = self.source.calls.iter();
        let texts = calls.flat_map(|file| {
            file.calls.iter().map(|call| SqlText::of_call(call, file, &self.rows))
        });
        let mut texts: Vec<_> = texts.collect();
        let mut directories = vec![setup.project.root()];
        directories.extend(packages.iter().map(|package| package.dir.as_path()));
        // What lies there may be of packages that are none of ours.
        if packages.len() == setup.workspace.packages.len() {
            directories.push(&setup.workspace.root);
        }
        directories.sort_unstable();
        directories.dedup();
        let offline = offline::texts(&directories, &texts);
        texts.extend(offline);
        texts
    }

    /// Judges every text, in their order.
    pub fn judge(&self) -> Vec<Judged> {
        let jobs: Vec<_> = self.texts.iter().map(|text| self.job(text)).collect();
        judge_all(&jobs, &self.databases, &self.schema)
    }

    /// What was found in a text, in its file: the findings, and what could not be found out.
    pub fn locate(&self, text: &SqlText, judged: &Judged) -> Vec<Located> {
        let mut findings = judged.findings.clone();
        let whole = |code, message: String, help: &[&str]| Finding {
            code,
            table: String::new(),
            columns: Vec::new(),
            at: 0..0,
            message,
            help: help.iter().map(|help| (*help).to_owned()).collect(),
        };
        if let Some(why) = &text.dynamic {
            let message = format!("`{}`: {why}", text.name);
            findings.push(whole(SQL_DYNAMIC, message, &[]));
        } else if let Some(unread) = &judged.unread {
            let reasons: Vec<_> =
                unread.reasons.iter().map(|(database, why)| format!("{database}: {why}")).collect();
            findings.push(whole(SQL_UNREAD, reasons.join("; "), &[]));
        }
        findings.into_iter().map(|finding| located(text, finding)).collect()
    }

    fn job<'t>(&'t self, text: &'t SqlText) -> Job<'t> {
        Job {
            sql: &text.sql,
            row: text.row.as_deref().and_then(|name| text::found(&self.rows, name)),
            in_macro: text.name.ends_with('!') || text.name == offline::DIRECTORY,
            goes_on: text.goes_on,
            is_blank: text.is_blank(),
        }
    }
}

fn located(text: &SqlText, finding: Finding) -> Located {
    let is_whole = finding.table.is_empty();
    let bytes = if is_whole { text.call.clone() } else { text.bytes(&finding.at) };
    let mut problem = finding.code.problem(finding.message.clone());
    problem.help = finding.help.clone();
    Located { report: text.file.report_bytes(problem, &bytes), finding }
}

/// The structs that are tables.
fn rows(source: &Source) -> Vec<Row> {
    let row = |found: &crate::source::Found| Row {
        name: found.declared.ident.to_string(),
        table: found.declared.table.clone(),
        labels: found.declared.fields.iter().map(|field| field.label.clone()).collect(),
    };
    source.tables.iter().map(row).collect()
}

/// What the lock file knows and the source no longer names is retired, or will be with the next
/// `generate`.
fn with_retired(mut schema: Schema, recorded: &Schema) -> Schema {
    for table in &mut schema.tables {
        let Some(recorded) = recorded.table(&table.name) else { continue };
        let left = recorded.columns.iter();
        let left = left.map(|c| Retired { name: c.name.clone(), born: c.born.clone() });
        let mut gone: Vec<_> = recorded.retired.iter().cloned().chain(left).collect();
        gone.retain(|retired| table.column(&retired.name).is_none());
        gone.sort_by(|a, b| a.name.cmp(&b.name));
        gone.dedup_by(|a, b| a.name == b.name);
        table.retired = gone;
    }
    schema
}

/// A text to be judged, without the files around it.
#[derive(Clone, Copy, Debug)]
pub struct Job<'t> {
    /// The text.
    pub sql: &'t str,
    /// The struct that its rows become.
    pub row: Option<&'t Row>,
    /// Whether a macro takes it.
    pub in_macro: bool,
    /// Whether the running program adds to its end.
    pub goes_on: bool,
    /// Whether nothing of it is known.
    pub is_blank: bool,
}

/// Judges texts on a thread whose stack has room for the deepest of them.
pub fn judge_all(jobs: &[Job<'_>], databases: &[Database], schema: &Schema) -> Vec<Judged> {
    std::thread::scope(|scope| {
        let work = || jobs.iter().map(|job| judge_one(job, databases, schema)).collect();
        let thread = std::thread::Builder::new().stack_size(sql::STACK).spawn_scoped(scope, work);
        let done = thread.expect("the system has room for one more thread").join();
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn judge_one(job: &Job<'_>, databases: &[Database], schema: &Schema) -> Judged {
    if job.is_blank {
        return Judged::default();
    }
    let completed = job.goes_on.then(|| completed(job.sql, databases));
    match sql::read(completed.as_deref().unwrap_or(job.sql), databases, schema) {
        Err(unread) => Judged { unread: Some(unread), ..Judged::default() },
        Ok(facts) => {
            let case = Case { facts: &facts, row: job.row, in_macro: job.in_macro };
            let used = |used: &sql::Use<'_>| Used {
                table: used.table.name.clone(),
                column: used.column.to_owned(),
                clause: used.clause,
                at: used.at.clone(),
            };
            Judged {
                findings: judge(case),
                uses: facts.uses.iter().map(used).collect(),
                unread: None,
            }
        }
    }
}

/// The beginning of a text with the least that makes a statement of it.
fn completed(head: &str, databases: &[Database]) -> String {
    let ends = ["", " {}", " ({})", " VALUES ({})", " {} = {}"];
    let texts = ends.iter().map(|end| format!("{head}{}", end.replace("{}", HOLE)));
    let mut whole = texts.filter(|text| sql::is_whole(text, databases));
    whole.next().unwrap_or_else(|| head.to_owned())
}
