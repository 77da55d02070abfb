#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    tenant: i64,
    #[colmig(primary_key, auto)]
    id: i64,
}

fn main() {}
