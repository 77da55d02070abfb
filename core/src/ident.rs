//! Identifiers: what may name a table or a column, and how it is quoted.

use crate::problem::{IDENTIFIER, Problem};
use crate::types::Database;

/// The longest name, in bytes, that every supported database holds whole. PostgreSQL cuts longer ones
/// silently (NAMEDATALEN − 1), which would join two columns into one.
pub const MAX_BYTES: usize = 63;

/// The longest table or column name. Constraints that colmig makes for a while append a suffix to it,
/// and [`shortened`] makes room for that.
pub fn check(name: &str) -> Result<(), Problem> {
    let shown = name.escape_debug();
    if name.is_empty() {
        return Err(IDENTIFIER.problem("a name is empty").help("write a name between the quotes"));
    }
    if name.len() > MAX_BYTES {
        return Err(IDENTIFIER
            .problem(format!("`{shown}` is {} bytes long; {MAX_BYTES} is the limit", name.len()))
            .help("PostgreSQL would cut it silently; choose a shorter name"));
    }
    if name.contains('\0') {
        return Err(IDENTIFIER
            .problem(format!("`{shown}` contains a NUL character"))
            .help("no database can hold it; delete it"));
    }
    if name.to_ascii_lowercase().starts_with("_colmig")
        || name.to_ascii_lowercase().starts_with("sqlite_")
    {
        return Err(IDENTIFIER
            .problem(format!("`{shown}` begins with a reserved prefix"))
            .help("`_colmig` is the ledger's and `sqlite_` is SQLite's; choose another name"));
    }
    Ok(())
}

/// The columns that every table of PostgreSQL has without saying so (ddl-system-columns); it refuses others of these
/// names, in small letters only.
const SYSTEM_COLUMNS: &[&str] = &["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// The longest name of a column, and one that no database keeps for itself.
pub fn check_column(name: &str) -> Result<(), Problem> {
    check(name)?;
    if SYSTEM_COLUMNS.contains(&name) {
        return Err(IDENTIFIER
            .problem(format!("`{name}` is a system column of every table of PostgreSQL"))
            .help(format!("choose another name, `{name}_` for instance")));
    }
    Ok(())
}

/// The longest name of an enum type, and one that needs no quotes: sqlx hands it to PostgreSQL as it is, and
/// PostgreSQL looks for its own types first.
pub fn check_type(name: &str) -> Result<(), Problem> {
    check(name)?;
    let mut letters = name.chars();
    let is_plain = letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_plain {
        return Err(IDENTIFIER
            .problem(format!("`{}` would need quotes as the name of a type", name.escape_debug()))
            .help("begin with a small letter, and go on with small letters, digits and `_`"));
    }
    if TAKEN_TYPES.contains(&name) {
        return Err(IDENTIFIER
            .problem(format!("`{name}` means something else to PostgreSQL where a type stands"))
            .help(format!("choose another name, `{name}_kind` for instance")));
    }
    Ok(())
}

/// A value of an enum type, which PostgreSQL stores as it stores a name.
pub fn check_value(word: &str) -> Result<(), Problem> {
    let shown = word.escape_debug();
    let wrong = match word.len() {
        0 => Some("is empty".to_owned()),
        length if length > MAX_BYTES => {
            Some(format!("is {length} bytes long; {MAX_BYTES} is the limit"))
        }
        _ if word.contains('\0') => Some("contains a NUL character".to_owned()),
        _ => None,
    };
    match wrong {
        None => Ok(()),
        Some(wrong) => Err(IDENTIFIER
            .problem(format!("the value `{shown}` {wrong}"))
            .help("write a word that every database can hold: `#[colmig(rename = \"…\")]`")),
    }
}

/// Names that a type of one's own cannot have without quotes: words of SQL, and PostgreSQL's own types.
const TAKEN_TYPES: &[&str] = &[
    "abstime",
    "aclitem",
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "bool",
    "boolean",
    "both",
    "box",
    "bpchar",
    "bytea",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "cid",
    "cidr",
    "circle",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "cstring",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "date",
    "datemultirange",
    "daterange",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "double",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "float4",
    "float8",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "inet",
    "initially",
    "inner",
    "inout",
    "int",
    "int2",
    "int4",
    "int4multirange",
    "int4range",
    "int8",
    "int8multirange",
    "int8range",
    "integer",
    "internal",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "jsonb",
    "jsonpath",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "line",
    "localtime",
    "localtimestamp",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "nummultirange",
    "numrange",
    "offset",
    "oid",
    "oidvector",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "path",
    "placing",
    "point",
    "polygon",
    "position",
    "precision",
    "primary",
    "real",
    "record",
    "refcursor",
    "references",
    "regclass",
    "regtype",
    "reltime",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "text",
    "then",
    "tid",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tinterval",
    "to",
    "trailing",
    "treat",
    "trigger",
    "trim",
    "true",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "union",
    "unique",
    "unknown",
    "user",
    "using",
    "uuid",
    "values",
    "varbit",
    "varchar",
    "variadic",
    "verbose",
    "void",
    "when",
    "where",
    "window",
    "with",
    "xid",
    "xid8",
    "xml",
    "xmltable",
];

/// The name between double quotes, as standard SQL, PostgreSQL and SQLite want it.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The name between the quotes that all of these databases take it in, whatever a session has set: MySQL takes what
/// stands between double quotes for a text, and SQLite takes backticks too.
pub fn quoted_for(name: &str, databases: &[Database]) -> String {
    let has = |database| databases.contains(&database);
    match has(Database::Mysql) && !has(Database::Postgres) {
        true => format!("`{}`", name.replace('`', "``")),
        false => quote(name),
    }
}

/// Text between single quotes.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `base` and `suffix` in at most [`MAX_BYTES`], kept unique by a hash where `base` had to be cut.
pub fn shortened(base: &str, suffix: &str) -> String {
    if base.len() + suffix.len() <= MAX_BYTES {
        return format!("{base}{suffix}");
    }
    let hash = &crate::hash::of_text(base)["sha256:".len()..][..8];
    let mut room = MAX_BYTES - suffix.len() - hash.len() - 1;
    while !base.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}_{hash}{suffix}", &base[..room])
}

