//! What an argument comes to, as far as the file says it.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{Span, TokenTree};

use super::{Beside, Literal, Part};

/// How far constants that name constants are followed.
const DEEP: usize = 8;

/// How much of an expression a reason repeats.
const SHOWN: usize = 40;

/// The text of a file, and how much of it the tokens do not count.
#[derive(Clone, Copy)]
pub(super) struct File<'t> {
    pub(super) text: &'t str,
    pub(super) skipped: usize,
}

/// What an argument comes to.
pub(super) struct Told {
    pub(super) parts: Vec<Part>,
    /// Why it is known in part only.
    pub(super) dynamic: Option<String>,
}

/// The constants of a file by name; two of one name say nothing.
#[derive(Default)]
pub(super) struct Constants(BTreeMap<String, Option<Vec<TokenTree>>>);

/// `let name = …;`: what it is set to; nothing where it may change.
pub(super) type Variable = (String, Vec<TokenTree>);

/// What names stand for at one place.
pub(super) struct Names<'n> {
    pub(super) constants: &'n Constants,
    /// Those of the blocks around the place, innermost last.
    pub(super) variables: &'n [Variable],
}

impl File<'_> {
    /// The bytes of a token.
    pub(super) fn bytes(&self, span: Span) -> Range<usize> {
        let bytes = span.byte_range();
        bytes.start + self.skipped..bytes.end + self.skipped
    }

    fn bytes_of(&self, tokens: &[TokenTree]) -> Range<usize> {
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => {
                self.bytes(first.span()).start..self.bytes(last.span()).end
            }
            _ => 0..0,
        }
    }

    fn shown(&self, tokens: &[TokenTree]) -> String {
        let text = self.text.get(self.bytes_of(tokens)).unwrap_or_default();
        let words: Vec<_> = text.split_whitespace().collect();
        let text = words.join(" ");
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("`{}…`", &text[..end]),
            None => format!("`{text}`"),
        }
    }

    fn literal(&self, token: &TokenTree) -> Option<Literal> {
        let TokenTree::Literal(literal) = token else { return None };
        let bytes = self.bytes(literal.span());
        Literal::of(self.text.get(bytes.clone())?, bytes.start)
    }
}

impl Told {
    fn part(part: Part) -> Told {
        Told { parts: vec![part], dynamic: None }
    }

    fn hole(at: Range<usize>, why: String) -> Told {
        Told { parts: vec![Part::Hole { at }], dynamic: Some(why) }
    }

    fn then(mut self, next: Told) -> Told {
        self.parts.extend(next.parts);
        self.dynamic = self.dynamic.or(next.dynamic);
        self
    }

    fn nothing() -> Told {
        Told { parts: Vec::new(), dynamic: None }
    }
}

impl Constants {
    pub(super) fn define(&mut self, name: String, value: Vec<TokenTree>) {
        self.0.entry(name).and_modify(|known| *known = None).or_insert(Some(value));
    }
}

