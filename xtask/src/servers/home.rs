//! A server's folder, and the guard that ends both.

use std::{
    ffi::OsStr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use rustix::fs::{StatVfsMountFlags, statvfs};
use tempfile::TempDir;

use super::account::Account;
use crate::process::output;

/// A private temporary folder whose server is stopped, and which is removed, when this is dropped
/// *or when this process ends in any other way*.
///
/// The second half is the guard's: a shell that waits for the end of its standard input. The other
/// end of that pipe is ours alone, and the system closes it on Ctrl-C, SIGTERM and SIGKILL just as
/// `drop` does. So there is one way to stop a server, no signal handler, and no server left behind.
/// The guard and the server have process groups of their own: a Ctrl-C in the terminal reaches them
/// only through us.
pub(crate) struct Home {
    dir: TempDir,
    account: Account,
    guard: Child,
}

/// What a server keeps its files in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// The folder of temporary files: a disk, as a rule.
    Disk,
    /// Memory where there is enough of it, and otherwise as [`Medium::Disk`]. Tests make and drop thousands of
    /// databases, each of some three hundred files: in memory that takes a tenth of the time.
    Memory,
}

/// Where a home has programs of its own.
pub(crate) const PROGRAMS: &str = "programs";

/// The memory that Linux mounts for everybody to share.
const SHARED_MEMORY: &str = "/dev/shm";

/// In bytes: what the servers of the tests fill at most is a small part of it.
const ENOUGH_MEMORY: u64 = 4 << 30;

impl Medium {
    /// The folder to make a home in.
    fn folder(self) -> PathBuf {
        let is_good = self == Medium::Memory
            && statvfs(SHARED_MEMORY).is_ok_and(|memory| {
                let runs_programs = !memory.f_flag.contains(StatVfsMountFlags::NOEXEC);
                runs_programs && memory.f_bavail.saturating_mul(memory.f_frsize) >= ENOUGH_MEMORY
            });
        if is_good { SHARED_MEMORY.into() } else { std::env::temp_dir() }
    }
}

/// `$0` is the folder, `$@` the command that stops the server (and fails where there is none). The
/// second `rm` is for a folder that was just being filled, which ends once its files are gone.
const GUARD: &str = r#"cat; "$@"; rm -rf "$0" || { sleep 1; rm -rf "$0"; }"#;

impl Home {
    /// `stop` makes the command that stops the server which will live in the folder it is given.
    pub(crate) fn create(
        name: &str,
        medium: Medium,
        account: Account,
        stop: impl FnOnce(&Path) -> Command,
    ) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix(&format!("colmig-{name}-"))
            .tempdir_in(medium.folder())
            .context("cannot make a temporary folder")?;
        account.own(dir.path())?;
        let stop = stop(dir.path());
        let guard = account
            .command("sh")
            .args(["-c", GUARD])
            .arg(dir.path())
            .arg(stop.get_program())
            .args(stop.get_args())
            .current_dir(dir.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run `sh` in {}", dir.path().display()))?;
        Ok(Self { dir, account, guard })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A command that runs in the folder, as the account that the folder belongs to.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.account.command(program);
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Copies a folder to `name` in the home, where it belongs to the account.
    pub(crate) fn adopt(&self, folder: &Path, name: &str) -> Result<()> {
        let copy = self.path().join(name);
        output(Command::new("cp").arg("-R").arg(folder).arg(&copy))?;
        self.own(&copy)
    }

    /// Gives the account what we made in the home.
    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        self.account.own(path)
    }

    /// From where the account can run the programs of a folder, one of which is `program`: the folder itself, or a
    /// copy in the home. (The account cannot enter every folder that root can: a workspace in root's own home is
    /// such a case.)
    pub(crate) fn reach(&self, folder: &Path, program: &Path) -> Result<PathBuf> {
        if self.account.runs(&folder.join(program)) {
            return Ok(folder.into());
        }
        self.adopt(folder, PROGRAMS)?;
        Ok(self.path().join(PROGRAMS))
    }

    /// Stops the server and empties the folder; a second time does nothing.
    pub(crate) fn close(&mut self) {
        drop(self.guard.stdin.take());
        // What the guard could not remove (it does not own the parent folder), `TempDir` does.
        let _ = self.guard.wait();
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.close();
    }
}
