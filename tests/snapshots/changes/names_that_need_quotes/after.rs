#[derive(Table)]
#[colmig(table = "order")]
pub struct Order {
    #[colmig(primary_key, auto)]
    pub id: i64,
    #[colmig(column = "User")]
    pub user: String,
    #[colmig(column = "a \"quoted\" name")]
    pub quoted: String,
}
