//! A problem as rustc would print it, and as an object.

use std::collections::BTreeSet;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use crate::report::{Failure, Report};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The command ends.
    Error,
    /// The command goes on.
    Warning,
}

/// ```text
/// error[CM0201]: `handle` cannot go from absent to active at once
///   --> src/user.rs:7:9
///    |
///  7 |     pub handle: String,
///    |         ^^^^^^
///    |
///    = help: write …
/// ```
pub(super) fn human(severity: Severity, report: &Report) -> String {
    let problem = &report.problem;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (message, more) = problem.message.split_once('\n').unwrap_or((&problem.message, ""));
    let whose = report.target.as_ref().map_or_else(String::new, |target| format!("{target}: "));
    let title = level.primary_title(format!("{whose}{message}")).id(problem.code.id);
    let mut group = Group::with_title(title);
    if let Some(excerpt) = &report.excerpt {
        let annotation = AnnotationKind::Primary.span(excerpt.bytes.clone());
        group = group
            .element(Snippet::source(&*excerpt.text).path(&excerpt.file).annotation(annotation));
    } else if let Some(place) = &problem.place {
        group = group.element(Origin::path(place));
    }
    let group = group.elements(problem.help.iter().map(|help| Level::HELP.message(help)));
    let text = Renderer::styled().render(&[group]);
    // Without line numbers, the arrow would stand at the edge.
    let at_edge = report.excerpt.is_none() && problem.place.is_some();
    let text = if at_edge { text.replace('\n', "\n ") } else { text };
    // What other programs say may be long, and keeps its own shape.
    let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let lines = [title, more, rest].into_iter().filter(|part| !part.is_empty());
    lines.collect::<Vec<_>>().join("\n") + "\n\n"
}

/// Where to read more, in one line however many problems there are.
pub(super) fn more(failure: &Failure) -> String {
    let codes: BTreeSet<_> =
        failure.reports().iter().map(|report| report.problem.code.id).collect();
    let codes: Vec<_> = codes.into_iter().collect();
    match codes[..] {
        [code] => format!("For more about this: cargo colmig explain {code}\n"),
        _ => format!("For more about these: cargo colmig explain CODE, for {}\n", codes.join(", ")),
    }
}

/// A problem for programs.
#[derive(Serialize)]
pub(super) struct Object<'a> {
    reason: &'static str,
    level: Severity,
    code: &'static str,
    title: &'static str,
    message: &'a str,
    help: &'a [String],
    place: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    exit: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
}

/// The problem as an object.
pub(super) fn json(severity: Severity, report: &Report) -> Object<'_> {
    let problem = &report.problem;
    let excerpt = report.excerpt.as_ref();
    Object {
        reason: "problem",
        level: severity,
        code: problem.code.id,
        title: problem.code.title,
        message: &problem.message,
        help: &problem.help,
        place: problem.place.as_deref(),
        file: excerpt.map(|excerpt| excerpt.file.as_str()),
        line: excerpt.map(|excerpt| excerpt.line),
        column: excerpt.map(|excerpt| excerpt.column),
        exit: (severity == Severity::Error).then_some(problem.code.exit as u8),
        target: report.target.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Text;
    use colmig_core::problem::ILLEGAL_MOVE;

    fn plain(report: &Report) -> String {
        anstream::adapter::strip_str(&human(Severity::Error, report)).to_string()
    }

    #[test]
    fn a_problem_in_a_text_shows_the_line() {
        let text = Text {
            file: "src/a.rs".into(),
            text: "struct User {\n    handle: String,\n}\n".into(),
        };
        let problem =
            ILLEGAL_MOVE.problem("`handle` cannot do this").help("do that").help("or this");
        let expected = "\
error[CM0201]: `handle` cannot do this
 --> src/a.rs:2:5
  |
2 |     handle: String,
  |     ^^^^^^
  |
  = help: do that
  = help: or this

";
        assert_eq!(plain(&text.report(problem, 2, 5, 6)), expected);
    }

    #[test]
    fn a_problem_elsewhere_names_its_place() {
        let report = ILLEGAL_MOVE.problem("no").at("migrations/0001_a").help("yes").into();
        let text = plain(&report);
        assert!(text.starts_with("error[CM0201]: no\n"), "{text}");
        assert!(text.ends_with("\n --> migrations/0001_a\n  = help: yes\n\n"), "{text}");
        let object =
            serde_json::to_value(json(Severity::Error, &report)).expect("it is plain data");
        assert_eq!((&object["code"], &object["exit"]), (&"CM0201".into(), &100.into()));
    }
}
