//! What becomes of a field in a statement, on real databases: a row of the table in the runtime, a case here.

use colmig::{RequiredOnWrite, Table, WriteOnly};
use sqlx::FromRow;

/// A table in the middle of everything: `first` and `last` become `full`, `last` becomes `shout` as well (which names a column that it does not replace) and loses
/// its NULLs, `price` has become `cents`, `old` has become `new`.
#[derive(Clone, Debug, FromRow, Table)]
#[colmig(table = "lives")]
pub(super) struct Life {
    #[colmig(primary_key, auto)]
    id: i64,
    #[colmig(auto, default = "'made'")]
    made: String,
    #[colmig(generated = "first || '!'")]
    loud: String,
    #[colmig(adding, replaces(loud), forward = "lower(loud)")]
    quiet: WriteOnly<String>,
    first: String,
    last: RequiredOnWrite<String>,
    #[colmig(adding, replaces(first, last), forward = "lives.first || ' ' || last || ' ' || id")]
    full: WriteOnly<String>,
    #[colmig(adding, replaces(last), forward = "upper(last) || cents")]
    shout: WriteOnly<String>,
    #[colmig(adding, backfill = "'none'")]
    handle: WriteOnly<String>,
    #[colmig(deprecated)]
    nickname: WriteOnly<Option<String>>,
    #[colmig(deprecated, reverse = "CAST(cents / 100 AS text)")]
    price: WriteOnly<String>,
    #[colmig(replaces(price))]
    cents: i64,
    #[colmig(deprecated)]
    old: WriteOnly<Option<String>>,
    #[colmig(replaces(old))]
    new: Option<String>,
}

/// The table; `COUNTS` is what a database calls a key that it makes itself.
pub(super) const TABLE: &str = "CREATE TEMPORARY TABLE lives (
    id COUNTS, made text NOT NULL DEFAULT 'made', loud text GENERATED ALWAYS AS (first || '!') STORED, quiet text,
    first text NOT NULL, last text, \"full\" text, shout text, handle text, nickname text, price text,
    cents bigint NOT NULL, old text, new text)";

/// A row that is there before the statement, far from where the database begins to count, without a value where one may be missing.
const BEFORE: &str = "INSERT INTO lives (id, made, quiet, first, \"full\", shout, handle, nickname, price, cents, old, new)
    VALUES (1001, 'mine', 'q0', 'f0', 'u0', 's0', 'h0', 'n0', '0', 0, 'o0', 'w0')";

