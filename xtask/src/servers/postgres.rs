//! A private PostgreSQL server.

mod binaries;
mod npm;
mod replica;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use fs_err as fs;

pub(crate) use self::{
    binaries::{SUPPORTED, default_bin_dir, major_bin_dir},
    replica::Replicated,
};
use super::{
    Servers,
    account::Account,
    home::{Home, Medium, PROGRAMS},
    running::{self, Kind, Running},
};
use crate::process::{output, say};

/// How a server differs from the one that tests want.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Wait for the disk at each commit, as a real server does: for measurements, not for tests.
    pub(crate) fsync: bool,
}

/// A running server.
pub(crate) struct Server(Running);

const SUPERUSER: &str = "postgres";
const DATA: &str = "data";

impl Server {
    /// Starts the server whose programs are in `bin_dir` and waits until it accepts connections.
    pub(crate) fn start(bin_dir: &Path, options: Options) -> Result<Self> {
        let version = binaries::version(bin_dir)?;
        let (home, bin_dir) = move_in(bin_dir, options)?;
        init(&home, &bin_dir)?;
        let running = Running::start(&Postgres { bin_dir, options, primary: None }, home)?;
        say("Started", format_args!("PostgreSQL {version} on port {}", running.port()));
        Ok(Self(running))
    }

    /// The superuser's URL of a database of this server; `postgres` is one that exists.
    pub(crate) fn url(&self, database: &str) -> String {
        url(self.0.port(), database)
    }
}

impl Servers for Server {
    fn urls(&self) -> Vec<String> {
        vec![self.url("postgres")]
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://{SUPERUSER}@127.0.0.1:{port}/{database}")
}

struct Postgres {
    bin_dir: PathBuf,
    options: Options,
    /// The port of the server that this one repeats.
    primary: Option<u16>,
}

impl Kind for Postgres {
    const NAME: &'static str = "PostgreSQL";
    const PORT_TAKEN: &'static str = "could not bind";

    fn command(&self, home: &Home, port: u16) -> Result<Command> {
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", home.path().display()),
            "max_connections=200".to_owned(),
            format!("fsync={}", if self.options.fsync { "on" } else { "off" }),
        ];
        let primary = self
            .primary
            .map(|port| format!("primary_conninfo=host=127.0.0.1 port={port} user={SUPERUSER}"));
        let mut command = home.command(self.bin_dir.join("postgres"));
        command
            .arg("-D")
            .arg(home.path().join(DATA))
            .args(settings.iter().chain(&primary).flat_map(|setting| ["-c", setting]));
        Ok(command)
    }

    /// In the file where `pg_ctl start` looks for it too. A replica must also follow.
    fn is_ready(&self, home: &Home) -> bool {
        const STATUS_LINE: usize = 7;
        let status = fs::read_to_string(home.path().join(DATA).join("postmaster.pid"));
        let accepts =
            status.is_ok_and(|text| text.lines().nth(STATUS_LINE).map(str::trim) == Some("ready"));
        accepts && (self.primary.is_none() || running::says(home, "started streaming WAL"))
    }
}

/// Makes the server's home, and finds from where its account can run the programs.
///
/// The account cannot enter every folder that root can. A workspace in root's own home is such a
/// case: then a copy of the programs moves in too.
fn move_in(bin_dir: &Path, options: Options) -> Result<(Home, PathBuf)> {
    let medium = if options.fsync { Medium::Disk } else { Medium::Memory };
    let account = Account::choose()?;
    let reachable = account.runs(&bin_dir.join("postgres"));
    let place =
        |home: &Path| if reachable { bin_dir.into() } else { home.join(PROGRAMS).join("bin") };
    let home = Home::create("postgres", medium, account, |home| {
        let mut stop = Command::new(place(home).join("pg_ctl"));
        stop.args(["stop", "--mode=immediate", "--pgdata"]).arg(home.join(DATA));
        stop
    })?;
    if !reachable {
        home.adopt(&bin_dir.join(".."), PROGRAMS)?;
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
