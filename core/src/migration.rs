//! A migration: the changes that were generated together, with the SQL of every step.
//!
//! On disk it is a directory: `migration.json`, and plain SQL files, one transaction each, that people
//! review and `psql` can run. In the ledger the same files are stored again, so that any later
//! checkout, even an older one, can go on with a change or take it back. This module knows the format;
//! reading and writing files is the command line's business.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::dialect::Direction;
use crate::hash;
use crate::lifecycle::Phases;
use crate::problem::{CHAIN_BROKEN, FORMAT_TOO_NEW, MIGRATION_UNREADABLE, Problem};
use crate::protocol::{Act, ChangeKind, Stage, Subject, Undo, Window, window_at};
use crate::schema::{
    Column, Constraint, EnumType, EnumValue, Guard, Index, Schema, Table, property, words,
};
use crate::types::Database;

/// The name of the file that describes the migration.
pub const MANIFEST: &str = "migration.json";

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// What `migration.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The name of the directory: a number, `_`, and words.
    pub id: String,
    /// The migration before it; empty for the first.
    pub parent: String,
    /// The databases that it has SQL for.
    pub databases: Vec<Database>,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// The schema before: what `--amend` goes back to.
    pub before: Schema,
}

/// One change over a fixed property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The migration's number and the change's place in it: `0002.1`.
    pub id: String,
    /// What it does.
    pub kind: ChangeKind,
    /// The table; of a change to an enum type the type.
    pub table: String,
    /// The columns that it is about, with their births: one, but where one is split into several; of a created
    /// table there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// The columns that they take the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Column>,
    /// The whole table, where it is created or dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Table>,
    /// The constraint, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Constraint>,
    /// The index that it makes or drops; of a column that goes, those that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// The columns of the primary key as they will be, where one of them is replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// The column as it was, where its default changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Column>,
    /// The enum type that it is about: with all of its values where it is created, otherwise with the one that
    /// comes or goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enumeration: Option<EnumType>,
    /// The columns whose rows may hold the value that comes or goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// Which releases it can live with.
    pub phases: Phases,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// A column of an enum type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its table.
    pub table: String,
    /// Its name.
    pub column: String,
}

/// One step of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    #[serde(rename = "step")]
    pub act: Act,
    /// Its place in the story.
    pub stage: Stage,
    /// The window after it.
    pub window: Window,
    /// Its files, by dialect: `postgres`, `postgres18`, `sqlite`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sql: BTreeMap<String, Files>,
}

/// The files of one step in one dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// One transaction a file, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub up: Vec<PieceFile>,
    /// The way back; it can be run from any point inside the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub down: Vec<PieceFile>,
    /// What the step locks, where its statements depend on the live catalog and are made when they run;
    /// empty where they are in the files.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub live: String,
}

/// One file with one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceFile {
    /// Its path in the directory.
    pub file: String,
    /// What it locks, and for how long.
    pub lock: String,
    /// Whether it reads the whole table, and so may take long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scans: bool,
    /// Whether it rewrites the whole table while nobody else can use it: it needs consent, unless there is
    /// no row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewrites: bool,
    /// What it makes or drops, where no transaction can do that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<Alone>,
}

/// What a statement outside of a transaction makes or drops: whoever goes on after a crash looks for it in the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alone {
    /// What it is.
    #[serde(flatten)]
    pub thing: Thing,
    /// Whether it is made; otherwise it is dropped.
    pub comes: bool,
}

/// A thing of the catalog, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Thing {
    /// A table.
    Table(String),
    /// A column of the change's table; the first, where one statement is about several.
    Column(String),
    /// An index of it.
    Index(String),
    /// A constraint of it.
    Constraint(String),
    /// The default of this column. Nobody looks for it: the statement may run again.
    Default(String),
}

impl Change {
    /// The column that it is about; the first, where one is split into several.
    pub fn column(&self) -> Option<&Column> {
        self.columns.first()
    }

    /// Every column that it touches.
    pub fn touched(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().chain(&self.replaced)
    }

    /// The value that comes or goes, where that is what it is about.
    pub fn value_of_type(&self) -> Option<&EnumValue> {
        match self.kind {
            ChangeKind::AddValue | ChangeKind::RetireValue => {
                self.enumeration.as_ref()?.values.first()
            }
            _ => None,
        }
    }

