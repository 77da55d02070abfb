#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    tags: Vec<String>,
}

fn main() {}
