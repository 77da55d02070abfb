//! `cargo colmig status`, `fleet` and `verify`: read-only looks at a database.

use colmig::migrator::{InstanceStatus, Status};
use colmig_core::gate::seconds;
use colmig_core::problem::{DRIFT, USAGE};
use colmig_core::{Exit, admission};
use comfy_table::{Table, presets::NOTHING};

use crate::cli::{FleetArgs, FleetCommand, StatusArgs};
use crate::context::Context;
use crate::report::Result;
use crate::session::{Consent, Session};

/// Where every change stands, and who is alive.
pub(super) fn status(args: &StatusArgs, context: &Context) -> Result<Exit> {
    let status = Session::open(context, "`status`", &Consent::default())?
        .run(|migrator| migrator.status())?;
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["CHANGE", "STEPS", "WINDOW", "NEXT STEP"]);
    for (change, rows) in &status.changes {
        let window = change.window().map_or("not started".to_owned(), |window| window.to_string());
        let next = match change.next() {
            _ if status.void.contains(&change.change.id) => "given up".to_owned(),
            None => "finished".to_owned(),
            Some(step) if *rows > 0 => format!("{} ({}), {rows} rows filled", step.act, step.stage),
            Some(step) => format!("{} ({})", step.act, step.stage),
        };
        let steps = format!("{}/{}", change.position, change.change.steps.len());
        table.add_row([change.change.title(), steps, window.clone(), next.clone()]);
        context.terminal.object(&serde_json::json!({
            "reason": "change", "change": change.change.title(), "property": change.change.property(),
            "position": change.position, "steps": change.change.steps.len(), "window": change.window(), "next": next,
        }));
    }
    if !status.changes.is_empty() {
        context.terminal.print(&format!("{}\n", table.trim_fmt()));
    }
    for id in &status.unrecorded {
        context.terminal.print(&format!("{id}: not applied yet\n"));
    }
    if status.instances.iter().any(recent) {
        context.terminal.print("\n");
    }
    show_fleet(context, &status);
    if !status.holder.is_empty() {
        context.terminal.print(&format!("at work: {}\n", status.holder));
    }
    show_deployable(context, &status);
    Ok(if args.check && !status.finished() { Exit::Pending } else { Exit::Done })
}

/// Whether this checkout may be deployed now; if not, why, and what to do.
fn show_deployable(context: &Context, status: &Status) {
    let deployable = status.refusals.is_empty();
    let refusals: Vec<_> = status
        .refusals
        .iter()
        .map(|refusal| format!("{}: {}", refusal.subject, refusal.why))
        .collect();
    let text = if deployable {
        "this checkout may be deployed now\n".to_owned()
    } else {
        let remedies = admission::problem(&context.lock.project, &status.refusals).help;
        let remedies: String = remedies.iter().map(|help| format!("  help: {help}\n")).collect();
        format!("this checkout may not be deployed now:\n  {}\n{remedies}", refusals.join("\n  "))
    };
    context.terminal.print(&text);
    context.terminal.object(&serde_json::json!({
        "reason": "status", "deployable": deployable, "refusals": refusals,
        "finished": status.finished(), "holder": status.holder,
    }));
}

/// The instances of every project in this database.
pub(super) fn fleet(args: &FleetArgs, context: &Context) -> Result<Exit> {
    let mut session = Session::open(context, "`status`", &Consent::default())?;
    if let Some(FleetCommand::Evict { instance }) = &args.command {
        if !session.run(|migrator| migrator.evict(instance))? {
            return Err(USAGE
                .problem(format!("no instance `{instance}` holds a lease"))
                .help("`cargo colmig fleet` lists them")
                .into());
        }
        context.terminal.status(
            "Evicted",
            &format!(
                "{instance}; if it is still there, it registers anew, or is refused and stops"
            ),
        );
        return Ok(Exit::Done);
    }
    let status = session.run(|migrator| migrator.status())?;
    if status.instances.is_empty() {
        context.terminal.print("no instance has ever registered\n");
    }
    show_fleet(context, &status);
    Ok(Exit::Done)
}

fn show_fleet(context: &Context, status: &Status) {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["INSTANCE", "WHAT", "LEASE", "NOW"]);
    let known: Vec<_> = status.instances.iter().filter(|instance| recent(instance)).collect();
    for instance in &known {
        let lease = if instance.live {
            format!("alive for {}, lease for {}", seconds(instance.age), seconds(instance.left))
        } else {
            format!("ended {} ago", seconds(-instance.left))
        };
        let now = match instance.refusals.first() {
            None => "may run".to_owned(),
            Some(refusal) => format!("may not run: {}", refusal.subject),
        };
        table.add_row([instance.id.clone(), instance.label.clone(), lease.clone(), now.clone()]);
        context.terminal.object(&serde_json::json!({
            "reason": "instance", "id": instance.id, "label": instance.label, "live": instance.live, "lease_ms": instance.left, "now": now,
        }));
    }
    if !known.is_empty() {
        context.terminal.print(&format!("{}\n", table.trim_fmt()));
    }
}

/// Alive, or within the last hour.
fn recent(instance: &InstanceStatus) -> bool {
    instance.live || instance.left > -3_600_000
}

/// This checkout's code against that database.
pub(super) fn verify(context: &Context) -> Result<Exit> {
    let mut session = Session::open(context, "`status`", &Consent::default())?;
    let status = session.run(|migrator| migrator.status())?;
    let mut found: Vec<String> = session.run(|migrator| migrator.drift(&context.lock.schema))?;
    found.extend(
        status.refusals.iter().map(|refusal| format!("{}: {}", refusal.subject, refusal.why)),
    );
    if found.is_empty() {
        context.terminal.status("Verified", "the database is what this checkout's code expects");
        return Ok(Exit::Done);
    }
    let mut problem = DRIFT.problem(format!(
        "the database is not what this checkout's code expects:\n  {}",
        found.join("\n  ")
    ));
    problem.help = admission::problem(&context.lock.project, &status.refusals).help;
    if problem.help.is_empty() {
        problem = problem
            .help("the table was changed by hand: change it back, or declare what it is now");
    }
    Err(problem.into())
}