    /// The tables with rows that it is about.
    pub fn tables(&self) -> Vec<&str> {
        match &self.enumeration {
            None => vec![&self.table],
            Some(_) => self.places.iter().map(|place| place.table.as_str()).collect(),
        }
    }

    /// Whether it has a column of this enum type.
    fn has_column_of(&self, enumeration: &str) -> bool {
        let defined = self.definition.iter().flat_map(|table| &table.columns);
        self.touched().chain(defined).any(|column| column.ty.enumeration() == Some(enumeration))
    }

    /// Whether one of two changes is about an enum type, and they have to follow one another: they are about one
    /// value, one of them makes the type of the other or of its columns, or rows of the other's columns give up a value.
    pub fn meets_type(&self, other: &Change) -> bool {
        let is_at = |place: &Place, change: &Change| {
            change.table == place.table
                && (change.definition.is_some() || change.names().contains(&place.column))
        };
        match (&self.enumeration, &other.enumeration) {
            (None, None) => false,
            (Some(a), Some(b)) => {
                let creates = |change: &Change| change.kind == ChangeKind::CreateType;
                let shares = |value: &EnumValue| b.value(&value.name).is_some();
                a.name == b.name && (creates(self) || creates(other) || a.values.iter().any(shares))
            }
            (Some(one), None) => match self.kind {
                ChangeKind::CreateType => other.has_column_of(&one.name),
                _ => self.places.iter().any(|place| is_at(place, other)),
            },
            (None, Some(_)) => other.meets_type(self),
        }
    }

    /// The columns that one of its acts works on: what goes, where something takes its place, is the old
    /// columns; everything else is done to the new ones.
    pub fn targets(&self, act: Act) -> &[Column] {
        match act {
            Act::Relax | Act::Drop if !self.replaced.is_empty() => &self.replaced,
            _ => &self.columns,
        }
    }

    /// The columns of the primary key as they were, where one of them is replaced.
    pub fn former_key(&self) -> Vec<String> {
        let replaced = |name: &String| {
            let new = self.columns.iter().find(|column| column.name == *name);
            new.and_then(|column| column.replaces.first()).unwrap_or(name).clone()
        };
        self.key.iter().map(replaced).collect()
    }

    /// The columns that are dropped at the end.
    pub fn dropped(&self) -> &[Column] {
        match self.has(Act::Drop) {
            true => self.targets(Act::Drop),
            false => &[],
        }
    }

    /// What its drop asks consent for: `users.name` of each column, or the table.
    pub fn consents(&self) -> Vec<String> {
        if self.has(Act::DropTable) {
            return vec![self.table.clone()];
        }
        let dropped = self.dropped().iter();
        dropped.map(|column| format!("{}.{}", self.table, column.name)).collect()
    }

    /// Whether one of its steps rewrites the table in the way of everybody, on any database: that has consent too.
    pub fn rewrites(&self) -> bool {
        let files = self.steps.iter().flat_map(|step| step.sql.values());
        files.flat_map(|files| &files.up).any(|piece| piece.rewrites)
    }

    /// The name of what it is about, within its table; none where that is the table itself.
    pub fn name(&self) -> Option<&str> {
        let column = self.column().map(|column| &column.name);
        let constraint = self.constraint.as_ref().map(|one| &one.name);
        let index = self.indexes.first().map(|one| &one.name);
        let value = self.value_of_type().map(|value| &value.name);
        column.or(constraint).or(index).or(value).map(String::as_str)
    }

    /// `users.handle`, or `users` where it is about the table.
    pub fn subject(&self) -> String {
        match self.name() {
            Some(name) => format!("{}.{name}", self.table),
            None => self.table.clone(),
        }
    }

    /// `users.handle#0002`: the subject with its birth. An index has none: no release is judged by it.
    pub fn property(&self) -> String {
        let column = self.column().map(|column| &column.born);
        let constraint = self.constraint.as_ref().map(|one| &one.born);
        let value = self.value_of_type().map(|value| &value.born);
        let table = self.definition.as_ref().map(|table| &table.born);
        let enumeration = self.enumeration.as_ref().map(|one| &one.born);
        let born = column.or(constraint).or(value).or(table).or(enumeration);
        born.map_or(self.subject(), |born| property(&self.subject(), born))
    }

