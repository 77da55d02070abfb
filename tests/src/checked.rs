//! Crates that a test writes and `cargo check` looks at, as it looks at a user's.

use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use cargo_metadata::{CompilerMessage, Message};
use fs_err as fs;

use crate::program::root;

/// A folder for packages, all of one test.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    target: PathBuf,
}

impl Folder {
    /// An empty one of this name below `shared`, where dependencies are compiled once for all.
    ///
    /// Cargo knows packages by their path inside their workspace, so let no two tests have packages of one
    /// name: they would be taken for each other.
    pub fn new(shared: &Path, name: &str) -> Result<Folder> {
        let path = shared.join("checked").join(name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Folder { path, target: shared.join("checked-target") })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, and the folders that it lies in; a path that leads out of this folder is a bug of
    /// the test.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let is_inside =
            Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(is_inside, "`{path}` does not lie in the folder");
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        Ok(fs::write(path, text)?)
    }

    /// `cargo check` in one of its folders. Dependencies have the versions that this workspace has.
    pub fn check(&self, folder: &str, arguments: &[&str]) -> Result<Checked> {
        self.run("check", folder, arguments)
    }

    /// `cargo clippy` in one of its folders.
    pub fn clippy(&self, folder: &str, arguments: &[&str]) -> Result<Checked> {
        self.run("clippy", folder, arguments)
    }

    fn run(&self, command: &str, folder: &str, arguments: &[&str]) -> Result<Checked> {
        let workspace = self.path.join(folder);
        if !workspace.join("Cargo.lock").exists() {
            fs::copy(root().join("Cargo.lock"), workspace.join("Cargo.lock"))?;
        }
        let output = Command::new(env!("CARGO"))
            .args([command, "--offline", "--keep-going", "--message-format=json", "--target-dir"])
            .arg(&self.target)
            .args(arguments)
            .current_dir(workspace)
            .stdin(Stdio::null())
            .output()
            .context("cargo runs")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut checked = Checked { passed: output.status.success(), said, ..Checked::default() };
        let own = fs::canonicalize(&self.path)?;
        for message in Message::parse_stream(output.stdout.as_slice()) {
            checked.hear(message?, &own);
        }
        Ok(checked)
    }
}

/// What `cargo check` came to.
#[derive(Debug, Default)]
pub struct Checked {
    /// Whether it found no error.
    pub passed: bool,
    /// The crates that it found as it had left them.
    pub fresh: Vec<String>,
    /// What the compiler said of the folder's crates, in its order, without its closing words.
    pub diagnostics: Vec<Said>,
    /// What cargo itself said.
    pub said: String,
}

/// One diagnostic of one crate.
#[derive(Debug)]
pub struct Said {
    /// The crate.
    pub krate: String,
    /// Error, warning or less.
    pub level: DiagnosticLevel,
    /// Its message.
    pub message: String,
    /// The file that it points at; cargo names it from the workspace's folder.
    pub file: String,
    /// The lines of that file that it points at.
    pub lines: Vec<usize>,
}

impl Checked {
    /// Keeps what is about the crates in this folder, and is no closing word.
    fn hear(&mut self, message: Message, own: &Path) {
        match message {
            Message::CompilerArtifact(artifact) if artifact.fresh => {
                self.fresh.push(artifact.target.name);
            }
            Message::CompilerMessage(CompilerMessage { target, message, .. })
                if !message.spans.is_empty() && target.src_path.starts_with(own) =>
            {
                self.diagnostics.push(Said::new(target.name, &message));
            }
            _ => {}
        }
    }

    /// The errors.
    pub fn errors(&self) -> impl Iterator<Item = &Said> {
        self.diagnostics.iter().filter(|said| said.level == DiagnosticLevel::Error)
    }
}

impl Said {
    fn new(krate: String, diagnostic: &Diagnostic) -> Said {
        let primary: Vec<_> = diagnostic.spans.iter().filter(|span| span.is_primary).collect();
        Said {
            krate,
            level: diagnostic.level,
            message: diagnostic.message.clone(),
            file: primary.first().map(|span| span.file_name.clone()).unwrap_or_default(),
            lines: primary.iter().map(|span| span.line_start).collect(),
        }
    }
}
