//! Enum types: the life of a value over its releases on every database, forwards and back, and each value of
//! each state on its way to the database and from it.

use colmig::migrator::Wait;
use colmig::{
    ColumnInfo, EnumInfo, EnumType, Lease, Problem, Table, TableInfo, TypeChecks, ValueInfo,
};
use colmig_core::Exit;
use colmig_core::lifecycle::{Access, Stand};
use colmig_core::parse;
use colmig_core::protocol::CHANGES;
use colmig_core::schema::Schema;
use colmig_tests::database::TestDatabase;
use colmig_tests::project::Project;
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Connection, FromRow, PgConnection, Row, SqliteConnection};
use tokio::runtime::Runtime;

/// A diary whose entries have these moods, as its source declares them.
fn diary(variants: &str) -> Schema {
    let source = format!(
        "#[derive(colmig::Enum)] #[colmig(rename_all = \"snake_case\")] enum Mood {{ Happy, Sad, {variants} }}
         #[derive(Table)] #[colmig(table = \"entries\")] struct Entry {{
             #[colmig(primary_key)] id: i64, #[colmig(enum)] mood: Mood, #[colmig(enum)] second: Option<Mood> }}
         #[derive(Table)] #[colmig(table = \"notes\")] struct Note {{
             #[colmig(primary_key)] id: i64, #[colmig(enum)] mood: Mood, text: String }}"
    );
    let Ok(file) = parse::source(&source) else { panic!("it is Rust: {source}") };
    let mistakes: Vec<_> = file.mistakes.iter().map(|m| m.problem.to_string()).collect();
    assert_eq!(mistakes, [""; 0]);
    let enums = file.enums.into_iter().map(|found| found.enumeration).collect();
    let tables = file.tables.into_iter().map(|found| found.table).collect();
    Schema { enums, ..Schema::of(tables) }
}

const ADDING: &str = "#[colmig(adding)] Angry";
const ADDING_REPLACED: &str = "#[colmig(adding, replace_with = \"sad\")] Angry";
const PLAIN: &str = "Angry";
const GOING: &str = "#[colmig(deprecated)] Angry";
const REPLACED: &str = "#[colmig(deprecated, replace_with = \"sad\")] Angry";

/// Release 1 is applied, and there are entries and notes.
fn first(database: &TestDatabase) -> Project {
    let project = Project::new().declaring_all(diary(""));
    let report = project.apply(database, &[]).expect("release 1");
    assert!(report.finished() && report.refusals.is_empty(), "{:?}", report.refusals);
    database
        .execute("INSERT INTO entries VALUES (1, 'happy', NULL), (2, 'sad', 'happy'); INSERT INTO notes VALUES (1, 'sad', 'x')")
        .expect("rows");
    project
}

/// The next release, applied to its end.
fn next(project: &Project, variants: &str, database: &TestDatabase) -> Project {
    let project = project.declaring_all(diary(variants));
    let report = project.apply(database, &[]).expect(variants);
    assert!(report.finished(), "{variants} on {}: {:?}", database.kind(), report.changes);
    assert_eq!(report.refusals, [], "{variants} on {}", database.kind());
    project
}

fn values(database: &TestDatabase) -> Vec<String> {
    database
        .texts(
            "SELECT 'entry ' || CAST(mood AS text) || ' ' || coalesce(CAST(second AS text), '-') FROM entries
             UNION ALL SELECT 'note ' || CAST(mood AS text) FROM notes ORDER BY 1",
        )
        .expect("rows")
}

/// The values of the type, in its order; nothing where it is text.
fn labels(database: &TestDatabase) -> Vec<String> {
    if !database.is_postgres() {
        return Vec::new();
    }
    let sql = "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = to_regtype('mood') ORDER BY enumsortorder";
    database.texts(sql).expect("the catalog")
}

fn labelled(database: &TestDatabase, expected: &[&str]) {
    let expected = if database.is_postgres() { expected } else { &[] };
    assert_eq!(labels(database), expected, "on {}", database.kind());
}

fn write_angry(database: &TestDatabase) {
    database
        .execute(
            "INSERT INTO entries VALUES (11, 'angry', 'angry'), (12, 'happy', 'angry');
             INSERT INTO notes VALUES (11, 'angry', 'y')",
        )
        .expect("release 3 writes it");
}

