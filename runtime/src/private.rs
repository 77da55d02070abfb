//! What the derives name in the code that they generate. Nothing here is for people, and nothing here
//! is stable: the macros and this crate are released together.

pub use colmig_core::lifecycle::{Access, Stand};
pub use {inventory, sqlx};

pub use crate::__type_checks as type_checks;
pub use crate::table::{ColumnInfo, Linked, TableInfo};
pub use crate::types::{Probe, TypeChecks, Untyped};
pub use crate::write_only::WriteOnlyField;
