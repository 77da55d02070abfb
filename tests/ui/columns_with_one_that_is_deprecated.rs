#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated)]
    nickname: colmig::WriteOnly<String>,
    email: String,
}

fn f() {
    let _ = colmig::columns!(User; id, nickname);
}

fn main() {}
