//! Values that tests write: one for each column and number, so that no two rows share one.

use colmig_core::schema::Column;
use colmig_core::types::{ColumnType, Database};

/// One value, as it is bound and read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A whole number.
    Int(i64),
    /// A number.
    Real(f64),
    /// True or false.
    Bool(bool),
    /// A text; or a value of a type that is written and read as text, with a cast.
    Text(String),
}

/// How a column's values travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As a whole number of so many bytes.
    Int(u8),
    /// As a number of so many bytes.
    Real(u8),
    /// As true or false.
    Bool,
    /// As a text.
    Text,
    /// As a text that is cast, because the tests know no Rust type for it.
    Cast,
}

impl Kind {
    /// That of a column.
    #[must_use]
    pub fn of(column: &Column) -> Kind {
        let ColumnType::Known(word) = &column.ty else { return Kind::Cast };
        match word.as_str() {
            "int1" | "int2" | "uint1" => Kind::Int(2),
            "int4" | "uint2" => Kind::Int(4),
            "int8" | "uint4" => Kind::Int(8),
            "float4" => Kind::Real(4),
            "float8" => Kind::Real(8),
            "bool" => Kind::Bool,
            "text" => Kind::Text,
            _ => Kind::Cast,
        }
    }
}

/// What a value is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a Column,
    /// Another one gives another value, wherever the type has enough of them.
    pub number: i64,
    /// The release that writes, from 1 on; rows that were there before are release 1's.
    pub release: usize,
}

impl Draw<'_> {
    /// The value of a column of which nothing is known but its name and its type. Every third of one that may
    /// be NULL is.
    #[must_use]
    pub fn usual(&self) -> Value {
        let Draw { column, number, .. } = *self;
        if column.optional() && number % 3 == 0 {
            return Value::Null;
        }
        match Kind::of(column) {
            Kind::Int(2) => Value::Int(number % 30_000),
            Kind::Int(_) => Value::Int(number),
            Kind::Real(_) => Value::Real(number as f64 + 0.5),
            Kind::Bool => Value::Bool(number % 2 == 0),
            Kind::Text => Value::Text(text(&column.name, number)),
            Kind::Cast => Value::Text(cast(&column.ty, number)),
        }
    }
}

/// What the scenarios' expressions take apart.
fn text(name: &str, number: i64) -> String {
    match name {
        "email" => format!("User{number}@x"),
        "nickname" => format!("nick{number}"),
        _ => format!("{name}{number}"),
    }
}

/// As both databases give it back when it is cast to text.
fn cast(ty: &ColumnType, number: i64) -> String {
    let (year, month, day) = (1970 + number / 336 % 100, 1 + number / 28 % 12, 1 + number % 28);
    let ColumnType::Known(word) = ty else { return number.to_string() };
    match word.as_str() {
        "bytes" => format!("\\x{number:016x}"),
        "date" => format!("{year}-{month:02}-{day:02}"),
        "timestamp" => format!("{year}-{month:02}-{day:02} 12:00:00"),
        "timestamptz" => format!("{year}-{month:02}-{day:02} 12:00:00+00"),
        "time" => format!("{:02}:{:02}:{:02}", number / 3600 % 24, number / 60 % 60, number % 60),
        "uuid" => format!("00000000-0000-4000-8000-{number:012x}"),
        "json" => format!("{{\"n\": {number}}}"),
        _ => number.to_string(),
    }
}

impl Value {
    /// The whole number that it is.
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        if let Value::Int(number) = self { Some(*number) } else { None }
    }

    /// The number that it is.
    #[must_use]
    pub fn real(&self) -> Option<f64> {
        if let Value::Real(number) = self { Some(*number) } else { None }
    }

    /// The truth that it is.
    #[must_use]
    pub fn bool(&self) -> Option<bool> {
        if let Value::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The text that it is.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        if let Value::Text(text) = self { Some(text.clone()) } else { None }
    }

    /// As SQL writes it, with the column's type.
    #[must_use]
    pub fn literal(&self, column: &Column, database: Database) -> String {
        let bare = match self {
            Value::Null => "NULL".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        };
        cast_to(&bare, column, database)
    }
}

/// An expression as a value of the column's type.
#[must_use]
pub fn cast_to(expression: &str, column: &Column, database: Database) -> String {
    // SQLite types values, not columns, and would make a number of a text that a cast says is a DATE.
    match (column.ty.on(database), database) {
        (Ok(ty), Database::Postgres) => format!("CAST({expression} AS {ty})"),
        _ => expression.to_owned(),
    }
}
