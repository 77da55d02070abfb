//! Whatever part of a struct a macro was given: names, types, literals, whole attributes.

macro_rules! whole {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident { $($field:tt)* }) => {
        #[derive(colmig::Table)]
        $(#[$meta])*
        $visibility struct $name { $($field)* }
    };
}

whole! {
    #[colmig(table = "whole")]
    pub struct Whole {
        #[colmig(primary_key, auto)]
        pub id: i64,
        pub name: Option<String>,
    }
}

macro_rules! parts {
    ($name:ident, $table:literal, $key:ident: $key_type:ty, $field:ident: $type:ty, $gone:ident: $gone_type:ty, $default:literal) => {
        #[derive(colmig::Table)]
        #[colmig(table = $table)]
        pub struct $name {
            #[colmig(primary_key)]
            pub $key: $key_type,
            pub $field: $type,
            #[colmig(deprecated)]
            pub $gone: $gone_type,
            #[colmig(default = $default)]
            pub own: i64,
        }
    };
}

parts!(Parts, "parts", id: i64, name: Option<String>, nick: colmig::WriteOnly<Option<String>>, "0");

macro_rules! expressions {
    ($name:ident, $table:expr, $backfill:expr) => {
        #[derive(colmig::Table)]
        #[colmig(table = $table)]
        pub struct $name {
            #[colmig(primary_key)]
            pub id: i64,
            #[colmig(adding, backfill = $backfill)]
            pub handle: colmig::WriteOnly<String>,
        }
    };
}

expressions!(Expressions, "expressions", "''");