#[test]
fn a_value_comes_goes_and_comes_again() {
    for database in TestDatabase::sorts().expect("databases") {
        let release = first(&database);
        labelled(&database, &["happy", "sad"]);
        let release = next(&release, ADDING, &database);
        labelled(&database, &["happy", "sad", "angry"]);
        let migrations = release.migrations.len();
        let release = next(&release, PLAIN, &database);
        assert_eq!(release.migrations.len(), migrations, "the lock file only");
        write_angry(&database);
        let release = next(&release, REPLACED, &database);
        let expected = [
            "entry happy -",
            "entry happy sad",
            "entry sad happy",
            "entry sad sad",
            "note sad",
            "note sad",
        ];
        assert_eq!(values(&database), expected, "on {}", database.kind());
        let release = next(&release, "", &database);
        labelled(&database, &["happy", "sad", "angry"]);
        let release = next(&release, ADDING, &database);
        let release = next(&release, PLAIN, &database);
        write_one(&database);
        assert_eq!(release.migrations.len(), 4);
        let changes = release.migrations.iter().flat_map(|m| &m.manifest.changes);
        let met: Vec<_> = changes.flat_map(|change| change.acts()).collect();
        for facts in CHANGES.iter().filter(|facts| facts.kind.is_of_type()) {
            assert!(facts.steps.iter().all(|(act, _)| met.contains(act)), "{:?}", facts.kind);
        }
        database.remove().expect("it is not needed any more");
    }
}

fn write_one(database: &TestDatabase) {
    database.execute("INSERT INTO notes VALUES (21, 'angry', 'z')").expect("it came again");
}

/// A new database goes through a history in which a table with the type, and a value of it, have gone since.
#[test]
fn a_new_database_takes_a_history_of_values() {
    let without_notes = |variants: &str| {
        let mut schema = diary(variants);
        schema.tables.retain(|table| table.name != "notes");
        schema
    };
    let all = [diary(""), diary(ADDING), diary(PLAIN), without_notes(PLAIN)];
    let short = all.into_iter().fold(Project::new(), |project, next| project.declaring_all(next));
    let long = short.declaring_all(without_notes(REPLACED)).declaring_all(without_notes(""));
    for project in [short, long] {
        for database in TestDatabase::sorts().expect("databases") {
            let report = project.apply_with_fleet(&database).expect("a new database");
            assert_eq!(report.refusals, [], "on {}", database.kind());
            let waits: Vec<_> = report.changes.iter().filter_map(|c| c.wait.as_ref()).collect();
            assert!(report.finished(), "on {}: {waits:?}", database.kind());
            database.remove().expect("it is not needed any more");
        }
    }
}

/// Thousands of rows in two tables, in batches.
#[test]
fn every_row_of_every_table_gives_a_retired_value_up() {
    for database in TestDatabase::sorts().expect("databases") {
        let release = next(&first(&database), ADDING, &database);
        let release = next(&release, PLAIN, &database);
        for table in ["entries (id, mood, second)", "notes (id, mood, text)"] {
            let last = if table.starts_with("notes") { "'text'" } else { "NULL" };
            let rows: Vec<_> = (100..2600)
                .map(|n| format!("({n}, '{}', {last})", if n % 3 == 0 { "happy" } else { "angry" }))
                .collect();
            database
                .execute(&format!("INSERT INTO {table} VALUES {}", rows.join(",")))
                .expect("rows");
        }
        next(&release, REPLACED, &database);
        for table in ["entries", "notes"] {
            let count = |value: &str| {
                database
                    .count(&format!("{table} WHERE id >= 100 AND mood = '{value}'"))
                    .expect("count")
            };
            assert_eq!((count("angry"), count("happy"), count("sad")), (0, 833, 1667), "{table}");
        }
        database.remove().expect("it is not needed any more");
    }
}

#[test]
fn a_value_that_rows_hold_is_not_retired_without_another() {
    for database in TestDatabase::sorts().expect("databases") {
        let release = next(&next(&first(&database), ADDING, &database), PLAIN, &database);
        write_angry(&database);
        let going = release.declaring_all(diary(GOING));
        let error = going.apply(&database, &[]).expect_err("rows hold it");
        let colmig::Error::Problem(problem) = error else { panic!("{error}") };
        assert_eq!(problem.code.exit, Exit::Verification);
        let text = problem.to_string();
        for words in [
            "4 rows still hold `mood.angry`",
            "`entries.mood`, the first keys: ",
            "`entries.second`, the first keys: ",
            "`notes.mood`, the first keys: ",
            "11",
            "replace_with",
        ] {
            assert!(text.contains(words), "`{words}` is missing: {text}");
        }
        database
            .execute(
                "UPDATE entries SET mood = 'sad', second = NULL; UPDATE notes SET mood = 'sad'",
            )
            .expect("by hand");
        let report = going.apply(&database, &[]).expect("no row holds it");
        assert!(report.finished() && report.refusals.is_empty());
        next(&going, "", &database);
        database.remove().expect("it is not needed any more");
    }
}

