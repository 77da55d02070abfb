//! Checkouts of the quickstart application: one folder a release, each edited from the one before, as a
//! team would have them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use fs_err as fs;

use crate::database::TestDatabase;
use crate::program::{Colmig, root};

/// A folder with one release.
#[derive(Debug)]
pub struct Checkout {
    /// Where it is.
    pub folder: PathBuf,
    /// Which release: 1 to 4.
    pub release: u8,
}

impl Checkout {
    /// Release 1, as the repository has it, without what was generated.
    pub fn first(parent: &Path) -> Result<Checkout> {
        let example = root().join("examples/quickstart");
        let folder = parent.join("release-1");
        fs::create_dir_all(folder.join("src"))?;
        for file in ["colmig.toml", "src/main.rs", "src/user.rs"] {
            fs::copy(example.join(file), folder.join(file))?;
        }
        let manifest = fs::read_to_string(example.join("Cargo.toml"))?;
        let runtime = root().join("runtime");
        let manifest = manifest.replace("../../runtime", &runtime.display().to_string());
        fs::write(folder.join("Cargo.toml"), manifest + "\n[workspace]\n")?;
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Checkout { folder, release: 1 })
    }

    /// The next release: this folder's copy, with the next `user.rs`.
    pub fn next(&self) -> Result<Checkout> {
        let release = self.release + 1;
        let source =
            fs::read_to_string(root().join(format!("examples/quickstart/releases/{release}.rs")))?;
        self.edited(release, &source)
    }

    /// A copy with another `user.rs`.
    pub fn edited(&self, release: u8, source: &str) -> Result<Checkout> {
        let folder = self.folder.with_file_name(format!("release-{release}"));
        copy(&self.folder, &folder)?;
        fs::write(folder.join("src/user.rs"), source)?;
        Ok(Checkout { folder, release })
    }

    /// `cargo colmig …` here, on a database, in the environment where releases overlap.
    pub fn colmig(&self, words: &str, database: &TestDatabase) -> Colmig {
        let words = if words.starts_with("generate") {
            words.to_owned()
        } else {
            format!("{words} --env live")
        };
        Colmig::new(&self.folder, &words).on(&database.url)
    }

    /// Builds the release; the path of its program.
    pub fn build(&self, database: &TestDatabase) -> Result<PathBuf> {
        let target = root().join("target/story").join(database.kind());
        // One folder builds every release of every story, so that dependencies are compiled once; nobody
        // may build the next before this one has been copied.
        fs::create_dir_all(&target)?;
        let lock = fs::File::create(target.join("story.lock"))?.into_file();
        lock.lock()?;
        // Cargo knows packages of one name by their path inside their workspace, so it takes another
        // story's build for this one's, unless the source is newer than that.
        let source = self.folder.join("src/user.rs");
        fs::write(&source, fs::read(&source)?)?;
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "--offline", "--target-dir"])
            .arg(&target)
            .current_dir(&self.folder);
        if database.is_postgres() {
            cargo.args(["--features", "postgres"]);
        }
        let output = cargo.output()?;
        ensure!(
            output.status.success(),
            "release {}: {}",
            self.release,
            String::from_utf8_lossy(&output.stderr)
        );
        let program = self.folder.join("quickstart");
        fs::copy(target.join("debug/quickstart"), &program)?;
        Ok(program)
    }
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name() != "quickstart" {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
