//! A drop with a safety net: what `--archive` keeps, how it comes back, and how it goes for good; and what
//! `history` and `rollback` tell of it. One list of tables on every database.

use anyhow::{Context, Result, ensure};
use colmig::migrator::{Archived, Migrator, Purge, Report, Restored};
use colmig_core::lifecycle::{Nullability, State};
use colmig_core::schema::{Column, Table};
use colmig_core::types::{ColumnType, Database};
use colmig_tests::database::TestDatabase;
use colmig_tests::ledger::check_history;
use colmig_tests::project::{Project, column, in_state};
use colmig_tests::shop::{RELEASES, Shop, fill};

/// One table with a column that goes and comes back.
struct Case {
    name: &'static str,
    table: fn() -> Table,
    /// The column.
    goes: &'static str,
    /// Rows of the first release, with and without a value.
    rows: fn(&TestDatabase) -> String,
}

fn typed(name: &str, ty: &str) -> Column {
    Column { ty: ColumnType::Known(ty.into()), ..column(name) }
}

fn optional(column: Column) -> Column {
    Column { nullability: Nullability::Loose, ..column }
}

fn table(name: &str, key: &[&str], columns: Vec<Column>) -> Table {
    let key = key.iter().map(|name| (*name).to_owned()).collect();
    Table { primary_key: key, columns, ..Table::new(name) }
}

const CASES: &[Case] = &[
    Case {
        name: "text, more than a batch",
        table: || table("users", &["id"], vec![typed("id", "int8"), optional(column("bio"))]),
        goes: "bio",
        rows: |_| {
            "INSERT INTO users (id, bio) SELECT i, CASE WHEN i % 5 = 0 THEN NULL ELSE 'bio ' || i END FROM
             (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i FROM n) m"
                .into()
        },
    },
    Case {
        name: "a key of two columns, with quotes and blanks",
        table: || {
            let key = [column("k \"one\""), typed("k two", "int4")];
            table(
                "of \"many\" words",
                &["k two", "k \"one\""],
                [key.to_vec(), vec![optional(column("it's \"odd\"; --"))]].concat(),
            )
        },
        goes: "it's \"odd\"; --",
        rows: |_| {
            "INSERT INTO \"of \"\"many\"\" words\" VALUES ('a', 1, 'x'), ('a', 2, NULL), ('b', 1, ''), ('''', 3, 'y')"
                .into()
        },
    },
    Case {
        name: "bytes",
        table: || table("files", &["name"], vec![column("name"), optional(typed("body", "bytes"))]),
        goes: "body",
        rows: |database| {
            let bytes = if database.is_postgres() { "'\\x00ff27'::bytea" } else { "x'00ff27'" };
            format!("INSERT INTO files VALUES ('a', {bytes}), ('b', NULL)")
        },
    },
    Case {
        name: "numbers",
        table: || {
            table("sums", &["id"], vec![typed("id", "int8"), optional(typed("sum", "float8"))])
        },
        goes: "sum",
        rows: |_| "INSERT INTO sums VALUES (-1, 0.1), (9007199254740993, 1e300), (3, NULL)".into(),
    },
];

impl Case {
    fn releases(&self) -> (Project, Project, Project) {
        let whole = (self.table)();
        let mut without = whole.clone();
        without.columns.retain(|column| column.name != self.goes);
        let first = Project::new().declaring(vec![whole.clone()]);
        let second = first.declaring(vec![without]);
        let third = second.declaring(vec![whole]);
        (first, second, third)
    }

    fn subject(&self) -> String {
        format!("{}.{}", (self.table)().name, self.goes)
    }

