//! What MariaDB and MySQL have in common, as servers for tests: they never wait for the disk.

use std::{
    env,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{
    account::Account,
    home::{Home, Medium},
};
use crate::process::output;

/// What a server says when somebody else has its port.
pub(super) const PORT_TAKEN: &str = "Address already in use";

/// What it says when it accepts connections.
pub(super) const READY: &str = "ready for connections.";

/// The server's files, in its home.
pub(super) const DATA: &str = "data";

/// The file with the process group of what runs in the home.
const GROUP: &str = "group";

/// Where servers are that are not in PATH.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/libexec", "/usr/local/sbin"];

/// The programs of a server: installed here, or unpacked in a folder.
#[derive(Clone)]
pub(super) struct Programs {
    server: &'static str,
    folders: Vec<PathBuf>,
    root: Option<PathBuf>,
}

impl Programs {
    /// Those of the server of this name that are wherever this system has programs.
    pub(super) fn installed(server: &'static str) -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from)).collect();
        Self { server, folders, root: None }
    }

    /// Those of packages that were unpacked in a folder.
    pub(super) fn unpacked(server: &'static str, root: PathBuf) -> Self {
        let folders = ["usr/sbin", "usr/bin"].map(|folder| root.join(folder)).into();
        Self { server, folders, root: Some(root) }
    }

    /// The same, from where the account of a home can run them.
    pub(super) fn within(&self, home: &Home) -> Result<Self> {
        let Some(root) = &self.root else { return Ok(self.clone()) };
        let root = home.reach(root, &Path::new("usr/sbin").join(self.server))?;
        Ok(Self::unpacked(self.server, root))
    }

    pub(super) fn find(&self, program: &str) -> Result<PathBuf> {
        let mut paths = self.folders.iter().map(|folder| folder.join(program));
        paths.find(|path| path.is_file()).with_context(|| format!("there is no `{program}` here"))
    }

    /// What the server says of its version.
    pub(super) fn version(&self) -> Result<String> {
        output(Command::new(self.find(self.server)?).arg("--version"))
    }

    /// A program that lives in a home: it is the leader of a process group, and has said so there before it does
    /// anything. So it ends with the home at any moment of its life.
    pub(super) fn resident(&self, home: &Home, program: &str) -> Result<Command> {
        let mut command = home.command("sh");
        command
            .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
            .arg(home.path().join(GROUP))
            .arg(self.find(program)?)
            .arg("--no-defaults")
            .arg(option("datadir", &home.path().join(DATA)))
            // At its start a MariaDB removes the temporary tables that it finds, whosever they are.
            .arg(option("tmpdir", home.path()))
            .args(self.root.as_ref().map(|root| option("basedir", &root.join("usr"))))
            .process_group(0);
        Ok(command)
    }

    /// The server, with what every one is told.
    pub(super) fn server(&self, home: &Home, port: u16) -> Result<Command> {
        let mut command = self.resident(home, self.server)?;
        command.arg(option("socket", &home.path().join("socket"))).args([
            &format!("--port={port}"),
            "--bind-address=127.0.0.1",
            "--skip-name-resolve=OFF",
            "--max-connections=500",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-flush-method=nosync",
        ]);
        Ok(command)
    }

    /// A file of the packages.
    pub(super) fn file(&self, path: &str) -> Result<PathBuf> {
        let root =
            self.root.as_ref().context("only what was unpacked has its files in one place")?;
        Ok(root.join(path))
    }
}

/// A home for a server, or for what makes its files.
pub(super) fn home(name: &str) -> Result<Home> {
    Home::create(name, Medium::Memory, Account::choose()?, stop)
}

/// What a test left in it is nobody's: it need not shut down in order.
fn stop(home: &Path) -> Command {
    let mut stop = Command::new("sh");
    stop.args(["-c", "kill -9 \"-$(cat \"$0\")\""]).arg(home.join(GROUP));
    stop
}

pub(super) fn option(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}

/// The superuser's URL of a database that exists.
pub(super) fn url(port: u16) -> String {
    format!("mysql://root@127.0.0.1:{port}/mysql")
}
