#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(replaces(name), forward = "name", reverse = "full_name", dual_write = "trigger")]
    pub full_name: String,
}
