use colmig::WriteOnly;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill = "''")]
    handle: WriteOnly<String>,
}

fn main() {}
