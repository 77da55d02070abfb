//! Enum types: what the derive says of one, and its values on their way to and from a database.
//!
//! A value that is `adding` or `deprecated` is read and never written: other releases that are alive may not
//! know it. Writing one is an error here, where every statement passes, as writing an unset `WriteOnly` is.

use colmig_core::lifecycle::Stand;
use colmig_core::problem::{Problem, VALUE_NOT_WRITTEN, VALUE_UNKNOWN};
use sqlx::Database;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;

/// An enum that stands for a type of the database. Derived: `#[derive(colmig::Enum)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no enum type",
    label = "this type stands for no enum type of the database",
    note = "write `#[derive(colmig::Enum)]` above it, or delete `enum` above the field"
)]
pub trait EnumType: Sized + 'static {
    /// The type's static description.
    const ENUM: &'static EnumInfo;

    /// The index of this value in [`EnumInfo::values`].
    fn index(&self) -> usize;

    /// The value at an index of [`EnumInfo::values`].
    fn at(index: usize) -> Option<Self>;
}

/// The static description of one enum.
#[derive(Debug)]
pub struct EnumInfo {
    /// The type's name in the database.
    pub name: &'static str,
    /// The enum's name and place, for messages.
    pub rust: &'static str,
    /// The values in the order of the variants.
    pub values: &'static [ValueInfo],
}

/// The static description of one variant.
#[derive(Debug)]
pub struct ValueInfo {
    /// The word in the database.
    pub name: &'static str,
    /// The variant's name, for messages.
    pub variant: &'static str,
    /// What this build does with it.
    pub stand: Stand,
    /// The migration that added it; empty where the lock file does not know it.
    pub born: &'static str,
}

/// Whether two texts are one: the derive of a table compares the name that a field gives its enum's type with the
/// one that the enum has.
#[doc(hidden)]
pub const fn same(one: &str, other: &str) -> bool {
    let (one, other, mut index) = (one.as_bytes(), other.as_bytes(), 0);
    if one.len() != other.len() {
        return false;
    }
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// A database that holds enums: as a type of its own, or as text.
#[doc(hidden)]
pub trait EnumDatabase: Database {
    /// The type of a column.
    fn of_type(name: &'static str) -> Self::TypeInfo;

    /// Whether a column of this type holds such values.
    fn holds(name: &'static str, column: &Self::TypeInfo) -> bool;

    /// Writes a word.
    fn write(word: &'static str, buffer: &mut Self::ArgumentBuffer) -> Result<IsNull, BoxDynError>;

    /// Reads a word.
    fn read(value: Self::ValueRef<'_>) -> Result<String, BoxDynError>;
}

#[cfg(feature = "postgres")]
impl EnumDatabase for sqlx::Postgres {
    fn of_type(name: &'static str) -> Self::TypeInfo {
        sqlx::postgres::PgTypeInfo::with_name(name)
    }

    fn holds(name: &'static str, column: &Self::TypeInfo) -> bool {
        *column == Self::of_type(name)
    }

    fn write(word: &'static str, buffer: &mut Self::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        sqlx::Encode::<Self>::encode(word, buffer)
    }

    fn read(value: Self::ValueRef<'_>) -> Result<String, BoxDynError> {
        sqlx::Decode::<Self>::decode(value)
    }
}

#[cfg(feature = "mysql")]
impl EnumDatabase for sqlx::MySql {
    fn of_type(_: &'static str) -> Self::TypeInfo {
        <str as sqlx::Type<Self>>::type_info()
    }

    fn holds(_: &'static str, column: &Self::TypeInfo) -> bool {
        <str as sqlx::Type<Self>>::compatible(column)
    }

    fn write(word: &'static str, buffer: &mut Self::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        sqlx::Encode::<Self>::encode(word, buffer)
    }

    fn read(value: Self::ValueRef<'_>) -> Result<String, BoxDynError> {
        sqlx::Decode::<Self>::decode(value)
    }
}

#[cfg(feature = "sqlite")]
impl EnumDatabase for sqlx::Sqlite {
    fn of_type(_: &'static str) -> Self::TypeInfo {
        <str as sqlx::Type<Self>>::type_info()
    }

    fn holds(_: &'static str, column: &Self::TypeInfo) -> bool {
        <str as sqlx::Type<Self>>::compatible(column)
    }

    fn write(word: &'static str, buffer: &mut Self::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        sqlx::Encode::<Self>::encode(word, buffer)
    }

    fn read(value: Self::ValueRef<'_>) -> Result<String, BoxDynError> {
        sqlx::Decode::<Self>::decode(value)
    }
}

/// Writes a value, unless this release must not.
#[doc(hidden)]
pub fn write<DB: EnumDatabase, T: EnumType>(
    value: &T,
    buffer: &mut DB::ArgumentBuffer,
) -> Result<IsNull, BoxDynError> {
    let info = &T::ENUM.values[value.index()];
    if info.stand == Stand::Required {
        return DB::write(info.name, buffer);
    }
    Err(not_written(T::ENUM, info).into())
}

/// Reads a value.
#[doc(hidden)]
pub fn read<DB: EnumDatabase, T: EnumType>(value: DB::ValueRef<'_>) -> Result<T, BoxDynError> {
    let word = DB::read(value)?;
    let index = T::ENUM.values.iter().position(|value| value.name == word);
    index.and_then(T::at).ok_or_else(|| unknown(T::ENUM, &word).into())
}

fn not_written(one: &EnumInfo, value: &ValueInfo) -> Problem {
    let (why, help) = match value.stand {
        Stand::Adding => (
            "it is `adding`, and releases that are still running may not know it",
            "write another value; this one is written by the release that has it without `adding`",
        ),
        _ => (
            "it is `deprecated`, and newer releases may not know it any more",
            "write another value: this one is on its way out",
        ),
    };
    VALUE_NOT_WRITTEN
        .problem(format!("`{}::{}` cannot be written: {why}", one.rust, value.variant))
        .help(help)
        .help("to look for rows that hold it, name it in the SQL: it is bound like any value that is written")
}

fn unknown(one: &EnumInfo, word: &str) -> Problem {
    let words: Vec<_> = one.values.iter().map(|value| format!("`{}`", value.name)).collect();
    VALUE_UNKNOWN
        .problem(format!("`{}` is no value of `{}`, the type `{}`", word.escape_debug(), one.rust, one.name))
        .help(format!("the values that this release knows are {}", words.join(", ")))
        .help("if somebody added it by hand, give those rows another value, or add a variant with `#[colmig(adding)]`")
}
