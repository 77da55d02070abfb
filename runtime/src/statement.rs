//! Inserting, updating and upserting rows: only the columns that this release may write, each of them by name.

mod columns;
mod refusal;
mod text;

use sqlx::error::BoxDynError;
use sqlx::{Arguments, AssertSqlSafe, Database, Executor, FromRow, IntoArguments};

use colmig_core::Problem;

use crate::error::{Error, Result};
use crate::table::{Insertable, Table, Updatable};
use columns::{Computed, Request, Statement};
use text::{Slot, Wording};

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
/// Columns that the database makes (`auto`, `generated`) are left out. A [`WriteOnly`](crate::WriteOnly) or
/// [`RequiredOnWrite`](crate::RequiredOnWrite) column without a value is an error that names it, because the row
/// would lack it; but one that follows from others (`replaces`, with `forward` and `reverse`) is computed by the
/// database from what is inserted. Its expression can name what is inserted, and nothing that the database makes.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod example {
/// # use colmig::WriteOnly;
/// #[derive(sqlx::FromRow, colmig::Table)]
/// #[colmig(table = "users")]
/// struct User {
///     #[colmig(primary_key, auto)]
///     id: i64,
///     email: String,
///     #[colmig(adding, backfill = "lower(email)")]
///     handle: WriteOnly<String>,
/// }
///
/// async fn sign_up(email: &str, pool: &sqlx::SqlitePool) -> colmig::Result<i64> {
///     // The database makes the `id`, whatever is here.
///     let ada = User { id: 0, email: email.to_owned(), handle: email.to_lowercase().into() };
///     Ok(colmig::insert(&ada).fetch_one(pool).await?.id)
/// }
/// # }
/// ```
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
/// Every column is set that is no key, is not made by the database (`auto`, `generated`) and has a value. A
/// [`WriteOnly`](crate::WriteOnly) column without one, as in a row that was read, keeps what it has, and so does a
/// [`RequiredOnWrite`](crate::RequiredOnWrite) that was read as NULL. One that follows from others (`replaces`,
/// with `forward` and `reverse`) is computed by the database from the values that are set, so that the releases
/// that read it see this update too:
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod example {
/// # use colmig::WriteOnly;
/// #[derive(sqlx::FromRow, colmig::Table)]
/// #[colmig(table = "users")]
/// struct User {
///     #[colmig(primary_key, auto)]
///     id: i64,
///     name: String,
///     #[colmig(adding, replaces(name), forward = "trim(name)")]
///     full_name: WriteOnly<String>,
/// }
///
/// async fn rename(mut user: User, name: String, pool: &sqlx::SqlitePool) -> colmig::Result<()> {
///     user.name = name;
///     // Sets `full_name` to `trim(name)` of the new name.
///     colmig::update(&user).execute(pool).await?;
///     Ok(())
/// }
/// # }
/// ```
///
/// Where the expression names another column that this statement sets, it gets the new value as well; any other name
/// in it is the column of the row.
///
/// A struct that is `read_only`, or that does not name the key, never updates.
pub fn update<T: Updatable>(row: &T) -> Update<'_, T> {
    Update { row }
}

/// `INSERT` of one row, or `UPDATE` of the row that has its primary key already.
///
/// It names the columns of an insert in both of its arms, so it asks as much as one: a column without a value is an
/// error, unless it follows from others and is computed. The key says which row is meant, so one that the database
/// would make (`auto`) is written as it is in the struct. PostgreSQL's numbering does not hear of that and may come to
/// the same number later, so upsert rows whose key the application knows, and leave new ones to [`insert`].
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod example {
/// #[derive(sqlx::FromRow, colmig::Table)]
/// #[colmig(table = "settings", primary_key(user, name))]
/// struct Setting {
///     user: i64,
///     name: String,
///     value: String,
/// }
///
/// async fn set(setting: &Setting, pool: &sqlx::SqlitePool) -> colmig::Result<()> {
///     colmig::upsert(setting).execute(pool).await?;
///     Ok(())
/// }
/// # }
/// ```
///
/// A struct that is `read_only` or `partial`, or that does not name the key, never upserts.
pub fn upsert<T: Insertable + Updatable>(row: &T) -> Upsert<'_, T> {
    Upsert { row }
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
        let (slots, arguments) = compose(self.row, Statement::Insert)?;
        execute(text::insert(T::TABLE, &slots, Wording::of(DB::NAME)), arguments, executor).await
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
        let (slots, arguments) = compose(self.row, Statement::Insert)?;
        fetch_one(text::insert(T::TABLE, &slots, Wording::of(DB::NAME)), arguments, executor).await
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
        let (slots, arguments) = compose(self.row, Statement::Update)?;
        execute(text::update(T::TABLE, &slots, Wording::of(DB::NAME)), arguments, executor).await
    }
}

