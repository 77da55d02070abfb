//! Where the file of `mod name;` is: rustc's rules, without asking the disk.

use camino::{Utf8Path, Utf8PathBuf};
use colmig_core::parse::{Module, Parent};

/// Where the modules of a file are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    path: Utf8PathBuf,
    /// The name of the file, where its modules have a directory of that name: `a.rs` has `a/b.rs`,
    /// `mod.rs` has `b.rs` beside it.
    below: Option<String>,
}

/// The files in which a module may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The file.
    pub(super) file: Utf8PathBuf,
    /// Where its own modules are looked for.
    pub(super) directory: Directory,
}

impl Directory {
    /// Of the root of a crate, a `mod.rs`, or a file that `#[path]` names.
    pub(super) fn beside(file: &Utf8Path) -> Directory {
        Directory { path: file.parent().unwrap_or(Utf8Path::new("")).to_owned(), below: None }
    }

    /// Where a module of this file may be: one place if `#[path]` names it, otherwise two.
    pub(super) fn candidates(&self, module: &Module) -> Vec<Candidate> {
        let inner = module.inline_parents.iter().fold(self.clone(), Directory::within);
        if let Some(path) = &module.path {
            let file = inner.path.join(path);
            return vec![Candidate { directory: Directory::beside(&file), file }];
        }
        let dir = inner.modules();
        let plain = dir.join(format!("{}.rs", module.name));
        let folder = dir.join(&module.name).join("mod.rs");
        let below = Directory { path: dir, below: Some(module.name.clone()) };
        vec![
            Candidate { file: plain, directory: below },
            Candidate { directory: Directory::beside(&folder), file: folder },
        ]
    }

    /// Inside `mod name { … }`. A `#[path]` there names a directory.
    fn within(self, parent: &Parent) -> Directory {
        let path = match &parent.path {
            Some(path) => self.path.join(path),
            None => self.modules().join(&parent.name),
        };
        Directory { path, below: None }
    }

    fn modules(&self) -> Utf8PathBuf {
        match &self.below {
            Some(name) => self.path.join(name),
            None => self.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: Option<&str>, parents: &[(&str, Option<&str>)]) -> Module {
        let parent = |(name, path): &(&str, Option<&str>)| Parent {
            name: (*name).into(),
            path: path.map(Into::into),
        };
        Module {
            name: "m".into(),
            path: path.map(Into::into),
            inline_parents: parents.iter().map(parent).collect(),
            conditional: false,
            only_tests: false,
        }
    }

    fn files(directory: &Directory, module: &Module) -> Vec<String> {
        directory.candidates(module).into_iter().map(|c| c.file.into_string()).collect()
    }

    /// The cases of the Rust reference, "path attributes".
    #[test]
    fn files_are_where_rustc_looks_for_them() {
        let root = Directory::beside(Utf8Path::new("src/lib.rs"));
        let file = Directory { path: "src/a".into(), below: Some("b".into()) };
        for (directory, path, parents, expected) in [
            (&root, None, &[][..], &["src/m.rs", "src/m/mod.rs"][..]),
            (&root, Some("x.rs"), &[], &["src/x.rs"]),
            (&root, None, &[("i", None)], &["src/i/m.rs", "src/i/m/mod.rs"]),
            (&root, Some("x.rs"), &[("i", None)], &["src/i/x.rs"]),
            (&root, Some("x.rs"), &[("i", Some("p")), ("j", None)], &["src/p/j/x.rs"]),
            (&file, None, &[], &["src/a/b/m.rs", "src/a/b/m/mod.rs"]),
            (&file, Some("x.rs"), &[], &["src/a/x.rs"]),
            (&file, Some("x.rs"), &[("i", None)], &["src/a/b/i/x.rs"]),
            (&file, None, &[("i", Some("p"))], &["src/a/p/m.rs", "src/a/p/m/mod.rs"]),
        ] {
            assert_eq!(files(directory, &module(path, parents)), expected);
        }
    }

    #[test]
    fn a_module_finds_its_own_modules() {
        let root = Directory::beside(Utf8Path::new("src/lib.rs"));
        let found = root.candidates(&module(None, &[]));
        let inner = Module { name: "n".into(), ..module(None, &[]) };
        assert_eq!(files(&found[0].directory, &inner), ["src/m/n.rs", "src/m/n/mod.rs"]);
        assert_eq!(files(&found[1].directory, &inner), ["src/m/n.rs", "src/m/n/mod.rs"]);
        let named = root.candidates(&module(Some("other/x.rs"), &[]));
        assert_eq!(files(&named[0].directory, &inner), ["src/other/n.rs", "src/other/n/mod.rs"]);
    }
}
