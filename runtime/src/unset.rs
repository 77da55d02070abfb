//! Fields that may be without a value, and the types that the derive holds a column's field to.

use sqlx::Database;
use sqlx::error::BoxDynError;

use crate::types::Probe;
use crate::{Bind, RequiredOnWrite, WriteOnly};

/// `WriteOnly<T>` and nothing else; the derive asks it of every field that is `adding` or `deprecated`.
#[diagnostic::on_unimplemented(
    message = "a column that is `adding` or `deprecated` needs colmig's `WriteOnly`, and `{Self}` is another type",
    label = "this type is not colmig's",
    note = "write `colmig::WriteOnly<…>`: while a column is `adding` or `deprecated`, some releases leave it empty or stale, and only colmig's type cannot be read"
)]
pub trait WriteOnlyField {
    /// Whether the field has no value.
    fn is_unset(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T> WriteOnlyField for WriteOnly<T> {
    fn is_unset(&self) -> bool {
        WriteOnly::is_unset(self)
    }
}

/// `RequiredOnWrite<T>` and nothing else.
#[diagnostic::on_unimplemented(
    message = "a column that is tightened or relaxed needs colmig's `RequiredOnWrite`, and `{Self}` is another type",
    label = "this type is not colmig's",
    note = "write `colmig::RequiredOnWrite<…>`, which writes no NULL and reads those that older releases wrote"
)]
pub trait RequiredOnWriteField {
    /// Whether the field has no value.
    fn is_unset(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T> RequiredOnWriteField for RequiredOnWrite<T> {
    fn is_unset(&self) -> bool {
        self.get().is_none()
    }
}

/// A field that a database holds as another type: `#[sqlx(try_from = "…")]` reads it, this writes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is read from `{Held}` and cannot be written as one",
    label = "this field is written as `{Held}`",
    note = "`try_from` only reads: add `impl From<&{Self}> for {Held}`"
)]
pub trait Converted<Held> {
    /// What the database holds.
    fn held(&self) -> Held;
}

#[diagnostic::do_not_recommend]
impl<Held, Value> Converted<Held> for Value
where
    Held: for<'v> From<&'v Value>,
{
    fn held(&self) -> Held {
        Held::from(self)
    }
}

/// What [`Bind`] is to a struct that another one flattens, without the promise that it is a table: were that
/// one broken, rustc would report it twice.
#[doc(hidden)]
pub trait BindFlattened<DB: Database> {
    /// Adds the value of one of its columns.
    fn bind_flattened(
        &self,
        index: usize,
        arguments: &mut DB::Arguments,
    ) -> Result<(), BoxDynError>;
}

#[diagnostic::do_not_recommend]
impl<DB: Database, T: Bind<DB>> BindFlattened<DB> for T {
    fn bind_flattened(
        &self,
        index: usize,
        arguments: &mut DB::Arguments,
    ) -> Result<(), BoxDynError> {
        self.bind(index, arguments)
    }
}

/// What a type turns out to be, where the derive saw a name that it does not know: an alias may hide what
/// says something of the column.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// Nothing is hidden.
    None,
    /// `Option<T>`
    Option,
    /// `RequiredOnWrite<T>`
    RequiredOnWrite,
    /// `WriteOnly<T>`
    WriteOnly,
}

/// The answer of [`Probe`] for every other type; a wrapper's own constant comes first.
#[doc(hidden)]
pub trait Unwrapped {
    /// Nothing is hidden.
    const WRAPPER: Wrapper = Wrapper::None;
}

impl<T> Unwrapped for Probe<T> {}

impl<T> Probe<Option<T>> {
    /// It is hidden.
    pub const WRAPPER: Wrapper = Wrapper::Option;
}

impl<T> Probe<RequiredOnWrite<T>> {
    /// It is hidden.
    pub const WRAPPER: Wrapper = Wrapper::RequiredOnWrite;
}

impl<T> Probe<WriteOnly<T>> {
    /// It is hidden.
    pub const WRAPPER: Wrapper = Wrapper::WriteOnly;
}
