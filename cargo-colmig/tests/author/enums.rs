//! Enum types from their first release to their last, and what `generate` says of wrong ones.

use crate::shop::{Shop, table};

const MOOD: &str = "#[colmig(enum)] pub mood: Mood,";

/// `users` with a mood, and the enum of these variants.
fn write(shop: &Shop, variants: &str) {
    let mood = format!(
        "#[derive(colmig::Enum)] #[colmig(rename_all = \"snake_case\")] pub enum Mood {{ Happy, Sad, {variants} }}\n"
    );
    shop.write("src/lib.rs", &(table("User", "users", MOOD) + &mood));
}

fn begun() -> Shop {
    let shop = Shop::new();
    write(&shop, "");
    shop
}

#[test]
fn a_life_of_a_value_is_two_migrations() {
    let shop = begun();
    shop.ok(&["generate"]).says(&[
        "Generated 0001_create_mood_and_1_more",
        "0001.1 create mood (create enum type)",
        "0001.2 create users (create table)",
    ]);
    let create = "migrations/0001_create_mood_and_1_more/postgres/1_expand.1.mood.create_type";
    assert_eq!(
        shop.read(&format!("{create}.up.sql")),
        "CREATE TYPE mood AS ENUM ('happy', 'sad');\n"
    );
    assert_eq!(shop.read(&format!("{create}.down.sql")), "DROP TYPE mood;\n");
    let files = shop.snapshot().into_keys().map(|path| path.display().to_string());
    assert!(!files.into_iter().any(|path| path.contains("sqlite/1_expand.1.mood")), "it is text");

    write(&shop, "#[colmig(adding)] Angry");
    shop.ok(&["generate"]).says(&["0002.1 add mood.angry (add a value to an enum type)"]);
    let add = "migrations/0002_add_mood_angry/postgres/1_expand.1.mood.angry.add_value.up.sql";
    assert_eq!(shop.read(add), "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'angry';\n");
    let plan = shop.ok(&["plan"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "phase 1 (reads it and never writes it: `adding`)",
        "the value stays in the type, and nobody uses it",
        "only while no row holds the value: it has no `replace_with`",
    ] {
        assert!(plan.contains(words), "no `{words}` in\n{plan}");
    }
    write(&shop, "Angry");
    shop.ok(&["generate"])
        .says(&["Goes on mood.angry: adding → active", "0002 goes on; this release is phase 2"]);
    write(&shop, "#[colmig(deprecated, replace_with = \"sad\")] Angry");
    shop.ok(&["generate"]).says(&["0003.1 retire mood.angry (retire a value of an enum type)"]);
    let backfill =
        shop.read("migrations/0003_retire_mood_angry/postgres/2_backfill.1.mood.angry.up.sql");
    let update = "UPDATE \"users\" SET \"mood\" = 'sad' WHERE \"mood\" = 'angry';";
    assert!(backfill.contains(update), "{backfill}");
    assert!(!shop.read("colmig.lock").contains("replace_with"));

    write(&shop, "#[colmig(deprecated, replace_with = \"happy\")] Angry");
    let said = "the `replace_with` of `angry` changed after `0003_retire_mood_angry` was generated";
    shop.fails(&["generate"], 100, &["src/lib.rs", said]);
    write(&shop, "");
    shop.ok(&["generate"]).says(&["deprecated → absent", "0003 goes on; this release is phase 2"]);
    shop.ok(&["generate"]).says(&["Unchanged"]);
    assert!(!shop.read("colmig.lock").contains("\"name\":\"angry\""));
    write(&shop, "#[colmig(adding)] Angry");
    shop.ok(&["generate"]).says(&["0004.1 add mood.angry"]);
}

#[test]
fn what_is_wrong_with_an_enum_is_said_at_its_token() {
    let shop = begun();
    write(&shop, "#[colmig(adding)] Angry");
    shop.fails(
        &["generate"],
        100,
        &["CM0201", "src/lib.rs:", "`angry` is adding, but its type is new", "write it plain"],
    );
    write(&shop, "");
    shop.ok(&["generate"]);
    write(&shop, "Angry");
    shop.fails(
        &["generate"],
        100,
        &["CM0201", "the value `angry` cannot go from absent to active"],
    );
    shop.write("src/lib.rs", &table("User", "users", MOOD));
    shop.fails(&["generate"], 100, &["CM0102", "no enum here stands for the type `mood`"]);
    let words =
        "#[derive(colmig::Enum)] #[colmig(type = \"mood\", rename_all = \"snake_case\")] pub enum";
    let twice = format!("{words} Mood {{ Happy, Sad }}\n{words} Feeling {{ Happy, Sad }}\n");
    shop.write("src/lib.rs", &(table("User", "users", MOOD) + &twice));
    shop.fails(&["generate"], 100, &["CM0108", "declared twice: by `Mood` and by `Feeling`"]);
    write(&shop, "Angry(i64), #[colmig(ading)] Wild");
    shop.fails(&["generate"], 100, &["CM0115", "CM0101", "did you mean `adding`?"]);
}

/// Enums of other crates have a derive of the same name.
#[test]
fn an_enum_of_somebody_else_is_none_of_colmigs() {
    let shop = Shop::new();
    let theirs = "#[derive(Enum)] pub enum Shape { Circle(f64) }\n#[derive(enum_map::Enum)] pub enum Way { Up }\n";
    shop.write("src/lib.rs", &(table("User", "users", "") + theirs));
    shop.ok(&["generate"]);
    assert!(!shop.read("colmig.lock").contains("enums"));
}
