//! A package with many files and texts.

use std::ffi::OsString;
use std::fmt::Write;

use camino::Utf8PathBuf;

/// How many tables the package has.
const TABLES: usize = 20;

/// A package in a directory that is removed in the end.
pub(crate) struct Package {
    _directory: tempfile::TempDir,
    pub(crate) manifest: Utf8PathBuf,
    /// Its source files.
    pub(crate) files: Vec<Utf8PathBuf>,
    /// How many texts are in them.
    pub(crate) texts: usize,
}

impl Package {
    /// A package with so many files, ten texts in each but the two that hold tables and modules.
    pub(crate) fn write(files: usize) -> Package {
        let directory = tempfile::tempdir().expect("there is room");
        let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).expect("a plain path");
        std::fs::create_dir(root.join("src")).expect("there is room");
        let mut package = Package {
            _directory: directory,
            manifest: root.join("Cargo.toml"),
            files: Vec::new(),
            texts: 0,
        };
        let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        std::fs::write(&package.manifest, manifest).expect("there is room");
        let config = "project = \"shop\"\ndatabases = [\"postgres\"]\n";
        std::fs::write(root.join("colmig.toml"), config).expect("there is room");
        let mut modules = String::from("mod tables;\n");
        for number in 0..files {
            writeln!(modules, "mod m{number};").expect("text grows");
            package.source(&root, &format!("m{number}.rs"), &module(number));
            package.texts += STATEMENTS.len();
        }
        // A column can be on its way only where a release without it is recorded.
        std::fs::write(root.join("src/lib.rs"), tables("")).expect("there is room");
        package.run("generate");
        package.source(&root, "tables.rs", &tables(ADDED));
        package.source(&root, "lib.rs", &modules);
        package
    }

    /// Runs a command on it, which says nothing but what is wrong.
    pub(crate) fn run(&self, command: &str) {
        let line = ["cargo-colmig", command, "--quiet", "--manifest-path", self.manifest.as_str()];
        cargo_colmig::run(line.map(OsString::from));
    }

    fn source(&mut self, root: &Utf8PathBuf, name: &str, text: &str) {
        let path = root.join("src").join(name);
        std::fs::write(&path, text).expect("there is room");
        self.files.push(path);
    }
}

/// The column that the second release adds to each table.
const ADDED: &str = "
    #[colmig(adding, backfill = \"lower(email)\")]
    pub handle: WriteOnly<String>,";

fn tables(added: &str) -> String {
    let table = |number: usize| {
        format!(
            "/// What a shop keeps of kind {number}.
#[derive(Clone, Debug, sqlx::FromRow, colmig::Table)]
#[colmig(table = \"t{number}\")]
pub struct T{number} {{
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub owner_id: i64,
    pub name: String,
    pub email: String,
    pub total: Option<i64>,{added}
}}

"
        )
    };
    (0..TABLES).map(table).collect()
}

/// Calls with their texts, of the kinds that applications have. `{a}` and `{b}` are tables.
const STATEMENTS: &[&str] = &[
    "sqlx::query_as!(Row, \"SELECT id, name, email FROM {a} WHERE id = $1\", id).fetch_one(pool)",
    "sqlx::query(\"INSERT INTO {a} (owner_id, name, email, handle) VALUES ($1, $2, $3, $4) RETURNING id\").bind(id).fetch_one(pool)",
    "sqlx::query_as::<_, Row>(r#\"
            SELECT a.id, a.name, b.email, coalesce(sum(b.total), 0) AS \"total!: i64\"
            FROM {a} a LEFT JOIN {b} b ON b.owner_id = a.id AND b.total > $2
            WHERE a.name ILIKE $1 AND a.email IS NOT NULL
            GROUP BY a.id, a.name, b.email
            HAVING count(*) > 1
            ORDER BY a.name, a.id DESC LIMIT 50\"#).fetch_all(pool)",
    "sqlx::query!(\"UPDATE {a} SET name = $1, email = lower($2), handle = lower($2) WHERE id = $3\", name, name, id).execute(pool)",
    "sqlx::query(\"DELETE FROM {a} USING {b} WHERE {b}.owner_id = {a}.id AND {b}.total IS NULL\").execute(pool)",
    "sqlx::query_scalar!(\"SELECT count(*) FROM {a} WHERE EXISTS (SELECT 1 FROM {b} WHERE {b}.owner_id = {a}.id)\").fetch_one(pool)",
    "sqlx::query(\"INSERT INTO {a} (owner_id, name, email, handle) VALUES ($1, $2, $3, $4)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, handle = excluded.handle\").execute(pool)",
    "sqlx::query(\"WITH recent AS (SELECT id, owner_id FROM {b} WHERE total > 10 ORDER BY id DESC LIMIT 10) \\
            SELECT a.id, a.name FROM {a} a JOIN recent r ON r.owner_id = a.id\").fetch_all(pool)",
    "sqlx::query(AssertSqlSafe(format!(\"{} WHERE name = $1 AND id IN (SELECT owner_id FROM {b})\", T{n}::SELECT))).fetch_all(pool)",
    "pool.fetch_optional(\"SELECT CASE WHEN total > 100 THEN 'large' ELSE 'small' END AS size, date_trunc('day', now()) FROM {a} ORDER BY 1\")",
];

/// A module with a function a statement, and what else a function does.
fn module(number: usize) -> String {
    let mut text = String::from("//! A part of the shop.\n\nuse crate::tables::*;\n\n");
    for (index, statement) in STATEMENTS.iter().enumerate() {
        let (a, b) = ((number + index) % TABLES, (number + 7 * index + 1) % TABLES);
        let statement = statement
            .replace("{a}", &format!("t{a}"))
            .replace("{b}", &format!("t{b}"))
            .replace("{n}", &a.to_string());
        write!(
            text,
            "/// Does its part of the work for one row.
pub async fn part_{index}(pool: &Pool, id: i64, name: &str) -> Result<Vec<Row>, Error> {{
    if name.is_empty() || id < {index} {{
        return Err(Error::Invalid {{ id, name: name.to_owned() }});
    }}
    let rows = {statement}.await?;
    let mut seen = HashMap::new();
    for row in &rows {{
        *seen.entry(row.id).or_insert(0) += 1;
        tracing::debug!(id = row.id, name, \"a row of {{}}\", stringify!(part_{index}));
    }}
    Ok(rows.into_iter().filter(|row| seen[&row.id] == 1).map(Into::into).collect())
}}

"
        )
        .expect("text grows");
    }
    text
}
