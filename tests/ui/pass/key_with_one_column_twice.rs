#[derive(colmig::Table)]
#[colmig(primary_key(tenant, id))]
struct User {
    tenant: i64,
    id: i64,
}

fn main() {}
