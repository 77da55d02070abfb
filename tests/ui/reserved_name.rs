#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    _colmig_state: i64,
}

fn main() {}
