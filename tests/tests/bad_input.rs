//! What can be wrong with the source, the files, the command line or the database: one clear error that
//! names the place and the remedy, the right exit code, and nothing is changed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use colmig_core::types::Database;
use colmig_tests::database::{TestDatabase, servers};
use colmig_tests::instance::connect;
use colmig_tests::ledger::State;
use colmig_tests::replica;
use colmig_tests::shop::{RELEASES, Shop, fill};

/// A checkout of release 2, and a database where release 1 runs.
struct Place {
    shop: Shop,
    database: TestDatabase,
    /// What `$DATABASE_URL` is; empty: not set.
    url: String,
}

type Make = fn(&mut Place) -> Result<()>;

/// One mistake.
struct Case {
    name: &'static str,
    /// How the place comes to it.
    make: Make,
    /// The command lines that meet it, each in the same way.
    commands: &'static [&'static str],
    code: i32,
    says: &'static [&'static str],
}

const fn case(
    name: &'static str,
    make: Make,
    commands: &'static [&'static str],
    code: i32,
    says: &'static [&'static str],
) -> Case {
    Case { name, make, commands, code, says }
}

const CASES: &[Case] = &[
    case(
        "a type that is not understood",
        |place| place.field("pub price: Money,"),
        &["generate", "generate --check", "generate --amend"],
        100,
        &["error[CM0102]", "`Money`", "--> src/lib.rs:", "type = "],
    ),
    case(
        "a state that is not understood",
        |place| place.field("#[colmig(addng)]\n    pub bio: String,"),
        &["generate", "generate --check"],
        100,
        &["error[CM0101]", "`addng`", "--> src/lib.rs:", "`adding`"],
    ),
    case(
        "a struct that contradicts its lock file: a column begins in the middle of its life",
        |place| place.field("pub bio: String,"),
        &["generate", "generate --check"],
        100,
        &["error[CM0201]", "absent to active", "--> src/lib.rs:", "adding, backfill"],
    ),
    case(
        "a struct that contradicts its lock file: a column changes its type",
        |place| place.shop.replace("src/lib.rs", "pub email: String", "pub email: i64"),
        &["generate", "generate --check"],
        100,
        &["error[CM0202]", "--> src/lib.rs:", "email"],
    ),
    case(
        "a key that another column takes the place of, where SQLite is among the databases",
        |place| {
            let key =
                "primary_key, auto, replaces(id), dual_write = \"trigger\")]\n    pub id_big: i64";
            place.shop.replace("src/lib.rs", "primary_key, auto)]\n    pub id: i64", key)
        },
        &["generate", "generate --check"],
        100,
        &["error[CM0109]", "64 bits there", "--> src/lib.rs:", "keep `id`"],
    ),
    case(
        "a key that is another column at once",
        |place| place.shop.replace("src/lib.rs", "pub id: i64", "pub id_big: i64"),
        &["generate", "generate --check"],
        100,
        &[
            "error[CM0204]",
            "was (id) and is now (id_big)",
            "`replaces(id), dual_write = \"trigger\"`",
        ],
    ),
    case(
        "a name that is longer than the database allows",
        |place| place.field(&format!("pub {}: Option<String>,", "x".repeat(64))),
        &["generate", "generate --check"],
        100,
        &["error[CM0107]", "64 bytes long; 63 is the limit", "--> src/lib.rs:", "shorter"],
    ),
    case(
        "a migration that was edited after it was applied",
        |place| place.edit_applied(),
        &["apply", "rollback 0002", "status", "generate", "plan"],
        104,
        &["error[CM0304]", "--> migrations/0001_create_users", "version control"],
    ),
    case(
        "a migration that was made anew after it was applied",
        |place| {
            place.command("apply --to users.handle:add")?;
            place.shop.replace("src/lib.rs", "lower(email)", "upper(email)")?;
            place.command("generate --amend")
        },
        &["apply"],
        104,
        &[
            "error[CM0304]",
            "`0002_drop_users_nickname_and_1_more` was edited",
            "--> migrations/0002_drop_users_nickname_and_1_more",
            "    - UPDATE \"users\" SET \"handle\" = lower(email)",
            "    + UPDATE \"users\" SET \"handle\" = upper(email)",
            "version control",
        ],
    ),
    case(
        "a ledger that is newer than the program",
        |place| place.database.execute("UPDATE _colmig_gate SET format = 99"),
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        96,
        &["error[CM0302]: the ledger has format 99", "use the colmig that made it, or a newer one"],
    ),
    case(
        "a change in the ledger that is newer than the program",
        |place| {
            place.database.execute(
                "UPDATE _colmig_change SET body = replace(body, 'create_table', 'split_table')",
            )
        },
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        96,
        &["error[CM0302]", "newer"],
    ),
    case(
        "a server that is not there",
        |place| {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            place.url = format!("postgres://app:hush@127.0.0.1:{port}/shop");
            Ok(())
        },
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        97,
        &["error[CM0501]: PostgreSQL: ", "refused", "check that the server runs"],
    ),
    case(
        "a wrong password",
        |place| {
            place.url = format!("postgres://app:hush@127.0.0.1:{}/shop", doorkeeper()?);
            Ok(())
        },
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        97,
        &["error[CM0501]", "password authentication failed", "check the user and the password"],
    ),
    case(
        "a file that is not there",
        |place| {
            place.url = format!("sqlite:{}", place.shop.path("nowhere.db").display());
            Ok(())
        },
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        97,
        &["error[CM0501]: SQLite `", "nowhere.db", "`?mode=rwc` behind it creates the file"],
    ),
    case(
        "an address that is none",
        |place| {
            place.url = "hush@host".into();
            Ok(())
        },
        &["apply", "rollback 0002", "status"],
        96,
        &["error[CM0402]", "`[env.dev]`", "`postgres://` or `sqlite:`"],
    ),
    case(
        "an address that is not set",
        |place| {
            place.url.clear();
            Ok(())
        },
        &["apply", "rollback 0002", "status"],
        96,
        &["error[CM0402]", "DATABASE_URL, which is not set", "--database-url"],
    ),
    case(
        "a database that the project does not run on",
        |place| {
            let other = if place.database.is_postgres() { "sqlite" } else { "postgres" };
            let all = "\"postgres\", \"sqlite\", \"mysql\"";
            place.shop.replace("colmig.toml", all, &format!("\"{other}\""))
        },
        &["apply", "rollback 0002", "status"],
        96,
        &["error[CM0402]", "`databases` has only", "--> colmig.toml", "has migrations for"],
    ),
    case(
        "an environment that does not exist",
        |_| Ok(()),
        &["apply --env prod", "rollback --env prod", "status --env prod"],
        2,
        &["error[CM0404]: colmig.toml has no environment `prod`", "dev, hasty, live"],
    ),
    case(
        "no colmig.toml",
        |place| Ok(fs_err::remove_file(place.shop.path("colmig.toml"))?),
        &["generate", "plan", "apply", "rollback", "status", "verify", "fleet"],
        3,
        &["error[CM0401]", "--> Cargo.toml", "cargo colmig init"],
    ),
    case(
        "a colmig.toml that is broken",
        |place| place.shop.replace("colmig.toml", "[env.dev]", "[env.dev"),
        &["generate", "plan", "apply", "rollback", "status", "verify", "fleet"],
        96,
        &["error[CM0402]: colmig.toml is not understood", "--> colmig.toml:4:"],
    ),
    case(
        "a colmig.toml with a key that does not exist",
        |place| place.shop.replace("colmig.toml", "soak = \"500ms\"", "soaked = \"500ms\""),
        &["generate", "plan", "apply", "rollback", "status", "verify", "fleet"],
        96,
        &["error[CM0402]", "unknown field `soaked`", "--> colmig.toml:10:1", "`soak`"],
    ),
    case(
        "no colmig.lock",
        |place| Ok(fs_err::remove_file(place.shop.path("colmig.lock"))?),
        &["apply", "rollback 0002", "status"],
        104,
        &[
            "error[CM0305]: 2 migrations are there, and no colmig.lock",
            "--> colmig.lock",
            "version control",
        ],
    ),
    case(
        "a step that does not exist",
        |_| Ok(()),
        &["apply --to users.handle:fill"],
        2,
        &["error[CM0404]: `users.handle:fill` is no step", "users.handle:backfill"],
    ),
    case(
        "a step that is done",
        |place| place.command("apply"),
        &["apply --to users.handle:backfill"],
        2,
        &["error[CM0404]: `users.handle:backfill` is no step", "users.nickname:drop"],
    ),
    case(
        "a step to go back to that is not done",
        |_| Ok(()),
        &["rollback --to users.handle:add", "rollback 0001 --to users.handle:add --dry-run"],
        2,
        &["error[CM0404]: `users.handle:add` is no step that is done"],
    ),
    case(
        "values that nobody archived",
        |_| Ok(()),
        &["restore users.nickname", "restore users.email --into nickname --change 0002.1"],
        107,
        &["error[CM0714]: no values of `users.", "nothing is archived", "apply --archive"],
    ),
    case(
        "an archive that is not there",
        |_| Ok(()),
        &["history purge 0002.1"],
        2,
        &["error[CM0404]: the change `0002.1` has no archive", "nothing is archived"],
    ),
    case(
        "a history that was altered",
        |place| place.database.execute("UPDATE _colmig_history SET note = 'x' WHERE seq = 1"),
        &["history"],
        108,
        &["error[CM0715]: line 1 of the history was altered", "compare with a backup"],
    ),
    case(
        "a view on a column that is to be dropped",
        |place| place.database.execute("CREATE VIEW names AS SELECT nickname FROM users"),
        &["apply --to users.nickname:begin", "apply --archive --to users.nickname:begin"],
        107,
        &[
            "error[CM0713]: `users.nickname` cannot be dropped while it is needed by view names",
            "--> 0002.1 drop users.nickname",
            "drops nothing that it did not make",
        ],
    ),
    case(
        "consent to a drop that nobody wants",
        |_| Ok(()),
        &[
            "apply --allow-drop users.email",
            "apply --allow-drop users.handle",
            "apply --allow-drop orders",
        ],
        2,
        &["error[CM0404]: no migration drops `", "what could be meant: users.nickname"],
    ),
    case(
        "a migration that the database does not know",
        |_| Ok(()),
        &["rollback 0007", "rollback 0007 --dry-run"],
        2,
        &["error[CM0404]: this database knows no migration `0007`", "0001_create_users"],
    ),
    case(
        "a database where nothing was applied",
        |place| place.fresh(),
        &[
            "rollback",
            "rollback 0001",
            "rollback --to users.handle:add",
            "restore users.nickname",
            "history",
            "history purge 0002.1",
            "status",
            "verify",
            "fleet",
        ],
        3,
        &["error[CM0502]: this database has no ledger", "run `cargo colmig apply`"],
    ),
    case(
        "a table of that name that colmig did not make",
        |place| {
            place.fresh()?;
            place
                .database
                .execute("CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL)")
        },
        &["apply"],
        108,
        &[
            "error[CM0505]: the table `users` exists already, and colmig did not make it",
            "--> 0001.1 create users",
            "rename or drop it",
        ],
    ),
    case(
        "a column of that name that colmig did not add",
        |place| place.database.execute("ALTER TABLE users ADD COLUMN handle text"),
        &["apply --to users.handle:add"],
        108,
        &[
            "error[CM0505]: the column `users.handle` exists already",
            "--> 0002.2 add users.handle",
            "choose another name",
        ],
    ),
    case(
        "a table that is gone",
        |place| place.database.execute("ALTER TABLE users RENAME TO people"),
        &["apply"],
        108,
        &["error[CM0505]: the table `users` is gone", "bring it back"],
    ),
    case(
        "a backfill of a table without a key",
        |place| {
            place.database.execute(match place.database.which() {
                Database::Postgres => "ALTER TABLE users DROP CONSTRAINT users_pkey",
                Database::Sqlite => {
                    "ALTER TABLE users RENAME TO old;
                     CREATE TABLE users AS SELECT * FROM old; DROP TABLE old"
                }
                Database::Mysql => "ALTER TABLE users MODIFY id bigint NOT NULL, DROP PRIMARY KEY",
            })
        },
        &["apply --to users.handle:add"],
        107,
        &[
            "error[CM0706]: `users` has no primary key in this database",
            "--> users",
            "give the table a primary key",
        ],
    ),
    case(
        "a database that was migrated from another branch",
        |place| place.other_branch(),
        &["apply"],
        104,
        &[
            "error[CM0710]: this database has begun `0002_other` where this checkout has `0002_drop_users_nickname_and_1_more`",
            "--> 0002_drop_users_nickname_and_1_more",
            "the branch that the database follows",
        ],
    ),
];

