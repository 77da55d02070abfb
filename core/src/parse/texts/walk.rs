//! Calls, found by their tokens.

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use super::argument::{Constants, File, Names, Told, Variable, is_punct, split};
use super::calls::{BUILDER, BUILDERS, How, Name, Row, Takes, find, is_sql, mentions};
use super::{Beside, Call, Part};

/// The calls in a file, in its order. `tokens` begin at byte `skipped` of the text.
pub(in crate::parse) fn walk(text: &str, skipped: usize, tokens: TokenStream) -> Vec<Call> {
    if !mentions(text) {
        return Vec::new();
    }
    let file = File { text, skipped };
    let mut walk = Walk::new(file);
    walk.group(tokens);
    walk.finish()
}

struct Walk<'t> {
    file: File<'t>,
    /// What `use sqlx::…` names.
    imported: BTreeSet<String>,
    constants: Constants,
    /// `let name = …;` of the blocks around this place, innermost last.
    variables: Vec<Variable>,
    found: Vec<Found>,
}

/// A call whose argument is not judged yet: a constant may stand further below.
struct Found {
    call: Call,
    takes: Takes,
    /// Whether it is sqlx's for certain, whatever its text.
    certain: bool,
    argument: Vec<TokenTree>,
    visible: Vec<Variable>,
    arguments: Range<usize>,
}

/// A name with what stands around it.
struct Site<'s> {
    word: String,
    how: How,
    path: Vec<String>,
    generics: &'s [TokenTree],
    arguments: &'s Group,
}

impl<'t> Walk<'t> {
    fn new(file: File<'t>) -> Walk<'t> {
        Walk {
            file,
            imported: BTreeSet::new(),
            constants: Constants::default(),
            variables: Vec::new(),
            found: Vec::new(),
        }
    }

    fn group(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let outside = self.variables.len();
        let mut at = 0;
        while at < tokens.len() {
            at += self.step(&tokens, at);
        }
        self.variables.truncate(outside);
    }

    /// Reads one token, or an attribute; returns how many.
    fn step(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        match &tokens[at] {
            TokenTree::Punct(hash) if hash.as_char() == '#' => return attribute(&tokens[at..]),
            TokenTree::Group(group) => self.group(group.stream()),
            TokenTree::Ident(ident) => {
                self.definition(ident, &tokens[at + 1..]);
                if let Some(site) = site(tokens, at, ident) {
                    self.call(ident, &site);
                }
            }
            _ => {}
        }
        1
    }

    /// `use`, `let`, `const` and `static`: what a name may stand for.
    fn definition(&mut self, keyword: &Ident, rest: &[TokenTree]) {
        if keyword == "use" {
            let end = rest.iter().position(|token| is_punct(token, ';')).unwrap_or(rest.len());
            if matches!(rest.first(), Some(TokenTree::Ident(root)) if root == "sqlx") {
                names(&rest[..end], &mut self.imported);
            }
        } else if keyword == "let" {
            let mutable = matches!(rest.first(), Some(TokenTree::Ident(word)) if word == "mut");
            if let Some((name, value)) = defined(&rest[usize::from(mutable)..]) {
                let value = if mutable { Vec::new() } else { value.to_vec() };
                self.variables.push((name, value));
            }
        } else if (keyword == "const" || keyword == "static")
            && let Some((name, value)) = defined(rest)
        {
            self.constants.define(name, value.to_vec());
        }
    }

    fn call(&mut self, ident: &Ident, site: &Site<'_>) {
        let Some(name) = name(site) else { return };
        let inside: Vec<_> = site.arguments.stream().into_iter().collect();
        let arguments = split(&inside);
        let index = usize::from(name.row == Row::Argument);
        let Some(argument) = arguments.get(index) else { return };
        let row = match name.row {
            Row::No => None,
            Row::Argument => row(arguments[0]),
            Row::Generic => split(site.generics).last().and_then(|last| row(last)),
        };
        let call = Call {
            name: spelled(site),
            at: self.file.bytes(ident.span()),
            row,
            parts: Vec::new(),
            dynamic: None,
        };
        self.found.push(Found {
            call,
            takes: name.takes,
            certain: self.is_certain(site),
            visible: self.visible(argument),
            argument: argument.to_vec(),
            arguments: self.file.bytes(site.arguments.span()),
        });
    }

    /// Names alone prove little: others have a `query` too.
    fn is_certain(&self, site: &Site<'_>) -> bool {
        let root = site.path.first().map(String::as_str);
        match (site.how, root) {
            (How::Method, _) => false,
            _ if site.word == "AssertSqlSafe" => true,
            (_, Some("sqlx" | BUILDER)) | (How::Macro, None) => true,
            (How::Function, None) => {
                self.imported.contains(&site.word) || self.imported.contains("*")
            }
            (_, Some(root)) => root != "self" && self.imported.contains(root),
        }
    }

    /// The variables that an argument may name; most are literals and name none.
    fn visible(&self, argument: &[TokenTree]) -> Vec<Variable> {
        match argument {
            [TokenTree::Literal(_), ..] => Vec::new(),
            _ => self.variables.clone(),
        }
    }

    fn finish(self) -> Vec<Call> {
        let Walk { file, constants, found, .. } = self;
        let kept = found.into_iter().filter_map(|mut found| {
            let names = Names { constants: &constants, variables: &found.visible };
            let Told { parts, dynamic } = match found.takes {
                Takes::File => names.file(&file, &found.argument, Beside::Manifest),
                Takes::Text | Takes::Head => names.told(&file, &found.argument),
            };
            let begins = match parts.first() {
                Some(Part::Text(text)) => is_sql(&text.value),
                Some(Part::Select { .. }) => true,
                _ => false,
            };
            if !found.certain && !begins {
                return None;
            }
            found.call.parts = parts;
            found.call.dynamic = dynamic;
            if found.takes == Takes::Head {
                found.call.parts.push(Part::Rest { at: found.call.at.clone() });
                found.call.dynamic.get_or_insert_with(|| "more is pushed behind it".to_owned());
            }
            Some(found)
        });
        let kept: Vec<_> = kept.collect();
        let is_inside = |one: &Found| {
            one.call.name == "AssertSqlSafe"
                && kept.iter().any(|other| {
                    other.arguments.contains(&one.call.at.start) && other.call.at != one.call.at
                })
        };
        kept.iter().filter(|found| !is_inside(found)).map(|found| found.call.clone()).collect()
    }
}

/// How many tokens `#[…]` and `#![…]` have; what they say is no code.
fn attribute(tokens: &[TokenTree]) -> usize {
    let inner = usize::from(tokens.get(1).is_some_and(|token| is_punct(token, '!')));
    match tokens.get(1 + inner) {
        Some(TokenTree::Group(list)) if list.delimiter() == Delimiter::Bracket => 2 + inner,
        _ => 1,
    }
}

/// The identifiers in a `use`.
fn names(tokens: &[TokenTree], names_found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                names_found.insert(ident.to_string());
            }
            TokenTree::Punct(star) if star.as_char() == '*' => {
                names_found.insert("*".to_owned());
            }
            TokenTree::Group(group) => {
                names(&group.stream().into_iter().collect::<Vec<_>>(), names_found);
            }
            _ => {}
        }
    }
}

