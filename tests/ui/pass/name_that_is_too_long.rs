#[derive(colmig::Table)]
struct User {
    #[colmig(primary_key)]
    id: i64,
    #[colmig(column = "the_address_to_which_we_send_whatever_we_have_to_say_to_a_user")]
    email: String,
}

fn main() {}
