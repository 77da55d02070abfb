//! The user, as of release 2: `handle` is written, and not read yet.

use colmig::{Table, WriteOnly};

pub const RELEASE: &str = "2";

#[derive(sqlx::FromRow, Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    pub nickname: String,
    #[colmig(adding, backfill = "lower(email)")]
    pub handle: WriteOnly<String>,
}

impl User {
    pub fn new(number: u64) -> User {
        let email = format!("User{number}@Example.com");
        let handle = email.to_lowercase().into();
        User { id: 0, nickname: format!("nick of {email}"), email, handle }
    }

    /// What a user changes now and then; the values that belong together stay together.
    pub fn refresh(&mut self) {
        self.nickname = format!("nick of {}", self.email);
        self.handle = self.email.to_lowercase().into();
    }

    pub fn check(&self) -> Result<(), String> {
        if self.nickname == format!("nick of {}", self.email) {
            return Ok(());
        }
        Err(format!("user {}: nickname is `{}`", self.id, self.nickname))
    }
}
