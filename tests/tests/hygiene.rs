//! The derive's code means the same wherever it stands: each file of `hygiene/` is a module with something
//! in the way, compiled in each edition beside a lock file; `hygiene/strict` is a crate that turns every
//! lint on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use colmig_core::lock::Lock;
use colmig_tests::checked::{Checked, Folder};
use colmig_tests::program::root;
use fs_err as fs;

const EDITIONS: &[&str] = &["2021", "2024"];

fn cases() -> PathBuf {
    root().join("tests/hygiene")
}

/// The names of the modules.
fn modules() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(cases())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.push(path.file_stem().context("it has a name")?.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// A folder for packages with a lock file above them, which the derive watches and does not heed.
fn folder(name: &str, packages: &[&str]) -> Result<Folder> {
    let folder = Folder::new(Path::new(env!("CARGO_TARGET_TMPDIR")), name)?;
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {packages:?}\n");
    folder.write("app/Cargo.toml", &workspace)?;
    folder.write("app/colmig.lock", &Lock::default().render())?;
    Ok(folder)
}

fn write_package(folder: &Folder, name: &str, edition: &str, library: &str) -> Result<()> {
    let colmig = root().join("runtime");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"{edition}\"\n\n[dependencies]\ncolmig = {{ path = {colmig:?}, features = [\"postgres\"] }}\n"
    );
    folder.write(&format!("app/{name}/Cargo.toml"), &manifest)?;
    folder.write(&format!("app/{name}/src/lib.rs"), library)
}

fn ensure_silent(checked: &Checked) -> Result<()> {
    let said = checked
        .diagnostics
        .iter()
        .map(|said| format!("{}:{:?}: {}", said.file, said.lines, said.message));
    let said: Vec<_> = said.collect();
    ensure!(checked.passed && said.is_empty(), "{}\n{}", checked.said, said.join("\n"));
    Ok(())
}

#[test]
fn nothing_in_the_way_of_the_code_changes_it() -> Result<()> {
    let modules = modules()?;
    let packages: Vec<_> = EDITIONS.iter().map(|edition| format!("hygiene-{edition}")).collect();
    let names: Vec<_> = packages.iter().map(String::as_str).collect();
    let folder = folder("hygiene", &names)?;
    let library: String = modules.iter().map(|module| format!("pub mod {module};\n")).collect();
    for (package, edition) in packages.iter().zip(EDITIONS) {
        write_package(&folder, package, edition, &library)?;
        for module in &modules {
            let text = fs::read_to_string(cases().join(module).with_extension("rs"))?;
            folder.write(&format!("app/{package}/src/{module}.rs"), &text)?;
        }
    }
    ensure_silent(&folder.check("app", &["--workspace"])?)
}

/// clippy has the compiler's lints and its own.
#[test]
fn no_lint_has_to_be_allowed() -> Result<()> {
    let folder = folder("strict", &["hygiene-strict"])?;
    let library = fs::read_to_string(cases().join("strict/lib.rs"))?;
    write_package(&folder, "hygiene-strict", "2024", &library)?;
    ensure_silent(&folder.clippy("app", &["--workspace"])?)
}
