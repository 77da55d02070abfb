//! Every kind of change, forwards and back, on every database: [`colmig_tests::scenarios`] without writers.

use std::sync::Arc;

use anyhow::ensure;
use colmig::migrator::{Event, Wait};
use colmig_core::lifecycle::State;
use colmig_core::protocol::Act;
use colmig_core::schema::Column;
use colmig_core::types::Database;
use colmig_tests::database::TestDatabase;
use colmig_tests::project::{Project, column, everywhere, in_state};
use colmig_tests::scenarios::{
    Scenario, on_every_database, on_some_databases, scenario, scenarios,
};
use colmig_tests::stall::{Watch, Worst};

/// The rows that a scenario begins with.
const ROWS: i64 = 2500;

fn filled(scenario: &Scenario, database: &TestDatabase) -> Project {
    scenario.begin(database, ROWS).expect("it begins")
}

/// A writer goes on all the while, and waits for no longer than a schema statement waits for its lock.
#[test]
fn every_change_goes_to_its_end() {
    let worst = Worst::default();
    let to_its_end = |scenario: &Scenario, database: &TestDatabase| {
        scenario.begin(database, ROWS)?;
        let keeps_its_key = scenario.end.contains(&"id!");
        let watch = keeps_its_key.then(|| Watch::start(database)).transpose()?;
        let checkouts = scenario.checkouts();
        for checkout in &checkouts[1..] {
            let report = checkout.apply_all(database)?;
            ensure!(report.refusals.is_empty(), "{:?}", report.refusals);
        }
        let report = checkouts[checkouts.len() - 1].apply_all(database)?;
        ensure!(report.finished() && report.moved == 0, "{report:#?}");
        let columns = database.columns("users")?;
        ensure!(columns == scenario.end, "{columns:?}");
        ensure!(database.count("users")? == ROWS);
        if let Some(watch) = watch {
            worst.add(database, scenario.name, watch.end()?)?;
        }
        Ok(String::new())
    };
    on_every_database(to_its_end).unwrap_or_else(|error| panic!("{error:?}"));
    worst.print();
}

/// Up as far as it goes without a drop, and down again: the catalog and the rows are those before.
#[test]
fn every_change_is_undone_without_a_trace() {
    let there_and_back = |scenario: &Scenario, database: &TestDatabase| {
        scenario.begin(database, ROWS)?;
        let before = (database.definitions()?, scenario.rows(database, ROWS)?);
        let checkouts = scenario.checkouts();
        for checkout in &checkouts[1..] {
            checkout.apply(database, &[])?;
        }
        let report = checkouts[checkouts.len() - 1].rollback(database, "0002")?;
        let left = report.changes.iter().filter(|change| change.progress.position > 0);
        let left: Vec<_> = left.map(|change| &change.progress.migration).collect();
        ensure!(left.iter().all(|migration| migration.starts_with("0001")), "{left:?}");
        ensure!(database.definitions()? == before.0, "{:#?}", database.definitions()?);
        ensure!(scenario.rows(database, ROWS)? == before.1, "the rows are not those before");
        Ok(String::new())
    };
    on_some_databases(2, there_and_back).unwrap_or_else(|error| panic!("{error:?}"));
}

