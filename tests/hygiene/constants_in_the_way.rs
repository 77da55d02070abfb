//! Constants by the names of the code's own variables: an identifier in a pattern means the constant.

#![expect(dead_code, non_upper_case_globals, reason = "they are here to be in the way")]

const index: () = ();
const arguments: () = ();

#[derive(colmig::Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    #[colmig(deprecated)]
    pub nickname: colmig::WriteOnly<String>,
}
