//! The text of the statements, as pure functions.
//!
//! It depends on the set of named columns only, so each connection prepares a struct's statement once.
//! Where SQL has an expression, a column carries its table's name: SQLite takes a lone `"name"` that no
//! column has for text, and would compare or return that text instead of failing.

use colmig_core::ident::quote;

use crate::table::TableInfo;

/// A column, and the placeholder of its value.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) column: &'static str,
    pub(super) placeholder: String,
}

pub(super) fn insert(table: &TableInfo, slots: &[Slot]) -> String {
    let name = quote(table.name);
    if slots.is_empty() {
        return format!("INSERT INTO {name} DEFAULT VALUES");
    }
    let columns = list(slots, ", ", |slot| quote(slot.column));
    let values = list(slots, ", ", |slot| slot.placeholder.clone());
    format!("INSERT INTO {name} ({columns}) VALUES ({values})")
}

pub(super) fn update(table: &TableInfo, set: &[Slot], key: &[Slot]) -> String {
    let name = quote(table.name);
    let set = list(set, ", ", |slot| format!("{} = {}", quote(slot.column), slot.placeholder));
    let key =
        list(key, " AND ", |slot| format!("{name}.{} = {}", quote(slot.column), slot.placeholder));
    format!("UPDATE {name} SET {set} WHERE {key}")
}

fn list<T>(items: &[T], separator: &str, show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
pub(super) mod tests {
    use colmig_core::lifecycle::{Access, Stand};

    use super::*;
    use crate::__private::type_checks;
    use crate::table::ColumnInfo;

    const fn column(name: &'static str, stand: Stand, auto: bool) -> ColumnInfo {
        ColumnInfo { name, stand, born: "", auto, derived: None, types: type_checks!(NoType) }
    }

    /// No database has it: these columns are never bound.
    struct NoType;

    const fn table(name: &'static str, columns: &'static [ColumnInfo]) -> TableInfo {
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
            primary_key: &["id"],
        }
    }

    pub(in crate::statement) const USERS: TableInfo = table(
        "users",
        &[
            column("id", Stand::Required, true),
            column("email", Stand::Required, false),
            column("handle", Stand::Adding, false),
            column("counter", Stand::Required, true),
        ],
    );

    pub(in crate::statement) const KEYS_ONLY: TableInfo =
        table("odd \"name\"", &[column("id", Stand::Required, true)]);

    fn slots(columns: &[&'static str]) -> Vec<Slot> {
        let slot = |(i, column): (usize, &&'static str)| Slot {
            column,
            placeholder: format!("${}", i + 1),
        };
        columns.iter().enumerate().map(slot).collect()
    }

    #[test]
    fn every_statement_names_its_columns() {
        assert_eq!(
            insert(&USERS, &slots(&["email", "handle"])),
            r#"INSERT INTO "users" ("email", "handle") VALUES ($1, $2)"#
        );
        assert_eq!(insert(&KEYS_ONLY, &[]), r#"INSERT INTO "odd ""name""" DEFAULT VALUES"#);
        assert_eq!(
            update(&USERS, &slots(&["email", "handle"]), &slots(&["id", "part"])),
            r#"UPDATE "users" SET "email" = $1, "handle" = $2 WHERE "users"."id" = $1 AND "users"."part" = $2"#
        );
    }
}
