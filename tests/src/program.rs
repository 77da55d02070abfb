//! The program, as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

use crate::running::Running;

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

/// `cargo-colmig`, built with the feature `faults`: the one that `cargo xtask` built, or a new one.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("COLMIG_TEST_BIN") {
        Some(path) => path.into(),
        None => build().expect("cargo-colmig builds"),
    })
}

fn build() -> Result<PathBuf> {
    let target = root().join("target/program");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--package",
            "cargo-colmig",
            "--features",
            "faults",
            "--target-dir",
        ])
        .arg(&target)
        .current_dir(root())
        .status()?;
    ensure!(status.success(), "cargo build failed");
    Ok(target.join("debug/cargo-colmig"))
}

/// What a run of the program came to.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The command line, for messages.
    pub line: String,
    /// The exit code; none: it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it said.
    pub err: String,
}

impl Ran {
    /// Fails, with all that was said, unless the exit code is this one.
    pub fn expect(self, code: i32) -> Result<Ran> {
        self.expect_one_of(&[code])
    }

    /// Fails, with all that was said, unless the exit code is one of these.
    pub fn expect_one_of(self, codes: &[i32]) -> Result<Ran> {
        let Ran { line, out, err, code } = &self;
        ensure!(
            code.is_some_and(|code| codes.contains(&code)),
            "`{line}` ended with {code:?}, not {codes:?}:\n{out}{err}"
        );
        Ok(self)
    }

    /// Fails unless all of these words were said.
    pub fn says(self, words: &[&str]) -> Result<Ran> {
        for word in words {
            let Ran { line, out, err, .. } = &self;
            ensure!(
                out.contains(word) || err.contains(word),
                "`{line}` does not say `{word}`:\n{out}{err}"
            );
        }
        Ok(self)
    }
}

/// A command line of the program in a folder, on a database.
#[derive(Debug)]
pub struct Colmig {
    command: Command,
    line: String,
}

impl Colmig {
    /// `cargo colmig …`, in `folder`.
    pub fn new(folder: &Path, words: &str) -> Colmig {
        let mut command = Command::new(program());
        command.arg("colmig").args(words.split_whitespace()).current_dir(folder);
        command
            .env_remove("COLMIG_KILL_AT")
            .env_remove("DATABASE_URL")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        Colmig { command, line: format!("cargo colmig {words}") }
    }

    /// The database, for `$DATABASE_URL`.
    #[must_use]
    pub fn on(mut self, url: &str) -> Colmig {
        self.command.env("DATABASE_URL", url);
        self
    }

    /// Dies before its n-th statement.
    #[must_use]
    pub fn killed_at(mut self, statement: u64) -> Colmig {
        self.command.env("COLMIG_KILL_AT", statement.to_string());
        self
    }

    /// One more argument, blanks and all.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Colmig {
        self.command.arg(argument);
        self.line.push_str(&format!(" '{argument}'"));
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Result<Ran> {
        let Output { status, stdout, stderr } =
            self.command.output().context("the program starts")?;
        Ok(Ran {
            line: self.line,
            code: status.code(),
            out: String::from_utf8_lossy(&stdout).into_owned(),
            err: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    /// Starts it, to be watched, paused and killed.
    pub fn spawn(self) -> Result<Running> {
        Running::start(self.command, self.line)
    }

    /// Starts it.
    pub fn start(mut self) -> Result<std::process::Child> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().context("the program starts")
    }
}
