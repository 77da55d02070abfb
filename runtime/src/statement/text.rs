//! The text of the statements, as pure functions.
//!
//! It depends on the set of named columns only, so each connection prepares a struct's statement once.
//! Where SQL has an expression, a column carries its table's name: SQLite takes a lone `"name"` that no
//! column has for text, and would compare or return that text instead of failing.

use crate::table::TableInfo;

/// How one database wants what the others word otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wording {
    /// What names stand between.
    quote: char,
    /// An insert of nothing but defaults.
    nothing: &'static str,
    /// Whether what is inserted where the key is taken is said by `ON CONFLICT`; otherwise by `ON DUPLICATE KEY`.
    on_conflict: bool,
}

impl Wording {
    /// That of a database by sqlx's name for it. MySQL takes what stands between double quotes for a text, unless the
    /// application says otherwise.
    pub(super) fn of(database: &str) -> Wording {
        match database {
            "MySQL" => Wording { quote: '`', nothing: "() VALUES ()", on_conflict: false },
            _ => Wording { quote: '"', nothing: "DEFAULT VALUES", on_conflict: true },
        }
    }

    fn quote(self, name: &str) -> String {
        let (quote, name) =
            (self.quote, name.replace(self.quote, &String::from(self.quote).repeat(2)));
        format!("{quote}{name}{quote}")
    }

    /// What the derive wrote with names between double quotes, and nothing else there.
    pub(super) fn requoted(self, text: &str) -> String {
        text.replace('"', &String::from(self.quote))
    }
}

/// A column, and what it is given: the placeholder of its value, or the expression that computes it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) column: &'static str,
    pub(super) value: String,
}

pub(super) fn insert(table: &TableInfo, slots: &[Slot], wording: Wording) -> String {
    let name = wording.quote(table.name);
    if slots.is_empty() {
        return format!("INSERT INTO {name} {}", wording.nothing);
    }
    let columns = list(slots, ", ", |slot| wording.quote(slot.column));
    let values = list(slots, ", ", |slot| slot.value.clone());
    format!("INSERT INTO {name} ({columns}) VALUES ({values})")
}

/// Matches the key, and sets the rest.
pub(super) fn update(table: &TableInfo, slots: &[Slot], wording: Wording) -> String {
    let name = wording.quote(table.name);
    let (key, set) = split(table, slots);
    let set = list(set, ", ", |slot| format!("{} = {}", wording.quote(slot.column), slot.value));
    let find = |slot: &Slot| format!("{name}.{} = {}", wording.quote(slot.column), slot.value);
    let key = list(key, " AND ", find);
    format!("UPDATE {name} SET {set} WHERE {key}")
}

/// An insert that becomes an update where the key is taken. `excluded` is the row that would have been inserted,
/// so that what is computed is computed once.
///
/// A conflict on a table of keys only leaves nothing to update. Then nothing is done; but a statement that returns
/// its row has to touch it, since a database returns what it wrote and nothing else.
pub(super) fn upsert(table: &TableInfo, slots: &[Slot], wording: Wording, returns: bool) -> String {
    let (key, rest) = split(table, slots);
    let set = if rest.is_empty() && returns { key.clone() } else { rest };
    let insert = insert(table, slots, wording);
    if !wording.on_conflict {
        // A key of its own value changes nothing.
        let set = if set.is_empty() { key } else { set };
        let show = |slot: &Slot| format!("{0} = VALUES({0})", wording.quote(slot.column));
        return format!("{insert} ON DUPLICATE KEY UPDATE {}", list(set, ", ", show));
    }
    let key = list(key, ", ", |slot| wording.quote(slot.column));
    let act = match set.is_empty() {
        true => "NOTHING".to_owned(),
        false => {
            let show = |slot: &Slot| format!("{0} = excluded.{0}", wording.quote(slot.column));
            format!("UPDATE SET {}", list(set, ", ", show))
        }
    };
    format!("{insert} ON CONFLICT ({key}) DO {act}")
}

/// An expression over values of this statement, which it finds under the names of their columns, with and without
/// the table's.
pub(super) fn computed(
    table: &TableInfo,
    expression: &str,
    over: &[Slot],
    wording: Wording,
) -> String {
    let values =
        list(over, ", ", |slot| format!("{} AS {}", slot.value, wording.quote(slot.column)));
    format!("(SELECT {expression} FROM (SELECT {values}) AS {})", wording.quote(table.name))
}

/// The slots of the key, and the others.
fn split<'s>(table: &TableInfo, slots: &'s [Slot]) -> (Vec<&'s Slot>, Vec<&'s Slot>) {
    slots.iter().partition(|slot| table.primary_key.contains(&slot.column))
}

