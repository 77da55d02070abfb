//! Texts that nobody would write: none may make it panic, or overflow its stack.

use colmig_core::types::Database::{Postgres, Sqlite};
use proptest::prelude::*;

use super::schema::judge;

/// Texts of every kind, to be mutilated.
const WHOLE: &[&str] = &[
    "SELECT u.id, o.email AS \"x\" FROM users u LEFT JOIN orders o USING (id) WHERE u.handle = $1 ORDER BY 2",
    "WITH RECURSIVE t(a, b) AS (SELECT 1, 2 UNION ALL SELECT a + 1, b FROM t) SELECT * FROM t NATURAL JOIN users",
    "INSERT INTO users (email, handle) VALUES ('é', ?1), (:a, 'it''s') ON CONFLICT (id) DO UPDATE SET email = excluded.email RETURNING *",
    "UPDATE users AS u SET (a, b) = (SELECT 1, 2) FROM orders, LATERAL (SELECT u.id) l WHERE EXISTS (SELECT * FROM t)",
    "DELETE FROM orders USING users WHERE users.nickname IN (1, 2) -- end",
    "MERGE INTO users u USING orders o ON true WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (1)",
    "SELECT CASE WHEN a THEN $tag$ $ $tag$ END::int[], x -> 'a' #>> '{b}', INTERVAL '1 day' FROM f(1) AS g(a, b) /* c */",
    "COPY users (id) FROM STDIN WITH (FORMAT csv); PRAGMA x; EXPLAIN (ANALYZE) SELECT [a], `b`, \"c\" FROM users FOR UPDATE",
    "CREATE TABLE t AS SELECT row_number() OVER (PARTITION BY a ORDER BY b ROWS 1 PRECEDING) FROM users TABLESAMPLE SYSTEM (1)",
];

/// Pieces that texts are made of.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "users",
    "orders",
    "handle",
    "*",
    ",",
    ".",
    "(",
    ")",
    "WHERE",
    "JOIN",
    "ON",
    "USING",
    "NATURAL",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "=",
    "RETURNING",
    "WITH",
    "AS",
    "RECURSIVE",
    "UNION",
    "ORDER",
    "BY",
    "GROUP",
    "HAVING",
    "EXISTS",
    "NOT",
    "NULL",
    "CASE",
    "WHEN",
    "END",
    "'",
    "\"",
    "$1",
    "?",
    "1",
    "-",
    "+",
    "::",
    "[",
    "]",
    "DELETE",
    "CONFLICT",
    "DO",
    "excluded",
    "LATERAL",
    "TABLE",
    "COPY",
    "MERGE",
    ";",
    "--",
    "/*",
    "*/",
    "é",
    "\n",
    "$$",
    "\\",
];

fn takes(sql: &str) {
    for databases in [&[Postgres][..], &[Sqlite]] {
        for row in [None, Some("User")] {
            for finding in judge(sql, databases, row).findings {
                assert!(finding.at.start <= finding.at.end && finding.at.end <= sql.len(), "{sql}");
                assert!(sql.get(finding.at).is_some(), "{sql}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        takes(&text);
    }

    #[test]
    fn any_words(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        takes(&words.join(" "));
        takes(&words.concat());
    }

    /// A text with a part cut out, and pieces put in.
    #[test]
    fn any_wound(
        whole in prop::sample::select(WHOLE),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..12usize, prop::sample::select(WORDS)), 1..4),
    ) {
        let mut letters: Vec<char> = whole.chars().collect();
        for (at, length, word) in cuts {
            let start = at.index(letters.len() + 1);
            let end = (start + length).min(letters.len());
            letters.splice(start..end, word.chars());
        }
        takes(&letters.into_iter().collect::<String>());
    }
}

#[test]
fn every_beginning_of_a_text() {
    for whole in WHOLE {
        for (end, _) in whole.char_indices() {
            takes(&whole[..end]);
        }
    }
}

/// Deeper than any stack, and longer than any tree should be.
#[test]
fn depth_and_length() {
    for n in [10, 199, 3_300, 4_990, 9_900, 20_000] {
        let repeated = |piece: &str| piece.repeat(n);
        takes(&format!("SELECT {}1{}", repeated("("), repeated(")")));
        takes(&format!("SELECT {}", repeated("(")));
        takes(&format!("SELECT 1{} FROM users", repeated(" + handle")));
        takes(&format!("SELECT id FROM users WHERE{} true", repeated(" NOT")));
        takes(&format!("SELECT {}1", repeated("- ")));
        takes(&format!("SELECT 1{}", repeated(" UNION SELECT 1")));
        takes(&format!("SELECT 1 FROM {}users{}", repeated("(SELECT 1 FROM "), repeated(") x")));
        takes(&format!("SELECT 1 FROM users{}", repeated(" JOIN users ON true")));
        takes(&format!("SELECT id{} FROM users", repeated("[1]")));
        takes(&format!("SELECT id{} FROM users", repeated("::int")));
        takes(&format!("{}SELECT 1", repeated("EXPLAIN ")));
        takes(&format!("SELECT {}", repeated("CASE WHEN ")));
        takes(&repeated("SELECT 1;"));
        takes(&repeated("a."));
    }
}
