//! A private MariaDB server, for tests.

mod replica;

use std::{fmt, process::Command};

use anyhow::{Context, Result};

pub(crate) use self::replica::Replicated;
use super::{
    Servers, account, debian,
    home::Home,
    mysqld::{self, PORT_TAKEN, Programs, READY},
    running::{self, Kind, Running},
};
use crate::process::{output, say};

const SERVER: &str = "mariadbd";
const INIT: &str = "mariadb-install-db";

/// The programs that a server needs, which Debian has in two folders and two packages. The last is for the second.
const PROGRAMS: [&str; 3] = [SERVER, INIT, "my_print_defaults"];

/// What has them; and last what makes a cluster of servers.
const PACKAGES: [&str; 3] = ["mariadb-server-core", "mariadb-client-core", "galera-4"];

/// A release of MariaDB that is here.
pub(crate) struct Release {
    version: String,
    programs: Programs,
}

impl Release {
    /// The one that is installed here; it is installed first, where there is none and we may.
    pub(crate) fn installed() -> Result<Self> {
        if let Ok(installed) = Self::of(Programs::installed(SERVER)) {
            return Ok(installed);
        }
        account::install("MariaDB", &PACKAGES[..2]).context(
            "there is no MariaDB server here: install one (on Debian and Ubuntu: `apt-get install \
             mariadb-server-core mariadb-client-core`) and have its `mariadbd` and \
             `mariadb-install-db` in PATH, or set COLMIG_TEST_MYSQL and COLMIG_TEST_REPLICA_MYSQL \
             to the URLs of servers that are for testing",
        )?;
        Self::of(Programs::installed(SERVER))
    }

    /// The newest one of Debian, with what makes a cluster of it.
    pub(crate) fn newest() -> Result<Self> {
        let root = debian::unpacked("mariadb", &PACKAGES).context(
            "the newest MariaDB could not be fetched from Debian: set COLMIG_TEST_MYSQL and \
             COLMIG_TEST_GALERA to the URLs of servers that are for testing",
        )?;
        Self::of(Programs::unpacked(SERVER, root))
    }

    fn of(programs: Programs) -> Result<Self> {
        for program in PROGRAMS {
            programs.find(program)?;
        }
        let line = programs.version()?;
        let version = version(&line).with_context(|| format!("`{SERVER} --version` says `{line}`"));
        Ok(Self { version: version?.to_owned(), programs })
    }

    /// Such as `10.11`: what is of one series behaves alike.
    pub(crate) fn series(&self) -> &str {
        self.version.rsplit_once('.').map_or(&self.version, |(series, _)| series)
    }

    /// A home, the programs that can be run from it, and the files of an empty server in it.
    pub(super) fn settle(&self, name: &str) -> Result<(Home, Programs)> {
        let (home, programs) = self.move_in(name)?;
        let mut init = programs.resident(&home, INIT)?;
        output(init.args(["--auth-root-authentication-method=normal", "--skip-test-db"]))?;
        Ok((home, programs))
    }

    /// The same, without the files.
    pub(super) fn move_in(&self, name: &str) -> Result<(Home, Programs)> {
        let home = mysqld::home(name)?;
        let programs = self.programs.within(&home)?;
        Ok((home, programs))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MariaDB {}", self.version)
    }
}

/// A running server.
pub(crate) struct Server(Running);

impl Server {
    pub(crate) fn start(release: &Release) -> Result<Self> {
        let (home, programs) = release.settle("mariadb")?;
        let running =
            Running::start(&MariaDb { programs, options: Vec::new(), words: None }, home)?;
        say("Started", format_args!("{release} on port {}", running.port()));
        Ok(Self(running))
    }
}

impl Servers for Server {
    fn urls(&self) -> Vec<String> {
        vec![mysqld::url(self.0.port())]
    }
}

/// What stands in an option for the port that the server gets.
pub(super) const OWN_PORT: &str = "{port}";

/// How one is started: with these options beyond the common ones, and until it has said these words.
pub(super) struct MariaDb {
    pub(super) programs: Programs,
    pub(super) options: Vec<String>,
    pub(super) words: Option<&'static str>,
}

impl Kind for MariaDb {
    const NAME: &'static str = "MariaDB";
    const PORT_TAKEN: &'static str = PORT_TAKEN;

    fn command(&self, home: &Home, port: u16) -> Result<Command> {
        let mut command = self.programs.server(home, port)?;
        let own = port.to_string();
        let options = self.options.iter().map(|option| option.replace(OWN_PORT, &own));
        command.arg("--innodb-log-file-size=32M").args(options);
        Ok(command)
    }

    fn is_ready(&self, home: &Home) -> bool {
        running::says(home, READY) && self.words.is_none_or(|words| running::says(home, words))
    }
}

/// The number before `-MariaDB`.
fn version(line: &str) -> Option<&str> {
    let word = line.split_whitespace().find(|word| word.contains("-MariaDB"))?;
    word.split('-').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_number_before_the_name() {
        let line = "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64";
        assert_eq!(version(line), Some("10.11.19"));
        assert_eq!(version("mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))"), None);
    }
}
