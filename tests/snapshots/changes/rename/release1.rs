#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    pub name: String,
    #[colmig(adding, replaces(name), forward = "name", reverse = "full_name")]
    pub full_name: WriteOnly<String>,
}
