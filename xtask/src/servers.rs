//! Private database servers: found or fetched, started on free loopback ports, gone afterwards.
//!
//! Nothing here touches a server that somebody else started.

mod account;
mod debian;
mod fleet;
mod galera;
mod home;
mod mariadb;
mod mysql;
mod mysqld;
pub(crate) mod postgres;
mod running;

use std::thread;

use anyhow::Result;

pub(crate) use fleet::{Fleet, MYSQL, POSTGRES, Wanted};

/// What is started as one, until it is dropped: a server, a primary with its replica, a cluster.
pub(crate) trait Servers: Send {
    /// The superuser's URLs of a database that exists, one for each server.
    fn urls(&self) -> Vec<String>;
}

/// Waits for all; of those that fail, the first tells why, and what the others started ends.
fn all_at_once<T: Send>(starts: Vec<impl FnOnce() -> Result<T> + Send>) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let threads: Vec<_> = starts.into_iter().map(|start| scope.spawn(start)).collect();
        let ends = threads.into_iter().map(|thread| thread.join().expect("no start panics"));
        ends.collect()
    })
}