    /// What releases are judged by that it touches: each with its name within the table, and its birth.
    pub fn properties(&self) -> BTreeSet<(Subject, &str, &str)> {
        let columns = self.touched().map(|one| (Subject::Column, one.name.as_str(), &one.born));
        let constraint = self.constraint.iter();
        let constraint = constraint.map(|one| (Subject::Constraint, one.name.as_str(), &one.born));
        let table = self.definition.iter().map(|table| (Subject::Table, "", &table.born));
        let value = self.value_of_type().into_iter();
        let value = value.map(|value| (Subject::Type, value.name.as_str(), &value.born));
        let all = columns.chain(constraint).chain(table).chain(value);
        all.map(|(subject, name, born)| (subject, name, born.as_str())).collect()
    }

    /// Every name of the table that it is about, or that what it is about speaks of: two changes that share one
    /// follow one another.
    pub fn names(&self) -> BTreeSet<String> {
        let columns = self.touched().map(|column| column.name.clone());
        let mut names: BTreeSet<String> = columns.collect();
        for column in self.touched() {
            column.generated.texts().for_each(|text| names.extend(words(text)));
        }
        // Two columns of one key do not go at a time.
        names.extend(self.key.iter().cloned().chain(self.former_key()));
        if let Some(one) = &self.constraint {
            names.insert(one.name.clone());
            names.extend(one.guard.names());
        }
        let is_about_an_index = self.kind.facts().subject == Subject::Index;
        for index in &self.indexes {
            names.insert(index.name.clone());
            names.extend(index.names().into_iter().filter(|_| is_about_an_index));
        }
        names
    }

    /// The constraints that it adds or drops, or that come with its table.
    pub fn guards(&self) -> impl Iterator<Item = &Constraint> {
        let of_table = self.definition.iter().flat_map(|table| &table.constraints);
        self.constraint.iter().chain(of_table)
    }

    /// The other table that a foreign key which it adds or drops points at.
    pub fn referenced(&self) -> Option<&String> {
        match &self.constraint.as_ref()?.guard {
            Guard::References { table, .. } => Some(table),
            _ => None,
        }
    }

    /// Whether a foreign key that it adds or drops, or that comes or goes with its table, points at this one.
    pub fn references(&self, table: &str) -> bool {
        let points = |one: &Constraint| matches!(&one.guard, Guard::References { table: other, .. } if other == table);
        self.guards().any(points)
    }

    /// `0002.1 add users.handle`, as messages name it.
    pub fn title(&self) -> String {
        let names = |columns: &[Column]| {
            columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join("+")
        };
        let subject = match self.replaced.as_slice() {
            [] => self.subject(),
            old => format!("{}.{} by {}", self.table, names(old), names(&self.columns)),
        };
        format!("{} {} {subject}", self.id, self.kind.facts().verb)
    }

    /// What a column of an act gets in rows that need a value, as SQL over the row: `backfill`, the default or
    /// `forward` on the way up, `reverse` on the way down. Where it is compared, and not only assigned, it has the column's type.
    pub fn value(&self, column: &Column, direction: Direction, database: Database) -> String {
        let texts = match direction {
            Direction::Down => &column.reverse,
            Direction::Up if self.replaced.is_empty() && column.backfill.is_nowhere() => {
                &column.default
            }
            Direction::Up if self.replaced.is_empty() => &column.backfill,
            Direction::Up => &column.forward,
        };
        let text = texts.on(database).unwrap_or("NULL");
        // What an expression yields is text to PostgreSQL, unless it is a lone literal.
        let is_plain = self.replaced.is_empty() && column.ty.enumeration().is_none();
        if is_plain { text.to_owned() } else { column.typed(database, text) }
    }

    /// Whether one of its steps is this act.
    pub fn has(&self, act: Act) -> bool {
        self.acts().any(|step| step == act)
    }

