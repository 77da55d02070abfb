#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(skip)]
    #[colmig(unique)]
    cache: String,
}

fn main() {}
