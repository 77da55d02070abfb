//! Everything that is printed: what happens to stderr, in cargo's manner, and results to stdout.
//!
//! With `--message-format json` results, problems among them, are objects on stdout, one a line; what
//! happens is still told on stderr. Every text passes [`mask`] on its way out.

mod page;
mod render;

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Effects, Style};
use colmig_core::{Exit, Problem};
use serde::Serialize;

use crate::cli::{Color, Globals, MessageFormat, ProgressStyle};
use crate::report::{Failure, Report};
use crate::secret::mask;

pub use render::Severity;

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
        }
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
            err(&format!("{VERB}note{VERB:#}: {message}\n"));
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
        for report in failure.reports() {
            self.report(Severity::Error, report);
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
            let line = serde_json::to_string(object).expect("plain data has a JSON form");
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
            err(&format!("{style}{verb:>12}{style:#} {message}\n"));
        }
    }
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