/// The table's rows are refilled from `reverse` before the relaxed column is required again.
#[test]
fn a_relaxed_column_is_refilled() {
    for database in TestDatabase::all().expect("databases") {
        let scenario = scenario("drop a required column");
        filled(&scenario, &database);
        let checkouts = scenario.checkouts();
        for checkout in &checkouts[1..] {
            checkout.apply(&database, &[]).expect("up to the drop");
        }
        database
            .execute("INSERT INTO users (email) VALUES ('new@x')")
            .expect("release 3 does not write it");
        let last = &checkouts[checkouts.len() - 1];
        last.rollback(&database, "0002").expect("there is a reverse");
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
        let scenario = scenario("make a column required");
        filled(&scenario, &database);
        database.execute("INSERT INTO users (email) VALUES ('new@x')").expect("it may be NULL");
        for checkout in &scenario.checkouts()[1..] {
            checkout.apply(&database, &[]).expect("up");
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
        let mut tables = tables.clone();
        let mut project = Project::on(&[database.which()]).declaring(tables.clone());
        if database.is_mariadb().expect("a version") {
            let error = project.apply(&database, &[]).expect_err("an index over an expression");
            let said = error.to_string();
            assert!(said.contains("MariaDB has no index over an expression"), "{said}");
            assert_eq!(database.definitions().expect("no table"), Vec::<String>::new());
            tables[0].indexes.retain(|index| index.name != "members_expr_idx");
            project = Project::on(&[Database::Mysql]).declaring(tables.clone());
        }
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
        for (table, index) in tables.iter().flat_map(|t| t.indexes.iter().map(move |i| (t, i))) {
            let of = match database.which() {
                Database::Mysql => format!(" ON {}", table.name),
                _ => String::new(),
            };
            database.execute(&format!("DROP INDEX {}{of}", index.name)).expect(&index.name);
        }
    }
}

#[test]
fn a_drop_of_rows_is_a_gate_without_consent_and_free_on_an_empty_table() {
    for database in TestDatabase::all().expect("databases") {
        let scenario = scenario("drop a nullable column");
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

/// What the pre-flight asked was true then: the row comes when the column is there already.
#[test]
fn a_row_that_comes_behind_the_preflight_is_named_by_the_backfill() {
    for database in TestDatabase::all().expect("databases") {
        let database = Arc::new(database);
        let first = filled(&scenarios()[0], &database);
        let half = Column {
            backfill: everywhere("nullif(email, 'nobody')"),
            ..in_state(State::Adding, column("handle"))
        };
        let second = first.edited(&[column("email"), column("nickname"), half]);
        let place = Arc::clone(&database);
        let late = move |event| {
            let Event::Done(doing, _) = event else { return };
            if doing.act == Act::Add {
                let place = Arc::clone(&place);
                let sql = "INSERT INTO users (email, nickname) VALUES ('nobody', 'late')";
                let wrote = std::thread::spawn(move || place.execute(sql));
                wrote.join().expect("no panic").expect("a release that does not know the column");
            }
        };
        let error = second.watched(&database, &[], late).expect_err("a row has no value");
        let error = error.to_string();
        assert!(error.contains("CM0705") && error.contains("1 row of"), "{error}");
        assert!(error.contains("keys: 2501"), "{error}");
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
        let before = database.definitions().expect("definitions");
        for (name, text) in &mut project.migrations[0].files {
            if name.ends_with("create.up.sql") || name.contains("create") {
                *text = text.replace("nickname", "nick");
            }
        }
        let error = project.apply(&database, &[]).expect_err("it was edited").to_string();
        assert!(error.contains("CM0304") && error.contains("\"nick\""), "{error}");
        assert_eq!(database.definitions().expect("definitions"), before);
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
        let before = database.definitions().expect("definitions");
        let error = project
            .declaring(scenario.releases[0].clone())
            .apply(&database, &[])
            .expect_err("no key")
            .to_string();
        assert!(error.contains("primary key") && error.contains("CM0706"), "{error}");
        assert_eq!(database.definitions().expect("definitions"), before);
    }
}

/// Every act of the protocol's tables was met by a scenario; those of enum types are met in `enums.rs`.
#[test]
fn the_scenarios_meet_every_act() {
    let mut met: Vec<Act> = Vec::new();
    for scenario in scenarios() {
        let last = scenario.checkouts().pop().expect("there are releases");
        let changes = last.migrations.iter().flat_map(|migration| &migration.manifest.changes);
        met.extend(changes.flat_map(|change| change.acts()));
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
        filled(scenario, &database);
        let last = scenario.checkouts().pop().expect("there are releases");
        let report = last.apply_with_fleet(&database).expect("as far as is safe");
        let wait = report.changes[1].wait.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(wait.contains("phase 1 (writes it: `adding`) must run in between"), "{wait}");
        assert!(!report.refusals.is_empty(), "it cannot be deployed");
    }
}
