//! What every code means, as data: a page of Markdown each, beside this file. `cargo colmig explain`
//! prints them, `docs/errors.md` is made of them, and the tests run their examples.
//!
//! A page begins with its code and title, says what is wrong and what would break, and goes on under
//! [`SECTIONS`]. The fences of the last two say how they are run; `tests/tests/explain.rs` lists the ways.

pub mod markdown;

use crate::problem::{CODES, Code, EXITS};

/// The headings of a page, in this order.
pub const SECTIONS: [&str; 3] = ["What to do", "Fails", "Passes"];

/// What the first two digits of a code say.
pub const ROOMS: &[(&str, &str)] = &[
    ("00", "colmig itself"),
    ("01", "the source"),
    ("02", "moves from one release to the next"),
    ("03", "the files of colmig"),
    ("04", "set-up and the command line"),
    ("05", "the database and its statements"),
    ("06", "the fleet: instances and their leases"),
    ("07", "apply and rollback"),
    ("08", "SQL in the source: `cargo colmig check`"),
];

macro_rules! pages {
    ($($id:literal)*) => { &[$(($id, include_str!(concat!($id, ".md")))),*] };
}

/// The page of every code.
const PAGES: &[(&str, &str)] = pages! {
    "CM0001"
    "CM0101" "CM0102" "CM0103" "CM0104" "CM0105" "CM0106" "CM0107" "CM0108" "CM0109"
    "CM0115"
    "CM0201" "CM0202" "CM0203" "CM0204" "CM0205" "CM0206" "CM0207"
    "CM0301" "CM0302" "CM0303" "CM0304" "CM0305" "CM0306" "CM0307" "CM0308"
    "CM0401" "CM0402" "CM0403" "CM0404"
    "CM0501" "CM0502" "CM0503" "CM0504" "CM0505" "CM0506" "CM0507" "CM0508" "CM0509" "CM0510"
    "CM0511" "CM0512"
    "CM0515" "CM0516"
    "CM0601" "CM0602"
    "CM0701" "CM0702" "CM0703" "CM0704" "CM0705" "CM0706" "CM0707" "CM0708" "CM0709" "CM0710" "CM0711"
    "CM0712" "CM0713" "CM0714" "CM0715"
    "CM0801" "CM0802" "CM0803" "CM0804" "CM0805" "CM0806" "CM0807" "CM0808" "CM0809"
    "CM0811" "CM0812" "CM0813"
};

/// The page of a code. A test holds that every code has one.
pub fn page(code: &Code) -> &'static str {
    PAGES.iter().find(|(id, _)| *id == code.id).map_or("", |(_, page)| page)
}

/// The page, and how a command ends that meets it.
pub fn text(code: &Code) -> String {
    let exit = code.exit as u8;
    let meaning = EXITS.iter().find(|(known, _)| *known == code.exit).map_or("", |(_, text)| text);
    format!(
        "{}\nA command that ends with this error has the exit code {exit}: {meaning}.\n",
        page(code)
    )
}

/// The codes of a room.
pub fn room(digits: &str) -> impl Iterator<Item = &'static Code> {
    CODES.iter().copied().filter(move |code| &code.id[2..4] == digits)
}

