//! Running releases: processes of the quickstart application.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::database::TestDatabase;

/// One process. Its standard input is what keeps it running.
#[derive(Debug)]
pub struct App {
    name: String,
    child: Child,
    output: BufReader<ChildStdout>,
}

/// What a process did in its life.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Rows inserted and updated.
    pub writes: u64,
    /// Queries that read.
    pub reads: u64,
    /// Failed statements, and wrong values.
    pub errors: u64,
    /// The longest statement, in microseconds.
    pub longest_stall_us: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            writes: self.writes + other.writes,
            reads: self.reads + other.reads,
            errors: self.errors + other.errors,
            longest_stall_us: self.longest_stall_us.max(other.longest_stall_us),
        }
    }
}

impl App {
    /// Starts a release, and waits until it may run, or was refused.
    pub fn start(name: &str, program: &Path, database: &TestDatabase) -> Result<App> {
        let mut child = Command::new(program)
            .arg(&database.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} starts"))?;
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line)?;
        let mut app = App { name: name.to_owned(), child, output };
        if line.trim() == "ready" { Ok(app) } else { bail!("{}", app.said()?) }
    }

    /// Starts a release that must be refused; what it said.
    pub fn refused(name: &str, program: &Path, database: &TestDatabase) -> Result<String> {
        match App::start(name, program, database) {
            Ok(app) => {
                app.stop()?;
                bail!("{name} was let in")
            }
            Err(error) => Ok(error.to_string()),
        }
    }

    /// Ends it as a deployment would, and counts what it did.
    pub fn stop(mut self) -> Result<Tally> {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest)?;
        let done = rest.lines().find_map(|line| line.strip_prefix("done ").map(str::to_owned));
        let said = self.said()?;
        let Some(done) = done else { bail!("{} did not end by itself: {said}", self.name) };
        let numbers: Vec<u64> =
            done.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [writes, reads, errors, longest_stall_us] = numbers[..] else { bail!("`{done}`?") };
        ensure!(errors == 0, "{} met {errors} errors: {said}", self.name);
        Ok(Tally { writes, reads, errors, longest_stall_us })
    }

    /// What it wrote to its standard error; it has ended, or is about to.
    fn said(&mut self) -> Result<String> {
        let mut said = String::new();
        if let Some(mut error) = self.child.stderr.take() {
            error.read_to_string(&mut said)?;
        }
        Ok(said)
    }
}

impl Drop for App {
    /// A test that fails leaves nothing running.
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
