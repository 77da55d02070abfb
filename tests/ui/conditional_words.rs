#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[cfg_attr(not(windows), colmig(unique))]
    email: String,
}

fn main() {}
