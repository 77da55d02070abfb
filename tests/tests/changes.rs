//! Every kind of change, forwards and back, on every database: one list of scenarios.

use colmig::migrator::Wait;
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::protocol::Act;
use colmig_core::schema::Column;
use colmig_core::types::{ColumnType, Database, PerDatabase};
use colmig_tests::database::TestDatabase;
use colmig_tests::project::{Project, column, everywhere, in_state};

/// The catalog as the database tells it, definitions and dependants included.
fn catalog(database: &TestDatabase) -> Vec<String> {
    let sql = if database.is_postgres() {
        "SELECT format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid))
         FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped
         UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'users'::regclass AND contype <> 'n'
         UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'users'::regclass ORDER BY 1"
    } else {
        "SELECT sql FROM sqlite_schema WHERE name NOT LIKE '\\_colmig%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name"
    };
    database.texts(sql).expect("the catalog can be read")
}

fn rows(database: &TestDatabase) -> Vec<String> {
    database
        .texts("SELECT CAST(id AS text) || email || coalesce(nickname, '-') FROM users ORDER BY id")
        .expect("rows")
}

struct Scenario {
    name: &'static str,
    /// The edits after the first release, in order.
    releases: Vec<Vec<Column>>,
    /// The columns of the table at the end, `!` for NOT NULL.
    end: &'static [&'static str],
}

fn scenarios() -> Vec<Scenario> {
    let email = column("email");
    let required = column("nickname");
    let handle = Column { backfill: everywhere("lower(email)"), ..column("handle") };
    let bio = Column { nullability: Nullability::Loose, ..column("bio") };
    let score = Column {
        ty: ColumnType::Known("int4".into()),
        default: everywhere("7"),
        ..column("score")
    };
    let weird =
        Column { backfill: everywhere("'x'"), ..column("a \"quoted\" nâme; DROP TABLE users") };
    vec![
        Scenario {
            name: "add a required column",
            releases: vec![
                vec![email.clone(), required.clone(), in_state(State::Adding, handle.clone())],
                vec![
                    email.clone(),
                    required.clone(),
                    Column { backfill: PerDatabase::Nowhere, ..handle.clone() },
                ],
            ],
            end: &["id!", "email!", "nickname!", "handle!"],
        },
        Scenario {
            name: "add a nullable column",
            releases: vec![vec![email.clone(), required.clone(), bio]],
            end: &["id!", "email!", "nickname!", "bio?"],
        },
        Scenario {
            name: "add a column with a default",
            releases: vec![vec![email.clone(), required.clone(), score]],
            end: &["id!", "email!", "nickname!", "score!"],
        },
        Scenario {
            name: "drop a required column",
            releases: vec![
                vec![
                    email.clone(),
                    Column {
                        reverse: everywhere("'refilled'"),
                        ..in_state(State::Deprecated, required.clone())
                    },
                ],
                vec![email.clone()],
            ],
            end: &["id!", "email!"],
        },
        Scenario {
            name: "a name that needs quoting",
            releases: vec![vec![email.clone(), required.clone(), in_state(State::Adding, weird)]],
            end: &["id!", "email!", "nickname!", "a \"quoted\" nâme; DROP TABLE users!"],
        },
        Scenario {
            name: "two changes in one migration",
            releases: vec![
                vec![
                    email.clone(),
                    Column {
                        reverse: everywhere("'refilled'"),
                        ..in_state(State::Deprecated, required)
                    },
                    in_state(State::Adding, handle.clone()),
                ],
                vec![email.clone(), Column { backfill: PerDatabase::Nowhere, ..handle }],
            ],
            end: &["id!", "email!", "handle!"],
        },
        Scenario {
            name: "make a column required",
            releases: vec![
                vec![email.clone(), with_nullability(Nullability::Upholds)],
                vec![email.clone(), with_nullability(Nullability::Relies)],
            ],
            end: &["id!", "email!", "nickname!"],
        },
        Scenario {
            name: "let a column be NULL",
            releases: vec![
                vec![email.clone(), with_nullability(Nullability::Upholds)],
                vec![email.clone(), with_nullability(Nullability::Loose)],
            ],
            end: &["id!", "email!", "nickname?"],
        },
        Scenario {
            name: "rename a column",
            releases: replaced(
                &[Column {
                    reverse: everywhere("lower(alias)"),
                    ..new("alias", "upper(nickname)")
                }],
                &email,
            ),
            end: &["id!", "email!", "alias!"],
        },
        Scenario {
            name: "change a column's type",
            releases: replaced(
                &[Column {
                    ty: ColumnType::Known("int8".into()),
                    reverse: everywhere("'nick' || size"),
                    ..new("size", "CAST(substr(nickname, 5) AS bigint)")
                }],
                &email,
            ),
            end: &["id!", "email!", "size!"],
        },
        Scenario {
            name: "split a column in two",
            releases: replaced(
                &[
                    Column {
                        reverse: everywhere("first || last"),
                        ..new("first", "substr(nickname, 1, 4)")
                    },
                    new("last", "substr(nickname, 5)"),
                ],
                &email,
            ),
            end: &["id!", "email!", "first!", "last!"],
        },
        Scenario { name: "join two columns", releases: joined(), end: &["id!", "address!"] },
        Scenario {
            name: "drop a nullable column",
            releases: vec![vec![email]],
            end: &["id!", "email!"],
        },
    ]
}

