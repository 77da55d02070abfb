//! A process that a test watches, pauses and kills.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use tempfile::NamedTempFile;

use crate::program::Ran;

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One process; what it says goes to files, so that it is never held up.
#[derive(Debug)]
pub struct Running {
    line: String,
    child: Child,
    out: NamedTempFile,
    err: NamedTempFile,
}

impl Running {
    /// Starts it; `line` is for messages.
    pub fn start(mut command: Command, line: String) -> Result<Running> {
        let (out, err) = (NamedTempFile::new()?, NamedTempFile::new()?);
        command.stdout(out.reopen()?).stderr(err.reopen()?);
        let child = command.spawn().with_context(|| format!("`{line}` starts"))?;
        Ok(Running { line, child, out, err })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    pub fn said(&self) -> Result<String> {
        Ok(fs::read_to_string(self.out.path())? + &fs::read_to_string(self.err.path())?)
    }

    /// Waits until it has said this.
    pub fn wait_for(&mut self, word: &str) -> Result<()> {
        let began = Instant::now();
        while !self.said()?.contains(word) {
            if let Some(status) = self.child.try_wait()? {
                bail!("`{}` ended ({status}) without `{word}`: {}", self.line, self.said()?);
            }
            ensure!(began.elapsed() < PATIENCE, "`{word}` was never said: {}", self.said()?);
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// `kill -STOP`, and until every thread has heard of it: it does nothing any more, and holds what it
    /// holds.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")?;
        until("every thread has stopped", || Ok(self.stopped()?.then_some(())))
    }

    fn stopped(&self) -> Result<bool> {
        for thread in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            let stat = fs::read_to_string(thread?.path().join("stat"))?;
            // The name of a program may hold anything, and the state follows it.
            let state = stat.rsplit_once(')').map_or("", |(_, rest)| rest.trim_start());
            if !state.starts_with('T') {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `kill -CONT`.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// Ctrl-C.
    pub fn interrupt(&self) -> Result<()> {
        self.signal("INT")
    }

    /// `kill -9`, and its burial.
    pub fn kill(mut self) -> Result<()> {
        self.signal("KILL")?;
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status()?;
        ensure!(status.success(), "`{}` cannot be sent {name}", self.line);
        Ok(())
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Result<Ran> {
        let status = self.end()?;
        Ok(Ran {
            line: self.line.clone(),
            code: status.code(),
            out: fs::read_to_string(self.out.path())?,
            err: fs::read_to_string(self.err.path())?,
        })
    }

    fn end(&mut self) -> Result<ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(began.elapsed() < PATIENCE, "`{}` does not end: {}", self.line, self.said()?);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    /// A test that fails leaves nothing running, and nothing paused.
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        ensure!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
