#[derive(colmig::Table)]
#[colmig(partial, read_only)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
