use colmig::WriteOnly;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(json)]
    #[colmig(deprecated)]
    tags: WriteOnly<Vec<String>>,
}

fn main() {}
