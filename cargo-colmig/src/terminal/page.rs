//! A page of Markdown for people: headings bold, code indented, the rest wrapped. The pages use five kinds
//! of line ([`colmig_core::explain::markdown`]), and no library is needed for those.

use anstyle::{AnsiColor, Effects, Style};
use colmig_core::explain::markdown::{Block, blocks};

const HEADING: Style = Style::new().effects(Effects::BOLD);
const CODE: Style = AnsiColor::BrightCyan.on_default();

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// Where the width of the terminal is not known.
const USUAL: usize = 80;

/// The page for a terminal of this width.
pub(super) fn human(text: &str, width: Option<u16>) -> String {
    let width = width.map_or(USUAL, usize::from).clamp(20, WIDEST);
    let blocks = blocks(text);
    let mut page = String::new();
    for (at, block) in blocks.iter().enumerate() {
        page += &match block {
            Block::Heading(_, title) => format!("{HEADING}{title}{HEADING:#}\n"),
            Block::Paragraph(text) => wrapped(text, "", width),
            Block::Item(text) => wrapped(text, "* ", width),
            Block::Code(fence) => indented(fence.text),
        };
        let items = [Some(block), blocks.get(at + 1)].map(|b| matches!(b, Some(Block::Item(_))));
        if at + 1 < blocks.len() && items != [true, true] {
            page.push('\n');
        }
    }
    page
}

/// Code is not wrapped: it is there to be copied.
fn indented(code: &str) -> String {
    let line = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("    {CODE}{line}{CODE:#}\n"),
    };
    code.lines().map(line).collect()
}

/// Words in lines, those after the first as far in as the first one's text.
fn wrapped(text: &str, mark: &str, width: usize) -> String {
    let mut lines = String::from(mark);
    let mut column = mark.len();
    for (at, word) in words(text).enumerate() {
        let letters = word.chars().count();
        if at > 0 && column + 1 + letters > width {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', mark.len()));
            column = mark.len();
        } else if at > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += letters;
    }
    lines + "\n"
}

/// What stands between backticks is one word: it is there to be copied, too.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.split(move |letter| {
        in_code ^= letter == '`';
        letter == ' ' && !in_code
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_wrapped_and_its_code_is_not() {
        let text = "# A title\n\nSome words that do\nnot fit.\n\n* one item of `more words`\n* two\n\n```sh\n$ a command that is long\n\n$ b\n```\n";
        let expected = "\
A title

Some words that do
not fit.

* one item of
  `more words`
* two

    $ a command that is long

    $ b
";
        let page = human(text, Some(20));
        assert_eq!(anstream::adapter::strip_str(&page).to_string(), expected);
        assert!(page.contains("\u{1b}[1mA title\u{1b}[0m"), "{page:?}");
    }
}
