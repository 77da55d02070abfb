//! Database columns that change without downtime.
//!
//! A column moves through its life by one attribute on a Rust struct, and `cargo colmig` turns each
//! edit into a staged migration. This crate is the application's half: the derive that checks the
//! struct, the type of a column that may be written and not yet (or no longer) read, and statements
//! that name exactly the columns that this release may touch.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # mod example {
//! use colmig::{Table, WriteOnly};
//!
//! #[derive(sqlx::FromRow, Table)]
//! #[colmig(table = "users")]
//! pub struct User {
//!     #[colmig(primary_key, auto)]
//!     pub id: i64,
//!     pub email: String,
//!     // Written from this release on, read from the next: until then old rows are being filled.
//!     #[colmig(adding, backfill = "lower(email)")]
//!     pub handle: WriteOnly<String>,
//! }
//!
//! pub async fn sign_up(email: String, pool: &sqlx::SqlitePool) -> colmig::Result<User> {
//!     let handle = email.to_lowercase().into();
//!     colmig::insert(&User { id: 0, email, handle }).fetch_one(pool).await
//! }
//!
//! pub async fn find(email: &str, pool: &sqlx::SqlitePool) -> colmig::Result<Vec<User>> {
//!     let sql = sqlx::AssertSqlSafe(format!("{} WHERE email = $1", User::SELECT));
//!     Ok(sqlx::query_as(sql).bind(email).fetch_all(pool).await?)
//! }
//! # }
//! ```
//!
//! * [`Table`](derive@Table) makes a struct stand for a table; the trait is what statements know of it.
//! * [`Enum`] makes an enum stand for a type of the database, whose values come and go as columns do.
//! * [`WriteOnly`] is the type of a column that is `adding` or `deprecated`.
//! * [`insert`], [`update`] and [`upsert`] write a row.
//!
//! The databases are features, `postgres` and `sqlite`. So are the crates of columns' types, each of which turns on
//! sqlx's feature of the same name: `chrono`, `time`, `uuid`, `json`, `rust_decimal`, `bigdecimal`, `ipnet`,
//! `ipnetwork`, `mac_address`.

mod column;
mod enumeration;
mod error;
mod table;
mod types;

mod required_on_write;
mod statement;
mod unset;
mod write_only;

mod driver;
mod lease;
pub mod migrator;
mod verify;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use colmig_core::Problem;
pub use colmig_core::admission::Refusal;
pub use colmig_macros::{Enum, Table};
pub use column::{Column, Readable, state};
pub use enumeration::{EnumInfo, EnumType, ValueInfo};
pub use error::{Error, Result};
pub use lease::{Lease, LeaseDatabase};
pub use required_on_write::RequiredOnWrite;
pub use statement::{Bind, Insert, Update, Upsert, insert, update, upsert};
pub use table::{
    ColumnInfo, ConstraintInfo, Derived, Insertable, Table, TableInfo, Updatable, linked,
};
pub use types::TypeChecks;
pub use verify::verify;
pub use write_only::WriteOnly;
