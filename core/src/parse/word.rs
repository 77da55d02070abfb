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
    /// An enum.
    Enum,
    /// A variant of an enum.
    Variant,
}

impl Place {
    /// The other one of the same item.
    pub fn other(self) -> Place {
        match self {
            Place::Struct => Place::Field,
            Place::Field => Place::Struct,
            Place::Enum => Place::Variant,
            Place::Variant => Place::Enum,
        }
    }

    /// The place in messages.
    pub fn noun(self) -> &'static str {
        match self {
            Place::Struct => "a struct",
            Place::Field => "a field",
            Place::Enum => "an enum",
            Place::Variant => "a variant",
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
    /// Nothing, or `= "text"`.
    FlagOrText,
    /// `= "text"`, or `(postgres = "text", sqlite = "text")`.
    Each,
    /// `(name, name)`.
    Names,
    /// `= some::path`.
    Path,
    /// Something that the database guards or sorts by; `constraint` reads it. A struct may say it more
    /// than once.
    Guard,
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
        "partial",
        Form::Flag,
        "partial",
        "it names some columns of a table that another struct declares, and never inserts",
    ),
    word(
        Place::Struct,
        "owner",
        Form::Text,
        "owner = \"shop\"",
        "the project that makes the table, where it is another one; the struct is `partial` or `read_only`",
    ),
    word(
        Place::Struct,
        "unique",
        Form::Guard,
        "unique(tenant, email)",
        "no two rows have the same values in these columns; `unique(tenant, email, adding)` where it is new",
    ),
    word(
        Place::Struct,
        "check",
        Form::Guard,
        "check(positive = \"total > 0\")",
        "an SQL expression over the row that is never false, with its name; `check(positive = \"total > 0\", adding)` where it is new",
    ),
    word(
        Place::Struct,
        "index",
        Form::Guard,
        "index(tenant, created desc, where = \"NOT deleted\")",
        "an index over columns, `desc` where downwards, over expressions (`expr = \"lower(email)\"`), over some rows (`where = \"…\"`)",
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
        "enum",
        Form::FlagOrText,
        "enum",
        "the Rust type derives `colmig::Enum`; `enum = \"mood\"` where the type's name in the database is not the Rust name in snake_case",
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
        "what undoing a drop, a replacement or a relaxing writes into rows without a value, as SQL over the row",
    ),
    word(
        Place::Field,
        "replaces",
        Form::Names,
        "replaces(name)",
        "the columns that this one takes the place of; while it is `adding`, `forward` computes it from them",
    ),
    word(
        Place::Field,
        "forward",
        Form::Each,
        "forward = \"upper(name)\"",
        "a replacement's value, as SQL over the columns that it replaces",
    ),
    word(
        Place::Field,
        "dual_write",
        Form::Text,
        "dual_write = \"trigger\"",
        "a trigger keeps a replacement and its source alike, instead of a release that writes both",
    ),
    word(
        Place::Field,
        "generated",
        Form::Each,
        "generated = \"lower(email)\"",
        "what the database computes the column from; no statement writes it",
    ),
    word(
        Place::Field,
        "unique",
        Form::Guard,
        "unique",
        "no two rows have the same value; `unique(adding)` where it is new, `unique(deprecated)` where it is to go",
    ),
    word(
        Place::Field,
        "check",
        Form::Guard,
        "check = \"total > 0\"",
        "an SQL expression that is never false; `check(\"total > 0\", adding)` where it is new",
    ),
    word(
        Place::Field,
        "references",
        Form::Guard,
        "references(orgs.id, on_delete = \"cascade\")",
        "another table has a row with this value; `references(orgs.id, adding)` where it is new",
    ),
    word(Place::Field, "index", Form::Guard, "index", "an index over this column"),
    word(
        Place::Field,
        "constant",
        Form::Text,
        "constant = \"EMAIL_COLUMN\"",
        "the name of the column's constant; without it, the field's name in capitals",
    ),
    word(
        Place::Enum,
        "type",
        Form::Text,
        "type = \"mood\"",
        "the type's name in the database; without it, the enum's name in snake_case",
    ),
    word(
        Place::Enum,
        "rename_all",
        Form::Text,
        "rename_all = \"snake_case\"",
        "the case of the values in the database; without it, they are written as the variants are",
    ),
    word(
        Place::Enum,
        "crate",
        Form::Path,
        "crate = my_crate::colmig",
        "where colmig is, if not at `::colmig`",
    ),
    word(Place::Variant, "rename", Form::Text, "rename = \"meh\"", "the value in the database"),
    word(
        Place::Variant,
        "adding",
        Form::Flag,
        "adding",
        "a new value: the code reads it and does not write it yet",
    ),
    word(
        Place::Variant,
        "deprecated",
        Form::Flag,
        "deprecated",
        "a value on its way out: the code still reads it and no longer writes it",
    ),
    word(
        Place::Variant,
        "replace_with",
        Form::Text,
        "replace_with = \"sad\"",
        "the value that rows get instead when this one is retired, or when its coming is undone",
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

/// The word among these that was probably meant: at most two slips of the fingers away, and not more
/// slips than every second letter, so that a short word is not taken for any other.
pub fn nearest<'w>(written: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let most = (written.chars().count() / 2).min(2);
    let far = words.into_iter().map(|word| (slips(written, word), word));
    let (_, word) = far.filter(|(slips, _)| *slips <= most).min_by_key(|(slips, _)| *slips)?;
    Some(word)
}

/// How many letters are one too many, missing, wrong, or swapped with the next.
fn slips(written: &str, meant: &str) -> usize {
    let (written, meant): (Vec<_>, Vec<_>) = (written.chars().collect(), meant.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=meant.len()).collect();
    for row in 1..=written.len() {
        let mut next = vec![row];
        for column in 1..=meant.len() {
            let wrong = usize::from(written[row - 1] != meant[column - 1]);
            let mut slips =
                (last[column - 1] + wrong).min(last[column] + 1).min(next[column - 1] + 1);
            let is_swapped = row > 1
                && column > 1
                && (written[row - 1], written[row - 2]) == (meant[column - 2], meant[column - 1]);
            if is_swapped {
                slips = slips.min(before[column - 2] + 1);
            }
            next.push(slips);
        }
        (before, last) = (last, next);
    }
    last[meant.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant_is_at_most_two_slips_away() {
        let words = || WORDS.iter().filter(|row| row.place == Place::Field).map(|row| row.word);
        let cases = [
            ("tpye", Some("type")),
            ("typ", Some("type")),
            ("atuo", Some("auto")),
            ("ading", Some("adding")),
            ("addign", Some("adding")),
            ("primarykey", Some("primary_key")),
            ("PrimaryKey", None),
            ("depricated", Some("deprecated")),
            ("uniqe", Some("unique")),
            ("reference", Some("references")),
            ("replace", Some("replaces")),
            ("foo", None),
            ("at", None),
            ("", None),
            ("nullable", None),
        ];
        for (written, meant) in cases {
            assert_eq!(nearest(written, words()), meant, "{written}");
        }
        assert_eq!((slips("", "abc"), slips("ab", "ba"), slips("abc", "abc")), (3, 1, 0));
        assert_eq!((slips("kitten", "sitting"), slips("ca", "abc")), (3, 3));
    }

    #[test]
    fn a_word_has_one_row_in_a_place_and_an_example_that_begins_with_it() {
        for row in WORDS {
            let same = WORDS.iter().filter(|r| r.place == row.place && r.word == row.word);
            assert_eq!(same.count(), 1, "{}", row.word);
            assert!(row.example.starts_with(row.word) && !row.meaning.is_empty(), "{}", row.word);
        }
    }
}
