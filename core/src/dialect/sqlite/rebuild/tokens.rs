//! SQLite's tokens, as far as the text of a CREATE TABLE needs them: where each begins and ends, and
//! what it names. Operators come one character at a time; nothing here asks what they mean.

use std::borrow::Cow;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word: a keyword or a name.
    Word,
    /// A name in `"…"`, `` `…` `` or `[…]`; never a keyword.
    Quoted,
    /// `'…'`; SQLite takes it for a name where only a name can stand.
    Text,
    /// A number or a blob.
    Value,
    /// `--` to the end of its line, without the line break.
    LineComment,
    /// `/* … */`.
    BlockComment,
    /// Any other character.
    Symbol,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// The offset of its first byte.
    pub(super) start: usize,
}

impl<'a> Token<'a> {
    /// The offset behind its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether it is this character.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// What it names, without quotes, if it can be a name.
    pub(super) fn name(&self) -> Option<Cow<'a, str>> {
        let quote = match self.kind {
            Kind::Word => return Some(Cow::Borrowed(self.text)),
            Kind::Quoted | Kind::Text => self.text.get(..1)?,
            _ => return None,
        };
        let inner = &self.text[1..self.text.len() - 1];
        let doubled = quote.repeat(2);
        Some(match quote {
            "[" => Cow::Borrowed(inner),
            _ if inner.contains(&doubled) => Cow::Owned(inner.replace(&doubled, quote)),
            _ => Cow::Borrowed(inner),
        })
    }
}

/// Every token in order, comments too, or what is left of the text where a quote is never closed.
pub(super) fn tokenize(sql: &str) -> Result<Vec<Token<'_>>, &str> {
    let bytes = sql.as_bytes();
    let mut tokens = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        if is_space(bytes[start]) {
            start += 1;
            continue;
        }
        // A token ends beside an ASCII byte or the end, so that no character is ever cut in two.
        let (kind, length) = measure(&bytes[start..]).ok_or(&sql[start..])?;
        let token = Token { kind, text: &sql[start..start + length], start };
        start = token.end();
        tokens.push(token);
    }
    Ok(tokens)
}

/// What SQLite skips between tokens.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// Whether a bare word can go on with this byte.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// The kind and the length of the first token; `rest` is not empty.
fn measure(rest: &[u8]) -> Option<(Kind, usize)> {
    let second = rest.get(1).copied();
    Some(match rest[0] {
        b'\'' => (Kind::Text, quoted(rest, b'\'')?),
        quote @ (b'"' | b'`') => (Kind::Quoted, quoted(rest, quote)?),
        b'[' => (Kind::Quoted, position(rest, |byte| byte == b']')? + 1),
        b'-' if second == Some(b'-') => {
            (Kind::LineComment, position(rest, |byte| byte == b'\n').unwrap_or(rest.len()))
        }
        b'/' if second == Some(b'*') => (Kind::BlockComment, block_comment(rest)),
        b'x' | b'X' if second == Some(b'\'') => (Kind::Value, 1 + quoted(&rest[1..], b'\'')?),
        first if first.is_ascii_digit() => (Kind::Value, number(rest)),
        b'.' if second.is_some_and(|byte| byte.is_ascii_digit()) => (Kind::Value, number(rest)),
        first if is_word(first) => {
            (Kind::Word, position(rest, |byte| !is_word(byte)).unwrap_or(rest.len()))
        }
        _ => (Kind::Symbol, 1),
    })
}

fn position(rest: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    rest.iter().position(|byte| wanted(*byte))
}

/// The length of what stands between two of `quote`; a doubled one inside stands for itself.
fn quoted(rest: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    loop {
        at += position(&rest[at..], |byte| byte == quote)? + 1;
        if rest.get(at) != Some(&quote) {
            return Some(at);
        }
        at += 1;
    }
}

/// SQLite lets the end of the text close a comment.
fn block_comment(rest: &[u8]) -> usize {
    rest[2..].windows(2).position(|pair| pair == b"*/").map_or(rest.len(), |at| at + 4)
}

/// Digits, letters and points, and the sign of an exponent: what follows a number directly belongs to
/// it, since SQLite would refuse it otherwise. The E of a hexadecimal number is a digit.
fn number(rest: &[u8]) -> usize {
    let hexadecimal = rest.get(1).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'x'));
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        let exponent = !hexadecimal && rest[at - 1].eq_ignore_ascii_case(&b'e');
        let goes_on = is_word(*byte) || *byte == b'.' || (exponent && matches!(byte, b'+' | b'-'));
        if !goes_on {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokenize(sql).unwrap().iter().map(|token| token.text).collect()
    }

    #[test]
    fn every_shape_of_token_ends_where_sqlite_ends_it() {
        let table: &[(&str, &[&str])] = &[
            ("a_1 $é\u{1F600}b", &["a_1", "$é\u{1F600}b"]),
            ("\"a \"\"b\" `c``d` [e \"f]", &["\"a \"\"b\"", "`c``d`", "[e \"f]"]),
            ("'it''s -- no' x", &["'it''s -- no'", "x"]),
            ("'' \"\"", &["''", "\"\""]),
            ("X'ab'x'' x", &["X'ab'", "x''", "x"]),
            (
                "1 1.5e+3 1E-3 .5 0xFE+1 1_000",
                &["1", "1.5e+3", "1E-3", ".5", "0xFE", "+", "1", "1_000"],
            ),
            ("a--b\nc", &["a", "--b", "c"]),
            ("a/*b*c*/d/**/e/*f", &["a", "/*b*c*/", "d", "/**/", "e", "/*f"]),
            ("/*/ a */b", &["/*/ a */", "b"]),
            ("(-1,a.b)", &["(", "-", "1", ",", "a", ".", "b", ")"]),
            ("'é'ü[ö]", &["'é'", "ü", "[ö]"]),
        ];
        for (sql, expected) in table {
            assert_eq!(texts(sql), *expected, "{sql}");
        }
    }

    #[test]
    fn an_open_quote_is_an_error() {
        for open in ["a 'b", "a \"b\"\"", "a `b", "a [b", "a x'b"] {
            assert_eq!(tokenize(open).unwrap_err(), &open[2..]);
        }
    }

    #[test]
    fn names_lose_their_quotes() {
        let sql = "Ab \"a\"\"b\" `c``d` [e\"\"f] 'g''h' \"\"";
        let names: Vec<_> =
            tokenize(sql).unwrap().iter().map(|token| token.name().unwrap()).collect();
        assert_eq!(names, ["Ab", "a\"b", "c`d", "e\"\"f", "g'h", ""]);
        assert!(tokenize("1").unwrap()[0].name().is_none());
    }

    #[test]
    fn a_quoted_word_is_no_keyword() {
        let tokens = tokenize("check \"check\"").unwrap();
        assert!(tokens[0].is("CHECK") && !tokens[1].is("CHECK"));
    }
}
