//! `.sqlx/query-*.json`: the texts that sqlx's macros left behind.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::text::SqlText;
use crate::report::Text;

/// The name of the directory, by which messages name what is in it.
pub const DIRECTORY: &str = ".sqlx";

/// The texts in these directories' `.sqlx` that no call has: of macros that other macros make, or of a
/// source that has changed since.
pub fn texts(directories: &[&Utf8Path], known: &[SqlText]) -> Vec<SqlText> {
    let mut seen: BTreeSet<String> = known.iter().map(|text| text.sql.clone()).collect();
    let mut found = Vec::new();
    for directory in directories {
        let Ok(entries) = directory.join(DIRECTORY).read_dir_utf8() else { continue };
        let names = entries.filter_map(|entry| Some(entry.ok()?.into_path()));
        let is_query = |path: &camino::Utf8PathBuf| {
            let name = path.file_name().unwrap_or_default();
            name.starts_with("query-") && name.ends_with(".json")
        };
        let mut paths: Vec<_> = names.filter(is_query).collect();
        paths.sort_unstable();
        for path in paths {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let Some((sql, places)) = query(&text) else { continue };
            if seen.insert(sql.clone()) {
                found.push(SqlText::in_file(DIRECTORY, Text::new(&path, text), sql, &places));
            }
        }
    }
    found
}

/// The value of `"query"`, and where it stands.
fn query(text: &str) -> Option<(String, Vec<(usize, usize)>)> {
    const KEY: &str = "\"query\"";
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let expected = value.get("query")?.as_str()?;
    let places = text.match_indices(KEY).map(|(at, _)| at + KEY.len());
    let mut strings = places.filter_map(|after| {
        let rest = text[after..].trim_start().strip_prefix(':')?.trim_start();
        rest.starts_with('"').then(|| unescaped(text, text.len() - rest.len() + 1))
    });
    strings.find(|(sql, _)| sql == expected)
}

/// The string that begins at a byte of a JSON text.
fn unescaped(text: &str, start: usize) -> (String, Vec<(usize, usize)>) {
    let (mut value, mut places, mut at) = (String::new(), vec![(0, start)], start);
    while let Some(next) = text[at..].find(['"', '\\']).map(|next| at + next) {
        value.push_str(&text[at..next]);
        if text[next..].starts_with('"') {
            break;
        }
        let length = escape(&text[next..], &mut value);
        at = next + length;
        places.push((value.len(), at));
    }
    (value, places)
}

/// Adds what an escape stands for; returns how many bytes it has.
fn escape(text: &str, value: &mut String) -> usize {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    if let Some(first) = unit(text) {
        let second = text.get(6..).and_then(unit);
        let pair: Vec<u16> = std::iter::once(first).chain(second).collect();
        let is_pair = (0xD800..0xDC00).contains(&first) && pair.len() == 2;
        let units = if is_pair { &pair[..] } else { &pair[..1] };
        value.extend(char::decode_utf16(units.iter().copied()).map(|c| c.unwrap_or('\u{fffd}')));
        return 6 * units.len();
    }
    let escaped = text.chars().nth(1);
    value.extend(escaped.map(|c| match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        other => other,
    }));
    1 + escaped.map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_a_file_is_found_with_its_places() {
        let sql = "SELECT \"é\\\" \n\tFROM \u{1F600} users \u{8}";
        let text = serde_json::json!({ "db_name": "\"query\": \"no\"", "query": sql }).to_string();
        let ascii: String = text
            .chars()
            .flat_map(|c| match c.is_ascii() {
                true => vec![c.to_string()],
                false => {
                    c.encode_utf16(&mut [0; 2]).iter().map(|u| format!("\\u{u:04x}")).collect()
                }
            })
            .collect();
        for text in [text, ascii] {
            let (found, places) = query(&text).expect("it has a query");
            assert_eq!(found, sql);
            let users = sql.find("users").expect("it is there");
            let (value, file) = places.iter().rev().find(|(v, _)| *v <= users).expect("a place");
            assert!(text[file + (users - value)..].starts_with("users"));
        }
    }

    #[test]
    fn what_is_no_such_file_is_none() {
        for text in ["", "{", "[]", "{\"query\": 1}", "{\"query\""] {
            assert_eq!(query(text), None, "{text}");
        }
    }
}
