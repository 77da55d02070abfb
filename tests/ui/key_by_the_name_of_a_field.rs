#[derive(colmig::Table)]
#[colmig(primary_key(number))]
struct User {
    #[colmig(column = "id")]
    number: i64,
}

fn main() {}
