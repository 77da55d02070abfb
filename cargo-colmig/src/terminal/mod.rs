//! Everything that is printed: what happens to stderr, in cargo's manner, and results to stdout.
//!
//! With `--message-format json` results, problems among them, are objects on stdout, one a line; what
//! happens is still told on stderr. Every text passes [`mask`] on its way out.

mod page;
mod render;

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Effects, Style};
use colmig_core::shards::named;
use colmig_core::{Exit, Problem};
use serde::Serialize;

use crate::cli::{Color, Globals, MessageFormat, ProgressStyle};
use crate::report::{Failure, Report};
use crate::secret::mask;

pub use render::Severity;

/// How wide a terminal is where that is not known.
const USUAL: usize = 80;

const VERB: Style = AnsiColor::BrightGreen.on_default().effects(Effects::BOLD);
const WAITING: Style = AnsiColor::BrightCyan.on_default().effects(Effects::BOLD);
const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();

/// Where a command tells what it does.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    format: MessageFormat,
    progress: ProgressStyle,
    quiet: bool,
    verbose: u8,
    /// The database that all this is about, where a command works on several.
    target: Option<&'static str>,
}

impl Terminal {
    /// The terminal as the command line wants it.
    pub fn new(globals: &Globals) -> Terminal {
        color_choice(globals.color).write_global();
        Terminal {
            format: globals.message_format,
            progress: globals.progress,
            quiet: globals.quiet,
            verbose: globals.verbose,
            target: None,
        }
    }

    /// The same for one of several databases: it is named in front of each line, and in each object. Its name lives as
    /// long as the program, as what is said of it does.
    #[must_use]
    pub fn of_target(self, name: &str) -> Terminal {
        Terminal { target: Some(String::leak(name.to_owned())), ..self }
    }

    /// The same for all of them again.
    #[must_use]
    pub fn of_all(self) -> Terminal {
        Terminal { target: None, ..self }
    }

    /// Whether all this is about one of several databases.
    pub fn has_target(&self) -> bool {
        self.target.is_some()
    }

    /// A heading above the results of one of several databases; for people.
    pub fn heading(&self) {
        if let Some(target) = self.target {
            self.print(&format!("{target}:\n"));
        }
    }

