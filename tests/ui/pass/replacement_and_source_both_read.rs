#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated)]
    name: colmig::WriteOnly<String>,
    #[colmig(replaces(name))]
    full_name: String,
}

fn main() {}
