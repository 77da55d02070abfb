//! The words of `#[colmig(…)]`, as data: where each is valid, its right shape, and the ones to come.
//!
//! The reader, its messages and the documentation iterate [`WORDS`].

/// Above what a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A struct.
    Struct,
    /// A field.
    Field,
}

impl Place {
    /// The place in messages.
    pub fn noun(self) -> &'static str {
        match self {
            Place::Struct => "a struct",
            Place::Field => "a field",
        }
    }
}

/// What follows a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nothing.
    Flag,
    /// `= "text"`.
    Text,
    /// `= "text"`, or `(postgres = "text", sqlite = "text")`.
    Each,
    /// `(name, name)`.
    Names,
    /// `= some::path`.
    Path,
    /// Not read: the word belongs to a later version.
    Later,
}

/// One word.
#[derive(Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// Where it is valid.
    pub place: Place,
    /// What follows it.
    pub form: Form,
    /// Its right shape, for people to copy.
    pub example: &'static str,
    /// What it says; where the form is [`Form::Later`], what to do until then.
    pub meaning: &'static str,
}

const fn word(
    place: Place,
    word: &'static str,
    form: Form,
    example: &'static str,
    meaning: &'static str,
) -> Word {
    Word { word, place, form, example, meaning }
}

const UNTIL_SQL: &str = "until then, write it in a migration of sqlx beside colmig's";

/// Every word, in the order in which people need them.
pub const WORDS: &[Word] = &[
    word(
        Place::Struct,
        "table",
        Form::Text,
        "table = \"users\"",
        "the table's name; without it, the struct's name in snake_case",
    ),
    word(
        Place::Struct,
        "primary_key",
        Form::Names,
        "primary_key(tenant, id)",
        "the columns of the key, in its order",
    ),
    word(
        Place::Struct,
        "read_only",
        Form::Flag,
        "read_only",
        "the code reads the table and never writes it",
    ),
    word(
        Place::Struct,
        "crate",
        Form::Path,
        "crate = my_crate::colmig",
        "where colmig is, if not at `::colmig`",
    ),
    word(
        Place::Struct,
        "schema",
        Form::Later,
        "schema = \"shop\"",
        "until then, set the connection's `search_path`",
    ),
    word(
        Place::Struct,
        "database",
        Form::Later,
        "database = \"reports\"",
        "until then, give each database a project of its own",
    ),
    word(Place::Struct, "unique", Form::Later, "unique(tenant, email)", UNTIL_SQL),
    word(Place::Struct, "index", Form::Later, "index(tenant, email)", UNTIL_SQL),
    word(Place::Struct, "check", Form::Later, "check(positive = \"total > 0\")", UNTIL_SQL),
    word(
        Place::Struct,
        "partial",
        Form::Later,
        "partial",
        "until then, name every column of the table in one struct",
    ),
    word(
        Place::Struct,
        "owner",
        Form::Later,
        "owner = \"shop\"",
        "until then, a table belongs to one project",
    ),
    word(Place::Field, "primary_key", Form::Flag, "primary_key", "a column of the key"),
    word(
        Place::Field,
        "auto",
        Form::Flag,
        "auto",
        "the database makes the value: a number of its own, or the `default`",
    ),
    word(
        Place::Field,
        "column",
        Form::Text,
        "column = \"email\"",
        "the column's name; without it, the field's name",
    ),
    word(
        Place::Field,
        "type",
        Form::Each,
        "type = \"citext\"",
        "the SQL type, for a Rust type that colmig does not know",
    ),
    word(
        Place::Field,
        "default",
        Form::Each,
        "default = \"0\"",
        "the default that the database keeps, as SQL",
    ),
    word(
        Place::Field,
        "adding",
        Form::Flag,
        "adding",
        "a new column: the code writes it and does not read it yet",
    ),
    word(
        Place::Field,
        "deprecated",
        Form::Flag,
        "deprecated",
        "a column on its way out: the code still writes it and no longer reads it",
    ),
    word(
        Place::Field,
        "backfill",
        Form::Each,
        "backfill = \"lower(email)\"",
        "what existing rows get in a column that is `adding`, as SQL over the row",
    ),
    word(
        Place::Field,
        "reverse",
        Form::Each,
        "reverse = \"''\"",
        "what undoing a drop writes into rows without a value, as SQL over the row",
    ),
    word(Place::Field, "unique", Form::Later, "unique", UNTIL_SQL),
    word(Place::Field, "index", Form::Later, "index", UNTIL_SQL),
    word(
        Place::Field,
        "references",
        Form::Later,
        "references(orgs.id, on_delete = \"cascade\")",
        UNTIL_SQL,
    ),
    word(Place::Field, "check", Form::Later, "check = \"total > 0\"", UNTIL_SQL),
    word(
        Place::Field,
        "generated",
        Form::Later,
        "generated = \"lower(email)\"",
        "until then, write the column from the application",
    ),
    word(
        Place::Field,
        "replaces",
        Form::Later,
        "replaces(name)",
        "until then, add the new column with a `backfill` from the old one, write both, and deprecate the old one a release later",
    ),
    word(
        Place::Field,
        "forward",
        Form::Later,
        "forward = \"lower(name)\"",
        "until then, add the new column with a `backfill` from the old one",
    ),
    word(
        Place::Field,
        "dual_write",
        Form::Later,
        "dual_write = \"trigger\"",
        "until then, write both columns from the application",
    ),
];

/// The row of a word where it is valid.
pub fn find(place: Place, word: &str) -> Option<&'static Word> {
    WORDS.iter().find(|row| row.place == place && row.word == word)
}

/// The words of this version that are valid in one place, for messages.
pub fn valid(place: Place) -> String {
    let rows = WORDS.iter().filter(|row| row.place == place && row.form != Form::Later);
    rows.map(|row| format!("`{}`", row.word)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_row_in_a_place_and_an_example_that_begins_with_it() {
        for row in WORDS {
            let same = WORDS.iter().filter(|r| r.place == row.place && r.word == row.word);
            assert_eq!(same.count(), 1, "{}", row.word);
            assert!(row.example.starts_with(row.word) && !row.meaning.is_empty(), "{}", row.word);
        }
    }
}
