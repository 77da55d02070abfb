//! A server process: started on a free port, waited for, and ended with its home.

use std::{
    net::TcpListener,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use fs_err as fs;

use super::home::Home;

/// The file of the home that has what the server says.
const LOG: &str = "log";

/// A loaded machine starts a server in seconds; beyond this, something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is particular to one kind of server.
pub(crate) trait Kind {
    /// Its name, for messages.
    const NAME: &'static str;

    /// What it says in its log when somebody else has its port.
    const PORT_TAKEN: &'static str;

    /// The program with all that it is told, in its home.
    fn command(&self, home: &Home, port: u16) -> Result<Command>;

    /// The server's own word that it accepts connections. A connection would prove less: another server may have
    /// the port.
    fn is_ready(&self, home: &Home) -> bool;
}

/// A running server of our own, which ends with this value or with this process.
pub(crate) struct Running {
    home: Home,
    process: Child,
    port: u16,
}

impl Running {
    /// Starts it and waits until it accepts connections.
    pub(crate) fn start<K: Kind>(kind: &K, home: Home) -> Result<Self> {
        let (process, port) = launch(kind, &home)?;
        let mut server = Self { home, process, port };
        let deadline = Instant::now() + PATIENCE;
        while !kind.is_ready(&server.home) {
            if server.lost_its_port::<K>()? {
                (server.process, server.port) = launch(kind, &server.home)?;
            }
            let late = Instant::now() > deadline;
            ensure!(!late, "{} takes too long to start:\n{}", K::NAME, server.last_words());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the server has ended because somebody took the port between our look and its own; if
    /// it has ended for another reason, that is an error.
    fn lost_its_port<K: Kind>(&mut self) -> Result<bool> {
        let Some(status) = self.process.try_wait()? else { return Ok(false) };
        let words = self.last_words();
        ensure!(words.contains(K::PORT_TAKEN), "{} ended at once, {status}:\n{words}", K::NAME);
        Ok(true)
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.home.path().join(LOG))
            .unwrap_or_else(|error| error.to_string());
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.home.close();
        // It has ended by now, unless somebody ended the guard before it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether the server has said these words.
pub(crate) fn says(home: &Home, words: &str) -> bool {
    fs::read_to_string(home.path().join(LOG)).is_ok_and(|log| log.contains(words))
}

fn launch<K: Kind>(kind: &K, home: &Home) -> Result<(Child, u16)> {
    let port = free_port()?;
    let log = fs::File::create(home.path().join(LOG))?.into_file();
    let mut command = kind.command(home, port)?;
    let process = std::os::unix::process::CommandExt::process_group(&mut command, 0)
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot run {}", K::NAME))?;
    Ok((process, port))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("there is no free loopback port")?;
    Ok(listener.local_addr()?.port())
}
