//! What the source comes to: the next lock file, and the migration that begins, if one does.

use colmig_core::Problem;
use colmig_core::diff::{edits, null_edits};
use colmig_core::enumeration;
use colmig_core::ident::for_file;
use colmig_core::lifecycle::{Effect, PhaseRange, State, move_between};
use colmig_core::lock::{Lock, Recorded, VERSION};
use colmig_core::migration::{Change, Migration};
use colmig_core::plan::{Wish, plan};
use colmig_core::problem::{CONFIG, NOT_SUPPORTED};
use colmig_core::protocol::{Act, ChangeKind};
use colmig_core::schema::{Column, Constraint, EnumValue, Schema};
use colmig_core::types::Database;
use colmig_core::vector::Vector;

use crate::cli::GenerateArgs;
use crate::context::Setup;
use crate::place::shown;
use crate::record::Base;
use crate::report::{Failure, Report, Result};
use crate::source::Source;

/// What the source comes to.
pub(super) struct Draft {
    /// The lock file.
    pub(super) lock: Lock,
    /// The migration that begins.
    pub(super) migration: Option<Migration>,
    /// Changes that go on without one.
    pub(super) going_on: Vec<GoingOn>,
}

/// A column that moved within a change that a migration began earlier.
pub(super) struct GoingOn {
    /// `users.handle`.
    pub(super) subject: String,
    /// As it was recorded: a state, or a nullability.
    pub(super) from: &'static str,
    /// As it is in the source.
    pub(super) to: &'static str,
    /// The number of the migration.
    pub(super) migration: String,
    /// The phases of this release in the change.
    pub(super) phases: Option<PhaseRange>,
}

/// Decides, or says everything that is wrong.
pub(super) fn draft(
    setup: &Setup,
    base: &Base,
    source: &Source,
    args: &GenerateArgs,
) -> Result<Draft> {
    same_project(setup, base)?;
    let lock = Lock {
        project: setup.config.project.clone(),
        packages: packages(setup, source)?,
        databases: setup.config.databases.clone(),
        ..base.lock.clone()
    };
    let schema = source.schema(&lock)?;
    let mut rewritten = rewritten_expressions(base, &schema);
    rewritten.extend(rewritten_replacements(base, &schema));
    let rewritten: Vec<Report> = rewritten.into_iter().map(|p| source.locate(p)).collect();
    if let Some(failure) = Failure::of(rewritten) {
        return Err(failure);
    }
    let name = args.name.clone().or_else(|| base.old.as_ref().and_then(given_name));
    let wish = Wish { name: name.as_deref(), retire: &args.retire };
    let outcome = plan(&lock, &schema, wish).map_err(|problems| {
        let reports = problems.into_iter().map(|problem| source.locate(problem));
        Failure::of(reports.collect()).expect("a plan that fails says why")
    })?;
    let going_on = going_on(base, &lock, &schema, &outcome.schema);
    let recorded = outcome
        .migration
        .as_ref()
        .map(|new| Recorded { id: new.manifest.id.clone(), hash: new.hash() });
    let lock = Lock {
        migrations: lock.migrations.into_iter().chain(recorded).collect(),
        schema: outcome.schema,
        ..lock
    };
    // A newer colmig that records nothing new leaves the file as it is.
    let written_by = if lock == base.lock { lock.written_by.clone() } else { VERSION.to_owned() };
    let lock = Lock { written_by, ..lock };
    Ok(Draft { lock, migration: outcome.migration, going_on })
}

/// Once there are migrations, a database knows the project by its name, and a fresh one needs SQL of its
/// kind in all of them.
fn same_project(setup: &Setup, base: &Base) -> Result<()> {
    let config = &setup.config;
    if base.migrations.is_empty() {
        return Ok(());
    }
    let (was, is) = (&base.lock.project, &config.project);
    if was != is {
        return Err(CONFIG
            .problem(format!("the project is `{is}` here, and its migrations are those of `{was}`"))
            .at(shown(&config.path))
            .help(format!("leases and the ledger know it by name: write `project = \"{was}\"`"))
            .into());
    }
    let lacks = |database: &&Database| {
        base.migrations.iter().any(|m| !m.manifest.databases.contains(database))
    };
    match config.databases.iter().find(lacks) {
        None => Ok(()),
        Some(new) => Err(CONFIG
            .problem(format!("`databases` names {new}, and the migrations have no SQL for it"))
            .at(shown(&config.path))
            .help(format!(
                "take {new} out again; a database that comes later needs a project of its own, with its own colmig.toml"
            ))
            .into()),
    }
}

