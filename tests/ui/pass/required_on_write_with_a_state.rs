#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    nickname: colmig::RequiredOnWrite<String>,
}

fn main() {}
