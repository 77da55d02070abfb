#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: Option<String>,
}

fn main() {}