impl Names<'_> {
    /// What a name was set to; an error where it may have been set to several things.
    fn value(&self, name: &str) -> Option<Result<&[TokenTree], String>> {
        if let Some((_, value)) = self.variables.iter().rev().find(|(known, _)| known == name) {
            let changes = || format!("`{name}` is a variable");
            return Some(if value.is_empty() { Err(changes()) } else { Ok(value) });
        }
        let several = || format!("`{name}` has several meanings in this file");
        self.constants.0.get(name).map(|value| value.as_deref().ok_or_else(several))
    }

    /// What the argument comes to as a text.
    pub(super) fn told(&self, file: &File<'_>, tokens: &[TokenTree]) -> Told {
        self.expression(file, tokens, DEEP)
    }

    /// The argument as the path of a file.
    pub(super) fn file(&self, file: &File<'_>, tokens: &[TokenTree], beside: Beside) -> Told {
        let at = file.bytes_of(tokens);
        let mut path = String::new();
        for part in self.told(file, tokens).parts {
            match part {
                Part::Text(literal) => path.push_str(&literal.value),
                _ => return Told::hole(at, format!("the path is {}", file.shown(tokens))),
            }
        }
        Told::part(Part::File { path, beside, at })
    }

    fn expression(&self, file: &File<'_>, tokens: &[TokenTree], deep: usize) -> Told {
        let tokens = without_adornment(tokens);
        if let Some(literals) = joined(file, tokens) {
            return literals;
        }
        match tokens {
            [TokenTree::Group(group)] => {
                let inside: Vec<_> = group.stream().into_iter().collect();
                self.expression(file, &inside, deep)
            }
            [.., TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(group)]
                if bang.as_char() == '!' && is_path(&tokens[..tokens.len() - 2]) =>
            {
                let inside: Vec<_> = group.stream().into_iter().collect();
                self.called(file, &name.to_string(), &inside, tokens, deep)
            }
            [.., TokenTree::Ident(name), TokenTree::Group(group)]
                if (name == "AssertSqlSafe" || name == "from" || name == "from_static")
                    && is_path(&tokens[..tokens.len() - 1]) =>
            {
                let inside: Vec<_> = group.stream().into_iter().collect();
                self.expression(file, &inside, deep)
            }
            [.., TokenTree::Ident(name)] if is_path(tokens) || is_qualified(tokens) => {
                self.named(file, &name.to_string(), tokens, deep)
            }
            _ => {
                Told::hole(file.bytes_of(tokens), format!("it is computed: {}", file.shown(tokens)))
            }
        }
    }

    /// A macro that makes a text.
    fn called(
        &self,
        file: &File<'_>,
        name: &str,
        inside: &[TokenTree],
        whole: &[TokenTree],
        deep: usize,
    ) -> Told {
        match name {
            "concat" | "concatcp" | "const_str_concat" => {
                let arguments = split(inside).into_iter();
                arguments
                    .map(|argument| self.expression(file, argument, deep))
                    .fold(Told::nothing(), Told::then)
            }
            "include_str" => self.file(file, inside, Beside::Source),
            "format" | "format_args" | "formatcp" => self.formatted(file, inside, deep),
            "columns" => columns(file, inside, whole),
            _ => Told::hole(
                file.bytes_of(whole),
                format!("only the compiler knows what {} makes", file.shown(whole)),
            ),
        }
    }

    /// A path: a constant of this file, `User::SELECT`, or a variable.
    fn named(&self, file: &File<'_>, name: &str, tokens: &[TokenTree], deep: usize) -> Told {
        let at = file.bytes_of(tokens);
        if name == "SELECT" && tokens.len() > 1 {
            let row = tokens.iter().find_map(|token| match token {
                TokenTree::Ident(ident) => Some(ident.to_string()).filter(|name| is_type(name)),
                _ => None,
            });
            if let Some(row) = row.filter(|row| row != name) {
                return Told::part(Part::Select { row, at });
            }
        }
        match self.value(name) {
            Some(Ok(value)) if deep > 0 => self.expression(file, value, deep - 1),
            Some(Ok(_)) => Told::hole(at, format!("`{name}` is made of itself")),
            Some(Err(why)) => Told::hole(at, why),
            None if name.chars().all(|c| !c.is_lowercase()) => {
                Told::hole(at, format!("{} is no constant of this file", file.shown(tokens)))
            }
            None => Told::hole(at, format!("{} is a variable", file.shown(tokens))),
        }
    }

    /// `format!("…{}…{name}…", …)`.
    fn formatted(&self, file: &File<'_>, inside: &[TokenTree], deep: usize) -> Told {
        let arguments = split(inside);
        let template = arguments.first().and_then(|first| match first {
            [token] => file.literal(token),
            _ => None,
        });
        let Some(template) = template else {
            let at = file.bytes_of(inside);
            return Told::hole(at, format!("its template is {}", file.shown(inside)));
        };
        let mut told = Told::nothing();
        let mut next = 1;
        for piece in pieces(&template) {
            told = told.then(match piece {
                Piece::Text(bytes) => Told::part(Part::Text(template.part(bytes))),
                Piece::Argument(bytes) => {
                    let spelled = &template.value[bytes.clone()];
                    let place = template.place(bytes.start)..template.place(bytes.end);
                    let found = argument(spelled, &arguments, &mut next);
                    self.filled(file, spelled, found, place, deep)
                }
            });
        }
        told
    }

    /// What one `{…}` of a template comes to.
    fn filled(
        &self,
        file: &File<'_>,
        spelled: &str,
        argument: Option<&[TokenTree]>,
        place: Range<usize>,
        deep: usize,
    ) -> Told {
        let (name, told) = match argument {
            Some(tokens) => (file.shown(tokens), self.expression(file, tokens, deep)),
            None => match self.value(spelled) {
                Some(Ok(value)) if deep > 0 => {
                    (format!("`{spelled}`"), self.expression(file, value, deep - 1))
                }
                _ => (format!("`{spelled}`"), Told::hole(place, String::new())),
            },
        };
        let dynamic = told.dynamic.map(|_| format!("`format!` fills in {name}"));
        Told { parts: told.parts, dynamic }
    }
}

/// A piece of a template, by bytes of its value.
enum Piece {
    Text(Range<usize>),
    Argument(Range<usize>),
}

