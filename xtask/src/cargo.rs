//! What we ask of cargo itself.

use std::{
    env,
    ffi::OsString,
    io::BufReader,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Message, MetadataCommand};

/// The cargo that runs us, so that a `+toolchain` holds for what we start too.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// The workspace's target directory, wherever the user's settings put it.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cannot find the workspace")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// The root of the workspace.
pub(crate) fn workspace_root() -> Result<PathBuf> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cannot find the workspace")?;
    Ok(metadata.workspace_root.into_std_path_buf())
}

/// Runs `cargo build` with these arguments and returns the programs of these names that it built.
pub(crate) fn build_programs<const N: usize>(
    names: [&str; N],
    args: &[&str],
) -> Result<[PathBuf; N]> {
    let mut build = cargo()
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run `cargo build`")?;
    let stdout = build.stdout.take().expect("it was piped above");
    let mut programs = names.map(|_| None);
    for message in Message::parse_stream(BufReader::new(stdout)) {
        if let Message::CompilerArtifact(artifact) = message?
            && let Some(index) = names.iter().position(|name| artifact.target.name == *name)
        {
            programs[index] = artifact.executable.or(programs[index].take());
        }
    }
    ensure!(build.wait()?.success(), "`cargo build {}` failed", args.join(" "));
    for (name, program) in names.iter().zip(&programs) {
        ensure!(program.is_some(), "`cargo build` built no program `{name}`");
    }
    Ok(programs.map(|program| program.expect("each was just looked at").into_std_path_buf()))
}