/// What only a server can meet.
const ON_SERVERS: &[Case] = &[
    case(
        "a database that is not on the server",
        |place| {
            place.url.push_str("_elsewhere");
            Ok(())
        },
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        97,
        &[
            "error[CM0501]: PostgreSQL: database \"",
            "does not exist",
            "create the database, or correct its name",
        ],
    ),
    case(
        "a role that may not log in",
        |place| place.role("NOLOGIN"),
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        97,
        &["error[CM0501]: PostgreSQL: role \"", "not permitted to log in", "check the user"],
    ),
    case(
        "a role that may not write",
        |place| place.role("LOGIN"),
        &["apply", "rollback 0002"],
        96,
        &["error[CM0510]: the database said: permission denied for table _colmig_gate", "grant it"],
    ),
    case(
        "a role that may not make tables",
        |place| {
            place.fresh()?;
            place.database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")?;
            place.role("LOGIN")
        },
        &["apply"],
        96,
        &["error[CM0510]: the database said: permission denied for schema public", "grant it"],
    ),
];

/// What only MySQL and MariaDB can meet.
const ON_MYSQL: &[Case] = &[
    case(
        "a database that is not on such a server",
        |place| {
            place.url.push_str("_elsewhere");
            Ok(())
        },
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        97,
        &["error[CM0501]: MySQL: Unknown database", "create the database, or correct its name"],
    ),
    case(
        "a user that nobody knows there",
        |place| {
            place.url = place.url.replace("root@", "nobody_of_that_name:hush@");
            Ok(())
        },
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        97,
        &["error[CM0501]: MySQL: Access denied for user", "check the user and the password"],
    ),
    case(
        "a user that lacks rights there",
        |place| place.user("SELECT, INSERT, DELETE, ALTER, REFERENCES", "PROCESS"),
        &["apply", "rollback 0002"],
        96,
        &[
            "error[CM0510]: the user colmig_test_",
            "lacks rights on `colmig_test_",
            ": UPDATE, CREATE, DROP, INDEX",
            "GRANT UPDATE, CREATE, DROP, INDEX ON `colmig_test_",
        ],
    ),
    case(
        "a user that does not see who is connected there",
        |place| place.user("ALL PRIVILEGES", "USAGE"),
        &["apply", "rollback 0002"],
        96,
        &["error[CM0510]: this user does not see the sessions", "GRANT PROCESS ON *.*"],
    ),
    case(
        "a table without transactions",
        |place| place.database.execute("ALTER TABLE users ENGINE = MyISAM"),
        &["apply", "rollback 0002"],
        96,
        &[
            "error[CM0512]: the table `users` is stored by MyISAM",
            "--> users",
            "change its ENGINE to InnoDB",
        ],
    ),
];

