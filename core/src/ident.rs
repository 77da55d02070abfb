//! Identifiers: what may name a table or a column, and how it is quoted.

use crate::problem::{IDENTIFIER, Problem};

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

/// The name between double quotes, as standard SQL, PostgreSQL and SQLite want it.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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
    fn quotes_are_doubled() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
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
