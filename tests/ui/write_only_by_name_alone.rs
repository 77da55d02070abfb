type WriteOnly<T> = T;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, backfill = "lower(email)")]
    handle: WriteOnly<String>,
}

fn main() {}