/// What only a file can meet.
const ON_FILES: &[Case] = &[
    case(
        "a file that can only be read",
        |place| {
            place.url.push_str("?mode=ro");
            Ok(())
        },
        &["apply", "rollback 0002"],
        96,
        &["error[CM0509]", "readonly database", "write permission"],
    ),
    case(
        "a file that can only be read, where nothing was applied",
        |place| {
            place.fresh()?;
            place.url.push_str("?mode=ro");
            Ok(())
        },
        &["apply"],
        96,
        &["error[CM0509]", "readonly database", "write permission"],
    ),
    case(
        "a file that is no database",
        |place| {
            place.url = format!("sqlite:{}", place.shop.path("src/lib.rs").display());
            Ok(())
        },
        &["apply", "rollback 0002", "status", "verify", "fleet"],
        97,
        &["error[CM0501]: SQLite `", "src/lib.rs", "check that the file is a SQLite database"],
    ),
];

/// Files, tables and ledger as they are.
type Snapshot = (Vec<(PathBuf, Vec<u8>)>, State, Vec<String>);

impl Place {
    /// From now on a role of its own is at work, which owns nothing and may read all.
    fn role(&mut self, login: &str) -> Result<()> {
        let name = self.url.rsplit_once('/').context("a URL ends in /database")?.1.to_owned();
        let role = format!("{name}_role");
        self.database.execute(&format!(
            "DROP ROLE IF EXISTS {role}; CREATE ROLE {role} {login} PASSWORD 'hush'; GRANT pg_read_all_data TO {role}"
        ))?;
        let (_, server) = self.url.split_once('@').context("a URL names a role")?;
        self.url = format!("postgres://{role}:hush@{server}");
        Ok(())
    }

