#[derive(colmig::Table)]
#[colmig(primary_key(id, nickname))]
struct User {
    id: i64,
    #[colmig(deprecated)]
    nickname: colmig::WriteOnly<String>,
}

fn main() {}