    /// The acts, in order.
    pub fn acts(&self) -> impl Iterator<Item = Act> + '_ {
        self.steps.iter().map(|step| step.act)
    }

    /// The window after the first `position` steps; `None` before the first.
    pub fn window_at(&self, position: usize) -> Option<Window> {
        window_at(self.acts(), position)
    }

    /// What going back does to one of its steps, in words.
    pub fn undo(&self, act: Act) -> &'static str {
        let relaxed = self.targets(Act::Relax);
        let reverse = relaxed.iter().all(|column| !column.reverse.is_nowhere());
        let fills = self.has(Act::Backfill);
        if let Some(value) = self.value_of_type() {
            return self.undo_of_value(act, value);
        }
        match act.facts().undo {
            Undo::Refill if self.constraint.is_some() => "guards it again, once no row breaks it",
            Undo::Refill if !reverse && !self.replaced.is_empty() => {
                "only on an empty table: nothing says, by `reverse`, how the old column is computed back"
            }
            Undo::Refill if !reverse => {
                "only while every row has a value: the column has no `reverse`"
            }
            Undo::Refill if !self.replaced.is_empty() => {
                "computes the old column back from the new one by `reverse`, then NOT NULL again"
            }
            Undo::Unrequire if !fills => "opens the window below",
            undo => undo.words(),
        }
    }

    fn undo_of_value(&self, act: Act, value: &EnumValue) -> &'static str {
        match (act, act.facts().undo) {
            (_, Undo::Refill) if value.replace_with.is_empty() => {
                "only while no row holds the value: it has no `replace_with`"
            }
            (_, Undo::Refill) => "gives rows that hold the value the one of `replace_with`",
            (Act::Backfill, _) if !value.replace_with.is_empty() => {
                "nothing: rows that were given another value keep it"
            }
            (_, Undo::Unrequire) => "opens the window below",
            (_, undo) => undo.words(),
        }
    }

    /// The step as `--to` names it: `users.handle:enforce`.
    pub fn step_name(&self, step: usize) -> String {
        format!("{}:{}", self.subject(), self.steps[step].act)
    }
}

