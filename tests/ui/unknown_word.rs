#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(nullable)]
    email: String,
}

fn main() {}
