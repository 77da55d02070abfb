//! Running other programs, and saying on stderr that we do.

use std::{
    fmt::Display,
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Error, Result, ensure};

/// What the program printed; where it fails, the error shows what it complained about.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{}`", line(command)))?;
    ensure!(
        output.status.success(),
        "`{}` failed ({}):\n{}",
        line(command),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Our end, after a program that ended so.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// A progress line in the manner of cargo, whose own lines stand around it.
pub(crate) fn say(verb: &str, what: impl Display) {
    const GREEN: Style = AnsiColor::Green.on_default().bold();
    anstream::eprintln!("{GREEN}{verb:>12}{GREEN:#} {what}");
}

/// An error in the manner of cargo; a backtrace would say nothing to who reads it.
pub(crate) fn complain(error: &Error) {
    const RED: Style = AnsiColor::Red.on_default().bold();
    anstream::eprintln!("{RED}error{RED:#}: {error:#}");
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
