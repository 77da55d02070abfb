//! What the lock file has of the table and the enum: the release before.

use colmig::WriteOnly;

#[derive(colmig::Table)]
#[colmig(table = "users")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    tenant: i64,
    email: String,
    name: Option<String>,
    #[colmig(adding, backfill = "lower(email)")]
    handle: WriteOnly<String>,
    #[colmig(deprecated)]
    nickname: WriteOnly<String>,
}

#[derive(colmig::Enum)]
enum Mood {
    Happy,
    Sad,
}

fn main() {}
