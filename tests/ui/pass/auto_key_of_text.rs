#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key, auto, default = "gen_random_uuid()")]
    id: String,
}

fn main() {}
