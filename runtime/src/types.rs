//! Whether a column's type in the database can be read as its Rust type: sqlx's own judgement, by
//! function pointers that the derive fills in, so that no table of type names is needed.

use std::marker::PhantomData;

/// The tests of one field's inner type; a database whose feature is off has none.
#[derive(Clone, Copy)]
pub struct TypeChecks {
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    pub postgres: Option<fn(&sqlx::postgres::PgTypeInfo) -> bool>,
    /// SQLite.
    #[cfg(feature = "sqlite")]
    pub sqlite: Option<fn(&sqlx::sqlite::SqliteTypeInfo) -> bool>,
    /// MySQL and MariaDB.
    #[cfg(feature = "mysql")]
    pub mysql: Option<fn(&sqlx::mysql::MySqlTypeInfo) -> bool>,
}

impl TypeChecks {
    /// For [`type_checks!`](crate::__private::type_checks), which knows no more than that there are
    /// three databases: whether they are on is this crate's affair.
    #[doc(hidden)]
    #[cfg_attr(
        not(all(feature = "postgres", feature = "sqlite", feature = "mysql")),
        expect(unused_variables, reason = "a database whose feature is off gives nothing")
    )]
    pub const fn new(
        postgres: postgres::Check,
        sqlite: sqlite::Check,
        mysql: mysql::Check,
    ) -> Self {
        Self {
            #[cfg(feature = "postgres")]
            postgres,
            #[cfg(feature = "sqlite")]
            sqlite,
            #[cfg(feature = "mysql")]
            mysql,
        }
    }
}

impl std::fmt::Debug for TypeChecks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypeChecks")
    }
}

/// The [`TypeChecks`] of a type, as a constant: sqlx's test for each database that has the type, and
/// nothing for the others (`Vec<String>` is a type of PostgreSQL only).
///
/// `Probe::<T>::COLMIG_SQLITE` is the constant of the inherent impl where its bound holds, and of the trait
/// otherwise, because the compiler prefers inherent items. So it works for concrete types only, which
/// is what the fields of a table are.
#[doc(hidden)]
#[macro_export]
macro_rules! __type_checks {
    ($type:ty) => {{
        use $crate::__private::Untyped as _;
        $crate::__private::TypeChecks::new(
            $crate::__private::Probe::<$type>::COLMIG_POSTGRES,
            $crate::__private::Probe::<$type>::COLMIG_SQLITE,
            $crate::__private::Probe::<$type>::COLMIG_MYSQL,
        )
    }};
}

/// A type that is asked whether sqlx knows it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

/// The answer for a type that a database does not have.
#[doc(hidden)]
pub trait Untyped {
    /// On PostgreSQL.
    const COLMIG_POSTGRES: postgres::Check = postgres::NONE;
    /// On SQLite.
    const COLMIG_SQLITE: sqlite::Check = sqlite::NONE;
    /// On MySQL and MariaDB.
    const COLMIG_MYSQL: mysql::Check = mysql::NONE;
}

impl<T> Untyped for Probe<T> {}

#[cfg(feature = "postgres")]
mod postgres {
    use sqlx::{Postgres, Type, postgres::PgTypeInfo};

    pub(super) type Check = Option<fn(&PgTypeInfo) -> bool>;
    pub(super) const NONE: Check = None;

    impl<T: Type<Postgres>> super::Probe<T> {
        /// On PostgreSQL.
        pub const COLMIG_POSTGRES: Check = Some(<T as Type<Postgres>>::compatible);
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use sqlx::{Sqlite, Type, sqlite::SqliteTypeInfo};

    pub(super) type Check = Option<fn(&SqliteTypeInfo) -> bool>;
    pub(super) const NONE: Check = None;

    impl<T: Type<Sqlite>> super::Probe<T> {
        /// On SQLite.
        pub const COLMIG_SQLITE: Check = Some(<T as Type<Sqlite>>::compatible);
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use sqlx::{MySql, Type, mysql::MySqlTypeInfo};

    pub(super) type Check = Option<fn(&MySqlTypeInfo) -> bool>;
    pub(super) const NONE: Check = None;

    impl<T: Type<MySql>> super::Probe<T> {
        /// On MySQL and MariaDB.
        pub const COLMIG_MYSQL: Check = Some(<T as Type<MySql>>::compatible);
    }
}

#[cfg(not(feature = "mysql"))]
use off as mysql;
#[cfg(not(feature = "postgres"))]
use off as postgres;
#[cfg(not(feature = "sqlite"))]
use off as sqlite;

/// A database whose feature is off: there is nothing to ask.
#[cfg(not(all(feature = "postgres", feature = "sqlite", feature = "mysql")))]
mod off {
    pub(super) type Check = ();
    pub(super) const NONE: Check = ();
}

#[cfg(test)]
mod tests {
    #![cfg_attr(
        all(feature = "postgres", feature = "sqlite", feature = "mysql"),
        expect(
            unused_imports,
            reason = "where every database has the type, the trait says nothing; other crates are not told"
        )
    )]

    use super::*;

    #[derive(Debug)]
    struct NoDatabaseHasThis;

    const TEXT: TypeChecks = crate::__private::type_checks!(String);
    const TEXTS: TypeChecks = crate::__private::type_checks!(Vec<String>);
    const NONE: TypeChecks = crate::__private::type_checks!(NoDatabaseHasThis);

    #[cfg(feature = "postgres")]
    #[test]
    fn postgres_judges_the_types_that_it_has() {
        use sqlx::{Postgres, Type};

        let text = <String as Type<Postgres>>::type_info();
        assert!(TEXT.postgres.is_some_and(|compatible| compatible(&text)));
        assert!(TEXTS.postgres.is_some_and(|compatible| !compatible(&text)));
        assert!(NONE.postgres.is_none());
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite_judges_the_types_that_it_has() {
        use sqlx::{Sqlite, Type};

        let text = <String as Type<Sqlite>>::type_info();
        assert!(TEXT.sqlite.is_some_and(|compatible| compatible(&text)));
        assert!(TEXTS.sqlite.is_none());
        assert!(NONE.sqlite.is_none());
    }

    #[test]
    fn a_database_that_is_off_is_no_error() {
        for checks in [TEXT, TEXTS, NONE] {
            assert_eq!(format!("{checks:?}"), "TypeChecks");
        }
    }
}
