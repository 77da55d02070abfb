//! Replacements on PostgreSQL, by the application and by a trigger: what a new column gets from those that it
//! replaces beside their values, who is told that the old ones go, and what the steps do to the table.

use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use colmig::migrator::{Event, Wait};
use colmig_core::lifecycle::State;
use colmig_core::schema::{Column, DualWrite};
use colmig_core::types::{ColumnType, Database, PerDatabase};
use colmig_tests::database::TestDatabase;
use colmig_tests::project::{Project, column, everywhere, in_state};

fn on_every_server(scenario: fn(&TestDatabase) -> Result<()>) {
    let all = TestDatabase::sorts().expect("databases");
    for database in all.into_iter().filter(TestDatabase::is_postgres) {
        scenario(&database).unwrap_or_else(|error| panic!("on {}: {error:?}", database.url));
        database.remove().expect("it is not needed any more");
    }
}

/// A column in the place of these.
fn new(name: &str, old: &[&str], forward: &str) -> Column {
    Column {
        replaces: old.iter().map(|name| (*name).to_owned()).collect(),
        forward: everywhere(forward),
        reverse: everywhere(name),
        ..column(name)
    }
}

fn by_trigger(column: Column) -> Column {
    Column { dual_write: DualWrite::Trigger, ..column }
}

fn adding(column: Column) -> Column {
    in_state(State::Adding, column)
}

/// Release 1 with these columns, applied.
fn first(database: &TestDatabase, columns: &[Column]) -> Result<Project> {
    let first = Project::on(&[Database::Postgres]).edited(columns);
    first.apply(database, &[])?;
    Ok(first)
}

/// What a column has beside its type and its constraints.
fn surroundings(database: &TestDatabase, column: &str) -> Result<Vec<String>> {
    database.texts(&format!(
        "SELECT 'grant ' || x.privilege_type || ' ' || CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE regexp_replace(x.grantee::regrole::text, '\\d+', '') END
                || CASE WHEN x.is_grantable THEN ' on' ELSE '' END
         FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = 'users'::regclass AND attname = '{column}'
         UNION ALL SELECT 'comment ' || col_description(attrelid, attnum) FROM pg_attribute
         WHERE attrelid = 'users'::regclass AND attname = '{column}' AND col_description(attrelid, attnum) IS NOT NULL
         UNION ALL SELECT 'statistics ' || attstattarget FROM pg_attribute
         WHERE attrelid = 'users'::regclass AND attname = '{column}' AND attstattarget >= 0
         UNION ALL SELECT 'collation ' || collname FROM pg_attribute a JOIN pg_collation c ON c.oid = attcollation
         WHERE attrelid = 'users'::regclass AND attname = '{column}' AND attcollation <> 100
         ORDER BY 1"
    ))
}

/// A role of its own for each test: roles belong to the server.
fn role(database: &TestDatabase) -> Result<String> {
    let number = database.url.rsplit('_').next().unwrap_or_default().to_owned();
    let role = format!("carried{}_{number}", std::process::id());
    database.execute(&format!("CREATE ROLE \"{role}\""))?;
    Ok(role)
}

