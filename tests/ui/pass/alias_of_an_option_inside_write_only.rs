use colmig::WriteOnly;

type Email = Option<String>;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated, type = "text")]
    email: WriteOnly<Option<String>>,
}

fn main() {}
