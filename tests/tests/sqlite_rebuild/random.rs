//! Column definitions by chance: what SQLite accepts has to be understood.

/// A generator of its own, so that a failure comes back: the same seed, the same tables.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// A whole CREATE TABLE; SQLite may still refuse it.
    pub(crate) fn table(&mut self) -> String {
        let columns: Vec<_> = (0..3).map(|number| self.column(number)).collect();
        let mut body = columns.join(&format!("{},{}", self.space(), self.space()));
        if self.below(4) == 0 {
            body = [body, ",".to_owned(), self.spaced(TABLE_CONSTRAINTS)].concat();
        }
        format!(
            "CREATE TABLE {}({body})",
            self.one(&["t", "\"t\"", "main.t ", "[t]\n", "'t' /*(*/"])
        )
    }

    fn column(&mut self, number: usize) -> String {
        let mut words = vec![NAMES[number][self.below(4)].to_owned()];
        words.push(self.one(TYPES).to_owned());
        for _ in 0..self.below(5) {
            let clause = self.one(CLAUSES);
            words.push(self.spaced(clause));
        }
        words.retain(|word| !word.is_empty());
        let mut all = String::new();
        for word in words {
            all.push_str(&word);
            all.push_str(&self.space());
        }
        all
    }

    /// The words of a clause, in any case, with anything between them.
    fn spaced(&mut self, clause: &str) -> String {
        let mut all = String::new();
        for word in clause.split(' ') {
            let lower = self.below(2) == 0 && !word.contains('\'');
            all.push_str(&if lower { word.to_ascii_lowercase() } else { word.to_owned() });
            all.push_str(&self.space());
        }
        all
    }

    fn space(&mut self) -> String {
        self.one(&[" ", " ", "\n  ", "\t", "/* NOT NULL, */", " -- ) '\n", "/**/ "]).to_owned()
    }
}

const NAMES: &[&[&str]] = &[
    &["a", "[a, b]", "KEY", "'a''b'"],
    &["b", "\"b \"\"NOT NULL\"", "é", "_b$"],
    &["c", "`c``)`", "generated", "\"check\""],
];

const TYPES: &[&str] = &[
    "",
    "INT",
    "VARCHAR(3)",
    "DECIMAL ( 10 , -2 )",
    "'some type'",
    "\"NOT NULL\" x",
    "double precision",
    "no action",
    "TEXT",
    "[x y] (1)",
    "KEY",
];

/// Not GENERATED ALWAYS: SQLite takes a comment in front of it, or in it, for a part of the type.
const CLAUSES: &[&str] = &[
    "NOT NULL",
    "NOT NULL ON CONFLICT REPLACE",
    "NULL",
    "NULL ON CONFLICT FAIL",
    "CONSTRAINT x",
    "CONSTRAINT \"NOT NULL\"",
    "DEFAULT NULL",
    "DEFAULT -1.5e+3",
    "DEFAULT + 0x1F",
    "DEFAULT 'NOT NULL'",
    "DEFAULT ( ( 1 ) + 2 )",
    "DEFAULT current_timestamp",
    "DEFAULT true",
    "DEFAULT \"x\"",
    "DEFAULT x'00'",
    "UNIQUE",
    "UNIQUE ON CONFLICT IGNORE",
    "PRIMARY KEY",
    "PRIMARY KEY DESC ON CONFLICT ABORT",
    "CHECK ( 1 NOT NULL )",
    "CHECK ( ')' <> '(' AND ( 1 IS NOT NULL ) )",
    "COLLATE nocase",
    "COLLATE \"binary\"",
    "REFERENCES p",
    "REFERENCES p ( x ) ON DELETE SET NULL ON UPDATE SET DEFAULT MATCH full",
    "REFERENCES p ON INSERT NO ACTION ON DELETE CASCADE ON UPDATE RESTRICT",
    "NOT DEFERRABLE",
    "NOT DEFERRABLE INITIALLY IMMEDIATE",
    "DEFERRABLE INITIALLY DEFERRED",
    "AS ( 1 + ( 2 ) ) STORED",
    "AS ( 1 ) VIRTUAL",
];

const TABLE_CONSTRAINTS: &str = "CONSTRAINT x CHECK ( 1 NOT NULL ) ON CONFLICT FAIL CHECK ( 2 )";
