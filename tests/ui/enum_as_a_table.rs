#[derive(colmig::Table)]
enum Role {
    Admin,
}

fn main() {}
