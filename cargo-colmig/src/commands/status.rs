//! `cargo colmig status`, `fleet` and `verify`: read-only looks at a database.

use colmig::migrator::{InstanceStatus, Status};
use colmig_core::gate::seconds;
use colmig_core::problem::{DRIFT, USAGE};
use colmig_core::progress::Progress;
use colmig_core::{Exit, admission};
use comfy_table::{Table, presets::NOTHING};

use crate::cli::{FleetArgs, FleetCommand, StatusArgs};
use crate::commands::many;
use crate::context::Context;
use crate::report::Result;
use crate::session::{Consent, Session, failure};
use crate::sessions::Sessions;
use crate::terminal::Terminal;

/// Where every change stands, and who is alive.
pub(super) fn status(args: &StatusArgs, context: &Context) -> Result<Exit> {
    if context.environment()?.has_many() {
        return many::status(args, context);
    }
    let mut session = Session::open(context, "`status`", &Consent::default())?;
    let status = session.run(|migrator| migrator.status())?;
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["CHANGE", "STEPS", "WINDOW", "NEXT STEP"]);
    for (change, rows) in &status.changes {
        let window = change.window().map_or("not started".to_owned(), |window| window.to_string());
        let steps = format!("{}/{}", change.position, change.change.steps.len());
        table.add_row([change.change.title(), steps, window, next(&status, change, *rows)]);
    }
    show_changes(context.terminal, &status);
    if !status.changes.is_empty() {
        context.terminal.print(&format!("{}\n", table.trim_fmt()));
    }
    for id in &status.unrecorded {
        context.terminal.print(&format!("{id}: not applied yet\n"));
    }
    if status.instances.iter().any(recent) {
        context.terminal.print("\n");
    }
    show_fleet(context.terminal, &status);
    if !status.holder.is_empty() {
        context.terminal.print(&format!("at work: {}\n", status.holder));
    }
    show_deployable(context, &status);
    Ok(if args.check && !status.finished() { Exit::Pending } else { Exit::Done })
}

/// What is next for a change.
fn next(status: &Status, change: &Progress, rows: i64) -> String {
    match change.next() {
        _ if status.void.contains(&change.change.id) => "given up".to_owned(),
        None => "finished".to_owned(),
        Some(step) if rows > 0 => format!("{} ({}), {rows} rows filled", step.act, step.stage),
        Some(step) => format!("{} ({})", step.act, step.stage),
    }
}

/// All of it for programs.
pub(super) fn show_objects(terminal: Terminal, status: &Status) {
    show_changes(terminal, status);
    for instance in status.instances.iter().filter(|instance| recent(instance)) {
        show_instance(terminal, instance);
    }
    show_end(terminal, status);
}

fn show_changes(terminal: Terminal, status: &Status) {
    for (change, rows) in &status.changes {
        terminal.object(&serde_json::json!({
            "reason": "change", "change": change.change.title(), "property": change.change.property(),
            "position": change.position, "steps": change.change.steps.len(), "window": change.window(),
            "next": next(status, change, *rows),
        }));
    }
}

/// Whether this checkout may be deployed, for programs.
fn show_end(terminal: Terminal, status: &Status) {
    terminal.object(&serde_json::json!({
        "reason": "status", "deployable": status.refusals.is_empty(), "refusals": refusals(status),
        "finished": status.finished(), "holder": status.holder,
    }));
}

fn refusals(status: &Status) -> Vec<String> {
    let words =
        status.refusals.iter().map(|refusal| format!("{}: {}", refusal.subject, refusal.why));
    words.collect()
}

/// Whether this checkout may be deployed now; if not, why, and what to do.
fn show_deployable(context: &Context, status: &Status) {
    let refusals = refusals(status);
    let text = if refusals.is_empty() {
        "this checkout may be deployed now\n".to_owned()
    } else {
        let remedies = admission::problem(&context.lock.project, &status.refusals).help;
        let remedies: String = remedies.iter().map(|help| format!("  help: {help}\n")).collect();
        format!("this checkout may not be deployed now:\n  {}\n{remedies}", refusals.join("\n  "))
    };
    context.terminal.print(&text);
    show_end(context.terminal, status);
}

/// The instances of every project in these databases.
pub(super) fn fleet(args: &FleetArgs, context: &Context) -> Result<Exit> {
    if let Some(FleetCommand::Evict { instance }) = &args.command {
        return evict(instance, context);
    }
    let mut sessions = Sessions::of(context, &Consent::default())?;
    sessions.each(
        async |member| member.migrator().await?.status().await.map_err(failure),
        |member, status| {
            member.terminal.heading();
            if status.instances.is_empty() {
                member.terminal.print("no instance has ever registered\n");
            }
            show_fleet(member.terminal, &status);
            Ok(())
        },
    )?;
    Ok(Exit::Done)
}

/// An instance has its lease in one database.
fn evict(instance: &str, context: &Context) -> Result<Exit> {
    let mut session = Session::open(context, "`fleet evict`", &Consent::default())?;
    if !session.run(|migrator| migrator.evict(instance))? {
        return Err(USAGE
            .problem(format!("no instance `{instance}` holds a lease"))
            .help("`cargo colmig fleet` lists them")
            .into());
    }
    context.terminal.status(
        "Evicted",
        &format!("{instance}; if it is still there, it registers anew, or is refused and stops"),
    );
    Ok(Exit::Done)
}

fn show_fleet(terminal: Terminal, status: &Status) {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["INSTANCE", "WHAT", "LEASE", "NOW"]);
    let known: Vec<_> = status.instances.iter().filter(|instance| recent(instance)).collect();
    for instance in &known {
        let lease = if instance.live {
            format!("alive for {}, lease for {}", seconds(instance.age), seconds(instance.left))
        } else {
            format!("ended {} ago", seconds(-instance.left))
        };
        table.add_row([instance.id.clone(), instance.label.clone(), lease, now(instance)]);
        show_instance(terminal, instance);
    }
    if !known.is_empty() {
        terminal.print(&format!("{}\n", table.trim_fmt()));
    }
}

fn now(instance: &InstanceStatus) -> String {
    match instance.refusals.first() {
        None => "may run".to_owned(),
        Some(refusal) => format!("may not run: {}", refusal.subject),
    }
}

fn show_instance(terminal: Terminal, instance: &InstanceStatus) {
    terminal.object(&serde_json::json!({
        "reason": "instance", "id": instance.id, "label": instance.label, "live": instance.live,
        "lease_ms": instance.left, "now": now(instance),
    }));
}

/// Alive, or within the last hour.
fn recent(instance: &InstanceStatus) -> bool {
    instance.live || instance.left > -3_600_000
}

/// This checkout's code against these databases.
pub(super) fn verify(context: &Context) -> Result<Exit> {
    let schema = &context.lock.schema;
    let mut sessions = Sessions::of(context, &Consent::default())?;
    sessions.each(
        async |member| {
            let migrator = member.migrator().await?;
            let status = migrator.status().await.map_err(failure)?;
            let found = migrator.drift(schema).await.map_err(failure)?;
            verified(context, &status, found)
        },
        |member, ()| {
            let what = "the database is what this checkout's code expects";
            member.terminal.status("Verified", what);
            Ok(())
        },
    )?;
    Ok(Exit::Done)
}

fn verified(context: &Context, status: &Status, mut found: Vec<String>) -> Result<()> {
    found.extend(refusals(status));
    if found.is_empty() {
        return Ok(());
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