#[test]
fn grants_comments_statistics_and_collations_are_carried_over() {
    on_every_server(|database| {
        for by_trigger in [false, true] {
            let alike = |column: Column| match by_trigger {
                true => self::by_trigger(column),
                false => column,
            };
            database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
            let before = first(database, &[column("first"), column("last"), column("nick")])?;
            let role = role(database)?;
            database.execute(&format!(
                "ALTER TABLE users ALTER nick TYPE text COLLATE \"C\", ALTER nick SET STATISTICS 7;
                 COMMENT ON COLUMN users.nick IS 'what o''thers say'; COMMENT ON COLUMN users.first IS 'given';
                 ALTER TABLE users ALTER first SET STATISTICS 20, ALTER last SET STATISTICS 30;
                 GRANT SELECT (nick), UPDATE (nick) ON users TO \"{role}\" WITH GRANT OPTION;
                 GRANT SELECT (nick) ON users TO PUBLIC;
                 GRANT SELECT (first), SELECT (last), INSERT (first) ON users TO \"{role}\";
                 INSERT INTO users (first, last, nick) VALUES ('a', 'b', 'c')"
            ))?;
            let carried = [
                "collation C",
                "comment what o'thers say",
                "grant SELECT PUBLIC",
                "grant SELECT carried_ on",
                "grant UPDATE carried_ on",
                "statistics 7",
            ];
            let shown = |name: &str| -> Result<Vec<String>> {
                let all = surroundings(database, name)?.into_iter();
                let plain = |text: String| text.replace(&role, "carried_").replace('"', "");
                Ok(all.map(|text| regexless(&plain(text))).collect())
            };
            let reverse = |name: &str, number: u8| Column {
                reverse: everywhere(&format!("split_part(whole, ' ', {number})")),
                ..column(name)
            };
            let alias = alike(new("alias", &["nick"], "nick"));
            let number = Column {
                ty: ColumnType::Known("int8".into()),
                reverse: PerDatabase::Nowhere,
                ..alike(new("size", &["nick"], "length(nick)"))
            };
            let whole = alike(new("whole", &["first", "last"], "first || ' ' || last"));
            let whole = Column { reverse: PerDatabase::Nowhere, ..whole };
            let second = before.edited(&[
                reverse("first", 1),
                reverse("last", 2),
                column("nick"),
                adding(alias),
                adding(number),
                adding(whole),
            ]);
            let report = second.apply(database, &[])?;
            ensure!(report.refusals.is_empty(), "{report:?}");
            ensure!(shown("nick")? == carried, "{:?}", shown("nick")?);
            ensure!(shown("alias")? == carried, "{:?}", shown("alias")?);
            ensure!(shown("size")? == carried[1..], "{:?}", shown("size")?);
            ensure!(
                shown("whole")? == ["grant SELECT carried_", "statistics 30"],
                "{:?}",
                shown("whole")?
            );
            second.rollback(database, "0002")?;
            ensure!(shown("nick")? == carried);
            database.execute(&format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\""))?;
        }
        Ok(())
    });
}

/// Without the number of the test's process.
fn regexless(text: &str) -> String {
    let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
    for word in words.iter_mut().filter(|word| word.starts_with("carried")) {
        "carried_".clone_into(word);
    }
    words.join(" ")
}

/// Who names the old column is told when its replacement begins, and again where its drop asks for consent.
#[test]
fn what_names_the_old_column_is_told_when_the_replacement_begins() {
    on_every_server(|database| {
        let before = first(database, &[column("email"), column("nick")])?;
        database.execute(
            "CREATE VIEW names AS SELECT nick FROM users;
             CREATE POLICY own ON users USING (nick = 'me');
             CREATE INDEX users_nick ON users (nick);
             ALTER TABLE users ADD COLUMN shout text GENERATED ALWAYS AS (upper(nick)) STORED;
             ALTER TABLE users ADD CONSTRAINT short CHECK (length(nick) < 99);
             CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER touched BEFORE UPDATE OF nick ON users FOR EACH ROW EXECUTE FUNCTION touch();
             CREATE FUNCTION look() RETURNS bigint LANGUAGE sql AS 'SELECT count(nick) FROM users';
             CREATE FUNCTION other() RETURNS bigint LANGUAGE sql AS 'SELECT count(nickel) FROM (SELECT 1 AS nickel) AS users';
             INSERT INTO users (email, nick) VALUES ('a', 'b')",
        )?;
        let version = database.texts("SHOW server_version_num")?[0].parse::<u32>()?;
        if version >= 150_000 {
            database.execute("CREATE PUBLICATION changes FOR TABLE users (id, nick)")?;
        }
        let second = before.edited(&[column("email"), by_trigger(new("alias", &["nick"], "nick"))]);
        let told = Arc::new(Mutex::new(Vec::new()));
        let tells = told.clone();
        let report = second.watched(database, &[], move |event| {
            if let Event::Dependants { subject, dependants, .. } = event {
                tells.lock().expect("nobody panicked").push((subject, dependants));
            }
        })?;
        let told = told.lock().expect("nobody panicked").clone();
        let [(subject, dependants)] = told.as_slice() else { panic!("told {told:?}") };
        ensure!(subject == "users.nick");
        // First what would hold up its drop, then what goes with the column.
        let mut expected = vec![
            "generated column shout",
            "policy own on table users",
            "trigger touched on table users",
            "view names",
            "constraint short on table users",
            "index users_nick",
            "the text of function look()",
        ];
        if version >= 150_000 {
            expected.insert(2, "publication of table users in publication changes");
        }
        ensure!(dependants == &expected, "{dependants:?}");
        let wait = report.changes[1].wait.as_ref();
        ensure!(
            matches!(wait, Some(Wait::Consent { dependants, .. }) if dependants == &expected),
            "{wait:?}"
        );
        Ok(())
    });
}

