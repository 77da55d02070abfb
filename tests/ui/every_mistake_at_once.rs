use colmig::WriteOnly;

#[derive(colmig::Table)]
#[colmig(tabel = "users")]
struct User {
    #[colmig(primary_key, auto, auto)]
    id: i64,
    #[colmig(adding, backfill = "")]
    handle: WriteOnly<String>,
    #[colmig(deprecated)]
    nickname: String,
    #[colmig(type(mysql = "json"))]
    settings: Vec<String>,
    #[colmig(column = "sqlite_rank")]
    rank: i32,
}

fn main() {}
