//! A database and a replica of it, on two servers that are real; replay can be stopped, and the way there be cut.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use colmig_core::types::Database;

use crate::database::{TestDatabase, servers};
use crate::running::until;

/// The variable that names a PostgreSQL and its streaming replica, by URL, with a comma between.
pub const POSTGRES: &str = "COLMIG_TEST_REPLICA_POSTGRES";

/// The same of a MariaDB or MySQL.
pub const MYSQL: &str = "COLMIG_TEST_REPLICA_MYSQL";

/// A new database on a primary, as its replica shows it too.
#[derive(Debug)]
pub struct Pair {
    /// Where it is written.
    pub primary: TestDatabase,
    /// Where it is replayed.
    pub replica: TestDatabase,
}

impl Pair {
    /// One on each primary that has a replica.
    pub fn all() -> Result<Vec<Pair>> {
        let of = |variable: &str, make: fn(&str) -> Result<TestDatabase>| {
            servers(variable).chunks(2).map(|pair| Pair::on(pair, make)).collect::<Vec<_>>()
        };
        let mut all = of(POSTGRES, TestDatabase::postgres);
        all.extend(of(MYSQL, TestDatabase::mysql));
        all.into_iter().collect()
    }

    fn on(servers: &[String], make: fn(&str) -> Result<TestDatabase>) -> Result<Pair> {
        let [primary, replica] = servers else {
            anyhow::bail!("a primary and its replica are named with a comma between");
        };
        let primary = make(primary)?;
        let (_, name) = primary.url.rsplit_once('/').context("a URL ends in /database")?;
        let (server, _) = replica.rsplit_once('/').context("a URL ends in /database")?;
        let replica = TestDatabase::at(&format!("{server}/{name}"));
        let pair = Pair { primary, replica };
        until("the database is replayed", || Ok(pair.replica.tables().ok()))?;
        Ok(pair)
    }

    /// Another database of the same servers.
    pub fn another(&self) -> Result<Pair> {
        let servers = [self.primary.url.clone(), self.replica.url.clone()];
        Pair::on(
            &servers,
            match self.primary.which() {
                Database::Mysql => TestDatabase::mysql,
                _ => TestDatabase::postgres,
            },
        )
    }

    /// Replay stops, until what this returns is dropped.
    pub fn pause(&self) -> Result<Paused<'_>> {
        let paused = Paused { pair: self };
        if self.replica.is_postgres() {
            self.replica.execute("SELECT pg_wal_replay_pause()")?;
            until("replay has stopped", || {
                let state = self.replica.texts("SELECT pg_get_wal_replay_pause_state()")?;
                Ok((state == ["paused"]).then_some(()))
            })?;
        } else {
            self.replica.execute("STOP REPLICA SQL_THREAD")?;
        }
        Ok(paused)
    }

    /// Waits until the replica has this many rows.
    pub fn wait_for(&self, table: &str, rows: i64) -> Result<()> {
        until("the rows are replayed", || {
            Ok((self.replica.count(table).ok() == Some(rows)).then_some(()))
        })
    }

    /// Drops both.
    pub fn remove(self) -> Result<()> {
        self.primary.remove()
    }
}

/// Goes on with replay at its end.
#[derive(Debug)]
pub struct Paused<'p> {
    pair: &'p Pair,
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        let replica = &self.pair.replica;
        replica
            .execute(match replica.is_postgres() {
                true => "SELECT pg_wal_replay_resume()",
                false => "START REPLICA SQL_THREAD",
            })
            .expect("replay goes on");
    }
}

/// A way to a server that can be cut, and mended.
#[derive(Debug)]
pub struct Way {
    /// The server's URL, by this way.
    pub url: String,
    is_cut: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    /// A way to the server of this URL.
    pub fn to(url: &str) -> Result<Way> {
        let (scheme, rest) = url.split_once("://").context("a URL has a scheme")?;
        let (user, rest) = rest.split_once('@').context("a URL names a user")?;
        let (place, name) = rest.split_once('/').context("a URL names a database")?;
        let server = place.to_socket_addrs()?.next().context("the server has an address")?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("{scheme}://{user}@{}/{name}", listener.local_addr()?);
        let way = Way { url, is_cut: Arc::default(), streams: Arc::default() };
        let (is_cut, streams) = (way.is_cut.clone(), way.streams.clone());
        thread::spawn(move || {
            for client in listener.incoming().map_while(io::Result::ok) {
                if !is_cut.load(Ordering::SeqCst) {
                    // Who cannot be connected to is as one who is gone.
                    let _ = join(client, server, &streams);
                }
            }
        });
        Ok(way)
    }

    /// Nothing gets through any more.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        for stream in self.streams.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Everything gets through again.
    pub fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

fn join(client: TcpStream, server: SocketAddr, streams: &Mutex<Vec<TcpStream>>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for (from, to) in [(&client, &server), (&server, &client)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        streams.lock().unwrap_or_else(PoisonError::into_inner).push(from.try_clone()?);
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

/// The first column of the only row, as a number.
pub fn number(database: &TestDatabase, sql: &str) -> Result<i64> {
    let texts = database.texts(sql)?;
    ensure!(texts.len() == 1, "{sql}: {texts:?}");
    Ok(texts[0].parse()?)
}
