//! What is recorded: colmig.lock and migrations/ together, and where they contradict each other.

use colmig_core::lock::{Lock, Recorded};
use colmig_core::migration::Migration;
use colmig_core::problem::{
    AMEND_IMPOSSIBLE, CHAIN_BROKEN, LOCK_UNREADABLE, MIGRATION_EDITED, Problem,
};

use crate::files::{read_lock, read_migrations};
use crate::place::shown;
use crate::project::Project;
use crate::report::{Failure, Result};

/// What is on disk, unjudged.
#[derive(Clone, Debug)]
pub struct Record<'p> {
    project: &'p Project,
    /// The lock file and its text, once there is one.
    pub lock: Option<(Lock, String)>,
    /// The migrations in the order of their chain.
    pub migrations: Vec<Migration>,
}

/// What a new migration builds on.
#[derive(Clone, Debug)]
pub struct Base {
    /// What is recorded before it.
    pub lock: Lock,
    /// The migrations before it.
    pub migrations: Vec<Migration>,
    /// A directory that is there and does not belong to what is recorded before: the one to amend, or one
    /// that an interrupted `generate` left.
    pub old: Option<Migration>,
}

/// Where the lock file and the directories contradict each other.
#[derive(Debug, PartialEq)]
enum Difference<'a> {
    /// The lock file names it, and it is not there.
    Missing(&'a str),
    /// It is not what was generated.
    Edited(&'a str),
    /// It is there, and the lock file does not name it.
    Unknown(&'a str),
    /// The lock file names them in another order than they follow each other.
    Order,
}

impl<'p> Record<'p> {
    /// Reads both.
    pub fn read(project: &'p Project) -> Result<Record<'p>> {
        let lock = read_lock(&project.lock)?;
        Ok(Record { project, lock, migrations: read_migrations(project)? })
    }

    /// Both, if they agree: what may be applied.
    pub fn agreed(self) -> Result<(Lock, Vec<Migration>)> {
        let lock = self.recorded();
        self.agree(&differences(&lock.migrations, &self.migrations))?;
        match self.lock {
            Some((lock, _)) => Ok((lock, self.migrations)),
            None => Err(LOCK_UNREADABLE
                .problem("there is no colmig.lock yet")
                .at(shown(&self.project.lock))
                .help("run `cargo colmig generate`, which records what the source declares")
                .into()),
        }
    }

    /// What the next migration builds on.
    pub fn latest(&self) -> Result<Base> {
        let lock = self.recorded();
        let (mut migrations, mut old) = (self.migrations.clone(), None);
        let differences = differences(&lock.migrations, &migrations);
        match (differences.as_slice(), migrations.last()) {
            ([Difference::Unknown(id)], Some(last)) if last.manifest.id == *id => {
                old = migrations.pop();
            }
            _ => self.agree(&differences)?,
        }
        Ok(Base { lock, migrations, old })
    }

    /// What the newest migration built on: its own copy of the schema before. Also mends what an
    /// interrupted `--amend` or an edit of the newest directory left.
    pub fn amended(&self) -> Result<Base> {
        let mut lock = self.recorded();
        let mut migrations = self.migrations.clone();
        if lock.migrations.len() > migrations.len() {
            // The directory of the newest is not there, and with it the schema before it.
            self.agree(&differences(&lock.migrations, &migrations))?;
        }
        let Some(newest) = migrations.pop() else { return Err(self.nothing_to_amend().into()) };
        if lock.migrations.len() > migrations.len() {
            lock.migrations.pop();
            lock.schema = newest.manifest.before.clone();
        }
        self.agree(&differences(&lock.migrations, &migrations))?;
        Ok(Base { lock, migrations, old: Some(newest) })
    }

    /// Why the directory that an interrupted `generate` seems to have left cannot simply be taken.
    pub fn leftover(&self, id: &str) -> Problem {
        self.problem(&Difference::Unknown(id))
    }

    fn recorded(&self) -> Lock {
        self.lock.as_ref().map_or_else(Lock::default, |(lock, _)| lock.clone())
    }

    fn agree(&self, differences: &[Difference<'_>]) -> Result<()> {
        if self.lock.is_none() && differences.len() > 1 {
            return Err(self.lock_lost().into());
        }
        let problems = differences.iter().map(|difference| self.problem(difference).into());
        Failure::of(problems.collect()).map_or(Ok(()), Err)
    }

    /// An interrupted first `generate` leaves one directory; more than that had a lock file.
    fn lock_lost(&self) -> Problem {
        CHAIN_BROKEN
            .problem(format!("{} migrations are there, and no colmig.lock", self.migrations.len()))
            .at(shown(&self.project.lock))
            .help("take colmig.lock from version control: nothing else knows what it recorded")
    }

    fn nothing_to_amend(&self) -> Problem {
        AMEND_IMPOSSIBLE
            .problem("there is no migration yet")
            .at(shown(&self.project.migrations))
            .help("run `cargo colmig generate`")
    }

    fn problem(&self, difference: &Difference<'_>) -> Problem {
        let at = |id: &str| shown(&self.project.migrations.join(id));
        let newest = |id: &str| self.migrations.last().is_some_and(|last| last.manifest.id == id);
        match difference {
            Difference::Missing(id) => {
                let problem = CHAIN_BROKEN
                    .problem(format!("colmig.lock records `{id}`, and its directory is not there"))
                    .at(at(id));
                let aside = self.project.migrations.join(format!(".{id}.old"));
                match aside.exists() {
                    true => problem.help(format!(
                        "an interrupted `generate --amend` left it at {}: rename it back",
                        shown(&aside)
                    )),
                    false => problem.help("take it from version control"),
                }
            }
            Difference::Edited(id) => {
                let problem = MIGRATION_EDITED
                    .problem(format!("`{id}` is not what was generated"))
                    .at(at(id))
                    .help("take the directory from version control");
                match newest(id) {
                    true => problem.help("or, if it never left this branch, make it anew: `cargo colmig generate --amend`"),
                    false => problem,
                }
            }
            Difference::Unknown(id) => CHAIN_BROKEN
                .problem(format!("`{id}` is there, and colmig.lock does not record it"))
                .at(at(id))
                .help("if colmig.lock lost it, in a merge for instance, take colmig.lock from version control")
                .help("if an interrupted `generate` left it, remove the directory, or replace it: `cargo colmig generate --amend`"),
            Difference::Order => CHAIN_BROKEN
                .problem("colmig.lock records the migrations in another order than they follow each other")
                .at(shown(&self.project.lock))
                .help("take colmig.lock from version control"),
        }
    }
}

fn differences<'a>(recorded: &'a [Recorded], found: &'a [Migration]) -> Vec<Difference<'a>> {
    let mut differences = Vec::new();
    for one in recorded {
        match found.iter().find(|migration| migration.manifest.id == one.id) {
            None => differences.push(Difference::Missing(&one.id)),
            Some(migration) if migration.hash() != one.hash => {
                differences.push(Difference::Edited(&one.id));
            }
            Some(_) => {}
        }
    }
    let unknown = found.iter().map(|migration| migration.manifest.id.as_str());
    let unknown = unknown.filter(|id| recorded.iter().all(|one| one.id != *id));
    differences.extend(unknown.map(Difference::Unknown));
    let in_order = recorded.iter().map(|one| one.id.as_str());
    if differences.is_empty() && !in_order.eq(found.iter().map(|m| m.manifest.id.as_str())) {
        differences.push(Difference::Order);
    }
    differences
}
