//! `cargo colmig apply` on several databases: every change goes on, a stage at a time.

use std::time::Instant;

use colmig::migrator::Migrator;
use colmig_core::Exit;
use colmig_core::dialect::Direction;

use super::{Run, all};
use crate::cli::ApplyArgs;
use crate::commands::apply::{POLL, open, refusal, rest, without_numbers};
use crate::context::Context;
use crate::report::{Failure, Result};
use crate::session::Consent;
use crate::sessions::together;

/// Applies until nothing moves on any target, or stays and goes on as gates open.
pub(in crate::commands) fn run(
    args: &ApplyArgs,
    context: &Context,
    consent: &Consent,
) -> Result<Exit> {
    let mut run = Run::of(context, consent, Direction::Up)?;
    let apply = async |migrator: &mut Migrator| migrator.apply(args.to.as_deref()).await;
    run.ask(&apply)?;
    if !run.failures.is_empty() {
        return run.fail(false);
    }
    let deadline = args.wait.map(|wait| Instant::now() + wait);
    let mut said = String::new();
    let mut first = run.busy();
    loop {
        run.go(first, &apply);
        if !run.failures.is_empty() {
            return run.fail(true);
        }
        if run.sessions.is_stopped() {
            return Ok(Exit::Interrupted);
        }
        first = run.waiting();
        let patient = args.follow || deadline.is_some_and(|deadline| Instant::now() < deadline);
        if first.is_empty() || !patient {
            return run.conclude(args);
        }
        let waits = run.reports.values().map(without_numbers).collect();
        if waits != said {
            run.show_waits();
            said = waits;
        }
        if !run.sessions.pause(POLL) {
            return Ok(Exit::Interrupted);
        }
        run.watch(&first)?;
    }
}

impl Run<'_> {
    /// The targets with a gate that may open while one waits.
    fn waiting(&self) -> Vec<usize> {
        let waits = self.waits().into_iter().filter(|(.., wait)| wait.may_open());
        let mut waiting: Vec<_> = waits.map(|(index, ..)| index).collect();
        waiting.dedup();
        waiting
    }

    /// Looks for clients that never registered, so that the record goes on.
    fn watch(&mut self, which: &[usize]) -> Result<()> {
        let looks = self.sessions.work(which, async |member| {
            member.migrator().await?.watch().await.map_err(crate::session::failure)
        });
        together(looks.into_iter().filter_map(|(_, look)| look.err()).collect())
    }

    /// Exit 0 if and only if this checkout may be deployed now, to all targets.
    fn conclude(self, args: &ApplyArgs) -> Result<Exit> {
        let short = self.reports.iter().filter_map(|(index, report)| {
            let problem = report.short.clone()?;
            Some(Failure::from(problem).of_target(&self.sessions.members[*index].name))
        });
        let short: Vec<_> = short.collect();
        self.show_waits();
        together(short)?;
        let refused = self.reports.iter().filter_map(|(index, report)| {
            let problem = refusal(args, self.context, report)?;
            Some(Failure::from(problem).of_target(&self.sessions.members[*index].name))
        });
        let refused: Vec<_> = refused.collect();
        let terminal = self.context.terminal;
        for (index, report) in &self.reports {
            self.sessions.members[*index].terminal.object(&serde_json::json!({
                "reason": "applied", "deployable": report.refusals.is_empty(), "open": open(report),
                "steps": self.moved[index],
            }));
        }
        if let Err(failure) = together(refused) {
            terminal.failure(&failure);
            return Ok(Exit::NotYet);
        }
        let targets = all(self.context, self.sessions.members.len());
        let rest = rest(self.open());
        let ready = format!("this checkout may be deployed now, to {targets}; {rest}");
        terminal.status("Ready", &ready);
        Ok(Exit::Done)
    }

    /// How many changes are not finished on every target.
    fn open(&self) -> usize {
        let changes = self.reports.values().flat_map(|report| &report.changes);
        let open = changes.filter(|change| !change.progress.finished() && !change.void);
        open.map(|change| &change.progress.change.id)
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    }
}
