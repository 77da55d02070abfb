//! The values of columns that are dropped, kept with their keys in a table of their own, and written back.
//!
//! An archive is no table of the user's and none of the ledger's: what made it is written here, and the
//! ledger knows that it is there.

use crate::backfill::KeyColumn;
use crate::catalog::base_type;
use crate::ident::{MAX_BYTES, quote, shortened};
use crate::types::Database;

use super::{Dialect, alter};

/// A table that keeps values with their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its name.
    pub name: String,
    /// The table whose values it keeps.
    pub table: String,
    /// The columns of that table's primary key, with their types.
    pub key: Vec<KeyColumn>,
    /// The columns whose values it keeps, with their types.
    pub values: Vec<KeyColumn>,
}

/// One column of an archive on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return<'a> {
    /// The archive.
    pub archive: &'a Archive,
    /// The columns of the table's key, in the order of the archive's.
    pub key: &'a [String],
    /// The column that it keeps.
    pub from: &'a str,
    /// The column of its table that gets the values, where it is NULL.
    pub into: &'a str,
}

/// The name of a change's archive, with the project's where another project of the database has the name.
pub fn name(change: &str, project: Option<&str>) -> String {
    let suffix = project.map(|project| format!("_{project}")).unwrap_or_default();
    let base = format!("_colmig_archive_{}{suffix}", change.replace('.', "_"));
    if base.len() > MAX_BYTES { shortened(&base, "") } else { base }
}

impl Archive {
    /// Makes and fills it, with the rows that have any value. PostgreSQL reads the table under ACCESS SHARE, so
    /// that everybody reads and writes on; SQLite holds its one writer.
    ///
    /// PostgreSQL takes the columns over with their types and collations. SQLite would keep no more than an
    /// affinity, so there they are written out. MySQL has the table already ([`Archive::shell`]).
    pub fn create(&self, database: Database) -> String {
        let name = quote(&self.name);
        let key = names(&self.key).join(", ");
        let all: Vec<_> = self.key.iter().chain(&self.values).collect();
        let columns: Vec<_> = all.iter().map(|column| quote(&column.name)).collect();
        let columns = columns.join(", ");
        let rows = self.rows(&columns);
        match database {
            Database::Postgres => format!(
                "CREATE TABLE {name} AS {rows};\n{} ADD PRIMARY KEY ({key});",
                alter(&self.name)
            ),
            Database::Mysql => format!("INSERT INTO {name} ({columns}) {rows};"),
            Database::Sqlite => {
                let define =
                    |column: &&KeyColumn| format!("{} {}", quote(&column.name), column.sql_type);
                let define = all.iter().map(define).collect::<Vec<_>>().join(", ");
                format!(
                    "CREATE TABLE {name} ({define}, PRIMARY KEY ({key}));\nINSERT INTO {name} ({columns}) {rows};"
                )
            }
        }
    }

    /// Makes it without rows, where making a table ends the transaction that would fill it; what is there of an earlier
    /// attempt goes first. The columns are taken over with their types and collations.
    pub fn shell(&self, database: Database) -> Option<String> {
        let key = names(&self.key).join(", ");
        let columns = [names(&self.key), names(&self.values)].concat().join(", ");
        let (name, table) = (quote(&self.name), quote(&self.table));
        (database == Database::Mysql).then(|| {
            format!(
                "{}\nCREATE TABLE {name} (PRIMARY KEY ({key})) ENGINE = InnoDB AS SELECT {columns} FROM {table} WHERE 1 = 0;",
                drop(&self.name)
            )
        })
    }

    /// A row that it would keep, if there is any.
    pub fn any(&self) -> String {
        format!("{} LIMIT 1", self.rows("1"))
    }

    fn rows(&self, what: &str) -> String {
        let kept: Vec<_> = names(&self.values).iter().map(|v| format!("{v} IS NOT NULL")).collect();
        format!("SELECT {what} FROM {} WHERE {}", quote(&self.table), kept.join(" OR "))
    }

    /// How many rows it has.
    pub fn count(&self) -> String {
        format!("SELECT count(*) FROM {}", quote(&self.name))
    }

    /// The column that it keeps under this name.
    pub fn value(&self, name: &str) -> Option<&KeyColumn> {
        self.values.iter().find(|column| column.name == name)
    }
}

/// Drops an archive, if nobody has done so by hand.
pub fn drop(name: &str) -> String {
    format!("DROP TABLE IF EXISTS {};", quote(name))
}

