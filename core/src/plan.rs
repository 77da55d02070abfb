//! From edits to a migration: which changes an edit begins, and their steps with the SQL of each
//! dialect.

mod abandon;
mod guards;
mod tables;

use std::collections::BTreeMap;

use crate::backfill::{Fill, Rows, Value};
use crate::dialect::{Dialect, Direction, Script, dialects};
use crate::diff::{Edit, edits, null_edits};
use crate::enumeration;
use crate::hash::normalise;
use crate::ident::for_file;
use crate::lifecycle::{Access, Effect, Nullability, State};
use crate::lock::Lock;
use crate::migration::{Change, FORMAT, Files, Manifest, Migration, PieceFile, Place, Step};
use crate::problem::{NOT_SUPPORTED, Problem};
use crate::protocol::{Act, ChangeKind, window_at};
use crate::schema::{Column, DualWrite, EnumValue, Index, Retired, Schema, Table};
use crate::types::Database;

/// What an edit of the source comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The schema for the lock file, births filled in.
    pub schema: Schema,
    /// The migration that begins, if one does.
    pub migration: Option<Migration>,
}

/// What is said beside the source.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// The words of the migration's name; otherwise they say what it does.
    pub name: Option<&'a str>,
    /// Tables whose structs are gone for good.
    pub retire: &'a [String],
}

/// What the source comes to, given the lock file. Mistakes of single tables were found before
/// ([`crate::diff::check_table`]); what is wrong between tables is found here.
pub fn plan(lock: &Lock, source: &Schema, wish: Wish<'_>) -> Result<Outcome, Vec<Problem>> {
    let number = next_number(lock);
    let mut problems = tables::vanished(lock, source, wish.retire);
    problems.extend(enumeration::between(&lock.schema, source));
    problems.extend(tables::left_behind(lock, source));
    let mut changes = enumeration::begun(&lock.schema, source, &number);
    for table in source.tables.iter().filter(|table| table.owner.is_empty()) {
        let Some(recorded) = lock.schema.table(&table.name) else {
            changes.push(create(table, &number));
            continue;
        };
        problems.extend(no_longer_written(recorded, table));
        changes.extend(begun(&lock.databases, recorded, table, &number));
    }
    in_order_of_reference(&mut changes);
    changes.extend(tables::retired(lock, wish.retire));
    if !problems.is_empty() {
        return Err(problems);
    }
    let name = wish.name;
    let schema = recorded(&lock.schema, source, &number);
    let migration = (!changes.is_empty()).then(|| {
        let id = format!("{number}_{}", name.map_or_else(|| slug(&changes), for_file));
        migration(lock, id, changes)
    });
    Ok(Outcome { schema, migration })
}

fn next_number(lock: &Lock) -> String {
    let last = crate::migration::number(lock.head()).parse::<u32>().unwrap_or(0);
    format!("{:04}", last + 1)
}

/// A new table stands behind the new tables that it references, and behind the new key of one that it references; so
/// does a foreign key. What begins in other ways keeps its place behind them. Tables that reference each other in a
/// circle keep theirs, and the database says so.
fn in_order_of_reference(changes: &mut Vec<Change>) {
    let mut waiting: Vec<Change> = std::mem::take(changes);
    loop {
        let makes = |change: &&Change| change.definition.is_some() || !change.key.is_empty();
        let names: Vec<String> =
            waiting.iter().filter(makes).map(|change| change.table.clone()).collect();
        let waits = |change: &Change| {
            let is_other = |table: &&String| **table != change.table;
            change.kind != ChangeKind::DropConstraint
                && names.iter().filter(is_other).any(|table| change.references(table))
        };
        let (later, now): (Vec<_>, Vec<_>) = waiting.into_iter().partition(waits);
        let stuck = now.is_empty();
        changes.extend(now);
        if later.is_empty() || stuck {
            return changes.extend(later);
        }
        waiting = later;
    }
}

