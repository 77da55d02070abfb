#[derive(colmig::Table)]
#[sqlx(rename_all = "camelCase")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
}

fn main() {}
