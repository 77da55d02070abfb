#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    email: String,
    #[colmig(constant = "MAIL_BOX")]
    mail: String,
}

fn main() {}
