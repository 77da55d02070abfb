use colmig::WriteOnly;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill = "0")]
    number: WriteOnly<i64>,
}

fn main() {}
