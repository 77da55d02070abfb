#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(try_from = "i64", json)]
    age: i64,
}

fn main() {}
