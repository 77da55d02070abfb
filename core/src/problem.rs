//! What can go wrong, as data: every code, its title, its exit code, and the one error type.
//!
//! A [`Problem`] says what is wrong, where, and what to do; the command line prints all three, the
//! derive turns it into a compile error, and a library user gets it as a [`std::error::Error`].

use std::fmt;

/// How the program ends. The numbers are a contract with scripts, so they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All is done; this checkout may be deployed.
    Done = 0,
    /// A bug in colmig.
    Bug = 1,
    /// The command line was not understood.
    Usage = 2,
    /// The project or the database is not known to colmig yet.
    NotInitialised = 3,
    /// `--check` found unfinished work.
    Pending = 4,
    /// A gate, or unfinished work, stands before this checkout.
    NotYet = 6,
    /// Set-up, configuration, cargo metadata.
    Setup = 96,
    /// The database cannot be reached.
    Unreachable = 97,
    /// Findings in the source.
    Findings = 100,
    /// Consent is missing.
    Refused = 103,
    /// Two histories disagree, or an applied migration was edited.
    Conflict = 104,
    /// A step failed and can be run again.
    StepFailed = 105,
    /// Somebody else holds the lock.
    Locked = 106,
    /// Verification or a pre-flight check failed.
    Verification = 107,
    /// The database is not what the code expects.
    Drift = 108,
    /// Interrupted; a checkpoint was saved.
    Interrupted = 130,
}

/// Every exit code with its meaning: `--help`, the documentation and the tests read this table.
pub const EXITS: &[(Exit, &str)] = &[
    (Exit::Done, "done; this checkout may be deployed"),
    (Exit::Bug, "a bug in colmig"),
    (Exit::Usage, "the command line was not understood"),
    (Exit::NotInitialised, "the project needs `init`, or the database needs its first `apply`"),
    (Exit::Pending, "--check: something is unfinished"),
    (Exit::NotYet, "not yet: a gate or unfinished work stands before this checkout"),
    (Exit::Setup, "set-up, configuration or cargo metadata"),
    (Exit::Unreachable, "cannot connect"),
    (Exit::Findings, "findings in the source"),
    (Exit::Refused, "refused: consent is missing"),
    (Exit::Conflict, "conflict, or an edited migration"),
    (Exit::StepFailed, "a step failed; run the command again to resume"),
    (Exit::Locked, "the lock is held; its holder is named"),
    (Exit::Verification, "verification or a pre-flight check failed"),
    (Exit::Drift, "the database is not what the code expects"),
    (Exit::Interrupted, "interrupted; a checkpoint was saved"),
];

/// One kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// What users quote, `CM0201`. The first two digits are the room: 01 source, 02 moves, 03 files,
    /// 04 set-up, 05 the database, 06 the fleet, 07 apply, 08 hand-written SQL.
    pub id: &'static str,
    /// One line, without a full stop.
    pub title: &'static str,
    /// How a program ends that meets it.
    pub exit: Exit,
}

macro_rules! codes {
    ($($name:ident = $id:literal, $exit:ident, $title:literal;)*) => {
        $(#[doc = concat!($id, ": ", $title, ".")]
        pub const $name: &Code = &Code { id: $id, title: $title, exit: Exit::$exit };)*
        /// Every code, in order.
        pub const CODES: &[&Code] = &[$($name),*];
    };
}

