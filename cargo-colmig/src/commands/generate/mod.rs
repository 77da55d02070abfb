//! `cargo colmig generate`: from the source to a migration and the lock file.
//!
//! It decides first ([`draft`]), compares that with what is on disk, and only then writes. No database
//! is asked and nothing is compiled.

mod draft;
mod tell;

use std::collections::BTreeSet;

use colmig_core::hash::normalise;
use colmig_core::migration::Migration;
use colmig_core::problem::LOCK_STALE;
use colmig_core::{Exit, Problem};

use crate::cli::{GenerateArgs, Globals};
use crate::context::Setup;
use crate::files::{Rewrite, touch, write};
use crate::place::shown;
use crate::project::Project;
use crate::record::{Base, Record};
use crate::report::Result;
use crate::source::Source;
use crate::terminal::Terminal;

use draft::Draft;

/// Everything that was read and decided, before anything is written.
struct Work {
    project: Project,
    source: Source,
    base: Base,
    draft: Draft,
    /// The text of the lock file as it is; empty where there is none.
    lock_now: String,
    /// The text that it should have.
    lock_then: String,
}

/// Reads, decides, and then shows, checks or writes.
pub(super) fn run(args: &GenerateArgs, globals: &Globals, terminal: Terminal) -> Result<Exit> {
    let setup = Setup::load(globals)?;
    let record = Record::read(&setup.project)?;
    let base = if args.amend { record.amended()? } else { record.latest()? };
    let packages = setup.packages()?;
    let source = Source::read(&packages);
    for package in &packages {
        terminal.detail("Read", &format!("the source of `{}`", package.name));
    }
    let draft = draft::draft(&setup, &base, &source, args)?;
    let work = Work {
        source,
        lock_now: record.lock.as_ref().map_or_else(String::new, |(_, text)| text.clone()),
        lock_then: draft.lock.render(),
        base,
        draft,
        project: setup.project.clone(),
    };
    if work.declares_nothing() {
        tell::no_tables(terminal, &packages, &work);
        return Ok(Exit::Done);
    }
    match &work.base.old {
        Some(old) if !args.amend && work.draft.migration.as_ref() != Some(old) => {
            return Err(record.leftover(&old.manifest.id).into());
        }
        _ => {}
    }
    if args.check {
        return work.check(terminal);
    }
    if args.dry_run {
        tell::dry_run(terminal, &work);
        return Ok(Exit::Done);
    }
    if work.changes_nothing() {
        tell::unchanged(terminal, &work);
        return Ok(Exit::Done);
    }
    write(&work.project, work.rewrite())?;
    work.touch_sources(terminal);
    tell::written(terminal, &work);
    Ok(Exit::Done)
}

impl Work {
    /// The migration whose directory has to be written: not one that is there already, because an
    /// interrupted `generate` wrote it, or because there was nothing to amend in it.
    fn new_migration(&self) -> Option<&Migration> {
        self.draft.migration.as_ref().filter(|new| self.base.old.as_ref() != Some(new))
    }

    /// The directory that goes.
    fn old_directory(&self) -> Option<&str> {
        let old = self.base.old.as_ref().filter(|old| self.draft.migration.as_ref() != Some(old));
        old.map(|old| old.manifest.id.as_str())
    }

    /// An empty lock file would record nothing, and a project that begins has none.
    fn declares_nothing(&self) -> bool {
        let schema = &self.draft.lock.schema;
        schema.tables.is_empty() && schema.enums.is_empty() && self.lock_now.is_empty()
    }

    fn lock_moves(&self) -> bool {
        !self.declares_nothing() && normalise(&self.lock_now) != normalise(&self.lock_then)
    }

    fn changes_nothing(&self) -> bool {
        !self.lock_moves() && self.new_migration().is_none() && self.old_directory().is_none()
    }

    fn rewrite(&self) -> Rewrite<'_> {
        Rewrite { old: self.old_directory(), new: self.new_migration(), lock: &self.lock_then }
    }

    fn check(&self, terminal: Terminal) -> Result<Exit> {
        if !self.lock_moves() {
            tell::unchanged(terminal, self);
            return Ok(Exit::Done);
        }
        tell::difference(terminal, self);
        Err(self.stale().into())
    }

    fn stale(&self) -> Problem {
        let problem = match &self.draft.migration {
            Some(migration) => LOCK_STALE.problem(format!(
                "the source is not recorded: `{}` would be generated",
                migration.manifest.id
            )),
            None => LOCK_STALE.problem("the source is not recorded: colmig.lock would change"),
        };
        problem
            .at(shown(&self.project.lock))
            .help("run `cargo colmig generate`, and commit colmig.lock and migrations/")
    }

    /// The derive makes cargo watch a lock file that it has seen, and it has not seen one that did not
    /// exist or did not name its package. Without this, code would go on compiling against no record
    /// until somebody edits it.
    fn touch_sources(&self, terminal: Terminal) {
        let known = self.base_packages();
        let tables = self.source.tables.iter().map(|found| (&found.package, &found.path));
        let enums = self.source.enums.iter().map(|found| (&found.package, &found.path));
        let news = tables.chain(enums).filter(|(package, _)| !known.contains(package));
        let paths: BTreeSet<_> = news.map(|(_, path)| path).collect();
        for path in paths {
            if let Err(problem) = touch(path) {
                terminal.warning(&problem.help(
                    "cargo cannot see that colmig.lock appeared: edit the file, or run `cargo clean`",
                ));
            }
        }
    }

    fn base_packages(&self) -> &[String] {
        if self.lock_now.is_empty() { &[] } else { &self.base.lock.packages }
    }
}
