//! Structs in functions, methods, constants and traits.

pub fn of_a_type<T>(_: T) -> &'static str {
    #[derive(colmig::Table)]
    #[colmig(table = "inside")]
    struct Inside {
        #[colmig(primary_key)]
        id: i64,
    }
    Inside::SELECT
}

pub struct Outer;

impl Outer {
    pub async fn method(&self) -> &'static str {
        let closure = || {
            #[derive(colmig::Table)]
            #[colmig(table = "inside")]
            struct Inside {
                #[colmig(primary_key)]
                id: i64,
                #[colmig(deprecated)]
                gone: colmig::WriteOnly<String>,
            }
            <Inside as colmig::Table>::SELECT
        };
        closure()
    }
}

const _: () = {
    #[derive(colmig::Table)]
    #[colmig(table = "inside")]
    struct Inside {
        #[colmig(primary_key)]
        id: i64,
    }
};

pub trait Provided {
    fn provided() {
        #[derive(colmig::Table)]
        #[colmig(table = "inside")]
        pub struct Inside {
            #[colmig(primary_key)]
            pub id: i64,
        }
    }
}

use colmig::Table as _;
