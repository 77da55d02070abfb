//! Structs by the names of what the code uses.

#![expect(non_camel_case_types, non_snake_case, reason = "they are here to be in the way")]

macro_rules! table {
    ($($name:ident)*) => {
        $(pub mod $name {
            #[derive(::colmig::Table)]
            #[colmig(table = "t")]
            pub struct $name {
                #[colmig(primary_key)]
                pub id: i64,
            }
        })*
    };
}

table! {
    Option Result String Table Bind Column ColumnInfo TableInfo Linked Access Stand Untyped Probe
    user r#type i32 bool usize colmig core std
}
