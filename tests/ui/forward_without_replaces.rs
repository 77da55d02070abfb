use colmig::WriteOnly;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    name: String,
    #[colmig(adding, backfill = "name", forward = "name")]
    full_name: WriteOnly<String>,
}

fn main() {}
