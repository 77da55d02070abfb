//! A primary key whose column another one takes the place of, on PostgreSQL: whichever key a statement gives, the row
//! has both; no number is given twice; and what would keep the last step from its end is said before the first.

use anyhow::{Context, Result, ensure};
use colmig::Table as _;
use colmig::migrator::{Event, Migrator, Report};
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::protocol::Act;
use colmig_core::schema::{Column, Constraint, DualWrite, Guard, Table};
use colmig_core::types::{ColumnType, Database};
use colmig_tests::database::TestDatabase;
use colmig_tests::project::{Command, Project, block_on, column, everywhere, run};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

fn on_every_server(scenario: fn(&TestDatabase) -> Result<()>) {
    let all = TestDatabase::all().expect("databases");
    for database in all.into_iter().filter(TestDatabase::is_postgres) {
        scenario(&database).unwrap_or_else(|error| panic!("on {}: {error:?}", database.url));
        database.remove().expect("it is not needed any more");
    }
}

fn of_type(word: &str, name: &str) -> Column {
    Column { ty: ColumnType::Known(word.into()), ..column(name) }
}

fn numbered(word: &str, name: &str) -> Column {
    Column { auto: true, ..of_type(word, name) }
}

/// A column in the place of another one, with its values.
fn instead_of(old: &str, new: Column) -> Column {
    Column {
        replaces: vec![old.into()],
        forward: everywhere(&format!("\"{old}\"")),
        reverse: everywhere(&format!("\"{}\"", new.name)),
        dual_write: DualWrite::Trigger,
        ..new
    }
}

fn table(name: &str, key: &[&str], columns: &[Column]) -> Table {
    Table {
        primary_key: key.iter().map(|name| (*name).to_owned()).collect(),
        columns: columns.to_vec(),
        ..Table::new(name)
    }
}

/// `users` with the key `id`, applied; and the release in which `id_big` takes its place.
fn widened(database: &TestDatabase) -> Result<Project> {
    let first = Project::on(&[Database::Postgres]);
    let narrow = table("users", &["id"], &[numbered("int4", "id"), column("email")]);
    let first = first.declaring(vec![narrow]);
    first.apply(database, &[])?;
    Ok(first.declaring(vec![wide()]))
}

fn wide() -> Table {
    let key = instead_of("id", numbered("int8", "id_big"));
    table("users", &["id_big"], &[key, column("email")])
}

/// `apply --to users.NAME:STEP`.
fn apply_to(project: &Project, database: &TestDatabase, name: &str, act: Act) -> Result<Report> {
    block_on(async {
        let mut migrator = Migrator::connect(&database.url, project.options(&[])).await?;
        let report = migrator.apply(Some(&format!("users.{name}:{act}"))).await?;
        ensure!(report.short.is_none(), "not as far as `{act}`: {:?}", report.short);
        Ok(report)
    })
}

fn both(database: &TestDatabase) -> Result<String> {
    Ok(database.texts("SELECT id || '/' || id_big FROM users ORDER BY id")?.join(" "))
}

/// What the message says, and that it is said before anything has changed.
fn refused(project: &Project, database: &TestDatabase, code: &str, says: &str) -> Result<()> {
    let before = database.definitions()?;
    let error = project.apply(database, &[]).err().context("it is in the way")?.to_string();
    ensure!(error.contains(code) && error.contains(says), "{error}");
    ensure!(database.definitions()? == before, "something has changed");
    Ok(())
}

