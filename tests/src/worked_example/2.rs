//! The user, as of release 2 of the worked example: two changes in one edit.

use colmig::{Table, WriteOnly};

pub const RELEASE: &str = "2";

#[derive(sqlx::FromRow, Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: String,
    #[colmig(deprecated, reverse = "'nick of ' || email")]
    pub nickname: WriteOnly<String>,
    #[colmig(adding, backfill = "lower(email)")]
    pub handle: WriteOnly<String>,
}

impl User {
    pub fn new(number: u64) -> User {
        let email = format!("User{number}@Example.com");
        let nickname = format!("nick of {email}").into();
        User { id: 0, nickname, handle: email.to_lowercase().into(), email }
    }

    pub fn refresh(&mut self) {
        self.handle = self.email.to_lowercase().into();
    }

    pub fn check(&self) -> Result<(), String> {
        if self.email.starts_with("User") { Ok(()) } else { Err(format!("user {}", self.id)) }
    }
}
