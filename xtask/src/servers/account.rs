//! Who a server runs as. PostgreSQL refuses to run as root, which is who we are in most containers.

use std::{ffi::OsStr, os::unix::process::CommandExt, path::Path, process::Command};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, say};

/// The accounts to become, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Ourselves (`None`), or the unprivileged user and group that root becomes.
#[derive(Clone, Copy)]
pub(crate) struct Account(Option<(u32, u32)>);

impl Account {
    pub(crate) fn choose() -> Result<Self> {
        if !is_root()? {
            return Ok(Self(None));
        }
        let ids = UNPRIVILEGED.iter().find_map(|name| Some((id("-u", name)?, id("-g", name)?)));
        let ids = ids.context(
            "a server does not run as root, and this system has neither a user `postgres` nor a \
             user `nobody`: create one, or run this as another user",
        )?;
        Ok(Self(Some(ids)))
    }

    /// A command that runs as this account. (With a `uid`, std drops root's other groups as well.)
    pub(crate) fn command(self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    /// Whether it can enter the folders that lead to a program, and run it.
    pub(crate) fn runs(self, program: &Path) -> bool {
        process::output(self.command(program).arg("--version")).is_ok()
    }

    /// Makes the account the owner of a folder and of everything in it.
    pub(crate) fn own(self, folder: &Path) -> Result<()> {
        let Some((user, group)) = self.0 else { return Ok(()) };
        process::output(
            Command::new("chown").args(["-hR", &format!("{user}:{group}")]).arg(folder),
        )?;
        Ok(())
    }
}

/// Installs what is missing, as Debian and Ubuntu do; only root may.
pub(crate) fn install(what: &str, packages: &[&str]) -> Result<()> {
    ensure!(is_root()?, "only root can install it");
    if process::output(Command::new("apt-get").arg("--version")).is_err() {
        bail!("this system has no apt-get to install it with");
    }
    say("Installing", format_args!("{what} with apt-get, because there is none here"));
    update()?;
    apt_get(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

/// Brings the lists of packages up to date, which most containers have none of.
pub(crate) fn update() -> Result<()> {
    apt_get(&["update"])
}

pub(crate) fn is_root() -> Result<bool> {
    Ok(process::output(Command::new("id").arg("-u"))? == "0")
}

fn apt_get(args: &[&str]) -> Result<()> {
    process::output(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(())
}

fn id(flag: &str, name: &str) -> Option<u32> {
    process::output(Command::new("id").args([flag, name])).ok()?.parse().ok()
}
