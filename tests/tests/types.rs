//! The type table on real databases: each Rust spelling of each row is written by `colmig::insert` to a column of
//! the table's SQL type, read back through `FromRow`, and judged by sqlx's own test of types.

use std::borrow::Cow;
use std::net::IpAddr;
use std::num::*;
use std::rc::Rc;
use std::sync::Arc;

use colmig::Table;
use colmig_core::types::{ARRAYS, ColumnType, DATABASES, Database, TYPES};
use colmig_tests::database::{MYSQL, MYSQL_MODE, POSTGRES};
use sqlx::types::chrono::{DateTime, FixedOffset, Local, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use sqlx::types::ipnet::IpNet;
use sqlx::types::ipnetwork::IpNetwork;
use sqlx::types::mac_address::MacAddress;
use sqlx::types::time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use sqlx::types::{BigDecimal, Decimal, Json, JsonValue, Uuid};
use sqlx::{
    AssertSqlSafe, Column, Connection, FromRow, MySqlConnection, PgConnection, Row,
    SqliteConnection,
};

type Value = JsonValue;

/// Something that is stored as JSON.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Line {
    text: String,
    count: i64,
}

/// The SQL type of a Rust type as it is spelled.
fn held(rust: &str, db: Database) -> String {
    let row = ColumnType::of_rust(rust).unwrap_or_else(|| panic!("no row for `{rust}`"));
    row.on(db).unwrap_or_else(|| panic!("{db} does not hold `{rust}`")).to_owned()
}

fn table(rust: &str, db: Database) -> AssertSqlSafe<String> {
    let held = held(rust, db);
    AssertSqlSafe(format!(
        "DROP TABLE IF EXISTS samples;
         CREATE TEMPORARY TABLE samples (id {}, value {held} NOT NULL, filled {held}, missing {held})",
        held_key(db)
    ))
}

fn held_key(db: Database) -> String {
    held("i64", db) + " PRIMARY KEY NOT NULL"
}

/// Writes a value to one database and reads it back.
macro_rules! round_trip {
    ($connection:expr, $db:expr, $checks:ident, $type:ty, $value:expr) => {{
        #[derive(Debug, FromRow, Table)]
        #[colmig(table = "samples")]
        struct Sample {
            #[colmig(primary_key)]
            id: i64,
            value: $type,
            filled: Option<$type>,
            missing: Option<$type>,
        }

        let rust = stringify!($type);
        let value = || -> $type { $value };
        sqlx::raw_sql(table(rust, $db)).execute(&mut $connection).await.unwrap();
        let sample = Sample { id: 1, value: value(), filled: Some(value()), missing: None };
        let result = colmig::insert(&sample).execute(&mut $connection).await;
        result.unwrap_or_else(|error| panic!("{rust} on {}: {error}", $db));
        // The statement of another type has the same text, and the connection keeps its plan.
        $connection.clear_cached_statements().await.unwrap();
        let row = sqlx::query(Sample::SELECT).fetch_one(&mut $connection).await.unwrap();
        let read =
            Sample::from_row(&row).unwrap_or_else(|error| panic!("{rust} on {}: {error}", $db));
        assert_eq!(
            (read.id, read.value, read.filled, read.missing),
            (1, value(), Some(value()), None)
        );
        for (column, info) in row.columns().iter().zip(Sample::TABLE.columns) {
            let compatible = info.types.$checks.expect("sqlx knows the type");
            assert!(compatible(column.type_info()), "{rust} on {}: {column:?}", $db);
        }
    }};
}

