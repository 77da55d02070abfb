//! `cargo colmig apply`: executes as far as is safe now.

use std::time::{Duration, Instant};

use colmig::migrator::{ChangeReport, Report, Wait};
use colmig_core::dialect::stall_in_cluster;
use colmig_core::migration::{Change, Step};
use colmig_core::problem::USAGE;
use colmig_core::protocol::ChangeKind;
use colmig_core::{Exit, Problem, admission};

use crate::cli::ApplyArgs;
use crate::commands::many;
use crate::context::Context;
use crate::progress::Progress;
use crate::report::Result;
use crate::session::{Consent, Session};
use crate::terminal::Terminal;

/// How often `--follow` looks again.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// Applies once, or stays and goes on as gates open.
pub(super) fn run(args: &ApplyArgs, context: &Context) -> Result<Exit> {
    check_consent(args, context)?;
    let consent = Consent {
        allow_drop: args.allow_drop.clone(),
        allow_rewrite: args.allow_rewrite.clone(),
        archive: args.archive,
        assume_no_fleet: args.assume_no_fleet,
        patience: args.wait,
    };
    if context.environment()?.has_many() {
        return many::apply(args, context, &consent);
    }
    let mut session = Session::open(context, "`apply`", &consent)?;
    let mut progress = Progress::new(context.terminal);
    session.migrator.observe(move |event| progress.event(event));
    let deadline = args.wait.map(|wait| Instant::now() + wait);
    let mut said = String::new();
    loop {
        let report = session.run(|migrator| migrator.apply(args.to.as_deref()))?;
        let waiting =
            report.changes.iter().any(|change| change.wait.as_ref().is_some_and(Wait::may_open));
        let patient = args.follow || deadline.is_some_and(|deadline| Instant::now() < deadline);
        if !waiting || !patient {
            return match report.short {
                Some(problem) => Err(problem.into()),
                None => Ok(conclude(args, context, &report)),
            };
        }
        let waits = without_numbers(&report);
        if waits != said {
            show_waits(context.terminal, &report);
            said = waits;
        }
        if !session.pause(POLL) {
            return Ok(Exit::Interrupted);
        }
        session.run(|migrator| migrator.watch())?;
    }
}

/// Consent that names nothing that it could be asked for is a slip of the pen, and no consent.
fn check_consent(args: &ApplyArgs, context: &Context) -> Result<()> {
    let changes = || context.migrations.iter().flat_map(|m| &m.manifest.changes);
    // What is given up half-way is dropped too.
    let gives_up = |change: &&Change| change.kind == ChangeKind::Abandon;
    let dropped = changes().flat_map(Change::consents);
    let dropped: Vec<_> = dropped.chain(changes().filter(gives_up).map(Change::subject)).collect();
    // A cluster may not do at once what one server does.
    let in_cluster = |change: &Change| {
        let all = |step: &Step| {
            step.sql.keys().any(|dialect| stall_in_cluster(dialect, step.sql.keys()).is_some())
        };
        change.steps.iter().any(all)
    };
    let rewritten = changes().filter(|change| change.rewrites() || in_cluster(change));
    let rewritten: Vec<_> = rewritten.map(Change::subject).collect();
    known(&args.allow_drop, &dropped, "drops")?;
    known(&args.allow_rewrite, &rewritten, "rewrites a table for")
}

fn known(consents: &[String], names: &[String], verb: &str) -> Result<()> {
    let Some(name) = consents.iter().find(|name| !names.contains(name)) else { return Ok(()) };
    let problem = USAGE.problem(format!("no migration {verb} `{name}`"));
    Err(match names {
        [] => problem.help(format!("no migration of this checkout {verb} anything")),
        names => problem.help(format!("what could be meant: {}", names.join(", "))),
    }
    .into())
}

/// The waits without what changes every second.
pub(super) fn without_numbers(report: &Report) -> String {
    let waits = report.changes.iter().filter_map(|change| change.wait.as_ref());
    waits.map(|wait| wait.to_string()).collect::<String>().replace(|c: char| c.is_ascii_digit(), "")
}

/// Names every gate that remains.
pub(super) fn show_waits(terminal: Terminal, report: &Report) {
    for ChangeReport { progress, wait, .. } in &report.changes {
        let Some(wait) = wait else { continue };
        terminal.waiting("Waiting", &format!("{}: {wait}", progress.change.title()));
        terminal.more(&format!("to go on: {}", wait.remedy()));
        terminal.object(&serde_json::json!({
            "reason": "waiting", "change": progress.change.title(), "why": wait.to_string(), "remedy": wait.remedy(),
        }));
    }
}

/// Exit 0 if and only if this checkout may be deployed now.
fn conclude(args: &ApplyArgs, context: &Context, report: &Report) -> Exit {
    let terminal = context.terminal;
    show_waits(terminal, report);
    if let Some(problem) = refusal(args, context, report) {
        terminal.failure(&problem.into());
        return Exit::NotYet;
    }
    let open = open(report);
    let rest = rest(open);
    terminal.status("Ready", &format!("this checkout may be deployed now; {rest}"));
    terminal.object(&serde_json::json!({ "reason": "applied", "deployable": true, "open": open, "steps": report.moved }));
    Exit::Done
}

/// Why this checkout may not be deployed yet, if it may not.
pub(super) fn refusal(args: &ApplyArgs, context: &Context, report: &Report) -> Option<Problem> {
    if report.refusals.is_empty() {
        return None;
    }
    let mut problem = admission::problem(&context.lock.project, &report.refusals);
    problem.code = colmig_core::problem::NOT_YET;
    let mut remedies: Vec<_> =
        report.changes.iter().filter_map(|c| c.wait.as_ref()).map(Wait::remedy).collect();
    remedies.dedup();
    if let Some(to) = &args.to {
        remedies.push(format!("`--to {to}` stops short of it: apply without `--to`"));
    }
    // Where nothing waits, the database was changed by hand, and its own remedies stay.
    if !remedies.is_empty() {
        problem.help = remedies;
    }
    problem.message = problem.message.replacen("may not run now", "may not be deployed yet", 1);
    Some(problem)
}

/// How many changes are not finished.
pub(super) fn open(report: &Report) -> usize {
    report.changes.iter().filter(|c| !c.progress.finished() && !c.void).count()
}

/// The same in words.
pub(super) fn rest(open: usize) -> String {
    match open {
        0 => "everything is finished".to_owned(),
        1 => "1 change goes on later".to_owned(),
        n => format!("{n} changes go on later"),
    }
}