    /// Every value of the column, by key.
    fn values(&self, database: &TestDatabase) -> Result<Vec<String>> {
        let table = (self.table)();
        let quote = colmig_core::ident::quote;
        let key: Vec<_> = table.primary_key.iter().map(|name| quote(name)).collect();
        let key = key.join(", ");
        let (value, name) = (quote(self.goes), quote(&table.name));
        let kind = match database.which() {
            Database::Postgres => format!("CAST(pg_typeof({value}) AS text)"),
            Database::Sqlite => format!("typeof({value})"),
            // Its catalog says it: the definitions are compared.
            Database::Mysql => "''".to_owned(),
        };
        let text = match (self.goes, database.is_postgres()) {
            ("body", true) => format!("encode({value}, 'hex')"),
            ("body", false) => format!("CASE WHEN {value} IS NOT NULL THEN hex({value}) END"),
            _ => format!("CAST({value} AS text)"),
        };
        database
            .texts(&format!("SELECT {kind} || coalesce({text}, '-') FROM {name} ORDER BY {key}"))
    }
}

fn block_on<T>(future: impl Future<Output = colmig::Result<T>>) -> colmig::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

fn apply(project: &Project, database: &TestDatabase, drop: &str) -> colmig::Result<Report> {
    let mut options = project.options(&[drop]);
    options.archive = true;
    block_on(async { Migrator::connect(&database.url, options).await?.apply(None).await })
}

fn restore(
    project: &Project,
    database: &TestDatabase,
    column: &str,
    into: Option<&str>,
) -> colmig::Result<Restored> {
    let options = project.options(&[]);
    block_on(async {
        Migrator::connect(&database.url, options).await?.restore(column, None, into).await
    })
}

fn purge(
    project: &Project,
    database: &TestDatabase,
    which: Purge<'_>,
) -> colmig::Result<Vec<Archived>> {
    let options = project.options(&[]);
    block_on(async { Migrator::connect(&database.url, options).await?.purge(which).await })
}

fn archives(database: &TestDatabase) -> Result<Vec<String>> {
    let mut tables = database.tables()?;
    tables.retain(|table| table.starts_with("_colmig_archive_"));
    Ok(tables)
}

#[test]
fn what_is_dropped_comes_back() -> Result<()> {
    for database in TestDatabase::sorts()? {
        for case in CASES {
            let copy = database.copy()?;
            comes_back(case, &copy).with_context(|| format!("{} on {}", case.name, copy.kind()))?;
            copy.remove()?;
        }
        database.remove()?;
    }
    Ok(())
}

fn comes_back(case: &Case, database: &TestDatabase) -> Result<()> {
    let (first, second, third) = case.releases();
    first.apply(database, &[])?;
    database.execute(&(case.rows)(database))?;
    let before = case.values(database)?;
    let valued = before.iter().filter(|value| !value.ends_with('-')).count() as i64;
    ensure!(apply(&second, database, &case.subject())?.finished());
    ensure!(archives(database)? == ["_colmig_archive_0002_1"]);
    ensure!(database.count("_colmig_archive_0002_1")? == valued, "rows without a value are kept");
    third.apply(database, &[])?;
    let restored = restore(&third, database, &case.subject(), None)?;
    ensure!((restored.restored, restored.kept, restored.gone) == (valued, 0, 0), "{restored:?}");
    ensure!(case.values(database)? == before, "{:?}", case.values(database)?);
    let again = restore(&third, database, &case.subject(), None)?;
    ensure!((again.restored, again.kept, again.gone) == (0, valued, 0), "{again:?}");
    check_history(database)?;
    let purged = purge(&third, database, Purge::Change("0002.1"))?;
    ensure!(purged.len() == 1 && purged[0].rows == valued && archives(database)?.is_empty());
    ensure!(case.values(database)? == before);
    Ok(())
}

/// What lives on meanwhile is told, and is not overwritten.
#[test]
fn a_value_that_is_there_stays_and_a_row_that_is_gone_is_counted() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let case = &CASES[0];
        let (first, second, third) = case.releases();
        first.apply(&database, &[])?;
        database
            .execute("INSERT INTO users VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, NULL)")?;
        apply(&second, &database, "users.bio")?;
        third.apply(&database, &[])?;
        database
            .execute("DELETE FROM users WHERE id = 1; UPDATE users SET bio = 'new' WHERE id = 2")?;
        let restored = restore(&third, &database, "users.bio", None)?;
        ensure!((restored.restored, restored.kept, restored.gone) == (1, 1, 1), "{restored:?}");
        let bios = database.texts("SELECT coalesce(bio, '-') FROM users ORDER BY id")?;
        ensure!(bios == ["new", "three", "-"], "{bios:?}");
        database.remove()?;
    }
    Ok(())
}

