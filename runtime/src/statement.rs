//! Inserting and updating rows: only the columns that this release may write, each of them by name.

mod columns;
mod text;

use sqlx::error::BoxDynError;
use sqlx::{Arguments, AssertSqlSafe, Database, Executor, FromRow, IntoArguments};

use crate::error::Result;
use crate::table::{Insertable, Table, Updatable};
use text::Slot;

/// A table's struct whose values one database can hold. Derived with [`Table`].
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` cannot be written to `{DB}`",
    note = "`#[derive(colmig::Table)]` lets them, for every database that has a type for each column"
)]
pub trait Bind<DB: Database>: Table {
    /// Adds the value of the field at this index of [`TableInfo::columns`](crate::TableInfo::columns).
    fn bind(&self, index: usize, arguments: &mut DB::Arguments) -> Result<(), BoxDynError>;
}

/// `INSERT` of one row.
///
/// Columns that the database makes (`auto`) are left out. A [`WriteOnly`](crate::WriteOnly) column
/// without a value is an error, because the row would lack it.
///
/// A struct that is `read_only` or `partial` never inserts:
///
/// ```compile_fail,E0277
/// # // Hidden, because it shows the mistake and not the use.
/// # #[derive(colmig::Table)]
/// # #[colmig(table = "users", read_only)]
/// # struct User {
/// #     #[colmig(primary_key)]
/// #     id: i64,
/// # }
/// let user = User { id: 1 };
/// let insert = colmig::insert(&user);
/// ```
pub fn insert<T: Insertable>(row: &T) -> Insert<'_, T> {
    Insert { row }
}

/// `UPDATE` of one row, which is found by its primary key.
///
/// Every column is set that is no key, is not made by the database (`auto`) and has a value. A
/// [`WriteOnly`](crate::WriteOnly) column without one, as in a row that was read, keeps what it has.
///
/// A struct that is `read_only`, or that does not name the key, never updates.
pub fn update<T: Updatable>(row: &T) -> Update<'_, T> {
    Update { row }
}

/// An insert that waits to be executed; see [`insert`].
#[derive(Debug)]
#[must_use = "it does nothing until it is executed"]
pub struct Insert<'a, T> {
    row: &'a T,
}

impl<T: Table> Insert<'_, T> {
    /// Inserts the row.
    pub async fn execute<'c, DB, E>(self, executor: E) -> Result<DB::QueryResult>
    where
        DB: Database,
        E: Executor<'c, Database = DB>,
        T: Bind<DB>,
        DB::Arguments: IntoArguments<DB>,
    {
        let (text, arguments) = self.statement()?;
        Ok(sqlx::query_with(AssertSqlSafe(text), arguments).execute(executor).await?)
    }

    /// Inserts the row and returns it as the database has it: with what it made itself, and with
    /// every write-only column unset.
    pub async fn fetch_one<'c, DB, E>(self, executor: E) -> Result<T>
    where
        DB: Database,
        E: Executor<'c, Database = DB>,
        T: Bind<DB> + for<'r> FromRow<'r, DB::Row> + Send + Unpin,
        DB::Arguments: IntoArguments<DB>,
    {
        let (text, arguments) = self.statement()?;
        let text = text + " RETURNING " + T::COLUMNS;
        Ok(sqlx::query_as_with(AssertSqlSafe(text), arguments).fetch_one(executor).await?)
    }

    fn statement<DB: Database>(&self) -> Result<(String, DB::Arguments)>
    where
        T: Bind<DB>,
    {
        let columns = columns::to_insert(T::TABLE, |index| self.row.is_unset(index))?;
        let mut arguments = DB::Arguments::default();
        let slots = bind(self.row, &columns, &mut arguments)?;
        Ok((text::insert(T::TABLE, &slots), arguments))
    }
}

/// An update that waits to be executed; see [`update`].
#[derive(Debug)]
#[must_use = "it does nothing until it is executed"]
pub struct Update<'a, T> {
    row: &'a T,
}

impl<T: Table> Update<'_, T> {
    /// Updates the row. No row with this key is no error: the result counts how many there were.
    pub async fn execute<'c, DB, E>(self, executor: E) -> Result<DB::QueryResult>
    where
        DB: Database,
        E: Executor<'c, Database = DB>,
        T: Bind<DB>,
        DB::Arguments: IntoArguments<DB>,
    {
        let (text, arguments) = self.statement()?;
        Ok(sqlx::query_with(AssertSqlSafe(text), arguments).execute(executor).await?)
    }

    fn statement<DB: Database>(&self) -> Result<(String, DB::Arguments)>
    where
        T: Bind<DB>,
    {
        let columns = columns::to_update(T::TABLE, |index| self.row.is_unset(index))?;
        let mut arguments = DB::Arguments::default();
        let set = bind(self.row, &columns.set, &mut arguments)?;
        let key = bind(self.row, &columns.key, &mut arguments)?;
        Ok((text::update(T::TABLE, &set, &key), arguments))
    }
}

/// Binds these columns, and says under which placeholders the statement finds them.
fn bind<DB, T>(row: &T, columns: &[usize], arguments: &mut DB::Arguments) -> Result<Vec<Slot>>
where
    DB: Database,
    T: Bind<DB>,
{
    let slot = |&index: &usize| {
        let column = T::TABLE.columns[index].name;
        row.bind(index, arguments).map_err(|error| {
            sqlx::Error::Encode(format!("{}.{column}: {error}", T::TABLE.name).into())
        })?;
        let mut placeholder = String::new();
        arguments.format_placeholder(&mut placeholder).expect("a String takes any text");
        Ok(Slot { column, placeholder })
    };
    columns.iter().map(slot).collect()
}
