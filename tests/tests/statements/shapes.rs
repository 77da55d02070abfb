//! Every way in which a field can hold its column, inserted, upserted, updated and read back.

use colmig::{RequiredOnWrite, Table, WriteOnly};
use sqlx::FromRow;
use sqlx::types::chrono::{DateTime, TimeZone, Utc};
use sqlx::types::{Json, Uuid};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Tags(Vec<String>);

/// A number that not every number is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Age(i64);

impl TryFrom<i64> for Age {
    type Error = String;
    fn try_from(age: i64) -> Result<Self, String> {
        if age >= 0 { Ok(Age(age)) } else { Err(format!("{age} is no age")) }
    }
}

impl From<&Age> for i64 {
    fn from(age: &Age) -> i64 {
        age.0
    }
}

/// A part of the table, in which a column is coming.
#[derive(Clone, Debug, FromRow, Table)]
#[colmig(table = "guests", partial)]
struct Address {
    street: String,
    #[colmig(adding, replaces(street), forward = "upper(street)")]
    road: WriteOnly<String>,
}

#[derive(Clone, Debug, FromRow, Table)]
#[colmig(table = "guests")]
struct Guest {
    #[colmig(primary_key)]
    id: Uuid,
    #[sqlx(flatten)]
    address: Address,
    #[sqlx(json)]
    tags: Tags,
    #[sqlx(json(nullable))]
    wishes: Option<Tags>,
    #[sqlx(try_from = "i64")]
    age: Age,
    #[colmig(generated = "age * 2")]
    #[sqlx(rename = "twice")]
    doubled: i64,
    nickname: RequiredOnWrite<String>,
    // Sources of every kind: a number, a moment, and one that may be NULL.
    cents: i64,
    #[colmig(adding, replaces(cents), forward = "CAST(cents / 100 AS text)")]
    price: WriteOnly<String>,
    since: DateTime<Utc>,
    #[colmig(
        adding,
        replaces(since),
        forward(
            postgres = "to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            sqlite = "substr(guests.since, 1, 10)"
        )
    )]
    day: WriteOnly<String>,
    note: Option<String>,
    #[colmig(adding, replaces(note), forward = "coalesce(note, 'nothing')")]
    remark: WriteOnly<String>,
    #[colmig(deprecated, reverse = "NULL")]
    card: WriteOnly<Option<Json<Tags>>>,
    #[colmig(replaces(card))]
    cards: Option<Json<Tags>>,
}

/// The table; `JSON`, `UUID` and `MOMENT` are what a database calls those.
pub(super) const TABLE: &str = "CREATE TEMPORARY TABLE guests (
    id UUID PRIMARY KEY NOT NULL, street text NOT NULL, road text NOT NULL, tags JSON NOT NULL, wishes JSON,
    age bigint NOT NULL, twice bigint GENERATED ALWAYS AS (age * 2) STORED, nickname text, cents bigint NOT NULL,
    price text NOT NULL, since MOMENT NOT NULL, day text NOT NULL, note text, remark text NOT NULL, card JSON, cards JSON)";

/// What no struct may read yet.
const UNREAD: &str = "SELECT road || ',' || price || ',' || day || ',' || remark || ',' || CASE WHEN card IS NULL THEN '-' ELSE 'card' END
    FROM guests";

fn tags(words: &[&str]) -> Tags {
    Tags(words.iter().map(|word| word.to_string()).collect())
}

fn guest() -> Guest {
    Guest {
        id: Uuid::from_u128(7),
        address: Address { street: "Main Street".to_owned(), road: "set".to_owned().into() },
        tags: tags(&["a", "b"]),
        wishes: None,
        age: Age(36),
        doubled: 0,
        nickname: "ada".to_owned().into(),
        cents: 1999,
        price: "set".to_owned().into(),
        since: Utc.with_ymd_and_hms(2024, 2, 29, 23, 59, 58).unwrap(),
        day: "set".to_owned().into(),
        note: None,
        remark: "set".to_owned().into(),
        card: Some(Json(tags(&["visa"]))).into(),
        cards: None,
    }
}

/// What can be read of a guest.
fn read(guest: &Guest) -> impl PartialEq + std::fmt::Debug + use<> {
    let Guest { id, address, tags, wishes, age, nickname, cents, since, note, cards, .. } =
        guest.clone();
    (id, address.street, tags, wishes, age, nickname, cents, since, note, cards)
}

cases! {
    async fn every_shape_of_a_field_goes_there_and_back(db) {
        let inserted = colmig::insert(&guest()).fetch_one(&mut *db).await.unwrap();
        assert_eq!(read(&inserted), read(&guest()));
        assert_eq!(inserted.doubled, 72);
        let unread: String = sqlx::query_scalar(UNREAD).fetch_one(&mut *db).await.unwrap();
        assert_eq!(unread, "set,set,set,set,card");

        // A row that was read has none of what is coming, and all of it follows.
        let changed = Guest { age: Age(40), cents: 250, wishes: Some(tags(&["c"])), ..inserted };
        colmig::update(&changed).execute(&mut *db).await.unwrap();
        let updated: Guest = sqlx::query_as(Guest::SELECT).fetch_one(&mut *db).await.unwrap();
        assert_eq!((read(&updated), updated.doubled), (read(&changed), 80));
        let unread: String = sqlx::query_scalar(UNREAD).fetch_one(&mut *db).await.unwrap();
        assert_eq!(unread, "MAIN STREET,2,2024-02-29,nothing,-");

        // And in an upsert, in either arm.
        for id in [7, 8] {
            sqlx::query("DELETE FROM guests WHERE id <> $1").bind(Uuid::from_u128(7)).execute(&mut *db).await.unwrap();
            let note = Some("something".to_owned());
            let moved = Guest { id: Uuid::from_u128(id), note, cards: Some(Json(tags(&["amex"]))), ..updated.clone() };
            let upserted = colmig::upsert(&moved).fetch_one(&mut *db).await.unwrap();
            assert_eq!((read(&upserted), upserted.doubled), (read(&moved), 80));
            let last: Vec<String> = sqlx::query_scalar(UNREAD).fetch_all(&mut *db).await.unwrap();
            assert!(last.iter().all(|last| last == "MAIN STREET,2,2024-02-29,something,-"), "{last:?}");
        }
    }

    async fn a_null_that_was_read_is_left_as_it_is(db) {
        colmig::insert(&guest()).execute(&mut *db).await.unwrap();
        sqlx::raw_sql("UPDATE guests SET nickname = NULL").execute(&mut *db).await.unwrap();
        let read: Guest = sqlx::query_as(Guest::SELECT).fetch_one(&mut *db).await.unwrap();
        assert_eq!(read.nickname.get(), None);
        sqlx::raw_sql("UPDATE guests SET nickname = 'meanwhile'").execute(&mut *db).await.unwrap();
        colmig::update(&read).execute(&mut *db).await.unwrap();
        let again: Guest = sqlx::query_as(Guest::SELECT).fetch_one(&mut *db).await.unwrap();
        assert_eq!(again.nickname.get().map(String::as_str), Some("meanwhile"));
        let error = colmig::upsert(&read).execute(&mut *db).await.unwrap_err().to_string();
        assert!(error.contains("`guests.nickname` was read as NULL, and this release writes none"), "{error}");
    }
}
