mod user {
    #[derive(colmig::Table)]
    pub struct User {
        #[colmig(primary_key)]
        pub id: i64,
        email: String,
    }
}

fn f() {
    let _ = user::User::EMAIL;
}

fn main() {}
