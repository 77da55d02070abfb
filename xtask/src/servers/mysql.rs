//! A private MySQL server, for tests.

use std::process::Command;

use anyhow::{Context, Result};

use super::{
    Servers, debian,
    home::Home,
    mysqld::{self, PORT_TAKEN, Programs, READY},
    running::{self, Kind, Running},
};
use crate::process::{output, say};

const SERVER: &str = "mysqld";

/// What the first start is told too. Debian's packages have a folder for files of the server, which is not here.
const OPTIONS: [&str; 2] = ["--innodb-redo-log-capacity=64M", "--secure-file-priv=NULL"];

/// A release of MySQL that is here.
pub(crate) struct Release {
    version: String,
    programs: Programs,
}

impl Release {
    /// The one that is installed, or else the newest of Debian.
    pub(crate) fn find() -> Result<Self> {
        if let Ok(installed) = Self::of(Programs::installed(SERVER)) {
            return Ok(installed);
        }
        let root = debian::unpacked("mysql", &["mysql-server-core"]).context(
            "MySQL is not installed, and could not be fetched from Debian either: install it and \
             have its `mysqld` in PATH, or set COLMIG_TEST_MYSQL to the URLs of servers that are \
             for testing",
        )?;
        Self::of(Programs::unpacked(SERVER, root))
    }

    /// MariaDB has a program of this name too.
    fn of(programs: Programs) -> Result<Self> {
        let line = programs.version()?;
        let version =
            version(&line).with_context(|| format!("`mysqld --version` says `{line}`"))?;
        Ok(Self { version: version.to_owned(), programs })
    }
}

/// A running server.
pub(crate) struct Server(Running);

impl Server {
    pub(crate) fn start(release: &Release) -> Result<Self> {
        let home = mysqld::home("mysql")?;
        let programs = release.programs.within(&home)?;
        output(programs.resident(&home, SERVER)?.arg("--initialize-insecure").args(OPTIONS))?;
        let running = Running::start(&MySql { programs }, home)?;
        say("Started", format_args!("MySQL {} on port {}", release.version, running.port()));
        Ok(Self(running))
    }
}

impl Servers for Server {
    fn urls(&self) -> Vec<String> {
        vec![mysqld::url(self.0.port())]
    }
}

struct MySql {
    programs: Programs,
}

impl Kind for MySql {
    const NAME: &'static str = "MySQL";
    const PORT_TAKEN: &'static str = PORT_TAKEN;

    fn command(&self, home: &Home, port: u16) -> Result<Command> {
        let mut command = self.programs.server(home, port)?;
        command.args(OPTIONS).args(["--mysqlx=OFF", "--sync-binlog=0"]);
        Ok(command)
    }

    fn is_ready(&self, home: &Home) -> bool {
        running::says(home, READY)
    }
}

/// The number after `Ver`.
fn version(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(" Ver ").filter(|_| !line.contains("MariaDB"))?;
    rest.split(['-', ' ']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_mariadb_is_none_of_mysql() {
        let mysql = "/usr/sbin/mysqld  Ver 9.7.4-2 for debian-linux-gnu on x86_64 ((Debian))";
        assert_eq!(version(mysql), Some("9.7.4"));
        let official = "/usr/sbin/mysqld  Ver 8.0.46 for Linux on x86_64 (MySQL Community Server)";
        assert_eq!(version(official), Some("8.0.46"));
        let mariadb = "mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64";
        assert_eq!(version(mariadb), None);
    }
}
