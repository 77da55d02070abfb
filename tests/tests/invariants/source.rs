//! A source file as the rules see it: its code and its literals apart, its comments in neither.

use std::iter;

/// What is read of a file. Both texts have the file's length and lines; what belongs to the other, or to a
/// comment, is blank.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) code: String,
    pub(crate) literals: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let (code, literals) = split(text);
        Source { path: path.to_owned(), code, literals }
    }

    /// Without its unit tests: what `#[cfg(test)]` stands before, and files that hold nothing else.
    pub(crate) fn without_tests(&self) -> Source {
        const ATTRIBUTE: &str = "#[cfg(test)]";
        let mut shorter = self.clone();
        if self.is_test() {
            (shorter.code, shorter.literals) = (String::new(), String::new());
        }
        while let Some(start) = shorter.code.find(ATTRIBUTE) {
            let end = start + ATTRIBUTE.len();
            let end = end + item(&shorter.code[end..]);
            blank(&mut shorter.code, start, end);
            blank(&mut shorter.literals, start, end);
        }
        shorter
    }

    fn is_test(&self) -> bool {
        let mut folders = self.path.split('/').skip(1);
        self.path.ends_with("/tests.rs")
            || folders.any(|folder| matches!(folder, "tests" | "ui" | "benches"))
    }
}

/// The length of the item at the start: to its `;`, or to the end of its braces.
fn item(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(text: &mut String, start: usize, end: usize) {
    let spaces: String = text[start..end].bytes().map(blanked).collect();
    text.replace_range(start..end, &spaces);
}

fn blanked(byte: u8) -> char {
    if byte == b'\n' { '\n' } else { ' ' }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Literal,
    Comment,
}

fn split(text: &str) -> (String, String) {
    let (mut code, mut literals) = (String::new(), String::new());
    let mut rest = text;
    let mut before = ' ';
    while !rest.is_empty() {
        let (kind, length) = token(rest, before);
        let (token, after) = rest.split_at(length);
        let spaces = || token.bytes().map(blanked);
        match kind {
            Kind::Code => code.push_str(token),
            Kind::Literal | Kind::Comment => code.extend(spaces()),
        }
        match kind {
            Kind::Literal => literals.push_str(token),
            Kind::Code | Kind::Comment => literals.extend(spaces()),
        }
        before = token.chars().last().unwrap_or(' ');
        rest = after;
    }
    (code, literals)
}

/// The kind and the length of what stands at the start.
fn token(rest: &str, before: char) -> (Kind, usize) {
    let first = rest.chars().next().map_or(0, char::len_utf8);
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if rest.starts_with('"') {
        return (Kind::Literal, quoted(rest, '"'));
    }
    if let Some(length) = raw_string(rest).filter(|_| !is_word(before)) {
        return (Kind::Literal, length);
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        // A lifetime has no quote behind its first letter.
        let is_char = inner.starts_with('\\') || inner.chars().nth(1) == Some('\'');
        return if is_char { (Kind::Literal, quoted(rest, '\'')) } else { (Kind::Code, 1) };
    }
    (Kind::Code, first)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let inner = rest.trim_start_matches(['b', 'c']).strip_prefix('r')?;
    let hashes = inner.len() - inner.trim_start_matches('#').len();
    let body = inner[hashes..].strip_prefix('"')?;
    let start = rest.len() - body.len();
    let end: String = iter::once('"').chain(iter::repeat_n('#', hashes)).collect();
    Some(body.find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Whether it can be part of a name.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn code_and_literals_and_comments_are_told_apart() {
    const TEXT: &str =
        r##"let a = "x\"y" /* c /* d */ e */ + 'q' + '\'' + f::<'l>(r#"z"w"#, br"v"); // g"##;
    let source = Source::new("core/src/x.rs", TEXT);
    let words =
        |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert_eq!(words(&source.code), "let a = + + + f::<'l>( , );");
    assert_eq!(words(&source.literals), r##""x\"y" 'q' '\'' r#"z"w"# br"v""##);
    assert!(source.code.len() == TEXT.len() && source.literals.len() == TEXT.len());
}

#[test]
fn unit_tests_are_left_out() {
    let text =
        "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { \"s\"; } }\nfn c() {}\n#[cfg(test)] mod d;";
    let source = Source::new("core/src/x.rs", text).without_tests();
    assert_eq!(source.code.split_whitespace().collect::<String>(), "fna(){}fnc(){}");
    assert_eq!(source.literals.trim(), "");
    assert_eq!(Source::new("core/src/x/tests.rs", "fn a() {}").without_tests().code, "");
    assert_eq!(Source::new("cargo-colmig/tests/x.rs", "fn a() {}").without_tests().code, "");
    assert_ne!(Source::new("tests/src/x.rs", "fn a() {}").without_tests().code, "");
}
