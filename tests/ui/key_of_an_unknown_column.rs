#[derive(colmig::Table)]
#[colmig(primary_key(tenant, ident))]
struct User {
    tenant: i64,
    id: i64,
}

fn main() {}
