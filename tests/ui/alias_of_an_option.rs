type Email = Option<String>;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(type = "text")]
    email: Email,
}

fn main() {}
