//! Hashes over normalised text, so that a checkout with CRLF line ends never breaks a deploy.

use sha2::{Digest, Sha256};

/// Text as it is hashed and compared: LF line ends, no trailing blanks, exactly one final newline.
pub fn normalise(text: &str) -> String {
    let mut out: String =
        text.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>();
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

/// `sha256:` and 64 hexadecimal digits, over named texts in the order of their names.
pub fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut sorted: Vec<_> = files.into_iter().collect();
    sorted.sort_unstable();
    let mut hasher = Sha256::new();
    for (name, text) in sorted {
        let text = normalise(text);
        // Lengths keep two files from being mistaken for one: "ab" + "c" is not "a" + "bc".
        hasher.update(format!("{}:{name}{}:", name.len(), text.len()));
        hasher.update(text);
    }
    hex(&hasher.finalize())
}

/// The hash of one text as it is, for the links of the history chain and build fingerprints.
pub fn of_text(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(digest: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::from("sha256:");
    for byte in digest {
        write!(out, "{byte:02x}").expect("writing to a String cannot fail");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_trailing_blanks_do_not_count() {
        assert_eq!(of_files([("a", "x\r\ny  \r\n")]), of_files([("a", "x\ny\n\n")]));
        assert_ne!(of_files([("a", "x\ny\n")]), of_files([("a", "x\n y\n")]));
    }

    #[test]
    fn the_order_of_files_does_not_count_and_their_borders_do() {
        assert_eq!(of_files([("a", "1"), ("b", "2")]), of_files([("b", "2"), ("a", "1")]));
        assert_ne!(of_files([("a", "1\n2")]), of_files([("a", "1"), ("b", "2")]));
    }
}