#[test]
fn what_cannot_be_restored_is_refused_and_nothing_is_changed() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let case = &CASES[0];
        let (first, second, third) = case.releases();
        first.apply(&database, &[])?;
        let refused = |column: &str, into: Option<&str>, says: &str| -> Result<()> {
            let error = restore(&third, &database, column, into).err().context("refused")?;
            let error = error.to_string();
            ensure!(error.contains("CM0714") && error.contains(says), "{error}");
            Ok(())
        };
        refused("users.bio", None, "nothing is archived")?;
        database.execute("INSERT INTO users VALUES (1, 'one')")?;
        apply(&second, &database, "users.bio")?;
        refused("users.nick", None, "what is archived: users.bio (0002.1, 1 row)")?;
        refused("users.bio", None, "apply --to users.bio:add")?;
        refused("users.bio", Some("id"), "do not fit into `users.id`")?;
        third.apply(&database, &[])?;
        ensure!(database.count("users WHERE bio IS NULL")? == 1);
        database.execute("DROP TABLE _colmig_archive_0002_1")?;
        refused("users.bio", None, "somebody dropped it")?;
        database.remove()?;
    }
    Ok(())
}

/// Another column of its type gets the values as well.
#[test]
fn values_may_go_into_another_column() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let case = &CASES[0];
        let (first, second, _) = case.releases();
        first.apply(&database, &[])?;
        database.execute("INSERT INTO users VALUES (1, 'one')")?;
        apply(&second, &database, "users.bio")?;
        let columns = vec![typed("id", "int8"), optional(column("about"))];
        let third = second.declaring(vec![table("users", &["id"], columns)]);
        third.apply(&database, &[])?;
        restore(&third, &database, "users.bio", Some("about"))?;
        ensure!(database.texts("SELECT about FROM users")? == ["one"]);
        database.remove()?;
    }
    Ok(())
}

/// The archive is made once, and anew where writers came in between.
#[test]
fn a_change_that_is_taken_back_voids_its_archive() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let case = &CASES[0];
        let (first, second, third) = case.releases();
        first.apply(&database, &[])?;
        database.execute("INSERT INTO users VALUES (1, 'old')")?;
        // Archived, and not dropped: the drop finds a table that it must not lock.
        second.apply(&database, &[])?;
        let half = |archived: &str| -> Result<()> {
            database.execute(&format!(
                "CREATE TABLE _colmig_archive_0002_1 AS SELECT id, bio FROM users;
                 INSERT INTO _colmig_archive SELECT 'shop', '0002.1', '_colmig_archive_0002_1', 'users',
                    '{{\"key\":[{{\"name\":\"id\",\"sql_type\":\"bigint\"}}],\"values\":[{{\"name\":\"bio\",\"sql_type\":\"text\"}}]}}',
                    1, {archived}, 0, '' FROM _colmig_change WHERE id = '0002.1'"
            ))
        };
        half("moved_at")?;
        second.rollback(&database, "0002")?;
        ensure!(archives(&database)?.is_empty() && database.count("_colmig_archive")? == 0);
        check_history(&database)?;
        // An older version took the change back, and did not know of archives.
        second.apply(&database, &[])?;
        half("moved_at - 1")?;
        database.execute("UPDATE users SET bio = 'new'")?;
        ensure!(apply(&second, &database, "users.bio")?.finished());
        ensure!(database.texts("SELECT bio FROM _colmig_archive_0002_1")? == ["new"]);
        third.apply(&database, &[])?;
        restore(&third, &database, "users.bio", None)?;
        ensure!(database.texts("SELECT bio FROM users")? == ["new"]);
        database.remove()?;
    }
    Ok(())
}

