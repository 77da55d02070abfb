#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    handle: String,
    email: String,
}

fn main() {}
