use colmig::WriteOnly;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(adding, default = "0")]
    visits: WriteOnly<i64>,
}

fn main() {}
