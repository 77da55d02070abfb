#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(deprecated, reverse = "first || last")]
    pub name: WriteOnly<String>,
    #[colmig(replaces(name), forward = "substr(name, 1, 4)")]
    pub first: String,
    #[colmig(replaces(name), forward = "substr(name, 5)")]
    pub last: String,
}
