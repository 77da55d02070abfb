#[derive(colmig::Table)]
#[colmig(primary_key(id))]
struct User {
    #[colmig(primary_key)]
    id: i64,
}

fn main() {}
