//! What a column has beside its type and what guards it: grants, a comment, a statistics target, a collation. A
//! column that takes the place of others is made without any of them, so they are carried over from those that it
//! replaces, in the transaction that adds it: nobody reads it before it has its grants.

use serde::Deserialize;

use crate::dialect::alter;
use crate::ident::{literal, quote};
use crate::migration::Change;
use crate::schema::Column;

/// A column as the catalog has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveColumn {
    /// Its name.
    pub name: String,
    /// Its type, as the catalog spells it.
    pub sql_type: String,
    /// How its texts are sorted.
    pub collation: Collation,
    /// The comment on it; empty if there is none.
    pub comment: String,
    /// How much ANALYZE looks at it; nothing where the server decides.
    pub statistics: Option<i64>,
    /// Who may do what with it, beside those who may do it with the whole table.
    pub grants: Vec<Grant>,
}

/// How a column's texts are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collation {
    /// Its type has no order of texts.
    None,
    /// As its type says.
    OfItsType,
    /// By a collation of its own, as SQL names it.
    Named(String),
}

/// A right to one column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Grant {
    /// The role as SQL names it, or `PUBLIC`.
    pub role: String,
    /// `SELECT`, `INSERT`, `UPDATE`, `REFERENCES`.
    pub privilege: String,
    /// Whether the role may pass it on.
    pub grantable: bool,
}

/// The statements that carry over to the new columns of a change, which are there already, what the columns have
/// that they replace.
pub fn statements(change: &Change, live: &[LiveColumn]) -> Vec<String> {
    let find = |name: &str| live.iter().find(|column| column.name == name);
    let of = |new: &Column| {
        let old: Vec<_> = new.replaces.iter().filter_map(|name| find(name)).collect();
        let all = [
            find(&new.name).and_then(|new| collation(new, &old)),
            statistics(&old).map(|target| format!("SET STATISTICS {target}")),
        ];
        let (table, name) = (alter(&change.table), quote(&new.name));
        let altered = all.into_iter().flatten();
        let altered = altered.map(|what| format!("{table} ALTER COLUMN {name} {what};"));
        let about = format!("{}.{name}", quote(&change.table));
        let comment = comment(&old).map(|text| format!("COMMENT ON COLUMN {about} IS {text};"));
        let grants = grants(&old).into_iter().map(|grant| grant.on(&change.table, &new.name));
        altered.chain(comment).chain(grants).collect::<Vec<_>>()
    };
    change.columns.iter().flat_map(of).collect()
}

/// That of the old columns, where they share one and the new column can have it and names none itself. Nobody has
/// written the column yet, so that this changes the catalog only.
fn collation(new: &LiveColumn, old: &[&LiveColumn]) -> Option<String> {
    let Collation::Named(name) = &old.first()?.collation else { return None };
    let is_shared = old.iter().all(|column| column.collation == old[0].collation);
    let is_open = new.collation == Collation::OfItsType;
    (is_shared && is_open).then(|| format!("TYPE {} COLLATE {name}", new.sql_type))
}

/// The closest look that any of them gets.
fn statistics(old: &[&LiveColumn]) -> Option<i64> {
    old.iter().filter_map(|column| column.statistics).max()
}

/// What is said about one column need not be true of what is joined from several.
fn comment(old: &[&LiveColumn]) -> Option<String> {
    match old {
        [one] if !one.comment.is_empty() => Some(literal(&one.comment)),
        _ => None,
    }
}

/// What each of them grants: nobody learns from a joined column what was kept from him.
fn grants(old: &[&LiveColumn]) -> Vec<Grant> {
    let Some((first, others)) = old.split_first() else { return Vec::new() };
    let shared = |grant: &Grant| {
        let found = others.iter().map(|column| column.grants.iter().find(|o| o.is_like(grant)));
        let found = found.collect::<Option<Vec<_>>>()?;
        let grantable = grant.grantable && found.iter().all(|other| other.grantable);
        Some(Grant { grantable, ..grant.clone() })
    };
    first.grants.iter().filter_map(shared).collect()
}

impl Grant {
    fn is_like(&self, other: &Grant) -> bool {
        self.role == other.role && self.privilege == other.privilege
    }

    fn on(&self, table: &str, column: &str) -> String {
        let Grant { role, privilege, grantable } = self;
        let option = if *grantable { " WITH GRANT OPTION" } else { "" };
        format!("GRANT {privilege} ({}) ON {} TO {role}{option};", quote(column), quote(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(name: &str) -> LiveColumn {
        LiveColumn {
            name: name.into(),
            sql_type: "text".into(),
            collation: Collation::OfItsType,
            comment: String::new(),
            statistics: None,
            grants: Vec::new(),
        }
    }

    fn grant(role: &str, privilege: &str, grantable: bool) -> Grant {
        Grant { role: role.into(), privilege: privilege.into(), grantable }
    }

    #[test]
    fn several_columns_pass_on_what_they_share() {
        let a = LiveColumn {
            grants: vec![grant("r", "SELECT", true), grant("r", "UPDATE", false)],
            statistics: Some(10),
            comment: "a".into(),
            ..live("a")
        };
        let b = LiveColumn {
            grants: vec![grant("r", "SELECT", false), grant("s", "UPDATE", false)],
            statistics: Some(500),
            comment: "b".into(),
            ..live("b")
        };
        assert_eq!(grants(&[&a, &b]), [grant("r", "SELECT", false)]);
        assert_eq!(grants(&[&a]), a.grants);
        assert_eq!(statistics(&[&a, &b]), Some(500));
        assert_eq!((comment(&[&a, &b]), comment(&[&b])), (None, Some("'b'".into())));
        assert_eq!(
            grant("r", "SELECT", true).on("t", "n"),
            "GRANT SELECT (\"n\") ON \"t\" TO r WITH GRANT OPTION;"
        );
    }

    #[test]
    fn a_collation_goes_where_there_is_room_for_it() {
        let named = |name: &str| Collation::Named(name.into());
        let old = LiveColumn { collation: named("\"C\""), ..live("o") };
        let other = LiveColumn { collation: named("\"de\""), ..live("p") };
        let number = LiveColumn { collation: Collation::None, ..live("n") };
        let expected = Some("TYPE text COLLATE \"C\"".to_owned());
        assert_eq!(collation(&live("n"), &[&old]), expected);
        assert_eq!(collation(&live("n"), &[&old, &old]), expected);
        for (new, old) in [
            (&live("n"), &[&old, &other][..]),
            (&live("n"), &[&live("o")]),
            (&number, &[&old]),
            (&other, &[&old]),
        ] {
            assert_eq!(collation(new, old), None);
        }
    }
}
