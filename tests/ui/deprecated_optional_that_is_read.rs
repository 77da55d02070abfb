#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated)]
    nickname: Option<String>,
}

fn main() {}