/// The cases by where the types are held, and whether there are arrays of them.
macro_rules! cases {
    (
        everywhere { $($both:ty = $both_value:expr,)* }
        everywhere_but_no_arrays { $($alone:ty = $alone_value:expr,)* }
        on_postgres { $($postgres:ty = $postgres_value:expr,)* }
        on_sqlite_and_mysql { $($sqlite:ty = $sqlite_value:expr,)* }
        on_postgres_and_sqlite { $($exact:ty = $exact_value:expr,)* }
        on_mysql { $($mysql:ty = $mysql_value:expr,)* }
    ) => {
        /// What has a case, by database.
        fn spelled(db: Database) -> Vec<String> {
            let both = [$(stringify!($both),)* $(stringify!($alone),)*];
            let one: &[&str] = match db {
                Database::Postgres => &[
                    $(stringify!($postgres), stringify!(Vec<$postgres>), stringify!(Vec<Option<$postgres>>),)*
                    $(stringify!(Vec<$both>), stringify!(Vec<Option<$both>>),)*
                    $(stringify!($exact), stringify!(Vec<$exact>), stringify!(Vec<Option<$exact>>),)*
                ],
                Database::Sqlite => &[$(stringify!($sqlite),)* $(stringify!($exact),)*],
                Database::Mysql => &[$(stringify!($sqlite),)* $(stringify!($mysql),)*],
            };
            let without_blanks = |text: &&str| text.split_whitespace().collect::<String>();
            both.iter().chain(one).map(without_blanks).collect()
        }

        #[tokio::test]
        async fn every_type_on_sqlite() {
            let db = Database::Sqlite;
            let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
            $(round_trip!(connection, db, sqlite, $both, $both_value);)*
            $(round_trip!(connection, db, sqlite, $alone, $alone_value);)*
            $(round_trip!(connection, db, sqlite, $sqlite, $sqlite_value);)*
            $(round_trip!(connection, db, sqlite, $exact, $exact_value);)*
        }

        #[tokio::test]
        async fn every_type_on_mysql() {
            let db = Database::Mysql;
            for url in servers(MYSQL).split(',').filter(|url| !url.is_empty()) {
                let mut connection = MySqlConnection::connect(url).await.unwrap();
                sqlx::raw_sql(MYSQL_MODE).execute(&mut connection).await.unwrap();
                $(round_trip!(connection, db, mysql, $both, $both_value);)*
                $(round_trip!(connection, db, mysql, $alone, $alone_value);)*
                $(round_trip!(connection, db, mysql, $sqlite, $sqlite_value);)*
                $(round_trip!(connection, db, mysql, $mysql, $mysql_value);)*
            }
        }

        #[tokio::test]
        async fn every_type_and_array_on_postgres() {
            let db = Database::Postgres;
            for url in servers(POSTGRES).split(',').filter(|url| !url.is_empty()) {
                let mut connection = PgConnection::connect(url).await.unwrap();
                $(round_trip!(connection, db, postgres, $both, $both_value);)*
                $(round_trip!(connection, db, postgres, $alone, $alone_value);)*
                $(round_trip!(connection, db, postgres, $postgres, $postgres_value);)*
                $(round_trip!(connection, db, postgres, Vec<$both>, vec![$both_value, $both_value]);)*
                $(round_trip!(connection, db, postgres, Vec<$postgres>, vec![$postgres_value]);)*
                $(round_trip!(connection, db, postgres, $exact, $exact_value);)*
                $(round_trip!(connection, db, postgres, Vec<$exact>, vec![$exact_value]);)*
                $(round_trip!(connection, db, postgres, Vec<Option<$both>>, vec![None, Some($both_value)]);)*
                $(round_trip!(connection, db, postgres, Vec<Option<$postgres>>, vec![None, Some($postgres_value)]);)*
            }
        }
    };
}

