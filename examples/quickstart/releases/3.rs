//! The user, as of release 3: `handle` is read, and `nickname` no longer; it is still written, because
//! release 2 reads it.

use colmig::{Table, WriteOnly};

pub const RELEASE: &str = "3";

#[derive(sqlx::FromRow, Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(deprecated, reverse = "'nick of ' || email")]
    pub nickname: WriteOnly<String>,
    pub handle: String,
}

impl User {
    pub fn new(number: u64) -> User {
        let email = format!("User{number}@Example.com");
        let nickname = format!("nick of {email}").into();
        User { id: 0, nickname, handle: email.to_lowercase(), email }
    }

    /// What a user changes now and then. `nickname` was not read, so it is unset here, and the update
    /// leaves it alone.
    pub fn refresh(&mut self) {
        self.handle = self.email.to_lowercase();
    }

    pub fn check(&self) -> Result<(), String> {
        if self.handle == self.email.to_lowercase() {
            return Ok(());
        }
        Err(format!("user {}: handle is `{}`", self.id, self.handle))
    }
}