/// An upsert that waits to be executed; see [`upsert`].
#[derive(Debug)]
#[must_use = "it does nothing until it is executed"]
pub struct Upsert<'a, T> {
    row: &'a T,
}

impl<T: Table> Upsert<'_, T> {
    /// Inserts the row, or updates the one that has its key.
    pub async fn execute<'c, DB, E>(self, executor: E) -> Result<DB::QueryResult>
    where
        DB: Database,
        E: Executor<'c, Database = DB>,
        T: Bind<DB>,
        DB::Arguments: IntoArguments<DB>,
    {
        let (slots, arguments) = compose(self.row, Statement::Upsert)?;
        execute(text::upsert(T::TABLE, &slots, Wording::of(DB::NAME), false), arguments, executor)
            .await
    }

    /// Inserts the row, or updates the one that has its key, and returns it as the database has it then.
    pub async fn fetch_one<'c, DB, E>(self, executor: E) -> Result<T>
    where
        DB: Database,
        E: Executor<'c, Database = DB>,
        T: Bind<DB> + for<'r> FromRow<'r, DB::Row> + Send + Unpin,
        DB::Arguments: IntoArguments<DB>,
    {
        let (slots, arguments) = compose(self.row, Statement::Upsert)?;
        fetch_one(text::upsert(T::TABLE, &slots, Wording::of(DB::NAME), true), arguments, executor)
            .await
    }
}

async fn execute<'c, DB, E>(
    text: String,
    arguments: DB::Arguments,
    executor: E,
) -> Result<DB::QueryResult>
where
    DB: Database,
    E: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    Ok(sqlx::query_with(AssertSqlSafe(text), arguments).execute(executor).await?)
}

async fn fetch_one<'c, DB, E, T>(text: String, arguments: DB::Arguments, executor: E) -> Result<T>
where
    DB: Database,
    E: Executor<'c, Database = DB>,
    T: Table + for<'r> FromRow<'r, DB::Row> + Send + Unpin,
    DB::Arguments: IntoArguments<DB>,
{
    let text = text + " RETURNING " + &Wording::of(DB::NAME).requoted(T::COLUMNS);
    Ok(sqlx::query_as_with(AssertSqlSafe(text), arguments).fetch_one(executor).await?)
}

/// Decides what the statement names, and binds it. Some databases number their placeholders by where they stand
/// in the text, so the values are bound in the order in which the text will name them.
fn compose<DB, T>(row: &T, statement: Statement) -> Result<(Vec<Slot>, DB::Arguments)>
where
    DB: Database,
    T: Bind<DB>,
{
    let is_unset = |index| row.is_unset(index);
    let request = Request { table: T::TABLE, statement, database: DB::NAME, is_unset: &is_unset };
    let mut arguments = DB::Arguments::default();
    let mut slots = Vec::new();
    for part in request.parts()? {
        slots.push(match part.computed {
            None => bind(row, part.index, &mut arguments)?,
            Some(Computed { expression, over }) => {
                let over = over.into_iter().map(|index| bind(row, index, &mut arguments));
                let over = over.collect::<Result<Vec<_>>>()?;
                let value = text::computed(T::TABLE, expression, &over, Wording::of(DB::NAME));
                Slot { column: T::TABLE.columns[part.index].name, value }
            }
        });
    }
    Ok((slots, arguments))
}

/// Binds one value, and says under which placeholder the statement finds it.
fn bind<DB, T>(row: &T, index: usize, arguments: &mut DB::Arguments) -> Result<Slot>
where
    DB: Database,
    T: Bind<DB>,
{
    let column = T::TABLE.columns[index].name;
    let place = || format!("{}.{column}", T::TABLE.name);
    row.bind(index, arguments).map_err(|error| match error.downcast::<Problem>() {
        Ok(problem) => Error::Problem(problem.at(place())),
        Err(error) => sqlx::Error::Encode(format!("{}: {error}", place()).into()).into(),
    })?;
    let mut value = String::new();
    arguments.format_placeholder(&mut value).expect("a String takes any text");
    Ok(Slot { column, value })
}