/// Before who does not know a value is let in again, no row holds it.
#[test]
fn the_coming_of_a_value_is_undone() {
    for database in TestDatabase::sorts().expect("databases") {
        let release = first(&database);
        let before = values(&database);
        let release = next(&next(&release, ADDING, &database), PLAIN, &database);
        write_angry(&database);
        let report = release.rollback(&database, "0002").expect("as far as is safe");
        let waits: Vec<_> = report.changes.iter().filter_map(|c| c.wait.clone()).collect();
        assert_eq!(waits, [Wait::StillHeld { value: "angry".into(), rows: 4 }]);
        let window = report.changes.last().and_then(|c| c.progress.window()).expect("it has begun");
        assert_eq!(window.floor, 1, "nobody is let in who does not know it");
        database
            .execute("DELETE FROM entries WHERE id > 10; DELETE FROM notes WHERE id > 10")
            .expect("by hand");
        let report = release.rollback(&database, "0002").expect("back");
        assert_eq!(report.changes.last().map(|c| c.progress.position), Some(0));
        assert_eq!(values(&database), before);
        labelled(&database, &["happy", "sad", "angry"]);
        next(&release, PLAIN, &database);
        database.remove().expect("it is not needed any more");
    }
}

#[test]
fn rows_that_hold_a_value_get_another_when_its_coming_is_undone() {
    for database in TestDatabase::sorts().expect("databases") {
        let release = next(&first(&database), ADDING_REPLACED, &database);
        let release = next(&release, PLAIN, &database);
        write_angry(&database);
        let report = release.rollback(&database, "0002").expect("back");
        assert_eq!(report.changes.last().map(|c| c.progress.position), Some(0));
        assert_eq!(
            database.count("entries WHERE mood = 'angry' OR second = 'angry'").expect("count"),
            0
        );
        assert_eq!(database.count("notes WHERE mood = 'sad'").expect("count"), 2);
        database.remove().expect("it is not needed any more");
    }
}

/// A retired value comes back into use; what its rows were given stays.
#[test]
fn a_retirement_is_undone() {
    for database in TestDatabase::sorts().expect("databases") {
        let release = next(&next(&first(&database), ADDING, &database), PLAIN, &database);
        write_angry(&database);
        let retired = next(&release, REPLACED, &database);
        retired.rollback(&database, "0003").expect("back");
        write_one(&database);
        next(&retired, REPLACED, &database);
        assert_eq!(database.count("notes WHERE mood = 'angry'").expect("count"), 0);
        database.remove().expect("it is not needed any more");
    }
}

/// The type goes with its last table, and is made again; one that is there already is nobody's to take.
#[test]
fn a_type_is_made_and_unmade() {
    for database in TestDatabase::sorts().expect("databases") {
        let project = Project::new().declaring_all(diary(""));
        project.apply(&database, &[]).expect("made");
        project.rollback(&database, "0001").expect("unmade");
        labelled(&database, &[]);
        if database.is_postgres() {
            database.execute("CREATE TYPE mood AS ENUM ('x')").expect("somebody else's");
            let error = project.apply(&database, &[]).expect_err("it is there").to_string();
            assert!(error.contains("the type `mood` exists already"), "{error}");
            database.execute("DROP TYPE mood").expect("a leftover");
        }
        project.apply(&database, &[]).expect("made again");
        labelled(&database, &["happy", "sad"]);
        database.remove().expect("it is not needed any more");
    }
}

