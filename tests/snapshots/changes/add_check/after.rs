#[derive(Table)]
#[colmig(table = "users", check(named = "email <> ''"))]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
}
