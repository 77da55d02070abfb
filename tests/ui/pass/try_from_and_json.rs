#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(json)]
    age: i64,
}

fn main() {}
