use colmig::WriteOnly;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated)]
    nickname: WriteOnly<String>,
}

fn main() {}
