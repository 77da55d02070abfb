//! Nothing in scope can change what the derive's code means.

#![no_implicit_prelude]

mod core {}
mod std {}

#[expect(dead_code, reason = "they are here to be in the way")]
mod shadowed {
    pub struct Option;
    pub struct Result;
    pub struct Some;
    pub struct Ok;
    pub trait Encode {}
    pub trait Table {}
    pub type Index = ();
}

#[expect(unused_imports, reason = "they are here to be in the way")]
use shadowed::*;

#[expect(non_camel_case_types, dead_code, reason = "they are here to be in the way")]
type usize = ();

#[derive(::colmig::Table)]
struct User {
    #[colmig(primary_key, auto)]
    id: i64,
    email: ::std::option::Option<::std::string::String>,
    #[colmig(deprecated)]
    nickname: ::colmig::WriteOnly<::std::string::String>,
}

#[::core::prelude::v1::test]
fn main() {
    let user = User {
        id: 1,
        email: ::std::option::Option::None,
        nickname: ::std::convert::Into::into(::std::string::String::new()),
    };
    ::std::assert!(!::colmig::Table::is_unset(&user, 2));
}
