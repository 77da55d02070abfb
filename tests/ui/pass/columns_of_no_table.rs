#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
}

fn f() {
    let _ = colmig::columns!(User; id);
}

fn main() {}
