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
    /// MySQL 8.0.29 and later, and MariaDB 10.6 and later.
    Mysql,
}

/// The databases with their words, as in colmig.toml, attributes and folder names.
pub const DATABASES: &[(Database, &str)] =
    &[(Database::Postgres, "postgres"), (Database::Sqlite, "sqlite"), (Database::Mysql, "mysql")];

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

    /// Every text that there is.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (one, each) = match self {
            PerDatabase::Nowhere => (None, None),
            PerDatabase::Everywhere(text) => (Some(text), None),
            PerDatabase::Each(texts) => (None, Some(texts.values())),
        };
        one.into_iter().chain(each.into_iter().flatten()).map(String::as_str)
    }
}

/// One row of the type table.
#[derive(Debug)]
pub struct TypeRow {
    /// Its word in the lock file.
    pub word: &'static str,
    /// How the type is written in Rust, without its path and without blanks; `_` is any type.
    pub rust: &'static [&'static str],
    /// The type on PostgreSQL.
    pub postgres: Option<&'static str>,
    /// The type on SQLite, in the spelling by which sqlx tells the types apart.
    pub sqlite: Option<&'static str>,
    /// The type on MySQL and MariaDB.
    pub mysql: Option<&'static str>,
    /// What to use instead where a database has none.
    pub instead: &'static str,
}

/// Makes [`TYPES`], and [`ARRAYS`] of it. A type of the list `alone` is no element of an array, because sqlx
/// does not let it. An empty text is none.
macro_rules! types {
    ($($word:literal: [$($rust:literal),*] alone [$($alone:literal),*] $postgres:literal, $sqlite:literal, $mysql:literal, $instead:expr;)*) => {
        /// The table. Types of sqlx's features are named too: the field's own bounds need the feature, not this.
        pub const TYPES: &[TypeRow] = &[$(TypeRow {
            word: $word,
            rust: &[$($rust,)* $($alone,)*],
            postgres: held($postgres, $postgres),
            sqlite: held($sqlite, $sqlite),
            mysql: held($mysql, $mysql),
            instead: $instead,
        }),*];

        /// The arrays of them. A `Vec<u8>` is one too, and is found in the table first.
        pub const ARRAYS: &[TypeRow] = &[$(TypeRow {
            word: concat!($word, "[]"),
            rust: &[$(concat!("Vec<", $rust, ">"), concat!("Vec<Option<", $rust, ">>"),)*],
            postgres: held($postgres, concat!($postgres, "[]")),
            sqlite: None,
            mysql: None,
            instead: if $postgres.is_empty() { $instead } else { NO_ARRAYS },
        }),*];
    };
}

const fn held(scalar: &str, ty: &'static str) -> Option<&'static str> {
    if scalar.is_empty() { None } else { Some(ty) }
}

const NO_UNSIGNED: &str =
    "PostgreSQL has no such integers: use `i16`, `i32` or `i64`, which every database holds";
const NO_LONG: &str = "no database here has them: use `i64`";
const NO_UNSIGNED_LONG: &str = "only MySQL has them: use `i64`, which every database holds";
const NO_DECIMALS: &str =
    "SQLite has no decimals: store an `i64` of the smallest unit, or a `String`";
const NO_ADDRESSES: &str = "only PostgreSQL has addresses: store a `String`";
const NO_ARRAYS: &str = "only PostgreSQL has arrays: write `#[sqlx(json)]` above the field, which stores JSON, or give the elements a table of their own";

// Between two rows of one SQL type a column cannot move without a migration: a narrower type may not hold what
// is stored.
types! {
    "bool": ["bool"] alone [] "boolean", "BOOLEAN", "boolean", "";
    "int2": ["i16", "NonZeroI16"] alone [] "smallint", "INTEGER", "smallint", "";
    "int4": ["i32", "NonZeroI32"] alone [] "integer", "INTEGER", "int", "";
    "int8": ["i64", "NonZeroI64"] alone [] "bigint", "INTEGER", "bigint", "";
    "float4": ["f32"] alone [] "real", "REAL", "float", "";
    "float8": ["f64"] alone [] "double precision", "REAL", "double", "";
    "text": ["String", "Box<str>", "Cow<'static,str>"] alone ["Arc<str>", "Rc<str>"] "text", "TEXT", "varchar(255)", "";
    "bytes": ["Vec<u8>", "Box<[u8]>"] alone ["Arc<[u8]>", "Rc<[u8]>", "Cow<'static,[u8]>"] "bytea", "BLOB", "longblob", "";
    "timestamptz": ["DateTime<Utc>", "DateTime<Local>", "DateTime<FixedOffset>", "OffsetDateTime"] alone []
        "timestamptz", "DATETIME", "datetime(6)", "";
    "timestamp": ["NaiveDateTime", "PrimitiveDateTime"] alone [] "timestamp", "DATETIME", "datetime(6)", "";
    "date": ["NaiveDate", "Date"] alone [] "date", "DATE", "date", "";
    "time": ["NaiveTime", "Time"] alone [] "time", "TIME", "time(6)", "";
    "uuid": ["Uuid"] alone [] "uuid", "BLOB", "binary(16)", "";
    "json": ["Value", "JsonValue", "Json<_>"] alone [] "jsonb", "TEXT", "json", "";
    "decimal": ["Decimal", "BigDecimal"] alone [] "numeric", "", "decimal(57,28)", NO_DECIMALS;
    "inet": ["IpAddr", "IpNet", "IpNetwork"] alone [] "inet", "", "", NO_ADDRESSES;
    "macaddr": ["MacAddress"] alone [] "macaddr", "", "", NO_ADDRESSES;
    "int1": ["i8", "NonZeroI8"] alone [] "", "INTEGER", "tinyint", NO_UNSIGNED;
    "uint1": ["u8", "NonZeroU8"] alone [] "", "INTEGER", "tinyint unsigned", NO_UNSIGNED;
    "uint2": ["u16", "NonZeroU16"] alone [] "", "INTEGER", "smallint unsigned", NO_UNSIGNED;
    "uint4": ["u32", "NonZeroU32"] alone [] "", "INTEGER", "int unsigned", NO_UNSIGNED;
    "uint8": ["u64", "NonZeroU64"] alone [] "", "", "bigint unsigned", NO_UNSIGNED_LONG;
    "word": ["usize", "isize", "u128", "i128"] alone [] "", "", "", NO_LONG;
}

impl TypeRow {
    /// The SQL type on one database.
    pub fn on(&self, db: Database) -> Option<&'static str> {
        match db {
            Database::Postgres => self.postgres,
            Database::Sqlite => self.sqlite,
            Database::Mysql => self.mysql,
        }
    }

    fn is_spelled(&self, written: &str) -> bool {
        self.rust.iter().any(|rust| match rust.split_once('_') {
            None => *rust == written,
            Some((before, behind)) => {
                let rest = written.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
                rest.is_some_and(|any| !any.is_empty())
            }
        })
    }
}