#[test]
fn whichever_key_a_statement_gives_the_row_has_both() {
    on_every_server(|database| {
        let second = widened(database)?;
        database.execute("INSERT INTO users (email) VALUES ('a'), ('b')")?;
        apply_to(&second, database, "id_big", Act::Admit(3))?;
        let cases = [
            ("INSERT INTO users (email) VALUES ('c')", "1/1 2/2 3/3"),
            ("INSERT INTO users (id_big, email) VALUES (DEFAULT, 'd')", "1/1 2/2 3/3 4/4"),
            ("INSERT INTO users (id_big, email) VALUES (100, 'e')", "1/1 2/2 3/3 4/4 100/100"),
            ("DELETE FROM users WHERE id_big IN (1, 2, 4)", "3/3 100/100"),
            ("INSERT INTO users (id, email) VALUES (200, 'f')", "3/3 100/100 200/200"),
            ("UPDATE users SET id_big = 101 WHERE id = 100", "3/3 101/101 200/200"),
            ("UPDATE users SET id = 102 WHERE id_big = 101", "3/3 102/102 200/200"),
            (
                "INSERT INTO users (id_big, email) VALUES (102, 'g'), (103, 'h')
                 ON CONFLICT (id_big) DO UPDATE SET email = excluded.email",
                "3/3 102/102 103/103 200/200",
            ),
            (
                "INSERT INTO users (id, email) VALUES (103, 'i'), (104, 'j')
                 ON CONFLICT (id) DO UPDATE SET email = excluded.email",
                "3/3 102/102 103/103 104/104 200/200",
            ),
        ];
        for (sql, expected) in cases {
            database.execute(sql)?;
            ensure!(both(database)? == expected, "{sql}: {}", both(database)?);
        }
        let before = both(database)?;
        for sql in [
            "INSERT INTO users (id_big, email) VALUES (3000000000, 'x')",
            "UPDATE users SET id_big = 3000000000 WHERE id = 3",
        ] {
            let error = database.execute(sql).err().context("no older release reads it")?;
            ensure!(format!("{error:?}").contains("integer out of range"), "{error:?}");
        }
        let error = database.execute("INSERT INTO users (id_big, email) VALUES (3, 'x')");
        ensure!(error.is_err(), "a key is there once");
        ensure!(both(database)? == before, "{}", both(database)?);
        second.apply(database, &["users.id"])?;
        database.execute("INSERT INTO users (id_big, email) VALUES (3000000000, 'x')")?;
        Ok(())
    });
}

/// Numbers that were given and have no row any more, or never had one, are not given again; nor is one that a row has.
#[test]
fn numbering_goes_on_behind_every_number_that_was_given() {
    on_every_server(|database| {
        let numbering = |sql: &str, expected: &[&str]| -> Result<()> {
            let second = widened(database)?;
            database.execute(sql).context("the numbering")?;
            let report = second.apply(database, &["users.id"])?;
            ensure!(report.finished(), "{report:?}");
            database.execute("INSERT INTO users (email) VALUES ('new'), ('newer')")?;
            let sql = "SELECT id_big::text FROM users WHERE email LIKE 'new%' ORDER BY 1";
            let found = database.texts(sql)?;
            ensure!(found == expected, "{found:?}, not {expected:?}");
            let key =
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'users_pkey'";
            ensure!(database.texts(key)? == ["PRIMARY KEY (id_big)"]);
            let others = "SELECT relname::text FROM pg_class WHERE relkind IN ('i', 'S') AND relname LIKE 'users%' ORDER BY 1";
            ensure!(database.texts(others)? == ["users_id_big_seq", "users_pkey"]);
            database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        };
        let three = "INSERT INTO users (email) VALUES ('a'), ('b'), ('c')";
        numbering("SELECT 1", &["1", "2"])?;
        numbering(three, &["4", "5"])?;
        numbering("ALTER TABLE users ALTER id RESTART 1000", &["1000", "1001"])?;
        numbering(&format!("{three}; DELETE FROM users"), &["4", "5"])?;
        numbering(&format!("{three}; BEGIN; {three}; ROLLBACK"), &["7", "8"])?;
        numbering(&format!("{three}; INSERT INTO users VALUES (10, 'd')"), &["11", "12"])?;
        numbering("INSERT INTO users VALUES (-5, 'a')", &["1", "2"])?;
        numbering(
            &format!("ALTER SEQUENCE users_id_seq INCREMENT BY 2 RESTART 5 CACHE 1; {three}"),
            &["11", "13"],
        )?;
        numbering(
            &format!(
                "ALTER TABLE users ALTER id SET MAXVALUE 8; {three}; INSERT INTO users VALUES (9, 'd')"
            ),
            &["4", "5"],
        )?;
        numbering(
            "ALTER TABLE users ALTER id SET INCREMENT BY -1 SET MINVALUE -2147483648 SET MAXVALUE 100 RESTART 50;
             INSERT INTO users (email) VALUES ('a')",
            &["48", "49"],
        )?;
        // One that was made in the old way is an identity afterwards.
        numbering(
            &format!(
                "ALTER TABLE users ALTER id DROP IDENTITY; CREATE SEQUENCE mine OWNED BY users.id;
                 ALTER TABLE users ALTER id SET DEFAULT nextval('mine'); {three}"
            ),
            &["4", "5"],
        )
    });
}

