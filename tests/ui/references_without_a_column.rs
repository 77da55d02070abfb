#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(references(orgs))]
    org: i64,
}

fn main() {}
