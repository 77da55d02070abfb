//! What the derives name in the code that they generate. Nothing here is for people, and nothing here
//! is stable: the macros and this crate are released together.

pub use colmig_core::lifecycle::{Access, Stand};
pub use colmig_macros::columns;
pub use {inventory, sqlx};

pub use crate::__type_checks as type_checks;
pub use crate::column::{Listed, Text, joined_length, list_length};
pub use crate::enumeration::{EnumDatabase, EnumInfo, EnumType, ValueInfo, read, same, write};
pub use crate::table::{ColumnInfo, ConstraintInfo, Derived, Linked, TableInfo, join};
pub use crate::types::{Probe, TypeChecks, Untyped};
pub use crate::unset::{
    BindFlattened, Converted, RequiredOnWriteField, Unwrapped, Wrapper, WriteOnlyField,
};
