use colmig::WriteOnly;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(deprecated, type(postgres = "jsonb", sqlite = "TEXT"))]
    tags: WriteOnly<sqlx::types::Json<Vec<String>>>,
}

fn main() {}