/// A migration with its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// What `migration.json` says.
    pub manifest: Manifest,
    /// Every file of the directory by its relative path, `migration.json` among them.
    pub files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Migration {
    /// A migration from its manifest and SQL files.
    pub fn new(manifest: Manifest, mut files: BTreeMap<String, String>) -> Migration {
        let text = serde_json::to_string_pretty(&manifest).expect("plain data has a JSON form");
        files.insert(MANIFEST.to_owned(), text + "\n");
        Migration { manifest, files }
    }

    /// Reads a migration from the files of its directory, by relative path.
    pub fn parse(id: &str, files: BTreeMap<String, String>) -> Result<Migration, Problem> {
        let place = format!("{id}/{MANIFEST}");
        let Some(text) = files.get(MANIFEST) else {
            return Err(MIGRATION_UNREADABLE
                .problem(format!("`{id}` has no {MANIFEST}"))
                .at(id)
                .help("take the directory from version control, or remove what is left of it"));
        };
        let broken = |error: serde_json::Error| {
            MIGRATION_UNREADABLE
                .problem(format!("{MANIFEST} is not what colmig writes: {error}"))
                .at(format!("{place}:{}:{}", error.line(), error.column()))
                .help("take the file from version control")
        };
        let Format { format } = serde_json::from_str(text).map_err(broken)?;
        if format > FORMAT {
            return Err(FORMAT_TOO_NEW
                .problem(format!("it has format {format}; this colmig reads up to {FORMAT}"))
                .at(place)
                .help("use the colmig that wrote it, or a newer one"));
        }
        let manifest: Manifest = serde_json::from_str(text).map_err(broken)?;
        if manifest.id != id {
            return Err(MIGRATION_UNREADABLE
                .problem(format!("the directory `{id}` says that it is `{}`", manifest.id))
                .at(place)
                .help("give the directory its name back"));
        }
        let migration = Migration { manifest, files };
        migration.check_files()?;
        Ok(migration)
    }

    /// Every file that a step names is there.
    fn check_files(&self) -> Result<(), Problem> {
        let named =
            self.manifest.changes.iter().flat_map(|c| &c.steps).flat_map(|s| s.sql.values());
        for PieceFile { file: name, .. } in
            named.flat_map(|files| files.up.iter().chain(&files.down))
        {
            if !self.files.contains_key(name) {
                return Err(MIGRATION_UNREADABLE
                    .problem(format!("the file {name} is missing"))
                    .at(format!("{}/{name}", self.manifest.id))
                    .help("take it from version control"));
            }
        }
        Ok(())
    }

    /// The hash over all files, whatever their line ends.
    pub fn hash(&self) -> String {
        hash::of_files(self.files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// The files as one text, for the ledger.
    pub fn pack(&self) -> String {
        serde_json::to_string(&self.files).expect("a map of strings has a JSON form")
    }

    /// The reverse of [`Migration::pack`].
    pub fn unpack(id: &str, text: &str) -> Result<Migration, Problem> {
        let files = serde_json::from_str(text).map_err(|error| {
            MIGRATION_UNREADABLE.problem(format!("the ledger's copy of `{id}` is broken: {error}"))
        })?;
        Migration::parse(id, files)
    }

    /// Its number: `0002`.
    pub fn number(&self) -> &str {
        number(&self.manifest.id)
    }

    /// The text of one file that a step names.
    pub fn file(&self, name: &str) -> &str {
        self.files.get(name).map_or("", String::as_str)
    }
}

/// The number of a migration's id: what stands before the first `_`.
pub fn number(id: &str) -> &str {
    id.split('_').next().unwrap_or(id)
}

/// The migrations in the order of their parents, or where the chain breaks.
pub fn chain(mut migrations: Vec<Migration>) -> Result<Vec<Migration>, Problem> {
    let mut ordered: Vec<Migration> = Vec::new();
    while !migrations.is_empty() {
        let parent = ordered.last().map_or("", |last| last.manifest.id.as_str()).to_owned();
        let (mut next, rest): (Vec<_>, Vec<_>) =
            migrations.into_iter().partition(|migration| migration.manifest.parent == parent);
        let after =
            if parent.is_empty() { "the beginning".to_owned() } else { format!("`{parent}`") };
        match (next.pop(), next.pop()) {
            (Some(one), None) => ordered.push(one),
            (Some(a), Some(b)) => {
                return Err(CHAIN_BROKEN
                    .problem(format!(
                        "`{}` and `{}` both follow {after}: two branches each made a migration",
                        b.manifest.id, a.manifest.id
                    ))
                    .help("keep one; take the other's directory and its lines in colmig.lock back, then run `cargo colmig generate`"));
            }
            (None, _) => {
                let lost = &rest[0].manifest;
                return Err(CHAIN_BROKEN
                    .problem(format!("`{}` follows `{}`, which is not there", lost.id, lost.parent))
                    .help("take the missing directory from version control"));
            }
        }
        migrations = rest;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(id: &str, parent: &str) -> Migration {
        let manifest = Manifest {
            format: FORMAT,
            id: id.into(),
            parent: parent.into(),
            databases: vec![Database::Sqlite],
            changes: Vec::new(),
            before: Schema::default(),
        };
        Migration::new(manifest, BTreeMap::from([("sqlite/1.up.sql".into(), "SELECT 1;\n".into())]))
    }

    #[test]
    fn it_survives_a_directory_and_the_ledger() {
        let one = migration("0001_a", "");
        assert_eq!(Migration::parse("0001_a", one.files.clone()), Ok(one.clone()));
        assert_eq!(Migration::unpack("0001_a", &one.pack()), Ok(one.clone()));
        assert_eq!(one.number(), "0001");
    }

    #[test]
    fn line_ends_do_not_change_the_hash_and_an_edit_does() {
        let one = migration("0001_a", "");
        let mut crlf = one.clone();
        for text in crlf.files.values_mut() {
            *text = text.replace('\n', "\r\n");
        }
        assert_eq!(one.hash(), crlf.hash());
        let mut edited = one.clone();
        edited.files.insert("sqlite/1.up.sql".into(), "SELECT 2;\n".into());
        assert_ne!(one.hash(), edited.hash());
    }

    #[test]
    fn what_is_broken_is_named() {
        let one = migration("0001_a", "");
        let code = |id: &str, files| Migration::parse(id, files).expect_err("it is broken").code;
        assert_eq!(code("0001_a", BTreeMap::new()), MIGRATION_UNREADABLE);
        assert_eq!(code("0001_b", one.files.clone()), MIGRATION_UNREADABLE);
        let mut newer = one.files.clone();
        newer
            .insert(MANIFEST.into(), one.files[MANIFEST].replace("\"format\": 1", "\"format\": 9"));
        assert_eq!(code("0001_a", newer), FORMAT_TOO_NEW);
    }

    #[test]
    fn the_chain_is_found_and_its_breaks_are_named() {
        let (a, b, c) =
            (migration("0001_a", ""), migration("0002_b", "0001_a"), migration("0002_c", "0001_a"));
        let ids =
            |list: Vec<Migration>| list.into_iter().map(|m| m.manifest.id).collect::<Vec<_>>();
        assert_eq!(
            chain(vec![b.clone(), a.clone()]).map(ids),
            Ok(vec!["0001_a".into(), "0002_b".into()])
        );
        assert!(chain(vec![a, b.clone(), c]).expect_err("a fork").message.contains("both follow"));
        assert!(chain(vec![b]).expect_err("a hole").message.contains("not there"));
    }
}
