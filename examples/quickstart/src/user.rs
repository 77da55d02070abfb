//! The user, as of release 1.

use colmig::Table;

pub const RELEASE: &str = "1";

#[derive(sqlx::FromRow, Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    pub nickname: String,
}

impl User {
    pub fn new(number: u64) -> User {
        let email = format!("User{number}@Example.com");
        User { id: 0, nickname: format!("nick of {email}"), email }
    }

    /// What a user changes now and then; the values that belong together stay together.
    pub fn refresh(&mut self) {
        self.nickname = format!("nick of {}", self.email);
    }

    pub fn check(&self) -> Result<(), String> {
        if self.nickname == format!("nick of {}", self.email) {
            return Ok(());
        }
        Err(format!("user {}: nickname is `{}`", self.id, self.nickname))
    }
}