impl Return<'_> {
    /// Writes the values of one batch back: the rows after the cursor up to the end of the batch, as
    /// [`Dialect::batch`] counts the parameters.
    pub fn batch(&self, dialect: &dyn Dialect, after: bool) -> String {
        self.update(dialect.database(), &self.archived(dialect, after), "")
    }

    fn update(&self, database: Database, archived: &str, and: &str) -> String {
        let (table, into) = (quote(&self.archive.table), quote(self.into));
        let rows = format!("{} AND {table}.{into} IS NULL{and}", self.same_key());
        match database {
            Database::Mysql => {
                format!("UPDATE {table} JOIN ({archived}) AS a ON {rows} SET {table}.{into} = a.v")
            }
            _ => format!("UPDATE {table} SET {into} = a.v FROM ({archived}) AS a WHERE {rows}"),
        }
    }

    /// Of the same batch: how many values there are, and how many of them still have their row.
    pub fn met(&self, dialect: &dyn Dialect, after: bool) -> String {
        let table = quote(&self.archive.table);
        format!(
            "SELECT count(*), count({table}.{}) FROM ({}) AS a LEFT JOIN {table} ON {}",
            quote(&self.key[0]),
            self.archived(dialect, after),
            self.same_key()
        )
    }

    /// The statement of a batch, over no row: the database says whether the values fit.
    pub fn trial(&self, database: Database) -> String {
        self.update(database, &self.rows(""), " AND 1 = 0")
    }

    fn archived(&self, dialect: &dyn Dialect, after: bool) -> String {
        let key = &self.archive.key;
        let lower =
            if after { format!("{} AND ", dialect.beyond(key, ">", 1)) } else { String::new() };
        let first = if after { key.len() + 1 } else { 1 };
        self.rows(&format!("{lower}{} AND ", dialect.beyond(key, "<=", first)))
    }

    /// The archived values; their keys have names that no column of the table hides.
    fn rows(&self, condition: &str) -> String {
        let key = (0..).zip(&self.archive.key).map(|(n, k)| format!("{} AS k{n}", quote(&k.name)));
        let from = quote(self.from);
        format!(
            "SELECT {}, {from} AS v FROM {} WHERE {condition}{from} IS NOT NULL",
            key.collect::<Vec<_>>().join(", "),
            quote(&self.archive.name)
        )
    }

    fn same_key(&self) -> String {
        let table = quote(&self.archive.table);
        let one = |(n, name): (usize, &String)| format!("{table}.{} = a.k{n}", quote(name));
        let key = self.key.iter().enumerate().map(one);
        key.collect::<Vec<_>>().join(" AND ")
    }
}

/// Whether a column may be given values of another declared type. PostgreSQL judges by itself. SQLite stores whatever it
/// is given, and MySQL judges value by value, which is late.
pub fn fits(database: Database, archived: &str, live: &str) -> bool {
    let (archived, live) = (base_type(archived), base_type(live));
    let both = |word: &str| archived.contains(word) && live.contains(word);
    database == Database::Postgres || archived == live || ["int", "text"].into_iter().any(both)
}

fn names(columns: &[KeyColumn]) -> Vec<String> {
    columns.iter().map(|column| quote(&column.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::dialects;

    fn column(name: &str, sql_type: &str) -> KeyColumn {
        KeyColumn { name: name.into(), sql_type: sql_type.into() }
    }

    fn archive() -> Archive {
        Archive {
            name: name("0002.1", None),
            table: "users".into(),
            key: vec![column("org", "bigint"), column("id", "bigint")],
            values: vec![column("a\"b", "text"), column("c", "bytea")],
        }
    }

    #[test]
    fn names_are_the_changes_and_short() {
        assert_eq!(name("0002.1", None), "_colmig_archive_0002_1");
        assert_eq!(name("0002.1", Some("shop")), "_colmig_archive_0002_1_shop");
        assert!(name("0002.1", Some(&"x".repeat(63))).len() <= MAX_BYTES);
    }

    #[test]
    fn a_batch_is_bounded_by_the_key() {
        let archive = archive();
        let key = ["org".to_owned(), "id".to_owned()];
        let back = Return { archive: &archive, key: &key, from: "a\"b", into: "d" };
        let postgres = dialects(Database::Postgres)[0];
        assert_eq!(
            back.batch(postgres, true),
            "UPDATE \"users\" SET \"d\" = a.v FROM (SELECT \"org\" AS k0, \"id\" AS k1, \"a\"\"b\" AS v \
             FROM \"_colmig_archive_0002_1\" WHERE (\"org\", \"id\") > (CAST($1 AS bigint), CAST($2 AS bigint)) \
             AND (\"org\", \"id\") <= (CAST($3 AS bigint), CAST($4 AS bigint)) AND \"a\"\"b\" IS NOT NULL) AS a \
             WHERE \"users\".\"org\" = a.k0 AND \"users\".\"id\" = a.k1 AND \"users\".\"d\" IS NULL"
        );
    }

    #[test]
    fn sqlite_is_given_values_of_the_same_type_only() {
        assert!(fits(Database::Sqlite, "TEXT", "text"));
        assert!(fits(Database::Sqlite, "INTEGER", "BIGINT"));
        assert!(!fits(Database::Sqlite, "TEXT", "INTEGER"));
        assert!(fits(Database::Postgres, "text", "integer"), "PostgreSQL is asked");
    }
}
