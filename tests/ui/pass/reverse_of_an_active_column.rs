#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(reverse = "''")]
    nickname: colmig::RequiredOnWrite<String>,
}

fn main() {}
