#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(unique(name = "one"))]
    email: String,
}

fn main() {}