/// `nickname`, with what mends rows with NULL on the way in, and rows that came to have it on the way back.
fn with_nullability(nullability: Nullability) -> Column {
    let (backfill, reverse) = (everywhere("'mended'"), everywhere("'refilled'"));
    Column { nullability, backfill, reverse, ..column("nickname") }
}

/// A new column in the place of `nickname`.
fn new(name: &str, forward: &str) -> Column {
    Column { replaces: vec!["nickname".into()], forward: everywhere(forward), ..column(name) }
}

/// The three releases of a replacement of `nickname`.
fn replaced(new: &[Column], email: &Column) -> Vec<Vec<Column>> {
    let release = |old: &[Column], new: Vec<Column>| {
        [email.clone()].iter().chain(old).cloned().chain(new).collect::<Vec<_>>()
    };
    let adding = new.iter().cloned().map(|column| in_state(State::Adding, column)).collect();
    let plain = |column: &Column| Column { replaces: Vec::new(), ..column.clone() };
    vec![
        release(&[column("nickname")], adding),
        release(&[in_state(State::Deprecated, column("nickname"))], new.to_vec()),
        release(&[], new.iter().map(plain).collect()),
    ]
}

/// Two columns become one, and each says how it comes back.
fn joined() -> Vec<Vec<Column>> {
    let old = |state| {
        let email = Column { reverse: everywhere("split(address, 1)"), ..column("email") };
        let nickname = Column { reverse: everywhere("split(address, 2)"), ..column("nickname") };
        [email, nickname].map(|column| in_state(state, by_database(column)))
    };
    let replaces = vec!["email".into(), "nickname".into()];
    let forward = everywhere("email || '/' || nickname");
    let new = Column { replaces, forward, ..column("address") };
    let with = |old: &[Column], new: Column| old.iter().cloned().chain([new]).collect::<Vec<_>>();
    vec![
        with(&old(State::Active), in_state(State::Adding, new.clone())),
        with(&old(State::Deprecated), new.clone()),
        vec![Column { replaces: Vec::new(), ..new }],
    ]
}

/// `split(address, n)`, as each database spells it.
fn by_database(column: Column) -> Column {
    let (postgres, sqlite) = match column.name.as_str() {
        "email" => ("split_part(address, '/', 1)", "substr(address, 1, instr(address, '/') - 1)"),
        _ => ("split_part(address, '/', 2)", "substr(address, instr(address, '/') + 1)"),
    };
    let texts = [(Database::Postgres, postgres.into()), (Database::Sqlite, sqlite.into())];
    Column { reverse: PerDatabase::Each(texts.into()), ..column }
}

