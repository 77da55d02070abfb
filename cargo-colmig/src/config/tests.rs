use super::*;
use crate::secret::SecretUrl;

const WHOLE: &str = r#"
project = "shop"
databases = ["sqlite", "postgres"]
packages = ["shop"]

[env.dev]
url = "$DATABASE_URL"
fleet = "none"

[env.prod]
url = "postgres://app:hush@db/shop"
soak = "1m"
ttl = "5s"
ignore_clients = ["metabase"]

[env.file]
url = "sqlite:data/shop.db?mode=rwc"

[env.empty]
"#;

fn parse(text: &str) -> Result<Config> {
    let dir = tempfile::tempdir().expect("there is room");
    let path = Utf8PathBuf::from_path_buf(dir.path().join("colmig.toml")).expect("a plain path");
    std::fs::write(&path, text).expect("it can be written");
    Config::read(&path).map(|config| Config { path: "/work/100%/colmig.toml".into(), ..config })
}

fn whole() -> Config {
    parse(WHOLE).expect("it is valid")
}

fn message(text: &str) -> String {
    let failure = parse(text).expect_err("it is not valid");
    let report = &failure.reports()[0];
    let excerpt = report.excerpt.as_ref().map_or("", |excerpt| &excerpt.text);
    format!("{}\n{excerpt}", report.problem)
}

fn environment(env: &str) -> std::result::Result<Environment, Problem> {
    let choice = Choice { env: Some(env), ..Choice::default() };
    whole().environment(choice, |name| (name == "DATABASE_URL").then(|| "sqlite::memory:".into()))
}

fn url(environment: &Environment) -> &str {
    environment.only("a test").expect("it has one database").url.expose()
}

#[test]
fn every_key_is_read() {
    let prod = environment("prod").expect("it is there");
    assert_eq!((prod.soak_ms, prod.ttl_ms, prod.fleet_leases), (60_000, 5_000, true));
    assert_eq!(prod.ignore_clients, ["metabase"]);
    assert_eq!(url(&prod), "postgres://app:hush@db/shop");
    assert!(!format!("{prod:?}").contains("hush"));
    let dev = environment("dev").expect("it is there");
    assert_eq!((dev.soak_ms, dev.ttl_ms, dev.fleet_leases), (600_000, 30_000, false));
    assert_eq!(url(&dev), "sqlite::memory:");
    assert_eq!(whole().databases, [Database::Postgres, Database::Sqlite]);
}

#[test]
fn a_file_is_beside_colmig_toml() {
    let file = environment("file").expect("it is there");
    assert_eq!(url(&file), "sqlite:/work/100%25/data/shop.db?mode=rwc");
}

#[test]
fn dev_is_meant_without_a_name() {
    let plain = |_: &str| Some("postgres://h/d".to_owned());
    let dev = whole().environment(Choice::default(), plain).expect("dev is there");
    assert_eq!(dev.name, "dev");
    let only_prod =
        parse("project = \"a\"\ndatabases = [\"sqlite\"]\n[env.prod]\n").expect("valid");
    let problem = only_prod.environment(Choice::default(), plain).expect_err("no dev");
    assert!(problem.to_string().contains("`--env` with one of prod"), "{problem}");
}

#[test]
fn an_address_on_the_command_line_comes_first_and_stays_as_it_is() {
    let url = SecretUrl::new("sqlite:here.db");
    for env in ["dev", "prod", "empty"] {
        let choice = Choice { env: Some(env), url: Some(&url), ..Choice::default() };
        let found = whole().environment(choice, |_| None).expect("it has an address");
        assert_eq!(
            found.targets,
            [Target { name: String::new(), url: url.clone(), replicas: Vec::new() }]
        );
    }
}

#[test]
fn without_environments_the_variable_counts() {
    let config = parse("project = \"a\"\ndatabases = [\"sqlite\"]\n").expect("valid");
    let found = config.environment(Choice::default(), |_| Some("sqlite::memory:".into()));
    let found = found.expect("the variable is set");
    assert_eq!((found.name.as_str(), found.fleet_leases), ("", true));
    let problem = config.environment(Choice::default(), |_| None).expect_err("it is not set");
    assert!(problem.message.contains("DATABASE_URL, which is not set"), "{problem}");
}

