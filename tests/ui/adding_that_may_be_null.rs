#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding)]
    handle: colmig::WriteOnly<Option<String>>,
}

fn main() {}
