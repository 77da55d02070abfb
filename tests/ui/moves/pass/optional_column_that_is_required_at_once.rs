use colmig::WriteOnly;

#[derive(colmig::Table)]
#[colmig(table = "users")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    tenant: i64,
    email: String,
    #[colmig(backfill = "''")]
    name: colmig::RequiredOnWrite<String>,
    #[colmig(adding, backfill = "lower(email)")]
    handle: WriteOnly<String>,
    #[colmig(deprecated)]
    nickname: WriteOnly<String>,
}

fn main() {}