/// The packages that the derive may heed the lock file in.
fn packages(setup: &Setup, source: &Source) -> Result<Vec<String>> {
    let all = setup.packages()?.into_iter().map(|package| package.name.clone());
    let with_tables = |name: &String| {
        source.tables.iter().any(|found| found.package == *name)
            || source.enums.iter().any(|found| found.package == *name)
    };
    let mut names: Vec<_> =
        all.filter(|name| setup.config.packages.is_some() || with_tables(name)).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Expressions belong to the migration. An edit after it was generated would be lost silently, because
/// the lock file does not hold them.
fn rewritten_expressions(base: &Base, schema: &Schema) -> Vec<Problem> {
    let mut problems = Vec::new();
    for table in &schema.tables {
        let Some(recorded) = base.lock.schema.table(&table.name) else { continue };
        for column in &table.columns {
            let Some(before) = recorded.column(&column.name).filter(|b| b.state == column.state)
            else {
                continue;
            };
            let Some((migration, begun)) = begun(base, &table.name, before, column.state) else {
                continue;
            };
            let is_it = |generated: &&Column| generated.name == column.name;
            let Some(generated) = begun.touched().find(is_it) else { continue };
            let is_drop = begun.replaced.is_empty();
            let is_kept_alike = begun.kind.facts().by_trigger();
            let word = match column.state {
                State::Adding if generated.backfill != column.backfill => "backfill",
                State::Adding if generated.forward != column.forward => "forward",
                // Once it is done, it is deleted with `replaces`.
                State::Active if column.replaces.is_empty() => continue,
                State::Active if is_kept_alike && generated.forward != column.forward => "forward",
                State::Deprecated if is_drop && generated.reverse != column.reverse => "reverse",
                _ => continue,
            };
            problems.push(rewritten(base, migration, begun, word, &column.name));
        }
    }
    problems
}

/// The same for the values of enum types.
fn rewritten_replacements(base: &Base, schema: &Schema) -> Vec<Problem> {
    let mut problems = Vec::new();
    for one in &schema.enums {
        let Some(recorded) = base.lock.schema.enumeration(&one.name) else { continue };
        for value in &one.values {
            let before = recorded.value(&value.name).filter(|old| old.state == value.state);
            let Some((migration, begun)) = before.and_then(|old| begun_value(base, &one.name, old))
            else {
                continue;
            };
            let generated = begun.value_of_type().map_or("", |value| &value.replace_with);
            if generated != value.replace_with {
                problems.push(rewritten(base, migration, begun, "replace_with", &value.name));
            }
        }
    }
    problems
}

fn rewritten(
    base: &Base,
    migration: &Migration,
    begun: &Change,
    word: &str,
    name: &str,
) -> Problem {
    let id = &migration.manifest.id;
    let problem = NOT_SUPPORTED
        .problem(format!(
            "the `{word}` of `{name}` changed after `{id}` was generated, which has the old one"
        ))
        .at(begun.subject());
    match base.migrations.last().is_some_and(|last| last == migration) {
        true => problem
            .help(format!("if `{id}` never left this branch: `cargo colmig generate --amend`"))
            .help("otherwise take the edit back: the migration decides"),
        false => problem.help("take the edit back: the migration decides"),
    }
}

/// The change that a value of an enum type is in, and its migration.
fn begun_value<'b>(
    base: &'b Base,
    enumeration: &str,
    value: &EnumValue,
) -> Option<(&'b Migration, &'b Change)> {
    let kind = match value.state {
        State::Adding => ChangeKind::AddValue,
        State::Deprecated => ChangeKind::RetireValue,
        State::Active | State::Absent => return None,
    };
    let is_it = |change: &&Change| {
        let same = |one: &EnumValue| one.name == value.name && one.born == value.born;
        change.kind == kind
            && change.table == enumeration
            && change.value_of_type().is_some_and(same)
    };
    base.migrations.iter().rev().find_map(|migration| {
        migration.manifest.changes.iter().find(is_it).map(|change| (migration, change))
    })
}

/// The change that a column in this state is in, and its migration.
fn begun<'b>(
    base: &'b Base,
    table: &str,
    column: &Column,
    state: State,
) -> Option<(&'b Migration, &'b Change)> {
    let is_it = |change: &&Change| {
        let same = |c: &Column| c.name == column.name && c.born == column.born;
        let is_in = |columns: &[Column]| columns.iter().any(same);
        let goes_through_it = match state {
            State::Adding => change.has(Act::Add) && is_in(&change.columns),
            State::Deprecated => is_in(change.dropped()),
            State::Active => {
                is_in(&change.replaced)
                    || change.kind.facts().by_trigger() && is_in(&change.columns)
            }
            State::Absent => false,
        };
        change.table == table && goes_through_it
    };
    base.migrations.iter().rev().find_map(|migration| {
        migration.manifest.changes.iter().find(is_it).map(|change| (migration, change))
    })
}

