//! `WriteOnly<T>`: the type of a column that the code writes and must not read.
//!
//! Deliberately absent: `Deref`, a getter, `PartialEq`, `Serialize`. Each of them would let a release
//! depend on values that are not complete yet, or that another release has stopped writing. `Display` and
//! `Serialize` are written down for no type at all, so that the compiler says why.

use std::fmt;

use colmig_core::problem::{Problem, UNSET};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

/// A column that is `adding` or `deprecated`: written like a `T`, never read.
///
/// It is built from a `T`, and nothing leads back:
///
/// ```
/// use colmig::WriteOnly;
///
/// let handle: WriteOnly<String> = "Ada".to_lowercase().into();
/// assert_eq!(format!("{handle:?}"), "WriteOnly(set)");
/// ```
///
/// Whatever is decoded from a database becomes *unset*, `NULL` included: the generated select list says
/// `NULL AS "handle"`, so that the real column is not even touched. That is the only way to an unset
/// value, since a program that makes a row has to decide what it writes. A row that was read can be
/// updated, which leaves the column as it is; writing it anywhere else is an error, never a NULL.
///
/// A value cannot be compared, printed or serialized:
///
/// ```compile_fail,E0369
/// # use colmig::WriteOnly;
/// let handle: WriteOnly<String> = "ada".to_owned().into();
/// assert!(handle == handle);
/// ```
///
/// Until the column is active, compute with the `T` before it goes in.
#[derive(Clone)]
pub struct WriteOnly<T> {
    value: Option<T>,
}

impl<T> WriteOnly<T> {
    /// The value to write.
    pub fn new(value: T) -> Self {
        Self { value: Some(value) }
    }

    /// Whether it came from a database and so has no value to write. It is no method, as `Rc`'s
    /// functions are not, so that it never hides a method of `T` on the day the column becomes active.
    pub fn is_unset(this: &Self) -> bool {
        this.value.is_none()
    }
}

impl<T> From<T> for WriteOnly<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> fmt::Debug for WriteOnly<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if Self::is_unset(self) { "WriteOnly(unset)" } else { "WriteOnly(set)" })
    }
}

/// A request's body may hold the value to write; what is absent there is no unset value but an error,
/// as it is for a `T`.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for WriteOnly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

/// A type whose write-only columns can be read: there is none, and none can be added, because nobody else
/// can name this.
#[diagnostic::on_unimplemented(
    message = "a column that is `adding` or `deprecated` cannot be read",
    label = "this would read a `WriteOnly<{Self}>`",
    note = "some rows have no value there, or an old one: use the `{Self}` before it goes in, or wait for the release that reads the column"
)]
pub trait ReadBack {
    /// What cannot be.
    fn never() -> !;
}

impl<T: ReadBack> fmt::Display for WriteOnly<T> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::never()
    }
}

impl<T: ReadBack> Serialize for WriteOnly<T> {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        T::never()
    }
}

impl<DB: Database, T: Type<DB>> Type<DB> for WriteOnly<T> {
    fn type_info() -> DB::TypeInfo {
        T::type_info()
    }

    /// Anything will do, because nothing of it is kept. What the column really holds is judged by
    /// `T`'s own test, when the program verifies itself against the database.
    fn compatible(_: &DB::TypeInfo) -> bool {
        true
    }
}

impl<'r, DB: Database, T> Decode<'r, DB> for WriteOnly<T> {
    fn decode(_: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self { value: None })
    }
}

impl<'q, DB: Database, T: Encode<'q, DB>> Encode<'q, DB> for WriteOnly<T> {
    fn encode(self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.value.ok_or_else(unset)?.encode(buffer)
    }

    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.value.as_ref().ok_or_else(unset)?.encode_by_ref(buffer)
    }

    fn produces(&self) -> Option<DB::TypeInfo> {
        self.value.as_ref().and_then(T::produces)
    }

    fn size_hint(&self) -> usize {
        self.value.as_ref().map_or(0, T::size_hint)
    }
}

/// Colmig's own statements leave such a column out or name it; this is for the hand-written ones.
fn unset() -> Problem {
    UNSET
        .problem("a write-only column without a value cannot be written")
        .help("leave the column out of the statement; `colmig::update` does it by itself")
        .help("or give the field a value: `row.field = value.into()`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_tell_the_value() {
        assert_eq!(format!("{:?}", WriteOnly::new("secret")), "WriteOnly(set)");
        assert_eq!(format!("{:?}", WriteOnly::<String> { value: None }), "WriteOnly(unset)");
    }

    #[test]
    fn deserializing_makes_a_set_value_or_fails() {
        let set: WriteOnly<String> = serde_json::from_str("\"ada\"").unwrap();
        assert!(!WriteOnly::is_unset(&set));
        let null: WriteOnly<Option<String>> = serde_json::from_str("null").unwrap();
        assert!(!WriteOnly::is_unset(&null));
        assert!(serde_json::from_str::<WriteOnly<String>>("null").is_err());
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn encoding_delegates_or_fails_and_never_becomes_null() {
        use sqlx::Arguments as _;
        use sqlx::sqlite::SqliteArguments;

        let mut arguments = SqliteArguments::default();
        arguments.add(WriteOnly::new(7_i64)).unwrap();
        let null = WriteOnly::new(None::<i64>);
        arguments.add(&null).unwrap();
        assert_eq!(arguments.len(), 2);
        for result in [
            arguments.add(WriteOnly::<i64> { value: None }),
            arguments.add(&WriteOnly::<Option<i64>> { value: None }),
        ] {
            assert!(result.unwrap_err().to_string().contains("without a value"));
        }
        assert_eq!(arguments.len(), 2);
    }
}
