//! Statements and values on their way over any of sqlx's connections.

use sqlx::{Arguments, AssertSqlSafe, Database, Encode, Executor, IntoArguments, Row as _, Type};

use super::{DbError, Row, Value, maybe_die};

/// How one database decodes a value of its own rows, and how it words its errors.
pub(super) struct Wire<DB: Database> {
    /// Decodes the value at an index.
    pub(super) value: fn(&DB::Row, usize) -> Result<Value, sqlx::Error>,
    /// Classifies what went wrong with a statement.
    pub(super) fault: fn(&str, &sqlx::Error) -> DbError,
}

impl<DB> Wire<DB>
where
    DB: Database,
    DB::Arguments: IntoArguments<DB>,
    for<'q> Option<String>: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
    for<'q> f64: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> Vec<u8>: Encode<'q, DB> + Type<DB>,
{
    /// Runs one query with parameters.
    pub(super) async fn rows<'c>(
        &self,
        executor: impl Executor<'c, Database = DB>,
        sql: &str,
        parameters: &[Value],
    ) -> Result<Vec<Row>, DbError> {
        maybe_die();
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments::<DB>(parameters)?);
        let rows = query.fetch_all(executor).await.map_err(|error| (self.fault)(sql, &error))?;
        let decode = |row: &DB::Row| (0..row.len()).map(|index| (self.value)(row, index)).collect();
        rows.iter().map(decode).collect::<Result<_, _>>().map_err(|error| (self.fault)(sql, &error))
    }

    /// Runs statements without parameters.
    pub(super) async fn script<'c>(
        &self,
        executor: impl Executor<'c, Database = DB>,
        sql: &str,
    ) -> Result<(), DbError> {
        maybe_die();
        let done = executor.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
        done.map(|_| ()).map_err(|error| (self.fault)(sql, &error))
    }

    /// Prepares one statement with parameters, for the caller to execute: how many rows it met is a
    /// method of each database's own result.
    pub(super) async fn run<'c>(
        &self,
        executor: impl Executor<'c, Database = DB>,
        sql: &str,
        parameters: &[Value],
    ) -> Result<DB::QueryResult, DbError> {
        maybe_die();
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments::<DB>(parameters)?);
        query.execute(executor).await.map_err(|error| (self.fault)(sql, &error))
    }
}

fn arguments<DB>(parameters: &[Value]) -> Result<DB::Arguments, DbError>
where
    DB: Database,
    for<'q> Option<String>: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
    for<'q> f64: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> Vec<u8>: Encode<'q, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for value in parameters {
        let added = match value {
            Value::Null => arguments.add(Option::<String>::None),
            Value::Int(number) => arguments.add(*number),
            Value::Real(number) => arguments.add(*number),
            Value::Text(text) => arguments.add(text.clone()),
            Value::Bytes { bytes } => arguments.add(bytes.clone()),
        };
        added.map_err(|error| DbError::other(error.to_string()))?;
    }
    Ok(arguments)
}
