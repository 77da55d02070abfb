//! What is found before anything is changed: each question of the pre-flight, on every database where it can be
//! answered with no. Nothing is changed then, and once the rows or the expression are mended the same `apply` goes
//! through.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use colmig::migrator::Migrator;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::preflight::{Question, questions, questions_of_constraint};
use colmig_core::problem::{Exit, PREFLIGHT};
use colmig_core::schema::{Column, Constraint, DualWrite, Guard};
use colmig_core::types::{ColumnType, Database, PerDatabase};
use colmig_tests::database::{MYSQL_MODE, TestDatabase};
use colmig_tests::ledger::State as Ledger;
use colmig_tests::project::{Project, column, everywhere, in_state};
use sqlx::{AssertSqlSafe, Connection};

/// Which databases can answer a question with no.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    All,
    Postgres,
    Sqlite,
    Mysql,
}

impl On {
    fn has(self, database: &TestDatabase) -> bool {
        match self {
            On::All => true,
            On::Postgres => database.is_postgres(),
            On::Sqlite => database.which() == Database::Sqlite,
            On::Mysql => database.which() == Database::Mysql,
        }
    }
}

/// One way to be wrong.
struct Case {
    name: &'static str,
    on: On,
    /// `users` of release 1 beside its key.
    before: Vec<Column>,
    /// What is wrong in the rows, or what makes the expression fail on them.
    rows: &'static str,
    /// `users` of release 2.
    after: Vec<Column>,
    /// What the error says.
    says: &'static [&'static str],
    /// How it is mended.
    mend: Mend,
}