/// A ledger that an older version made gets its table of archives, and commands that only look make none.
#[test]
fn an_older_ledger_learns_of_archives() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let case = &CASES[0];
        let (first, second, third) = case.releases();
        first.apply(&database, &[])?;
        database.execute("INSERT INTO users VALUES (1, 'one'); DROP TABLE _colmig_archive")?;
        let looked = block_on(async {
            Migrator::connect(&database.url, first.options(&[])).await?.archives().await
        })?;
        ensure!(looked.is_empty() && !database.tables()?.contains(&"_colmig_archive".to_owned()));
        second.apply(&database, &[])?;
        second.rollback(&database, "0002")?;
        ensure!(!database.tables()?.contains(&"_colmig_archive".to_owned()));
        apply(&second, &database, "users.bio")?;
        third.apply(&database, &[])?;
        ensure!(restore(&third, &database, "users.bio", None)?.restored == 1);
        database.remove()?;
    }
    Ok(())
}

/// Two projects of one database may each have a change of this number.
#[test]
fn archives_of_two_projects_do_not_meet() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let case = &CASES[0];
        let (first, second, _) = case.releases();
        first.apply(&database, &[])?;
        database.execute(
            "INSERT INTO users VALUES (1, 'one');
             INSERT INTO _colmig_archive VALUES ('depot', '0002.1', '_colmig_archive_0002_1', 'x', '{}', 0, 0, 0, '');
             CREATE TABLE _colmig_archive_0002_1 (id bigint)",
        )?;
        apply(&second, &database, "users.bio")?;
        ensure!(archives(&database)? == ["_colmig_archive_0002_1", "_colmig_archive_0002_1_shop"]);
        database.remove()?;
    }
    Ok(())
}

#[test]
fn a_table_without_a_key_is_not_archived_and_nothing_begins() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let (first, second, _) = CASES[0].releases();
        first.apply(&database, &[])?;
        database.execute(
            "INSERT INTO users VALUES (1, 'one');
             ALTER TABLE users RENAME TO old; CREATE TABLE users AS SELECT * FROM old; DROP TABLE old",
        )?;
        let error = apply(&second, &database, "users.bio").err().context("refused")?.to_string();
        ensure!(error.contains("CM0714") && error.contains("no primary key"), "{error}");
        ensure!(database.count("_colmig_change WHERE id = '0002.1' AND position = 0")? == 1);
        database.remove()?;
    }
    Ok(())
}

/// A replacement drops its old column, and archives it as well; the real program, killed before every statement
/// around the archive and the drop: nothing is lost, and nothing is archived twice.
#[test]
fn an_archive_dies_anywhere_and_is_made_once() -> Result<()> {
    let shops = [Shop::release(1)?, Shop::release(2)?, Shop::release(3)?];
    for database in TestDatabase::sorts()? {
        shops[0].colmig("apply", &database).run()?.expect(0)?;
        fill(&database, 20)?;
        shops[1].colmig("apply", &database).run()?.expect(0)?;
        shops[2].colmig("apply", &database).run()?.expect(0)?;
        let words = "apply --archive --allow-drop users.nickname";
        let mut deaths = 0;
        // Every third statement, another third each time.
        for n in (1 + u64::from(std::process::id() % 3)..).step_by(3) {
            let copy = database.copy()?;
            let ran = shops[2].colmig(words, &copy).killed_at(n).run()?;
            shops[2].colmig(words, &copy).run()?.expect(0)?;
            ensure!(copy.columns("users")? == ["id!", "email!", "handle!"], "statement {n}");
            let kept = copy.texts("SELECT nickname FROM _colmig_archive_0002_1 ORDER BY id")?;
            ensure!(kept.len() == 20 && kept[0] == "nick of User1@x", "statement {n}: {kept:?}");
            ensure!(copy.count("_colmig_history WHERE step = 'archive'")? == 1, "statement {n}");
            check_history(&copy)?;
            copy.remove()?;
            if ran.code.is_some() {
                break;
            }
            deaths += 1;
        }
        ensure!(deaths > 5, "{deaths}");
        database.remove()?;
    }
    Ok(())
}