/// A column of a new type in a table that exists: added, filled and read as any other.
#[test]
fn a_table_gets_a_column_of_a_new_type() {
    let release = |field: &str| {
        let text = format!(
            "#[derive(colmig::Enum)] enum Size {{ Small, Large }}
             #[derive(Table)] #[colmig(table = \"boxes\")] struct Crate {{ #[colmig(primary_key)] id: i64, width: i64, {field} }}"
        );
        let Ok(file) = parse::source(&text) else { panic!("it is Rust: {text}") };
        assert!(file.mistakes.is_empty(), "{text}");
        let is_used = !field.is_empty();
        let enums = file.enums.into_iter().filter(|_| is_used).map(|found| found.enumeration);
        let tables = file.tables.into_iter().map(|found| found.table).collect();
        Schema { enums: enums.collect(), ..Schema::of(tables) }
    };
    let adding = "#[colmig(enum, adding, backfill = \"CASE WHEN width > 5 THEN 'Large' ELSE 'Small' END\")] size: WriteOnly<Size>";
    for database in TestDatabase::sorts().expect("databases") {
        let project = Project::new().declaring_all(release(""));
        project.apply(&database, &[]).expect("release 1");
        database.execute("INSERT INTO boxes VALUES (1, 3), (2, 7)").expect("rows");
        for field in [adding, "#[colmig(enum)] size: Size"] {
            let project = project.declaring_all(release(adding));
            let project =
                if field == adding { project } else { project.declaring_all(release(field)) };
            let report = project.apply(&database, &[]).expect(field);
            assert!(
                report.finished() && report.refusals.is_empty(),
                "{field}: {:?}",
                report.refusals
            );
        }
        let sizes =
            database.texts("SELECT CAST(size AS text) FROM boxes ORDER BY id").expect("rows");
        assert_eq!(sizes, ["Small", "Large"]);
        assert_eq!(database.columns("boxes").expect("columns"), ["id!", "width!", "size!"]);
        database.remove().expect("it is not needed any more");
    }
}

const fn value(name: &'static str, stand: Stand, born: &'static str) -> ValueInfo {
    ValueInfo { name, variant: name, stand, born }
}

const HAPPY: ValueInfo = value("happy", Stand::Required, "0001");
const SAD: ValueInfo = value("sad", Stand::Required, "0001");

static MOODS: [EnumInfo; 4] = [
    EnumInfo { name: "mood", rust: "release 1", values: &[HAPPY, SAD] },
    EnumInfo {
        name: "mood",
        rust: "release 2",
        values: &[HAPPY, SAD, value("angry", Stand::Adding, "0002")],
    },
    EnumInfo {
        name: "mood",
        rust: "release 3",
        values: &[HAPPY, SAD, value("angry", Stand::Required, "0002")],
    },
    EnumInfo {
        name: "mood",
        rust: "release 4",
        values: &[HAPPY, SAD, value("angry", Stand::Deprecated, "0002")],
    },
];

const fn column(name: &'static str) -> ColumnInfo {
    let types = TypeChecks { postgres: None, sqlite: None, mysql: None };
    ColumnInfo { name, stand: Stand::Required, born: "0001", auto: false, derived: None, types }
}

const fn notes(access: Access, enums: &'static [&'static EnumInfo]) -> TableInfo {
    TableInfo {
        name: "notes",
        rust: "Note",
        package: "shop",
        access,
        owner: "",
        project: "shop",
        head: "",
        born: "0001",
        columns: const { &[column("id"), column("mood"), column("text")] },
        primary_key: &["id"],
        constraints: &[],
        enums,
    }
}

/// What each release does with the notes; the last one only reads them, as release 1 does.
static NOTES: [TableInfo; 5] = [
    notes(Access::Writer, &[&MOODS[0]]),
    notes(Access::Writer, &[&MOODS[1]]),
    notes(Access::Writer, &[&MOODS[2]]),
    notes(Access::Writer, &[&MOODS[3]]),
    notes(Access::ReadOnly, &[&MOODS[0]]),
];

/// An instance of a release, or why it may not run.
fn start(runtime: &Runtime, release: usize, url: &str) -> colmig::Result<Lease> {
    runtime.block_on(async {
        let lease = Lease::new("shop", &release.to_string()).tables(&[&NOTES[release - 1]]);
        if url.starts_with("postgres") {
            lease.connect(PoolOptions::<sqlx::Postgres>::new(), url).await?;
        } else if url.starts_with("mysql") {
            lease.connect(PoolOptions::<sqlx::MySql>::new(), url).await?;
        } else {
            lease.connect(PoolOptions::<sqlx::Sqlite>::new(), url).await?;
        }
        Ok(lease)
    })
}

fn refused(runtime: &Runtime, release: usize, url: &str, words: &str) {
    let error = start(runtime, release, url).err().expect("it may not run").to_string();
    assert!(error.contains("mood.angry") && error.contains(words), "release {release}: {error}");
}