enum Mend {
    Rows(&'static str),
    Declaration(Vec<Column>),
}

const USERS: &str =
    "INSERT INTO users (id, email, name) VALUES (1, 'ada', '1'), (2, 'bob', 'x2'), (3, 'eve', '3'),
    (4, 'joe', 'x4'), (5, 'kim', '500')";

fn before() -> Vec<Column> {
    vec![column("email"), column("name")]
}

fn with(last: &[Column]) -> Vec<Column> {
    before().into_iter().chain(last.iter().cloned()).collect()
}

/// `handle` is added.
fn handle(backfill: &str) -> Column {
    Column { backfill: everywhere(backfill), ..in_state(State::Adding, column("handle")) }
}

/// `new` takes the place of `name`.
fn new(forward: &str, reverse: &str) -> Column {
    let reverse = if reverse.is_empty() { PerDatabase::Nowhere } else { everywhere(reverse) };
    Column {
        replaces: vec!["name".into()],
        forward: everywhere(forward),
        reverse,
        ..in_state(State::Adding, column("new"))
    }
}

/// The same in one deploy: a trigger writes the other column.
fn by_trigger(reverse: &str) -> Vec<Column> {
    let state = State::Active;
    vec![column("email"), Column { state, dual_write: DualWrite::Trigger, ..new("name", reverse) }]
}

fn int8(column: Column) -> Column {
    Column { ty: ColumnType::Known("int8".into()), ..column }
}

/// A type that a person wrote, on servers.
fn typed(sql_type: &str, column: Column) -> Column {
    let each = [
        (Database::Postgres, sql_type.to_owned()),
        (Database::Sqlite, "TEXT".to_owned()),
        (Database::Mysql, sql_type.to_owned()),
    ];
    Column { ty: ColumnType::Sql(PerDatabase::Each(each.into())), ..column }
}

fn loose(column: Column) -> Column {
    Column { nullability: Nullability::Loose, ..column }
}

fn upholds(backfill: &str, reverse: &str) -> Column {
    let text = |text: &str| if text.is_empty() { PerDatabase::Nowhere } else { everywhere(text) };
    Column {
        nullability: Nullability::Upholds,
        backfill: text(backfill),
        reverse: text(reverse),
        ..column("name")
    }
}

fn leaving(reverse: &str) -> Vec<Column> {
    let name =
        Column { reverse: everywhere(reverse), ..in_state(State::Deprecated, column("name")) };
    vec![column("email"), name]
}

fn case(name: &'static str, after: Vec<Column>, says: &'static [&'static str], mend: Mend) -> Case {
    Case { name, on: On::All, before: before(), rows: USERS, after, says, mend }
}

fn cases() -> Vec<Case> {
    use Mend::{Declaration, Rows};
    let optional = || vec![column("email"), loose(column("name"))];
    const HOLES: &str = "INSERT INTO users (id, email, name) VALUES (1, 'ada', NULL), (2, '', NULL), (3, '', 'eve')";
    vec![
        case(
            "a backfill that the database cannot parse",
            with(&[handle("lower(email")]),
            &["the database does not take `lower(email`, the `backfill` of `users.handle`", "mend `backfill`"],
            Declaration(with(&[handle("lower(email)")])),
        ),
        case(
            "a backfill that ends in a comment",
            with(&[handle("lower(email) -- as ever")]),
            &["the database does not take `lower(email) -- as ever`"],
            Declaration(with(&[handle("lower(email)")])),
        ),
        case(
            "a backfill from a column that is not there",
            with(&[handle("lower(users.mail)")]),
            &["does not take `lower(users.mail)`", "mail", "mend `backfill` at `users.handle`"],
            Declaration(with(&[handle("lower(users.email)")])),
        ),
        case(
            "a backfill by a function that is not there",
            with(&[handle("slug(email)")]),
            &["does not take `slug(email)`", "slug"],
            Declaration(with(&[handle("lower(email)")])),
        ),
        case(
            "a backfill that is about many rows",
            with(&[handle("max(email)")]),
            &["does not take `max(email)`", "mend `backfill`"],
            Declaration(with(&[handle("lower(email)")])),
        ),
        case(
            "a backfill that yields NULL",
            with(&[handle("nullif(nullif(email, 'bob'), 'kim')")]),
            &["yields NULL for 2 rows of `users`, and `users.handle` is required", "first keys: 2, 5"],
            Rows("UPDATE users SET email = id || '@x' WHERE id IN (2, 5)"),
        ),
        Case {
            rows: "INSERT INTO users (email, name) SELECT 'x', 'x' FROM
                (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) SELECT i FROM n) m",
            ..case(
                "more rows than are named",
                with(&[handle("nullif(email, 'x')")]),
                &["yields NULL for 700 rows of `users`", "first keys: 1, 2, 3, 4, 5\n"],
                Rows("UPDATE users SET email = 'y'"),
            )
        },
        case(
            "a backfill that fails on a row",
            with(&[int8(Column {
                backfill: each("CAST(name AS bigint)", "json_extract(name, '$')", "name"),
                ..handle("")
            })]),
            &["cannot be computed for 2 rows of `users`", "first keys: 2, 4", "mend `backfill` at `users.handle`"],
            Rows("UPDATE users SET name = substr(name, 2) WHERE id IN (2, 4)"),
        ),
        case(
            "a backfill that fails on one row and yields NULL for another",
            with(&[int8(Column {
                backfill: each("CAST(nullif(name, '3') AS bigint)", "json_extract(nullif(name, '3'), '$')", "nullif(name, '3')"),
                ..handle("")
            })]),
            &["2 things stand in the way", "yields NULL for 1 row", "keys: 3\n", "cannot be computed for 2 rows", "keys: 2, 4\n"],
            Rows("UPDATE users SET name = id + 10"),
        ),
        Case {
            on: On::Postgres,
            ..case(
                "a backfill of another type",
                with(&[int8(handle("email"))]),
                &["does not take `email`", "column \"handle\" is of type bigint but expression is of type text"],
                Declaration(with(&[int8(handle("length(email)"))])),
            )
        },
        Case {
            on: On::Postgres,
            ..case(
                "a value that is too long for its column",
                with(&[typed("varchar(2)", handle("name"))]),
                &["`name`, the `backfill` of `users.handle`, cannot be computed for 1 row of `users`: value too long for type character varying(2)", "first keys: 5"],
                Rows("UPDATE users SET name = '50' WHERE id = 5"),
            )
        },
        Case {
            on: On::Postgres,
            ..case(
                "a value that is too large for its column",
                with(&[Column { ty: ColumnType::Known("int2".into()), ..handle("id * 10000") }]),
                &["cannot be computed for 2 rows of `users`: smallint out of range", "first keys: 4, 5"],
                Rows("DELETE FROM users WHERE id > 3"),
            )
        },
        Case {
            on: On::Mysql,
            ..case(
                "a value that is too long for its column there",
                with(&[typed("varchar(2)", handle("name"))]),
                &["`name`, the `backfill` of `users.handle`, cannot be computed for 1 row of `users`: Data too long for column 'handle'", "first keys: 5"],
                Rows("UPDATE users SET name = '50' WHERE id = 5"),
            )
        },
        Case {
            on: On::Mysql,
            ..case(
                "a value that is too large for its column there",
                with(&[Column { ty: ColumnType::Known("int2".into()), ..handle("id * 10000") }]),
                &["cannot be computed for 2 rows of `users`: Out of range value for column 'handle'", "first keys: 4, 5"],
                Rows("DELETE FROM users WHERE id > 3"),
            )
        },
        Case {
            on: On::Mysql,
            ..case(
                "what a number is read from there, and is none",
                with(&[int8(handle("name"))]),
                &["`name`, the `backfill` of `users.handle`, cannot be computed for 2 rows of `users`: ", "first keys: 2, 4"],
                Rows("UPDATE users SET name = substr(name, 2) WHERE id IN (2, 4)"),
            )
        },
        Case {
            on: On::Postgres,
            rows: "INSERT INTO users (id, email, name) VALUES (1, 'ada', '1'), (2, 'bob', '');
                CREATE DOMAIN word AS text CHECK (value <> '')",
            ..case(
                "a value that a domain refuses",
                with(&[typed("word", handle("name"))]),
                &["cannot be computed for 1 row of `users`: value for domain word violates check constraint", "first keys: 2"],
                Rows("UPDATE users SET name = 'b' WHERE id = 2"),
            )
        },
        Case {
            on: On::Postgres,
            rows: "INSERT INTO users (id, email, name) VALUES (1, 'ada', '1'); CREATE DOMAIN word AS text NOT NULL",
            ..case(
                "a domain that is never NULL",
                with(&[typed("word", handle("name"))]),
                &["a column of the type `word` cannot begin without a value: domain word does not allow null values", "a `type` that may be NULL"],
                Declaration(with(&[handle("name")])),
            )
        },
        Case {
            on: On::Postgres,
            ..case(
                "a type whose values cannot be compared",
                with(&[typed("json", new("to_json(name)", ""))]),
                &["the database does not take `json`, the `type` of `users.new`", "operator", "`jsonb` in place of `json`"],
                Declaration(with(&[typed("jsonb", new("to_jsonb(name)", ""))])),
            )
        },
        Case {
            on: On::Postgres,
            ..case(
                "a type that is not there",
                with(&[typed("moood", handle("name"))]),
                &["moood", "does not exist"],
                Declaration(with(&[handle("name")])),
            )
        },
        Case {
            on: On::Sqlite,
            ..case(
                "what a number is read from, and is none",
                with(&[int8(handle("name"))]),
                &["`name`, the `backfill` of `users.handle`, yields what is no integer for 2 rows of `users`", "first keys: 2, 4"],
                Rows("UPDATE users SET name = substr(name, 2) WHERE id IN (2, 4)"),
            )
        },
        Case {
            before: optional(),
            rows: HOLES,
            ..case(
                "a tightening that mends by NULL",
                vec![column("email"), upholds("nullif(email, '')", "")],
                &["`nullif(email, '')` yields NULL for 1 row of `users`, and `users.name` is required", "first keys: 2"],
                Rows("UPDATE users SET email = 'x' WHERE id = 2"),
            )
        },
        Case {
            before: optional(),
            rows: HOLES,
            ..case(
                "a tightening that mends nothing",
                vec![column("email"), upholds("", "")],
                &["2 rows of `users` have no value in `users.name`, which is to be required, and there is no `backfill`", "first keys: 1, 2", "say at `users.name` what they get"],
                Rows("UPDATE users SET name = 'x' WHERE name IS NULL"),
            )
        },
        case(
            "a replacement that yields NULL",
            with(&[new("nullif(name, '3')", "")]),
            &["`nullif(name, '3')` yields NULL for 1 row of `users`, and `users.new` is required", "first keys: 3", "`forward"],
            Rows("UPDATE users SET name = '4' WHERE id = 3"),
        ),
        case(
            "a replacement of a type that some rows do not convert to",
            with(&[int8(Column {
                forward: each("CAST(name AS bigint)", "json_extract(name, '$')", "name"),
                reverse: each("CAST(new AS text)", "CAST(new AS text)", "CAST(new AS char)"),
                ..new("", "")
            })]),
            &["the `forward` of `users.new`, cannot be computed for 2 rows of `users`", "first keys: 2, 4"],
            Rows("UPDATE users SET name = id + 10"),
        ),
        Case {
            on: On::Postgres,
            ..case(
                "a reverse that a trigger cannot compute",
                by_trigger("upper(new) || nothing"),
                &["the `reverse` of `users.name`", "column \"nothing\" does not exist", "mend `reverse`"],
                Declaration(by_trigger("new")),
            )
        },
        Case {
            on: On::Postgres,
            ..case(
                "a reverse by which a trigger has no value",
                by_trigger("nullif(new, 'x2')"),
                &["the `reverse` of `users.name`, yields NULL for 1 row of `users`, and the trigger has to give each a value", "first keys: 2"],
                Declaration(by_trigger("new")),
            )
        },
        case(
            "a reverse that does not restore",
            with(&[new("substr(name, 1, 2)", "new")]),
            &["`new`, the `reverse` of `users.name`, does not bring the value of 1 row of `users` back: an undo would lose it", "first keys: 5", "or delete it: then an undo ends before `relax`"],
            Rows("UPDATE users SET name = '50' WHERE id = 5"),
        ),
        case(
            "a reverse that does not restore, deleted",
            with(&[new("substr(name, 1, 2)", "new")]),
            &["does not bring the value of 1 row of `users` back"],
            Declaration(with(&[new("substr(name, 1, 2)", "")])),
        ),
        case(
            "a reverse that names no column",
            with(&[new("upper(users.name)", "lower(users.now)")]),
            &["does not take `lower(users.now)`, the `reverse` of `users.name`", "mend `reverse` at `users.name`"],
            Declaration(with(&[new("upper(users.name)", "lower(users.new)")])),
        ),
        case(
            "a drop whose reverse yields NULL",
            leaving("nullif(email, 'ada')"),
            &["`nullif(email, 'ada')`, the `reverse` of `users.name`, yields NULL for 1 row of `users`, and undo has to give each a value", "first keys: 1"],
            Rows("UPDATE users SET email = 'ida' WHERE id = 1"),
        ),
        case(
            "a drop whose reverse cannot be parsed",
            leaving("coalesce(email"),
            &["does not take `coalesce(email`, the `reverse` of `users.name`"],
            Declaration(leaving("coalesce(email, name)")),
        ),
        case(
            "a relaxation whose reverse yields NULL",
            vec![column("email"), upholds("", "nullif(email, 'ada')")],
            &["the `reverse` of `users.name`, yields NULL for 1 row of `users`"],
            Rows("UPDATE users SET email = 'ida' WHERE id = 1"),
        ),
        case(
            "two changes, of which one is bad",
            with(&[handle("nullif(email, 'bob')"), Column { name: "alias".into(), ..handle("email") }]),
            &["yields NULL for 1 row of `users`, and `users.handle` is required", "first keys: 2"],
            Rows("UPDATE users SET email = 'rob' WHERE id = 2"),
        ),
        case(
            "two changes, and both are bad",
            with(&[Column { name: "alias".into(), ..handle("slug(email)") }, handle("nullif(email, 'bob')")]),
            &["2 things stand in the way of this migration", "slug", "the `backfill` of `users.alias`", "and `users.handle` is required\n", "the first keys: 2\n"],
            Declaration(with(&[Column { name: "alias".into(), ..handle("email") }, handle("email")])),
        ),
    ]
}

/// One text for each database.
fn each(postgres: &str, sqlite: &str, mysql: &str) -> PerDatabase {
    let texts = [
        (Database::Postgres, postgres.into()),
        (Database::Sqlite, sqlite.into()),
        (Database::Mysql, mysql.into()),
    ];
    PerDatabase::Each(texts.into())
}

/// All that must not change.
fn snapshot(database: &TestDatabase) -> Result<(Ledger, Vec<String>)> {
    let ledger = Ledger { holder: String::new(), ..Ledger::of(database)? };
    Ok((ledger, database.texts("SELECT hash FROM _colmig_history ORDER BY seq")?))
}

impl Case {
    fn meet(&self, database: &TestDatabase) -> Result<()> {
        let first = Project::on(&[database.which()]).edited(&self.before);
        first.apply(database, &[])?;
        database.execute(self.rows)?;
        let before = snapshot(database)?;
        let second = first.edited(&self.after);
        for _ in 0..2 {
            let Err(error) = second.apply(database, &[]) else { anyhow::bail!("it was applied") };
            let colmig::Error::Problem(problem) = error else { anyhow::bail!("{error}") };
            let said = problem.to_string();
            for text in self.says {
                ensure!(format!("{said}\n").contains(text), "it does not say `{text}`: {said}");
            }
            ensure!(problem.code == PREFLIGHT && problem.code.exit == Exit::Verification, "{said}");
            ensure!(snapshot(database)? == before, "it changes something: {said}");
        }
        let mended = match &self.mend {
            Mend::Rows(sql) => {
                database.execute(sql)?;
                second
            }
            Mend::Declaration(columns) => first.edited(columns),
        };
        let report = mended.apply(database, &[]).context("it is mended")?;
        ensure!(report.moved > 0 && report.refusals.is_empty());
        ensure!(report.changes.iter().all(|change| change.progress.started()));
        Ok(())
    }
}

#[test]
fn each_question_is_asked_before_anything_is_changed() {
    let next = AtomicU32::new(0);
    let cases = cases();
    let work = || {
        let mut wrong = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst) as usize) {
            let all = TestDatabase::sorts().expect("databases");
            for database in all.into_iter().filter(|database| case.on.has(database)) {
                if let Err(error) = case.meet(&database) {
                    wrong.push(format!("{} on {}: {error:?}", case.name, database.kind()));
                }
                database.remove().expect("it is not needed any more");
            }
        }
        wrong
    };
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is nothing to object to: the first release, its rows, the second one.
fn good() -> Vec<(&'static str, Vec<Column>, &'static str, Vec<Column>)> {
    let named = |name: &str, column: Column| Column { name: name.into(), ..column };
    let odd = || vec![column("email"), column("_value"), column("r \"x\""), column("users")];
    vec![
        ("no rows", before(), "DELETE FROM users", with(&[handle("nullif(email, email)")])),
        (
            "a value that another change of the same migration gives first",
            before(),
            USERS,
            with(&[handle("lower(email)"), named("slug", handle("handle || '-'"))]),
        ),
        (
            "an undo by what comes in the same migration",
            before(),
            USERS,
            [leaving("handle"), vec![handle("lower(email)")]].concat(),
        ),
        (
            "a tightening of rows that all have a value",
            vec![column("email"), loose(column("name"))],
            USERS,
            vec![column("email"), upholds("", "")],
        ),
        (
            "an optional column in the place of an optional one",
            vec![column("email"), loose(column("name"))],
            "INSERT INTO users (email, name) VALUES ('ada', NULL), ('bob', 'x')",
            vec![column("email"), loose(column("name")), loose(new("upper(name)", "lower(new)"))],
        ),
        (
            "values that just fit",
            before(),
            USERS,
            with(&[typed("varchar(3)", handle("name")), int8(named("size", handle("length(name)")))]),
        ),
        (
            "an untyped text in a column of a type that a person wrote",
            before(),
            "DELETE FROM users WHERE id = 0",
            with(&[typed("varchar(3)", handle("'new'"))]),
        ),
        (
            "names that need quoting, and names that a function might use",
            odd(),
            "INSERT INTO users (email, _value, \"r \"\"x\"\"\", users) VALUES ('a', 'b', 'c', 'd')",
            [odd(), vec![typed("varchar(9)", handle("users.email || _value || \"r \"\"x\"\"\" || \"users\""))]].concat(),
        ),
        (
            "another table in a subquery",
            before(),
            "INSERT INTO users (id, email, name) VALUES (1, 'ada', 'x'); CREATE TABLE other (id bigint, word text);
             INSERT INTO other VALUES (1, 'one')",
            with(&[handle("(SELECT word FROM other WHERE other.id = users.id)")]),
        ),
        (
            "a value that is never the same",
            before(),
            USERS,
            with(&[Column {
                backfill: each(
                    "CAST(random() AS text)",
                    "CAST(random() AS text)",
                    "CAST(rand() AS char)",
                ),
                ..handle("")
            }]),
        ),
    ]
}

