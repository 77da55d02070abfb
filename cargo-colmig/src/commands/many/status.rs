//! `cargo colmig status` on several databases, side by side.

use colmig::migrator::Status;
use colmig_core::progress::Progress;
use colmig_core::shards::named;
use colmig_core::{Exit, admission};
use comfy_table::{Table, presets::NOTHING};

use super::all;
use crate::cli::StatusArgs;
use crate::commands::status::show_objects;
use crate::context::Context;
use crate::report::Result;
use crate::session::{Consent, failure};
use crate::sessions::{Sessions, together};

/// Where every change stands on each target. One that cannot be asked does not hide the others.
pub(in crate::commands) fn run(args: &StatusArgs, context: &Context) -> Result<Exit> {
    let mut sessions = Sessions::of(context, &Consent::default())?;
    let outcomes = sessions.work(&sessions.all(), async |member| {
        member.migrator().await?.status().await.map_err(failure)
    });
    let (mut seen, mut failures) = (Vec::new(), Vec::new());
    for (index, outcome) in outcomes {
        let member = &sessions.members[index];
        match outcome {
            Ok(status) => {
                show_objects(member.terminal, &status);
                seen.push((member.name.as_str(), status));
            }
            Err(failure) => failures.push(failure),
        }
    }
    let terminal = context.terminal;
    let unseen: Vec<_> = failures
        .iter()
        .filter_map(|failure| {
            let report = &failure.reports()[0];
            Some((report.target.as_deref()?, report.problem.code.title))
        })
        .collect();
    if !seen.is_empty() {
        let rows = rows(context, &seen);
        let names: Vec<_> = seen.iter().map(|(name, _)| *name).collect();
        let table = side_by_side(&names, &rows);
        let fits = table.lines().all(|line| line.chars().count() <= terminal.width());
        terminal.print(&if fits { table } else { grouped(&names, &rows) });
    }
    for (name, why) in &unseen {
        terminal.print(&format!("{name}: {why}\n"));
    }
    show_deployable(context, &seen, unseen.len());
    together(failures)?;
    let finished = seen.iter().all(|(_, status)| status.finished());
    Ok(if args.check && !finished { Exit::Pending } else { Exit::Done })
}

/// What stands in front of a row, and a cell for each target.
type Row = (String, Vec<String>);

fn rows(context: &Context, seen: &[(&str, Status)]) -> Vec<Row> {
    let mut titles: Vec<(String, String)> = Vec::new();
    let here = context.migrations.iter().flat_map(|migration| &migration.manifest.changes);
    titles.extend(here.map(|change| (change.id.clone(), change.title())));
    // A newer checkout may have brought changes that this one does not know.
    for (change, _) in seen.iter().flat_map(|(_, status)| &status.changes) {
        if !titles.iter().any(|(id, _)| *id == change.change.id) {
            titles.push((change.change.id.clone(), change.change.title()));
        }
    }
    let changes = titles.into_iter().map(|(id, title)| {
        let cells = seen.iter().map(|(_, status)| {
            let found = status.changes.iter().find(|(change, _)| change.change.id == id);
            found.map_or_else(|| "not applied".to_owned(), |(row, rows)| cell(status, row, *rows))
        });
        (title, cells.collect())
    });
    let mut rows: Vec<Row> = changes.collect();
    if seen.iter().any(|(_, status)| status.instances.iter().any(|one| one.live)) {
        let alive = seen.iter().map(|(_, status)| {
            status.instances.iter().filter(|instance| instance.live).count().to_string()
        });
        rows.push(("instances alive".to_owned(), alive.collect()));
    }
    if seen.iter().any(|(_, status)| !status.holder.is_empty()) {
        let holders = seen.iter().map(|(_, status)| match status.holder.as_str() {
            "" => "–".to_owned(),
            holder => holder.to_owned(),
        });
        rows.push(("at work".to_owned(), holders.collect()));
    }
    rows
}

/// Where a change stands on one target, in few words.
fn cell(status: &Status, change: &Progress, rows: i64) -> String {
    let steps = format!("{}/{}", change.position, change.change.steps.len());
    match change.next() {
        _ if status.void.contains(&change.change.id) => "given up".to_owned(),
        None => "finished".to_owned(),
        Some(_) if !change.started() => "not started".to_owned(),
        Some(step) if rows > 0 => format!("{} {steps}, {rows} rows filled", step.stage),
        Some(step) => format!("{} {steps}", step.stage),
    }
}

/// A row a change, a column a target.
fn side_by_side(names: &[&str], rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(std::iter::once(&"CHANGE").chain(names));
    for (title, cells) in rows {
        table.add_row(std::iter::once(title).chain(cells));
    }
    format!("{}\n", table.trim_fmt())
}

/// Where the targets are too many for a line: what is alike is said once, that of the most targets first.
fn grouped(names: &[&str], rows: &[Row]) -> String {
    let mut text = String::new();
    for (title, cells) in rows {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, cell) in names.iter().zip(cells) {
            match groups.iter_mut().find(|(other, _)| other == cell) {
                Some((_, targets)) => targets.push(name),
                None => groups.push((cell, vec![name])),
            }
        }
        groups.sort_by_key(|(_, targets)| std::cmp::Reverse(targets.len()));
        text += &match groups.as_slice() {
            [(cell, targets)] => format!("{title}: {cell} on all {}\n", targets.len()),
            groups => {
                let lines = groups
                    .iter()
                    .map(|(cell, targets)| format!("  {cell}: {}\n", listed(targets, names.len())));
                format!("{title}\n{}", lines.collect::<String>())
            }
        };
    }
    text
}

/// Most of the targets are counted, and a few named.
fn listed(targets: &[&str], all: usize) -> String {
    match targets.len() {
        count if count > 3 && 2 * count > all => format!("{count} targets"),
        _ => named(targets),
    }
}

/// Whether this checkout may be deployed now to all targets; if not, to which not, why, and what to do.
fn show_deployable(context: &Context, seen: &[(&str, Status)], unseen: usize) {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, status) in seen.iter().filter(|(_, status)| !status.refusals.is_empty()) {
        let why = status.refusals.iter().map(|one| format!("  {}: {}\n", one.subject, one.why));
        let help = admission::problem(&context.lock.project, &status.refusals).help;
        let help = help.iter().map(|help| format!("  help: {help}\n"));
        let why = why.chain(help).collect::<String>();
        match groups.iter_mut().find(|(other, _)| *other == why) {
            Some((_, targets)) => targets.push(name),
            None => groups.push((why, vec![name])),
        }
    }
    if groups.is_empty() && unseen == 0 {
        let targets = all(context, seen.len());
        context.terminal.print(&format!("this checkout may be deployed now, to {targets}\n"));
    }
    for (why, targets) in groups {
        let targets = named(&targets);
        context
            .terminal
            .print(&format!("this checkout may not be deployed now to {targets}:\n{why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty shards on a terminal of eighty columns.
    #[test]
    fn what_many_targets_have_alike_is_said_once() {
        let names: Vec<_> = (1..=40).map(|number| format!("eu-{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut cells = vec!["finished".to_owned(); 40];
        cells[2] = "backfill 3/6, 40 rows filled".to_owned();
        let rows = [
            ("0001.1 create users".to_owned(), vec!["finished".to_owned(); 40]),
            ("0002.1 add users.handle".to_owned(), cells),
        ];
        assert_eq!(
            grouped(&names, &rows),
            "0001.1 create users: finished on all 40\n\
             0002.1 add users.handle\n  finished: 39 targets\n  \
             backfill 3/6, 40 rows filled: eu-3\n"
        );
    }
}
