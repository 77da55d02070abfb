//! Servers that this system has no packages of, from those of Debian's newest suite.
//!
//! The packages are unpacked with everything that they need, down to the C library, in a folder below the target
//! directory: no root, no chroot, and nothing is installed. The mirror is the one that apt uses here.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use fs_err as fs;

use super::account;
use crate::{
    cargo,
    process::{output, say},
};

/// Where Debian puts each release of a server first.
const SUITE: &str = "unstable";

/// What the packages are signed with: those who put their trust in Debian's other suites have it.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Where a package has its programs.
const PROGRAMS: [&str; 2] = ["usr/bin", "usr/sbin"];

/// Runs the program next to it with the libraries of its folder, and with the loader that belongs to them: those
/// of this system may be too old.
const WRAPPER: &str = r#"#!/bin/sh
folder=$(cd "$(dirname "$0")" && pwd)
for loader in "$folder"/../lib/*/ld-linux*.so.*; do
    exec "$loader" --library-path "${loader%/*}" "$folder/PROGRAM" "$@"
done
"#;

/// The folder that has the packages and what they need, fetched if this is the first time.
pub(super) fn unpacked(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let servers = cargo::target_dir()?.join("servers");
    let folder = servers.join(format!("{name}-{SUITE}"));
    if !folder.exists() {
        fs::create_dir_all(&servers)?;
        say("Fetching", format_args!("{} of Debian {SUITE}", packages.join(", ")));
        let dir = tempfile::tempdir_in(&servers)?;
        let root = dir.path().join("root");
        for package in download(packages, &dir.path().join("apt"))? {
            output(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&root))?;
        }
        wrap_programs(&root)?;
        match fs::rename(&root, &folder) {
            Err(error) if !folder.exists() => return Err(error.into()),
            _ => {} // another run may have been faster
        }
    }
    Ok(folder)
}

/// Has apt fetch the packages and, because it is told that nothing is installed, all that they depend on.
fn download(packages: &[&str], apt: &Path) -> Result<Vec<PathBuf>> {
    let [state, cache, sources] = ["state", "cache", "sources.list"].map(|name| apt.join(name));
    fs::create_dir_all(state.join("lists/partial"))?;
    fs::create_dir_all(cache.join("archives/partial"))?;
    fs::write(state.join("status"), "")?;
    fs::write(&sources, format!("deb [signed-by={KEYRING}] {} {SUITE} main\n", mirror()?))?;
    let settings = [
        format!("Dir::State={}", state.display()),
        format!("Dir::State::status={}", state.join("status").display()),
        format!("Dir::Cache={}", cache.display()),
        format!("Dir::Etc::SourceList={}", sources.display()),
        "Dir::Etc::SourceParts=/dev/null".to_owned(),
        // Root's apt becomes a user who may not enter the target directory.
        "APT::Sandbox::User=root".to_owned(),
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
    ];
    let apt_get = |args: &[&str]| {
        let settings = settings.iter().flat_map(|setting| ["-o", setting]);
        output(Command::new("apt-get").args(settings).args(args))
    };
    apt_get(&["update"])?;
    let install = ["install", "--download-only", "--no-install-recommends", "--yes"];
    apt_get(&[&install, packages].concat())?;
    let files = fs::read_dir(cache.join("archives"))?.map(|file| Ok(file?.path()));
    let files = files.collect::<Result<Vec<_>>>()?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|ext| ext == "deb")).collect())
}

/// Where apt gets this system's own packages from.
fn mirror() -> Result<String> {
    let find = || -> Result<Option<String>> {
        let mut targets = Command::new("apt-get");
        targets.args(["indextargets", "--format", "$(REPO_URI)"]);
        let uris =
            output(targets.args(["Created-By: Packages", "Origin: Debian", "Label: Debian"]))?;
        Ok(uris.lines().next().map(str::to_owned))
    };
    if let Some(uri) = find()? {
        return Ok(uri);
    }
    // Without its lists of packages, apt does not know whose they are.
    if account::is_root()? {
        account::update()?;
    }
    find()?.context(
        "apt has no mirror of Debian here (or no lists of it yet, which `apt-get update` fetches)",
    )
}

fn wrap_programs(root: &Path) -> Result<()> {
    for folder in PROGRAMS.map(|folder| root.join(folder)) {
        let programs = fs::read_dir(folder)?.map(|file| Ok(file?.path()));
        for program in programs.collect::<Result<Vec<_>>>()? {
            let is_link = program.symlink_metadata()?.is_symlink();
            if !is_link && fs::read(&program)?.starts_with(b"\x7fELF") {
                wrap(&program)?;
            }
        }
    }
    Ok(())
}

fn wrap(program: &Path) -> Result<()> {
    let name = program.file_name().and_then(|name| name.to_str());
    let moved = format!("{}.elf", name.context("a package's program has a plain name")?);
    fs::rename(program, program.with_file_name(&moved))?;
    fs::write(program, WRAPPER.replace("PROGRAM", &moved))?;
    fs::set_permissions(program, PermissionsExt::from_mode(0o755))?;
    Ok(())
}
