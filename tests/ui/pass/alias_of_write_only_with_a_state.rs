type Handle = colmig::WriteOnly<String>;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated, type = "text")]
    handle: colmig::WriteOnly<String>,
}

fn main() {}
