//! How files are named for people: from where they stand, if the file is below.

use camino::Utf8Path;

/// The path relative to the current directory, if it is inside; always with `/`.
pub fn shown(path: &Utf8Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    inside.filter(|path| !path.as_str().is_empty()).unwrap_or(path).as_str().replace('\\', "/")
}