/// Who is let in, release by release: nobody writes a value that somebody who is alive cannot read.
#[test]
fn releases_that_know_a_value_come_before_those_that_write_it() {
    let runtime = Runtime::new().expect("a runtime");
    for database in TestDatabase::sorts().expect("databases") {
        let url = &database.url;
        let release = first(&database);
        let old = start(&runtime, 1, url).expect("release 1");
        refused(&runtime, 2, url, "does not exist");
        refused(&runtime, 3, url, "does not exist");

        let release = release.declaring_all(diary(ADDING));
        let waiting = |release: &Project, words: &str| {
            let report = release.apply_with_fleet(&database).expect("as far as is safe");
            assert_eq!(report.refusals, [], "it may be deployed");
            let waits: Vec<_> = report.changes.iter().filter_map(|c| c.wait.clone()).collect();
            let waits: Vec<_> = waits.iter().map(ToString::to_string).collect();
            assert!(
                waits.len() == 1 && waits[0].contains(words),
                "{waits:?} on {}",
                database.kind()
            );
        };
        waiting(&release, "is alive and older");
        let reading = start(&runtime, 5, url).expect("it never writes it, and nobody does");
        let new = start(&runtime, 2, url).expect("release 2");
        refused(&runtime, 3, url, "the database is not ready");
        runtime.block_on(old.release());
        waiting(&release, "is alive and older");
        runtime.block_on(reading.release());
        let report = release.apply_with_fleet(&database).expect("everybody knows it");
        assert!(report.finished(), "{:?}", report.changes.last());
        refused(&runtime, 1, url, "does not know the value");
        refused(&runtime, 5, url, "does not know the value");

        let release = release.declaring_all(diary(PLAIN));
        let writing = start(&runtime, 3, url).expect("release 3");
        runtime.block_on(new.release());
        let release = release.declaring_all(diary(REPLACED));
        waiting(&release, "is alive and older");
        let last = start(&runtime, 4, url).expect("release 4");
        refused(&runtime, 1, url, "mood.angry");
        runtime.block_on(writing.release());
        let report = release.apply_with_fleet(&database).expect("nobody writes it");
        assert!(report.finished(), "{:?}", report.changes.last());
        refused(&runtime, 3, url, "writes it: a plain variant");
        runtime.block_on(last.release());
        database.remove().expect("it is not needed any more");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, colmig::Enum)]
#[colmig(type = "feeling", rename_all = "snake_case")]
enum Mood {
    VeryHappy,
    Sad,
    #[colmig(rename = "it's \"meh\"")]
    Indifferent,
    #[colmig(adding)]
    Angry,
    #[colmig(deprecated, replace_with = "sad")]
    Furious,
}

#[derive(Debug, PartialEq, FromRow, Table)]
#[colmig(table = "samples")]
struct Sample {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(enum = "feeling")]
    mood: Mood,
    #[colmig(enum = "feeling")]
    filled: Option<Mood>,
    #[colmig(enum = "feeling")]
    missing: Option<Mood>,
}

const SAMPLES: &str = "DROP TABLE IF EXISTS samples; CREATE TEMPORARY TABLE samples (
    id bigint PRIMARY KEY, mood feeling NOT NULL, filled feeling, missing feeling)";