/// The columns of release 1 for a scenario: `nickname` is nullable where a nullable column is dropped.
fn first_release(scenario: &Scenario) -> Vec<Column> {
    let nullability = match scenario.name {
        "drop a nullable column" | "make a column required" => Nullability::Loose,
        _ => Nullability::Relies,
    };
    vec![column("email"), Column { nullability, ..column("nickname") }]
}

fn filled(scenario: &Scenario, database: &TestDatabase) -> Project {
    let first = Project::new().edited(&first_release(scenario));
    first.apply(database, &[]).expect("release 1");
    let values: Vec<_> = (1..=2500).map(|n| format!("('User{n}@x', 'nick{n}')")).collect();
    database
        .execute(&format!("INSERT INTO users (email, nickname) VALUES {}", values.join(",")))
        .expect("rows");
    first
}

#[test]
fn every_change_goes_to_its_end() {
    for scenario in scenarios() {
        for database in TestDatabase::all().expect("databases") {
            let mut project = filled(&scenario, &database);
            for columns in &scenario.releases {
                project = project.edited(columns);
                let report = project
                    .apply(&database, &["users.nickname", "users.email"])
                    .expect(scenario.name);
                assert_eq!(report.refusals, [], "{} on {}", scenario.name, database.kind());
            }
            let report =
                project.apply(&database, &["users.nickname", "users.email"]).expect(scenario.name);
            assert!(
                report.finished() && report.moved == 0,
                "{} on {}",
                scenario.name,
                database.kind()
            );
            assert_eq!(
                database.columns("users").expect("columns"),
                scenario.end,
                "{} on {}",
                scenario.name,
                database.kind()
            );
            assert_eq!(database.count("users").expect("count"), 2500);
        }
    }
}

/// Up as far as it goes without a drop, and down again: the catalog and the rows are those before.
#[test]
fn every_change_is_undone_without_a_trace() {
    for scenario in scenarios() {
        for database in TestDatabase::all().expect("databases") {
            let mut project = filled(&scenario, &database);
            let (catalog_before, rows_before) = (catalog(&database), rows(&database));
            for columns in &scenario.releases {
                project = project.edited(columns);
                project.apply(&database, &[]).expect(scenario.name);
            }
            let report = project.rollback(&database, "0002").expect(scenario.name);
            let undone =
                report.changes.iter().filter(|change| change.progress.position == 0).count();
            assert_eq!(
                undone,
                report.changes.len() - 1,
                "{} on {}",
                scenario.name,
                database.kind()
            );
            assert_eq!(
                catalog(&database),
                catalog_before,
                "{} on {}",
                scenario.name,
                database.kind()
            );
            assert_eq!(rows(&database), rows_before, "{} on {}", scenario.name, database.kind());
        }
    }
}

/// The table's rows are refilled from `reverse` before the relaxed column is required again.
#[test]
fn a_relaxed_column_is_refilled() {
    for database in TestDatabase::all().expect("databases") {
        let scenario = scenarios()
            .into_iter()
            .find(|s| s.name == "drop a required column")
            .expect("it is there");
        let mut project = filled(&scenario, &database);
        for columns in &scenario.releases {
            project = project.edited(columns);
            project.apply(&database, &[]).expect("up to the drop");
        }
        database
            .execute("INSERT INTO users (email) VALUES ('new@x')")
            .expect("release 3 does not write it");
        project.rollback(&database, "0002").expect("there is a reverse");
        assert_eq!(
            database.texts("SELECT nickname FROM users WHERE email = 'new@x'").expect("row"),
            ["refilled"]
        );
        assert_eq!(database.columns("users").expect("columns"), ["id!", "email!", "nickname!"]);
    }
}

/// Rows with NULL get the `backfill` before the column is required.
#[test]
fn a_tightened_column_is_mended() {
    for database in TestDatabase::all().expect("databases") {
        let scenario = scenarios()
            .into_iter()
            .find(|s| s.name == "make a column required")
            .expect("it is there");
        let mut project = filled(&scenario, &database);
        database.execute("INSERT INTO users (email) VALUES ('new@x')").expect("it may be NULL");
        for columns in &scenario.releases {
            project = project.edited(columns);
            project.apply(&database, &[]).expect("up");
        }
        assert_eq!(
            database.texts("SELECT nickname FROM users WHERE email = 'new@x'").expect("row"),
            ["mended"]
        );
        database.execute("INSERT INTO users (email) VALUES ('x')").expect_err("it is required");
    }
}

