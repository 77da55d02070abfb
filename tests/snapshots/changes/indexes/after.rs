#[derive(Table)]
#[colmig(table = "users", index(email desc, name, where = "name <> ''"), index(expr = "lower(email)"))]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    pub name: String,
}
