//! `cargo colmig init`, and commands where it has not been run.

use crate::shop::Shop;

fn package(dependencies: &str) -> Shop {
    let shop = Shop::empty();
    shop.package("", "my-shop");
    shop.write("Cargo.toml", &(shop.read("Cargo.toml") + dependencies));
    shop
}

#[test]
fn without_colmig_toml_every_way_leads_to_init() {
    let shop = package("");
    shop.fails(
        &["generate"],
        3,
        &["error[CM0401]: this project has no colmig.toml", "cargo colmig init"],
    );
    assert_eq!(Shop::empty().run(&["generate"]).code, 96);
}

#[test]
fn it_takes_the_name_of_the_package_and_the_features_of_sqlx() {
    let shop = package(
        "[dependencies]\nsqlx = { version = \"*\", features = [\"sqlite-unbundled\", \"uuid\"] }\n",
    );
    shop.ok(&["init"]).says(&["Created colmig.toml", "cargo colmig generate"]);
    let text = shop.read("colmig.toml");
    assert!(text.contains("project = \"my-shop\"\ndatabases = [\"sqlite\"]\n"), "{text}");
    shop.ok(&["generate"]).says(&["no struct in `my-shop` derives `Table`"]);
    assert!(!shop.path("colmig.lock").exists());
}

#[test]
fn a_feature_of_the_package_counts_too() {
    let shop = package(
        "[dependencies]\ncolmig = { version = \"*\", optional = true }\n[features]\npg = [\"colmig?/postgres\"]\n",
    );
    shop.ok(&["init", "--project", "other"]);
    assert!(shop.read("colmig.toml").contains("project = \"other\"\ndatabases = [\"postgres\"]\n"));
}

#[test]
fn what_it_cannot_know_it_asks_for() {
    let shop = package("");
    shop.fails(&["init"], 2, &["`--database postgres` or `--database sqlite`"]);
    shop.fails(&["init", "--database", "oracle"], 2, &["`oracle` is no database"]);
    shop.fails(
        &["init", "--database", "sqlite", "--project", "a b"],
        2,
        &["cannot name a project"],
    );
    assert!(!shop.path("colmig.toml").exists());
    shop.ok(&["init", "--database", "sqlite", "--database", "postgres"]);
    assert!(shop.read("colmig.toml").contains("databases = [\"postgres\", \"sqlite\"]"));
}

#[test]
fn it_overwrites_nothing() {
    let shop = package("");
    shop.write("colmig.toml", "mine");
    shop.fails(
        &["init", "--database", "sqlite"],
        96,
        &["has a colmig.toml already", "--> colmig.toml\n"],
    );
    assert_eq!(shop.read("colmig.toml"), "mine");
}

#[test]
fn a_configuration_that_is_not_understood_is_shown() {
    let shop = Shop::new();
    shop.write("colmig.toml", "project = \"shop\"\ndatabase = [\"sqlite\"]\n");
    shop.fails(
        &["generate"],
        96,
        &["error[CM0402]", "unknown field `database`", "--> colmig.toml:2:1\n", "2 | database = "],
    );
}

/// Whatever is wrong with the file, its passwords stay in it.
#[test]
fn no_password_is_ever_printed() {
    let shop = Shop::new();
    let url = "postgres://app:hush@db/shop";
    let head = "project = \"shop\"\ndatabases = [\"postgres\"]\n";
    for text in [
        format!("{head}[env.dev]\nurl = \"{url}\"\n"),
        format!("{head}[env.dev]\nurl = \"{url}\nsoak = \"10m\"\n"),
        format!("{head}[env.dev]\nurl = \"{url}\"\noops = 1\n"),
        format!("{head}[env.dev]\nfleet = \"{url}\"\n"),
        format!("{head}[env.dev]\nsoak = \"{url}\"\n"),
        format!("{head}\"{url}\" = 1\n"),
        format!("project = \"{url}\"\n"),
    ] {
        shop.write("colmig.toml", &text);
        for arguments in [
            &["generate", "--check"][..],
            &["generate", "--check", "--message-format=json", "-vv"],
            &["generate", "--env", url, "--database-url", url],
            &["generate", "--name", url, "--dry-run"],
            &["generate", "-p", url],
            &["generate", "--config", url],
            &["generate", url],
            &["init", "--project", url, "--database", url],
        ] {
            let ran = shop.run(arguments);
            assert!(
                !ran.err.contains("hush") && !ran.out.contains("hush"),
                "{arguments:?}: {ran:#?}"
            );
        }
    }
}