    /// From now on a user of MySQL or MariaDB is at work, with rights on this database and on all.
    fn user(&mut self, here: &str, everywhere: &str) -> Result<()> {
        let name = self.url.rsplit_once('/').context("a URL ends in /database")?.1.to_owned();
        self.database.execute(&format!(
            "DROP USER IF EXISTS {name}; CREATE USER {name}; GRANT {here} ON {name}.* TO {name};
             GRANT {everywhere} ON *.* TO {name}"
        ))?;
        self.url = self.url.replace("root@", &format!("{name}@"));
        Ok(())
    }

    /// One more field.
    fn field(&self, field: &str) -> Result<()> {
        self.shop.edit(&format!("{}\n    {field}", RELEASES[1]))
    }

    /// A command that is no mistake.
    fn command(&self, words: &str) -> Result<()> {
        let ran = self.shop.command(words).on(&self.url).run()?;
        let code = if ran.code == Some(6) { 6 } else { 0 };
        ran.expect(code).map(|_| ())
    }

    fn edit_applied(&self) -> Result<()> {
        let file = "migrations/0001_create_users/sqlite/1_expand.1.users.create.up.sql";
        self.shop.replace(file, "\"nickname\"", "\"nick\"")
    }

    /// Another database, where nothing was done yet.
    fn fresh(&mut self) -> Result<()> {
        self.database = match self.database.which() {
            Database::Postgres => TestDatabase::postgres(&self.url)?,
            Database::Sqlite => TestDatabase::sqlite()?,
            Database::Mysql => TestDatabase::mysql(&self.url)?,
        };
        self.url = self.database.url.clone();
        Ok(())
    }

