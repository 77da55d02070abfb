#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(default(postgres = "gen_random_uuid()", sqlite = "randomblob(16)", mysql = "unhex(replace(uuid(), '-', ''))"))]
    pub token: uuid::Uuid,
}
