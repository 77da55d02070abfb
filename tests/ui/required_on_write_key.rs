#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: colmig::RequiredOnWrite<i64>,
}

fn main() {}