/// The changes that the edits of one table begin, in an order in which they can be done: a change of mind first,
/// then what speaks of columns goes before them and comes behind them.
fn begun(databases: &[Database], recorded: &Table, table: &Table, number: &str) -> Vec<Change> {
    let begins = |edit: &Edit<'_>| edit.effect == Effect::Begins;
    let moves = edits(Some(recorded), table).into_iter().filter(begins);
    let moves = moves.filter_map(|edit| match edit.rule.from {
        // It is part of a replacement.
        State::Absent if !edit.column.replaces.is_empty() => None,
        State::Absent => Some(add(databases, table, edit.column, number)),
        _ => Some(drop(recorded, edit.column, edit.recorded)),
    });
    let nulls = null_edits(recorded, table).into_iter();
    let nulls = nulls.filter(|(.., effect)| *effect == Effect::Begins);
    let nulls = nulls.map(|(old, new, _)| tighten_or_relax(table, old, new));
    let abandoned = abandon::abandoned(recorded, table).into_iter();
    abandoned
        .chain(guards::ended(recorded, table))
        .chain(moves)
        .chain(nulls)
        .chain(replacements(recorded, table, number))
        .chain(guards::redefaulted(recorded, table))
        .chain(guards::begun(recorded, table, number))
        .collect()
}

/// A struct that only reads may stand beside the one that declares the table, and says nothing of the columns that
/// it does not name. Where none declares the table any more, those would be forgotten without a change.
fn no_longer_written(recorded: &Table, table: &Table) -> Option<Problem> {
    (recorded.access == Access::Writer && table.access != Access::Writer).then(|| {
        NOT_SUPPORTED
            .problem(format!("`{}` was declared by a struct that writes it, and no struct does now", table.name))
            .at(table.name.clone())
            .help("take `read_only` back, or keep the struct that declares the table beside the one that reads it")
    })
}

/// The schema as the lock file records it: births kept or given, what is gone retired.
fn recorded(before: &Schema, source: &Schema, number: &str) -> Schema {
    let tables = source.tables.iter().map(|table| {
        let old = before.table(&table.name);
        let mut table = table.clone();
        table.born = old.map_or(number.to_owned(), |old| old.born.clone());
        for column in &mut table.columns {
            let old = old.and_then(|old| old.column(&column.name));
            column.upheld_from =
                old.filter(|_| column.nullability == Nullability::Upholds).map(|old| {
                    match old.nullability {
                        Nullability::Upholds => old.upheld_from.unwrap_or_default(),
                        before => before,
                    }
                });
            column.born = old.map_or(number.to_owned(), |old| old.born.clone());
        }
        for one in &mut table.constraints {
            let old = old.and_then(|old| old.constraint(&one.name));
            one.born = old.map_or(number.to_owned(), |old| old.born.clone());
        }
        if !table.owner.is_empty() {
            without_births(&mut table);
        }
        table.retired = old.map(|old| retired(old, &table)).unwrap_or_default();
        table
    });
    let retired = before.retired.iter().cloned().chain(tables::gone(before, source)).collect();
    let enums = enumeration::recorded(before, source, number);
    Schema { tables: tables.collect(), retired, enums }
}

/// Only the project that makes a table knows when its columns were born.
fn without_births(table: &mut Table) {
    table.born.clear();
    for column in &mut table.columns {
        column.born.clear();
    }
}

fn retired(old: &Table, new: &Table) -> Vec<Retired> {
    let gone = old.columns.iter().filter(|column| new.column(&column.name).is_none());
    let gone = gone.map(|column| Retired { name: column.name.clone(), born: column.born.clone() });
    old.retired.iter().cloned().chain(gone).collect()
}

fn create(table: &Table, number: &str) -> Change {
    let mut definition = table.clone();
    definition.born = number.to_owned();
    for column in &mut definition.columns {
        column.born = number.to_owned();
    }
    for one in &mut definition.constraints {
        one.born = number.to_owned();
    }
    Change { definition: Some(definition), ..change(ChangeKind::CreateTable, table, Vec::new()) }
}

fn add(databases: &[Database], table: &Table, column: &Column, number: &str) -> Change {
    let is_volatile = || databases.iter().any(|database| column.is_volatile(*database));
    let kind = match column.state {
        State::Adding if column.optional() => ChangeKind::AddOptional,
        State::Adding => ChangeKind::AddRequired,
        _ if column.optional() => ChangeKind::AddNullable,
        _ if !column.generated.is_nowhere() => ChangeKind::AddGenerated,
        _ if is_volatile() => ChangeKind::AddVolatile,
        _ => ChangeKind::AddDefault,
    };
    let column = Column { born: number.to_owned(), ..column.clone() };
    change(kind, table, vec![column])
}

