#[derive(sqlx::FromRow, colmig::Table)]
#[colmig(table = "users", partial)]
struct Address {
    city: String,
}

#[derive(sqlx::FromRow, colmig::Table)]
#[colmig(table = "users")]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[sqlx(flatten)]
    #[colmig(unique)]
    address: Address,
}

fn main() {}
