//! What is found in which text. A new case is a new row.

use colmig_core::types::Database::{self, Postgres, Sqlite};

use super::schema::judge;

/// Any of the databases; both are tried.
const BOTH: &[Database] = &[Postgres, Sqlite];
const POSTGRES: &[Database] = &[Postgres];
const SQLITE: &[Database] = &[Sqlite];

/// A text with its findings: `‹801 handle›` is `handle`, and CM0801 is found there. Two codes at one
/// place are `‹803,804 users›`.
const CASES: &[(&[Database], &str)] = &[
    // Nothing to find.
    (BOTH, "SELECT id, email, visits, about FROM users"),
    (BOTH, "SELECT count(*) FROM users"),
    (BOTH, "SELECT NULL AS handle, id FROM users ORDER BY handle"),
    (BOTH, "SELECT id FROM strangers WHERE handle = 1 AND nickname = 2"),
    (BOTH, "SELECT * FROM strangers"),
    (BOTH, "SELECT 'handle', \"email\" FROM users -- handle\n /* nickname */"),
    (BOTH, "UPDATE users SET handle = lower(email), nickname = $1 WHERE id = $2"),
    (BOTH, "DELETE FROM users WHERE id = $1"),
    (BOTH, "BEGIN; COMMIT"),
    (SQLITE, "PRAGMA foreign_keys = 1"),
    // Reads, in every part of a statement.
    (BOTH, "SELECT id, ‹801 handle› FROM users"),
    (BOTH, "SELECT ‹801 nickname› AS name FROM users"),
    (BOTH, "SELECT lower(trim(‹801 handle›)) || ‹801 nickname› FROM users"),
    (BOTH, "SELECT id FROM users WHERE ‹801 handle› = $1 AND email = $2"),
    (BOTH, "SELECT id FROM users WHERE (email, ‹801 handle›) IN (SELECT 1, 2)"),
    (BOTH, "SELECT email FROM users GROUP BY email, ‹801 nickname› HAVING max(‹801 handle›) > 1"),
    (BOTH, "SELECT id FROM users ORDER BY ‹801 handle› DESC, id"),
    (BOTH, "SELECT id FROM users ORDER BY lower(‹801 handle›)"),
    (POSTGRES, "SELECT DISTINCT ON (‹801 handle›) id FROM users"),
    (BOTH, "SELECT row_number() OVER (PARTITION BY ‹801 handle› ORDER BY id) FROM users"),
    (BOTH, "SELECT sum(id) OVER w FROM users WINDOW w AS (ORDER BY ‹801 handle›)"),
    (BOTH, "SELECT count(*) FILTER (WHERE ‹801 handle› IS NULL) FROM users"),
    (BOTH, "SELECT CASE WHEN ‹801 handle› = 'a' THEN 1 ELSE id END FROM users"),
    (BOTH, "UPDATE users SET email = ‹801 handle› WHERE ‹801 nickname› IS NULL"),
    (BOTH, "UPDATE users SET email = $1 RETURNING id, ‹801 handle›"),
    (BOTH, "DELETE FROM users WHERE ‹801 handle› = $1 RETURNING ‹801 nickname›"),
    (BOTH, "SELECT id FROM users LIMIT (SELECT max(‹801 handle›) FROM users)"),
    (
        POSTGRES,
        "SELECT id, ‹801 handle›::text, ‹801 nickname› -> 'a' FROM users FOR UPDATE SKIP LOCKED",
    ),
    (POSTGRES, "SELECT id FROM users WHERE ‹801 handle› = ANY($1) AND email ILIKE 'a%'"),
    // Aliases and qualified names.
    (BOTH, "SELECT u.id, u.‹801 handle› FROM users u"),
    (BOTH, "SELECT users.‹801 handle› FROM users"),
    (BOTH, "SELECT public.users.‹801 handle› FROM public.users"),
    (BOTH, "SELECT handle.id FROM users AS handle"),
    (BOTH, "SELECT o.id FROM users u JOIN orders o ON o.email = u.‹801 handle›"),
    (BOTH, "SELECT o.id FROM orders o LEFT JOIN strangers s ON s.handle = o.email"),
    (BOTH, "SELECT s.handle FROM users u, strangers s"),
    // Names in other letters, and in quotes.
    (BOTH, "SELECT ‹801 HANDLE› FROM Users"),
    (BOTH, "SELECT ‹801 \"handle\"› FROM \"users\""),
    (POSTGRES, "SELECT \"HANDLE\" FROM users"),
    (SQLITE, "SELECT ‹801 \"HANDLE\"›, ‹801 [nickname]›, ‹801 `handle`› FROM users"),
    (POSTGRES, "SELECT ‹801 \"oldRank\"›, oldRank, oldrank FROM users"),
    (SQLITE, "SELECT ‹801 oldRank›, ‹801 oldrank› FROM users"),
    (POSTGRES, "SELECT id FROM \"Users\" WHERE handle = 1"),
    // Several tables: a name that only one has, and one that two have.
    (BOTH, "SELECT ‹801 nickname› FROM users JOIN orders ON user_id = users.id"),
    (BOTH, "SELECT email FROM users, orders"),
    (BOTH, "SELECT ‹812 handle› FROM users, orders"),
    // What the database must have decides; what it may no longer have, or not have yet, does not.
    (BOTH, "SELECT ‹801 nickname› FROM users JOIN strangers s ON s.id = users.id"),
    (BOTH, "SELECT ‹812 old_name› FROM users JOIN strangers s ON s.id = users.id"),
    (BOTH, "SELECT id FROM users JOIN orders USING (‹801,801 handle›)"),
    (BOTH, "SELECT users.id FROM users NATURAL JOIN ‹801,801 orders›"),
    (BOTH, "SELECT o.id FROM orders o JOIN users u USING (email) WHERE email = $1"),
    // Queries in queries.
    (BOTH, "SELECT id FROM (SELECT id, email AS handle FROM users) s WHERE handle = 'a'"),
    (BOTH, "SELECT s.handle FROM (SELECT ‹801 handle› FROM users) s"),
    (
        BOTH,
        "SELECT id FROM orders WHERE user_id IN (SELECT id FROM users WHERE ‹801 nickname› = $1)",
    ),
    (
        BOTH,
        "SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.email = u.‹801 handle›)",
    ),
    (BOTH, "SELECT id FROM users WHERE EXISTS (SELECT * FROM orders)"),
    (
        BOTH,
        "SELECT id FROM users WHERE NOT EXISTS (SELECT handle FROM orders WHERE ‹801 handle› = 1)",
    ),
    (BOTH, "SELECT (SELECT ‹801 nickname›) FROM users"),
    (BOTH, "SELECT id FROM users WHERE id IN (SELECT id FROM strangers WHERE ‹812 nickname› = 1)"),
    (BOTH, "SELECT id FROM users UNION ALL SELECT ‹801 handle› FROM users ORDER BY handle"),
    (POSTGRES, "SELECT u.id FROM users u, LATERAL (SELECT u.‹801 handle› AS x) l"),
    (
        POSTGRES,
        "SELECT x.handle FROM users u JOIN unnest($1::text[]) AS x(handle) ON x.handle = u.email",
    ),
    (
        POSTGRES,
        "SELECT ‹812 handle› FROM users u JOIN json_to_recordset($1) AS x(handle text) ON true WHERE u.id = 1",
    ),
    (BOTH, "SELECT 1 FROM (users u JOIN orders o ON u.id = o.user_id) WHERE u.‹801 handle› = 1"),
    (BOTH, "SELECT u.handle FROM (VALUES (1)) AS u(handle)"),
    // WITH.
    (BOTH, "WITH u AS (SELECT id, email AS handle FROM users) SELECT handle FROM u"),
    (BOTH, "WITH u AS (SELECT ‹801 handle› AS h FROM users) SELECT h FROM u"),
    (BOTH, "WITH users AS (SELECT 1 AS handle) SELECT handle FROM users"),
    (BOTH, "WITH u(handle) AS (SELECT email FROM users) SELECT * FROM u WHERE handle = 'a'"),
    (
        BOTH,
        "WITH RECURSIVE t AS (SELECT id, email AS handle FROM users UNION ALL SELECT t.id, t.handle FROM t) SELECT handle FROM t",
    ),
    (
        BOTH,
        "WITH a AS (SELECT 1 AS id) INSERT INTO ‹805 users› (email, nickname) SELECT id, id FROM a",
    ),
    (POSTGRES, "WITH gone AS (DELETE FROM users RETURNING ‹803 *›) SELECT id FROM gone"),
    (
        POSTGRES,
        "WITH gone AS (DELETE FROM users RETURNING id, ‹801 handle›) SELECT handle FROM gone",
    ),
    // All columns.
    (BOTH, "SELECT ‹803 *› FROM users"),
    (BOTH, "SELECT ‹803,803 *› FROM users u JOIN orders o ON u.id = o.user_id"),
    (BOTH, "SELECT ‹803 u›.*, s.* FROM users u, strangers s"),
    (BOTH, "INSERT INTO orders (user_id, email) VALUES (1, 2) RETURNING ‹803 *›"),
    (BOTH, "SELECT count(u.*) FROM users u"),
    (POSTGRES, "SELECT to_jsonb(‹803 u›) FROM users u"),
    (POSTGRES, "SELECT row_to_json(‹803 u›.*) FROM users u"),
    (POSTGRES, "‹803 WITH› a AS (SELECT 1) TABLE users"),
    (BOTH, "SELECT * FROM (SELECT id FROM users) s"),
    (POSTGRES, "COPY ‹803 users› TO STDOUT"),
    (POSTGRES, "COPY users (id, ‹801 handle›) TO STDOUT"),
    // Inserts.
    (BOTH, "INSERT INTO users (email, handle, nickname) VALUES (1, 2, 3)"),
    (BOTH, "INSERT INTO ‹804 users› VALUES (1, 2, 3)"),
    (BOTH, "INSERT INTO ‹804 users› SELECT id FROM orders"),
    (BOTH, "INSERT INTO ‹805 users› (email, nickname) VALUES (1, 2)"),
    (BOTH, "INSERT INTO ‹805 users› (email, handle) VALUES (1, 2)"),
    (BOTH, "INSERT INTO ‹805 users› (handle, nickname) VALUES (1, 2)"),
    (BOTH, "INSERT INTO ‹805 users› DEFAULT VALUES"),
    (BOTH, "INSERT INTO users (email, handle, nickname) SELECT email, ‹801 handle›, id FROM users"),
    (BOTH, "INSERT INTO users (email, handle, nickname, ‹802 old_name›) VALUES (1, 2, 3, 4)"),
    (SQLITE, "INSERT OR REPLACE INTO ‹805 users› (id, email) VALUES (1, 2)"),
    (SQLITE, "REPLACE INTO ‹804 orders› VALUES (1)"),
    (BOTH, "INSERT INTO strangers VALUES (1)"),
    (BOTH, "INSERT INTO users (email, colmig_hole) VALUES (1, 2)"),
    (POSTGRES, "COPY ‹804 users› FROM STDIN"),
    (POSTGRES, "COPY ‹805 users› (email) FROM STDIN WITH (FORMAT csv)"),
    // Upserts.
    (
        BOTH,
        "INSERT INTO users (email, handle, nickname) VALUES (1, 2, 3) ON CONFLICT (email) DO UPDATE SET handle = excluded.handle, nickname = excluded.nickname",
    ),
    (
        BOTH,
        "INSERT INTO users (email, handle, nickname) VALUES (1, 2, 3) ON CONFLICT (email) DO UPDATE SET ‹807 email› = excluded.email, nickname = 'x'",
    ),
    (
        BOTH,
        "INSERT INTO users (email, handle, nickname) VALUES (1, 2, 3) ON CONFLICT (email) DO NOTHING",
    ),
    (
        BOTH,
        "INSERT INTO users (email, handle, nickname) VALUES (1, 2, 3) ON CONFLICT (‹801 handle›) DO UPDATE SET nickname = excluded.nickname",
    ),
    (
        POSTGRES,
        "INSERT INTO users AS u (email, handle, nickname) VALUES (1, 2, 3) ON CONFLICT (id) DO UPDATE SET handle = u.‹801 handle›, nickname = ‹801 nickname› WHERE u.‹801 handle› IS NULL",
    ),
    // UPDATE and DELETE with other tables, MERGE.
    (BOTH, "UPDATE users SET ‹802 old_name› = 1"),
    (
        BOTH,
        "UPDATE users AS u SET email = o.email FROM orders o WHERE o.user_id = u.id AND o.‹801 handle› = u.‹801 handle›",
    ),
    (BOTH, "UPDATE users SET (email, handle) = (SELECT o.email, o.‹801 handle› FROM orders o)"),
    (POSTGRES, "DELETE FROM orders USING users u WHERE u.id = user_id AND ‹801 nickname› = $1"),
    (
        POSTGRES,
        "MERGE INTO users u USING orders o ON u.id = o.user_id WHEN MATCHED THEN UPDATE SET email = o.‹801 handle› WHEN NOT MATCHED THEN ‹805 INSERT› (email) VALUES (o.email)",
    ),
    // Retired columns, and read-only tables.
    (BOTH, "SELECT ‹802 old_name› FROM users"),
    (BOTH, "SELECT id, kind FROM events"),
    (BOTH, "INSERT INTO ‹809 events› (id, kind) VALUES (1, 2)"),
    (BOTH, "DELETE FROM ‹809 events›"),
    (BOTH, "UPDATE ‹809 events› SET kind = 'x'"),
    // Statements around others, and several in one text.
    (BOTH, "EXPLAIN SELECT ‹801 handle› FROM users"),
    (BOTH, "CREATE VIEW v AS SELECT ‹801 handle› FROM users"),
    (BOTH, "CREATE TABLE t AS SELECT ‹801 handle› FROM users"),
    (BOTH, "SELECT id FROM users; SELECT ‹801 handle› FROM users"),
    // Letters of several bytes, and lines.
    (BOTH, "SELECT 'é€😀', ‹801 handle› AS \"é\"\n\tFROM users\r\n WHERE 'ß' = ‹801 nickname›"),
];