/// A key that the application makes, one of another name only, and one of two columns.
#[test]
fn a_key_that_is_not_numbered_and_one_of_several_columns_are_replaced_too() {
    on_every_server(|database| {
        let project = Project::on(&[Database::Postgres]);
        let first = [
            table("users", &["handle"], &[column("handle"), column("email")]),
            table(
                "parts",
                &["tenant", "number"],
                &[of_type("int4", "tenant"), of_type("int2", "number"), column("what")],
            ),
        ];
        let first = project.declaring(first.to_vec());
        first.apply(database, &[])?;
        database.execute(
            "INSERT INTO users VALUES ('ann', 'a'), ('bob', 'b');
             INSERT INTO parts SELECT t, n, 'x' FROM generate_series(1, 3) t, generate_series(1, 500) n",
        )?;
        let second = first.declaring(vec![
            table("users", &["name"], &[instead_of("handle", column("name")), column("email")]),
            table(
                "parts",
                &["tenant", "place"],
                &[
                    of_type("int4", "tenant"),
                    instead_of("number", of_type("int8", "place")),
                    column("what"),
                ],
            ),
        ]);
        let report = second.apply(database, &[])?;
        ensure!(report.refusals.is_empty(), "{:?}", report.refusals);
        database.execute(
            "INSERT INTO users (name, email) VALUES ('eve', 'e'); INSERT INTO users (handle, email) VALUES ('jim', 'j');
             INSERT INTO parts (tenant, place, what) VALUES (4, 1, 'y'); INSERT INTO parts (tenant, number, what) VALUES (4, 2, 'y')",
        )?;
        ensure!(database.count("users WHERE handle = name")? == 4);
        ensure!(database.count("parts WHERE number = place")? == 1502);
        let report = second.apply_all(database)?;
        ensure!(report.finished(), "{report:?}");
        ensure!(database.columns("users")? == ["email!", "name!"]);
        ensure!(database.columns("parts")? == ["tenant!", "what!", "place!"]);
        let keys = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid IN ('users'::regclass, 'parts'::regclass) ORDER BY 1";
        ensure!(
            database.texts(keys)? == ["PRIMARY KEY (name)", "PRIMARY KEY (tenant, place)"],
            "{:?}",
            database.texts(keys)?
        );
        let again = database.execute("INSERT INTO parts VALUES (4, 'z', 2)");
        ensure!(again.is_err(), "a key is there once");
        Ok(())
    });
}

/// What the last step would fail on is named before the first.
#[test]
fn what_hangs_on_the_key_is_named_before_anything_is_changed() {
    on_every_server(|database| {
        let second = widened(database)?;
        let before = database.definitions()?;
        let cases = [
            (
                "CREATE TABLE posts (author int REFERENCES users)",
                "CM0713",
                "constraint posts_author_fkey on table posts",
                "DROP TABLE posts",
            ),
            (
                "ALTER TABLE users ADD boss int REFERENCES users (id)",
                "CM0713",
                "constraint users_boss_fkey on table users",
                "ALTER TABLE users DROP boss",
            ),
            (
                "ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey",
                "CM0713",
                "the replica identity, which is index users_pkey",
                "ALTER TABLE users REPLICA IDENTITY DEFAULT",
            ),
            (
                "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (id) DEFERRABLE",
                "CM0713",
                "the key is deferrable",
                "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (id)",
            ),
            (
                "ALTER TABLE users ALTER id DROP IDENTITY; ALTER TABLE users ALTER id SET DEFAULT 7",
                "CM0713",
                "its default, which is no numbering of its own",
                "ALTER TABLE users ALTER id DROP DEFAULT",
            ),
            (
                "SELECT 1",
                "CM0505",
                "nothing numbers `users.id` any more",
                "ALTER TABLE users ALTER id ADD GENERATED BY DEFAULT AS IDENTITY",
            ),
            (
                "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (email)",
                "CM0505",
                "the primary key of `users` is (email), and was recorded as (id)",
                "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (id)",
            ),
        ];
        for (there, code, says, gone) in cases {
            database.execute(there).context(there)?;
            refused(&second, database, code, says)?;
            database.execute(gone).context(gone)?;
        }
        ensure!(database.definitions()? == before, "{:?}", database.definitions()?);
        // A view can move to the new column, and so it is told, and stands in the way at the end.
        database.execute(
            "INSERT INTO users (email) VALUES ('a');
             CREATE VIEW emails AS SELECT id, email FROM users GROUP BY id",
        )?;
        let (sender, told) = std::sync::mpsc::channel();
        let watch = move |event| {
            if let Event::Dependants { dependants, .. } = event {
                sender.send(dependants).expect("somebody listens");
            }
        };
        let options = second.options(&[]);
        run(database, options, Command::Apply(None), watch)?;
        ensure!(told.try_iter().collect::<Vec<_>>() == [["view emails"]]);
        refused_drop(&second, database, "view emails")?;
        database
            .execute("DROP VIEW emails; CREATE TABLE posts (author int REFERENCES users (id))")?;
        refused_drop(&second, database, "constraint posts_author_fkey")?;
        // One to the new key is not in the way, and stays.
        database.execute(
            "DROP TABLE posts; CREATE TABLE posts (author int REFERENCES users (id_big))",
        )?;
        second.apply(database, &["users.id"])?;
        let error = database.execute("INSERT INTO posts VALUES (7)");
        ensure!(error.is_err(), "the foreign key is there");
        Ok(())
    });
}