/// The column as it is declared carries `reverse`; the one that was recorded carries the birth.
fn drop(table: &Table, column: &Column, recorded: Option<&Column>) -> Change {
    let kind = if column.optional() {
        ChangeKind::DropNullable
    } else if column.dispensable() {
        ChangeKind::DropDefault
    } else {
        ChangeKind::DropRequired
    };
    let born = recorded.map_or(String::new(), |old| old.born.clone());
    let speaks_of_it = |index: &&Index| index.names().contains(&column.name);
    let indexes = table.indexes.iter().filter(speaks_of_it).cloned().collect();
    Change { indexes, ..change(kind, table, vec![Column { born, ..column.clone() }]) }
}

/// The column as it is declared carries `backfill` and `reverse`; the one that was recorded carries the birth.
fn tighten_or_relax(table: &Table, old: &Column, new: &Column) -> Change {
    let kind = match old.nullability {
        Nullability::Loose => ChangeKind::Tighten,
        Nullability::Relies | Nullability::Upholds => ChangeKind::Relax,
    };
    let column = Column { born: old.born.clone(), ..new.clone() };
    let phases = kind.phases(column.is_made() || !column.default.is_nowhere());
    Change { phases, ..change(kind, table, vec![column]) }
}

/// The replacements that begin: new columns that replace one another's sources are one change, since all of them
/// share one life.
fn replacements(old: &Table, table: &Table, number: &str) -> Vec<Change> {
    let begins =
        |column: &&Column| !column.replaces.is_empty() && old.column(&column.name).is_none();
    let mut groups: Vec<Vec<&Column>> = Vec::new();
    for column in table.columns.iter().filter(begins) {
        let shares =
            |other: &&Column| other.replaces.iter().any(|name| column.replaces.contains(name));
        let (mut joined, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.iter().any(shares));
        joined.push(vec![column]);
        groups = others;
        groups.push(joined.concat());
    }
    groups.into_iter().map(|group| replace(old, table, &group, number)).collect()
}

fn replace(old: &Table, table: &Table, new: &[&Column], number: &str) -> Change {
    let mut names: Vec<&String> = Vec::new();
    for name in new.iter().flat_map(|column| &column.replaces) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let replaced: Vec<Column> = names
        .iter()
        .filter_map(|name| {
            let recorded = old.column(name)?;
            let own = table.column(name).map(|column| &column.reverse);
            let theirs = new.iter().map(|column| &column.reverse).filter(|_| names.len() == 1);
            let reverse = own.into_iter().chain(theirs).find(|text| !text.is_nowhere());
            Some(Column { reverse: reverse.cloned().unwrap_or_default(), ..recorded.clone() })
        })
        .collect();
    let speaks_of_one = |index: &&Index| index.names().iter().any(|name| names.contains(&name));
    let indexes = old.indexes.iter().filter(speaks_of_one).cloned().collect();
    let columns =
        new.iter().map(|column| Column { born: number.to_owned(), ..(*column).clone() }).collect();
    let dispensable = replaced.iter().all(Column::dispensable);
    let is_of_the_key = old.primary_key.iter().any(|name| names.contains(&name));
    let kind = match new.iter().any(|column| column.dual_write == DualWrite::Trigger) {
        true if is_of_the_key => ChangeKind::ReplaceKey,
        true => ChangeKind::ReplaceByTrigger,
        false => ChangeKind::Replace,
    };
    let key = if is_of_the_key { table.primary_key.clone() } else { Vec::new() };
    let phases = kind.phases(dispensable);
    Change { phases, replaced, indexes, key, ..change(kind, table, columns) }
}

fn change(kind: ChangeKind, table: &Table, columns: Vec<Column>) -> Change {
    Change { columns, ..story(kind, &table.name) }
}

/// A change of this kind with its steps, about nothing yet but the name of a table or a type.
pub(crate) fn story(kind: ChangeKind, table: &str) -> Change {
    let acts: Vec<Act> = kind.facts().steps.iter().map(|(act, _)| *act).collect();
    let steps = kind.facts().steps.iter().enumerate().map(|(index, (act, stage))| Step {
        act: *act,
        stage: *stage,
        window: window_at(acts.clone(), index + 1).expect("a step has been taken"),
        sql: BTreeMap::new(),
    });
    Change {
        id: String::new(),
        kind,
        table: table.to_owned(),
        columns: Vec::new(),
        replaced: Vec::new(),
        definition: None,
        constraint: None,
        indexes: Vec::new(),
        former: None,
        key: Vec::new(),
        enumeration: None,
        places: Vec::new(),
        phases: kind.phases(false),
        steps: steps.collect(),
    }
}

