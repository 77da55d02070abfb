//! What hangs on a column that is to be dropped: told, or refused, before anything is changed. The list of
//! objects differs by database, since the databases do; what colmig does with them does not.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use colmig::migrator::Event;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::schema::{Column, Constraint, Guard, Index, IndexKey, Table};
use colmig_core::types::{ColumnType, Database, PerDatabase};
use colmig_tests::database::TestDatabase;
use colmig_tests::ledger::State as Stand;
use colmig_tests::project::{Project, column, everywhere, in_state};

/// An object on `users.nickname`.
struct Object {
    /// How it is made.
    sql: &'static str,
    /// What is said of it.
    what: &'static str,
}

const fn object(sql: &'static str, what: &'static str) -> Object {
    Object { sql, what }
}

/// What PostgreSQL drops with the column.
const GOES: &[Object] = &[
    object("CREATE INDEX of_nick ON users (nickname)", "index of_nick"),
    object("CREATE INDEX few ON users (email) WHERE nickname <> ''", "index few"),
    object("CREATE INDEX low ON users (lower(nickname))", "index low"),
    object(
        "ALTER TABLE users ADD CONSTRAINT both_unique UNIQUE (email, nickname)",
        "constraint both_unique on table users",
    ),
    object(
        "ALTER TABLE users ADD CONSTRAINT differ CHECK (email <> nickname)",
        "constraint differ on table users",
    ),
    object(
        "CREATE STATISTICS together ON email, nickname FROM users",
        "statistics object together",
    ),
];

/// What keeps PostgreSQL from dropping it.
const BLOCKS: &[Object] = &[
    object("CREATE VIEW names AS SELECT nickname FROM users", "view names"),
    object(
        "CREATE VIEW names AS SELECT * FROM users; CREATE VIEW more AS SELECT * FROM names",
        "view names",
    ),
    object("CREATE MATERIALIZED VIEW kept AS SELECT nickname FROM users", "materialized view kept"),
    object(
        "CREATE RULE quiet AS ON UPDATE TO users WHERE NEW.nickname = 'x' DO ALSO NOTHING",
        "rule quiet on table users",
    ),
    object("CREATE POLICY own ON users USING (nickname = 'x')", "policy own on table users"),
    object(
        "ALTER TABLE users ADD COLUMN loud text GENERATED ALWAYS AS (upper(nickname)) STORED",
        "generated column loud",
    ),
    object(
        "CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER renamed BEFORE UPDATE OF nickname ON users FOR EACH ROW EXECUTE FUNCTION noop()",
        "trigger renamed on table users",
    ),
    object(
        "CREATE FUNCTION any_nick() RETURNS text LANGUAGE sql
             BEGIN ATOMIC SELECT nickname FROM users LIMIT 1; END",
        "function any_nick()",
    ),
    object(
        "CREATE UNIQUE INDEX one_nick ON users (nickname);
         CREATE TABLE friends (nick text CONSTRAINT of_user REFERENCES users (nickname))",
        "constraint of_user on table friends",
    ),
];

/// What keeps SQLite from dropping it, or from working afterwards. Everything does.
const BLOCKS_SQLITE: &[Object] = &[
    object("CREATE INDEX of_nick ON users (nickname)", "index of_nick"),
    object("CREATE INDEX few ON users (email) WHERE nickname <> ''", "index few"),
    object(
        "CREATE UNIQUE INDEX \"in ), after drop\" ON users (email, nickname)",
        "index in ), after drop",
    ),
    object("CREATE VIEW names AS SELECT nickname FROM users", "view names"),
    object(
        "CREATE VIEW names AS SELECT nickname FROM users; CREATE VIEW more AS SELECT * FROM names;
         CREATE INDEX of_nick ON users (nickname)",
        "index of_nick; view names",
    ),
    object(
        "CREATE TRIGGER quiet AFTER UPDATE ON users WHEN NEW.nickname = '' BEGIN SELECT 1; END",
        "trigger quiet",
    ),
    object(
        "CREATE TABLE log (line TEXT);
         CREATE TRIGGER reset AFTER DELETE ON log BEGIN UPDATE users SET nickname = OLD.line; END",
        "trigger on log",
    ),
    object(
        "CREATE TABLE friends (nick TEXT REFERENCES users (nickname))",
        "foreign key of table friends",
    ),
];

