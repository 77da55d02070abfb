//! The crates that are compared: the same structs, under one derive or another.

use std::path::Path;

/// One crate.
pub(crate) struct Twin {
    /// The name of its folder and of its column in the table.
    pub(crate) name: &'static str,
    /// What stands above each struct.
    derive: &'static str,
    /// Whether it is of colmig: its fields have attributes, and their types may be `WriteOnly`.
    is_table: bool,
    /// Whether a lock file knows all of its tables.
    pub(crate) is_recorded: bool,
    dependencies: &'static str,
}

const COLMIG: &str = r#"colmig = { path = "CHECKOUT/runtime", features = ["postgres", "sqlite"] }"#;

/// What is compared; without a derive, one sees what the structs themselves cost.
pub(crate) const TWINS: [Twin; 4] = [
    Twin { name: "bare", derive: "", is_table: false, is_recorded: false, dependencies: "" },
    Twin {
        name: "serde",
        derive: "#[derive(serde::Deserialize)]\n",
        is_table: false,
        is_recorded: false,
        dependencies: r#"serde = { version = "1", features = ["derive"] }"#,
    },
    Twin {
        name: "colmig",
        derive: "#[derive(colmig::Table)]\n",
        is_table: true,
        is_recorded: false,
        dependencies: COLMIG,
    },
    Twin {
        name: "recorded",
        derive: "#[derive(colmig::Table)]\n",
        is_table: true,
        is_recorded: true,
        dependencies: COLMIG,
    },
];

/// One field of every struct.
struct Field {
    name: &'static str,
    /// Its Rust type, `WriteOnly` aside.
    ty: &'static str,
    /// Its type in a lock file, and whether it may be NULL.
    recorded: (&'static str, bool),
    attribute: &'static str,
    /// The state that it has in every fourth struct; in the others it is active.
    state: &'static str,
}

const fn plain(name: &'static str, ty: &'static str, recorded: (&'static str, bool)) -> Field {
    Field { name, ty, recorded, attribute: "", state: "active" }
}

const FIELDS: [Field; 12] = [
    Field { attribute: "primary_key, auto", ..plain("id", "i64", ("int8", false)) },
    plain("tenant", "i64", ("int8", false)),
    plain("email", "String", ("text", false)),
    plain("name", "Option<String>", ("text", true)),
    plain("visits", "i32", ("int4", false)),
    plain("active", "bool", ("bool", false)),
    plain("score", "f64", ("float8", false)),
    plain("avatar", "Vec<u8>", ("bytes", false)),
    plain("parent", "Option<i64>", ("int8", true)),
    plain("note", "Option<String>", ("text", true)),
    Field {
        attribute: "adding, backfill = \"lower(email)\"",
        state: "adding",
        ..plain("handle", "String", ("text", false))
    },
    Field {
        attribute: "deprecated",
        state: "deprecated",
        ..plain("nickname", "String", ("text", false))
    },
];

impl Twin {
    /// The name of its package.
    pub(crate) fn package(&self) -> String {
        format!("twin-{}", self.name)
    }
}

impl Field {
    /// Its state in the struct of this number.
    fn state(&self, number: u16) -> &'static str {
        if number.is_multiple_of(4) { self.state } else { "active" }
    }

    fn source(&self, twin: &Twin, number: u16) -> String {
        let Field { name, ty, attribute, state, .. } = self;
        let has_attribute = !attribute.is_empty() && self.state(number) == *state;
        if !twin.is_table || !has_attribute {
            return format!("    pub {name}: {ty},\n");
        }
        let ty = match *state {
            "active" => (*ty).to_owned(),
            _ => format!("colmig::WriteOnly<{ty}>"),
        };
        format!("    #[colmig({attribute})]\n    pub {name}: {ty},\n")
    }

    /// Its line in the lock file.
    fn recorded(&self, number: u16) -> String {
        let (word, optional) = self.recorded;
        let optional = if optional { r#""nullability":"loose","# } else { "" };
        let auto = if self.attribute.contains("auto") { r#""auto":true,"# } else { "" };
        format!(
            r#"        {{"name":"{}","type":{{"known":"{word}"}},{optional}{auto}"state":"{}","born":"0001"}}"#,
            self.name,
            self.state(number),
        )
    }
}

/// The crate's manifest; `checkout` is where colmig lies.
pub(crate) fn manifest(twin: &Twin, checkout: &Path) -> String {
    let name = twin.package();
    let checkout = checkout.to_string_lossy().replace('\\', "/");
    let dependencies = twin.dependencies.replace("CHECKOUT", &checkout);
    format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n")
}

/// The crate's source.
pub(crate) fn source(twin: &Twin, structs: u16) -> String {
    let of_struct = |number| {
        let fields = FIELDS.each_ref().map(|field| field.source(twin, number)).concat();
        format!("{}pub struct Table{number} {{\n{fields}}}\n", twin.derive)
    };
    (0..structs).map(of_struct).collect::<Vec<_>>().join("\n")
}

/// A lock file in which every struct is as the source has it, a line a column. This package names none of
/// ours, so the text is made by hand; if it were not what colmig writes, the derive would refuse it.
pub(crate) fn lock_file(twin: &Twin, structs: u16) -> String {
    let table = |number| {
        let columns = FIELDS.each_ref().map(|field| field.recorded(number)).join(",\n");
        format!(
            r#"    {{
      "name": "table{number}",
      "primary_key": ["id"],
      "born": "0001",
      "columns": [
{columns}
      ]
    }}"#
        )
    };
    let tables = (0..structs).map(table).collect::<Vec<_>>().join(",\n");
    format!(
        r#"{{
  "format": 1,
  "project": "{package}",
  "packages": ["{package}"],
  "databases": ["postgres","sqlite"],
  "migrations": [
    {{"id":"0001_create_tables","hash":"sha256:0"}}
  ],
  "tables": [
{tables}
  ]
}}
"#,
        package = twin.package(),
    )
}
