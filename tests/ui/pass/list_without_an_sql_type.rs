struct Tag(String);

#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(type = "text[]")]
    tags: Vec<Tag>,
}

fn main() {}
