//! A crate that wraps colmig, and has no `colmig` of its own in scope.

mod shop {
    pub use colmig as db;
}

mod user {
    #[derive(super::shop::db::Table)]
    #[colmig(crate = super::shop::db, read_only, primary_key(tenant, id))]
    pub struct User {
        pub id: i64,
        pub tenant: i64,
    }
}

#[test]
fn main() {
    use shop::db::Table;
    assert_eq!(user::User::TABLE.primary_key, ["tenant", "id"]);
    let user = user::User { id: 1, tenant: 1 };
    assert_eq!(user.id, user.tenant);
}