#[test]
fn what_is_well_passes() {
    for (name, before, rows, after) in good() {
        for database in TestDatabase::sorts().expect("databases") {
            let run = || -> Result<()> {
                let first = Project::on(&[database.which()]).edited(&before);
                first.apply(&database, &[])?;
                database.execute(rows)?;
                let report = first.edited(&after).apply(&database, &[])?;
                ensure!(report.moved > 0 && report.refusals.is_empty());
                Ok(())
            };
            run().unwrap_or_else(|error| panic!("{name} on {}: {error:?}", database.kind()));
            database.remove().expect("it is not needed any more");
        }
    }
}

fn constraint(name: &str, guard: Guard) -> Constraint {
    Constraint { name: name.into(), guard, state: State::Active, born: String::new() }
}

fn unique(columns: &[&str]) -> Constraint {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    constraint("users_key", Guard::Unique { columns })
}

fn check(expression: &str) -> Constraint {
    constraint("users_check", Guard::Check { expression: everywhere(expression) })
}

fn references(column: &str, table: &str) -> Constraint {
    let (column, table, target) = (column.into(), table.into(), "id".into());
    constraint("users_fk", Guard::References { column, table, target, on_delete: String::new() })
}

/// Of constraints that are added to a table that exists: what the rows say, and how they are mended.
#[test]
fn rows_that_break_a_constraint_are_counted_and_named() {
    const ROWS: &str = "CREATE TABLE orgs (id bigint PRIMARY KEY); INSERT INTO orgs VALUES (1), (2);
        CREATE TABLE users (id bigint PRIMARY KEY, email text, age bigint, org bigint, boss bigint);
        INSERT INTO users VALUES (1, 'ada', 3, 1, NULL), (2, 'bob', 3, 2, 1), (3, 'ada', -1, 7, 9), (4, NULL, NULL, NULL, 2),
            (5, NULL, -2, 8, 1), (6, 'ada', -3, 1, 8), (7, 'bob', 3, 2, 3)";
    type Row = (Constraint, &'static [&'static str], &'static str);
    let cases: Vec<Row> = vec![
        (
            unique(&["email", "age"]),
            &[
                "2 rows of `users` share `email`, `age` with another",
                "keys: 2 (\"bob\", 3), 7 (\"bob\", 3)",
            ],
            "UPDATE users SET age = 4 WHERE id = 7",
        ),
        (
            unique(&["email"]),
            &[
                "5 rows of `users` share `email` with another, and `users.users_key` is to be unique",
                "keys: 1 (\"ada\"), 3 (\"ada\"), 6 (\"ada\"), 2 (\"bob\"), 7 (\"bob\")",
                "mend those rows",
            ],
            "UPDATE users SET email = email || id",
        ),
        (
            check("age > 0"),
            &[
                "3 rows of `users` do not pass `age > 0`, the check `users.users_check`",
                "keys: 3, 5, 6",
            ],
            "UPDATE users SET age = 1 WHERE age < 0",
        ),
        (
            check("users.aeg > 0"),
            &["the database does not take `users.aeg > 0`, the `check` of `users.users_check`"],
            "",
        ),
        (
            references("org", "orgs"),
            &["2 rows of `users` have in `org` what is nowhere in `orgs.id`", "keys: 3 (7), 5 (8)"],
            "UPDATE users SET org = NULL WHERE org > 2",
        ),
        (
            references("boss", "users"),
            &[
                "2 rows of `users` have in `boss` what is nowhere in `users.id`",
                "keys: 6 (8), 3 (9)",
            ],
            "UPDATE users SET boss = 1 WHERE boss > 7",
        ),
        (
            references("org", "companies"),
            &["does not take `companies.id`, the `references` of `users.users_fk`", "companies"],
            "",
        ),
    ];
    for database in TestDatabase::sorts().expect("databases") {
        database.execute(ROWS).expect("two tables");
        for (constraint, says, mend) in &cases {
            let asked = questions_of_constraint("users", constraint, database.which());
            let said = ask(&database, &asked).expect("it can be asked");
            for text in *says {
                assert!(said.contains(text), "no `{text}` on {}: {said}", database.kind());
            }
            if !mend.is_empty() {
                database.execute(mend).expect(mend);
                assert_eq!(ask(&database, &asked).expect("it can be asked"), "", "{mend}");
            }
        }
        // Without a key the rows have no names; the values have.
        let copy = "CREATE TABLE copy AS SELECT * FROM users; INSERT INTO copy SELECT * FROM users WHERE id = 1";
        database.execute(copy).expect("a table without a key");
        let asked = questions_of_constraint("copy", &unique(&["email"]), database.which());
        let said = ask(&database, &asked).expect("it can be asked");
        assert!(said.contains("2 rows of `copy`") && said.contains("(\"ada1\")"), "{said}");
        let asked = questions_of_constraint("copy", &check("id > 1"), database.which());
        let said = ask(&database, &asked).expect("it can be asked");
        assert!(said.contains("2 rows of `copy`") && !said.contains("keys"), "{said}");
        database.remove().expect("it is not needed any more");
    }
}

