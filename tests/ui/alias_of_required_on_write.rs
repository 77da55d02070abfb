type Handle = colmig::RequiredOnWrite<String>;

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(type = "text")]
    handle: Handle,
}

fn main() {}