/// A restore that dies goes on from its checkpoint, and counts every row once.
#[test]
fn a_restore_dies_anywhere_and_goes_on() -> Result<()> {
    let shops = [Shop::release(1)?, Shop::release(2)?, Shop::release(3)?];
    let again = shops[2].copy()?;
    again.edit(&format!("{}\n    pub nickname: Option<String>,", RELEASES[2]))?;
    again.generate()?;
    for database in TestDatabase::sorts()? {
        shops[0].colmig("apply", &database).run()?.expect(0)?;
        fill(&database, 2200)?;
        shops[1].colmig("apply", &database).run()?.expect(0)?;
        let words = "apply --archive --allow-drop users.nickname";
        shops[2].colmig(words, &database).run()?.expect(0)?;
        again.colmig("apply", &database).run()?.expect(0)?;
        database.execute(
            "UPDATE users SET nickname = 'own' WHERE id = 7; DELETE FROM users WHERE id = 2000",
        )?;
        for n in (1 + u64::from(std::process::id() % 9)..).step_by(9) {
            let copy = database.copy()?;
            let ran = again.colmig("restore users.nickname", &copy).killed_at(n).run()?;
            if ran.code.is_none() {
                let done = again.colmig("restore users.nickname --message-format json", &copy);
                // Killed behind its last commit, it has nothing left to do.
                let whole = copy.count("_colmig_history WHERE step = 'restore'")? == 1;
                let done = done.run()?.expect(0)?;
                let says: &[_] = if whole {
                    &["\"restored\":0"]
                } else {
                    &["\"restored\":2198", "\"kept\":1", "\"gone\":1"]
                };
                done.says(says).with_context(|| format!("statement {n}"))?;
            }
            ensure!(copy.count("users WHERE nickname = 'nick of ' || email")? == 2198);
            ensure!(copy.count("users WHERE nickname = 'own'")? == 1);
            copy.remove()?;
            if ran.code.is_some() {
                break;
            }
        }
        database.remove()?;
    }
    Ok(())
}

/// The whole of it, as it is typed.
#[test]
fn the_commands_tell_what_they_do() -> Result<()> {
    let shops = [Shop::release(1)?, Shop::release(2)?, Shop::release(3)?];
    for database in TestDatabase::sorts()? {
        let run = |release: usize, words: &str, code: i32, says: &[&str]| -> Result<()> {
            shops[release - 1].colmig(words, &database).run()?.expect(code)?.says(says).map(|_| ())
        };
        run(1, "history", 3, &["CM0502"])?;
        run(1, "restore users.nickname", 3, &["CM0502"])?;
        run(1, "history purge 0002.1", 3, &["CM0502"])?;
        run(1, "apply", 0, &[])?;
        fill(&database, 3)?;
        run(1, "history purge", 0, &["nothing is archived"])?;
        run(2, "apply", 0, &[])?;
        run(
            2,
            "rollback --dry-run",
            0,
            &[
                "0002.2 add users.handle: add — drops it again, with what was written to it since; ",
                "with a value of `users.handle`, which is lost",
                "; the backfill of 3 rows begins again",
                "0002.1 drop users.nickname: relax — ",
                "this was a dry run",
            ],
        )?;
        run(
            2,
            "rollback --to users.handle:enforced",
            2,
            &["is no step that is done", "users.handle:enforce"],
        )?;
        run(
            2,
            "rollback --to users.handle:backfill",
            0,
            &[
                "Will undo",
                "Undid 0002.2 add users.handle: enforce",
                "behind `users.handle:backfill`",
            ],
        )?;
        let at = "_colmig_change WHERE id = '0002.2' AND position = 4";
        ensure!(database.count(at)? == 1, "it went elsewhere");
        ensure!(database.columns("users")?.contains(&"handle?".to_owned()));
        run(2, "rollback 0002 --to users.handle:backfill", 0, &["nothing was left to undo"])?;
        run(2, "apply", 0, &["Applied 0002.2 add users.handle: enforce"])?;
        run(3, "apply --archive", 0, &["needs consent"])?;
        ensure!(archives(&database)?.is_empty(), "archived without consent");
        run(
            3,
            "apply --archive --allow-drop users.nickname",
            0,
            &["Archived 0002.1 drop users.nickname: ", "`_colmig_archive_0002_1`"],
        )?;
        run(
            3,
            "rollback 0002",
            103,
            &[
                "error[CM0709]: there is no way back since `users.nickname` was dropped on ",
                "restore users.nickname",
            ],
        )?;
        run(
            3,
            "history",
            0,
            &["0002.2  undo enforce", "0002.1  archive", "of users.nickname in _colmig"],
        )?;
        run(
            3,
            "history --message-format json",
            0,
            &["\"reason\":\"history\"", "\"step\":\"archive\""],
        )?;
        run(
            3,
            "history purge",
            103,
            &["error[CM0707]", "0002.1: ", "rows of users.nickname in _colmig"],
        )?;
        run(3, "history purge 0002.2", 2, &["error[CM0404]", "what is archived: users.nickname"])?;
        run(3, "history purge --older-than 1d", 0, &["no archive is that old"])?;
        ensure!(archives(&database)?.len() == 1);
        run(3, "history purge --older-than 0s", 0, &["0002.1: ", "Purged 0002.1: "])?;
        ensure!(archives(&database)?.is_empty());
        run(3, "history", 0, &["0002.1  purge"])?;
        database.execute("UPDATE _colmig_history SET by_user = 'nobody' WHERE seq = 3")?;
        run(3, "history", 108, &["error[CM0715]: line 3 of the history was altered"])?;
        database.execute("DELETE FROM _colmig_history WHERE seq = 2")?;
        run(3, "history", 108, &["error[CM0715]: line 3 of the history was altered"])?;
        database.remove()?;
    }
    Ok(())
}

