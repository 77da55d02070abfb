//! `cargo colmig check`: hand-written SQL against the states of the columns that it names.

use std::collections::BTreeSet;

use colmig_core::Exit;
use colmig_core::problem::{SQL_AMBIGUOUS, SQL_DYNAMIC, SQL_UNREAD};
use serde::Serialize;

use crate::check::{Located, Subject};
use crate::cli::Globals;
use crate::context::Setup;
use crate::report::Result;
use crate::terminal::Terminal;

/// The version of the objects below.
const VERSION: u32 = 1;

/// Checks the project, prints what is found, and counts it.
pub(super) fn run(globals: &Globals, terminal: Terminal) -> Result<Exit> {
    let subject = Subject::read(&Setup::load(globals)?)?;
    let judged = subject.judge();
    let texts = subject.texts.iter().zip(&judged);
    let located: Vec<_> = texts.flat_map(|(text, judged)| subject.locate(text, judged)).collect();
    let (findings, notes): (Vec<_>, Vec<_>) = located.iter().partition(|one| is_finding(one));
    for note in &notes {
        say(terminal, note);
        terminal.object(&object("note", note));
    }
    for finding in &findings {
        terminal.finding(&finding.report);
        terminal.object(&object("finding", finding));
    }
    let counted = Counted {
        reason: "checked",
        v: VERSION,
        texts: subject.texts.len(),
        files: subject.texts.iter().map(|text| &text.file.file).collect::<BTreeSet<_>>().len(),
        findings: findings.len(),
        dynamic: count(&notes, SQL_DYNAMIC.id),
        ambiguous: count(&notes, SQL_AMBIGUOUS.id),
        unread: count(&notes, SQL_UNREAD.id),
    };
    terminal.status("Checked", &counted.to_string());
    terminal.object(&counted);
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Findings })
}

/// A note says what could not be found out, and fails nobody.
fn is_finding(located: &Located) -> bool {
    located.finding.code.exit != Exit::Done
}

fn count(notes: &[&Located], code: &str) -> usize {
    notes.iter().filter(|note| note.finding.code.id == code).count()
}

/// The notes with their verbs.
const VERBS: &[(&str, &str)] =
    &[(SQL_DYNAMIC.id, "Dynamic"), (SQL_AMBIGUOUS.id, "Ambiguous"), (SQL_UNREAD.id, "Unread")];

fn say(terminal: Terminal, note: &Located) {
    let verb = VERBS.iter().find(|(code, _)| *code == note.finding.code.id);
    let place = note.report.problem.place.as_deref().unwrap_or_default();
    let message = format!("{place}: {}", note.finding.message);
    terminal.waiting(verb.map_or("", |(_, verb)| verb), &message);
}

/// What is found, for programs.
#[derive(Serialize)]
struct Object<'a> {
    reason: &'static str,
    v: u32,
    code: &'static str,
    title: &'static str,
    message: &'a str,
    help: &'a [String],
    table: Option<&'a str>,
    columns: &'a [String],
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    bytes: Option<[usize; 2]>,
}

fn object<'a>(reason: &'static str, located: &'a Located) -> Object<'a> {
    let Located { finding, report } = located;
    let excerpt = report.excerpt.as_ref();
    Object {
        reason,
        v: VERSION,
        code: finding.code.id,
        title: finding.code.title,
        message: &finding.message,
        help: &finding.help,
        table: (!finding.table.is_empty()).then_some(&finding.table),
        columns: &finding.columns,
        file: excerpt.map(|excerpt| excerpt.file.as_str()),
        line: excerpt.map(|excerpt| excerpt.line),
        column: excerpt.map(|excerpt| excerpt.column),
        bytes: excerpt.map(|excerpt| [excerpt.bytes.start, excerpt.bytes.end]),
    }
}

/// How much was looked at, and what came of it.
#[derive(Serialize)]
struct Counted {
    reason: &'static str,
    v: u32,
    texts: usize,
    files: usize,
    findings: usize,
    dynamic: usize,
    ambiguous: usize,
    unread: usize,
}

impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let many = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        write!(
            f,
            "{} in {}: {}; {} dynamic, {} ambiguous, {} not understood",
            many(self.texts, "SQL text"),
            many(self.files, "file"),
            many(self.findings, "finding"),
            self.dynamic,
            self.ambiguous,
            self.unread
        )
    }
}
