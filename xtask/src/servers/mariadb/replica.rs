//! Two MariaDB servers, one of which repeats what the other does.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;

use super::{MariaDb, Release};
use crate::{
    process::say,
    servers::{
        Servers,
        mysqld::{self, DATA, option},
        running::Running,
    },
};

/// A primary and its replica.
pub(crate) struct Replicated {
    replica: Running,
    primary: Running,
}

/// What the replica says when it follows.
const FOLLOWS: &str = "connected to master";

impl Replicated {
    /// Starts both from the same files, so that nothing has to be copied while they run.
    pub(crate) fn start(release: &Release) -> Result<Self> {
        let (primary, programs) = release.settle("mariadb")?;
        let (replica, replica_programs) = release.move_in("mariadb-replica")?;
        replica.adopt(&primary.path().join(DATA), DATA)?;
        let kind = MariaDb { programs, options: options(1), words: None };
        let primary = Running::start(&kind, primary)?;

        let script = replica.path().join("follow.sql");
        fs::write(&script, follow(primary.port()))?;
        let options = [options(2), options_of_replica(&script)].concat();
        let kind = MariaDb { programs: replica_programs, options, words: Some(FOLLOWS) };
        let replica = Running::start(&kind, replica)?;
        let (from, to) = (primary.port(), replica.port());
        say("Started", format_args!("{release} on port {from}, and its replica on port {to}"));
        Ok(Self { replica, primary })
    }
}

impl Servers for Replicated {
    fn urls(&self) -> Vec<String> {
        [&self.primary, &self.replica].map(|server| mysqld::url(server.port())).into()
    }
}

/// Both have a log, as each might become the primary.
fn options(server_id: u8) -> Vec<String> {
    let id = format!("--server-id={server_id}");
    vec![
        id,
        "--log-basename=colmig".to_owned(),
        "--log-bin".to_owned(),
        "--binlog-format=ROW".to_owned(),
    ]
}

fn options_of_replica(script: &Path) -> Vec<String> {
    vec![option("init-file", script), "--read-only".to_owned()]
}

/// The server reads a statement a line.
fn follow(port: u16) -> String {
    format!(
        "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={port}, MASTER_USER='root', \
         MASTER_CONNECT_RETRY=1, MASTER_USE_GTID=slave_pos;\nSTART SLAVE;\n"
    )
}
