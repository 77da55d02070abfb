//! A private PostgreSQL server.

mod binaries;
mod npm;

use std::{
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use fs_err as fs;

pub(crate) use self::binaries::{SUPPORTED, default_bin_dir, major_bin_dir};
use super::{
    account::Account,
    home::{Home, Medium},
};
use crate::process::{output, say};

/// How a server differs from the one that tests want.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Wait for the disk at each commit, as a real server does: for measurements, not for tests.
    pub(crate) fsync: bool,
}

/// A running server of our own, which ends with this value or with this process.
pub(crate) struct Server {
    home: Home,
    process: Child,
    port: u16,
}

const SUPERUSER: &str = "postgres";
const DATA: &str = "data";
const LOG: &str = "log";

/// A loaded machine starts a server in seconds; beyond this, something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

impl Server {
    /// Starts the server whose programs are in `bin_dir` and waits until it accepts connections.
    pub(crate) fn start(bin_dir: &Path, options: Options) -> Result<Self> {
        let version = binaries::version(bin_dir)?;
        let (home, bin_dir) = move_in(bin_dir, options)?;
        init(&home, &bin_dir)?;
        let (process, port) = launch(&home, &bin_dir, options)?;
        let mut server = Self { home, process, port };
        let deadline = Instant::now() + PATIENCE;
        while !server.is_ready() {
            if server.lost_its_port()? {
                (server.process, server.port) = launch(&server.home, &bin_dir, options)?;
            }
            let late = Instant::now() > deadline;
            ensure!(!late, "PostgreSQL takes too long to start:\n{}", server.last_words());
            thread::sleep(Duration::from_millis(20));
        }
        say("Started", format_args!("PostgreSQL {version} on port {}", server.port));
        Ok(server)
    }

    /// The superuser's URL of a database of this server; `postgres` is one that exists.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The server's own word, in the file where `pg_ctl start` looks for it too. A connection would
    /// prove less: another server may have the port.
    fn is_ready(&self) -> bool {
        const STATUS_LINE: usize = 7;
        let status = fs::read_to_string(self.home.path().join(DATA).join("postmaster.pid"));
        status.is_ok_and(|text| text.lines().nth(STATUS_LINE).map(str::trim) == Some("ready"))
    }

    /// Whether the server has ended because somebody took the port between our look and its own; if
    /// it has ended for another reason, that is an error.
    fn lost_its_port(&mut self) -> Result<bool> {
        let Some(status) = self.process.try_wait()? else { return Ok(false) };
        let words = self.last_words();
        ensure!(words.contains("could not bind"), "PostgreSQL ended at once, {status}:\n{words}");
        Ok(true)
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.home.path().join(LOG))
            .unwrap_or_else(|error| error.to_string());
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.home.close();
        // It has ended by now, unless somebody ended the guard before it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes the server's home, and finds from where its account can run the programs.
///
/// The account cannot enter every folder that root can. A workspace in root's own home is such a
/// case: then a copy of the programs moves in too.
fn move_in(bin_dir: &Path, options: Options) -> Result<(Home, PathBuf)> {
    let medium = if options.fsync { Medium::Disk } else { Medium::Memory };
    let account = Account::choose()?;
    let reachable = output(account.command(bin_dir.join("postgres")).arg("--version")).is_ok();
    let place = |home: &Path| if reachable { bin_dir.into() } else { home.join("programs/bin") };
    let home = Home::create("postgres", medium, account, |home| {
        let mut stop = Command::new(place(home).join("pg_ctl"));
        stop.args(["stop", "--mode=immediate", "--pgdata"]).arg(home.join(DATA));
        stop
    })?;
    if !reachable {
        home.adopt(&bin_dir.join(".."), "programs")?;
    }
    let bin_dir = place(home.path());
    Ok((home, bin_dir))
}

/// Makes the empty database cluster, in the one locale that every system has.
fn init(home: &Home, bin_dir: &Path) -> Result<()> {
    let mut initdb = home.command(bin_dir.join("initdb"));
    initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username"]);
    output(initdb.arg(SUPERUSER).arg("--pgdata").arg(home.path().join(DATA)))?;
    Ok(())
}

fn launch(home: &Home, bin_dir: &Path, options: Options) -> Result<(Child, u16)> {
    let port = free_port()?;
    let log = fs::File::create(home.path().join(LOG))?.into_file();
    let settings = [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", home.path().display()),
        "max_connections=200".to_owned(),
        format!("fsync={}", if options.fsync { "on" } else { "off" }),
    ];
    let process = home
        .command(bin_dir.join("postgres"))
        .arg("-D")
        .arg(home.path().join(DATA))
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .process_group(0)
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot run `postgres`")?;
    Ok((process, port))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("there is no free loopback port")?;
    Ok(listener.local_addr()?.port())
}
