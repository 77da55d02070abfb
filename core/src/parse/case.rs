//! Names in other cases, as sqlx's `rename_all` makes them (it uses the crate `heck`; a test compares).

/// One case: its word in `rename_all`, and what it makes of a name.
pub(super) type Case = (&'static str, fn(&str) -> String);

/// The cases of sqlx.
pub(super) const CASES: &[Case] = &[
    ("snake_case", snake),
    ("lowercase", |name| name.to_lowercase()),
    ("UPPERCASE", |name| name.to_uppercase()),
    ("camelCase", |name| {
        let pascal = pascal(name);
        let mut letters = pascal.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    }),
    ("PascalCase", pascal),
    ("SCREAMING_SNAKE_CASE", |name| words(name).join("_").to_uppercase()),
    ("kebab-case", |name| words(name).join("-").to_lowercase()),
];

/// `HttpRequest` and `httpRequest` as `http_request`.
pub(super) fn snake(name: &str) -> String {
    words(name).join("_").to_lowercase()
}

fn pascal(name: &str) -> String {
    let capitalised = words(name).into_iter().map(|word| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters.as_str().to_lowercase().chars()).collect::<String>()
    });
    capitalised.collect()
}

/// The words of a name: split at what is no letter or digit, between a small letter and a capital, and
/// before the last capital of a row of them (`HTTPRequest`: `HTTP`, `Request`).
fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric()).flat_map(humps).collect()
}

fn humps(part: &str) -> Vec<String> {
    let letters: Vec<char> = part.chars().collect();
    let (mut found, mut start, mut last_was_capital) = (Vec::new(), 0, None);
    for (index, pair) in letters.windows(2).enumerate() {
        let (letter, next) = (pair[0], pair[1]);
        let is_cased = letter.is_uppercase() || letter.is_lowercase();
        let is_capital = if is_cased { Some(letter.is_uppercase()) } else { last_was_capital };
        let row_ends = letter.is_uppercase() && next.is_lowercase();
        let end = match (last_was_capital, is_capital) {
            (_, Some(false)) if next.is_uppercase() => Some(index + 1),
            (Some(true), _) if row_ends => Some(index),
            _ => None,
        };
        last_was_capital = if end.is_some() { None } else { is_capital };
        if let Some(end) = end {
            found.push(letters[start..end].iter().collect());
            start = end;
        }
    }
    if start < letters.len() {
        found.push(letters[start..].iter().collect());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use heck::{ToKebabCase, ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

    #[test]
    fn every_case_is_what_sqlx_makes_of_it() {
        let heck: &[Case] = &[
            ("snake_case", |s| s.to_snake_case()),
            ("lowercase", |s| s.to_lowercase()),
            ("UPPERCASE", |s| s.to_uppercase()),
            ("camelCase", |s| s.to_lower_camel_case()),
            ("PascalCase", |s| s.to_upper_camel_case()),
            ("SCREAMING_SNAKE_CASE", |s| s.to_shouty_snake_case()),
            ("kebab-case", |s| s.to_kebab_case()),
        ];
        for name in every_name_of("aB1_", 7).iter().map(String::as_str).chain(["größeÄ", "user_id"])
        {
            for ((word, ours), (theirs_word, theirs)) in CASES.iter().zip(heck) {
                assert_eq!(word, theirs_word);
                assert_eq!(ours(name), theirs(name), "{name} in {word}");
            }
        }
    }

    fn every_name_of(alphabet: &str, longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut start = 0;
        for _ in 0..longest {
            let end = all.len();
            for index in start..end {
                let longer = alphabet.chars().map(|c| format!("{}{c}", all[index]));
                let longer: Vec<_> = longer.collect();
                all.extend(longer);
            }
            start = end;
        }
        all
    }
}
