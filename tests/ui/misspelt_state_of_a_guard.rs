#[derive(colmig::Table)]
#[colmig(unique(id, email, ading))]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