/// `add_users_handle`, and how many more there are.
fn slug(changes: &[Change]) -> String {
    let first = &changes[0];
    let subject: Vec<_> = first.subject().split('.').map(for_file).collect();
    let more = match changes.len() {
        1 => String::new(),
        n => format!("_and_{}_more", n - 1),
    };
    format!("{}_{}{more}", first.kind.facts().verb, subject.join("_"))
}

fn migration(lock: &Lock, id: String, mut changes: Vec<Change>) -> Migration {
    let number = crate::migration::number(&id).to_owned();
    let mut files = BTreeMap::new();
    for (index, change) in changes.iter_mut().enumerate() {
        change.id = format!("{number}.{}", index + 1);
        for database in &lock.databases {
            write_steps(change, *database, &mut files);
        }
    }
    let manifest = Manifest {
        format: FORMAT,
        id,
        parent: lock.head().to_owned(),
        databases: lock.databases.clone(),
        changes,
        before: lock.schema.clone(),
    };
    Migration::new(manifest, files)
}

/// Writes the SQL of every step; a later dialect of a database only where it differs from the first.
fn write_steps(change: &mut Change, database: Database, files: &mut BTreeMap<String, String>) {
    let (plain, others) = dialects(database).split_first().expect("every database has a dialect");
    for index in 0..change.steps.len() {
        let base = scripts(*plain, change, index);
        write_step(*plain, change, index, &base, files);
        for dialect in others {
            let differing = scripts(*dialect, change, index);
            if differing != base {
                write_step(*dialect, change, index, &differing, files);
            }
        }
    }
}

fn scripts(dialect: &dyn Dialect, change: &Change, index: usize) -> [Script; 2] {
    let act = change.steps[index].act;
    [dialect.script(act, change, Direction::Up), dialect.script(act, change, Direction::Down)]
}

fn write_step(
    dialect: &dyn Dialect,
    change: &mut Change,
    index: usize,
    scripts: &[Script; 2],
    files: &mut BTreeMap<String, String>,
) {
    let stem = file_stem(dialect.name(), change, index);
    let mut entry = Files::default();
    if change.steps[index].act == Act::Backfill {
        // For the reader only: `apply` runs it in batches by key.
        files.insert(format!("{stem}.up.sql"), backfill_text(dialect.database(), change));
        return;
    }
    let [up, down] = scripts;
    entry.up = write_script(up, &stem, "up", files);
    entry.down = write_script(down, &stem, "down", files);
    if let Script::Live { lock } = up {
        entry.live = (*lock).to_owned();
    }
    if entry != Files::default() {
        change.steps[index].sql.insert(dialect.name().to_owned(), entry);
    }
}

fn file_stem(folder: &str, change: &Change, index: usize) -> String {
    let Step { act, stage, .. } = change.steps[index];
    let target = change.targets(act).first().map(|column| column.name.as_str());
    let target = target.or(change.name());
    let subject: Vec<_> = [change.table.as_str()].into_iter().chain(target).map(for_file).collect();
    let place = change.id.rsplit('.').next().unwrap_or_default();
    let act = if act.facts().word == stage.to_string() {
        String::new()
    } else {
        format!(".{}", act.facts().word)
    };
    format!("{folder}/{}_{stage}.{place}.{}{act}", stage.number(), subject.join("."))
}

fn write_script(
    script: &Script,
    stem: &str,
    way: &str,
    files: &mut BTreeMap<String, String>,
) -> Vec<PieceFile> {
    let mut names = Vec::new();
    match script {
        Script::Nothing => {}
        Script::Live { .. } => {
            let text = "-- Made from the live catalog when it runs: `cargo colmig plan --sql` shows it for a database.\n";
            files.insert(format!("{stem}.{way}.sql"), text.to_owned());
        }
        Script::Fixed(pieces) => {
            for (number, piece) in (1..).zip(pieces) {
                let part = if pieces.len() > 1 { format!(".{number}") } else { String::new() };
                let file = format!("{stem}{part}.{way}.sql");
                files.insert(file.clone(), normalise(&piece.sql));
                names.push(PieceFile {
                    file,
                    lock: piece.lock.to_owned(),
                    scans: piece.scans,
                    rewrites: piece.rewrites,
                    alone: piece.alone.clone(),
                });
            }
        }
    }
    names
}

