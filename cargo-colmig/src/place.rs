//! How files are named for people: from where they stand, if that is short.

use std::path::Path;

use camino::Utf8Path;

/// How many directories upwards are still short.
const UP: usize = 3;

/// The path from the current directory, with `/` on every system.
pub fn shown(path: &Utf8Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| from(path, &here));
    short.unwrap_or_else(|| path.to_string()).replace('\\', "/")
}

fn from(path: &Utf8Path, here: &Path) -> Option<String> {
    let around = here.ancestors().take(UP + 1).filter(|around| around.parent().is_some());
    let found =
        around.enumerate().find_map(|(up, around)| Some((up, path.strip_prefix(around).ok()?)));
    let (up, inside) = found.filter(|(_, inside)| !inside.as_str().is_empty())?;
    Some("../".repeat(up) + inside.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_named_from_where_people_stand() {
        for (here, expected) in [
            ("/work/shop", Some("src/a.rs")),
            ("/work/shop/src", Some("a.rs")),
            ("/work/shop/src/b", Some("../a.rs")),
            ("/work/other", Some("../shop/src/a.rs")),
            ("/work/shop/x/y/z/deep", None),
            ("/home", None),
            ("/work/shop/src/a.rs", None),
        ] {
            let found = from(Utf8Path::new("/work/shop/src/a.rs"), Path::new(here));
            assert_eq!(found.as_deref(), expected, "{here}");
        }
    }
}
