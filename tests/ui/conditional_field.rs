#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[cfg(not(windows))]
    email: String,
}

fn main() {}
