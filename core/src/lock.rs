//! `colmig.lock`: the recorded schema with states and births, committed, like Cargo.lock.
//!
//! It is JSON with one line a column, so that a merge of two branches that touch one column conflicts,
//! and a merge of branches that do not, does not.

use serde::{Deserialize, Serialize};

use crate::problem::{FORMAT_TOO_NEW, LOCK_UNREADABLE, Problem};
use crate::schema::{Column, Constraint, EnumType, EnumValue, Index, Retired, Schema, Table};
use crate::types::Database;

/// The name of the file.
pub const FILE: &str = "colmig.lock";

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// The version of colmig that is running.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The recorded state of one project on its databases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The version of colmig that last changed what is recorded; empty before there is a file. An older colmig
    /// that cannot read the file can name the one that can.
    pub written_by: String,
    /// The project, as leases and the ledger name it.
    pub project: String,
    /// The packages whose structs it records; a derive in another package does not heed it.
    pub packages: Vec<String>,
    /// The databases that the project runs on.
    pub databases: Vec<Database>,
    /// Every migration in the order of the chain.
    pub migrations: Vec<Recorded>,
    /// Tables and columns as the source last had them.
    pub schema: Schema,
}

/// One migration as the lock file knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The name of its directory.
    pub id: String,
    /// The hash over its files.
    pub hash: String,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
    #[serde(default)]
    colmig: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    colmig: String,
    project: String,
    packages: Vec<String>,
    databases: Vec<Database>,
    migrations: Vec<Recorded>,
    tables: Vec<Table>,
    #[serde(default)]
    retired: Vec<Retired>,
    #[serde(default)]
    enums: Vec<EnumType>,
}

impl Lock {
    /// The id of the newest migration; empty where there is none.
    pub fn head(&self) -> &str {
        self.migrations.last().map_or("", |recorded| &recorded.id)
    }

    /// Reads the text of a lock file.
    pub fn parse(text: &str) -> Result<Lock, Problem> {
        let broken = |error: serde_json::Error| {
            LOCK_UNREADABLE
                .problem(format!("{FILE} is not what colmig writes: {error}"))
                .at(format!("{FILE}:{}:{}", error.line(), error.column()))
                .help("take the file from version control; after a merge, keep one side and run `cargo colmig generate`")
        };
        let Format { format, colmig } = serde_json::from_str(text).map_err(broken)?;
        if format > FORMAT {
            return Err(too_new(format, &colmig));
        }
        let file: File = serde_json::from_str(text).map_err(broken)?;
        Ok(Lock {
            written_by: file.colmig,
            project: file.project,
            packages: file.packages,
            databases: file.databases,
            migrations: file.migrations,
            schema: Schema { tables: file.tables, retired: file.retired, enums: file.enums },
        })
    }

    /// The text of the lock file: stable, one line a column.
    pub fn render(&self) -> String {
        let mut out = Lines::default();
        out.push("{");
        let version = if self.written_by.is_empty() { VERSION } else { &self.written_by };
        out.push(&format!("  \"format\": {FORMAT},"));
        out.push(&format!("  \"colmig\": {},", json(&version)));
        out.push(&format!("  \"project\": {},", json(&self.project)));
        out.push(&format!("  \"packages\": {},", json(&self.packages)));
        out.push(&format!("  \"databases\": {},", json(&self.databases)));
        out.list("  ", "migrations", &self.migrations, |out, recorded| {
            out.push_str(&json(recorded))
        });
        out.end(",");
        out.list("  ", "tables", &self.schema.tables, render_table);
        if !self.schema.retired.is_empty() {
            out.end(",");
            out.list("  ", "retired", &self.schema.retired, |out, one| out.push_str(&json(one)));
        }
        if !self.schema.enums.is_empty() {
            out.end(",");
            out.list("  ", "enums", &self.schema.enums, render_enum);
        }
        out.end("");
        out.push("}");
        out.0
    }
}

fn too_new(format: u32, colmig: &str) -> Problem {
    let (by, needed) = match colmig {
        "" => (String::new(), "the colmig that wrote it".to_owned()),
        version => (format!(", written by colmig {version}"), format!("colmig {version}")),
    };
    FORMAT_TOO_NEW
        .problem(format!(
            "{FILE} has format {format}{by}; this is colmig {VERSION}, which reads up to {FORMAT}"
        ))
        .at(FILE)
        .help(format!("use {needed}, or a newer one"))
}

fn render_table(out: &mut String, table: &Table) {
    let mut lines = Lines::default();
    lines.push("{");
    lines.push(&format!("      \"name\": {},", json(&table.name)));
    if table.access != crate::lifecycle::Access::Writer {
        lines.push(&format!("      \"access\": {},", json(&table.access)));
    }
    if !table.owner.is_empty() {
        lines.push(&format!("      \"owner\": {},", json(&table.owner)));
    }
    lines.push(&format!("      \"primary_key\": {},", json(&table.primary_key)));
    lines.push(&format!("      \"born\": {},", json(&table.born)));
    lines.list("      ", "columns", &table.columns, |out, column| {
        out.push_str(&json(&without_expressions(column)));
    });
    lines.more("constraints", &table.constraints, |out, one: &Constraint| out.push_str(&json(one)));
    lines.more("indexes", &table.indexes, |out, one: &Index| out.push_str(&json(one)));
    lines.more("retired", &table.retired, |out, one: &Retired| out.push_str(&json(one)));
    lines.end("");
    out.push_str(&lines.0);
    out.push_str("    }");
}

