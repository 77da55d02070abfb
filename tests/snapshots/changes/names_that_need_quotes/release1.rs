#[derive(Table)]
#[colmig(table = "order")]
pub struct Order {
    #[colmig(primary_key, auto)]
    pub id: i64,
    #[colmig(column = "User")]
    pub user: String,
    #[colmig(adding, column = "a \"quoted\" name", backfill = "'it''s ' || \"User\"")]
    pub quoted: WriteOnly<String>,
}