    /// Somebody generated another second migration, and applied it.
    fn other_branch(&self) -> Result<()> {
        let other = Shop::release(1)?;
        other.edit(&format!("{}\n    pub other: Option<String>,", RELEASES[0]))?;
        other.command("generate --name other").run()?.expect(0)?;
        other.command("apply").on(&self.url).run()?.expect(0).map(|_| ())
    }

    /// All that must not change: files, the table and its rows, and what the ledger has begun.
    fn snapshot(&self) -> Result<Snapshot> {
        let state = State { holder: String::new(), ..State::of(&self.database)? };
        let history = match state.tables.iter().any(|table| table == "_colmig_history") {
            true => self.database.texts("SELECT hash FROM _colmig_history ORDER BY seq")?,
            false => Vec::new(),
        };
        let files = self.shop.files()?.into_iter();
        let files = files.filter(|(path, _)| !path.ends_with("Cargo.lock"));
        Ok((files.collect(), state, history))
    }
}

/// A server that asks for a password, and finds it wrong. (Those of the tests ask for none.)
fn doorkeeper() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            // A client that leaves early has its answer.
            let _ = turn_away(&mut client);
        }
    });
    Ok(port)
}

fn turn_away(client: &mut TcpStream) -> std::io::Result<()> {
    const ENCRYPTION: [u8; 4] = 80_877_103_u32.to_be_bytes();
    // Encryption is asked for first, and denied; the next message says who comes.
    while message(client)? == ENCRYPTION {
        client.write_all(b"N")?;
    }
    client.write_all(b"R\0\0\0\x08\0\0\0\x03")?;
    client.read_exact(&mut [b'p'])?;
    message(client)?;
    let refusal = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"app\"\0\0";
    client.write_all(b"E")?;
    client.write_all(&(refusal.len() as u32 + 4).to_be_bytes())?;
    client.write_all(refusal)
}

