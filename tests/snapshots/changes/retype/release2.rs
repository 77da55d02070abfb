#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(deprecated)]
    pub cents: WriteOnly<i32>,
    #[colmig(replaces(cents), forward = "cents", reverse = "CAST(amount AS integer)")]
    pub amount: i64,
}
