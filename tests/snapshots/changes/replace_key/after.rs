#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto, column = "id_big", replaces(id), dual_write = "trigger")]
    pub id: i64,
    pub email: String,
}
