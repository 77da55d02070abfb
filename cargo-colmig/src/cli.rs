//! What can be typed. The only file that names clap; the commands get plain data.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use colmig_core::problem::EXITS;
use colmig_core::types::Database;

use crate::secret::{SecretUrl, mask};

/// A command line that was understood.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-colmig",
    bin_name = "cargo colmig",
    version,
    about = "Columns that are added, changed and removed without downtime",
    long_about = "Columns that are added, changed and removed without downtime.\n\n\
        A column moves through its life by one attribute on a Rust struct; `generate` turns the edit \
        into a staged migration, and `apply` executes as much of it as is safe now.",
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What is true of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order in which a project meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write colmig.toml
    Init(InitArgs),
    /// Turn the edits of the source into a migration, and record them in colmig.lock
    ///
    /// It reads the source: the code need not compile, and no database is asked.
    Generate(GenerateArgs),
    /// Hold hand-written SQL against the states of the columns
    ///
    /// It reads the calls of sqlx in the source, and .sqlx/: the code need not compile, and no database is
    /// asked. Exit 100 if there are findings.
    Check,
    /// Explain a code, or list every place that names a column
    Explain(ExplainArgs),
    /// Show what a migration will do: steps, windows, locks, gates, undo
    Plan(PlanArgs),
    /// Execute as far as is safe now; exit 0 if this checkout may be deployed
    Apply(ApplyArgs),
    /// Go back to the release before a migration, as far as is safe now
    Rollback(RollbackArgs),
    /// Write archived values of a dropped column back, where a column is NULL
    Restore(RestoreArgs),
    /// Show what was done to the database, and whether that record is whole; purge archives
    History(HistoryArgs),
    /// Show where every change stands, and who is alive
    Status(StatusArgs),
    /// Compare this checkout's code with the database
    Verify,
    /// List the instances that registered
    Fleet(FleetArgs),
}

/// What can be said of every command, before it or after it.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Path to Cargo.toml
    #[arg(long, global = true, value_name = "PATH")]
    pub manifest_path: Option<Utf8PathBuf>,
    /// The package whose colmig.toml is meant
    #[arg(short, long, global = true, value_name = "NAME")]
    pub package: Option<String>,
    /// Path to colmig.toml
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<Utf8PathBuf>,
    /// The environment in colmig.toml [default: dev]
    #[arg(long, global = true, value_name = "NAME")]
    pub env: Option<String>,
    /// The database, instead of the environment's
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<SecretUrl>,
    /// Only this one of the environment's targets; may be given twice
    #[arg(long = "target", global = true, value_name = "NAME", conflicts_with = "database_url")]
    pub targets: Vec<String>,
    /// All of the environment's targets but this one; may be given twice
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "database_url")]
    pub except: Vec<String>,
    /// How results and errors are printed: human, json
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub message_format: MessageFormat,
    /// When to use colours: auto, always, never [default: CARGO_TERM_COLOR, or auto]
    #[arg(long, global = true, value_enum, value_name = "WHEN", hide_possible_values = true)]
    pub color: Option<Color>,
    /// How progress is shown: auto, bar, lines, none
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "STYLE",
        hide_possible_values = true
    )]
    pub progress: ProgressStyle,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// Who reads the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// A person
    #[default]
    Human,
    /// A program: one object a line, on stdout
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressStyle {
    /// A bar on a terminal, lines elsewhere
    #[default]
    Auto,
    /// A bar
    Bar,
    /// A line now and then
    Lines,
    /// Not at all
    None,
}

/// What `init` can be told.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// The project's name in leases and the ledger [default: the package's name]
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// A database that the project runs on; may be given twice [default: the features of sqlx]
    #[arg(long = "database", value_name = "DATABASE", value_parser = database)]
    pub databases: Vec<Database>,
}

/// What `generate` can be told.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// The words in the name of the migration [default: its first change]
    #[arg(long, value_name = "WORDS")]
    pub name: Option<String>,
    /// Write nothing; exit 4 and show the difference if the source is not recorded
    #[arg(long, conflicts_with_all = ["dry_run", "amend", "name"])]
    pub check: bool,
    /// Write nothing; show what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// Make the newest migration anew, as if it had not been made: while no other branch and no database has it
    #[arg(long)]
    pub amend: bool,
    /// Drop this table, whose struct is gone, once no release uses it; may be given twice
    #[arg(long, value_name = "TABLE", conflicts_with = "check")]
    pub retire: Vec<String>,
}

/// What `plan` can be told.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// The migration, by its number or name [default: the newest]
    pub migration: Option<String>,
    /// Show the SQL of every step
    #[arg(long)]
    pub sql: bool,
}

/// What `apply` can be told.
#[derive(Clone, Debug, Args)]
pub struct ApplyArgs {
    /// Stop behind this step, and fail if a gate stands before it: `users.handle:enforce`
    #[arg(long, value_name = "STEP")]
    pub to: Option<String>,
    /// Stay, and go on as gates open
    #[arg(long)]
    pub follow: bool,
    /// Wait for gates, and for another colmig, for so long: `30s`, `10m`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub wait: Option<Duration>,
    /// Consent to dropping this column, or table: `users.nickname`; may be given twice
    #[arg(long, value_name = "TABLE.COLUMN")]
    pub allow_drop: Vec<String>,
    /// Consent to rewriting the table for this column while nobody can use it; may be given twice
    #[arg(long, value_name = "TABLE.COLUMN")]
    pub allow_rewrite: Vec<String>,
    /// Keep the values of columns that are dropped, with their keys, until `history purge`
    #[arg(long)]
    pub archive: bool,
    /// Vouch that no instance runs that could not be seen; recorded in the history
    #[arg(long)]
    pub assume_no_fleet: bool,
}

