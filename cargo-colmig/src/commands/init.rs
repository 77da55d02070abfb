//! `cargo colmig init`: writes colmig.toml.

use camino::Utf8Path;
use colmig_core::Exit;
use colmig_core::problem::{FILE_UNWRITABLE, Problem, USAGE};
use colmig_core::types::{DATABASES, Database};

use crate::cli::{Globals, InitArgs};
use crate::config::{PROJECT_NAME, is_project_name};
use crate::files::new_file;
use crate::place::shown;
use crate::project::CONFIG_FILE;
use crate::report::Result;
use crate::terminal::Terminal;
use crate::workspace::Workspace;

/// Writes the file beside the package's Cargo.toml, or the workspace's where no package is meant.
pub(super) fn run(args: &InitArgs, globals: &Globals, terminal: Terminal) -> Result<Exit> {
    let workspace = Workspace::load(globals)?;
    let dir = workspace.current.as_ref().map_or(&workspace.root, |package| &package.dir);
    let path = dir.join(CONFIG_FILE);
    let path = globals.config.clone().unwrap_or(path);
    if path.exists() {
        return Err(exists(&path).into());
    }
    let project = match &args.project {
        Some(name) => name.clone(),
        None => workspace.current.as_ref().map_or_else(
            || workspace.root.file_name().unwrap_or("project").to_owned(),
            |package| package.name.clone(),
        ),
    };
    if !is_project_name(&project) {
        return Err(USAGE
            .problem(format!("`{}` cannot name a project", project.escape_debug()))
            .help(format!("say `--project NAME`: {PROJECT_NAME}"))
            .into());
    }
    let databases = databases(args, &workspace)?;
    new_file(&path, &text(&project, &databases))?;
    terminal.status("Created", &shown(&path));
    terminal.note(&next_step(&databases));
    terminal.object(&serde_json::json!({
        "reason": "initialised", "path": shown(&path), "project": project, "databases": databases,
    }));
    Ok(Exit::Done)
}

fn exists(path: &Utf8Path) -> Problem {
    FILE_UNWRITABLE
        .problem("this project has a colmig.toml already")
        .at(shown(path))
        .help("edit it; or, to begin anew, remove it first")
}

/// As typed, or as the features of sqlx and colmig say.
fn databases(args: &InitArgs, workspace: &Workspace) -> Result<Vec<Database>> {
    let detected = match &workspace.current {
        Some(package) => package.databases.clone(),
        None => workspace.packages.iter().flat_map(|package| package.databases.clone()).collect(),
    };
    let mut databases = if args.databases.is_empty() { detected } else { args.databases.clone() };
    databases.sort_unstable();
    databases.dedup();
    if databases.is_empty() {
        let flags = DATABASES.iter().map(|(_, word)| format!("`--database {word}`"));
        return Err(USAGE
            .problem("no feature of sqlx or colmig says which databases the project runs on")
            .help(format!("say {}, or both", flags.collect::<Vec<_>>().join(" or ")))
            .into());
    }
    Ok(databases)
}

fn text(project: &str, databases: &[Database]) -> String {
    let quoted: Vec<_> = databases.iter().map(|database| format!("\"{database}\"")).collect();
    format!(
        r#"# The project, as leases and the ledger name it. Keep it: a database knows the project by this name.
project = "{project}"
databases = [{}]

# Without `--env`, commands work on `dev`. `$NAME` is taken from the environment.
[env.dev]
url = "$DATABASE_URL"
fleet = "none"         # nobody else runs here: no leases, no soak

# [env.prod]
# url = "$PROD_DATABASE_URL"
# soak = "10m"         # how long no older release may have been seen before a step that it would not survive
# ttl = "30s"          # how long an instance's lease lives without a heartbeat
# ignore_clients = ["metabase"]    # application_names of programs that only read
# targets = {{ eu-1 = "$EU_1_URL", us-1 = "$US_1_URL" }}    # many databases, instead of `url`
"#,
        quoted.join(", ")
    )
}

fn next_step(databases: &[Database]) -> String {
    let features: Vec<_> = databases.iter().map(ToString::to_string).collect();
    format!(
        "next, derive `colmig::Table` on a struct (`cargo add colmig --features {}`), then run `cargo colmig generate`",
        features.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Choice, Config};

    #[test]
    fn what_is_written_can_be_read() {
        let dir = tempfile::tempdir().expect("there is room");
        let path = Utf8Path::from_path(dir.path()).expect("a plain path").join(CONFIG_FILE);
        new_file(&path, &text("shop", &[Database::Postgres, Database::Sqlite]))
            .expect("a new file");
        let config = Config::read(&path).expect("it is valid");
        assert_eq!((config.project.as_str(), config.databases.len()), ("shop", 2));
        let url = |_: &str| Some("sqlite::memory:".to_owned());
        assert!(!config.environment(Choice::default(), url).expect("dev").fleet_leases);
        // The example below it is valid too, once its signs are removed.
        let whole = std::fs::read_to_string(&path).expect("it was written");
        let whole: Vec<_> = whole
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.starts_with('[') || rest.contains(" = ") => rest,
                _ => line,
            })
            .collect();
        std::fs::write(&path, whole.join("\n")).expect("it can be written");
        let config = Config::read(&path).expect("it is valid");
        assert_eq!(config.environments(), ["dev", "prod"]);
        assert!(new_file(&path, "").is_err());
    }
}
