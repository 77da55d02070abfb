use colmig::WriteOnly;

#[derive(colmig::Table)]
#[colmig(table = "users", unique(email))]
struct User {
    #[colmig(primary_key, auto)]
    id: i64,
    #[colmig(adding, backfill = "''")]
    handle: WriteOnly<String>,
    #[colmig(deprecated)]
    nickname: WriteOnly<String>,
    #[colmig(type(postgres = "text[]"))]
    settings: Vec<String>,
    #[colmig(column = "the rank", references(ranks.id))]
    rank: i32,
    email: String,
}

fn main() {}
