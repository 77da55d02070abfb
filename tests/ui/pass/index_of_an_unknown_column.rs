#[derive(colmig::Table)]
#[colmig(index(email))]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