    /// How wide results may be.
    pub fn width(&self) -> usize {
        let width = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0);
        width.map_or(USUAL, usize::from)
    }

    /// What was done: `     Created colmig.toml`. The verb has twelve letters at most.
    pub fn status(&self, verb: &str, message: &str) {
        self.say(VERB, verb, message);
    }

    /// What has to wait, in another colour.
    pub fn waiting(&self, verb: &str, message: &str) {
        self.say(WAITING, verb, message);
    }

    /// A line below a status that says more of it.
    pub fn more(&self, message: &str) {
        self.say(VERB, "", message);
    }

    /// What only `--verbose` shows.
    pub fn detail(&self, verb: &str, message: &str) {
        if self.verbose > 0 {
            self.say(VERB, verb, message);
        }
    }

    /// Advice: `note: …`.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            err(&format!("{VERB}note{VERB:#}: {}{message}\n", self.whose()));
        }
    }

    /// What is wrong and does not stop the command.
    pub fn warning(&self, problem: &Problem) {
        self.report(Severity::Warning, &problem.clone().into());
    }

    /// What a command was asked to look for, and found; a program gets an object from the command.
    pub fn finding(&self, report: &Report) {
        if !self.is_json() {
            self.report(Severity::Error, report);
        }
    }

    /// Why the command ends.
    pub fn failure(&self, failure: &Failure) {
        match self.format {
            MessageFormat::Json => {
                failure.reports().iter().for_each(|report| self.report(Severity::Error, report));
            }
            MessageFormat::Human => {
                alike(failure.reports())
                    .iter()
                    .for_each(|report| self.report(Severity::Error, report));
            }
        }
        if !self.quiet && !self.is_json() {
            err(&render::more(failure));
        }
    }

    fn report(&self, severity: Severity, report: &Report) {
        match self.format {
            MessageFormat::Human => err(&render::human(severity, report)),
            MessageFormat::Json => self.object(&render::json(severity, report)),
        }
    }

    /// A result for people; a program gets it from [`Terminal::object`].
    pub fn print(&self, text: &str) {
        if !self.is_json() {
            out(text);
        }
    }

    /// A page of Markdown; for people.
    pub fn page(&self, text: &str) {
        let width = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0);
        self.print(&page::human(text, width));
    }

    /// A unified diff, in colours; for people.
    pub fn diff(&self, text: &str) {
        let line = |line: &str| match line.chars().next() {
            Some('+') => format!("{ADDED}{line}{ADDED:#}\n"),
            Some('-') => format!("{REMOVED}{line}{REMOVED:#}\n"),
            _ => format!("{line}\n"),
        };
        self.print(&text.lines().map(line).collect::<String>());
    }

    /// A result for programs: one line on stdout. People do not see it.
    pub fn object(&self, object: &impl Serialize) {
        if self.is_json() {
            const PLAIN: &str = "plain data has a JSON form";
            let line = match self.target {
                None => serde_json::to_string(object).expect(PLAIN),
                Some(target) => {
                    let mut object = serde_json::to_value(object).expect(PLAIN);
                    object["target"] = target.into();
                    object.to_string()
                }
            };
            out(&(line + "\n"));
        }
    }

    /// Tells a program how it ends; people see the exit code only where they ask.
    pub fn finished(&self, exit: Exit) {
        self.object(&serde_json::json!({ "reason": "finished", "exit": exit as u8 }));
    }

    /// Whether a program reads the results.
    pub fn is_json(&self) -> bool {
        self.format == MessageFormat::Json
    }

    /// How progress is shown: a bar, lines, or not at all.
    pub fn progress(&self) -> ProgressStyle {
        match self.progress {
            _ if self.quiet => ProgressStyle::None,
            ProgressStyle::Auto if std::io::stderr().is_terminal() => ProgressStyle::Bar,
            ProgressStyle::Auto => ProgressStyle::Lines,
            chosen => chosen,
        }
    }

    fn say(&self, style: Style, verb: &str, message: &str) {
        if !self.quiet {
            err(&format!("{style}{verb:>12}{style:#} {}{message}\n", self.whose()));
        }
    }

    fn whose(&self) -> String {
        self.target.map_or_else(String::new, |target| format!("{target}: "))
    }
}

/// What several databases have alike is said once, with the names of all.
fn alike(reports: &[Report]) -> Vec<Report> {
    let mut groups: Vec<(Report, Vec<&str>)> = Vec::new();
    for report in reports {
        let is_same = |(first, _): &&mut (Report, Vec<&str>)| {
            first.target.is_some() && first.problem == report.problem && first.excerpt.is_none()
        };
        match (groups.iter_mut().find(is_same), report.target.as_deref()) {
            (Some((_, targets)), Some(target)) => targets.push(target),
            (_, target) => groups.push((report.clone(), target.into_iter().collect())),
        }
    }
    let joined = |(report, targets): (Report, Vec<&str>)| Report {
        target: report.target.is_some().then(|| named(&targets)),
        ..report
    };
    groups.into_iter().map(joined).collect()
}

/// Without `--color`, cargo's own variable decides, so that `cargo colmig` looks like cargo.
fn color_choice(color: Option<Color>) -> anstream::ColorChoice {
    let variable = std::env::var("CARGO_TERM_COLOR").ok();
    match (color, variable.as_deref()) {
        (Some(Color::Always), _) | (None, Some("always")) => anstream::ColorChoice::Always,
        (Some(Color::Never), _) | (None, Some("never")) => anstream::ColorChoice::Never,
        _ => anstream::ColorChoice::Auto,
    }
}

/// A reader that has gone (`| head`) is no reason to stop half-way through a migration.
fn out(text: &str) {
    let mut stdout = anstream::stdout();
    let _gone = stdout.write_all(mask(text).as_bytes()).and_then(|()| stdout.flush());
}

fn err(text: &str) {
    let _gone = anstream::stderr().write_all(mask(text).as_bytes());
}
