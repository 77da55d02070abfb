//! What the tests share: databases to run on, checkouts of the example's releases, the program as a
//! user runs it, and the story that `cargo xtask demo` tells.

pub mod app;
pub mod checkout;
pub mod database;
pub mod program;
pub mod story;
