#[derive(colmig::Table)]
#[colmig(primary_key(id))]
struct User {
    #[colmig(auto)]
    id: i64,
    #[colmig(default = "0")]
    visits: i64,
    #[colmig(column = "mail")]
    email: String,
}

fn main() {}
