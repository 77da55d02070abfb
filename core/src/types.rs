//! The type table: Rust types, and the SQL type that holds each on each database.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A database that colmig speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Database {
    /// PostgreSQL 14 to 18.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// The databases with their words, as in colmig.toml, attributes and folder names.
pub const DATABASES: &[(Database, &str)] =
    &[(Database::Postgres, "postgres"), (Database::Sqlite, "sqlite")];

impl Database {
    /// Its word.
    pub fn word(self) -> &'static str {
        DATABASES.iter().find(|(db, _)| *db == self).expect("every database has a row").1
    }

    /// The words of all, for messages.
    pub fn words() -> String {
        DATABASES.iter().map(|(_, word)| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Database {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        let found = DATABASES.iter().find(|(_, w)| *w == word);
        found
            .map(|(db, _)| *db)
            .ok_or_else(|| format!("`{word}` is no database; there are {}", Database::words()))
    }
}

/// Text that may differ by database: an expression, or a type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerDatabase {
    /// None.
    #[default]
    Nowhere,
    /// The same on every database.
    Everywhere(String),
    /// One for each.
    Each(BTreeMap<Database, String>),
}

impl PerDatabase {
    /// The text for one database.
    pub fn on(&self, db: Database) -> Option<&str> {
        match self {
            PerDatabase::Nowhere => None,
            PerDatabase::Everywhere(text) => Some(text),
            PerDatabase::Each(texts) => texts.get(&db).map(String::as_str),
        }
    }

    /// Whether there is none at all.
    pub fn is_nowhere(&self) -> bool {
        *self == PerDatabase::Nowhere
    }
}

/// One row of the type table.
pub struct TypeRow {
    /// Its word in the lock file.
    pub word: &'static str,
    /// How the type is written in Rust, without its path and without blanks.
    pub rust: &'static [&'static str],
    /// The type on PostgreSQL.
    pub postgres: Option<&'static str>,
    /// The type on SQLite, in the spelling by which sqlx tells the types apart.
    pub sqlite: Option<&'static str>,
    /// What to use instead where a database has none.
    pub instead: &'static str,
}

/// The table. Types of sqlx's features are named too: the field's own bounds need the feature, not this.
pub const TYPES: &[TypeRow] = &[
    row("bool", &["bool"], Some("boolean"), Some("BOOLEAN")),
    row("int2", &["i16"], Some("smallint"), Some("INTEGER")),
    row("int4", &["i32"], Some("integer"), Some("INTEGER")),
    row("int8", &["i64"], Some("bigint"), Some("INTEGER")),
    row("float4", &["f32"], Some("real"), Some("REAL")),
    row("float8", &["f64"], Some("double precision"), Some("REAL")),
    row("text", &["String", "Box<str>"], Some("text"), Some("TEXT")),
    row("bytes", &["Vec<u8>", "Box<[u8]>"], Some("bytea"), Some("BLOB")),
    row("timestamptz", &["DateTime<Utc>", "OffsetDateTime"], Some("timestamptz"), Some("DATETIME")),
    row("timestamp", &["NaiveDateTime", "PrimitiveDateTime"], Some("timestamp"), Some("DATETIME")),
    row("date", &["NaiveDate", "Date"], Some("date"), Some("DATE")),
    row("time", &["NaiveTime", "Time"], Some("time"), Some("TIME")),
    row("uuid", &["Uuid"], Some("uuid"), Some("BLOB")),
    row("json", &["Value", "JsonValue"], Some("jsonb"), Some("TEXT")),
    TypeRow {
        word: "decimal",
        rust: &["Decimal", "BigDecimal"],
        postgres: Some("numeric"),
        sqlite: None,
        instead: "SQLite has no decimals: store an `i64` of the smallest unit, or a `String`",
    },
    TypeRow {
        word: "uint8",
        rust: &["u64", "usize"],
        postgres: None,
        sqlite: None,
        instead: "no database here has unsigned 64-bit integers: use `i64`",
    },
    TypeRow {
        word: "uint4",
        rust: &["u32", "u16", "u8", "i8", "isize"],
        postgres: None,
        sqlite: None,
        instead: "use `i16`, `i32` or `i64`, which every database holds",
    },
];

const fn row(
    word: &'static str,
    rust: &'static [&'static str],
    postgres: Option<&'static str>,
    sqlite: Option<&'static str>,
) -> TypeRow {
    TypeRow { word, rust, postgres, sqlite, instead: "" }
}

impl TypeRow {
    /// The SQL type on one database.
    pub fn on(&self, db: Database) -> Option<&'static str> {
        match db {
            Database::Postgres => self.postgres,
            Database::Sqlite => self.sqlite,
        }
    }
}

/// The type of a column: a row of [`TYPES`], or what `type = "…"` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// The word of a row of [`TYPES`].
    Known(String),
    /// Spelled by the user.
    Sql(PerDatabase),
}

impl ColumnType {
    /// The type of a Rust type as it is written in source, path and blanks aside.
    pub fn of_rust(written: &str) -> Option<&'static TypeRow> {
        let written: String = written.chars().filter(|c| !c.is_whitespace()).collect();
        TYPES.iter().find(|row| row.rust.contains(&written.as_str()))
    }

    /// The SQL type on one database, or what to do instead.
    pub fn on(&self, db: Database) -> Result<&str, String> {
        match self {
            ColumnType::Sql(texts) => texts
                .on(db)
                .ok_or_else(|| format!("`type` says nothing for {db}: add `{db} = \"…\"`")),
            ColumnType::Known(word) => {
                let row = TYPES.iter().find(|row| row.word == word);
                let row =
                    row.ok_or_else(|| format!("`{word}` is no type that this colmig knows"))?;
                row.on(db).ok_or_else(|| row.instead.to_owned())
            }
        }
    }

    /// Whether an `auto` column may have it: it counts.
    pub fn is_integer(&self) -> bool {
        matches!(self, ColumnType::Known(word) if ["int2", "int4", "int8"].contains(&word.as_str()))
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnType::Known(word) => f.write_str(word),
            ColumnType::Sql(PerDatabase::Each(texts)) => {
                let each = texts.iter().map(|(db, text)| format!("{db}: {text}"));
                f.write_str(&each.collect::<Vec<_>>().join(", "))
            }
            ColumnType::Sql(texts) => f.write_str(texts.on(Database::Postgres).unwrap_or("?")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_cannot_hold_has_an_alternative() {
        for row in TYPES {
            let everywhere = DATABASES.iter().all(|(db, _)| row.on(*db).is_some());
            assert_eq!(everywhere, row.instead.is_empty(), "{}", row.word);
        }
    }

    #[test]
    fn rust_spellings_are_unique() {
        let mut all: Vec<_> = TYPES.iter().flat_map(|row| row.rust).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert_eq!(
            ColumnType::of_rust("DateTime < Utc >").map(|row| row.word),
            Some("timestamptz")
        );
    }
}
