//! `cargo colmig rollback`: back to the release before a migration, as far as is safe now.

use colmig::migrator::{Event, NoReturn, RollbackPlan, Undoing};
use colmig_core::Exit;
use colmig_core::problem::NOT_YET;

use crate::cli::RollbackArgs;
use crate::commands::apply::show_waits;
use crate::commands::many;
use crate::context::Context;
use crate::progress::Progress;
use crate::report::Result;
use crate::session::{Consent, Session};
use crate::terminal::Terminal;

/// Shows what is undone and what it costs; then undoes it, unless only that was asked for.
pub(super) fn run(args: &RollbackArgs, context: &Context) -> Result<Exit> {
    let consent = Consent { allow_drop: args.allow_drop.clone(), ..Consent::default() };
    if context.environment()?.has_many() {
        return many::rollback(args, context, &consent);
    }
    let mut session = Session::open(context, "`rollback`", &consent)?;
    let (migration, to) = (args.migration.as_deref(), args.to.as_deref());
    let terminal = context.terminal;
    if args.dry_run {
        let plan = session.run(|migrator| migrator.rollback_plan(migration, to))?;
        show(terminal, &plan, true);
        terminal.note("this was a dry run: nothing was undone");
        return Ok(Exit::Done);
    }
    let mut progress = Progress::new(terminal);
    session.migrator.observe(move |event| match event {
        Event::RollingBack(plan) => show(terminal, &plan, false),
        event => progress.event(event),
    });
    let report = session.run(|migrator| migrator.rollback(migration, to))?;
    show_waits(terminal, &report);
    if report.changes.iter().any(|change| change.wait.is_some()) {
        return Err(NOT_YET
            .problem("the rollback is not complete yet: what could be undone safely is undone")
            .help("do what the waiting steps ask for, and run it again")
            .into());
    }
    let done = match to {
        None => "rolled back; the release before may be deployed".to_owned(),
        Some(to) => format!("rolled back to behind `{to}`"),
    };
    terminal.status("Ready", &done);
    if report.moved == 0 {
        terminal.note("nothing was left to undo; to go further back, name the migration: `cargo colmig rollback 0001`");
    }
    Ok(Exit::Done)
}

/// A dry run has the plan for its result; otherwise it is told before anything happens.
pub(super) fn show(terminal: Terminal, plan: &RollbackPlan, dry_run: bool) {
    for Undoing { change, act, undo, cost } in &plan.steps {
        let costs = if cost.is_empty() { String::new() } else { format!("; {cost}") };
        match dry_run {
            true => terminal.print(&format!("{change}: {act} — {undo}{costs}\n")),
            false => terminal.waiting("Will undo", &format!("{change}: {act} — {undo}{costs}")),
        }
        terminal.object(&serde_json::json!({
            "reason": "undo", "change": change, "step": act.to_string(), "undo": undo, "cost": cost,
        }));
    }
    if let Some(no_return) = &plan.no_return {
        let NoReturn { change, migration, dropped, at, archived } = no_return;
        terminal.note(&format!("no further back than behind `{migration}`: {no_return}"));
        terminal.object(&serde_json::json!({
            "reason": "no_return", "change": change, "migration": migration, "dropped": dropped,
            "at_ms": at, "archived": archived,
        }));
    }
}