fn refused_drop(project: &Project, database: &TestDatabase, says: &str) -> Result<()> {
    let before = database.definitions()?;
    let error = project.apply(database, &["users.id"]).err().context("it is in the way")?;
    let error = error.to_string();
    ensure!(error.contains("CM0713") && error.contains(says), "{error}");
    ensure!(database.definitions()? == before, "something has changed");
    Ok(())
}

/// Without its index the new column cannot become the key; the way back and forth makes it again.
#[test]
fn an_index_that_was_dropped_by_hand_is_made_again() {
    on_every_server(|database| {
        let second = widened(database)?;
        database.execute("INSERT INTO users (email) VALUES ('a')")?;
        apply_to(&second, database, "id_big", Act::Require(3))?;
        database.execute("DROP INDEX users_id_big_colmig_key")?;
        let error = second.apply(database, &["users.id"]).err().context("no index")?.to_string();
        let rollback = "rollback --to users.id_big:enforce";
        ensure!(error.contains("CM0505") && error.contains(rollback), "{error}");
        block_on(async {
            let mut migrator = Migrator::connect(&database.url, second.options(&[])).await?;
            migrator.rollback(None, Some("users.id_big:enforce")).await
        })?;
        let report = second.apply(database, &["users.id"])?;
        ensure!(report.finished(), "{report:?}");
        Ok(())
    });
}

/// References to the new key are made as soon as it is unique, in the same edit too.
#[test]
fn a_foreign_key_points_at_the_new_key_as_soon_as_it_is_unique() {
    on_every_server(|database| {
        let reference = |of: &str, state| Constraint {
            name: format!("{of}_author_fkey"),
            guard: Guard::References {
                column: "author".into(),
                table: "users".into(),
                target: "id_big".into(),
                on_delete: String::new(),
            },
            state,
            born: String::new(),
        };
        let child = |name: &str, state: Option<State>| Table {
            constraints: state.map(|state| reference(name, state)).into_iter().collect(),
            ..table(name, &["id"], &[numbered("int8", "id"), of_type("int8", "author")])
        };
        let narrow = table("users", &["id"], &[numbered("int4", "id"), column("email")]);
        let first =
            Project::on(&[Database::Postgres]).declaring(vec![child("answers", None), narrow]);
        first.apply(database, &[])?;
        database.execute(
            "INSERT INTO users (email) VALUES ('a'); INSERT INTO answers (author) VALUES (1)",
        )?;
        let second = first.declaring(vec![
            child("answers", Some(State::Adding)),
            child("posts", Some(State::Active)),
            wide(),
        ]);
        let report = second.apply(database, &[])?;
        ensure!(report.refusals.is_empty(), "{:?}", report.refusals);
        for child in ["answers", "posts"] {
            let error = database.execute(&format!("INSERT INTO {child} (author) VALUES (7)"));
            ensure!(error.is_err(), "{child} points at the new key");
            database.execute(&format!("INSERT INTO {child} (author) VALUES (1)"))?;
        }
        let report = second.apply(database, &["users.id"])?;
        ensure!(report.finished(), "{report:?}");
        Ok(())
    });
}

