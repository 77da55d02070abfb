#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated)]
    nickname: colmig::WriteOnly<String>,
}

fn main() {}
