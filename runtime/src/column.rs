//! Column constants: what `User::HANDLE` is, and the lists that `columns!` makes of them.

use std::fmt;
use std::marker::PhantomData;

/// A column of a struct's table: `User::HANDLE`. The derive makes one for each field.
///
/// It shows itself quoted, as SQL wants it: `format!("… ORDER BY {}", User::EMAIL)`. The type says which
/// struct it belongs to (`Row`), what a field of it holds (`Value`), and what the code may do with it
/// (`State`).
///
/// Naming the constant of a column that is `deprecated` warns, and says what replaces it.
pub struct Column<Row, Value, State> {
    table: &'static str,
    name: &'static str,
    label: &'static str,
    types: PhantomData<Types<Row, Value, State>>,
}

/// A column holds none of its types, it only speaks of them: it is `Send` and `Sync` whatever they are.
type Types<Row, Value, State> = fn() -> (Row, Value, State);

/// What the code may do with a column, as a type. See [`Column`].
pub mod state {
    /// `#[colmig(adding)]`: written, not read yet.
    #[derive(Debug)]
    pub enum Adding {}
    /// A plain field: read and written.
    #[derive(Debug)]
    pub enum Active {}
    /// `#[colmig(deprecated)]`: still written, no longer read.
    #[derive(Debug)]
    pub enum Deprecated {}
}

/// A state in which the code may read a column.
#[diagnostic::on_unimplemented(
    message = "a column that is `{Self}` cannot be read",
    label = "this column cannot be read in this release",
    note = "while a column is `adding`, older rows have no value yet; once it is `deprecated`, newer releases no longer write it: read another column, or leave it out of the list"
)]
pub trait Readable {}

#[diagnostic::do_not_recommend]
impl Readable for state::Active {}

impl<Row, Value, State> Column<Row, Value, State> {
    #[doc(hidden)]
    pub const fn new(table: &'static str, name: &'static str, label: &'static str) -> Self {
        Self { table, name, label, types: PhantomData }
    }

    /// The column's name in the database, as it is.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The table's name in the database, as it is.
    pub const fn table(&self) -> &'static str {
        self.table
    }
}

impl<Row, Value, State> Clone for Column<Row, Value, State> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Row, Value, State> Copy for Column<Row, Value, State> {}

impl<Row, Value, State> fmt::Debug for Column<Row, Value, State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({}.{})", self.table, self.name)
    }
}

/// Quoted: `"handle"`.
impl<Row, Value, State> fmt::Display for Column<Row, Value, State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&colmig_core::ident::quote(self.name))
    }
}

/// A list of columns for hand-written SQL, checked by the compiler.
///
/// `columns!(User; id, email)` is `"users"."id" AS "id", "users"."email" AS "email"`, as a constant
/// `&'static str`. The names are those of the fields; `columns!(User as u; id, email)` is for a statement
/// that calls the table `u`. A column that cannot be read in this release is an error, and so is one that
/// there is not.
///
/// ```
/// # #[derive(colmig::Table)]
/// # #[colmig(table = "users")]
/// # struct User {
/// #     #[colmig(primary_key)]
/// #     id: i64,
/// #     email: String,
/// #     #[colmig(adding, backfill = "lower(email)")]
/// #     handle: colmig::WriteOnly<String>,
/// # }
/// let sql = format!("SELECT {} FROM users WHERE email = $1", colmig::columns!(User; id, email));
/// ```
///
/// ```compile_fail,E0277
/// # #[derive(colmig::Table)]
/// # #[colmig(table = "users")]
/// # struct User {
/// #     #[colmig(primary_key)]
/// #     id: i64,
/// #     #[colmig(adding, backfill = "lower(email)")]
/// #     handle: colmig::WriteOnly<String>,
/// # }
/// // `handle` is `adding`: older rows have no value yet.
/// let list = colmig::columns!(User; id, handle);
/// ```
#[macro_export]
macro_rules! columns {
    ($($list:tt)*) => { $crate::__private::columns!($crate; $($list)*) };
}

/// A column of a list, without its types, which have been checked.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    table: &'static str,
    name: &'static str,
    label: &'static str,
}

