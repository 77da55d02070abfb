//! The one error type of this crate.

use colmig_core::Problem;

/// What can go wrong: colmig's own verdict, or the database's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something that colmig refuses, with its code and what to do.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// What sqlx reports.
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
