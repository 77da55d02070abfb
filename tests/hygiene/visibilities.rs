//! As visible as one likes, and no more.

#![expect(dead_code, reason = "they are here to be checked")]

mod inner {
    pub mod deep {
        #[derive(colmig::Table)]
        #[colmig(table = "users")]
        pub(in crate::visibilities) struct User {
            #[colmig(primary_key)]
            id: i64,
            pub name: String,
            #[colmig(type = "text")]
        pub(crate) email: Secret,
            pub(super) handle: String,
            pub(in crate::visibilities) note: Option<String>,
        }

        type Secret = String;
    }

    #[derive(colmig::Table)]
    #[colmig(table = "keys")]
    struct Private {
        #[colmig(primary_key)]
        id: i64,
        #[colmig(type = "text")]
        key: Key,
    }

    struct Key(String);
}
