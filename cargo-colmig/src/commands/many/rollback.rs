//! `cargo colmig rollback` on several databases: back a stage at a time.

use colmig::migrator::{Migrator, RollbackPlan};
use colmig_core::Exit;
use colmig_core::dialect::Direction;
use colmig_core::problem::NOT_YET;
use colmig_core::shards::named;

use super::{Run, is_idle};
use crate::cli::RollbackArgs;
use crate::commands::rollback::show;
use crate::context::Context;
use crate::report::Result;
use crate::session::{Consent, failure};
use crate::sessions::together;

/// Shows what is undone and what it costs; then undoes it on all targets, unless only that was asked for.
pub(in crate::commands) fn run(
    args: &RollbackArgs,
    context: &Context,
    consent: &Consent,
) -> Result<Exit> {
    let mut run = Run::of(context, consent, Direction::Down)?;
    let newest = match (&args.migration, &args.to) {
        (None, None) => run.newest()?,
        (migration, _) => migration.clone(),
    };
    let (migration, to) = (newest.as_deref(), args.to.as_deref());
    let plans = run.plans(migration, to)?;
    run.show_plans(&plans, args.dry_run);
    if args.dry_run {
        context.terminal.note("this was a dry run: nothing was undone");
        return Ok(Exit::Done);
    }
    let rollback = async |migrator: &mut Migrator| migrator.rollback(migration, to).await;
    run.ask(&rollback)?;
    if !run.failures.is_empty() {
        return run.fail(false);
    }
    run.go(run.busy(), &rollback);
    if !run.failures.is_empty() {
        return run.fail(true);
    }
    if run.sessions.is_stopped() {
        return Ok(Exit::Interrupted);
    }
    run.show_waits();
    if !run.waits().is_empty() {
        return Err(NOT_YET
            .problem("the rollback is not complete yet: what could be undone safely is undone")
            .help("do what the waiting steps ask for, and run it again")
            .into());
    }
    let terminal = context.terminal;
    let count = run.busy().len();
    let done = match to {
        None => format!("rolled back on {count} targets; the release before may be deployed"),
        Some(to) => format!("rolled back to behind `{to}` on {count} targets"),
    };
    terminal.status("Ready", &done);
    if run.moved.values().all(|moved| *moved == 0) {
        terminal.note("nothing was left to undo; to go further back, name the migration: `cargo colmig rollback 0001`");
    }
    Ok(Exit::Done)
}

impl Run<'_> {
    /// The newest migration that has ever begun on any target. Without a name each would take back its own newest.
    fn newest(&mut self) -> Result<Option<String>> {
        let looks = self.sessions.work(&self.sessions.all(), async |member| {
            member.migrator().await?.status().await.map_err(failure)
        });
        let mut newest = None;
        let mut failures = Vec::new();
        for (_, look) in looks {
            match look {
                Ok(status) => {
                    let begun = status
                        .changes
                        .into_iter()
                        .map(|(row, _)| row)
                        .filter(|row| !row.is_untouched() || row.direction == Direction::Down);
                    newest = newest.max(begun.map(|row| row.migration).max());
                }
                Err(failure) if is_idle(&failure) => {}
                Err(failure) => failures.push(failure),
            }
        }
        together(failures)?;
        Ok(newest)
    }

    /// What would be undone on each target that has something to undo.
    fn plans(
        &mut self,
        migration: Option<&str>,
        to: Option<&str>,
    ) -> Result<Vec<(usize, RollbackPlan)>> {
        let all = self.sessions.all();
        let outcomes = self.sessions.work(&all, async |member| {
            member.migrator().await?.rollback_plan(migration, to).await.map_err(failure)
        });
        let (mut plans, mut failures) = (Vec::new(), Vec::new());
        for (index, outcome) in outcomes {
            match outcome {
                Ok(plan) => plans.push((index, plan)),
                Err(failure) if is_idle(&failure) => {
                    self.idle.insert(index, failure);
                }
                Err(failure) => failures.push(failure),
            }
        }
        if plans.is_empty() && failures.is_empty() {
            failures = std::mem::take(&mut self.idle).into_values().collect();
        }
        together(failures)?;
        for index in self.idle.keys() {
            let name = &self.sessions.members[*index].name;
            crate::sessions::on(&self.board, |board| board.leave_out(name));
            self.context.terminal.note(&format!("{name}: nothing to undo there"));
        }
        Ok(plans)
    }

    /// What several targets have alike is told once.
    fn show_plans(&self, plans: &[(usize, RollbackPlan)], dry_run: bool) {
        let terminal = self.context.terminal;
        let mut groups: Vec<(&RollbackPlan, Vec<&str>)> = Vec::new();
        for (index, plan) in plans {
            let member = &self.sessions.members[*index];
            if terminal.is_json() {
                show(member.terminal, plan, dry_run);
                continue;
            }
            match groups.iter_mut().find(|(other, _)| *other == plan) {
                Some((_, targets)) => targets.push(&member.name),
                None => groups.push((plan, vec![&member.name])),
            }
        }
        for (plan, targets) in groups {
            let terminal = terminal.of_target(&named(&targets));
            if dry_run {
                terminal.heading();
            }
            show(terminal, plan, dry_run);
        }
    }
}
