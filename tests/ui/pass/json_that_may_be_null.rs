#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(json(nullable))]
    tags: Option<Vec<String>>,
}

fn main() {}