/// Texts for the rows of a struct.
const ROWS: &[(&str, &str)] = &[
    ("User", "‹808,808,808 SELECT› id, email, visits, about FROM users"),
    ("User", r#"‹808,808 SELECT› id, NULL AS "handle!: _" FROM users"#),
    ("User", "SELECT NULL AS handle, NULL AS nickname, NULL AS rank FROM users"),
    ("User", r#"SELECT 1 AS "handle?", 1 AS "nickname: String", 1 AS "RANK" FROM t"#),
    ("User", "SELECT ‹803 *› FROM users"),
    ("User", "DELETE FROM users RETURNING ‹808,808,808 id›"),
    ("User", "SELECT colmig_hole FROM users"),
    ("Order", "WITH x AS (SELECT 1 AS id) ‹808 SELECT› id FROM x"),
    ("Event", "SELECT id FROM events"),
];

/// Texts that no parser takes, with a part of the reason.
const UNREAD: &[(&str, &str)] =
    &[("SELECT FROM WHERE (", "Expected"), ("hello", "Expected"), ("SELECT 'a", "Unterminated")];

/// The text without its marks, and what they say.
fn marked(text: &str) -> (String, Vec<(String, String)>) {
    let (mut sql, mut expected) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('‹') {
        let (mark, after) = after.split_once('›').expect("a mark ends");
        let (codes, word) = mark.split_once(' ').expect("a mark has a word");
        sql.push_str(before);
        let place = sql.len();
        sql.push_str(word);
        for code in codes.split(',') {
            expected.push((format!("CM0{code}"), format!("{place}: {word}")));
        }
        rest = after;
    }
    (sql + rest, expected)
}

fn found(sql: &str, databases: &[Database], row: Option<&str>) -> Vec<(String, String)> {
    let judged = judge(sql, databases, row);
    let unread = judged.unread.iter().flat_map(|unread| &unread.reasons);
    let unread = unread.map(|(database, why)| ("unread".to_owned(), format!("{database}: {why}")));
    let findings = judged.findings.iter().map(|finding| {
        let word = sql.get(finding.at.clone()).unwrap_or("no place");
        assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{sql}");
        (finding.code.id.to_owned(), format!("{}: {word}", finding.at.start))
    });
    unread.chain(findings).collect()
}

#[test]
fn every_case_has_its_findings_and_no_others() {
    assert!(CASES.len() >= 60, "{}", CASES.len());
    let mut wrong = Vec::new();
    for (databases, text) in CASES {
        let (sql, expected) = marked(text);
        for database in *databases {
            let found = found(&sql, &[*database], None);
            if found != expected {
                wrong.push(format!("{database}: {text}\n  found {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_row_has_what_its_struct_looks_for() {
    for (row, text) in ROWS {
        let (sql, expected) = marked(text);
        assert_eq!(found(&sql, BOTH, Some(row)), expected, "{row}: {text}");
    }
}

#[test]
fn what_is_not_understood_says_why() {
    for (sql, reason) in UNREAD {
        let unread = judge(sql, BOTH, None).unread.unwrap_or_else(|| panic!("{sql}"));
        assert_eq!(unread.reasons.len(), 2);
        assert!(unread.reasons[0].1.contains(reason), "{sql}: {unread:?}");
    }
}

/// The language of one database is enough.
#[test]
fn the_first_language_that_has_a_text_decides() {
    for sql in ["SELECT [id] FROM users", "SELECT id FROM users WHERE id = ANY($1::int[])"] {
        assert_eq!(found(sql, BOTH, None), []);
    }
}