/// The name as a part of a file name: what is not a letter, a digit or `_` becomes `-`.
pub fn for_file(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mysql_alone_or_with_sqlite_takes_backticks() {
        use Database::{Mysql, Postgres, Sqlite};
        assert_eq!(quoted_for("a`b", &[Mysql]), "`a``b`");
        assert_eq!(quoted_for("a", &[Sqlite, Mysql]), "`a`");
        for others in [&[][..], &[Sqlite], &[Postgres, Mysql]] {
            assert_eq!(quoted_for("a", others), "\"a\"", "{others:?}");
        }
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn the_name_of_a_type_needs_no_quotes_and_is_free() {
        for name in ["mood", "order_status", "m2"] {
            assert!(check_type(name).is_ok(), "{name}");
        }
        for name in ["", "Mood", "2nd", "_mood", "order status", "point", "user", "größe"] {
            assert!(check_type(name).is_err(), "{name}");
        }
        assert!(TAKEN_TYPES.is_sorted());
        assert!(check_value("it's \"sad\"").is_ok());
        assert!(check_value("").is_err() && check_value(&"x".repeat(64)).is_err());
    }

    #[test]
    fn a_column_has_no_name_of_the_database_s_own() {
        assert!(check_column("ctid").is_err() && check_column("xmin").is_err());
        assert!(check_column("CTID").is_ok() && check_column("oid").is_ok());
    }

    #[test]
    fn long_names_are_refused_and_long_constraints_are_cut() {
        assert!(check(&"x".repeat(63)).is_ok());
        assert!(check(&"x".repeat(64)).is_err());
        assert!(check("_colmig_gate").is_err());
        let a = shortened(&("é".repeat(31) + "a"), "_not_null");
        let b = shortened(&("é".repeat(31) + "b"), "_not_null");
        assert!(a.len() <= MAX_BYTES && a.ends_with("_not_null"));
        assert_ne!(a, b);
    }
}