/// What `rollback` can be told.
#[derive(Clone, Debug, Args)]
pub struct RollbackArgs {
    /// The migration to take back, with all after it, by its number or name [default: the newest]
    pub migration: Option<String>,
    /// Stop behind this step: `users.handle:enforce`; only its change goes back, and what came later on its name
    #[arg(long, value_name = "STEP")]
    pub to: Option<String>,
    /// Show what would be undone, and what it costs
    #[arg(long)]
    pub dry_run: bool,
    /// Consent to dropping this table with its rows
    #[arg(long, value_name = "TABLE")]
    pub allow_drop: Vec<String>,
}

/// What `restore` can be told.
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// The column whose values were archived: `users.nickname`
    #[arg(value_name = "TABLE.COLUMN")]
    pub column: String,
    /// The change that dropped it [default: the latest that did]
    #[arg(long, value_name = "ID")]
    pub change: Option<String>,
    /// The column of the table that gets the values [default: the one of that name]
    #[arg(long, value_name = "COLUMN")]
    pub into: Option<String>,
}

/// What `history` can be told.
#[derive(Clone, Debug, Args)]
pub struct HistoryArgs {
    /// What to do; without it, list
    #[command(subcommand)]
    pub command: Option<HistoryCommand>,
}

/// What can be done to what history left behind.
#[derive(Clone, Debug, Subcommand)]
pub enum HistoryCommand {
    /// Drop archives for good: that of a change, or those of an age; without either, list them
    Purge {
        /// The change whose archive goes: `0002.1`
        #[arg(conflicts_with = "older_than")]
        change: Option<String>,
        /// Those that are older: `30d`
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        older_than: Option<Duration>,
    },
}

/// What `status` can be told.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    /// Exit 4 if anything is unfinished
    #[arg(long)]
    pub check: bool,
}

/// What `fleet` can be told.
#[derive(Clone, Debug, Args)]
pub struct FleetArgs {
    /// What to do; without it, list
    #[command(subcommand)]
    pub command: Option<FleetCommand>,
}

/// What can be done to an instance.
#[derive(Clone, Debug, Subcommand)]
pub enum FleetCommand {
    /// End the lease of an instance that is known to be gone
    Evict {
        /// Its id, as `fleet` shows it
        instance: String,
    },
}

/// What `explain` can be told.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// A code, as errors show it: `CM0201`, or a column: `users.handle`; without it, all codes are listed
    pub subject: Option<String>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let milliseconds = crate::duration::milliseconds(text)?;
    Ok(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

fn database(word: &str) -> Result<Database, String> {
    word.parse()
}

impl Cli {
    /// Understands what was typed; otherwise says what is wrong, or helps, and how to end.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, ExitCode> {
        let command = Cli::command().after_long_help(exit_codes());
        let command = command.mut_subcommands(|sub| {
            sub.after_long_help("Exit codes are listed by `cargo colmig --help`.")
        });
        let matches = command.try_get_matches_from(without_own_name(arguments));
        matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(print)
    }
}

/// `cargo colmig x` calls `cargo-colmig colmig x`.
fn without_own_name(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|first| first == "colmig") {
        arguments.remove(1);
    }
    arguments
}

/// clap repeats what it does not understand, and that may be the address of a database.
fn print(error: clap::Error) -> ExitCode {
    let text = mask(&error.render().ansi().to_string());
    if error.use_stderr() {
        anstream::eprint!("{text}");
    } else {
        anstream::print!("{text}");
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn exit_codes() -> String {
    let rows = EXITS.iter().map(|(exit, meaning)| format!("  {:>3}  {meaning}\n", *exit as u8));
    format!("Exit codes:\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, ExitCode> {
        Cli::read(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_declaration_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn cargo_calls_it_by_its_name() {
        for line in [
            "cargo-colmig colmig generate --check",
            "cargo-colmig generate --check",
            "x -q generate",
        ] {
            assert!(
                matches!(read(line).map(|cli| cli.command), Ok(Command::Generate(_))),
                "{line}"
            );
        }
    }

    #[test]
    fn global_options_may_stand_anywhere() {
        for line in ["x --env prod generate", "x generate --env prod"] {
            assert_eq!(read(line).expect("it is valid").globals.env.as_deref(), Some("prod"));
        }
    }

    #[test]
    fn what_is_typed_as_an_address_is_not_shown() {
        let cli = read("x generate --database-url postgres://u:hush@h/d").expect("it is valid");
        assert!(!format!("{cli:?}").contains("hush"));
    }

    #[test]
    fn every_exit_code_is_in_the_help() {
        for (exit, meaning) in EXITS {
            let row = format!("{:>3}  {meaning}", *exit as u8);
            assert!(exit_codes().contains(&row), "{row}");
        }
    }
}