/// Values that were archived with the old key find their rows by the new one. The key itself needs no archive.
#[test]
fn what_was_archived_with_the_old_key_is_restored_by_the_new_one() {
    on_every_server(|database| {
        let narrow = || numbered("int4", "id");
        let bio = || Column { nullability: Nullability::Loose, ..column("bio") };
        let users = |columns: &[Column]| vec![table("users", &[&columns[0].name], columns)];
        let archived = |project: &Project| {
            let mut options = project.options(&[]);
            options.archive = true;
            options.allow_drop = project.consents();
            run(database, options, Command::Apply(None), |_| {})
        };
        let first = Project::on(&[Database::Postgres]).declaring(users(&[narrow(), bio()]));
        first.apply(database, &[])?;
        database
            .execute("INSERT INTO users (bio) SELECT 'bio' || i FROM generate_series(1, 50) i")?;
        let second = first.declaring(users(&[narrow()]));
        archived(&second)?;
        let wide = instead_of("id", numbered("int8", "id_big"));
        let third = second.declaring(users(std::slice::from_ref(&wide)));
        archived(&third)?;
        let archives = "SELECT relname::text FROM pg_class WHERE relname LIKE '\\_colmig\\_archive\\_%' AND relkind = 'r'";
        ensure!(database.texts(archives)? == ["_colmig_archive_0002_1"]);
        let fourth = third.declaring(users(&[wide, bio()]));
        fourth.apply(database, &[])?;
        let restored = block_on(async {
            let mut migrator = Migrator::connect(&database.url, fourth.options(&[])).await?;
            migrator.restore("users.bio", None, None).await
        })?;
        ensure!((restored.restored, restored.gone) == (50, 0), "{restored:?}");
        ensure!(database.count("users WHERE bio = 'bio' || id_big")? == 50);
        Ok(())
    });
}

/// The struct of the release before.
#[derive(Debug, PartialEq, sqlx::FromRow, colmig::Table)]
#[colmig(table = "users")]
struct Before {
    #[colmig(primary_key, auto)]
    id: i32,
    email: String,
}

/// The struct of the release that brings the new key, under the field's old name.
#[derive(Debug, PartialEq, sqlx::FromRow, colmig::Table)]
#[colmig(table = "users")]
struct After {
    #[colmig(primary_key, auto, column = "id_big", replaces(id), dual_write = "trigger")]
    id: i64,
    email: String,
}

/// The library's statements of both releases side by side, and of the new one behind the drop.
#[test]
fn the_statements_of_both_releases_meet_the_same_rows() {
    on_every_server(|database| {
        let second = widened(database)?;
        apply_to(&second, database, "id_big", Act::Require(3))?;
        let after = |id, email: &str| After { id, email: email.into() };
        block_on(async {
            let mut db = PgConnection::connect(&database.url).await?;
            let ada = Before { id: 0, email: "ada".into() };
            let ada = colmig::insert(&ada).fetch_one(&mut db).await?;
            let bob = colmig::insert(&after(0, "bob")).fetch_one(&mut db).await?;
            ensure!((ada.id, bob.id) == (1, 2), "{ada:?} {bob:?}");
            colmig::update(&after(1, "ada of the newer")).execute(&mut db).await?;
            colmig::update(&Before { id: 2, email: "bob of the older".into() })
                .execute(&mut db)
                .await?;
            colmig::upsert(&after(2, "bob of the newer")).execute(&mut db).await?;
            colmig::upsert(&after(9, "eve")).execute(&mut db).await?;
            colmig::upsert(&Before { id: 9, email: "eve of the older".into() })
                .execute(&mut db)
                .await?;
            let sql = AssertSqlSafe(format!("{} ORDER BY id", Before::SELECT));
            let old: Vec<Before> = sqlx::query_as(sql).fetch_all(&mut db).await?;
            let sql = format!("{} ORDER BY id_big", After::SELECT);
            let new: Vec<After> =
                sqlx::query_as(AssertSqlSafe(sql.as_str())).fetch_all(&mut db).await?;
            let expected =
                [(1, "ada of the newer"), (2, "bob of the newer"), (9, "eve of the older")];
            ensure!(new == expected.map(|(id, email)| after(id, email)), "{new:?}");
            ensure!(old.iter().map(|row| i64::from(row.id)).eq([1, 2, 9]), "{old:?}");
            // What the new release has prepared goes on behind the drop.
            let mut options = second.options(&["users.id"]);
            options.patience = std::time::Duration::from_secs(30);
            Migrator::connect(&database.url, options).await?.apply(None).await?;
            let jim = colmig::insert(&after(0, "jim")).fetch_one(&mut db).await?;
            ensure!(jim.id == 10, "{jim:?}");
            colmig::update(&after(10, "jim again")).execute(&mut db).await?;
            colmig::upsert(&after(3_000_000_000, "wide")).execute(&mut db).await?;
            let new: Vec<After> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut db).await?;
            ensure!(new.len() == 5 && new[4].id == 3_000_000_000, "{new:?}");
            anyhow::Ok(())
        })
    });
}