/// The latest change of a column's nullability.
fn tightened_or_relaxed<'b>(
    base: &'b Base,
    table: &str,
    column: &Column,
) -> Option<(&'b Migration, &'b Change)> {
    let is_it = |change: &&Change| {
        let same = |c: &Column| c.name == column.name && c.born == column.born;
        let kinds = [ChangeKind::Tighten, ChangeKind::Relax];
        change.table == table && kinds.contains(&change.kind) && change.columns.iter().any(same)
    };
    base.migrations.iter().rev().find_map(|migration| {
        let changes = migration.manifest.changes.iter().rev();
        changes.into_iter().find(is_it).map(|change| (migration, change))
    })
}

/// The moves that need no migration, each with the change that it goes on with.
fn going_on(base: &Base, lock: &Lock, source: &Schema, then: &Schema) -> Vec<GoingOn> {
    let vector = Vector::of_schema(&lock.project, then);
    let mut going_on = Vec::new();
    for one in &source.enums {
        let Some(recorded) = lock.schema.enumeration(&one.name) else { continue };
        for (name, rule) in enumeration::moves(recorded, one) {
            let before = recorded.value(name).filter(|_| rule.effect == Effect::GoesOn);
            let Some((migration, change)) =
                before.and_then(|old| begun_value(base, &one.name, old))
            else {
                continue;
            };
            going_on.push(GoingOn {
                subject: change.subject(),
                from: rule.from.facts().word,
                to: rule.to.facts().word,
                migration: migration.number().to_owned(),
                phases: vector.range(change),
            });
        }
    }
    for table in &source.tables {
        for edit in edits(lock.schema.table(&table.name), table) {
            let Some(recorded) = edit.recorded.filter(|_| edit.effect == Effect::GoesOn) else {
                continue;
            };
            let Some((migration, change)) = begun(base, &table.name, recorded, edit.rule.from)
            else {
                continue;
            };
            // What took another one's place once is replaced in its turn, by the migration that begins.
            let took = change.columns.iter().any(|column| column.name == recorded.name);
            if took && edit.rule.from == State::Active {
                continue;
            }
            going_on.push(GoingOn {
                subject: format!("{}.{}", table.name, recorded.name),
                from: edit.rule.from.facts().word,
                to: edit.rule.to.facts().word,
                migration: migration.number().to_owned(),
                phases: vector.range(change),
            });
        }
        let null_edits = lock.schema.table(&table.name).map(|old| null_edits(old, table));
        for (old, new, _) in
            null_edits.into_iter().flatten().filter(|edit| edit.2 == Effect::GoesOn)
        {
            let Some((migration, change)) = tightened_or_relaxed(base, &table.name, old) else {
                continue;
            };
            going_on.push(GoingOn {
                subject: change.subject(),
                from: old.nullability.facts().word,
                to: new.nullability.facts().word,
                migration: migration.number().to_owned(),
                phases: vector.range(change),
            });
        }
        let recorded = lock.schema.table(&table.name);
        let guards = recorded.into_iter().flat_map(|recorded| &recorded.constraints);
        for old in guards {
            let to = table.constraint(&old.name).map_or(State::Absent, |new| new.state);
            let rule = move_between(old.state, to);
            let begun = guarded(base, &table.name, old).filter(|_| rule.effect == Effect::GoesOn);
            let Some((migration, change)) = begun else { continue };
            going_on.push(GoingOn {
                subject: change.subject(),
                from: rule.from.facts().word,
                to: rule.to.facts().word,
                migration: migration.number().to_owned(),
                phases: vector.range(change),
            });
        }
    }
    going_on
}

/// The latest change of a constraint.
fn guarded<'b>(
    base: &'b Base,
    table: &str,
    constraint: &Constraint,
) -> Option<(&'b Migration, &'b Change)> {
    let same = |one: &Constraint| one.name == constraint.name && one.born == constraint.born;
    let is_it = |change: &&Change| change.table == table && change.constraint.iter().any(same);
    base.migrations.iter().rev().find_map(|migration| {
        let changes = migration.manifest.changes.iter().rev();
        changes.into_iter().find(is_it).map(|change| (migration, change))
    })
}

/// The words that somebody chose for a migration: they stay when it is amended, and words that colmig
/// made follow the changes.
fn given_name(migration: &Migration) -> Option<String> {
    let (_, words) = migration.manifest.id.split_once('_')?;
    let first = migration.manifest.changes.first()?;
    let subject: Vec<_> = first.subject().split('.').map(for_file).collect();
    let made = format!("{}_{}", first.kind.facts().verb, subject.join("_"));
    (!words.starts_with(&made)).then(|| words.to_owned())
}