/// What somebody meant who wrote `CM0101`, `cm101` or `[CM0101]`; none: that is no code, but some word.
pub fn number(word: &str) -> Option<u16> {
    let word = word.trim_matches(['[', ']']);
    let digits = match word.get(..2) {
        Some(prefix) if prefix.eq_ignore_ascii_case("cm") => &word[2..],
        _ => word,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// The code with this number.
pub fn find(number: u16) -> Option<&'static Code> {
    let id = format!("CM{number:04}");
    CODES.iter().copied().find(|code| code.id == id)
}

/// All pages as one document: `docs/errors.md`.
pub fn document() -> String {
    let mut document = INTRODUCTION.to_owned();
    let rooms = ROOMS.iter().filter(|(digits, _)| room(digits).next().is_some());
    for (digits, name) in rooms {
        document += &format!(
            "\n{}: {name}\n\n| code | what is wrong | exit code |\n|---|---|---|\n",
            &format!("CM{digits}")
        );
        for code in room(digits) {
            document += &row(code);
        }
    }
    for code in CODES {
        document += &section(code);
    }
    document
}

const INTRODUCTION: &str = "\
# Errors and findings

Everything that colmig finds wrong has a code, here and in `cargo colmig explain CODE`. This file is made
from the pages in `core/src/explain/`; edit those. The tests run the examples: what stands under \"Fails\"
fails with this code, and what stands under \"Passes\" passes. Where that takes a server or a second terminal,
the example shows what a test of its own comes to.

A session begins in a package `shop` whose struct `User` has an `id` and an `email`, with its first migration
generated and applied to an SQLite file; under \"Passes\", the session of \"Fails\" goes on. `…` and `[..]` stand
for what is left out, `? 2` for the exit code of the command above it.
";

fn row(code: &Code) -> String {
    let anchor = anchor(&heading(code));
    format!("| [{}](#{anchor}) | {} | {} |\n", code.id, code.title, code.exit as u8)
}

/// The page, its headings one level deeper.
fn section(code: &Code) -> String {
    let mut section = String::new();
    let mut in_code = false;
    for line in text(code).lines() {
        in_code ^= line.starts_with("```");
        let deeper = if line.starts_with('#') && !in_code { "#" } else { "" };
        section += &format!("{deeper}{line}\n");
    }
    format!("\n{}\n", section.trim_end())
}

/// The first heading of a page.
fn heading(code: &Code) -> String {
    format!("{}: {}", code.id, code.title)
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::markdown::{Block, blocks};
    use super::*;

    /// What is not a page yet, or not all of one.
    fn wrong(code: &Code) -> Option<String> {
        let blocks = blocks(page(code));
        let title = heading(code);
        let headings: Vec<_> = blocks
            .iter()
            .filter_map(|block| match block {
                Block::Heading(level, text) => Some((*level, *text)),
                _ => None,
            })
            .collect();
        let expected = [(1, title.as_str())].into_iter().chain(SECTIONS.map(|name| (2, name)));
        if !expected.eq(headings) {
            return Some(format!("its headings must be `# {title}` and `## ` {SECTIONS:?}"));
        }
        let sections = blocks.split(|block| matches!(block, Block::Heading(..))).skip(1);
        let has_code =
            |part: &[Block<'_>]| part.iter().any(|block| matches!(block, Block::Code(_)));
        for (section, name) in sections.zip(["the title"].into_iter().chain(SECTIONS)) {
            if section.is_empty() {
                return Some(format!("under {name} there is nothing"));
            }
            if has_code(section) != matches!(name, "Fails" | "Passes") {
                return Some(format!(
                    "under {name} there must be text, and code under Fails and Passes only"
                ));
            }
        }
        None
    }

    #[test]
    fn every_code_has_a_page() {
        let wrong = |code: &&Code| wrong(code).map(|what| format!("{}: {what}", code.id));
        let wrong: Vec<_> = CODES.iter().filter_map(wrong).collect();
        assert!(
            wrong.is_empty(),
            "every code needs a page core/src/explain/CODE.md, named in PAGES; write what it means and what \
             would break, what to do, an example that fails with it and the nearest one that passes:\n{}",
            wrong.join("\n")
        );
    }

    #[test]
    fn every_page_has_a_code_and_every_code_a_room() {
        for (id, _) in PAGES {
            assert!(CODES.iter().any(|code| code.id == *id), "no code {id}");
        }
        for code in CODES {
            assert!(
                ROOMS.iter().any(|(digits, _)| *digits == &code.id[2..4]),
                "{}: no room",
                code.id
            );
        }
    }

    #[test]
    fn pages_fit_on_a_screen_and_in_a_diff() {
        for (id, page) in PAGES {
            for line in page.lines() {
                assert!(line.chars().count() <= 120, "{id}: wrap this line: {line}");
                assert!(
                    !line.starts_with("- ") && !line.starts_with('>'),
                    "{id}: no such Markdown: {line}"
                );
            }
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_written() {
        for word in ["CM0101", "cm0101", "cm101", "Cm101", "[CM0101]", "101"] {
            assert_eq!(number(word).and_then(find).map(|code| code.id), Some("CM0101"), "{word}");
        }
        assert_eq!(number("CM9999").map(find), Some(None));
        for word in ["users.handle", "cm", "CMusers", "", "é", "CM-1", "CM99999"] {
            assert_eq!(number(word), None, "{word}");
        }
    }

    #[test]
    fn anchors_are_those_of_github() {
        assert_eq!(
            anchor("CM0401: this project has no colmig.toml"),
            "cm0401-this-project-has-no-colmigtoml"
        );
    }
}