#[test]
fn what_is_wrong_with_an_address_is_said_without_it() {
    let with = |url: &str| {
        let text = format!("project = \"a\"\ndatabases = [\"sqlite\"]\n[env.dev]\nurl = '{url}'\n");
        let problem = parse(&text).expect("valid").environment(Choice::default(), |_| None);
        problem.expect_err("it is wrong").to_string()
    };
    for (url, expected) in [
        ("postgres://u:hush@h/d", "`databases` has only sqlite"),
        ("oracle://u:hush@h/d", "names no database"),
        ("hush", "names no database"),
        ("$hush/d", "no name of a variable follows"),
        ("$MISSING", "MISSING, which is not set"),
        ("${MISSING}", "MISSING, which is not set"),
    ] {
        let text = with(url);
        assert!(text.contains(expected) && !text.contains("hush"), "{text}");
    }
    assert!(environment("empty").expect_err("no url").message.contains("has no `url`"));
    assert!(environment("none").expect_err("no env").message.contains("no environment `none`"));
}

#[test]
fn unknown_keys_are_refused_with_their_place() {
    let text = message("project = \"a\"\ndatabases = [\"sqlite\"]\n[env.dev]\nsoaks = \"1m\"\n");
    assert!(text.contains("unknown field `soaks`") && text.contains("colmig.toml:4:1"), "{text}");
    let text = message("project = \"a\"\ndatabase = [\"sqlite\"]\n");
    assert!(
        text.contains("unknown field `database`") && text.contains("colmig.toml:2:1"),
        "{text}"
    );
}