fn list<'s>(
    slots: impl IntoIterator<Item = &'s Slot>,
    separator: &str,
    show: impl Fn(&Slot) -> String,
) -> String {
    slots.into_iter().map(show).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
pub(super) mod tests {
    use colmig_core::lifecycle::{Access, Stand};

    use super::*;
    use crate::__private::type_checks;
    use crate::table::{ColumnInfo, Derived};

    const fn column(name: &'static str, stand: Stand, auto: bool) -> ColumnInfo {
        ColumnInfo { name, stand, born: "", auto, derived: None, types: type_checks!(NoType) }
    }

    /// A column that is coming, and replaces others.
    const fn follows(name: &'static str, derived: &'static Derived) -> ColumnInfo {
        ColumnInfo { derived: Some(derived), ..column(name, Stand::Adding, false) }
    }

    /// No database has it: these columns are never bound.
    struct NoType;

    const fn table(
        name: &'static str,
        columns: &'static [ColumnInfo],
        primary_key: &'static [&'static str],
    ) -> TableInfo {
        TableInfo {
            name,
            rust: "User (src/user.rs:1)",
            package: "shop",
            access: Access::Writer,
            owner: "",
            project: "",
            head: "",
            born: "",
            columns,
            primary_key,
            constraints: &[],
            enums: &[],
        }
    }

    pub(in crate::statement) const USERS: TableInfo = table(
        "users",
        &[
            column("id", Stand::Required, true),
            column("part", Stand::Required, false),
            column("first", Stand::Required, false),
            column("last", Stand::Row, false),
            column("handle", Stand::Adding, false),
            column("nickname", Stand::Deprecated, false),
            column("counter", Stand::Required, true),
            follows(
                "full",
                &Derived {
                    sources: &["first", "last"],
                    expressions: &[("", "First || last || ID")],
                },
            ),
            follows("shout", &Derived { sources: &["last"], expressions: &[("", "upper(last)")] }),
            follows("number", &Derived { sources: &["id"], expressions: &[("", "id")] }),
            follows("count", &Derived { sources: &["counter"], expressions: &[("", "counter")] }),
            follows(
                "initials",
                &Derived { sources: &["first"], expressions: &[("postgres", "left(first, 1)")] },
            ),
        ],
        &["id", "part"],
    );

    pub(in crate::statement) const KEYS_ONLY: TableInfo =
        table("odd \"name\"", &[column("id", Stand::Required, true)], &["id"]);

    fn slots(columns: &[&'static str]) -> Vec<Slot> {
        let slot =
            |(i, column): (usize, &&'static str)| Slot { column, value: format!("${}", i + 1) };
        columns.iter().enumerate().map(slot).collect()
    }

    #[test]
    fn every_statement_names_its_columns() {
        assert_eq!(
            insert(&USERS, &slots(&["first", "handle"]), standard()),
            r#"INSERT INTO "users" ("first", "handle") VALUES ($1, $2)"#
        );
        assert_eq!(
            insert(&KEYS_ONLY, &[], standard()),
            r#"INSERT INTO "odd ""name""" DEFAULT VALUES"#
        );
        assert_eq!(
            update(&USERS, &slots(&["first", "handle", "id", "part"]), standard()),
            r#"UPDATE "users" SET "first" = $1, "handle" = $2 WHERE "users"."id" = $3 AND "users"."part" = $4"#
        );
    }

    #[test]
    fn an_upsert_names_its_columns_in_both_arms() {
        assert_eq!(
            upsert(&USERS, &slots(&["id", "part", "first", "handle"]), standard(), false),
            r#"INSERT INTO "users" ("id", "part", "first", "handle") VALUES ($1, $2, $3, $4) ON CONFLICT ("id", "part") DO UPDATE SET "first" = excluded."first", "handle" = excluded."handle""#
        );
        let keys = |returns| upsert(&KEYS_ONLY, &slots(&["id"]), standard(), returns);
        assert!(keys(false).ends_with(r#"ON CONFLICT ("id") DO NOTHING"#));
        assert!(keys(true).ends_with(r#"ON CONFLICT ("id") DO UPDATE SET "id" = excluded."id""#));
    }

    #[test]
    fn an_expression_finds_values_under_the_names_of_their_columns() {
        assert_eq!(
            computed(&USERS, "users.first || last", &slots(&["first", "last"]), standard()),
            r#"(SELECT users.first || last FROM (SELECT $1 AS "first", $2 AS "last") AS "users")"#
        );
    }

    /// What is inserted is `VALUES`, and names stand between other quotes.
    #[test]
    fn mysql_is_told_the_same_in_its_own_words() {
        let mysql = Wording::of("MySQL");
        assert_eq!(
            upsert(&USERS, &slots(&["id", "part", "first"]), mysql, false),
            "INSERT INTO `users` (`id`, `part`, `first`) VALUES ($1, $2, $3) ON DUPLICATE KEY UPDATE `first` = VALUES(`first`)"
        );
        assert_eq!(insert(&KEYS_ONLY, &[], mysql), "INSERT INTO `odd \"name\"` () VALUES ()");
        assert!(
            upsert(&KEYS_ONLY, &slots(&["id"]), mysql, false)
                .ends_with("UPDATE `id` = VALUES(`id`)")
        );
    }

    fn standard() -> Wording {
        Wording::of("PostgreSQL")
    }
}
