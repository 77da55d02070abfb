//! Every name of the standard library that the code could mean is another thing here, or none.

#![no_implicit_prelude]
#![expect(
    dead_code,
    non_camel_case_types,
    non_snake_case,
    unused_macros,
    reason = "they are here to be in the way"
)]

mod core {}
mod std {}
mod alloc {}
mod colmig {}
mod sqlx {}
mod inventory {}

struct Option;
struct Result;
struct String;
struct Vec;
struct Some;
struct None;
struct Box;
struct Table;
struct Bind;
struct Column;
struct WriteOnly;
struct Encode;
struct Type;
struct Untyped;
struct Probe;
type bool = ();
type usize = ();
type u8 = ();
type str = ();
fn Ok() {}
fn Err() {}
fn drop() {}
fn fn_() {}

macro_rules! concat { () => { compile_error!("not this one") } }
macro_rules! module_path { () => { compile_error!("not this one") } }
macro_rules! unreachable { () => { compile_error!("not this one") } }
macro_rules! include_bytes { () => { compile_error!("not this one") } }
macro_rules! submit { () => { compile_error!("not this one") } }

#[derive(::colmig::Table)]
#[colmig(table = "users")]
pub struct User {
    #[colmig(primary_key, auto)]
    pub id: i64,
    pub email: ::std::option::Option<::std::string::String>,
    pub avatar: ::std::vec::Vec<::core::primitive::u8>,
    pub active: ::core::primitive::bool,
    #[colmig(adding, backfill = "lower(email)")]
    pub handle: ::colmig::WriteOnly<::std::string::String>,
    #[colmig(deprecated)]
    pub nickname: ::colmig::WriteOnly<::std::option::Option<::std::string::String>>,
}