#[test]
fn what_is_not_understood_is_refused() {
    let head = "project = \"a\"\ndatabases = [\"sqlite\"]\n[env.dev]\n";
    for (text, expected) in [
        ("databases = [\"sqlite\"]", "missing field `project`"),
        ("project = \"a b\"\ndatabases = [\"sqlite\"]", "a project's name has"),
        ("project = \"a\"", "missing field `databases`"),
        ("project = \"a\"\ndatabases = []", "`databases` is empty"),
        ("project = \"a\"\ndatabases = [\"oracle\"]", "unknown variant `oracle`"),
        (&format!("{head}soak = \"10 minutes\""), "is no duration"),
        (&format!("{head}ttl = \"0s\""), "lives no time"),
        (&format!("{head}fleet = \"some\""), "unknown variant `some`"),
        ("project = ", "colmig.toml:1:"),
    ] {
        let found = message(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn a_password_is_not_repeated_by_a_message() {
    for text in [
        "url = \"postgres://u:hush@h/d",
        "project = \"postgres://u:hush@h/d\"",
        "project = \"a\"\ndatabases = \"postgres://u:hush@h/d\"",
        "project = \"a\"\ndatabases = [\"postgres://u:hush@h/d\"]",
        "project = \"a\"\ndatabases = [\"sqlite\"]\n[env.dev]\nfleet = \"postgres://u:hush@h/d\"",
        "project = \"a\"\ndatabases = [\"sqlite\"]\nenv = \"postgres://u:hush@h/d\"",
        "project = \"a\"\ndatabases = [\"u:hush@h/d\"]",
        "project = \"a\"\ndatabases = [\"host=h password=hush\"]",
    ] {
        let found = message(text);
        assert!(!found.contains("hush"), "{found}");
    }
}

const SHARDS: &str = r#"
project = "shop"
databases = ["postgres", "sqlite"]

[env.dev]
url = "sqlite::memory:"

[env.prod]
parallel = 2
targets = { eu-10 = "$EU_10", eu-2 = "postgres://app:hush@eu-2/shop", us = "${US}" }

[env.files.targets]
a = "sqlite:a.db"
b = "sqlite:/b.db"
"#;

/// What the command line means by these names in the environment.
fn chosen(
    text: &str,
    env: &str,
    targets: &[&str],
    except: &[&str],
) -> std::result::Result<Environment, Problem> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (targets, except) = (owned(targets), owned(except));
    let choice = Choice { env: Some(env), url: None, targets: &targets, except: &except };
    let variable = |name: &str| match name {
        "EU_10" => Some("postgres://app:hush@eu-10/shop".to_owned()),
        "US" => Some("postgres://app:hush@us/shop".to_owned()),
        "LITE" => Some("sqlite:hush.db".to_owned()),
        _ => None,
    };
    parse(text).expect("it is valid").environment(choice, variable)
}

fn names(environment: &Environment) -> Vec<&str> {
    environment.targets.iter().map(|target| target.name.as_str()).collect()
}

#[test]
fn targets_are_read_in_the_order_of_their_numbers() {
    let prod = chosen(SHARDS, "prod", &[], &[]).expect("it is valid");
    assert_eq!(names(&prod), ["eu-2", "eu-10", "us"]);
    assert_eq!((prod.parallel, prod.database), (2, Database::Postgres));
    assert_eq!(prod.targets[2].url.expose(), "postgres://app:hush@us/shop");
    assert!(!format!("{prod:?}").contains("hush"));
    let files = chosen(SHARDS, "files", &[], &[]).expect("it is valid");
    assert_eq!(files.targets[0].url.expose(), "sqlite:/work/100%25/a.db");
    assert_eq!((files.parallel, files.targets[1].url.expose()), (4, "sqlite:/b.db"));
}

#[test]
fn the_command_line_narrows_them_and_no_other_variable_is_asked_for() {
    for (targets, except, expected) in [
        (&["us", "eu-2"][..], &[][..], &["eu-2", "us"][..]),
        (&[], &["us"], &["eu-2", "eu-10"]),
        (&["us", "eu-2"], &["us"], &["eu-2"]),
    ] {
        let found = chosen(SHARDS, "prod", targets, except).expect("they are there");
        assert_eq!(names(&found), expected);
    }
    let text = SHARDS.replace("$EU_10", "$MISSING");
    assert!(chosen(&text, "prod", &["us"], &[]).is_ok());
    assert!(chosen(&text, "prod", &[], &["eu-10"]).is_ok());
    let one = chosen(SHARDS, "prod", &["us"], &[]).expect("it is there");
    assert_eq!(one.only("a restore").expect("it is one").name, "us");
}

#[test]
fn what_is_wrong_with_targets_is_said_with_its_remedy_and_without_addresses() {
    let head = "project = \"a\"\ndatabases = [\"sqlite\", \"postgres\"]\n[env.prod]\n";
    for (targets, expected) in [
        ("url = 'sqlite:a'\ntargets = { a = 'sqlite:a' }", "has a `url` and `targets`"),
        ("url = 'sqlite:a'\nparallel = 2", "remove `parallel`"),
        ("targets = { a = 'sqlite:hush', b = 'sqlite:hush' }", "`a` and `b` in"),
        ("targets = { a = '$LITE', b = 'sqlite:hush.db' }", "have one address"),
        ("targets = { a = '$LITE', b = '$US' }", "are sqlite databases, and b is not"),
        ("targets = { a = '$NO_A', b = '$US', c = '$NO_C' }", "not set: NO_A, NO_C"),
        ("targets = { a = '$NO_A' }", "takes its address from NO_A"),
        ("targets = { a = '$hush/x' }", "no name of a variable follows"),
        (
            "targets = { a = 'hush' }",
            "the address of `a` in `[env.prod.targets]` names no database",
        ),
    ] {
        let problem = chosen(&format!("{head}{targets}\n"), "prod", &[], &[]);
        let problem = problem.expect_err("it is wrong").to_string();
        assert!(problem.contains(expected) && !problem.contains("hush"), "{targets}: {problem}");
        assert!(problem.contains("help: "), "{problem}");
    }
    for (targets, expected) in [
        ("targets = {}", "`targets` is empty"),
        ("targets = { 'a b' = 'sqlite:a' }", "a target's name has"),
        ("targets = ['sqlite:a']", "names with addresses"),
        ("targets = { a = 'sqlite:a', a = 'sqlite:b' }", "duplicate key"),
        ("targets = { a = 'sqlite:a' }\nparallel = 0", "no target would ever"),
    ] {
        let found = message(&format!("{head}{targets}\n"));
        assert!(found.contains(expected), "{targets}: {found}");
    }
    for (named, except, expected) in [
        (&["eu-3"][..], &[][..], "there are: eu-2, eu-10, us"),
        (&[], &["eu-3"], "has no target `eu-3`"),
        (&["us"], &["us"], "no target of `[env.prod]` is left"),
    ] {
        let problem = chosen(SHARDS, "prod", named, except).expect_err("it is wrong").to_string();
        assert!(problem.contains(expected), "{problem}");
    }
    let problem = chosen(SHARDS, "dev", &["us"], &[]).expect_err("it has one").to_string();
    assert!(problem.contains("this environment has one"), "{problem}");
    let prod = chosen(SHARDS, "prod", &[], &[]).expect("it is valid");
    let problem = prod.only("`history purge`").expect_err("there are three").to_string();
    assert!(problem.contains("`history purge` is about one database"), "{problem}");
    assert!(problem.contains("`--target` with one of eu-2, eu-10, us"), "{problem}");
}

const REPLICAS: &str = r#"
project = "shop"
databases = ["postgres", "sqlite"]

[env.dev]
url = "$US"

[env.prod]
url = "$US"
max_replica_lag = "400ms"
replicas = { r10 = "postgres://app:hush@r10/shop", r2 = "$EU_10" }

[env.shards.targets]
eu = { url = "$EU_10", replicas = { eu-r = "postgres://app:hush@eu-r/shop" } }
us = "$US"

[env.long.targets.us]
url = "$US"

[env.long.targets.us.replicas]
r1 = "$MISSING"
"#;

#[test]
fn replicas_are_read_for_an_environment_and_for_each_target() {
    let addresses = |target: &Target| {
        let replicas = target.replicas.iter();
        let replicas = replicas.map(|one| format!("{} {}", one.name, one.url.expose()));
        replicas.collect::<Vec<_>>()
    };
    let prod = chosen(REPLICAS, "prod", &[], &[]).expect("it is valid");
    let expected = ["r2 postgres://app:hush@eu-10/shop", "r10 postgres://app:hush@r10/shop"];
    assert_eq!(addresses(&prod.targets[0]), expected);
    assert_eq!(prod.max_replica_lag_ms, 400);
    assert!(!format!("{prod:?}").contains("hush"));
    let dev = chosen(REPLICAS, "dev", &[], &[]).expect("it is valid");
    assert!(dev.targets[0].replicas.is_empty());
    assert_eq!(dev.max_replica_lag_ms, 1500);
    let shards = chosen(REPLICAS, "shards", &[], &[]).expect("it is valid");
    assert_eq!(names(&shards), ["eu", "us"]);
    assert_eq!(addresses(&shards.targets[0]), ["eu-r postgres://app:hush@eu-r/shop"]);
    assert!(shards.targets[1].replicas.is_empty());
    // Who narrows a command needs the variables of what is left only.
    let long = chosen(REPLICAS, "long", &[], &[]).expect_err("a variable is missing").to_string();
    assert!(
        long.contains("`[env.long.targets.us.replicas]`") && long.contains("MISSING"),
        "{long}"
    );
    // The typed address is another way to the same database.
    let url = SecretUrl::new("postgres://app:hush@tunnel/shop");
    let choice = Choice { env: Some("prod"), url: Some(&url), ..Choice::default() };
    let typed =
        parse(REPLICAS).expect("valid").environment(choice, |_| Some("postgres://r2/d".into()));
    assert_eq!(typed.expect("it is valid").targets[0].replicas.len(), 2);
}

#[test]
fn what_is_wrong_with_replicas_is_said_with_its_remedy_and_without_addresses() {
    let head = "project = \"a\"\ndatabases = [\"sqlite\", \"postgres\"]\n[env.prod]\n";
    for (text, expected) in [
        (
            "url = '$US'\nreplicas = { a = '$US' }",
            "`a` in `[env.prod.replicas]` has the address of the database itself",
        ),
        ("url = '$US'\nreplicas = { a = '$EU_10', b = '$EU_10' }", "has the address of `a`"),
        ("url = '$US'\nreplicas = { a = '$NO_A', b = '$NO_B' }", "not set: NO_A, NO_B"),
        ("url = '$US'\nreplicas = { a = '$hush/x' }", "no name of a variable follows"),
        ("url = '$US'\nreplicas = { a = 'hush' }", "is not that of a postgres database"),
        ("url = '$US'\nreplicas = { a = '$LITE' }", "is not that of a postgres database"),
        ("url = '$LITE'\nreplicas = { a = 'sqlite:hush2.db' }", "a SQLite file has none"),
        (
            "targets = { a = '$US' }\nreplicas = { r = '$EU_10' }",
            "has `targets`, and `replicas` of none",
        ),
    ] {
        let problem = chosen(&format!("{head}{text}\n"), "prod", &[], &[]);
        let problem = problem.expect_err("it is wrong").to_string();
        assert!(problem.contains(expected) && !problem.contains("hush"), "{text}: {problem}");
        assert!(problem.contains("help: "), "{problem}");
    }
    for (text, expected) in [
        ("replicas = { 'a b' = 'sqlite:a' }", "a replica's name has"),
        ("replicas = 'postgres://u:hush@h/d'", "a value is not of the kind"),
        ("replica = { a = '$A' }", "unknown field `replica`"),
        ("max_replica_lag = 2", "expected a string"),
        ("max_replica_lag = '2'", "is no duration"),
        (
            "targets = { a = { url = '$A', replica = {} } }",
            "unknown field `replica`, expected `url` or `replicas`",
        ),
        ("targets = { a = { replicas = {} } }", "missing field `url`"),
        ("targets = { a = 3 }", "an address, or a table"),
    ] {
        let found = message(&format!("{head}{text}\n"));
        assert!(found.contains(expected) && !found.contains("hush"), "{text}: {found}");
    }
}