macro_rules! every_value {
    ($connection:expr, $checks:ident) => {{
        let sample = |id, mood| Sample { id, mood, filled: Some(mood), missing: None };
        for (id, mood) in (1..).zip([Mood::VeryHappy, Mood::Sad, Mood::Indifferent]) {
            colmig::insert(&sample(id, mood)).execute(&mut $connection).await.unwrap();
        }
        for (mood, word, why) in
            [(Mood::Angry, "angry", "`adding`"), (Mood::Furious, "furious", "`deprecated`")]
        {
            let error = colmig::insert(&sample(9, mood)).execute(&mut $connection).await;
            let Err(colmig::Error::Problem(problem)) = error else { panic!("{error:?}") };
            let text = problem.to_string();
            assert!(text.contains("samples.mood") && text.contains(why), "{text}");
            assert!(text.contains(&format!("Mood::{mood:?}")), "{text}");
            let sql = format!("INSERT INTO samples VALUES (9, '{word}', '{word}', NULL)");
            sqlx::query(AssertSqlSafe(sql)).execute(&mut $connection).await.unwrap();
            let sql = AssertSqlSafe(format!("{} WHERE id = 9", Sample::SELECT));
            let read: Sample = sqlx::query_as(sql).fetch_one(&mut $connection).await.unwrap();
            assert_eq!(read, sample(9, mood));
            sqlx::query("DELETE FROM samples WHERE id = 9")
                .execute(&mut $connection)
                .await
                .unwrap();
        }
        let sql = AssertSqlSafe(format!("{} WHERE mood = $1", Sample::SELECT));
        let row = sqlx::query(sql).bind(Mood::Sad).fetch_one(&mut $connection).await.unwrap();
        assert_eq!(Sample::from_row(&row).unwrap(), sample(2, Mood::Sad));
        for (column, info) in row.columns().iter().zip(Sample::TABLE.columns) {
            let compatible = info.types.$checks.expect("the type is known");
            assert!(compatible(sqlx::Column::type_info(column)), "{column:?}");
        }
        let words: Vec<String> =
            sqlx::query_scalar("SELECT CAST(mood AS text) FROM samples ORDER BY id")
                .fetch_all(&mut $connection)
                .await
                .unwrap();
        assert_eq!(words, ["very_happy", "sad", "it's \"meh\""]);
    }};
}

fn not_known(error: &sqlx::Error) {
    let sqlx::Error::ColumnDecode { source, .. } = error else { panic!("{error}") };
    let text = source.downcast_ref::<Problem>().expect("colmig's own").to_string();
    for words in ["`elated`", "Mood", "`feeling`", "`very_happy`, `sad`"] {
        assert!(text.contains(words), "`{words}` is missing: {text}");
    }
}

#[tokio::test]
async fn every_value_on_sqlite() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let samples = SAMPLES.replace(" feeling", " TEXT");
    sqlx::raw_sql(AssertSqlSafe(samples)).execute(&mut connection).await.unwrap();
    every_value!(connection, sqlite);
    let insert = "INSERT INTO samples VALUES (7, 'elated', NULL, NULL)";
    sqlx::query(insert).execute(&mut connection).await.unwrap();
    let sql = AssertSqlSafe(format!("{} WHERE id = 7", Sample::SELECT));
    let read: Result<Sample, _> = sqlx::query_as(sql).fetch_one(&mut connection).await;
    not_known(&read.unwrap_err());
}

#[test]
fn every_value_on_postgres() {
    let runtime = Runtime::new().expect("a runtime");
    let all = TestDatabase::sorts().expect("databases");
    for database in all.into_iter().filter(TestDatabase::is_postgres) {
        runtime.block_on(every_value_on_server(&database.url));
        database.remove().expect("it is not needed any more");
    }
}

async fn every_value_on_server(url: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the server answers");
    let create = "CREATE TYPE feeling AS ENUM ('very_happy', 'sad', 'it''s \"meh\"', 'angry', 'furious', 'elated')";
    sqlx::query(create).execute(&mut connection).await.expect("the server answers");
    sqlx::raw_sql(SAMPLES).execute(&mut connection).await.expect("the server answers");
    every_value!(connection, postgres);
    let insert = "INSERT INTO samples VALUES (7, 'elated', NULL, NULL)";
    sqlx::query(insert).execute(&mut connection).await.expect("the server answers");
    let sql = AssertSqlSafe(format!("{} WHERE id = 7", Sample::SELECT));
    let read: Result<Sample, _> = sqlx::query_as(sql).fetch_one(&mut connection).await;
    not_known(&read.expect_err("nobody knows the value"));
}

#[test]
fn an_enum_says_what_it_is() {
    let words: Vec<_> = Mood::ENUM.values.iter().map(|value| (value.name, value.stand)).collect();
    let expected = [
        ("very_happy", Stand::Required),
        ("sad", Stand::Required),
        ("it's \"meh\"", Stand::Required),
        ("angry", Stand::Adding),
        ("furious", Stand::Deprecated),
    ];
    assert_eq!((Mood::ENUM.name, words.as_slice()), ("feeling", expected.as_slice()));
    for index in 0..expected.len() {
        assert_eq!(Mood::at(index).map(|mood| mood.index()), Some(index));
    }
    assert_eq!(Mood::at(expected.len()), None);
    let linked: Vec<_> = Sample::TABLE.enums.iter().map(|one| one.name).collect();
    assert_eq!(linked, ["feeling"]);
}
