//! What a user of MySQL or MariaDB may do, as SHOW GRANTS tells it.

/// What colmig's user needs on its database.
pub const NEEDED: [&str; 9] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"];

/// Those of [`NEEDED`] that none of these lines gives on a database. A right on a single table counts as given: which
/// tables there will be nobody knows yet.
pub fn missing(grants: &[String], database: &str) -> Vec<&'static str> {
    let given: Vec<&str> = grants.iter().filter_map(|line| given(line, database)).collect();
    let has = |right: &str| {
        let is_it = |one: &str| one == right || one.starts_with("ALL PRIVILEGES");
        given.iter().any(|list| list.split(", ").any(is_it))
    };
    NEEDED.into_iter().filter(|right| !has(right)).collect()
}

/// The list of rights of a line that is about this database.
fn given<'a>(line: &'a str, database: &str) -> Option<&'a str> {
    let (list, rest) = line.strip_prefix("GRANT ")?.split_once(" ON ")?;
    let target = rest.strip_prefix("TABLE ").unwrap_or(rest);
    let pattern = match target.chars().next()? {
        '*' => return Some(list),
        quote @ ('`' | '"') => target[1..].split_once(quote)?.0,
        _ => target.split_once('.')?.0,
    };
    is_like(database, pattern).then_some(list)
}

/// `_` is any character and `%` any text, unless a backslash stands before it.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    let Some(first) = pattern_rest.next() else { return text.is_empty() };
    let mut text_rest = text.chars();
    match first {
        '%' => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| is_like(&text[at..], pattern_rest.as_str()))
        }
        '_' => text_rest.next().is_some() && is_like(text_rest.as_str(), pattern_rest.as_str()),
        '\\' => {
            let plain = pattern_rest.next().unwrap_or('\\');
            text_rest.next() == Some(plain) && is_like(text_rest.as_str(), pattern_rest.as_str())
        }
        plain => {
            text_rest.next() == Some(plain) && is_like(text_rest.as_str(), pattern_rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Vec<&'static str> {
        let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        missing(&lines, "shop_db")
    }

    #[test]
    fn what_is_not_granted_is_missing() {
        let none: Vec<&str> = Vec::new();
        assert_eq!(
            of(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"]),
            none
        );
        assert_eq!(of(&["GRANT USAGE ON *.* TO `a`@`%`"]), NEEDED);
        let most = "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX ON \"shop\\_db\".* TO \"a\"@\"%\"";
        assert_eq!(of(&["GRANT USAGE ON *.* TO `a`@`%`", most]), ["ALTER"]);
        assert_eq!(of(&["GRANT ALL PRIVILEGES ON `shop_d_`.* TO `a`@`%`"]), none);
        assert_eq!(of(&["GRANT ALL PRIVILEGES ON `s%b`.* TO `a`@`%`"]), none);
        assert_eq!(of(&["GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`"]), NEEDED);
        assert_eq!(
            of(&["GRANT `role`@`%` TO `a`@`%`", "GRANT PROXY ON ''@'%' TO 'root'@'%'"]),
            NEEDED
        );
    }
}
