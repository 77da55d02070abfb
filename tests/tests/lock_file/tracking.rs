//! When a package is compiled again, and what a lock file that cannot be read is answered.

use anyhow::{Result, ensure};
use colmig_tests::checked::{Checked, Folder};

use super::{ILLEGAL, LEGAL, SOURCE, folder, lock, write_package};

/// A package `name` that was checked once, beside this lock file.
fn package(name: &str, lock: &str) -> Result<(Folder, Checked)> {
    let folder = folder(name)?;
    write_package(&folder, "app", name, "[workspace]\n")?;
    if !lock.is_empty() {
        folder.write("app/colmig.lock", lock)?;
    }
    let checked = folder.check("app", &[])?;
    Ok((folder, checked))
}

fn is_fresh(checked: &Checked, name: &str) -> bool {
    checked.fresh.iter().any(|krate| *krate == name.replace('-', "_"))
}

#[test]
fn an_edit_of_the_lock_file_compiles_the_package_again() -> Result<()> {
    const NAME: &str = "tracked";
    let (folder, first) = package(NAME, &lock(&[NAME], LEGAL))?;
    ensure!(first.passed, "{first:#?}");
    let untouched = folder.check("app", &[])?;
    ensure!(untouched.passed && is_fresh(&untouched, NAME), "{untouched:#?}");
    for (columns, passes) in [(ILLEGAL, false), (LEGAL, true)] {
        folder.write("app/colmig.lock", &lock(&[NAME], columns))?;
        let edited = folder.check("app", &[])?;
        ensure!(edited.passed == passes && !is_fresh(&edited, NAME), "{columns:?}: {edited:#?}");
    }
    fs_err::remove_file(folder.path().join("app/colmig.lock"))?;
    let removed = folder.check("app", &[])?;
    ensure!(removed.passed && !is_fresh(&removed, NAME), "{removed:#?}");
    Ok(())
}

/// It may name the package tomorrow.
#[test]
fn a_lock_file_that_is_not_heeded_is_watched_all_the_same() -> Result<()> {
    const NAME: &str = "watching";
    let (folder, first) = package(NAME, &lock(&["somebody"], ILLEGAL))?;
    ensure!(first.passed, "{first:#?}");
    folder.write("app/colmig.lock", &lock(&["somebody", NAME], ILLEGAL))?;
    let edited = folder.check("app", &[])?;
    ensure!(edited.errors().count() == 1, "{edited:#?}");
    Ok(())
}

/// rustc tells cargo of the files that it read, and has no word for one that it did not find. So a first
/// lock file is seen when the source is compiled the next time, and `cargo colmig` sees to that.
#[test]
fn a_lock_file_that_appears_is_heeded_when_the_source_is_touched() -> Result<()> {
    const NAME: &str = "appearing";
    let (folder, first) = package(NAME, "")?;
    ensure!(first.passed, "{first:#?}");
    folder.write("app/colmig.lock", &lock(&[NAME], ILLEGAL))?;
    folder.write("app/src/lib.rs", SOURCE)?;
    let appeared = folder.check("app", &[])?;
    ensure!(appeared.errors().count() == 1, "{appeared:#?}");
    Ok(())
}

/// A lock file that cannot be heeded is an error, never a lock file that is not there.
#[test]
fn a_newer_format_and_a_broken_file_are_refused_with_what_to_do() -> Result<()> {
    let newer = lock(&["refusing"], LEGAL).replace("\"format\": 1", "\"format\": 99");
    let conflict = lock(&["refusing"], LEGAL).replace("  \"tables\"", "<<<<<<< HEAD\n  \"tables\"");
    let cases = [
        (newer, ["[CM0302]", "colmig.lock", "has format 99", "or a newer one"]),
        (conflict, ["[CM0301]", "colmig.lock", "is not what colmig writes", "after a merge"]),
    ];
    for (text, words) in cases {
        let (_, checked) = package("refusing", &text)?;
        let errors: Vec<_> = checked.errors().collect();
        let [error] = errors.as_slice() else { anyhow::bail!("{checked:#?}") };
        ensure!(words.iter().all(|word| error.message.contains(word)), "{error:#?}");
    }
    Ok(())
}
