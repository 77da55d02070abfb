//! `cargo colmig plan`: what a migration will do, step by step, without a database.

use colmig_core::Exit;
use colmig_core::migration::{Change, Files, Migration, Step, number};
use colmig_core::problem::USAGE;
use colmig_core::protocol::{Act, Undo};
use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use crate::cli::PlanArgs;
use crate::context::Context;
use crate::report::Result;
use crate::session::{Consent, Session};

/// Prints one migration: the newest, or the one that is named.
pub(super) fn run(args: &PlanArgs, context: &Context) -> Result<Exit> {
    let migration = find(args, context)?;
    context.terminal.print(&format!("{}\n", migration.manifest.id));
    for change in &migration.manifest.changes {
        show(context, change);
        if args.sql {
            show_sql(context, migration, change);
        }
    }
    Ok(Exit::Done)
}

fn find<'a>(args: &PlanArgs, context: &'a Context) -> Result<&'a Migration> {
    let Some(name) = &args.migration else {
        return context.migrations.last().ok_or_else(|| {
            USAGE.problem("there is no migration yet").help("run `cargo colmig generate`").into()
        });
    };
    let matches = |m: &&Migration| m.manifest.id == *name || number(&m.manifest.id) == name;
    context.migrations.iter().find(matches).ok_or_else(|| {
        let names: Vec<_> = context.migrations.iter().map(|m| m.manifest.id.as_str()).collect();
        USAGE
            .problem(format!("there is no migration `{name}`"))
            .help(format!("there are: {}", names.join(", ")))
            .into()
    })
}

fn show(context: &Context, change: &Change) {
    let facts = change.kind.facts();
    let mut text = format!("\n{}: {}\n", change.title(), facts.words);
    for phase in (0..).take(facts.releases.len()) {
        text.push_str(&format!("  {}\n", change.kind.release(phase)));
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["STAGE", "STEP", "WINDOW", "WHAT IT DOES AND LOCKS", "UNDO"]);
    for step in &change.steps {
        let undo = undo(change, step);
        table.add_row([
            step.stage.to_string(),
            step.act.to_string(),
            step.window.to_string(),
            what(context, step),
            undo.clone(),
        ]);
        context.terminal.object(&serde_json::json!({
            "reason": "plan", "change": change.title(), "stage": step.stage, "step": step.act.to_string(),
            "window": step.window, "what": what(context, step), "undo": undo,
        }));
    }
    context.terminal.print(&format!("{text}{table}\n"));
}

fn undo(change: &Change, step: &Step) -> String {
    let undo = step.act.facts().undo;
    let reverse = change.column.as_ref().is_some_and(|column| !column.reverse.is_nowhere());
    if undo == Undo::Refill && !reverse {
        return "only while every row has a value: the column has no `reverse`".to_owned();
    }
    undo.words().to_owned()
}

fn what(context: &Context, step: &Step) -> String {
    match step.act {
        Act::Begin => "records the change".to_owned(),
        Act::Admit(phase) => format!("releases of phase {phase} may start"),
        Act::Require(phase) => format!(
            "GATE: nothing below phase {phase} is alive or was for the soak, something of phase {phase} is; then open transactions end"
        ),
        Act::Backfill => "fills rows in batches by key, then counts what is left; writers wait for one batch at most".to_owned(),
        Act::Drop => format!("GATE: consent by name. {}", locks(context, step)),
        _ => locks(context, step),
    }
}

/// What a step locks on each database that the project runs on.
fn locks(context: &Context, step: &Step) -> String {
    let mut lines = Vec::new();
    for (dialect, files) in &step.sql {
        let mut locks: Vec<&str> = if files.live.is_empty() {
            files.up.iter().map(|piece| piece.lock.as_str()).collect()
        } else {
            vec![files.live.as_str()]
        };
        locks.dedup();
        let prefix =
            if context.lock.databases.len() > 1 { format!("{dialect}: ") } else { String::new() };
        lines.push(format!("{prefix}{}", locks.join("; then ")));
    }
    lines.dedup();
    lines.join("\n")
}

fn show_sql(context: &Context, migration: &Migration, change: &Change) {
    for (index, step) in change.steps.iter().enumerate() {
        for (dialect, files) in &step.sql {
            let head = format!("\n-- {} on {dialect}", change.step_name(index));
            if files.live.is_empty() {
                show_files(context, migration, files, &head);
            } else {
                show_live(context, change, index, dialect, &head);
            }
        }
    }
}

fn show_files(context: &Context, migration: &Migration, files: &Files, head: &str) {
    let texts: Vec<_> = files
        .up
        .iter()
        .map(|piece| format!("-- {}\n{}", piece.file, migration.file(&piece.file)))
        .collect();
    context.terminal.print(&format!("{head}\n{}", texts.concat()));
}

/// A live step is shown as it would run on the environment's database now, if that can be asked.
fn show_live(context: &Context, change: &Change, step: usize, dialect: &str, head: &str) {
    let session = Session::open(context, &Consent::default());
    let statements = session.and_then(|mut session| {
        if session.migrator.dialect() != dialect {
            return Ok(Vec::new());
        }
        session.run(|migrator| migrator.live_statements(change, step))
    });
    let text = match statements {
        Ok(statements) if !statements.is_empty() => statements.join(";\n") + ";\n",
        _ => "-- made from the live catalog when it runs; name a database where the column exists to see it\n".to_owned(),
    };
    context.terminal.print(&format!("{head}\n{text}"));
}
