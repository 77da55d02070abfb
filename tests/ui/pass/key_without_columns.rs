#[derive(colmig::Table)]
#[colmig(primary_key(id))]
struct User {
    id: i64,
}

fn main() {}