cases! {
    everywhere {
        bool = true,
        i16 = i16::MIN,
        NonZeroI16 = NonZeroI16::MAX,
        i32 = i32::MIN,
        NonZeroI32 = NonZeroI32::MAX,
        i64 = i64::MIN,
        NonZeroI64 = NonZeroI64::MAX,
        f32 = 1.5,
        f64 = 0.1,
        String = "ä 'quoted' \"text\"".to_owned(),
        Box<str> = "".into(),
        Cow<'static, str> = "cow".into(),
        Vec<u8> = vec![0, 255],
        Box<[u8]> = [7].into(),
        DateTime<Utc> = moment().and_utc(),
        DateTime<Local> = moment().and_utc().into(),
        OffsetDateTime = date().with_time(clock()).assume_utc(),
        NaiveDateTime = moment(),
        PrimitiveDateTime = date().with_time(clock()),
        NaiveDate = moment().date(),
        Date = date(),
        NaiveTime = moment().time(),
        Time = clock(),
        Uuid = Uuid::from_u128(u128::MAX / 3),
        Value = serde_json::json!({ "a": [1, null, "text"] }),
        JsonValue = serde_json::json!([]),
        Json<Line> = Json(Line { text: "text".to_owned(), count: 3 }),
    }
    everywhere_but_no_arrays {
        Arc<str> = "arc".into(),
        Rc<str> = "rc".into(),
        Arc<[u8]> = [1, 2].into(),
        Rc<[u8]> = [].into(),
        Cow<'static, [u8]> = vec![3].into(),
    }
    on_postgres {
        Decimal = Decimal::new(-12_345, 3),
        BigDecimal = "12345678901234567890.123456789".parse().unwrap(),
        IpAddr = "2001:db8::1".parse().unwrap(),
        IpNet = "192.0.2.0/24".parse().unwrap(),
        IpNetwork = "192.0.2.7/24".parse().unwrap(),
        MacAddress = MacAddress::new([0, 1, 2, 3, 4, 255]),
    }
    on_sqlite_and_mysql {
        i8 = i8::MIN,
        NonZeroI8 = NonZeroI8::MAX,
        u8 = u8::MAX,
        NonZeroU8 = NonZeroU8::MAX,
        u16 = u16::MAX,
        NonZeroU16 = NonZeroU16::MAX,
        u32 = u32::MAX,
        NonZeroU32 = NonZeroU32::MAX,
    }
    on_postgres_and_sqlite {
        DateTime<FixedOffset> = moment().and_utc().fixed_offset(),
    }
    on_mysql {
        Decimal = Decimal::new(-12_345, 3),
        BigDecimal = "12345678901234567890.123456789".parse().unwrap(),
        u64 = u64::MAX,
        NonZeroU64 = NonZeroU64::MAX,
    }
}

/// A moment that every database tells apart from its neighbours: microseconds.
fn moment() -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).expect("2024 is a leap year");
    day.and_hms_micro_opt(23, 59, 58, 123_456).expect("a day has 24 hours")
}

fn date() -> Date {
    Date::from_ordinal_date(2024, 60).expect("a year has 60 days")
}

fn clock() -> Time {
    Time::from_hms_micro(23, 59, 58, 123_456).expect("a day has 24 hours")
}

fn servers(variable: &str) -> String {
    let servers = std::env::var(variable);
    servers.unwrap_or_else(|_| panic!("{variable} is not set: `cargo xtask test` starts servers"))
}

#[test]
fn every_row_and_each_of_its_spellings_has_a_case() {
    for (db, _) in DATABASES.iter().copied() {
        let cases = spelled(db);
        for row in TYPES.iter().chain(ARRAYS).filter(|row| row.on(db).is_some()) {
            for rust in row.rust {
                let example = rust.replace('_', "Line");
                // An array of an array is none, but for bytes, whose elements are found in the table first.
                let is_held =
                    ColumnType::of_rust(&example).is_some_and(|found| found.word == row.word);
                // sqlx gives MySQL no moment with an offset of its own.
                let is_held =
                    is_held && (db != Database::Mysql || example != "DateTime<FixedOffset>");
                assert!(!is_held || cases.contains(&example), "no case for `{example}` on {db}");
            }
        }
    }
}

#[test]
fn the_readme_has_the_table() {
    let readme = include_str!("../../README.md");
    let is_held = |row: &&colmig_core::types::TypeRow| {
        DATABASES.iter().any(|(database, _)| row.on(*database).is_some())
    };
    for row in TYPES.iter().filter(is_held) {
        let rust: Vec<_> =
            row.rust.iter().map(|rust| format!("`{}`", rust.replace('_', "T"))).collect();
        let rust = rust.join(", ");
        let held = DATABASES.iter().map(|(database, _)| row.on(*database).unwrap_or("–"));
        let line = format!("| {rust} | {} |\n", held.collect::<Vec<_>>().join(" | "));
        assert!(readme.contains(&line), "README.md lacks this line:\n{line}");
    }
}
