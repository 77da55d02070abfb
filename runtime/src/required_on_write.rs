//! `RequiredOnWrite<T>`: the type of a column whose NULLs are on their way out, or in.

use colmig_core::problem::{Problem, UNSET};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

/// A column that is being tightened from `Option<T>` to `T`, or relaxed the other way: this release writes
/// no NULL, and reads the ones that other releases wrote.
///
/// It is built from a `T` and read as an `Option<&T>`:
///
/// ```
/// use colmig::RequiredOnWrite;
///
/// let nickname: RequiredOnWrite<String> = "ada".to_owned().into();
/// assert_eq!(nickname.get().map(String::as_str), Some("ada"));
/// ```
///
/// A row that was read with NULL can be updated, which leaves the column as it is; writing it anywhere
/// else is an error, never a NULL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequiredOnWrite<T> {
    value: Option<T>,
}

impl<T> RequiredOnWrite<T> {
    /// The value to write.
    pub fn new(value: T) -> Self {
        Self { value: Some(value) }
    }

    /// The value; none where the row was read with NULL.
    pub fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The value, taken out.
    pub fn into_inner(self) -> Option<T> {
        self.value
    }
}

impl<T> From<T> for RequiredOnWrite<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// What a request leaves out is an error, as it is for a `T`.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for RequiredOnWrite<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

impl<T: Serialize> Serialize for RequiredOnWrite<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<DB: Database, T: Type<DB>> Type<DB> for RequiredOnWrite<T> {
    fn type_info() -> DB::TypeInfo {
        T::type_info()
    }

    fn compatible(info: &DB::TypeInfo) -> bool {
        T::compatible(info)
    }
}

impl<'r, DB: Database, T> Decode<'r, DB> for RequiredOnWrite<T>
where
    Option<T>: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self { value: Option::decode(value)? })
    }
}

impl<'q, DB: Database, T: Encode<'q, DB>> Encode<'q, DB> for RequiredOnWrite<T> {
    fn encode(self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.value.ok_or_else(unset)?.encode(buffer)
    }

    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.get().ok_or_else(unset)?.encode_by_ref(buffer)
    }

    fn produces(&self) -> Option<DB::TypeInfo> {
        self.get().and_then(T::produces)
    }

    fn size_hint(&self) -> usize {
        self.get().map_or(0, T::size_hint)
    }
}

/// Colmig's own statements leave such a column out or name it; this is for the hand-written ones.
fn unset() -> Problem {
    UNSET
        .problem("a column that is required on write was read as NULL, and cannot be written back")
        .help("leave the column out of the statement; `colmig::update` does it by itself")
        .help("or give the field a value: `row.field = value.into()`")
}
