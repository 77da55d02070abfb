//! Fields that may be without a value, and the types that the derive holds a column's field to.

use crate::{RequiredOnWrite, WriteOnly};

/// `WriteOnly<T>` and nothing else; the derive asks it of every field that is `adding` or `deprecated`.
#[diagnostic::on_unimplemented(
    message = "an `adding` or `deprecated` column needs the type `WriteOnly<{Self}>`",
    label = "the code could read this column",
    note = "while a column is `adding` or `deprecated`, some releases leave it empty or stale: write `colmig::WriteOnly<{Self}>`, or remove the attribute once the column may be read"
)]
pub trait WriteOnlyField {
    /// Whether the field has no value.
    fn is_unset(&self) -> bool;
}

impl<T> WriteOnlyField for WriteOnly<T> {
    fn is_unset(&self) -> bool {
        WriteOnly::is_unset(self)
    }
}

/// `RequiredOnWrite<T>` and nothing else.
#[diagnostic::on_unimplemented(
    message = "a column that is tightened or relaxed needs colmig's `RequiredOnWrite`, not `{Self}`",
    label = "this is another type of that name",
    note = "write `colmig::RequiredOnWrite<T>`"
)]
pub trait RequiredOnWriteField {
    /// Whether the field has no value.
    fn is_unset(&self) -> bool;
}

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
