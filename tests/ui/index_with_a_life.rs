#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(index(adding))]
    email: String,
}

fn main() {}
