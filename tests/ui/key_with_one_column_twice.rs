#[derive(colmig::Table)]
#[colmig(primary_key(tenant, tenant))]
struct User {
    tenant: i64,
    id: i64,
}

fn main() {}
