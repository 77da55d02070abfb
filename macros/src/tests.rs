//! Expansions as text: formatted, and compared with the files in `snapshots/`. `COLMIG_SNAPSHOTS=write`
//! writes them anew, for a person to read.

use std::path::PathBuf;
use std::sync::Arc;

use colmig_core::lifecycle::State;
use colmig_core::lock::{Lock, Recorded};
use colmig_core::problem::LOCK_UNREADABLE;
use colmig_core::schema::{EnumType, EnumValue, Schema, Table};
use colmig_core::types::Database;

use super::*;

const USER: &str = r#"
    #[derive(sqlx::FromRow, Table)]
    #[colmig(table = "users")]
    pub struct User {
        #[colmig(primary_key, auto)]
        pub id: i64,
        pub email: String,
        #[colmig(column = "display \"name\"")]
        name: Option<String>,
        #[colmig(adding, backfill = "lower(email)")]
        pub handle: WriteOnly<String>,
        #[colmig(deprecated)]
        nickname: colmig::WriteOnly<Option<String>>,
        r#type: String,
    }
"#;

fn expand(source: &str, surroundings: &Surroundings) -> String {
    let code = table(source.parse().unwrap(), surroundings);
    prettyplease::unparse(&syn::parse2(code).unwrap())
}

/// A project that recorded all of `USER` before the column `handle`.
fn shop() -> Surroundings {
    let Ok(declared) = parse::table(&syn::parse_str(USER).unwrap()) else { panic!("it is valid") };
    let mut table = Table { born: "0001".into(), ..declared.table };
    table.columns.retain(|column| column.name != "handle");
    for column in &mut table.columns {
        column.born = "0001".into();
    }
    let lock = Lock {
        project: "shop".into(),
        migrations: vec![Recorded { id: "0001_create_users".into(), hash: String::new() }],
        schema: Schema::of(vec![table]),
        ..Lock::default()
    };
    Surroundings {
        package: "shop-web".into(),
        lock: Some(Arc::new(lock)),
        file: Some("/src/shop/colmig.lock".into()),
        problem: None,
    }
}

