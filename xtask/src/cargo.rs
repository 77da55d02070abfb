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

/// Runs `cargo build` with these arguments and returns the program called `name` that it built.
pub(crate) fn build_program(name: &str, args: &[&str]) -> Result<PathBuf> {
    let mut build = cargo()
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run `cargo build`")?;
    let stdout = build.stdout.take().expect("it was piped above");
    let mut program = None;
    for message in Message::parse_stream(BufReader::new(stdout)) {
        if let Message::CompilerArtifact(artifact) = message?
            && artifact.target.name == name
        {
            program = artifact.executable.or(program);
        }
    }
    ensure!(build.wait()?.success(), "`cargo build {}` failed", args.join(" "));
    let program = program.with_context(|| format!("`cargo build` built no program `{name}`"))?;
    Ok(program.into_std_path_buf())
}