/// A look at what each statement does to the table: it is never written anew, and never read as long as it is
/// locked against everybody.
const GUARD: &str = "
    CREATE FUNCTION no_rewrite() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'it rewrites the table'; END $$;
    CREATE FUNCTION scans() RETURNS bigint LANGUAGE sql AS
        'SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_xact_user_tables WHERE relname = ''users''';
    CREATE FUNCTION begins() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM set_config('test.scans', public.scans()::text, false); END $$;
    CREATE FUNCTION no_scan() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF public.scans() > current_setting('test.scans')::bigint
           AND EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock'
                       AND relation = to_regclass('public.users')) THEN
            RAISE EXCEPTION 'it reads the table under ACCESS EXCLUSIVE';
        END IF;
    END $$;
    CREATE EVENT TRIGGER no_rewrite ON table_rewrite EXECUTE FUNCTION no_rewrite();
    CREATE EVENT TRIGGER begins ON ddl_command_start EXECUTE FUNCTION begins();
    CREATE EVENT TRIGGER no_scan ON ddl_command_end EXECUTE FUNCTION no_scan()";

#[test]
fn no_step_rewrites_the_table_or_reads_it_while_nobody_may() {
    on_every_server(|database| {
        for by_trigger in [false, true] {
            database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
            let before = first(database, &[column("email"), column("nick")])?;
            database.execute(
                "INSERT INTO users (email, nick) SELECT 'a' || i, 'b' || i FROM generate_series(1, 500) i;
                 ALTER TABLE users ALTER nick TYPE text COLLATE \"C\"; ALTER TABLE users ADD COLUMN loose text DEFAULT ''",
            )?;
            database.execute(GUARD)?;
            for (wrong, seen) in [
                ("ALTER TABLE users ALTER loose SET NOT NULL", "it reads the table"),
                ("ALTER TABLE users ALTER email TYPE int USING 1", "it rewrites the table"),
            ] {
                let error = database.execute(wrong).expect_err("it would be seen");
                ensure!(format!("{error:?}").contains(seen), "{error:?}");
            }
            let reverse = everywhere("lower(alias)");
            let alias = Column { reverse, ..new("alias", &["nick"], "upper(nick)") };
            let email = column("email");
            let mut project = before;
            let releases = match by_trigger {
                true => vec![vec![email, self::by_trigger(alias)]],
                false => vec![
                    vec![email.clone(), column("nick"), adding(alias.clone())],
                    vec![email.clone(), in_state(State::Deprecated, column("nick")), alias],
                    vec![email, column("alias")],
                ],
            };
            for columns in releases {
                project = project.edited(&columns);
                project.apply(database, &[])?;
            }
            let report = project.apply(database, &["users.nick"])?;
            ensure!(report.finished(), "{report:?}");
            database.execute(
                "DROP EVENT TRIGGER no_rewrite; DROP EVENT TRIGGER begins; DROP EVENT TRIGGER no_scan",
            )?;
        }
        Ok(())
    });
}
