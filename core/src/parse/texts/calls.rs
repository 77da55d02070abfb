//! The names that take SQL, as data.

/// How a name is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// `name!(…)`.
    Macro,
    /// `name(…)`, `path::name(…)`.
    Function,
    /// `.name(…)`.
    Method,
}

/// What the first argument is, or the second, where the first is the struct of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// The text.
    Text,
    /// The path of a file with the text.
    File,
    /// The beginning of a text; the rest is pushed behind it.
    Head,
}

/// What stands before the text, or between the name and the argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// No struct.
    No,
    /// The first argument of a macro.
    Argument,
    /// The last type of `::<_, User>`.
    Generic,
}

/// One name.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) word: &'static str,
    pub(super) how: How,
    pub(super) takes: Takes,
    pub(super) row: Row,
}

const fn name(word: &'static str, how: How, takes: Takes, row: Row) -> Name {
    Name { word, how, takes, row }
}

/// Every name.
pub(super) const NAMES: &[Name] = &[
    name("query", How::Macro, Takes::Text, Row::No),
    name("query_unchecked", How::Macro, Takes::Text, Row::No),
    name("query_scalar", How::Macro, Takes::Text, Row::No),
    name("query_scalar_unchecked", How::Macro, Takes::Text, Row::No),
    name("query_as", How::Macro, Takes::Text, Row::Argument),
    name("query_as_unchecked", How::Macro, Takes::Text, Row::Argument),
    name("query_file", How::Macro, Takes::File, Row::No),
    name("query_file_unchecked", How::Macro, Takes::File, Row::No),
    name("query_file_scalar", How::Macro, Takes::File, Row::No),
    name("query_file_scalar_unchecked", How::Macro, Takes::File, Row::No),
    name("query_file_as", How::Macro, Takes::File, Row::Argument),
    name("query_file_as_unchecked", How::Macro, Takes::File, Row::Argument),
    name("query", How::Function, Takes::Text, Row::No),
    name("query_with", How::Function, Takes::Text, Row::No),
    name("query_with_result", How::Function, Takes::Text, Row::No),
    name("query_scalar", How::Function, Takes::Text, Row::No),
    name("query_scalar_with", How::Function, Takes::Text, Row::No),
    name("query_scalar_with_result", How::Function, Takes::Text, Row::No),
    name("query_as", How::Function, Takes::Text, Row::Generic),
    name("query_as_with", How::Function, Takes::Text, Row::Generic),
    name("query_as_with_result", How::Function, Takes::Text, Row::Generic),
    name("raw_sql", How::Function, Takes::Text, Row::No),
    name("AssertSqlSafe", How::Function, Takes::Text, Row::No),
    name("execute", How::Method, Takes::Text, Row::No),
    name("execute_many", How::Method, Takes::Text, Row::No),
    name("fetch", How::Method, Takes::Text, Row::No),
    name("fetch_all", How::Method, Takes::Text, Row::No),
    name("fetch_many", How::Method, Takes::Text, Row::No),
    name("fetch_one", How::Method, Takes::Text, Row::No),
    name("fetch_optional", How::Method, Takes::Text, Row::No),
    name("prepare", How::Method, Takes::Text, Row::No),
    name("prepare_with", How::Method, Takes::Text, Row::No),
    name("describe", How::Method, Takes::Text, Row::No),
    name("copy_in_raw", How::Method, Takes::Text, Row::No),
    name("copy_out_raw", How::Method, Takes::Text, Row::No),
];

/// The functions of `QueryBuilder` that take the beginning of a text.
pub(super) const BUILDER: &str = "QueryBuilder";

/// See [`BUILDER`].
pub(super) const BUILDERS: &[Name] = &[
    name("new", How::Function, Takes::Head, Row::No),
    name("with_arguments", How::Function, Takes::Head, Row::No),
];

/// The words that a statement begins with. A name alone is no proof: others have a `query` too, and
/// what is not imported from sqlx counts only where its text begins like this.
const FIRST_WORDS: &[&str] = &[
    "alter", "copy", "create", "delete", "drop", "explain", "insert", "merge", "replace", "select",
    "table", "truncate", "update", "values", "with",
];

/// Whether a text begins like a statement.
pub(super) fn is_sql(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let word = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let comment = text.starts_with("--") || text.starts_with("/*");
    comment || FIRST_WORDS.iter().any(|first| first.eq_ignore_ascii_case(word))
}

/// The name, if it takes SQL when it is called so.
pub(super) fn find(word: &str, how: How) -> Option<&'static Name> {
    NAMES.iter().find(|name| name.word == word && name.how == how)
}

/// Whether a file can hold a call at all: most files do not, and are not searched.
pub(super) fn mentions(text: &str) -> bool {
    ["query", "raw_sql", "AssertSqlSafe", "QueryBuilder", ".execute", ".fetch", ".prepare", "copy_"]
        .iter()
        .any(|word| text.contains(word))
}
