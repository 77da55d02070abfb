#[derive(colmig::Table)]
#[colmig(primary_key(id))]
struct User {
    #[colmig(column = "id")]
    number: i64,
}

fn main() {}