/// What keeps MySQL and MariaDB from dropping it, or others from working afterwards. A unique index would go on without
/// the column, and refuse rows that it took before.
const BLOCKS_MYSQL: &[Object] = &[
    object("CREATE VIEW names AS SELECT nickname FROM users", "view names"),
    object(
        "ALTER TABLE users ADD CONSTRAINT differ CHECK (email <> nickname)",
        "constraint differ on table users",
    ),
    object(
        "ALTER TABLE users ADD COLUMN loud text GENERATED ALWAYS AS (upper(nickname)) VIRTUAL",
        "generated column loud",
    ),
    object(
        "CREATE TRIGGER quiet BEFORE UPDATE ON users FOR EACH ROW SET NEW.nickname = 'x'",
        "trigger quiet on table users",
    ),
    object(
        "CREATE TABLE log (line text);
         CREATE TRIGGER reset AFTER DELETE ON log FOR EACH ROW UPDATE users SET nickname = OLD.line",
        "trigger reset on table log",
    ),
    object(
        "CREATE UNIQUE INDEX pair ON users (id, nickname(9))",
        "index pair",
    ),
];

/// And what goes with it.
const GOES_MYSQL: &[Object] = &[
    object("CREATE INDEX of_nick ON users (nickname(9))", "index of_nick"),
    object("CREATE INDEX pair ON users (id, nickname(9))", "index pair"),
    object(
        "CREATE FUNCTION any_nick() RETURNS text READS SQL DATA RETURN (SELECT nickname FROM users LIMIT 1)",
        "the text of function any_nick",
    ),
];

fn first() -> Project {
    let nickname = Column { nullability: Nullability::Loose, ..column("nickname") };
    Project::new().edited(&[column("email"), nickname])
}

/// Release 1, with a user.
fn begun(database: &TestDatabase, first: &Project) -> Result<()> {
    first.apply(database, &[])?;
    database.execute("INSERT INTO users (email, nickname) VALUES ('ada@x', 'ada')")
}

/// All that must not change.
fn snapshot(database: &TestDatabase) -> Result<(Stand, Vec<String>)> {
    Ok((Stand::of(database)?, database.texts("SELECT hash FROM _colmig_history ORDER BY seq")?))
}

#[test]
fn what_would_make_a_drop_fail_is_refused_before_anything_is_changed() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let first = first();
        begun(&database, &first)?;
        let second = first.edited(&[column("email")]);
        // The migration is recorded, and not begun.
        let blocks = match database.which() {
            Database::Postgres => BLOCKS,
            Database::Sqlite => BLOCKS_SQLITE,
            Database::Mysql => BLOCKS_MYSQL,
        };
        for Object { sql, what } in blocks {
            let copy = database.copy()?;
            copy.execute(sql)?;
            let before = snapshot(&copy)?;
            let error = second.apply(&copy, &["users.nickname"]).err().context(*sql)?.to_string();
            ensure!(error.contains("CM0713") && error.contains(&format!("by {what} [")), "{error}");
            ensure!(snapshot(&copy)? == before, "{sql} was followed by a change");
            copy.remove()?;
        }
        database.remove()?;
    }
    Ok(())
}