impl<Row, Value, State> Column<Row, Value, State> {
    /// For a list, if it may be read; its table may go by another name in the statement. A method, because
    /// its name can carry the place where the user wrote the column's: there the error is shown.
    #[doc(hidden)]
    pub const fn listed(self, alias: Option<&'static str>) -> Listed
    where
        State: Readable,
    {
        let Column { table, name, label, .. } = self;
        let table = match alias {
            Some(alias) => alias,
            None => table,
        };
        Listed { table, name, label }
    }
}

/// Text that is put together while the program is compiled.
#[doc(hidden)]
#[derive(Debug)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    const fn new() -> Self {
        Text { bytes: [0; N], length: 0 }
    }

    const fn push(&mut self, byte: u8) {
        // With no room at all the text is only measured.
        if self.length < N {
            self.bytes[self.length] = byte;
        }
        self.length += 1;
    }

    const fn push_str(&mut self, text: &str) {
        let (bytes, mut index) = (text.as_bytes(), 0);
        while index < bytes.len() {
            self.push(bytes[index]);
            index += 1;
        }
    }

    /// Between double quotes, as [`colmig_core::ident::quote`] does it.
    const fn push_quoted(&mut self, name: &str) {
        let (bytes, mut index) = (name.as_bytes(), 0);
        self.push(b'"');
        while index < bytes.len() {
            if bytes[index] == b'"' {
                self.push(b'"');
            }
            self.push(bytes[index]);
            index += 1;
        }
        self.push(b'"');
    }

    /// `"users"."id" AS "id", …`: SQLite takes a lone quoted name that no column has for text.
    const fn push_list(&mut self, columns: &[Listed]) {
        let mut index = 0;
        while index < columns.len() {
            if index > 0 {
                self.push_str(", ");
            }
            self.push_quoted(columns[index].table);
            self.push(b'.');
            self.push_quoted(columns[index].name);
            self.push_str(" AS ");
            self.push_quoted(columns[index].label);
            index += 1;
        }
    }

    /// The list of these columns.
    #[doc(hidden)]
    pub const fn list(columns: &[Listed]) -> Self {
        let mut text = Text::new();
        text.push_list(columns);
        text
    }

    /// All of these texts, one behind the other.
    #[doc(hidden)]
    pub const fn joined(parts: &[&str]) -> Self {
        let (mut text, mut index) = (Text::new(), 0);
        while index < parts.len() {
            text.push_str(parts[index]);
            index += 1;
        }
        text
    }

    /// The text.
    #[doc(hidden)]
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => text,
            Err(_) => panic!("it is made of whole texts, and of single bytes below 128"),
        }
    }
}

/// How many bytes [`Text::list`] needs.
#[doc(hidden)]
pub const fn list_length(columns: &[Listed]) -> usize {
    Text::<0>::list(columns).length
}

/// How many bytes [`Text::joined`] needs.
#[doc(hidden)]
pub const fn joined_length(parts: &[&str]) -> usize {
    Text::<0>::joined(parts).length
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Row;

    const ID: Column<Row, i64, state::Active> = Column::new("users", "id", "id");
    const NAME: Column<Row, String, state::Active> =
        Column::new("users", "display \"näme\"", "name");

    #[test]
    fn a_list_is_put_together_while_compiling() {
        const LIST: &[Listed] = &[ID.listed(None), NAME.listed(Some("u"))];
        const TEXT: Text<{ list_length(LIST) }> = Text::list(LIST);
        assert_eq!(TEXT.as_str(), r#""users"."id" AS "id", "u"."display ""näme""" AS "name""#);
        const PARTS: &[&str] = &["SELECT ", TEXT.as_str(), " FROM t"];
        const JOINED: Text<{ joined_length(PARTS) }> = Text::joined(PARTS);
        assert!(JOINED.as_str().starts_with("SELECT \"users\".\"id\" AS"));
    }

    #[test]
    fn a_column_shows_itself_as_sql_wants_it() {
        assert_eq!(NAME.to_string(), r#""display ""näme""""#);
        assert_eq!((NAME.name(), NAME.table()), ("display \"näme\"", "users"));
        assert_eq!(format!("{:?}", ID), "Column(users.id)");
    }
}