fn pieces(template: &Literal) -> Vec<Piece> {
    let text = template.value.as_str();
    let (mut pieces, mut from) = (Vec::new(), 0);
    while let Some(brace) = text[from..].find(['{', '}']).map(|at| from + at) {
        let doubled = text[brace + 1..].starts_with(&text[brace..=brace]);
        pieces.push(Piece::Text(from..brace + usize::from(doubled)));
        from = brace + 1 + usize::from(doubled);
        if !doubled && text[brace..].starts_with('{') {
            let end = text[from..].find('}').map_or(text.len(), |end| from + end);
            pieces.push(Piece::Argument(from..end));
            from = (end + 1).min(text.len());
        }
    }
    pieces.push(Piece::Text(from..text.len()));
    pieces.retain(|piece| !matches!(piece, Piece::Text(bytes) if bytes.is_empty()));
    pieces
}

/// The argument that `{…}` means; `None` where it means a variable of that name.
fn argument<'a>(
    spelled: &str,
    arguments: &[&'a [TokenTree]],
    next: &mut usize,
) -> Option<&'a [TokenTree]> {
    let name = spelled.split(':').next().unwrap_or_default().trim();
    if name.is_empty() {
        *next += 1;
        return arguments.get(*next - 1).copied();
    }
    if let Ok(index) = name.parse::<usize>() {
        return arguments.get(index.checked_add(1)?).copied();
    }
    arguments.iter().find_map(|argument| match argument {
        [TokenTree::Ident(ident), TokenTree::Punct(equals), value @ ..]
            if equals.as_char() == '=' && ident == name =>
        {
            Some(value)
        }
        _ => None,
    })
}

/// `columns!(User; id, email)`.
fn columns(file: &File<'_>, inside: &[TokenTree], whole: &[TokenTree]) -> Told {
    let at = file.bytes_of(whole);
    let mut halves = inside.split(|token| is_punct(token, ';'));
    let (Some(row), Some(fields)) = (halves.next().and_then(|row| row.last()), halves.next())
    else {
        return Told::hole(at, "its columns are not named".to_owned());
    };
    let fields = fields.iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    });
    Told::part(Part::Columns { row: row.to_string(), fields: fields.collect(), at })
}

/// `"…"`, and `"…" + "…"`.
fn joined(file: &File<'_>, tokens: &[TokenTree]) -> Option<Told> {
    let mut whole = file.literal(tokens.first()?)?;
    for more in tokens[1..].chunks(2) {
        match more {
            [plus, literal] if is_punct(plus, '+') => whole.push(&file.literal(literal)?),
            _ => return None,
        }
    }
    Some(Told::part(Part::Text(whole)))
}

/// Without `&` before it, and without `.as_str()` and its like behind it.
fn without_adornment(mut tokens: &[TokenTree]) -> &[TokenTree] {
    const KEEP_THE_TEXT: &[&str] =
        &["as_str", "as_ref", "clone", "into", "to_owned", "to_string", "into_sql_str"];
    while let Some((first, rest)) = tokens.split_first()
        && (is_punct(first, '&') || is_punct(first, '*'))
    {
        tokens = rest;
    }
    while let [inner @ .., dot, TokenTree::Ident(method), TokenTree::Group(nothing)] = tokens
        && is_punct(dot, '.')
        && nothing.stream().is_empty()
        && KEEP_THE_TEXT.iter().any(|known| method == known)
    {
        tokens = inner;
    }
    tokens
}

fn is_path(tokens: &[TokenTree]) -> bool {
    !tokens.is_empty()
        && tokens.iter().all(|token| matches!(token, TokenTree::Ident(_)) || is_punct(token, ':'))
}

/// `<User as Table>::SELECT`.
fn is_qualified(tokens: &[TokenTree]) -> bool {
    let token = |token: &TokenTree| {
        matches!(token, TokenTree::Ident(_)) || [':', '<', '>'].iter().any(|c| is_punct(token, *c))
    };
    tokens.first().is_some_and(|first| is_punct(first, '<')) && tokens.iter().all(token)
}

fn is_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// At commas that stand in no `<…>`.
pub(super) fn split(tokens: &[TokenTree]) -> Vec<&[TokenTree]> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_generic = || {
            depth > 0
                || before.is_some_and(|before| match before {
                    TokenTree::Ident(name) => is_type(&name.to_string()),
                    other => is_punct(other, ':'),
                })
        };
        if is_punct(token, '<') && is_generic() {
            depth += 1;
        } else if is_punct(token, '>') {
            depth = depth.saturating_sub(1);
        } else if is_punct(token, ',') && depth == 0 {
            parts.push(&tokens[start..at]);
            start = at + 1;
        }
    }
    if start < tokens.len() {
        parts.push(&tokens[start..]);
    }
    parts
}

pub(super) fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
