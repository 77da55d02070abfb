#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key, auto)]
    id: Option<i64>,
}

fn main() {}
