#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(skip)]
    cache: String,
}

fn main() {}
