use colmig::WriteOnly;

#[derive(colmig::Table)]
#[colmig(tabel = "users", unique(emial))]
struct User {
    #[colmig(primary_key, auto, auto)]
    id: i64,
    #[colmig(adding, backfill = "")]
    handle: WriteOnly<String>,
    #[colmig(deprecated)]
    nickname: String,
    #[colmig(type(oracle = "json"))]
    settings: Vec<String>,
    #[colmig(column = "sqlite_rank", references(ranks))]
    rank: i32,
    email: String,
}

fn main() {}