/// What follows a length.
fn message(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_be_bytes(length).saturating_sub(4) as usize];
    client.read_exact(&mut body)?;
    Ok(body)
}

/// In every password, and in nothing else.
const CANARY: &str = "hush";

impl Case {
    fn meet(&self, place: &mut Place) -> Result<()> {
        (self.make)(place).context("the mistake can be made")?;
        let before = place.snapshot()?;
        for words in self.commands {
            let run = |more: &str| {
                let command = place.shop.command(&format!("{words} {more}"));
                if place.url.is_empty() { command } else { command.on(&place.url) }.run()
            };
            let human = run("-v")?.expect(self.code)?.says(self.says)?;
            let json = run("--message-format json")?.expect(self.code)?;
            for line in json.out.lines() {
                serde_json::from_str::<serde_json::Value>(line).context(line.to_owned())?;
            }
            ensure!(json.out.contains("\"error\""), "no error for programs: {json:?}");
            for ran in [human, json] {
                ensure!(!(ran.out + &ran.err).contains(CANARY), "`{}` tells a password", ran.line);
            }
            let after = place.snapshot()?;
            ensure!(after.1 == before.1, "`{words}` changes {:#?} to {:#?}", before.1, after.1);
            ensure!(after == before, "`{words}` changes files or the history");
        }
        Ok(())
    }
}

