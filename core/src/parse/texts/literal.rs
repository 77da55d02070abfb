//! The value of a string literal, and where each byte of it stands.

use super::Literal;

impl Literal {
    /// The value of the literal `spelled`, which begins at byte `at` of the file; `None` where it is no
    /// string.
    pub(super) fn of(spelled: &str, at: usize) -> Option<Literal> {
        if let Some(rest) = spelled.strip_prefix('r') {
            let hashes = rest.len() - rest.trim_start_matches('#').len();
            let inside = rest[hashes..].strip_prefix('"')?;
            let end = inside.rfind('"')?;
            return Some(read(&inside[..end], at + hashes + 2, false));
        }
        let inside = spelled.strip_prefix('"')?;
        let end = inside.rfind('"')?;
        Some(read(&inside[..end], at + 1, true))
    }

    /// Adds what follows.
    pub(super) fn push(&mut self, other: &Literal) {
        let before = self.value.len();
        self.places.extend(other.places.iter().map(|(value, file)| (before + value, *file)));
        self.value.push_str(&other.value);
    }

    /// A part of it, by bytes of the value.
    pub(super) fn part(&self, bytes: std::ops::Range<usize>) -> Literal {
        let mut places = vec![(0, self.place(bytes.start))];
        let within = self.places.iter().filter(|(value, _)| bytes.contains(value));
        places.extend(within.map(|(value, file)| (value - bytes.start, *file)));
        places.dedup_by_key(|(value, _)| *value);
        Literal { value: self.value[bytes].to_owned(), places }
    }

    /// Where a byte of the value stands in the file.
    pub fn place(&self, offset: usize) -> usize {
        let after = self.places.partition_point(|(value, _)| *value <= offset);
        let (value, file) = self.places[..after].last().copied().unwrap_or_default();
        file + (offset - value)
    }
}

/// What stands between the quotes. Rust reads a line's end as `\n`, however the file ends its lines.
fn read(inside: &str, at: usize, escapes: bool) -> Literal {
    let mut literal = Literal { value: String::with_capacity(inside.len()), places: vec![(0, at)] };
    let mut from = 0;
    while let Some(next) = inside[from..].find(['\\', '\r']).map(|next| from + next) {
        literal.value.push_str(&inside[from..next]);
        let escape = match inside.as_bytes()[next] {
            b'\\' if escapes => escape(&inside[next + 1..]),
            b'\r' if inside[next + 1..].starts_with('\n') => (None, 0),
            _ => (inside[next..].chars().next(), 0),
        };
        let (value, length) = escape;
        literal.value.extend(value);
        from = next + 1 + length;
        literal.places.push((literal.value.len(), at + from));
    }
    literal.value.push_str(&inside[from..]);
    literal
}

/// What a backslash begins, and how many bytes it has behind the backslash.
fn escape(rest: &str) -> (Option<char>, usize) {
    let hexadecimal = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    match rest.chars().next() {
        Some('n') => (Some('\n'), 1),
        Some('r') => (Some('\r'), 1),
        Some('t') => (Some('\t'), 1),
        Some('0') => (Some('\0'), 1),
        Some('x') => (rest.get(1..3).and_then(hexadecimal), 3.min(rest.len())),
        Some('u') => {
            let end = rest.find('}').unwrap_or(0);
            let digits = rest.get(2..end).unwrap_or_default().replace('_', "");
            (hexadecimal(&digits), end + 1)
        }
        Some('\n' | '\r') => {
            (None, rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len())
        }
        Some(other) => (Some(other), other.len_utf8()),
        None => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_rust() {
        for (spelled, value) in [
            (r#""a b""#, "a b"),
            (r##"r#"a "b" \n"#"##, "a \"b\" \\n"),
            (r#""a\n\t\"\\\x41\u{e9}\0""#, "a\n\t\"\\Aé\0"),
            ("\"a \\\n    b\"", "a b"),
            ("\"a\r\nb\"", "a\nb"),
            (r#""""#, ""),
        ] {
            assert_eq!(Literal::of(spelled, 0).expect("a string").value, value, "{spelled}");
        }
        assert_eq!(Literal::of("b\"a\"", 0), None);
        assert_eq!(Literal::of("1", 0), None);
    }

    #[test]
    fn every_byte_is_found_again() {
        let spelled = "\"é\\n x \\\n   y\\u{e9}z\"";
        let literal = Literal::of(spelled, 100).expect("a string");
        for letter in ["é", " x", "y", "z"] {
            let value = literal.value.find(letter).expect("it is in the value");
            assert!(spelled[literal.place(value) - 100..].starts_with(letter), "{letter}");
            let part = literal.part(value..literal.value.len());
            assert_eq!(part.place(0), literal.place(value), "{letter}");
        }
    }
}
