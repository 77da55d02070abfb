//! A trait of the user's gives every type constants by the databases' names.

#![expect(dead_code, reason = "they are here to be in the way")]

trait Greedy {
    const POSTGRES: () = ();
    const SQLITE: () = ();
}

impl<T: ?Sized> Greedy for T {}

#[derive(colmig::Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    #[colmig(type = "text")]
    pub odd: Odd,
}

/// No database has it.
pub struct Odd;
