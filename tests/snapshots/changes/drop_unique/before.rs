#[derive(Table)]
#[colmig(table = "users", unique(email))]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
}