/// Guards, indexes and generated columns of a table that is made, the one that it references made first.
#[test]
fn a_new_table_guards_what_its_struct_says() {
    let source = r#"
        #[derive(Table)] #[colmig(
            table = "members", unique(org, email), check(adult = "age >= 18"),
            index(org, age desc, where = "age > 20"), index(expr = "lower(email)")
        )]
        struct Member {
            #[colmig(primary_key)] id: i64,
            #[colmig(references(orgs.id, on_delete = "cascade"))] org: i64,
            #[colmig(check = "email <> ''")] email: String,
            age: i32,
            #[colmig(generated = "age + 1")] next_age: i32,
        }
        #[derive(Table)] #[colmig(table = "orgs")]
        struct Org { #[colmig(primary_key)] id: i64, #[colmig(unique, index)] name: String }"#;
    let Ok(file) = colmig_core::parse::source(source) else { panic!("it is Rust") };
    let tables: Vec<_> = file.tables.into_iter().map(|declared| declared.table).collect();
    assert_eq!(tables.len(), 2);
    for database in TestDatabase::all().expect("databases") {
        let project = Project::new().declaring(tables.clone());
        project.apply(&database, &[]).expect("both are made");
        database.execute("INSERT INTO orgs VALUES (1, 'a'), (2, 'b')").expect("orgs");
        let member = |values: &str| {
            database
                .execute(&format!("INSERT INTO members (id, org, email, age) VALUES ({values})"))
        };
        member("1, 1, 'ada', 30").expect("a member");
        member("2, 1, 'ada', 30").expect_err("unique in its organisation");
        member("2, 2, 'ada', 30").expect("another organisation");
        member("3, 3, 'bob', 30").expect_err("no such organisation");
        member("3, 1, 'bob', 17").expect_err("too young");
        member("3, 1, '', 30").expect_err("no address");
        database.execute("INSERT INTO orgs VALUES (3, 'a')").expect_err("the name is taken");
        assert_eq!(
            database.texts("SELECT CAST(next_age AS text) FROM members").expect("ages"),
            ["31", "31"]
        );
        database.execute("DELETE FROM orgs WHERE id = 2").expect("its members go with it");
        assert_eq!(database.count("members").expect("count"), 1);
        for index in ["members_org_age_idx", "members_expr_idx", "orgs_name_idx"] {
            database.execute(&format!("DROP INDEX {index}")).expect(index);
        }
    }
}

#[test]
fn a_drop_of_rows_is_a_gate_without_consent_and_free_on_an_empty_table() {
    for database in TestDatabase::all().expect("databases") {
        let scenario = scenarios()
            .into_iter()
            .find(|s| s.name == "drop a nullable column")
            .expect("it is there");
        let first = filled(&scenario, &database);
        let second = first.edited(&[column("email")]);
        let report = second.apply(&database, &[]).expect("as far as is safe");
        let wait = report.changes[1].wait.clone();
        assert!(
            matches!(&wait, Some(Wait::Consent { subject, .. }) if subject == "users.nickname"),
            "{wait:?}"
        );
        assert_eq!(report.refusals, [], "the checkout may be deployed");
        database.execute("DELETE FROM users").expect("empty");
        assert!(second.apply(&database, &[]).expect("nothing to lose").finished());
    }
}