/// The types and the arrays of them.
fn rows() -> impl Iterator<Item = &'static TypeRow> {
    TYPES.iter().chain(ARRAYS)
}

/// The type of a column: a row of [`TYPES`], or what `type = "…"` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// The word of a row of [`TYPES`] or of [`ARRAYS`]: `text`, `text[]`.
    Known(String),
    /// An enum type of the project, by its name in the database.
    Enum(String),
    /// Spelled by the user.
    Sql(PerDatabase),
}

/// What holds an enum where a database has no such types. A CHECK would have to be rewritten, and with it the
/// whole table, for each value that comes or goes.
const TEXT: &str = "TEXT";

/// The same on MySQL, where what is `text` has neither a default nor an index of the whole of it. An ENUM of its own
/// is a part of the column's type: each value that comes or goes would be a change of every column that has it.
const VARCHAR: &str = "varchar(255)";

impl ColumnType {
    /// The type of a Rust type as it is written in source, path and blanks aside.
    pub fn of_rust(written: &str) -> Option<&'static TypeRow> {
        let written: String = written.chars().filter(|c| !c.is_whitespace()).collect();
        rows().find(|row| row.is_spelled(&written))
    }

    /// The SQL type on one database, or what to do instead.
    pub fn on(&self, db: Database) -> Result<&str, String> {
        match self {
            ColumnType::Sql(texts) => texts
                .on(db)
                .ok_or_else(|| format!("`type` says nothing for {db}: add `{db} = \"…\"`")),
            // Its name needs no quotes: see `ident::check_type`.
            ColumnType::Enum(name) => Ok(match db {
                Database::Postgres => name,
                Database::Sqlite => TEXT,
                Database::Mysql => VARCHAR,
            }),
            ColumnType::Known(word) => {
                let row = rows().find(|row| row.word == word);
                let row =
                    row.ok_or_else(|| format!("`{word}` is no type that this colmig knows"))?;
                row.on(db).ok_or_else(|| row.instead.to_owned())
            }
        }
    }

    /// The name of the enum type, where it is one.
    pub fn enumeration(&self) -> Option<&str> {
        match self {
            ColumnType::Enum(name) => Some(name),
            ColumnType::Known(_) | ColumnType::Sql(_) => None,
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
            ColumnType::Known(word) | ColumnType::Enum(word) => f.write_str(word),
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
        for row in rows() {
            let everywhere = DATABASES.iter().all(|(db, _)| row.on(*db).is_some());
            assert_eq!(everywhere, row.instead.is_empty(), "{}", row.word);
        }
    }

    #[test]
    fn words_and_rust_spellings_are_unique() {
        let spelled: Vec<_> = TYPES.iter().flat_map(|row| row.rust).collect();
        let words: Vec<_> = rows().map(|row| &row.word).collect();
        for mut all in [spelled, words] {
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count);
        }
    }

    #[test]
    fn a_type_is_found_by_its_spelling_and_an_array_by_that_of_its_elements() {
        let cases = [
            ("DateTime < Utc >", Some("timestamptz")),
            ("Vec<u8>", Some("bytes")),
            ("Vec<Vec<u8>>", Some("bytes[]")),
            ("Vec<Uuid>", Some("uuid[]")),
            ("Vec<Option<String>>", Some("text[]")),
            ("Json<Vec<Line>>", Some("json")),
            ("Vec<Json<Line>>", Some("json[]")),
            ("Vec<u32>", Some("uint4[]")),
            ("Vec<Vec<i64>>", None),
            ("Vec<Arc<str>>", None),
            ("Json<>", None),
            ("Money", None),
        ];
        for (written, word) in cases {
            assert_eq!(ColumnType::of_rust(written).map(|row| row.word), word, "{written}");
        }
    }

    #[test]
    fn an_array_is_a_type_of_postgres_and_json_instead_elsewhere() {
        let on = |word: &str, db| ColumnType::Known(word.into()).on(db).map(str::to_owned);
        assert_eq!(on("float8[]", Database::Postgres).as_deref(), Ok("double precision[]"));
        assert!(on("text[]", Database::Sqlite).unwrap_err().contains("#[sqlx(json)]"));
        assert!(on("uint4[]", Database::Postgres).unwrap_err().contains("use `i16`"));
        assert!(!ColumnType::Known("int8[]".into()).is_integer());
    }
}
