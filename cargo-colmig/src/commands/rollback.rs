//! `cargo colmig rollback`: back to the release before a migration, as far as is safe now.

use colmig_core::Exit;
use colmig_core::problem::NOT_YET;

use crate::cli::RollbackArgs;
use crate::commands::apply::show_waits;
use crate::context::Context;
use crate::progress::Progress;
use crate::report::Result;
use crate::session::{Consent, Session};

/// Shows what would be undone, or undoes it.
pub(super) fn run(args: &RollbackArgs, context: &Context) -> Result<Exit> {
    let consent = Consent { allow_drop: args.allow_drop.clone(), ..Consent::default() };
    let mut session = Session::open(context, &consent)?;
    let migration = args.migration.as_deref();
    if args.dry_run {
        let steps = session.run(|migrator| migrator.rollback_plan(migration))?;
        for (change, act, undo) in &steps {
            context.terminal.print(&format!("{change}: {act} — {undo}\n"));
            context.terminal.object(&serde_json::json!({
                "reason": "undo", "change": change, "step": act.to_string(), "undo": undo,
            }));
        }
        context.terminal.note("this was a dry run: nothing was undone");
        return Ok(Exit::Done);
    }
    let mut progress = Progress::new(context.terminal);
    session.migrator.observe(move |event| progress.event(event));
    let report = session.run(|migrator| migrator.rollback(migration))?;
    show_waits(context.terminal, &report);
    if report.changes.iter().any(|change| change.wait.is_some()) {
        return Err(NOT_YET
            .problem("the rollback is not complete yet: what could be undone safely is undone")
            .help("do what the waiting steps ask for, and run it again")
            .into());
    }
    context.terminal.status("Ready", "rolled back; the release before may be deployed");
    if report.moved == 0 {
        context.terminal.note("nothing was left to undo; to go further back, name the migration: `cargo colmig rollback 0001`");
    }
    Ok(Exit::Done)
}