/// The row, without what is empty in none of the cases.
const AFTER: &str = "SELECT coalesce(made, '-') || ',' || coalesce(quiet, '-') || ',' || first || ','
    || coalesce(last, '-') || ',' || coalesce(\"full\", '-') || ',' || coalesce(shout, '-') || ','
    || coalesce(handle, '-') || ',' || coalesce(nickname, '-') || ',' || coalesce(price, '-') || ',' || cents || ','
    || coalesce(old, '-') || ',' || coalesce(new, '-') FROM lives WHERE id = $1";

/// A row with a value for everything.
fn full(id: i64) -> Life {
    Life {
        id,
        made: "not written".to_owned(),
        loud: "not written".to_owned(),
        quiet: "q1".to_owned().into(),
        first: "f1".to_owned(),
        last: "l1".to_owned().into(),
        full: "u1".to_owned().into(),
        shout: "s1".to_owned().into(),
        handle: "h1".to_owned().into(),
        nickname: Some("n1".to_owned()).into(),
        price: "1".to_owned().into(),
        cents: 700,
        old: Some("o1".to_owned()).into(),
        new: Some("w1".to_owned()),
    }
}

struct Case {
    name: &'static str,
    /// Takes values away: the second row was read, and `last` was NULL.
    unset: fn(&mut Life, &Life),
    /// The row that an insert makes, or a part of the error. `ID` is its key.
    insert: Result<&'static str, &'static str>,
    /// What an update makes of the row that was there.
    update: Result<&'static str, &'static str>,
    /// What an upsert makes, of that row or anew. Its `made` is the database's where the row is new.
    upsert: Result<&'static str, &'static str>,
}

const CASES: &[Case] = &[
    Case {
        name: "all is set, and what the database makes is left to it",
        unset: |_, _| {},
        insert: Ok("MADE,q1,f1,l1,u1,s1,h1,n1,1,700,o1,w1"),
        update: Ok("MADE,q1,f1,l1,u1,s1,h1,n1,1,700,o1,w1"),
        upsert: Ok("MADE,q1,f1,l1,u1,s1,h1,n1,1,700,o1,w1"),
    },
    Case {
        name: "a column that is coming is unset, and follows from no other",
        unset: |row, read| row.handle = read.handle.clone(),
        insert: Err("`lives.handle` is write-only and has no value"),
        update: Ok("MADE,q1,f1,l1,u1,s1,h0,n1,1,700,o1,w1"),
        upsert: Err("`lives.handle` is write-only and has no value"),
    },
    Case {
        name: "a column that is going is unset",
        unset: |row, read| row.nickname = read.nickname.clone(),
        insert: Err("`lives.nickname` is write-only and has no value"),
        update: Ok("MADE,q1,f1,l1,u1,s1,h1,n0,1,700,o1,w1"),
        upsert: Err("`lives.nickname` is write-only and has no value"),
    },
    Case {
        name: "a column was read as NULL",
        unset: |row, read| row.last = read.last.clone(),
        insert: Err("`lives.last` was read as NULL, and this release writes none"),
        update: Ok("MADE,q1,f1,-,u1,s1,h1,n1,1,700,o1,w1"),
        upsert: Err("`lives.last` was read as NULL, and this release writes none"),
    },
    Case {
        name: "replacements and what is replaced follow from what is written",
        unset: |row, read| {
            row.shout = read.shout.clone();
            row.price = read.price.clone();
        },
        insert: Ok("MADE,q1,f1,l1,u1,L1700,h1,n1,7,700,o1,w1"),
        update: Ok("MADE,q1,f1,l1,u1,L1700,h1,n1,7,700,o1,w1"),
        upsert: Ok("MADE,q1,f1,l1,u1,L1700,h1,n1,7,700,o1,w1"),
    },
    Case {
        name: "a replacement follows from a column that is not written",
        unset: |row, read| {
            row.last = read.last.clone();
            row.shout = read.shout.clone();
        },
        insert: Err(
            "`lives.shout` has no value and follows from `lives.last`, which is not written",
        ),
        update: Ok("MADE,q1,f1,-,u1,s0,h1,n1,1,700,o1,w1"),
        upsert: Err(
            "`lives.shout` has no value and follows from `lives.last`, which is not written",
        ),
    },
    Case {
        name: "a replacement follows from two columns, one of which is not written",
        unset: |row, read| {
            row.last = read.last.clone();
            row.full = read.full.clone();
        },
        insert: Err("from `lives.first`, which is written, and `lives.last`, which has no value"),
        update: Err("from `lives.first`, which is written, and `lives.last`, which has no value"),
        upsert: Err("from `lives.first`, which is written, and `lives.last`, which has no value"),
    },
    Case {
        name: "a replacement follows from a column that the database makes",
        unset: |row, read| row.quiet = read.quiet.clone(),
        insert: Err(
            "`lives.quiet` has no value and follows from `lives.loud`, which the database makes",
        ),
        update: Err(
            "`lives.quiet` has no value and follows from `lives.loud`, which the database makes",
        ),
        upsert: Err(
            "`lives.quiet` has no value and follows from `lives.loud`, which the database makes",
        ),
    },
    Case {
        name: "what is replaced is unset, and nothing says how it follows",
        unset: |row, read| row.old = read.old.clone(),
        insert: Err(
            "`lives.old` has no value and follows from `lives.new`, which is written, and nothing says how",
        ),
        update: Err(
            "`lives.old` has no value and follows from `lives.new`, which is written, and nothing says how",
        ),
        upsert: Err(
            "`lives.old` has no value and follows from `lives.new`, which is written, and nothing says how",
        ),
    },
];

/// A row whose key the statement writes: an insert leaves an `auto` key to the database, so what names it cannot
/// be computed there.
const WITH_KEY: &Case = &Case {
    name: "an expression names the key too",
    unset: |row, read| row.full = read.full.clone(),
    insert: Err("id"),
    update: Ok("MADE,q1,f1,l1,f1 l1 ID,s1,h1,n1,1,700,o1,w1"),
    upsert: Ok("MADE,q1,f1,l1,f1 l1 ID,s1,h1,n1,1,700,o1,w1"),
};

fn assert_error<T>(result: colmig::Result<T>, part: &str, name: &str) {
    let Err(error) = result else { panic!("{name}: it is not refused") };
    assert!(error.to_string().contains(part), "{name}: {error}");
}

cases! {
    async fn every_field_in_every_statement(db) {
        for case in CASES.iter().chain([WITH_KEY]) {
            let name = case.name;
            sqlx::raw_sql("DELETE FROM lives").execute(&mut *db).await.unwrap();
            sqlx::raw_sql(BEFORE).execute(&mut *db).await.unwrap();
            let read: Life = sqlx::query_as(Life::SELECT).fetch_one(&mut *db).await.unwrap();
            let row = |id| {
                let mut row = full(id);
                (case.unset)(&mut row, &read);
                row
            };
            let before: String = sqlx::query_scalar(AFTER).bind(1001_i64).fetch_one(&mut *db).await.unwrap();

            match case.insert {
                Err(part) => assert_error(colmig::insert(&row(0)).execute(&mut *db).await, part, name),
                Ok(expected) => {
                    let inserted = colmig::insert(&row(0)).fetch_one(&mut *db).await.unwrap();
                    let after: String = sqlx::query_scalar(AFTER).bind(inserted.id).fetch_one(&mut *db).await.unwrap();
                    assert_eq!(after, expected.replace("MADE", "made"), "{name}: insert");
                }
            }
            let after: String = sqlx::query_scalar(AFTER).bind(1001_i64).fetch_one(&mut *db).await.unwrap();
            assert_eq!(after, before, "{name}: an insert touches no other row");

            match case.upsert {
                Err(part) => assert_error(colmig::upsert(&row(1001)).execute(&mut *db).await, part, name),
                Ok(expected) => for (id, made) in [(1001, "mine"), (1077, "made")] {
                    let read = colmig::upsert(&row(id)).fetch_one(&mut *db).await.unwrap();
                    assert_eq!((read.id, read.cents), (id, 700), "{name}");
                    let after: String = sqlx::query_scalar(AFTER).bind(id).fetch_one(&mut *db).await.unwrap();
                    let expected = expected.replace("MADE", made).replace("ID", &id.to_string());
                    assert_eq!(after, expected, "{name}: upsert of {id}");
                },
            }

            sqlx::raw_sql("DELETE FROM lives").execute(&mut *db).await.unwrap();
            sqlx::raw_sql(BEFORE).execute(&mut *db).await.unwrap();
            match case.update {
                Err(part) => {
                    assert_error(colmig::update(&row(1001)).execute(&mut *db).await, part, name);
                    let after: String = sqlx::query_scalar(AFTER).bind(1001_i64).fetch_one(&mut *db).await.unwrap();
                    assert_eq!(after, before, "{name}: what is refused changes nothing");
                }
                Ok(expected) => {
                    let result = colmig::update(&row(1001)).execute(&mut *db).await.unwrap();
                    assert_eq!(result.rows_affected(), 1, "{name}");
                    let after: String = sqlx::query_scalar(AFTER).bind(1001_i64).fetch_one(&mut *db).await.unwrap();
                    assert_eq!(after, expected.replace("MADE", "mine").replace("ID", "1001"), "{name}: update");
                }
            }
        }
    }
}