#[test]
fn what_has_to_move_to_a_replacement_is_told_when_it_begins_and_refuses_the_drop() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let first = first();
        begun(&database, &first)?;
        database.execute("CREATE VIEW names AS SELECT nickname FROM users")?;
        let loose = |column: Column| Column { nullability: Nullability::Loose, ..column };
        let alias = loose(Column {
            replaces: vec!["nickname".into()],
            forward: everywhere("nickname"),
            ..column("alias")
        });
        let (old, new) = (loose(column("nickname")), alias.clone());
        let releases = [
            vec![column("email"), old.clone(), in_state(State::Adding, new.clone())],
            vec![column("email"), in_state(State::Deprecated, old), new],
            vec![column("email"), Column { replaces: Vec::new(), ..alias }],
        ];
        let told = Arc::new(Mutex::new(Vec::new()));
        let mut project = first;
        for columns in &releases {
            project = project.edited(columns);
            let tells = told.clone();
            project.watched(&database, &[], move |event| {
                if let Event::Dependants { dependants, replaced: true, .. } = event {
                    tells.lock().expect("nobody panicked").extend(dependants);
                }
            })?;
        }
        let told = told.lock().expect("nobody panicked").clone();
        ensure!(told.contains(&"view names".to_owned()), "{told:?}");
        let error = project.apply(&database, &["users.nickname"]).err().context("refused")?;
        let error = error.to_string();
        ensure!(error.contains("`users.nickname` cannot be dropped while"), "{error}");
        database.execute("DROP VIEW names")?;
        ensure!(project.apply(&database, &["users.nickname"])?.finished());
        database.remove()?;
    }
    Ok(())
}

/// It came to be while the drop waited for consent.
#[test]
fn what_comes_later_is_refused_before_the_drop() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let first = first();
        begun(&database, &first)?;
        let second = first.edited(&[column("email")]);
        second.apply(&database, &[])?;
        database.execute("CREATE VIEW names AS SELECT nickname FROM users")?;
        let before = snapshot(&database)?;
        let error = second.apply(&database, &["users.nickname"]).err().context("refused")?;
        ensure!(error.to_string().contains("view names"), "{error}");
        ensure!(snapshot(&database)? == before);
        database.execute("DROP VIEW names")?;
        ensure!(second.apply(&database, &["users.nickname"])?.finished());
        database.remove()?;
    }
    Ok(())
}

#[test]
fn what_goes_with_a_column_is_told_before_anything_is_changed() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let goes = match database.which() {
            Database::Postgres => GOES,
            Database::Sqlite => continue, // Nothing does.
            Database::Mysql => GOES_MYSQL,
        };
        let first = first();
        begun(&database, &first)?;
        for Object { sql, .. } in goes {
            database.execute(sql)?;
        }
        let second = first.edited(&[column("email")]);
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = told.clone();
        let report = second.watched(&database, &["users.nickname"], move |event| {
            events.lock().expect("nobody panicked").push(event);
        })?;
        ensure!(report.finished());
        let told = told.lock().expect("nobody panicked");
        let Some(Event::Dependants { subject, dependants, .. }) = told.first() else {
            anyhow::bail!("{told:?}")
        };
        let mut expected: Vec<_> = goes.iter().map(|object| object.what).collect();
        expected.sort_unstable();
        ensure!(subject == "users.nickname" && *dependants == expected, "{dependants:?}");
        ensure!(!database.definition("users")?.iter().any(|line| line.contains("nick")));
        database.remove()?;
    }
    Ok(())
}

/// What a migration made, a migration can take away before the drop: it is in the way of the drop only.
#[test]
fn what_is_declared_is_no_reason_not_to_begin() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let id = Column { ty: ColumnType::Known("int8".into()), auto: true, ..column("id") };
        let nickname = Column { nullability: Nullability::Loose, ..column("nickname") };
        let index = Index {
            name: "of_nick".into(),
            keys: vec![IndexKey::Up("nickname".into())],
            predicate: PerDatabase::Nowhere,
        };
        let check = Constraint {
            name: "long".into(),
            guard: Guard::Check { expression: everywhere("length(email || nickname) > 1") },
            state: State::Active,
            born: String::new(),
        };
        let table = |columns: Vec<Column>| Table {
            primary_key: vec!["id".into()],
            columns,
            indexes: vec![index.clone()],
            constraints: vec![check.clone()],
            ..Table::new("users")
        };
        let columns = [id, column("email"), nickname.clone()];
        let first = Project::new().declaring(vec![table(columns.to_vec())]);
        begun(&database, &first)?;
        let going = [columns[0].clone(), column("email"), in_state(State::Deprecated, nickname)];
        let second = first.declaring(vec![table(going.to_vec())]);
        ensure!(second.migrations.len() == 2);
        second.apply(&database, &[])?;
        database.remove()?;
    }
    Ok(())
}
