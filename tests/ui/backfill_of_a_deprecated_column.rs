use colmig::WriteOnly;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated, backfill = "''")]
    nickname: WriteOnly<String>,
}

fn main() {}
