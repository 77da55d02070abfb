//! Where PostgreSQL's programs are, and how to get them.

use std::{
    cmp::Reverse,
    env,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use fs_err as fs;

use super::npm;
use crate::{process::output, servers::account};

/// The major versions that colmig supports.
pub(crate) const SUPPORTED: RangeInclusive<u16> = 14..=18;

/// What a server needs; `psql` and the other clients may well be there without it.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// The folder of the newest supported PostgreSQL that is installed here. If there is none, it is
/// installed, where we may do so.
pub(crate) fn default_bin_dir() -> Result<PathBuf> {
    if let Some(bin_dir) = newest(installed()) {
        return Ok(bin_dir);
    }
    account::install("PostgreSQL", &["postgresql"]).context(
        "there is no PostgreSQL server here: install one of the majors 14 to 18 (on Debian and \
         Ubuntu: `apt-get install postgresql`) and have its `postgres`, `initdb` and `pg_ctl` in \
         PATH, or set COLMIG_TEST_POSTGRES to the URLs of servers that are for testing",
    )?;
    newest(installed()).context(
        "what this system calls `postgresql` is none of the majors 14 to 18: install one of those",
    )
}

/// The folder of a certain major version: the installed one, or else npm's.
pub(crate) fn major_bin_dir(major: u16) -> Result<PathBuf> {
    match newest(installed().into_iter().filter(|(found, _)| *found == major)) {
        Some(bin_dir) => Ok(bin_dir),
        None => npm::bin_dir(major).with_context(|| {
            format!(
                "PostgreSQL {major} is not installed, and could not be fetched with npm either: \
                 install it (on Debian and Ubuntu: `apt-get install postgresql-{major}`)"
            )
        }),
    }
}

/// What the server calls its version, such as `15.13`.
pub(super) fn version(bin_dir: &Path) -> Result<String> {
    let line = output(Command::new(bin_dir.join("postgres")).arg("--version"))?;
    let version =
        line.strip_prefix("postgres (PostgreSQL) ").and_then(|rest| rest.split(' ').next());
    Ok(version.with_context(|| format!("`postgres --version` says `{line}`"))?.to_owned())
}

/// All the servers that are installed, with their majors.
fn installed() -> Vec<(u16, PathBuf)> {
    let complete = |dir: &PathBuf| PROGRAMS.iter().all(|program| dir.join(program).is_file());
    let with_major = |dir: PathBuf| Some((major(&version(&dir).ok()?)?, dir));
    folders().into_iter().filter(complete).filter_map(with_major).collect()
}

/// Debian keeps servers out of PATH, a folder a major; elsewhere they are in PATH, or where
/// `pg_config` says.
fn folders() -> Vec<PathBuf> {
    let majors = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = majors.map(|major| major.path().join("bin")).collect();
    folders.extend(output(Command::new("pg_config").arg("--bindir")).ok().map(PathBuf::from));
    folders.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    folders
}

/// Of equals, the first.
fn newest(servers: impl IntoIterator<Item = (u16, PathBuf)>) -> Option<PathBuf> {
    let supported = servers.into_iter().filter(|(major, _)| SUPPORTED.contains(major));
    supported.min_by_key(|(major, _)| Reverse(*major)).map(|(_, bin_dir)| bin_dir)
}

/// The leading number: `18` of `18.4`, and of `18beta1`.
fn major(version: &str) -> Option<u16> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_is_the_leading_number() {
        assert_eq!(major("15.13"), Some(15));
        assert_eq!(major("18beta1"), Some(18));
        assert_eq!(major("18"), Some(18));
        assert_eq!(major("devel"), None);
    }

    #[test]
    fn the_newest_supported_server_is_the_default() {
        let servers = |majors: &[u16]| -> Vec<_> {
            majors.iter().map(|major| (*major, PathBuf::from(major.to_string()))).collect()
        };
        assert_eq!(newest(servers(&[9, 15, 14, 19])), Some(PathBuf::from("15")));
        assert_eq!(newest(servers(&[13, 19])), None);
        let twice = [(15, PathBuf::from("first")), (15, PathBuf::from("second"))];
        assert_eq!(newest(twice), Some(PathBuf::from("first")));
    }
}