fn backfill_text(database: Database, change: &Change) -> String {
    if let Some(value) = change.value_of_type() {
        return normalise(&value_text(value, &change.places, database));
    }
    let values = change.targets(Act::Backfill).iter().map(|column| {
        let expression = change.value(column, Direction::Up, database);
        Value { column: column.name.clone(), expression, required: false }
    });
    let fill = Fill {
        table: change.table.clone(),
        values: values.collect(),
        rows: Rows::of(change),
        key: Vec::new(),
    };
    normalise(&format!(
        "-- For the reader: `apply` runs this in batches in the order of the primary key, with its progress\n\
         -- in each batch's own transaction, and then counts the rows that are left.\n\
         UPDATE {} SET {} WHERE {};",
        crate::ident::quote(&change.table),
        fill.assignments(),
        fill.condition("", database)
    ))
}

/// What becomes of the rows that hold a value which is retired.
fn value_text(value: &EnumValue, places: &[Place], database: Database) -> String {
    let replaced = "-- For the reader: `apply` runs this in batches in the order of the primary key, with its progress\n\
         -- in each batch's own transaction, and then counts the rows that are left.\n";
    let counted = "-- For the reader: `apply` counts the rows, and goes on when there is none.\n";
    let statement = |place: &Place| {
        let fill = Fill::of_value(value, place, Vec::new());
        let (table, condition) = (crate::ident::quote(&place.table), fill.condition("", database));
        match value.replace_with.as_str() {
            "" => format!("SELECT count(*) FROM {table} WHERE {condition};\n"),
            _ => format!("UPDATE {table} SET {} WHERE {condition};\n", fill.assignments()),
        }
    };
    let head = if value.replace_with.is_empty() { counted } else { replaced };
    head.to_owned() + &places.iter().map(statement).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::TABLE_VANISHED;
    use crate::types::{ColumnType, PerDatabase};

    fn column(name: &str, state: State) -> Column {
        Column { state, ..Column::new(name, ColumnType::Known("text".into())) }
    }

    fn users(columns: Vec<Column>) -> Schema {
        let mut all = vec![Column {
            ty: ColumnType::Known("int8".into()),
            auto: true,
            ..column("id", State::Active)
        }];
        all.extend(columns);
        Schema::of(vec![Table {
            primary_key: vec!["id".into()],
            columns: all,
            ..Table::new("users")
        }])
    }

    fn lock_after(lock: Lock, outcome: Outcome) -> Lock {
        let recorded =
            outcome.migration.map(|m| crate::lock::Recorded { hash: m.hash(), id: m.manifest.id });
        Lock {
            schema: outcome.schema,
            migrations: lock.migrations.into_iter().chain(recorded).collect(),
            ..lock
        }
    }

    fn empty() -> Lock {
        Lock {
            project: "shop".into(),
            packages: vec!["shop".into()],
            databases: vec![Database::Postgres, Database::Sqlite],
            ..Lock::default()
        }
    }

    /// The worked example without its replacement: two changes in one migration, then the lock only.
    #[test]
    fn a_life_is_one_migration_and_then_moves_of_the_lock_file() {
        let first = users(vec![column("email", State::Active), column("nickname", State::Active)]);
        let outcome = plan(&empty(), &first, Wish::default()).expect("a new table");
        assert_eq!(
            outcome.migration.as_ref().map(|m| m.manifest.id.as_str()),
            Some("0001_create_users")
        );
        let lock = lock_after(empty(), outcome);

        let mut handle = column("handle", State::Adding);
        handle.backfill = PerDatabase::Everywhere("lower(email)".into());
        let second = users(vec![
            column("email", State::Active),
            column("nickname", State::Deprecated),
            handle,
        ]);
        let outcome = plan(&lock, &second, Wish::default()).expect("legal moves");
        let migration = outcome.migration.clone().expect("it begins two changes");
        let titles: Vec<_> = migration.manifest.changes.iter().map(|c| c.title()).collect();
        assert_eq!(titles, ["0002.1 drop users.nickname", "0002.2 add users.handle"]);
        assert_eq!(migration.manifest.changes[1].property(), "users.handle#0002");
        assert_eq!(migration.manifest.changes[0].property(), "users.nickname#0001");
        let lock = lock_after(lock, outcome);

        let third = users(vec![column("email", State::Active), column("handle", State::Active)]);
        let outcome = plan(&lock, &third, Wish::default()).expect("legal moves");
        assert_eq!(outcome.migration, None);
        let moves = edits(Some(&lock.schema.tables[0]), &third.tables[0]);
        assert_eq!(moves.iter().map(|edit| edit.effect).collect::<Vec<_>>(), [Effect::GoesOn; 2]);
        let table = &outcome.schema.tables[0];
        assert_eq!(table.retired, [Retired { name: "nickname".into(), born: "0001".into() }]);
        assert_eq!(table.column("handle").map(|c| c.born.as_str()), Some("0002"));
    }

    /// SQLite takes no call as a default of an added column; a project without it need not wait for a backfill.
    #[test]
    fn a_default_is_volatile_where_a_database_of_the_project_says_so() {
        let kind = |databases: &[Database]| {
            let lock = Lock { databases: databases.to_vec(), ..empty() };
            let made = plan(&lock, &users(vec![]), Wish::default()).expect("a new table");
            let default = PerDatabase::Everywhere("now()".into());
            let seen = Column { default, ..column("seen", State::Active) };
            let outcome = plan(&lock_after(lock, made), &users(vec![seen]), Wish::default());
            outcome.expect("a legal edit").migration.expect("it adds").manifest.changes[0].kind
        };
        assert_eq!(kind(&[Database::Postgres]), ChangeKind::AddDefault);
        assert_eq!(kind(&[Database::Sqlite]), ChangeKind::AddVolatile);
        assert_eq!(kind(&[Database::Postgres, Database::Sqlite]), ChangeKind::AddVolatile);
    }

    #[test]
    fn steps_carry_their_files_and_a_later_dialect_only_what_differs() {
        let lock = lock_after(
            empty(),
            plan(&empty(), &users(vec![]), Wish::default()).expect("a new table"),
        );
        let mut handle = column("handle", State::Adding);
        handle.backfill = PerDatabase::Everywhere("'x'".into());
        let migration = plan(&lock, &users(vec![handle]), Wish::default())
            .expect("legal")
            .migration
            .expect("begins");
        let change = &migration.manifest.changes[0];
        assert_eq!(change.steps[0].sql.keys().collect::<Vec<_>>(), ["postgres", "sqlite"]);
        assert_eq!(
            change.steps[4].sql.keys().collect::<Vec<_>>(),
            ["postgres", "postgres18", "sqlite"]
        );
        assert_eq!(change.steps[4].sql["postgres"].up.len(), 4);
        assert_eq!(change.steps[4].sql["postgres18"].up.len(), 2);
        assert!(!change.steps[4].sql["sqlite"].live.is_empty());
        assert_eq!(
            migration.file("postgres/1_expand.1.users.handle.add.up.sql"),
            "ALTER TABLE \"users\" ADD COLUMN \"handle\" text;\n"
        );
        assert!(Migration::parse(&migration.manifest.id, migration.files.clone()).is_ok());
    }

    #[test]
    fn a_struct_that_disappears_is_a_problem_with_a_remedy() {
        let lock = lock_after(
            empty(),
            plan(&empty(), &users(vec![]), Wish::default()).expect("a new table"),
        );
        let problems =
            plan(&lock, &Schema::default(), Wish::default()).expect_err("users vanished");
        assert_eq!(problems[0].code, TABLE_VANISHED);
    }

    /// The columns that a reader does not name must not be forgotten with the struct that declared them.
    #[test]
    fn a_table_that_nobody_declares_any_more_is_a_problem() {
        let first = users(vec![column("email", State::Active)]);
        let lock =
            lock_after(empty(), plan(&empty(), &first, Wish::default()).expect("a new table"));
        let mut reader = users(Vec::new());
        reader.tables[0].access = Access::ReadOnly;
        let problems = plan(&lock, &reader, Wish::default()).expect_err("nobody writes it");
        assert_eq!(
            problems.iter().map(|problem| problem.code).collect::<Vec<_>>(),
            [NOT_SUPPORTED]
        );
        let read =
            plan(&empty(), &reader, Wish::default()).expect("a table that this project only reads");
        let read = lock_after(empty(), read);
        assert_eq!(
            plan(&read, &reader, Wish::default()).map(|outcome| outcome.migration),
            Ok(None)
        );
    }
}
