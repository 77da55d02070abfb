//! Problems together with the text that they are about, and the failure of a command: one or more.

use std::ops::Range;
use std::rc::Rc;

use camino::Utf8Path;
use colmig_core::parse::{Location, Mistake};
use colmig_core::{Exit, Problem};

use crate::place::shown;

/// The result of a part of a command.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why a command ends early: at least one report, most important first.
#[derive(Debug)]
pub struct Failure(Vec<Report>);

/// A problem, with the text that it is about where there is one.
#[derive(Clone, Debug)]
pub struct Report {
    /// What is wrong, where, and what to do.
    pub problem: Problem,
    /// The text.
    pub excerpt: Option<Excerpt>,
    /// The database that it is about, where a command works on several.
    pub target: Option<String>,
}

/// A place in a text.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The file, as messages name it.
    pub file: String,
    /// The whole text of the file.
    pub text: Rc<str>,
    /// The bytes that are meant.
    pub bytes: Range<usize>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// A text file that was read.
#[derive(Clone, Debug)]
pub struct Text {
    /// The file, as messages name it.
    pub file: String,
    /// What is in it.
    pub text: Rc<str>,
}

impl Failure {
    /// All of them, if there are any.
    pub fn of(reports: Vec<Report>) -> Option<Failure> {
        (!reports.is_empty()).then_some(Failure(reports))
    }

    /// Every report.
    pub fn reports(&self) -> &[Report] {
        &self.0
    }

    /// The same, about one of several databases.
    #[must_use]
    pub fn of_target(self, target: &str) -> Failure {
        let named = |report: Report| Report { target: Some(target.to_owned()), ..report };
        Failure(self.0.into_iter().map(named).collect())
    }

    /// The same, with one more remedy for each problem.
    #[must_use]
    pub fn help(self, help: &str) -> Failure {
        let helped = |report: Report| Report { problem: report.problem.help(help), ..report };
        Failure(self.0.into_iter().map(helped).collect())
    }

    /// Every report.
    pub fn into_reports(self) -> Vec<Report> {
        self.0
    }

    /// How the program ends: the first problem decides.
    pub fn exit(&self) -> Exit {
        self.0.first().expect("a failure has a report").problem.code.exit
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Failure {
        Failure(vec![report])
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Report::from(problem).into()
    }
}

impl From<Problem> for Report {
    fn from(problem: Problem) -> Report {
        Report { problem, excerpt: None, target: None }
    }
}

impl Text {
    /// The text of this file.
    pub fn new(path: &Utf8Path, text: String) -> Text {
        Text { file: shown(path), text: text.into() }
    }

    /// A mistake that the parser found in this text.
    pub fn mistake(&self, mistake: Mistake) -> Report {
        let Location { line, column, bytes } = Location::of(mistake.span);
        self.report(mistake.problem, line, column, bytes.len())
    }

    /// A problem with `length` bytes of this text from a line and a column on, both from 1.
    pub fn report(&self, problem: Problem, line: usize, column: usize, length: usize) -> Report {
        let start = self.offset(line, column);
        let mut end = self.text.len().min(start + length.max(1));
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let place = format!("{}:{line}:{column}", self.file);
        let excerpt = Excerpt {
            file: self.file.clone(),
            text: self.text.clone(),
            bytes: start..end,
            line,
            column,
        };
        Report { problem: problem.at(place), excerpt: Some(excerpt), target: None }
    }

    /// A problem with some bytes of this text.
    pub fn report_bytes(&self, problem: Problem, bytes: &Range<usize>) -> Report {
        let before = self.text.get(..bytes.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let line_before = before.chars().rev().take_while(|c| *c != '\n');
        let column = line_before.filter(|c| *c != '\u{feff}').count() + 1;
        self.report(problem, line, column, bytes.len())
    }

    /// Byte offsets of the parser do not count what it skips, a byte order mark for instance; lines and
    /// columns are what people count too.
    fn offset(&self, line: usize, column: usize) -> usize {
        let mut lines = self.text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
        let within = lines.next().unwrap_or_default().trim_start_matches('\u{feff}');
        let skipped = within.char_indices().nth(column.saturating_sub(1));
        let mark =
            if line == 1 && self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        before + mark + skipped.map_or(within.len(), |(offset, _)| offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colmig_core::problem::GRAMMAR;

    fn covered(text: &str, line: usize, column: usize, length: usize) -> String {
        let text = Text { file: "a.rs".into(), text: text.into() };
        let report = text.report(GRAMMAR.problem("x"), line, column, length);
        let excerpt = report.excerpt.expect("a text has an excerpt");
        text.text[excerpt.bytes].to_owned()
    }

    #[test]
    fn lines_and_columns_become_bytes() {
        assert_eq!(covered("ab\ncd ef\n", 2, 4, 2), "ef");
        assert_eq!(covered("é é x\r\nß y", 2, 3, 1), "y");
        assert_eq!(covered("é", 1, 1, 1), "é");
        assert_eq!(covered("\u{feff}ab", 1, 2, 1), "b");
    }

    #[test]
    fn a_place_outside_the_text_is_its_end() {
        assert_eq!(covered("ab", 9, 9, 9), "");
        assert_eq!(covered("", 1, 1, 1), "");
    }

    #[test]
    fn bytes_become_lines_and_columns() {
        let text = Text { file: "a.toml".into(), text: "é = 1\nx é y".into() };
        let start = text.text.find('y').expect("it is there");
        let report = text.report_bytes(GRAMMAR.problem("x"), &(start..start + 1));
        assert_eq!(report.problem.place.as_deref(), Some("a.toml:2:5"));
        let text = Text { file: "a.rs".into(), text: "\u{feff}ab".into() };
        let excerpt = text.report_bytes(GRAMMAR.problem("x"), &(4..5)).excerpt.expect("it has one");
        assert_eq!((excerpt.column, &text.text[excerpt.bytes]), (2, "b"));
    }

    #[test]
    fn the_first_problem_decides_how_it_ends() {
        assert!(Failure::of(Vec::new()).is_none());
        let failure = Failure::from(GRAMMAR.problem("x"));
        assert_eq!((failure.exit(), failure.reports().len()), (Exit::Findings, 1));
    }
}