codes! {
    BUG = "CM0001", Bug, "a bug in colmig";
    GRAMMAR = "CM0101", Findings, "an attribute is not understood";
    UNKNOWN_TYPE = "CM0102", Findings, "a Rust type has no SQL type";
    STATE_AGAINST_TYPE = "CM0103", Findings, "a column's state contradicts its field's type";
    NO_KEY = "CM0104", Findings, "a table has no primary key";
    NOT_A_TABLE = "CM0105", Findings, "this shape of Rust item cannot be a table";
    SOURCE_UNREADABLE = "CM0106", Findings, "a source file cannot be read or parsed";
    IDENTIFIER = "CM0107", Findings, "a name that the database cannot hold";
    DUPLICATE = "CM0108", Findings, "one name is declared twice";
    NOT_SUPPORTED = "CM0109", Findings, "this version of colmig does not do this";
    NOT_AN_ENUM = "CM0115", Findings, "this shape of Rust item cannot be an enum type";
    ILLEGAL_MOVE = "CM0201", Findings, "a column cannot move from its recorded state to this one";
    TYPE_CHANGED = "CM0202", Findings, "a column's type changed in place";
    TABLE_VANISHED = "CM0203", Findings, "a table's struct disappeared";
    KEY_CHANGED = "CM0204", Findings, "a primary key changed";
    NOT_IN_LOCK = "CM0205", Drift, "a table or column is not in its lock file";
    GUARD_CHANGED = "CM0206", Findings, "a constraint changed in place";
    OWNER_CHANGED = "CM0207", Findings, "a table changed its owner";
    LOCK_UNREADABLE = "CM0301", Setup, "colmig.lock cannot be read";
    FORMAT_TOO_NEW = "CM0302", Setup, "a file or a ledger was written by a newer colmig";
    MIGRATION_UNREADABLE = "CM0303", Setup, "a migration directory cannot be read";
    MIGRATION_EDITED = "CM0304", Conflict, "a migration was edited";
    CHAIN_BROKEN = "CM0305", Conflict, "the chain of migrations is broken";
    AMEND_IMPOSSIBLE = "CM0306", Conflict, "there is nothing that --amend can mend";
    LOCK_STALE = "CM0307", Pending, "the lock file is behind the source";
    FILE_UNWRITABLE = "CM0308", Setup, "a file cannot be written";
    NOT_SET_UP = "CM0401", NotInitialised, "this project has no colmig.toml";
    CONFIG = "CM0402", Setup, "colmig.toml is not understood";
    METADATA = "CM0403", Setup, "cargo metadata failed";
    USAGE = "CM0404", Usage, "the command line asks for something impossible";
    UNREACHABLE = "CM0501", Unreachable, "the database cannot be reached";
    NO_LEDGER = "CM0502", NotInitialised, "the database has no ledger yet";
    SERVER_UNSUPPORTED = "CM0503", Setup, "the database server is not supported";
    STATEMENT = "CM0504", StepFailed, "the database refused a statement";
    DRIFT = "CM0505", Drift, "the database is not what the code expects";
    POOLER = "CM0506", Setup, "a transaction pooler stands between colmig and the database";
    UNSET = "CM0507", Findings, "a write-only column has no value to write";
    NOTHING_TO_SET = "CM0508", Findings, "an update has nothing to set";
    READ_ONLY = "CM0509", Setup, "the database can only be read";
    DENIED = "CM0510", Setup, "the role lacks a right in the database";
    NOT_A_REPLICA = "CM0511", Setup, "a named replica is none of this database";
    UNSAFE = "CM0512", Setup, "the server is set up in a way that loses data";
    VALUE_NOT_WRITTEN = "CM0515", Findings, "a value of an enum type is not written by this release";
    VALUE_UNKNOWN = "CM0516", Findings, "a row holds a value that this release does not know";
    EXCLUDED = "CM0601", Drift, "this release is outside the window of a change";
    LEASE_LOST = "CM0602", Drift, "the lease was lost";
    LOCKED = "CM0701", Locked, "another apply or rollback is at work";
    FENCED = "CM0702", Locked, "another apply took over";
    STEP_FAILED = "CM0703", StepFailed, "a step failed";
    LOCK_TIMEOUT = "CM0704", StepFailed, "a table lock was not granted in time";
    VERIFICATION = "CM0705", Verification, "the backfill left rows without a value";
    NO_KEY_TO_BACKFILL = "CM0706", Verification, "a table without a primary key cannot be backfilled";
    CONSENT = "CM0707", Refused, "a drop needs consent";
    NOT_YET = "CM0708", NotYet, "a gate stands before the step that was asked for";
    NO_RETURN = "CM0709", Refused, "past the point of no return";
    OTHER_HISTORY = "CM0710", Conflict, "the database was migrated from another history";
    INTERRUPTED = "CM0711", Interrupted, "interrupted; a checkpoint was saved";
    PREFLIGHT = "CM0712", Verification, "rows or an expression stand in the way of a change";
    DEPENDANTS = "CM0713", Verification, "a column that is to be dropped is still needed by other objects";
    ARCHIVE = "CM0714", Verification, "values cannot be archived, or cannot be restored";
    HISTORY_BROKEN = "CM0715", Drift, "the ledger's history was altered";
    SQL_READS = "CM0801", Findings, "a statement reads a column that this release must not read";
    SQL_RETIRED = "CM0802", Findings, "a statement names a retired column";
    SQL_STAR = "CM0803", Findings, "a statement takes all columns of a table";
    SQL_NO_COLUMNS = "CM0804", Findings, "an insert does not name its columns";
    SQL_LEAVES_OUT = "CM0805", Findings, "an insert leaves out a column that this release must write";
    SQL_SOURCE_ALONE = "CM0806", Findings, "an update sets a column without the one that replaces it";
    SQL_ARM_FORGETS = "CM0807", Findings, "an upsert inserts a column and does not update it";
    SQL_ROW_LACKS = "CM0808", Findings, "a write-only column is missing from the row of a struct";
    SQL_WRITES = "CM0809", Findings, "a statement writes a table that is declared as read-only";
    SQL_DYNAMIC = "CM0811", Done, "a statement is put together while the program runs";
    SQL_AMBIGUOUS = "CM0812", Done, "a name in a statement may mean several columns";
    SQL_UNREAD = "CM0813", Done, "a statement is not understood";
}

impl Code {
    /// A problem of this kind; `message` says what is wrong, in one sentence without a full stop.
    pub fn problem(&'static self, message: impl Into<String>) -> Problem {
        Problem { code: self, message: message.into(), help: Vec::new(), place: None }
    }
}

/// What is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// Its kind.
    pub code: &'static Code,
    /// What is wrong.
    pub message: String,
    /// What to do, most likely remedy first.
    pub help: Vec<String>,
    /// Where: a file, `file:line:column`, a migration, a table.column.
    pub place: Option<String>,
}

impl Problem {
    /// Adds a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{} [{}]", self.message, self.code.id)?;
        for help in &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        for pair in CODES.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} before {}", pair[0].id, pair[1].id);
        }
    }

    #[test]
    fn every_code_ends_in_a_documented_exit() {
        for code in CODES {
            assert!(EXITS.iter().any(|(exit, _)| *exit == code.exit), "{}", code.id);
        }
    }
}
