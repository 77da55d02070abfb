#[derive(colmig::Enum)]
#[colmig(rename_all = "snake_case")]
pub enum Mood {
    Happy,
    Sad,
}

#[derive(Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(enum)]
    pub mood: Mood,
}

#[derive(Table)]
#[colmig(table = "notes")]
pub struct Note {
    #[colmig(primary_key, auto)]
    pub id: i64,
    #[colmig(enum)]
    pub mood: Option<Mood>,
}
