#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key, auto)]
    id: i64,
}

fn main() {}
