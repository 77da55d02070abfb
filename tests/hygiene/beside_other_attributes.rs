//! Other attributes and derives around ours.

/// Documentation.
#[must_use]
#[repr(C)]
#[non_exhaustive]
#[derive(Clone, Debug, colmig::Table)]
#[colmig(table = "users")]
#[doc(alias = "account")]
pub struct User {
    /// Documentation.
    #[colmig(primary_key)]
    pub id: i64,
    #[doc(hidden)]
    pub name: String,
    #[deprecated = "not ours"]
    pub email: String,
    #[colmig(deprecated)]
    #[deprecated = "both"]
    pub nickname: colmig::WriteOnly<String>,
}
