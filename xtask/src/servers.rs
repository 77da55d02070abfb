//! Private database servers: found or fetched, started on free loopback ports, gone afterwards.
//!
//! Nothing here touches a server that somebody else started.

mod account;
mod home;
pub(crate) mod mariadb;
pub(crate) mod postgres;
mod running;