/// Lines that the first version wrote have a hash of less; they are good, and so is what follows them.
#[test]
fn an_older_history_is_whole() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let (first, second, _) = CASES[0].releases();
        first.apply(&database, &[])?;
        let mut previous = String::new();
        let lines = database.texts(
            "SELECT project || '|' || change_id || '|' || step || '|' || direction || '|' || git_commit || '|' || note
             FROM _colmig_history ORDER BY seq",
        )?;
        for (seq, line) in (1..).zip(&lines) {
            previous =
                colmig_core::hash::of_text(&format!("{previous}\n{}", line.replace('|', "\n")));
            database.execute(&format!(
                "UPDATE _colmig_history SET hash = '{previous}' WHERE seq = {seq}"
            ))?;
        }
        second.apply(&database, &[])?;
        let history = || {
            block_on(async {
                Migrator::connect(&database.url, second.options(&[])).await?.history().await
            })
        };
        ensure!(history()?.lines.len() > lines.len() && history()?.broken.is_none());
        database.execute("UPDATE _colmig_history SET step = 'nothing' WHERE seq = 1")?;
        ensure!(history()?.broken == Some(1));
        database.remove()?;
    }
    Ok(())
}

/// `deprecated` first: the archive has what the column held when nobody wrote it any more.
#[test]
fn a_required_column_is_archived_when_nobody_writes_it_any_more() -> Result<()> {
    for database in TestDatabase::sorts()? {
        let id = typed("id", "int8");
        let release = |columns: &[Column]| {
            table("users", &["id"], [std::slice::from_ref(&id), columns].concat())
        };
        let first = Project::new().declaring(vec![release(&[column("bio")])]);
        first.apply(&database, &[])?;
        database.execute("INSERT INTO users VALUES (1, 'one')")?;
        let second = first.declaring(vec![release(&[in_state(State::Deprecated, column("bio"))])]);
        apply(&second, &database, "users.bio")?;
        ensure!(archives(&database)?.is_empty(), "it was archived while it is written");
        let third = second.declaring(vec![release(&[])]);
        database.execute("INSERT INTO users VALUES (2, 'two')")?;
        ensure!(apply(&third, &database, "users.bio")?.finished());
        ensure!(
            database.texts("SELECT bio FROM _colmig_archive_0002_1 ORDER BY id")? == ["one", "two"]
        );
        database.remove()?;
    }
    Ok(())
}
