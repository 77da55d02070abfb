//! `check` and `explain TABLE.COLUMN`: texts of SQL, and sessions.

mod broken;
mod cases;
mod schema;
mod sessions;
