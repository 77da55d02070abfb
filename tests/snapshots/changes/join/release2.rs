#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(deprecated, reverse(postgres = "split_part(address, '/', 1)", sqlite = "substr(address, 1, instr(address, '/') - 1)", mysql = "substr(address, 1, instr(address, '/') - 1)"))]
    pub street: WriteOnly<String>,
    #[colmig(deprecated, reverse(postgres = "split_part(address, '/', 2)", sqlite = "substr(address, instr(address, '/') + 1)", mysql = "substr(address, instr(address, '/') + 1)"))]
    pub city: WriteOnly<String>,
    #[colmig(replaces(street, city), forward = "street || '/' || city")]
    pub address: String,
}