/// What the rows have to say against these questions; nothing where all is well.
fn ask(database: &TestDatabase, questions: &[Question]) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut migrator = Migrator::connect(&database.url, Project::new().options(&[])).await?;
        let problems = migrator.ask(questions).await?;
        Ok(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// The questions before `handle` gets this value.
fn before_filling(database: &TestDatabase, backfill: &str) -> Result<Vec<Question>> {
    let first = Project::new().edited(&before());
    first.apply(database, &[])?;
    let second = first.edited(&with(&[int8(handle(backfill))]));
    Ok(questions(&second.migrations[1].manifest.changes[0], database.which()))
}

/// A role that may read and nothing more is told what the database says, and that nobody can count.
#[test]
fn a_role_without_temporary_functions_is_told_what_is_known() {
    let servers =
        TestDatabase::sorts().expect("databases").into_iter().filter(TestDatabase::is_postgres);
    for database in servers {
        let asked = before_filling(&database, "CAST(name AS bigint)").expect("release 1");
        let name = database.url.rsplit_once('/').expect("a URL ends in /database").1;
        let role = format!("{name}_reader");
        database
            .execute(&format!(
                "{USERS}; REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC; DROP ROLE IF EXISTS {role};
                 CREATE ROLE {role} LOGIN; GRANT SELECT ON users TO {role}"
            ))
            .expect("a role");
        let said = ask(&database.as_role(&role), &asked).expect("it may read");
        let knows = "cannot be computed for some rows, nobody knows how many, of `users`: invalid input syntax";
        assert!(said.contains(knows) && !said.contains("first keys"), "{said}");
        assert!(ask(&database, &asked).expect("an owner").contains("2 rows of `users`"));
        database
            .execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
            .expect("it owns nothing");
        database.remove().expect("it is not needed any more");
    }
}

/// While 100,000 rows are read, others write: on PostgreSQL the reader holds ACCESS SHARE at most, on SQLite each write
/// has the writer at once, and on MySQL no row is locked.
#[test]
fn writers_go_on_while_rows_are_asked() {
    for database in TestDatabase::sorts().expect("databases") {
        let slow = match database.which() {
            Database::Mysql => {
                "id + (SELECT count(*) FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3) n)"
            }
            _ => {
                "id + (WITH RECURSIVE n(i) AS (SELECT id * 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT max(i) FROM n)"
            }
        };
        let asked = before_filling(&database, slow).expect("release 1");
        database
            .execute(
                "INSERT INTO users (email, name) SELECT 'x', 'x' FROM
                 (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n) m",
            )
            .expect("rows");
        let done = AtomicBool::new(false);
        let writes = std::thread::scope(|scope| {
            let writer = scope.spawn(|| write_until(&database, &done));
            let said = ask(&database, &asked).expect("it can be asked");
            done.store(true, Ordering::SeqCst);
            assert_eq!(said, "");
            writer.join().expect("no panic").expect("no write fails")
        });
        assert!(writes > 20, "only {writes} writes on {}", database.kind());
        database.remove().expect("it is not needed any more");
    }
}

/// Writes until somebody is done; no write waits for a lock. How many there were.
fn write_until(database: &TestDatabase, done: &AtomicBool) -> Result<u32> {
    const WRITE: &str =
        "UPDATE users SET email = CASE WHEN email = 'x' THEN 'y' ELSE 'x' END WHERE id = 77777";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut writes = 0;
    runtime.block_on(async {
        if database.is_postgres() {
            const LOCKS: &str =
                "SELECT DISTINCT mode FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                WHERE a.application_name LIKE 'colmig-apply%' AND a.datname = current_database()
                  AND l.relation = 'users'::regclass";
            let mut writer = sqlx::PgConnection::connect(&database.url).await?;
            sqlx::raw_sql("SET lock_timeout = '100ms'").execute(&mut writer).await?;
            while !done.load(Ordering::SeqCst) {
                let locks: Vec<String> = sqlx::query_scalar(LOCKS).fetch_all(&mut writer).await?;
                ensure!(locks.iter().all(|mode| mode == "AccessShareLock"), "it holds {locks:?}");
                sqlx::raw_sql(AssertSqlSafe(WRITE)).execute(&mut writer).await?;
                writes += 1;
            }
        } else if database.which() == Database::Mysql {
            let mut writer = sqlx::MySqlConnection::connect(&database.url).await?;
            let waits = format!("{MYSQL_MODE}; SET SESSION innodb_lock_wait_timeout = 1");
            sqlx::raw_sql(AssertSqlSafe(waits)).execute(&mut writer).await?;
            while !done.load(Ordering::SeqCst) {
                sqlx::raw_sql(AssertSqlSafe(WRITE)).execute(&mut writer).await?;
                writes += 1;
            }
        } else {
            let mut writer = sqlx::SqliteConnection::connect(&database.url).await?;
            sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(&mut writer).await?;
            while !done.load(Ordering::SeqCst) {
                sqlx::raw_sql(AssertSqlSafe(WRITE)).execute(&mut writer).await?;
                writes += 1;
            }
        }
        Ok(writes)
    })
}
