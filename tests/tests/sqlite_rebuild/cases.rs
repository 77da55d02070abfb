//! Tables that are hard to rebuild.

/// One of them. The column is changed and changed back; everything else has to stay.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The table, and how the text of its CREATE TABLE spells it.
    pub(crate) table: &'static str,
    pub(crate) spelled: &'static str,
    pub(crate) column: &'static str,
    pub(crate) schema: &'static str,
    /// What has to work afterwards, with its first value; the database is rolled back after each.
    pub(crate) gives: &'static [(&'static str, &'static str)],
    /// What has to fail afterwards, with a part of the message.
    pub(crate) fails: &'static [(&'static str, &'static str)],
}

const PLAIN: Case = Case {
    name: "plain",
    table: "t",
    spelled: "t",
    column: "c",
    schema: "",
    gives: &[],
    fails: &[],
};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "AUTOINCREMENT after the highest row was deleted",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, c TEXT);
                 CREATE TABLE other(id INTEGER PRIMARY KEY AUTOINCREMENT);
                 INSERT INTO t VALUES (3, 'a'), (7, 'b'), (99, 'c');
                 INSERT INTO other VALUES (5);
                 DELETE FROM t WHERE id = 99;",
        gives: &[("INSERT INTO t(c) VALUES ('d') RETURNING id", "100")],
        ..PLAIN
    },
    Case {
        name: "AUTOINCREMENT of an emptied table",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, c TEXT);
                 INSERT INTO t VALUES (41, 'a');
                 DELETE FROM t;",
        gives: &[("INSERT INTO t(c) VALUES ('d') RETURNING id", "42")],
        ..PLAIN
    },
    Case {
        name: "AUTOINCREMENT that never counted",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, c TEXT);",
        gives: &[
            ("SELECT count(*) FROM sqlite_sequence", "0"),
            ("INSERT INTO t(c) VALUES ('d') RETURNING id", "1"),
        ],
        ..PLAIN
    },
    Case {
        name: "WITHOUT ROWID with a descending composite key and an index on all of it",
        schema: "CREATE TABLE t(a TEXT, b INT, c, PRIMARY KEY (b DESC, a COLLATE NOCASE)) WITHOUT ROWID;
                 CREATE INDEX covering ON t(c, a, b);
                 INSERT INTO t VALUES ('z', 1, 1), ('y', 2, 2), ('x', 3, 0);",
        gives: &[("SELECT group_concat(b) FROM t NOT INDEXED", "3,2,1")],
        fails: &[("INSERT INTO t VALUES ('Z', 1, 1)", "UNIQUE"), ("SELECT rowid FROM t", "rowid")],
        ..PLAIN
    },
    Case {
        name: "STRICT",
        schema: "CREATE TABLE t(id INT PRIMARY KEY, c INTEGER, any ANY, b BLOB) STRICT, WITHOUT ROWID;
                 INSERT INTO t VALUES (1, 2, '007', x'00ff'), (2, 3, 7.0, NULL);",
        gives: &[("SELECT typeof(any) FROM t WHERE id = 1", "text")],
        fails: &[("INSERT INTO t VALUES (3, 'x', 1, NULL)", "cannot store TEXT")],
        ..PLAIN
    },
    Case {
        name: "generated columns",
        schema: "CREATE TABLE t(v INT GENERATED ALWAYS AS (c + 1), a INT, c INT,
                     s TEXT AS (upper(n)) STORED UNIQUE, n TEXT, w AS (coalesce(v, '') || s) VIRTUAL NOT NULL);
                 CREATE INDEX tv ON t(v);
                 INSERT INTO t(a, c, n) VALUES (1, 10, 'x'), (2, 20, 'y');",
        gives: &[("SELECT w FROM t WHERE v = 21", "21Y")],
        fails: &[("INSERT INTO t(c, n) VALUES (1, 'X')", "UNIQUE")],
        ..PLAIN
    },
    Case {
        name: "NOT NULL on a generated column",
        column: "g",
        schema: "CREATE TABLE t(a INT, g INT GENERATED ALWAYS AS (a * 2) STORED);
                 INSERT INTO t(a) VALUES (1), (2);",
        gives: &[("SELECT sum(g) FROM t", "6")],
        ..PLAIN
    },
    Case {
        name: "words that are not what they look like",
        schema: "CREATE TABLE t(
                   a TEXT DEFAULT 'c TEXT NOT NULL' CHECK (a <> 'NOT NULL, c'), -- c TEXT NOT NULL
                   /* c TEXT NOT NULL, */
                   c DECIMAL(10, 2) DEFAULT NULL CHECK ((c NOT NULL) OR (c IS NULL)), -- the c
                   d INT REFERENCES t2 ON DELETE SET NULL NOT DEFERRABLE,
                   CONSTRAINT c CHECK (c NOT NULL OR a NOT NULL)
                 );
                 CREATE TABLE t2(id INTEGER PRIMARY KEY);
                 INSERT INTO t2 VALUES (1);
                 INSERT INTO t(c, d) VALUES (1.5, 1), ('2.50', NULL);",
        gives: &[("DELETE FROM t2 RETURNING (SELECT count(d) FROM t)", "0")],
        fails: &[("INSERT INTO t(a, c) VALUES ('NOT NULL, c', 1)", "CHECK")],
        ..PLAIN
    },
    Case {
        name: "a foreign key to itself",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY, c INT REFERENCES t(id) ON DELETE CASCADE,
                     e INT REFERENCES T);
                 INSERT INTO t VALUES (1, 1, NULL), (2, 1, 1), (3, 2, 2);",
        gives: &[("DELETE FROM t WHERE id = 1 RETURNING 1", "1")],
        fails: &[("INSERT INTO t VALUES (4, 9, NULL)", "FOREIGN KEY")],
        ..PLAIN
    },
    Case {
        name: "foreign keys of other tables, with rows",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY, c TEXT, code TEXT UNIQUE, mail TEXT);
                 CREATE UNIQUE INDEX mails ON t(mail);
                 CREATE TABLE child(p INT REFERENCES t ON DELETE CASCADE,
                     code TEXT REFERENCES \"t\"(code), mail TEXT REFERENCES T(mail) ON UPDATE CASCADE);
                 INSERT INTO t VALUES (1, 'a', 'x', 'm'), (5, 'b', 'y', 'n');
                 INSERT INTO child VALUES (1, NULL, 'm'), (5, 'y', NULL), (5, NULL, NULL);",
        gives: &[
            ("SELECT count(*) FROM child", "3"),
            ("DELETE FROM t WHERE id = 1 RETURNING 1", "1"),
        ],
        fails: &[
            ("INSERT INTO child VALUES (2, NULL, NULL)", "FOREIGN KEY"),
            ("UPDATE t SET code = 'z' WHERE id = 5", "FOREIGN KEY"),
        ],
        ..PLAIN
    },
    Case {
        name: "rows that missed their parent before, and a view that could not be read before",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY, c INT, p INT REFERENCES t);
                 CREATE VIEW lost AS SELECT * FROM nowhere;
                 PRAGMA foreign_keys = OFF;
                 INSERT INTO t VALUES (1, 1, 9);
                 PRAGMA foreign_keys = ON;",
        fails: &[("SELECT * FROM lost", "no such table")],
        ..PLAIN
    },
    Case {
        name: "a foreign key to a column that is no key",
        schema: "CREATE TABLE t(a INT, c INT, p INT REFERENCES t(a));",
        fails: &[("INSERT INTO t(c) VALUES (1)", "foreign key mismatch")],
        ..PLAIN
    },
    Case {
        name: "views, and views of views",
        schema: "CREATE VIEW before AS SELECT t.c AS x, id FROM t;
                 CREATE TABLE t(id INTEGER PRIMARY KEY, c TEXT);
                 CREATE VIEW v AS SELECT id, c FROM main.t WHERE c <> '';
                 CREATE VIEW vv(a, b) AS SELECT v.id, b.x FROM v JOIN before b USING (id) -- t;
                 ;
                 CREATE TRIGGER instead INSTEAD OF INSERT ON v
                   BEGIN INSERT INTO t(c) VALUES (NEW.c); END;
                 INSERT INTO v(c) VALUES ('one'), ('two');",
        gives: &[
            ("SELECT b FROM vv WHERE a = 2", "two"),
            ("INSERT INTO v(c) VALUES ('x') RETURNING (SELECT count(*) FROM t)", "3"),
        ],
        ..PLAIN
    },
    Case {
        name: "triggers on the table and triggers that write it",
        schema: "CREATE TABLE log(what);
                 CREATE TABLE t(id INTEGER PRIMARY KEY, c TEXT);
                 CREATE TABLE other(x);
                 CREATE TRIGGER first AFTER INSERT ON t WHEN NEW.c <> ';' BEGIN
                   INSERT INTO log VALUES ('first; ' || NEW.c); -- t
                   UPDATE t SET c = c || '!' WHERE id = NEW.id;
                 END;
                 CREATE TRIGGER guard BEFORE DELETE ON t BEGIN SELECT raise(ABORT, 'guarded'); END;
                 CREATE TRIGGER \"a b\" AFTER INSERT ON other BEGIN
                   INSERT INTO t(c) SELECT NEW.x FROM (SELECT 1); UPDATE t SET c = 'y' WHERE c = 'n';
                 END;
                 INSERT INTO t(c) VALUES ('a'), ('b');",
        gives: &[
            ("SELECT count(*) FROM log", "2"),
            ("INSERT INTO other VALUES ('z') RETURNING 1", "1"),
        ],
        fails: &[("DELETE FROM t", "guarded")],
        ..PLAIN
    },
    Case {
        name: "indexes of every kind, and their statistics",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY, c TEXT UNIQUE, d, UNIQUE (d, c));
                 CREATE INDEX partial ON t(c) WHERE d IS NOT NULL AND t.d > 0;
                 CREATE INDEX expression ON t(lower(c), d DESC);
                 CREATE UNIQUE INDEX uniq ON t(c COLLATE NOCASE DESC); -- not twice
                 CREATE INDEX \"o\"\"dd\" ON t(d);
                 INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (4, 'C', NULL);
                 ANALYZE;",
        gives: &[
            ("SELECT count(*) > 4 FROM sqlite_stat1 WHERE tbl = 't'", "1"),
            ("SELECT count(*) > 4 FROM sqlite_stat4 WHERE tbl = 't'", "1"),
            ("SELECT id FROM t INDEXED BY expression WHERE lower(c) = 'c'", "4"),
            ("SELECT id FROM t INDEXED BY partial WHERE c = 'b' AND d IS NOT NULL AND d > 0", "2"),
        ],
        fails: &[("INSERT INTO t(c) VALUES ('A')", "UNIQUE")],
        ..PLAIN
    },
    Case {
        name: "a table in double quotes",
        table: "sel\"ect",
        spelled: "\"sel\"\"ect\"",
        column: "or\"der",
        schema: "CREATE TABLE \"sel\"\"ect\"(\"a b\" INT, \"or\"\"der\", \"NOT NULL\" TEXT NOT NULL);
                 CREATE INDEX \"sel\"\"ect i\" ON \"sel\"\"ect\"(\"a b\");
                 INSERT INTO \"sel\"\"ect\" VALUES (1, 2, 3);",
        ..PLAIN
    },
    Case {
        name: "a table in brackets",
        table: "x (y",
        spelled: "[x (y]",
        column: "a,b",
        schema: "CREATE TABLE [x (y]([a,b] [long type](3), [check] TEXT, `q``q` BLOB);
                 INSERT INTO [x (y] VALUES (1, 2, 3);",
        ..PLAIN
    },
    Case {
        name: "a table in backticks, a column in single quotes",
        table: "q",
        spelled: "`q`",
        column: "it's",
        schema: "CREATE TABLE `q`('it''s' 'some type' DEFAULT 'it''s', 'b' INT);
                 INSERT INTO q(b) VALUES (1);",
        ..PLAIN
    },
    Case {
        name: "letters of the world, and case",
        table: "Tábla😀",
        spelled: "Tábla😀",
        column: "ŐSZ",
        schema: "CREATE TABLE Tábla😀(ősz INT DEFAULT 1, ŐSZ TEXT DEFAULT 'é'--ü
                   , Key TEXT);
                 CREATE INDEX ü ON tábla😀(ŐSZ);
                 INSERT INTO Tábla😀(ősz, Key) VALUES (1, '😀');",
        ..PLAIN
    },
    Case {
        name: "keywords as bare names",
        table: "plan",
        spelled: "plan",
        column: "key",
        schema: "CREATE TABLE plan(desc text, key no action, generated, always INT, rowid);
                 INSERT INTO plan VALUES (1, 2, 3, 4, 5);",
        ..PLAIN
    },
    Case {
        name: "rowids with gaps, two of their names taken",
        schema: "CREATE TABLE t(c TEXT, RowID TEXT, _rowid_ INT);
                 INSERT INTO t(oid, c, rowid) VALUES (-5, 'a', 'x'), (10, 'b', 'y'), (900, 'c', 'z');
                 DELETE FROM t WHERE oid = 10;",
        gives: &[("SELECT group_concat(oid) FROM t", "-5,900")],
        ..PLAIN
    },
    Case {
        name: "every name of the rowid taken",
        schema: "CREATE TABLE t(rowid TEXT, c INT, _rowid_ TEXT, oid TEXT);
                 CREATE INDEX covering ON t(c, rowid, _rowid_, oid);
                 INSERT INTO t VALUES ('a', 2, 'b', 'c'), ('d', 1, 'e', 'f');",
        gives: &[("SELECT group_concat(c) FROM t NOT INDEXED", "2,1")],
        ..PLAIN
    },
    Case {
        name: "a composite key that may hold NULL",
        schema: "CREATE TABLE t(c TEXT, b INT, PRIMARY KEY (c, b));
                 INSERT INTO t VALUES ('a', NULL), ('a', NULL), ('b', 1);",
        fails: &[("INSERT INTO t VALUES ('b', 1)", "UNIQUE")],
        ..PLAIN
    },
    Case {
        name: "the rowid's own alias",
        column: "id",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY, c TEXT);
                 INSERT INTO t VALUES (-1, 'a'), (9, 'b');",
        ..PLAIN
    },
    Case {
        name: "a key that looks like the rowid's alias",
        schema: "CREATE TABLE t(id INTEGER PRIMARY KEY DESC, c TEXT);
                 INSERT INTO t(rowid, id, c) VALUES (5, 1, 'a'), (7, NULL, 'b');",
        ..PLAIN
    },
    Case {
        name: "conflict clauses that would drop or change rows",
        schema: "CREATE TABLE t(a INT UNIQUE ON CONFLICT REPLACE, c TEXT UNIQUE ON CONFLICT IGNORE,
                     d TEXT DEFAULT 'x' NOT NULL ON CONFLICT REPLACE);
                 INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', 'y');",
        gives: &[("INSERT INTO t VALUES (1, 'c', NULL) RETURNING (SELECT count(*) FROM t)", "2")],
        ..PLAIN
    },
    Case {
        name: "a table that ALTER TABLE has written into",
        schema: "CREATE TABLE started(a INT UNIQUE -- comment
                   , b INT CHECK (b > 0));
                 ALTER TABLE started ADD COLUMN c TEXT DEFAULT 'x' COLLATE NOCASE;
                 ALTER TABLE started ADD COLUMN \"d e\" REFERENCES started(a);
                 ALTER TABLE started DROP COLUMN b;
                 ALTER TABLE started RENAME COLUMN c TO \"c\";
                 ALTER TABLE started RENAME TO t;
                 INSERT INTO t(a) VALUES (1);",
        spelled: "\"t\"",
        ..PLAIN
    },
    Case {
        name: "values of every kind in columns of every kind",
        schema: "CREATE TABLE t(c, i INTEGER, r REAL, n NUMERIC, s TEXT, b BLOB);
                 INSERT INTO t VALUES (1, 9223372036854775807, 1, 1e300, 5, 5),
                     ('x', 'x', 'x', 'x', x'00', x'00'), (x'ff', 1.5, 0.1, '0x10', '', ''),
                     (1.0, -9223372036854775808, 9007199254740993, '1e3', 1e999, -0.0);",
        ..PLAIN
    },
    Case {
        name: "NOT NULL from the beginning, with a name and a conflict clause",
        schema: "CREATE TABLE t(a, c TEXT CONSTRAINT \"must be\" NOT /* ! */ NULL ON CONFLICT FAIL -- so
                   DEFAULT 'x', d INT NOT NULL);
                 CREATE INDEX i ON t(c);
                 INSERT INTO t VALUES (1, 'a', 1);",
        fails: &[("INSERT INTO t VALUES (1, 'a', NULL)", "NOT NULL")],
        ..PLAIN
    },
];
