#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(adding, backfill = "email")]
    pub handle: WriteOnly<String>,
}
