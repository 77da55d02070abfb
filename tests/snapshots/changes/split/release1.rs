#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(reverse = "first || last")]
    pub name: String,
    #[colmig(adding, replaces(name), forward = "substr(name, 1, 4)")]
    pub first: WriteOnly<String>,
    #[colmig(adding, replaces(name), forward = "substr(name, 5)")]
    pub last: WriteOnly<String>,
}
