#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    handle: Option<String>,
}

fn main() {}
