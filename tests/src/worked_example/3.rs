//! The user, as of release 3 of the worked example: both changes are at their end.

use colmig::Table;

pub const RELEASE: &str = "3";

#[derive(sqlx::FromRow, Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    pub handle: String,
}

impl User {
    pub fn new(number: u64) -> User {
        let email = format!("User{number}@Example.com");
        User { id: 0, handle: email.to_lowercase(), email }
    }

    /// What a user changes now and then; the values that belong together stay together.
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
