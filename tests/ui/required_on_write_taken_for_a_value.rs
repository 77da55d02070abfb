use colmig::RequiredOnWrite;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    nickname: RequiredOnWrite<String>,
}

fn f(user: &User) {
    let _ = user.nickname.is_empty();
}

fn main() {}