#[test]
fn an_expression_that_yields_null_is_named_with_its_rows() {
    for database in TestDatabase::all().expect("databases") {
        let scenario = &scenarios()[0];
        let first = filled(scenario, &database);
        let half = Column {
            backfill: everywhere("CASE WHEN id = 1700 THEN NULL ELSE email END"),
            ..in_state(State::Adding, column("handle"))
        };
        let second = first.edited(&[column("email"), column("nickname"), half]);
        let error = second.apply(&database, &[]).expect_err("a row has no value").to_string();
        assert!(error.contains("1 row of") && error.contains("1700"), "{error}");
        assert_eq!(
            database.columns("users").expect("columns"),
            ["id!", "email!", "nickname!", "handle?"]
        );
        second.rollback(&database, "0002").expect("back");
        assert_eq!(database.columns("users").expect("columns"), ["id!", "email!", "nickname!"]);
    }
}

#[test]
fn an_edited_migration_is_refused_with_the_difference() {
    for database in TestDatabase::all().expect("databases") {
        let mut project = filled(&scenarios()[0], &database);
        let before = catalog(&database);
        for (name, text) in &mut project.migrations[0].files {
            if name.ends_with("create.up.sql") || name.contains("create") {
                *text = text.replace("nickname", "nick");
            }
        }
        let error = project.apply(&database, &[]).expect_err("it was edited").to_string();
        assert!(error.contains("CM0304") && error.contains("\"nick\""), "{error}");
        assert_eq!(catalog(&database), before);
    }
}

#[test]
fn a_newer_ledger_and_another_history_are_refused() {
    for database in TestDatabase::all().expect("databases") {
        let project = filled(&scenarios()[0], &database);
        let other = Project::new().edited(&[column("name"), column("nickname")]);
        let mut other = other;
        other.migrations[0].manifest.id = "0001_other".into();
        let error = other.apply(&database, &[]).expect_err("another history").to_string();
        assert!(error.contains("CM0710") || error.contains("CM0304"), "{error}");
        database.execute("UPDATE _colmig_gate SET format = 99").expect("a newer program was here");
        let error = project.apply(&database, &[]).expect_err("newer").to_string();
        assert!(error.contains("CM0302") && error.contains("99"), "{error}");
    }
}

#[test]
fn a_table_without_a_key_is_refused_before_anything_is_changed() {
    for database in TestDatabase::all().expect("databases") {
        let scenario = &scenarios()[0];
        let project = filled(scenario, &database);
        if database.is_postgres() {
            database.execute("ALTER TABLE users DROP CONSTRAINT users_pkey").expect("no key");
        } else {
            database
                .execute("DROP TABLE users; CREATE TABLE users (id integer not null, email text not null, nickname text not null)")
                .expect("no key");
        }
        let before = catalog(&database);
        let error = project
            .edited(&scenario.releases[0])
            .apply(&database, &[])
            .expect_err("no key")
            .to_string();
        assert!(error.contains("primary key") && error.contains("CM0706"), "{error}");
        assert_eq!(catalog(&database), before);
    }
}

/// Every act of the protocol's tables was met by a scenario; those of enum types are met in `enums.rs`.
#[test]
fn the_scenarios_meet_every_act() {
    let mut met: Vec<Act> = Vec::new();
    for scenario in scenarios() {
        let mut project = Project::new().edited(&first_release(&scenario));
        for columns in &scenario.releases {
            project = project.edited(columns);
        }
        met.extend(
            project
                .migrations
                .iter()
                .flat_map(|m| &m.manifest.changes)
                .flat_map(|c| c.acts().collect::<Vec<_>>()),
        );
    }
    let of_columns = colmig_core::protocol::CHANGES.iter().filter(|facts| !facts.kind.is_of_type());
    for change in of_columns {
        for (act, _) in change.steps {
            assert!(met.contains(act), "{act}");
        }
    }
}

/// From release 1 straight to release 3: refused, and what must run in between is named.
#[test]
fn a_release_that_is_left_out_is_named() {
    for database in TestDatabase::all().expect("databases") {
        let scenario = &scenarios()[0];
        let mut project = filled(scenario, &database);
        for columns in &scenario.releases {
            project = project.edited(columns);
        }
        let report = project.apply_with_fleet(&database).expect("as far as is safe");
        let wait = report.changes[1].wait.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(wait.contains("phase 1 (writes it: `adding`) must run in between"), "{wait}");
        assert!(!report.refusals.is_empty(), "it cannot be deployed");
    }
}
