//! A section of Markdown as a shell session: its files are written, its commands are run, and what they
//! print is compared.
//!
//! * A block whose first line is a comment with a path (`// src/lib.rs`, `# Cargo.toml`) is that file.
//! * In a `console` block, `$ ` begins a command; what follows is what it prints on both streams. After
//!   that, `? 6` is its exit code; without it, the code is 0.
//! * `…` alone on a line stands for any lines, `[..]` for any part of one.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use colmig_tests::program::program;
use fs_err as fs;

/// A fenced block.
struct Block {
    language: String,
    text: String,
}

/// Goes through the section in a folder of its own.
pub(crate) fn run(section: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut exports = Vec::new();
    let mut ran = 0;
    for block in blocks(section) {
        if let Some(path) = file(&block) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
            fs::write(path, &block.text)?;
        } else if block.language == "console" {
            ran += console(&block.text, folder.path(), &mut exports)?;
        }
    }
    ensure!(ran > 0, "there is no command in it");
    Ok(())
}

fn blocks(section: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for part in section.split("\n```").skip(1).step_by(2) {
        let (language, text) = part.split_once('\n').unwrap_or((part, ""));
        blocks.push(Block { language: language.to_owned(), text: text.to_owned() + "\n" });
    }
    blocks
}

/// The path in the first line, if it is a comment with nothing else.
fn file(block: &Block) -> Option<&str> {
    let first = block.text.lines().next()?;
    let path = first.strip_prefix("// ").or_else(|| first.strip_prefix("# "))?;
    (path.contains('.') && !path.contains(' ')).then_some(path)
}

/// Runs the commands of one block; how many there were.
fn console(text: &str, folder: &Path, exports: &mut Vec<(String, String)>) -> Result<usize> {
    let commands: Vec<_> = format!("\n{text}").split("\n$ ").skip(1).map(str::to_owned).collect();
    for command in &commands {
        let (line, expected) = command.split_once('\n').unwrap_or((command, ""));
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|e| e.split_once('=')) {
            exports.push((name.to_owned(), value.trim_matches('\'').to_owned()));
            continue;
        }
        let (expected, code) = match expected.trim_end().rsplit_once("\n? ") {
            Some((expected, code)) => {
                (expected, code.parse().context("an exit code follows `? `")?)
            }
            None => (expected.trim_end(), 0),
        };
        let (printed, ended) = shell(line, folder, exports)?;
        ensure!(
            ended == Some(code) && matches(&lines(expected), &lines(&printed)),
            "`{line}` ended with {ended:?} and printed\n{printed}\nThe README says {code} and\n{expected}"
        );
    }
    Ok(commands.len())
}

fn shell(line: &str, folder: &Path, exports: &[(String, String)]) -> Result<(String, Option<i32>)> {
    let own = program().parent().context("the program lies in a folder")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(own.to_owned()).chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {line}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(path)?)
        .env("NO_COLOR", "1")
        .env_remove("DATABASE_URL")
        .envs(exports.iter().cloned())
        .stdin(Stdio::null())
        .output()
        .context("there is a shell")?;
    Ok((String::from_utf8(output.stdout)?, output.status.code()))
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
