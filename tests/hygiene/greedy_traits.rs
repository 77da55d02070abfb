//! A trait of the user's has methods and constants of every name for every type.

#![expect(dead_code, reason = "they are here to be in the way")]

trait Greedy {
    const TABLE: () = ();
    const COLUMNS: () = ();
    const SELECT: () = ();
    const ID: () = ();
    fn add(&self) {}
    fn bind(&self) {}
    fn is_unset(&self) {}
    fn new() {}
    fn encode(&self) {}
    fn into(&self) {}
    fn clone(&self) {}
    fn as_ref(&self) {}
    fn value(&self) {}
    fn get(&self) {}
    fn as_str(&self) {}
    fn submit(&self) {}
}

impl<T: ?Sized> Greedy for T {}

#[derive(colmig::Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub name: Option<String>,
    #[colmig(type = "text[]")]
    pub tags: Vec<String>,
    #[colmig(deprecated)]
    pub nickname: colmig::WriteOnly<String>,
}