/// `name = value;` and `name: Type = value;`.
fn defined(tokens: &[TokenTree]) -> Option<(String, &[TokenTree])> {
    let [TokenTree::Ident(name), TokenTree::Punct(next), ..] = tokens else { return None };
    if !matches!(next.as_char(), ':' | '=') {
        return None;
    }
    let end = tokens.iter().position(|token| is_punct(token, ';'))?;
    let equals = tokens[..end].iter().position(|token| is_punct(token, '='))?;
    Some((name.to_string(), &tokens[equals + 1..end]))
}

/// The call whose name is at this place, if it is one.
fn site<'s>(tokens: &'s [TokenTree], at: usize, ident: &Ident) -> Option<Site<'s>> {
    let after = &tokens[at + 1..];
    let (how, generics, arguments) = match after {
        [TokenTree::Punct(bang), TokenTree::Group(group), ..] if bang.as_char() == '!' => {
            (How::Macro, &after[..0], group)
        }
        [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Parenthesis => {
            (How::Function, &after[..0], group)
        }
        [TokenTree::Punct(a), TokenTree::Punct(b), TokenTree::Punct(open), ..]
            if (a.as_char(), b.as_char(), open.as_char()) == (':', ':', '<') =>
        {
            let end = 2 + closing(&after[2..])?;
            match after.get(end + 1) {
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                    (How::Function, &after[3..end], group)
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    let before = &tokens[..at];
    let how = match before.last() {
        Some(TokenTree::Ident(word)) if word == "fn" => return None,
        Some(dot) if is_punct(dot, '.') && how == How::Function => How::Method,
        _ => how,
    };
    Some(Site { word: ident.to_string(), how, path: path(before), generics, arguments })
}

/// Where the `>` is that closes the first token, a `<`.
fn closing(tokens: &[TokenTree]) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|token| {
        depth += i32::from(is_punct(token, '<')) - i32::from(is_punct(token, '>'));
        depth == 0
    })
}

/// The segments of the path that ends here, `a::b::<T>::`, outermost first.
fn path(mut before: &[TokenTree]) -> Vec<String> {
    let mut segments = Vec::new();
    while let [rest @ .., a, b] = before
        && is_punct(a, ':')
        && is_punct(b, ':')
    {
        let rest = without_generics(rest);
        let [further @ .., TokenTree::Ident(segment)] = rest else { break };
        segments.push(segment.to_string());
        before = further;
    }
    segments.reverse();
    segments
}

/// Leaves out `<…>` and `::<…>` at the end.
fn without_generics(tokens: &[TokenTree]) -> &[TokenTree] {
    if !tokens.last().is_some_and(|last| is_punct(last, '>')) {
        return tokens;
    }
    let mut depth = 0;
    let start = tokens.iter().rposition(|token| {
        depth += i32::from(is_punct(token, '>')) - i32::from(is_punct(token, '<'));
        depth == 0
    });
    match &tokens[..start.unwrap_or(0)] {
        [rest @ .., a, b] if is_punct(a, ':') && is_punct(b, ':') => rest,
        rest => rest,
    }
}

fn name(site: &Site<'_>) -> Option<&'static Name> {
    if site.path.last().is_some_and(|last| last == BUILDER) {
        return BUILDERS.iter().find(|name| name.word == site.word);
    }
    find(&site.word, site.how)
}

/// `query_as!`, `query_as`, `.execute`, `QueryBuilder::new`.
fn spelled(site: &Site<'_>) -> String {
    match site.how {
        How::Macro => format!("{}!", site.word),
        How::Method => format!(".{}", site.word),
        How::Function if site.path.last().is_some_and(|last| last == BUILDER) => {
            format!("{BUILDER}::{}", site.word)
        }
        How::Function => site.word.clone(),
    }
}

/// The last segment of a type's path.
fn row(ty: &[TokenTree]) -> Option<String> {
    let end = ty.iter().position(|token| is_punct(token, '<')).unwrap_or(ty.len());
    match ty[..end].last() {
        Some(TokenTree::Ident(name)) if name != "_" => Some(name.to_string()),
        _ => None,
    }
}
