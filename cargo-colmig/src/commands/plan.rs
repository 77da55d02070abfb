//! `cargo colmig plan`: what a migration will do, step by step, without a database.

use std::collections::BTreeMap;

use colmig_core::Exit;
use colmig_core::dialect::{dialects, stall_in_cluster};
use colmig_core::migration::{Change, Files, Migration, PieceFile, Step, number};
use colmig_core::problem::USAGE;
use colmig_core::protocol::{Act, ChangeKind};
use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use crate::cli::PlanArgs;
use crate::context::Context;
use crate::report::Result;
use crate::session::{Consent, Session};

/// Where clap breaks the lines of the help, too.
const WIDTH: u16 = 100;

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
    let acts = migration.manifest.changes.iter().flat_map(Change::acts);
    if acts.into_iter().any(|act| matches!(act, Act::Require(_))) {
        for database in &migration.manifest.databases {
            let spots = dialects(*database).iter().map(|dialect| dialect.blind_spot());
            spots.filter(|spot| !spot.is_empty()).for_each(|spot| context.terminal.note(spot));
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
    table.set_width(WIDTH).set_header(["STAGE", "STEP", "WINDOW", "WHAT IT DOES"]);
    for step in &change.steps {
        let (what, locks, undo) = (what(change, step), locks(step), change.undo(step.act));
        let alone = context.lock.databases.len() == 1 && locks.len() == 1;
        let more = locks.iter().map(|(dialect, lock)| match alone {
            true => format!("\nlocks: {lock}"),
            false => format!("\nlocks on {dialect}: {lock}"),
        });
        let more: String = more.collect();
        table.add_row([
            step.stage.to_string(),
            step.act.to_string(),
            step.window.to_string(),
            format!("{what}{more}\nundo: {undo}"),
        ]);
        context.terminal.object(&serde_json::json!({
            "reason": "plan", "change": change.title(), "stage": step.stage, "step": step.act.to_string(),
            "window": step.window, "what": what, "locks": locks, "undo": undo,
        }));
    }
    context.terminal.print(&format!("{text}{}\n", table.trim_fmt()));
}

fn what(change: &Change, step: &Step) -> String {
    match step.act {
        Act::CreateTable => "creates the table".to_owned(),
        Act::Add if change.columns.iter().all(|c| !c.generated.is_nowhere()) => {
            "adds the column, which the database computes".to_owned()
        }
        Act::Add if change.kind == ChangeKind::AddVolatile => {
            "adds the column; rows that are inserted from now on get its default".to_owned()
        }
        Act::Add if change.kind == ChangeKind::AddDefault => {
            "adds the column with its default; rows that are there get the value of this moment".to_owned()
        }
        Act::Add => "adds the column; it may be NULL".to_owned(),
        Act::CreateType => "creates the type, where the database has types of one's own".to_owned(),
        Act::AddValue => "adds the value to the type; nobody writes it yet".to_owned(),
        Act::Begin => "records the change".to_owned(),
        Act::Admit(phase) => format!("releases of phase {phase} may start"),
        Act::Require(phase) => format!(
            "GATE: no instance below phase {phase} is alive, or was during the soak, and one of phase {phase} or above is; \
             then transactions that are still open must end"
        ),
        Act::Trigger => format!(
            "makes a trigger that computes{} from what is replaced, and back, whichever is written",
            of_which(change, step.act).replacen(" of", "", 1)
        ),
        Act::Backfill if change.value_of_type().is_some_and(|v| v.replace_with.is_empty()) => {
            "counts the rows that hold the value; it goes on when there is none".to_owned()
        }
        Act::Backfill => {
            "fills rows in batches by key, then counts what is left; writers wait for one batch at most"
                .to_owned()
        }
        Act::Enforce if change.constraint.is_some() => {
            "makes the constraint: existing rows are checked while the table is in use".to_owned()
        }
        Act::Enforce => format!("sets NOT NULL{}", of_which(change, step.act)),
        Act::Relax if change.constraint.is_some() => "drops the constraint".to_owned(),
        Act::Relax if change.enumeration.is_some() => "rows may hold the value from now on".to_owned(),
        Act::Relax => format!("drops NOT NULL{}", of_which(change, step.act)),
        Act::Drop => {
            let what = if change.dropped().len() == 1 { "the column" } else { "the columns" };
            let with = change.indexes.iter().map(|index| format!("`{}`", index.name));
            let with: Vec<_> = with.collect();
            let with = if with.is_empty() { String::new() } else { format!(", with {}", with.join(", ")) };
            let trigger = if change.kind.facts().by_trigger() { "the trigger and " } else { "" };
            let key = match change.key.as_slice() {
                [] => String::new(),
                _ => format!("; `{}` takes over the primary key, and its numbering if it has one", change.name().unwrap_or_default()),
            };
            format!("{}; drops {trigger}{what}{with}{key}", consent(change))
        }
        Act::DropTable => format!("{}; drops the table", consent(change)),
        Act::Index if !change.key.is_empty() => {
            "makes the unique index of the new key while the table is in use".to_owned()
        }
        Act::Index => "makes the index while the table is in use".to_owned(),
        Act::Unindex => "drops the index".to_owned(),
        Act::Default => format!("{}; rows that are there keep what they have", default(change)),
        Act::Abandon => format!(
            "takes back the change before it on `{}`: first its floor falls, then its ceiling, once no newer instance is alive",
            change.subject()
        ),
    }
}

fn consent(change: &Change) -> String {
    let consents = change.consents();
    let consents: Vec<_> = consents.iter().map(|name| format!("`--allow-drop {name}`")).collect();
    format!("GATE: consent, by {}", consents.join(" "))
}

fn default(change: &Change) -> String {
    let texts: Vec<_> = change.columns.iter().flat_map(|column| column.default.texts()).collect();
    match texts.as_slice() {
        [] => "takes the default away".to_owned(),
        texts => format!("sets the default {}", texts.join(", or ")),
    }
}

/// The columns of a step, where the change has others beside them.
fn of_which(change: &Change, act: Act) -> String {
    if change.touched().count() < 2 {
        return String::new();
    }
    let names = change.targets(act).iter().map(|column| format!("`{}`", column.name));
    format!(" of {}", names.collect::<Vec<_>>().join(" and "))
}

/// What a step locks in each dialect that it has SQL for.
fn locks(step: &Step) -> BTreeMap<&str, String> {
    let one = |files: &Files| {
        let live = (!files.live.is_empty()).then_some(files.live.as_str());
        let mut locks: Vec<&str> =
            files.up.iter().map(|piece| piece.lock.as_str()).chain(live).collect();
        locks.dedup();
        locks.join("; then ")
    };
    let of_cluster = |dialect: &str, files: &Files| {
        let is_slow = |piece: &PieceFile| piece.scans && piece.alone.is_some();
        let stalls = !files.live.is_empty() || files.up.iter().any(is_slow);
        let stall = stall_in_cluster(dialect, step.sql.keys()).filter(|_| stalls);
        stall.map_or(String::new(), |stall| format!("; in a Galera cluster: {stall}"))
    };
    let all = step.sql.iter().map(|(dialect, files)| {
        (dialect.as_str(), format!("{}{}", one(files), of_cluster(dialect, files)))
    });
    all.filter(|(_, locks)| !locks.is_empty()).collect()
}

fn show_sql(context: &Context, migration: &Migration, change: &Change) {
    for (index, step) in change.steps.iter().enumerate() {
        if step.act == Act::Backfill {
            show_backfill(context, migration, change, index);
        }
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

/// Its files are for the reader: `apply` makes its own statements of them, a batch each.
fn show_backfill(context: &Context, migration: &Migration, change: &Change, index: usize) {
    let step = &change.steps[index];
    let place = change.id.rsplit('.').next().unwrap_or_default();
    let begins = format!("{}_{}.{place}.", step.stage.number(), step.stage);
    for (path, text) in &migration.files {
        if let Some((dialect, _)) =
            path.split_once('/').filter(|(_, file)| file.starts_with(&begins))
        {
            let name = change.step_name(index);
            context.terminal.print(&format!("\n-- {name} on {dialect}\n-- {path}\n{text}"));
        }
    }
}

/// A live step is shown as it would run on the environment's database now, if that can be asked.
fn show_live(context: &Context, change: &Change, step: usize, dialect: &str, head: &str) {
    let session = Session::open(context, "`plan --sql`", &Consent::default()).ok();
    let session = session.filter(|session| session.migrator.dialect() == dialect);
    let statements = session.and_then(|mut session| {
        session.run(|migrator| migrator.live_statements(change, step)).ok()
    });
    let live = |why: &str| format!("-- made from the live catalog when it runs; {why}\n");
    let text = match statements.as_deref() {
        None if context.environment().is_ok_and(|environment| environment.has_many()) => {
            live("say `--target` with one of the databases to see it")
        }
        None => live("name a database of this kind to see it"),
        Some([]) => live("nothing to do there now: the column is not there, or the step is done"),
        Some(statements) => statements.join(";\n") + ";\n",
    };
    context.terminal.print(&format!("{head}\n{text}"));
}
