#[derive(colmig::Table)]
#[colmig(check(positive = "total > 0"))]
struct User {
    #[colmig(primary_key)]
    id: i64,
    total: i64,
}

fn main() {}
