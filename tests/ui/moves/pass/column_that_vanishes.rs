use colmig::WriteOnly;

#[derive(colmig::Table)]
#[colmig(table = "users")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    tenant: i64,
    #[colmig(deprecated)]
    email: WriteOnly<String>,
    name: Option<String>,
    #[colmig(adding, backfill = "lower(email)")]
    handle: WriteOnly<String>,
    #[colmig(deprecated)]
    nickname: WriteOnly<String>,
}

fn main() {}
