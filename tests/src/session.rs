//! Markdown as a shell session: its files are written, its commands are run, and what they print is
//! compared.
//!
//! * A block whose first line is a comment with a path (`// src/lib.rs`, `# Cargo.toml`) is that file.
//! * In a `console` block, `$ ` begins a command; what follows is what it prints on both streams. After
//!   that, `? 6` is its exit code; without it, the code is 0.
//! * `…` alone on a line stands for any lines, `[..]` for any part of one.
//! * `sqlite3 FILE 'SQL'` needs no such program: the statement is run here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use colmig_core::explain::markdown::{Block, Fence, blocks};
use fs_err as fs;

use crate::database::TestDatabase;
use crate::program::program;

/// A shell in a folder.
#[derive(Debug)]
pub struct Session {
    folder: PathBuf,
    exports: Vec<(String, String)>,
    unsaid: &'static str,
}

/// One command that was run.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The command line.
    pub line: String,
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub printed: String,
}

/// Goes through a text in a folder of its own.
pub fn run(text: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut session = Session::new(folder.path());
    let mut ran = 0;
    for block in blocks(text) {
        if let Block::Code(fence) = block {
            ran += session.play(fence)?.len();
        }
    }
    ensure!(ran > 0, "there is no command in it");
    Ok(())
}

impl Session {
    /// A session in this folder.
    #[must_use]
    pub fn new(folder: &Path) -> Session {
        Session { folder: folder.to_owned(), exports: Vec::new(), unsaid: "\0" }
    }

    /// Lines that begin like this are printed, and are not in the text.
    #[must_use]
    pub fn without(self, unsaid: &'static str) -> Session {
        Session { unsaid, ..self }
    }

    /// Sets a variable for all commands.
    pub fn export(&mut self, name: &str, value: &str) {
        self.exports.push((name.to_owned(), value.to_owned()));
    }

    /// Writes the file that a fence is, or runs the commands that are in it.
    pub fn play(&mut self, fence: Fence<'_>) -> Result<Vec<Ran>> {
        if let Some(path) = file(fence.text) {
            let path = self.folder.join(path);
            fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
            fs::write(path, fence.text)?;
        } else if fence.info == "console" {
            return self.console(fence.text);
        }
        Ok(Vec::new())
    }

    fn console(&mut self, text: &str) -> Result<Vec<Ran>> {
        let text = format!("\n{text}");
        text.split("\n$ ").skip(1).map(|command| self.command(command)).collect()
    }

    /// Runs one command, and compares.
    fn command(&mut self, command: &str) -> Result<Ran> {
        let (line, expected) = command.split_once('\n').unwrap_or((command, ""));
        let (expected, code) = match expected.trim_end().rsplit_once("? ") {
            Some((expected, code)) if expected.is_empty() || expected.ends_with('\n') => {
                (expected, code.parse().context("an exit code follows `? `")?)
            }
            _ => (expected, 0),
        };
        let ran = self.shell(line)?;
        ensure!(
            ran.code == code && matches(&lines(expected), &lines(&ran.printed)),
            "`{line}` ended with {} and printed\n{}\nThe text says {code} and\n{expected}",
            ran.code,
            ran.printed
        );
        Ok(ran)
    }

    fn shell(&mut self, line: &str) -> Result<Ran> {
        let quiet = Ran { line: line.to_owned(), code: 0, printed: String::new() };
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|e| e.split_once('=')) {
            self.export(name, value.trim_matches('\''));
            return Ok(quiet);
        }
        if let Some((file, sql)) = line.strip_prefix("sqlite3 ").and_then(|s| s.split_once(' ')) {
            let quoted =
                sql.strip_prefix(['"', '\'']).and_then(|sql| sql.strip_suffix(['"', '\'']));
            let Some(sql) = quoted else { bail!("the statement is not quoted: {line}") };
            TestDatabase::in_file(&self.folder.join(file)).execute(sql)?;
            return Ok(quiet);
        }
        let own = program().parent().context("the program lies in a folder")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(own.to_owned()).chain(std::env::split_paths(&path));
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {line}\n}} 2>&1")])
            .current_dir(&self.folder)
            .env("PATH", std::env::join_paths(path)?)
            .env("NO_COLOR", "1")
            .env_remove("DATABASE_URL")
            .envs(self.exports.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .context("there is a shell")?;
        let printed = String::from_utf8(output.stdout)?;
        let said = printed.lines().filter(|line| !line.starts_with(self.unsaid));
        let printed = said.flat_map(|line| [line, "\n"]).collect();
        let code = output.status.code().context("no signal ended it")?;
        Ok(Ran { code, printed, ..quiet })
    }
}

/// The path in the first line, if it is a comment with nothing else.
fn file(text: &str) -> Option<&str> {
    let first = text.lines().next()?;
    let path = first.strip_prefix("// ").or_else(|| first.strip_prefix("# "))?;
    (path.contains('.') && !path.contains(' ')).then_some(path)
}

fn lines(text: &str) -> Vec<&str> {
    text.trim_end().lines().map(str::trim_end).collect()
}

/// Whether the lines are those that are expected, elisions apart.
fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|skip| matches(rest, &printed[skip..])),
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, more)| alike(first, line) && matches(rest, more)),
    }
}

/// Whether a line is the expected one, `[..]` apart.
fn alike(expected: &str, printed: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == printed,
        Some((head, tail)) => printed.strip_prefix(head).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| alike(tail, &rest[at..]))
        }),
    }
}

#[test]
fn elisions_stand_for_what_changes_and_for_nothing_else() {
    for (expected, printed, same) in [
        ("a\n…\nd", "a\nb\nc\nd", true),
        ("a\n…", "a", true),
        ("a in [..] s", "a in 0.03 s", true),
        ("a in [..] s", "a in 0.03 ms", false),
        ("a\nb", "a\nb\nc", false),
        ("…\nb", "a\nc", false),
    ] {
        assert_eq!(matches(&lines(expected), &lines(printed)), same, "{expected:?} {printed:?}");
    }
}
