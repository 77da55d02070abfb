//! What the tests share: crates that the compiler checks, databases to run on, checkouts of the example's
//! releases, the program as a user runs it, a project without files, and the story that `cargo xtask demo`
//! tells.

pub mod app;
pub mod checked;
pub mod checkout;
pub mod connection;
pub mod database;
pub mod deployment;
pub mod instance;
pub mod ledger;
pub mod program;
pub mod project;
pub mod replica;
pub mod running;
pub mod scenarios;
pub mod session;
pub mod shop;
pub mod stall;
pub mod story;
pub mod values;
pub mod writer;

/// The README's Rust compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
