//! A trait of the user's gives every type a length.

#![expect(dead_code, reason = "they are here to be in the way")]

trait Length {
    fn len(&self) -> String {
        String::new()
    }
}

impl<T: ?Sized> Length for T {}

#[derive(colmig::Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
}