/// Meets every case on one database, several at once; what was otherwise than it should be.
fn meet(cases: &[Case], database: &TestDatabase) -> Vec<String> {
    let shop = Shop::release(2).expect("it generates");
    let first = Shop::release(1).expect("it generates");
    first.colmig("apply", database).run().expect("it runs").expect(0).expect("release 1");
    fill(database, 10).expect("users");
    let one = |case: &Case| -> Option<String> {
        let copy = database.copy().expect("a copy");
        let url = copy.url.clone();
        let mut place = Place { shop: shop.copy().expect("a copy"), database: copy, url };
        let met = case.meet(&mut place);
        place.database.remove().expect("it is not needed any more");
        met.err().map(|error| format!("{} on {}: {error:?}", case.name, database.kind()))
    };
    std::thread::scope(|scope| {
        let chunks = cases.chunks(cases.len().div_ceil(4).max(1));
        let threads = chunks
            .map(|chunk| scope.spawn(move || chunk.iter().filter_map(one).collect::<Vec<_>>()));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn each(cases: &[Case], among: impl Fn(&TestDatabase) -> bool) {
    let mut failures = Vec::new();
    for database in TestDatabase::sorts().expect("databases").into_iter().filter(among) {
        failures.extend(meet(cases, &database));
        database.remove().expect("it is not needed any more");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn each_mistake_gets_one_clear_error_and_changes_nothing() {
    each(CASES, |_| true);
}

#[test]
fn each_mistake_with_a_server_gets_one_too() {
    each(ON_SERVERS, TestDatabase::is_postgres);
}

#[test]
fn each_mistake_with_a_file_gets_one_too() {
    each(ON_FILES, |database| database.file().is_some());
}

#[test]
fn each_mistake_with_a_mysql_gets_one_too() {
    each(ON_MYSQL, |database| database.which() == Database::Mysql);
}

/// A server of its own is needed, whose settings no other test meets; its replica is one that only reads.
#[test]
fn a_server_that_is_set_up_otherwise_is_refused() {
    let shop = Shop::release(1).expect("it generates");
    for variable in [replica::POSTGRES, replica::MYSQL] {
        let urls = servers(variable);
        let [primary, replica] = urls.as_slice() else { continue };
        let refused = shop.command("apply").on(replica).run().expect("it runs");
        let says: &[&str] = &["error[CM0509]: this server", "only reads", "primary"];
        refused.expect(96).and_then(|ran| ran.says(says)).expect(variable);
        if variable == replica::POSTGRES {
            continue;
        }
        let database = TestDatabase::mysql(primary).expect("a database");
        database.execute("SET GLOBAL sql_mode = ''").expect("it may");
        let refused = shop.colmig("apply", &database).run();
        database
            .execute("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'")
            .expect("it may");
        let says: &[&str] =
            &["error[CM0512]: the server is not strict", "SET GLOBAL sql_mode", "reconnect"];
        refused.and_then(|ran| ran.expect(96)).and_then(|ran| ran.says(says)).expect("refused");
        assert_eq!(database.tables().expect("none"), Vec::<String>::new());
        shop.colmig("apply", &database).run().and_then(|ran| ran.expect(0)).expect("it is strict");
        database.remove().expect("it is not needed any more");
    }
}

/// Not bad at all: a name with quotes, blanks and SQL in it.
#[test]
fn a_name_that_needs_quotes_goes_all_the_way_and_back() {
    const NAME: &str = "order by \"x\"; DROP TABLE users; -- é";
    for database in TestDatabase::sorts().expect("databases") {
        let run = || -> Result<()> {
            let shop = Shop::release(1)?;
            shop.colmig("apply", &database).run()?.expect(0)?;
            fill(&database, 10)?;
            shop.edit(&format!(
                "{}\n    #[colmig(column = {NAME:?}, adding, backfill = \"email\")]\n    pub odd: WriteOnly<String>,",
                RELEASES[0]
            ))?;
            shop.generate()?;
            shop.colmig("plan --sql", &database).run()?.expect(0)?;
            shop.colmig("apply", &database).run()?.expect(0)?;
            ensure!(database.columns("users")?.contains(&format!("{NAME}!")));
            shop.colmig("status", &database).run()?.expect(0)?.says(&[NAME])?;
            shop.colmig("rollback 0002", &database).run()?.expect(0)?;
            ensure!(database.columns("users")? == ["id!", "email!", "nickname!"]);
            Ok(())
        };
        run().unwrap_or_else(|error| panic!("on {}: {error:?}", database.kind()));
    }
}

/// Addresses where nobody answers.
const BEYOND: [&str; 3] = [
    "postgres://app:hush@127.0.0.1:1/shop",
    "postgres://app:1/hush@[::1/shop?password=hush",
    "mysql://app:hush@host/shop",
];

/// A library's error may end in a log, by `Display` or by `Debug`.
#[test]
fn no_error_of_the_library_tells_a_password() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for url in BEYOND {
        let error = runtime.block_on(connect(1, url)).map(|_| ()).expect_err("nobody is there");
        let told = format!("{error} {error:?}");
        assert!(!told.contains(CANARY), "{}", told.replace(CANARY, "***"));
    }
}

/// Where the database takes the password, and where it never hears of it: no command tells it.
#[test]
fn no_command_tells_a_password() {
    const COMMANDS: &[&str] = &[
        "init",
        "generate",
        "generate --check",
        "plan --sql",
        "apply",
        "status",
        "verify",
        "fleet",
        "fleet evict nobody",
        "rollback 0002 --dry-run",
        "rollback 0002",
        "rollback --to nowhere",
        "restore users.nickname",
        "history",
        "history purge",
        "apply --to nowhere",
        "apply --allow-drop nothing",
        "nonsense",
    ];
    let shop = Shop::release(2).expect("it generates");
    let mut urls = BEYOND.map(str::to_owned).to_vec();
    let databases = TestDatabase::sorts().expect("databases");
    for database in databases.iter().filter(|database| database.is_postgres()) {
        shop.colmig("apply", database).run().expect("it runs").expect(0).expect("applied");
        urls.push(database.url.replace("postgres@", "postgres:hush@"));
    }
    let tells = |url: &str, words: &str, more: &str| {
        let words = format!("{words} {more}");
        let given = shop.command(&words).arg("--database-url").arg(url);
        for command in [given, shop.command(&words).on(url)] {
            let ran = command.run().expect("it runs");
            let told = (ran.out + &ran.err).contains(CANARY);
            assert!(!told, "`{}` tells a password", ran.line);
        }
    };
    for words in COMMANDS {
        for url in &urls {
            tells(url, words, "-vv");
            tells(url, words, "--env live --message-format json");
        }
    }
}
