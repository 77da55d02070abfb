//! The Markdown of the pages: headings, paragraphs, lists and fenced code, and nothing else. One reader
//! serves the terminal and the tests that run the examples.

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// `# …`, with its level.
    Heading(usize, &'a str),
    /// Lines that flow, joined.
    Paragraph(String),
    /// One item of a list, its lines joined.
    Item(String),
    /// Fenced code.
    Code(Fence<'a>),
}

/// Fenced code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence<'a> {
    /// What follows the backticks: a language, and behind a comma how the tests run it.
    pub info: &'a str,
    /// The lines, the last one's end included.
    pub text: &'a str,
}

/// The blocks of a page, in order.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    let mut flows = false;
    while let Some((line, after)) = next_line(rest) {
        rest = after;
        let flowed = std::mem::take(&mut flows);
        if let Some(info) = line.strip_prefix("```") {
            let (text, after) = code(rest);
            blocks.push(Block::Code(Fence { info, text }));
            rest = after;
        } else if line.starts_with('#') {
            let title = line.trim_start_matches('#');
            blocks.push(Block::Heading(line.len() - title.len(), title.trim()));
        } else if let Some(item) = line.strip_prefix("* ") {
            blocks.push(Block::Item(item.trim().to_owned()));
            flows = true;
        } else if !line.trim().is_empty() {
            match blocks.last_mut().filter(|_| flowed) {
                Some(Block::Paragraph(text) | Block::Item(text)) => {
                    text.push(' ');
                    text.push_str(line.trim());
                }
                _ => blocks.push(Block::Paragraph(line.trim().to_owned())),
            }
            flows = true;
        }
    }
    blocks
}

fn next_line(text: &str) -> Option<(&str, &str)> {
    (!text.is_empty()).then(|| text.split_once('\n').unwrap_or((text, "")))
}

/// The text up to the fence that closes it, and what follows.
fn code(text: &str) -> (&str, &str) {
    let end = match text.starts_with("```") {
        true => Some(0),
        false => text.find("\n```").map(|at| at + 1),
    };
    let (code, closing) = text.split_at(end.unwrap_or(text.len()));
    (code, next_line(closing).map_or("", |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_falls_into_its_blocks() {
        let text = "# A\n\nOne\ntwo.\n* x\n  y\n* z\n\n## B\n```rust,table\nstruct A;\n\n# no heading\n```\nEnd\n```\n```\n";
        let code = |info, text| Block::Code(Fence { info, text });
        let expected = [
            Block::Heading(1, "A"),
            Block::Paragraph("One two.".into()),
            Block::Item("x y".into()),
            Block::Item("z".into()),
            Block::Heading(2, "B"),
            code("rust,table", "struct A;\n\n# no heading\n"),
            Block::Paragraph("End".into()),
            code("", ""),
        ];
        assert_eq!(blocks(text), expected);
    }
}