fn render_enum(out: &mut String, one: &EnumType) {
    let mut lines = Lines::default();
    lines.push("{");
    lines.push(&format!("      \"name\": {},", json(&one.name)));
    lines.push(&format!("      \"born\": {},", json(&one.born)));
    lines.list("      ", "values", &one.values, |out, value| {
        out.push_str(&json(&EnumValue { replace_with: String::new(), ..value.clone() }));
    });
    lines.end("");
    out.push_str(&lines.0);
    out.push_str("    }");
}

/// Expressions belong to the migration, where they are reviewed and hashed; the lock file drops them.
fn without_expressions(column: &Column) -> Column {
    Column {
        backfill: Default::default(),
        forward: Default::default(),
        reverse: Default::default(),
        ..column.clone()
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data always has a JSON form")
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn push(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Ends a line that [`Lines::list`] left open.
    fn end(&mut self, tail: &str) {
        self.push(tail);
    }

    /// A further list of a table; none where there is nothing in it.
    fn more<T>(&mut self, name: &str, items: &[T], render: impl Fn(&mut String, &T)) {
        if !items.is_empty() {
            self.end(",");
            self.list("      ", name, items, render);
        }
    }

    /// `"name": [` with an item a line; the closing line is left open for a comma.
    fn list<T>(&mut self, indent: &str, name: &str, items: &[T], render: impl Fn(&mut String, &T)) {
        if items.is_empty() {
            self.0.push_str(&format!("{indent}\"{name}\": []"));
            return;
        }
        self.push(&format!("{indent}\"{name}\": ["));
        for (index, item) in items.iter().enumerate() {
            self.0.push_str(indent);
            self.0.push_str("  ");
            render(&mut self.0, item);
            self.push(if index + 1 < items.len() { "," } else { "" });
        }
        self.0.push_str(&format!("{indent}]"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::State;
    use crate::schema::{Guard, IndexKey};
    use crate::types::{ColumnType, PerDatabase};

    fn sample() -> Lock {
        let column = |name: &str, state| Column {
            state,
            born: "0001".into(),
            ..Column::new(name, ColumnType::Known("text".into()))
        };
        let unique = Constraint {
            name: "users_email_key".into(),
            guard: Guard::Unique { columns: vec!["email".into()] },
            state: State::Active,
            born: "0001".into(),
        };
        let index = Index {
            name: "users_by_email".into(),
            keys: vec![IndexKey::Down("email".into())],
            predicate: PerDatabase::Everywhere("email <> ''".into()),
        };
        let users = Table {
            primary_key: vec!["id".into()],
            born: "0001".into(),
            columns: vec![column("id", State::Active), column("han\"dle", State::Adding)],
            constraints: vec![unique],
            indexes: vec![index],
            retired: vec![Retired { name: "nickname".into(), born: "0001".into() }],
            ..Table::new("users")
        };
        Lock {
            written_by: String::new(),
            project: "shop".into(),
            packages: vec!["shop".into()],
            databases: vec![Database::Sqlite],
            migrations: vec![Recorded { id: "0001_create_users".into(), hash: "sha256:0".into() }],
            schema: Schema::of(vec![users]),
        }
    }

    /// A project without enums has the file that it had.
    #[test]
    fn every_value_has_a_line_of_its_own_and_no_enum_has_none() {
        let mut lock = sample();
        assert!(!lock.render().contains("enums"));
        let value = |name: &str| EnumValue { born: "0001".into(), ..EnumValue::new(name) };
        let values = vec![value("happy"), value("it's \"sad\"")];
        lock.schema.enums =
            vec![EnumType { name: "mood".into(), born: "0001".into(), values: values.clone() }];
        let text = lock.render();
        assert_eq!(text.lines().filter(|line| line.contains("\"state\"")).count(), 5, "{text}");
        assert_eq!(Lock::parse(&text).map(|lock| lock.schema), Ok(lock.schema.clone()));
        lock.schema.enums[0].values[0].replace_with = "sad".into();
        assert_eq!(lock.render(), text);
    }

    #[test]
    fn it_survives_a_round_trip() {
        for lock in [sample(), Lock::default()] {
            let written = Lock { written_by: VERSION.into(), ..lock.clone() };
            assert_eq!(Lock::parse(&lock.render()), Ok(written.clone()));
            assert_eq!(Lock::parse(&written.render()), Ok(written));
        }
    }

    #[test]
    fn every_column_has_a_line_of_its_own() {
        let text = sample().render();
        assert_eq!(text.lines().filter(|line| line.contains("\"type\"")).count(), 2, "{text}");
    }

    #[test]
    fn a_newer_format_is_refused_with_the_remedy_and_a_broken_file_with_its_place() {
        let newer = sample().render().replace("\"format\": 1", "\"format\": 99");
        let newer = newer.replace(&format!("\"{VERSION}\""), "\"7.8.9\"");
        let problem = Lock::parse(&newer).expect_err("it is newer");
        assert_eq!(problem.code, FORMAT_TOO_NEW);
        assert!(problem.help.iter().any(|help| help.contains("colmig 7.8.9")), "{problem}");
        let broken = Lock::parse("{\n<<<<<<< HEAD\n").expect_err("it is no JSON");
        assert_eq!(
            (broken.code, broken.place.as_deref()),
            (LOCK_UNREADABLE, Some("colmig.lock:2:1"))
        );
    }
}
