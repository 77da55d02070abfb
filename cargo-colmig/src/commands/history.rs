//! `cargo colmig history`: what was done to a database; and what it left behind, to be purged.

use std::time::Duration;

use colmig::migrator::{Archived, History, Purge, purge_needs_a_name};
use colmig_core::Exit;
use colmig_core::backfill::rows;
use colmig_core::gate::{moment, seconds};
use comfy_table::{Table, presets::NOTHING};

use crate::cli::{HistoryArgs, HistoryCommand};
use crate::context::Context;
use crate::report::Result;
use crate::session::{Consent, Session, failure};
use crate::sessions::Sessions;
use crate::terminal::Terminal;

/// Lists the history, or purges archives.
pub(super) fn run(args: &HistoryArgs, context: &Context) -> Result<Exit> {
    match &args.command {
        None => {
            let mut sessions = Sessions::of(context, &Consent::default())?;
            sessions.each(
                async |member| member.migrator().await?.history().await.map_err(failure),
                |member, history| list(context, member.terminal, &history),
            )?;
            Ok(Exit::Done)
        }
        Some(HistoryCommand::Purge { change, older_than }) => {
            let mut session = Session::open(context, "`history purge`", &Consent::default())?;
            purge(context, &mut session, change.as_deref(), *older_than)
        }
    }
}

/// Every line, and whether the chain of their hashes holds.
fn list(context: &Context, terminal: Terminal, history: &History) -> Result<()> {
    terminal.heading();
    let mut table = Table::new();
    let header = ["WHEN", "CHANGE", "STEP", "BY", "COMMIT", "TOOK", "NOTE"];
    table.load_preset(NOTHING).set_header(header);
    for line in &history.lines {
        let change = match line.project == context.lock.project {
            true => line.change.clone(),
            false => format!("{} of {}", line.change, line.project),
        };
        let undone = if line.direction == "down" { "undo " } else { "" };
        table.add_row([
            moment(line.at),
            change,
            format!("{undone}{}", line.step),
            line.user.clone(),
            line.commit.clone(),
            seconds(line.took_ms),
            line.note.clone(),
        ]);
        terminal.object(&serde_json::json!({
            "reason": "history", "line": line.seq, "at_ms": line.at, "project": line.project,
            "change": line.change, "step": line.step, "direction": line.direction, "by": line.user,
            "commit": line.commit, "took_ms": line.took_ms, "note": line.note,
        }));
    }
    if !history.lines.is_empty() {
        terminal.print(&format!("{}\n", table.trim_fmt()));
    }
    match history.problem() {
        Some(problem) => Err(problem.into()),
        None => Ok(()),
    }
}

/// Names every archive with its rows first; what is meant must be said.
fn purge(
    context: &Context,
    session: &mut Session,
    change: Option<&str>,
    older_than: Option<Duration>,
) -> Result<Exit> {
    let terminal = context.terminal;
    let archives = session.run(|migrator| migrator.archives())?;
    let age = older_than.map(|age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let which = match (change, age) {
        (Some(change), _) => Purge::Change(change),
        (None, Some(age)) => Purge::OlderThan(age),
        (None, None) if archives.is_empty() => {
            terminal
                .note("nothing is archived: `cargo colmig apply --archive` keeps what it drops");
            return Ok(Exit::Done);
        }
        (None, None) => {
            archives.iter().for_each(|archived| show(context, archived));
            return Err(purge_needs_a_name(&archives).into());
        }
    };
    for archived in archives.iter().filter(|archived| which.means(archived)) {
        show(context, archived);
    }
    let purged = session.run(|migrator| migrator.purge(which))?;
    for archived in &purged {
        let what = format!("{} of {}", rows(archived.rows), archived.columns.join(", "));
        terminal.status("Purged", &format!("{}: {what}", archived.change));
        terminal.object(&serde_json::json!({
            "reason": "purged", "change": archived.change, "columns": archived.columns, "rows": archived.rows,
        }));
    }
    if purged.is_empty() {
        terminal.note("no archive is that old");
    }
    Ok(Exit::Done)
}

fn show(context: &Context, archived: &Archived) {
    let Archived { change, columns, name, rows: count, at, .. } = archived;
    let (what, when) = (columns.join(", "), moment(*at));
    context
        .terminal
        .print(&format!("{change}: {} of {what} in {name}, since {when}\n", rows(*count)));
    context.terminal.object(&serde_json::json!({
        "reason": "archive", "change": change, "columns": columns, "table": name, "rows": count, "at_ms": at,
    }));
}
