//! Values of the types that both databases have, as SQL.

use std::collections::BTreeMap;

use colmig_core::ident::{literal, quote};
use colmig_core::types::{ColumnType, DATABASES, Database, PerDatabase};

/// A type's word, and its value of a number.
type Row = (&'static str, fn(Database, usize) -> String);

/// Two numbers below 1,500 have different values, but of a `bool`.
pub(crate) const VALUES: &[Row] = &[
    ("bool", |_, n| if n.is_multiple_of(2) { "TRUE".into() } else { "FALSE".into() }),
    ("int2", |_, n| n.to_string()),
    ("int4", |_, n| n.to_string()),
    ("int8", |_, n| n.to_string()),
    ("float4", |_, n| format!("{n}.5")),
    ("float8", |_, n| format!("{n}.25")),
    ("text", |_, n| literal(&text(n))),
    ("bytes", |db, n| match db {
        Database::Postgres => format!("'\\x{n:08x}'"),
        Database::Sqlite | Database::Mysql => format!("x'{n:08x}'"),
    }),
    ("timestamptz", |_, n| literal(&format!("2024-01-02 03:{:02}:{:02}+00", n / 60, n % 60))),
    ("timestamp", |_, n| literal(&format!("2024-01-02 03:{:02}:{:02}", n / 60, n % 60))),
    ("date", |_, n| literal(&format!("20{:02}-{:02}-03", n / 12 % 100, n % 12 + 1))),
    ("time", |_, n| literal(&format!("03:{:02}:{:02}", n / 60, n % 60))),
    ("uuid", |db, n| match db {
        Database::Postgres => format!("'00000000-0000-0000-0000-{n:012x}'"),
        Database::Sqlite | Database::Mysql => format!("x'{n:032x}'"),
    }),
    ("json", |_, n| literal(&format!("{{\"n\": {n}}}"))),
];

/// Some need quotes of their own.
fn text(n: usize) -> String {
    match n % 5 {
        0 => format!("it's \"{n}\""),
        1 => format!("Größe {n}; --"),
        _ => format!("v{n}"),
    }
}

/// The value of a column's type, as `DEFAULT` or `VALUES` has it.
pub(crate) fn value(ty: &ColumnType, db: Database, n: usize) -> String {
    let ColumnType::Known(word) = ty else { panic!("a type without values: {ty}") };
    let row = VALUES.iter().find(|row| row.0 == word);
    row.unwrap_or_else(|| panic!("a type without values: {word}")).1(db, n)
}

/// A text for each database.
pub(crate) fn each(text: impl Fn(Database) -> String) -> PerDatabase {
    let texts = DATABASES.iter().map(|(db, _)| (*db, text(*db)));
    PerDatabase::Each(texts.collect::<BTreeMap<_, _>>())
}

/// What it says for one database.
pub(crate) fn on(text: &PerDatabase, db: Database) -> &str {
    text.on(db).expect("it says something for every database")
}

/// One text for all, with a column's name in the place of `{}`.
pub(crate) fn over(column: &str, text: &str) -> String {
    text.replace("{}", &quote(column))
}
