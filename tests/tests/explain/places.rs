//! Examples that take a server, or somebody else at work: the pages name these tests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colmig::migrator::Migrator;
use colmig_tests::database::TestDatabase;
use colmig_tests::project::{Project, column};
use colmig_tests::shop::Shop;
use sqlx::{Connection, PgConnection};

/// Runs it on every PostgreSQL.
fn on_every_server(test: impl Fn(&TestDatabase) -> Result<()>) {
    for database in TestDatabase::sorts().expect("databases") {
        if database.is_postgres() {
            test(&database).unwrap_or_else(|error| panic!("{error:?}"));
            database.remove().expect("it is not needed any more");
        }
    }
}

#[test]
fn a_server_of_an_unknown_version() {
    let url = impostor("13.4", 0).expect("a server");
    let shop = Shop::release(1).expect("it generates");
    let ran = shop.command("status").on(&url).run().expect("it runs");
    ran.expect(96)
        .and_then(|ran| ran.says(&["error[CM0503]: this server is PostgreSQL 13.4", "14 to 18"]))
        .expect("refused");
    on_every_server(|database| {
        shop.colmig("apply", database).run()?.expect(0)?;
        shop.colmig("status", database).run()?.expect(0).map(|_| ())
    });
}

#[test]
fn a_pooler_in_transaction_mode() {
    let url = impostor("17.2", 1).expect("a server");
    let shop = Shop::release(1).expect("it generates");
    let ran = shop.command("apply").on(&url).run().expect("it runs");
    ran.expect(96)
        .and_then(|ran| ran.says(&["error[CM0506]: two statements of one connection"]))
        .expect("refused");
    on_every_server(|database| shop.colmig("apply", database).run()?.expect(0).map(|_| ()));
}

#[test]
fn a_role_without_rights() {
    on_every_server(|database| {
        let shop = Shop::release(1)?;
        shop.colmig("apply", database).run()?.expect(0)?;
        let (_, name) = database.url.rsplit_once('/').context("a URL ends in /database")?;
        let role = format!("{name}_app");
        database.execute(&format!("CREATE ROLE {role} LOGIN; GRANT pg_read_all_data TO {role}"))?;
        let shop = Shop::release(2)?;
        let denied = shop.colmig("apply", &database.as_role(&role)).run()?.expect(96)?;
        denied.says(&[
            "error[CM0510]: the database said: permission denied for table _colmig_gate",
        ])?;
        shop.colmig("apply", database).run()?.expect(0)?;
        database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
    });
}

/// The command line is more patient than a test, so the library asks.
#[test]
fn a_table_that_stays_locked() {
    on_every_server(|database| {
        let first = Project::new().edited(&[column("email")]);
        first.apply(database, &[])?;
        let second = first.edited(&[column("email"), optional("bio")]);
        tokio::runtime::Runtime::new()?.block_on(async {
            let mut report = PgConnection::connect(&database.url).await?;
            sqlx::raw_sql("BEGIN; SELECT count(*) FROM users").execute(&mut report).await?;
            let mut options = second.options(&[]);
            options.lock_patience = Duration::from_millis(500);
            let mut migrator = Migrator::connect(&database.url, options).await?;
            let refused =
                migrator.apply(None).await.map(|_| ()).expect_err("it is locked").to_string();
            ensure!(
                refused.contains("`users` was locked for ") && refused.contains("[CM0704]"),
                "{refused}"
            );
            sqlx::raw_sql("COMMIT").execute(&mut report).await?;
            Ok(report.close().await?)
        })?;
        second.apply(database, &[])?;
        ensure!(database.columns("users")?.contains(&"bio?".to_owned()));
        Ok(())
    });
}

fn optional(name: &str) -> colmig_core::schema::Column {
    colmig_core::schema::Column {
        nullability: colmig_core::lifecycle::Nullability::Loose,
        ..column(name)
    }
}

/// Something that says it is PostgreSQL. Each process id that it tells is `steps` more than the one before;
/// it knows no more than what a program asks that has just connected.
fn impostor(version: &'static str, steps: i64) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            // Who is refused leaves, and that ends it.
            let _left = pretend(&mut client, version, steps);
        }
    });
    Ok(format!("postgres://app@127.0.0.1:{port}/shop?sslmode=disable"))
}

fn pretend(client: &mut TcpStream, version: &str, steps: i64) -> std::io::Result<()> {
    const TEXT: i32 = 25;
    const INT8: i32 = 20;
    read(client)?;
    send(client, b'R', &0_i32.to_be_bytes())?;
    send(client, b'Z', b"I")?;
    let (mut asks_version, mut pid) = (true, 100_i64);
    loop {
        let mut kind = [0];
        client.read_exact(&mut kind)?;
        let message = read(client)?;
        match kind[0] {
            b'P' => {
                asks_version = message.windows(14).any(|word| word == b"server_version");
                send(client, b'1', b"")?;
            }
            b'D' => {
                let oid = if asks_version { TEXT } else { INT8 };
                send(client, b't', &0_i16.to_be_bytes())?;
                let mut row =
                    [&1_i16.to_be_bytes()[..], b"it\0", &[0; 6], &oid.to_be_bytes()].concat();
                row.extend([0; 6]);
                row.extend(1_i16.to_be_bytes());
                send(client, b'T', &row)?;
            }
            b'B' => send(client, b'2', b"")?,
            b'E' => {
                pid += steps;
                let value = if asks_version {
                    version.as_bytes().to_vec()
                } else {
                    pid.to_be_bytes().to_vec()
                };
                let length = i32::try_from(value.len()).expect("it is short").to_be_bytes();
                send(client, b'D', &[&1_i16.to_be_bytes()[..], &length, &value].concat())?;
                send(client, b'C', b"SELECT 1\0")?;
            }
            b'C' => send(client, b'3', b"")?,
            b'S' => send(client, b'Z', b"I")?,
            _ => return Ok(()),
        }
    }
}

fn send(client: &mut TcpStream, kind: u8, body: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(body.len() + 4).expect("it is short");
    client.write_all(&[&[kind], &length.to_be_bytes()[..], body].concat())
}

/// What follows a length.
fn read(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_be_bytes(length).saturating_sub(4) as usize];
    client.read_exact(&mut body)?;
    Ok(body)
}
