//! A private MariaDB server, for tests: it never waits for the disk.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;

use super::{
    account::{self, Account},
    home::{Home, Medium},
    running::{Kind, LOG, Running},
};
use crate::process::{output, say};

/// A running server.
pub(crate) struct Server(Running);

const DATA: &str = "data";
const PID: &str = "pid";

/// The programs that a server needs, which Debian has in two folders and two packages. The last is for the second.
const PROGRAMS: [&str; 3] = ["mariadbd", "mariadb-install-db", "my_print_defaults"];

/// Where servers are that are not in PATH.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/libexec", "/usr/local/sbin"];

impl Server {
    /// Starts the server that is installed here; installs one first, where there is none and we may.
    pub(crate) fn start() -> Result<Self> {
        let [server, init] = programs()?;
        let version = output(Command::new(&server).arg("--version"))?;
        let version = version.split_whitespace().find(|word| word.contains("-MariaDB"));
        let home = Home::create("mariadb", Medium::Memory, Account::choose()?, stop)?;
        let mut init = home.command(init);
        init.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        output(init.arg(option("datadir", home.path().join(DATA))))?;
        let running = Running::start(&MariaDb { server }, home)?;
        let version = version.and_then(|word| word.split('-').next()).unwrap_or_default();
        say("Started", format_args!("MariaDB {version} on port {}", running.port()));
        Ok(Self(running))
    }

    /// The superuser's URL of a database of this server; `mysql` is one that exists.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.0.port())
    }
}

/// What a test left in it is nobody's: it need not shut down in order.
fn stop(home: &Path) -> Command {
    let mut stop = Command::new("sh");
    stop.args(["-c", "kill -9 \"$(cat \"$0\")\""]).arg(home.join(PID));
    stop
}

fn option(name: &str, path: PathBuf) -> String {
    format!("--{name}={}", path.display())
}

struct MariaDb {
    server: PathBuf,
}

impl Kind for MariaDb {
    const NAME: &'static str = "MariaDB";
    const PORT_TAKEN: &'static str = "Address already in use";

    fn command(&self, home: &Home, port: u16) -> Command {
        let mut command = home.command(&self.server);
        command
            .arg("--no-defaults")
            .arg(option("datadir", home.path().join(DATA)))
            .arg(option("pid-file", home.path().join(PID)))
            .arg(option("socket", home.path().join("socket")))
            .arg(format!("--port={port}"))
            .args([
                "--bind-address=127.0.0.1",
                "--skip-name-resolve=OFF",
                "--max-connections=500",
                "--character-set-server=utf8mb4",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-flush-method=nosync",
                "--innodb-log-file-size=32M",
            ]);
        command
    }

    fn is_ready(&self, home: &Home) -> bool {
        let log = fs::read_to_string(home.path().join(LOG));
        log.is_ok_and(|text| text.contains("ready for connections"))
    }
}

fn programs() -> Result<[PathBuf; 2]> {
    if let Some(found) = installed() {
        return Ok(found);
    }
    install().context(
        "there is no MariaDB server here: install one (on Debian and Ubuntu: `apt-get install \
         mariadb-server-core mariadb-client-core`) and have its `mariadbd` and `mariadb-install-db` \
         in PATH, or set COLMIG_TEST_MYSQL to the URLs of servers that are for testing",
    )?;
    installed().context("what was installed brought no `mariadbd`")
}

fn installed() -> Option<[PathBuf; 2]> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> =
        env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from)).collect();
    let find = |program: &str| {
        folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file())
    };
    let [server, init, helper] = PROGRAMS.map(find);
    helper?;
    Some([server?, init?])
}

fn install() -> Result<()> {
    ensure!(account::is_root()?, "only root can install it");
    if output(Command::new("apt-get").arg("--version")).is_err() {
        bail!("this system has no apt-get to install it with");
    }
    say("Installing", "MariaDB with apt-get, because there is none here");
    account::apt_get(&["update"])?;
    account::apt_get(&[
        "install",
        "-y",
        "--no-install-recommends",
        "mariadb-server-core",
        "mariadb-client-core",
    ])
}