fn assert_snapshot(name: &str, code: &str) {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src/snapshots", name].iter().collect();
    if std::env::var_os("COLMIG_SNAPSHOTS").is_some() {
        std::fs::write(&file, code).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(code, expected, "{name} differs; COLMIG_SNAPSHOTS=write accepts it");
}

#[test]
fn a_table_without_a_lock_file() {
    assert_snapshot("user.rs.txt", &expand(USER, &Surroundings::default()));
}

#[test]
fn a_table_of_a_recorded_project_carries_births_and_watches_the_lock_file() {
    assert_snapshot("user_in_shop.rs.txt", &expand(USER, &shop()));
}

/// What MySQL takes between double quotes is a text, unless the session says otherwise.
#[test]
fn a_project_that_runs_on_mysql_selects_between_backticks() {
    let mut surroundings = shop();
    let lock = Lock {
        databases: vec![Database::Mysql],
        ..Lock::clone(surroundings.lock.as_ref().unwrap())
    };
    surroundings.lock = Some(Arc::new(lock));
    let code = expand(USER, &surroundings);
    assert!(code.contains("FROM `users`\"") && code.contains("`users`.`id` AS `id`"), "{code}");
}

#[test]
fn the_smallest_table_under_another_path() {
    let source = "#[colmig(read_only, crate = my::colmig)] struct r#Self_ { #[colmig(primary_key)] id: i64 }";
    assert_snapshot("smallest.rs.txt", &expand(source, &Surroundings::default()));
}

/// What sqlx makes of a field, structs of further columns, and a column that takes the place of another.
#[test]
fn every_way_to_hold_a_value() {
    let source = r#"
        #[colmig(table = "people")]
        struct Person {
            #[colmig(primary_key)]
            id: i64,
            #[sqlx(json)]
            tags: Tags,
            #[sqlx(json(nullable))]
            notes: Option<Notes>,
            #[sqlx(try_from = "i64")]
            age: Age,
            email: RequiredOnWrite<String>,
            name: String,
            #[colmig(adding, replaces(name), forward(postgres = "initcap(name)", sqlite = "name"))]
            full_name: WriteOnly<String>,
            #[sqlx(flatten)]
            address: Address,
            #[sqlx(flatten)]
            phone: r#Phone,
        }"#;
    assert_snapshot("person.rs.txt", &expand(source, &Surroundings::default()));
}

const MOOD: &str = r#"
    #[colmig(type = "feeling", rename_all = "snake_case")]
    pub enum Mood {
        VeryHappy,
        r#Sad,
        #[colmig(adding)]
        Angry,
        #[colmig(deprecated, replace_with = "sad")]
        Furious,
    }
"#;

fn expand_enum(source: &str, surroundings: &Surroundings) -> String {
    let code = enumeration(source.parse().unwrap(), surroundings);
    prettyplease::unparse(&syn::parse2(code).unwrap())
}

#[test]
fn an_enum_of_a_recorded_project_carries_births_and_watches_the_lock_file() {
    let value =
        |name: &str, state| EnumValue { state, born: "0001".into(), ..EnumValue::new(name) };
    let values = vec![
        value("very_happy", State::Active),
        value("sad", State::Active),
        value("furious", State::Active),
    ];
    let mut lock = Lock::clone(shop().lock.as_ref().expect("it has one"));
    lock.schema.enums = vec![EnumType { name: "feeling".into(), born: "0001".into(), values }];
    let surroundings = Surroundings { lock: Some(Arc::new(lock)), ..shop() };
    assert_snapshot("mood_in_shop.rs.txt", &expand_enum(MOOD, &surroundings));
}

#[test]
fn a_wrong_enum_still_has_the_traits_and_each_mistake_is_one_error() {
    let code =
        expand_enum("enum Mood { Happy(i64), #[colmig(ading)] Sad }", &Surroundings::default());
    assert_eq!(code.matches("compile_error!").count(), 2, "{code}");
    assert_eq!(code.matches("for Mood {").count(), 4, "{code}");
}

/// The compiler is asked what the enum is called, once for each enum.
#[test]
fn a_field_of_an_enum_is_held_to_its_name() {
    let source = "struct T { #[colmig(primary_key)] id: i64, #[colmig(enum)] a: Mood, #[colmig(enum)] b: Option<Mood>,
        #[colmig(enum = \"size\", adding, backfill = \"'s'\")] c: WriteOnly<my::BoxSize> }";
    let code = expand(source, &Surroundings::default());
    assert_eq!(code.matches("as ::colmig::EnumType>::ENUM").count(), 2, "{code}");
    assert!(
        code.contains("same(ENUM.name, \"mood\")") && code.contains("same(ENUM.name, \"size\")"),
        "{code}"
    );
}

#[test]
fn a_part_of_a_table_is_updated_by_its_key_and_never_inserted() {
    let source = "#[colmig(table = \"people\", partial, owner = \"crm\")] pub struct Address { #[colmig(primary_key)] id: i64, pub(crate) city: String, select: Option<String> }";
    assert_snapshot("part.rs.txt", &expand(source, &Surroundings::default()));
}

#[test]
fn a_wrong_struct_still_has_the_traits_and_each_mistake_is_one_error() {
    let source = "#[colmig(tabel = \"t\")] struct T<'a, X: Copy> where X: Clone { #[colmig(atuo)] id: &'a X }";
    assert_snapshot("fallback.rs.txt", &expand(source, &Surroundings::default()));
}

#[test]
fn a_wrong_struct_still_has_a_constant_for_each_column_that_can_be_guessed() {
    let wrong = "#[colmig(tabel = \"t\")] struct T {
        #[colmig(primary_key)] pub id: i64,
        #[colmig(ading)] handle: WriteOnly<Option<String>>,
        #[colmig(deprecated)] nickname: WriteOnly<String>,
        #[colmig(constant = \"a b\")] odd: i64,
        #[colmig(constant = \"ID\")] again: i64,
        #[sqlx(flatten)] part: Part,
    }";
    let code = expand(wrong, &Surroundings::default());
    assert_eq!(code.matches("::colmig::Column::new").count(), 3, "{code}");
    for constant in [
        "pub const ID: ::colmig::Column<T, i64, ::colmig::state::Active>",
        "const HANDLE: ::colmig::Column<T, String, ::colmig::state::Active>",
        "const NICKNAME: ::colmig::Column<T, String, ::colmig::state::Deprecated>",
    ] {
        assert!(code.contains(constant), "{constant}: {code}");
    }
}

#[test]
fn the_compiler_is_asked_what_an_unknown_type_hides_and_nothing_else() {
    let source = "struct T { #[colmig(primary_key)] id: i64, name: Option<String>,
        #[colmig(type = \"text\")] theme: Option<Theme>, #[sqlx(json)] tags: Tags }";
    let code = expand(source, &Surroundings::default());
    assert_eq!(code.matches("::WRAPPER").count(), 1, "{code}");
    assert!(code.contains("Probe::<Theme>::WRAPPER"), "{code}");
    assert!(code.contains("`theme` has the type `Theme`, which hides an `Option`"), "{code}");
}

#[test]
fn a_move_that_is_not_legal_is_an_error_beside_the_code() {
    let skipped = USER.replace("#[colmig(adding, backfill = \"lower(email)\")]", "");
    let skipped = skipped.replace("pub handle: WriteOnly<String>", "pub handle: String");
    let code = expand(&skipped, &shop());
    assert!(code.contains("::colmig::Table for User"), "{code}");
    assert_eq!(code.matches("compile_error!").count(), 1, "{code}");
    assert!(code.contains("`handle` cannot go from absent to active at once"), "{code}");
    assert!(code.contains("[CM0201]\\n  help: write `#[colmig(adding"), "{code}");
}

#[test]
fn a_lock_file_that_cannot_be_read_is_one_error_with_the_remedy() {
    let problem = LOCK_UNREADABLE.problem("it is broken").at("/src/colmig.lock").help("mend it");
    let code = expand(USER, &Surroundings { problem: Some(problem), ..Surroundings::default() });
    assert_eq!(code.matches("compile_error!").count(), 1, "{code}");
    assert!(code.contains("/src/colmig.lock: it is broken [CM0301]\\n  help: mend it"), "{code}");
}

#[test]
fn a_struct_that_is_no_rust_is_left_to_rustc() {
    let code = table("struct".parse().unwrap(), &Surroundings::default()).to_string();
    assert!(code.contains("compile_error"), "{code}");
}
