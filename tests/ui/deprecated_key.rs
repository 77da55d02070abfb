#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key, deprecated)]
    id: colmig::WriteOnly<i64>,
}

fn main() {}
