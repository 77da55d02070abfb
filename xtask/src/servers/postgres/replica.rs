//! Two PostgreSQL servers, one of which repeats what the other does.

use std::path::Path;

use anyhow::Result;

use super::{DATA, Options, Postgres, binaries, init, move_in, url};
use crate::{
    process::{output, say},
    servers::{Servers, running::Running},
};

/// A primary and its standby, which takes its stream of changes and answers reads.
pub(crate) struct Replicated {
    replica: Running,
    primary: Running,
}

impl Replicated {
    /// Starts both from the same files, so that nothing has to be copied while they run.
    pub(crate) fn start(bin_dir: &Path) -> Result<Self> {
        let options = Options::default();
        let version = binaries::version(bin_dir)?;
        let (primary, primary_dir) = move_in(bin_dir, options)?;
        init(&primary, &primary_dir)?;
        let (replica, replica_dir) = move_in(bin_dir, options)?;
        replica.adopt(&primary.path().join(DATA), DATA)?;
        let signal = replica.path().join(DATA).join("standby.signal");
        output(replica.command("touch").arg(signal))?;

        let kind = Postgres { bin_dir: primary_dir, options, primary: None };
        let primary = Running::start(&kind, primary)?;
        let kind = Postgres { bin_dir: replica_dir, options, primary: Some(primary.port()) };
        let replica = Running::start(&kind, replica)?;
        let (from, to) = (primary.port(), replica.port());
        say(
            "Started",
            format_args!("PostgreSQL {version} on port {from}, and its replica on port {to}"),
        );
        Ok(Self { replica, primary })
    }
}

impl Servers for Replicated {
    fn urls(&self) -> Vec<String> {
        [&self.primary, &self.replica].map(|server| url(server.port(), "postgres")).into()
    }
}
