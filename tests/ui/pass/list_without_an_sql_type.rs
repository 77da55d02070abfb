#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(type = "text[]")]
    tags: Vec<String>,
}

fn main() {}
