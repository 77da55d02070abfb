//! The stories.

use super::story::Text;

const H: &str = "h#1=missing";
const N: &str = "n#0=required:1";
const O_N: &str = "o#0=required:1 n#1=missing";

const ADD: &str = "R1 writer; R2 writer,h#1=adding; R3 writer,h#1=required";
const DROP: &str = "R1 writer,n#0=required; R2 writer,n#0=deprecated; R3 writer";
const REPLACE: &str = "R1 writer,o#0=required; R2 writer,o#0=required,n#1=adding; \
    R3 writer,o#0=deprecated,n#1=required; R4 writer,n#1=required";
const TIGHTEN: &str = "R1 writer,n#0=optional; R2 writer,n#0=row; R3 writer,n#0=required; \
    R4 writer,n#0=row; R5 writer,n#0=optional";
const LIFE: &str = "R1 writer; R2 writer,h#1=adding; R3 writer,h#1=required; \
    R4 writer,h#1=deprecated; R5 writer";
const ADD_AND_DROP: &[&str] = &["AddRequired h#1 R2", "DropRequired n#0 R2 reverse"];

const fn story(
    id: &'static str,
    name: &'static str,
    columns: &'static str,
    builds: &'static str,
    changes: &'static [&'static str],
) -> Text {
    Text { id, name, columns, builds, changes, deployed: "", resident: "", stranger: false }
}

/// Every story.
pub const STORIES: &[Text] = &[
    story("a", "ADD required", H, ADD, &["AddRequired h#1 R2"]),
    story(
        "b",
        "ADD one-level, then DROP of it",
        H,
        "R1 writer; R2 writer,h#1=optional; R3 writer",
        &["AddNullable h#1 R2", "DropNullable h#1 R3"],
    ),
    story(
        "b2",
        "ADD with a default, then DROP of it",
        H,
        "R1 writer; R2 writer,h#1=required; R3 writer,h#1=deprecated; R4 writer",
        &["AddDefault h#1 R2", "DropDefault h#1 R3"],
    ),
    story("c", "DROP required, with reverse", N, DROP, &["DropRequired n#0 R2 reverse"]),
    story("c2", "DROP required, without reverse", N, DROP, &["DropRequired n#0 R2"]),
    story("d", "REPLACE", O_N, REPLACE, &["Replace o#0,n#1 R2"]),
    story(
        "d2",
        "REPLACE, then DROP of the new column",
        O_N,
        "R1 writer,o#0=required; R2 writer,o#0=required,n#1=adding; \
         R3 writer,o#0=deprecated,n#1=required; R4 writer,n#1=required; \
         R5 writer,n#1=deprecated; R6 writer",
        &["Replace o#0,n#1 R2", "DropRequired n#1 R5 reverse"],
    ),
    story(
        "e",
        "ADD, and DROP of another column",
        "h#1=missing n#0=required:1",
        "R1 writer,n#0=required; R2 writer,n#0=deprecated,h#1=adding; R3 writer,h#1=required",
        ADD_AND_DROP,
    ),
    story(
        "e2",
        "the same, out of step",
        "h#1=missing n#0=required:1",
        "R1 writer,n#0=required; R2 writer,n#0=deprecated,h#1=adding; \
         R3 writer,n#0=deprecated,h#1=required; R4 writer,h#1=required",
        ADD_AND_DROP,
    ),
    story(
        "f",
        "ADD, DROP, ADD of the same name",
        H,
        "R1 writer; R2 writer,h#1=adding; R3 writer,h#1=required; R4 writer,h#1=deprecated; \
         R5 writer; R6 writer,h#2=adding; R7 writer,h#2=required",
        &["AddRequired h#1 R2", "DropRequired h#1 R4 reverse", "AddRequired h#2 R6"],
    ),
    story(
        "g",
        "ADD abandoned half-way",
        H,
        "R1 writer; R2 writer,h#1=adding; R3 writer",
        &["AddRequired h#1 R2 abandoned=R3"],
    ),
    story(
        "g2",
        "ADD abandoned, then added again",
        H,
        "R1 writer; R2 writer,h#1=adding; R3 writer; R4 writer,h#2=adding; R5 writer,h#2=required",
        &["AddRequired h#1 R2 abandoned=R3", "AddRequired h#2 R4"],
    ),
    story(
        "h",
        "DROP taken back",
        N,
        "R1 writer,n#0=required; R2 writer,n#0=deprecated; R3 writer,n#0=required",
        &["DropRequired n#0 R2 reverse abandoned=R3"],
    ),
    story(
        "h2",
        "DROP taken back, dropped later",
        N,
        "R1 writer,n#0=required; R2 writer,n#0=deprecated; R3 writer,n#0=required; \
         R4 writer,n#0=deprecated; R5 writer",
        &["DropRequired n#0 R2 reverse abandoned=R3", "DropRequired n#0 R4 reverse"],
    ),
    story(
        "i",
        "TIGHTEN, then RELAX",
        "n#0=nullable",
        TIGHTEN,
        &["Tighten n#0 R2", "Relax n#0 R4 reverse"],
    ),
    story(
        "i2",
        "ADD one-level, TIGHTEN, RELAX",
        H,
        "R1 writer; R2 writer,h#1=optional; R3 writer,h#1=row; R4 writer,h#1=required; \
         R5 writer,h#1=row; R6 writer,h#1=optional",
        &["AddNullable h#1 R2", "Tighten h#1 R3", "Relax h#1 R5 reverse"],
    ),
    story(
        "i3",
        "TIGHTEN, then RELAX without reverse",
        "n#0=nullable",
        TIGHTEN,
        &["Tighten n#0 R2", "Relax n#0 R4"],
    ),
    Text {
        stranger: true,
        deployed: "R2 R3",
        ..story("ja", "ADD, R1 unregistered", H, ADD, &["AddRequired h#1 R2"])
    },
    Text {
        stranger: true,
        deployed: "R2 R3",
        ..story("jc", "DROP, R1 unregistered", N, DROP, &["DropRequired n#0 R2 reverse"])
    },
    Text {
        stranger: true,
        deployed: "R2 R3 R4",
        ..story("jd", "REPLACE, R1 unregistered", O_N, REPLACE, &["Replace o#0,n#1 R2"])
    },
    Text {
        resident: "S0",
        ..story(
            "k",
            "ADD, a project that does not link the table",
            H,
            "R1 writer; R2 writer,h#1=adding; R3 writer,h#1=required; S0",
            &["AddRequired h#1 R2"],
        )
    },
    story(
        "ka",
        "ADD, a project that reads",
        H,
        "R1 writer; R2 writer,h#1=adding; R3 writer,h#1=required; \
         S1 reader; S2 reader,h#1=optional; S3 reader,h#1=required",
        &["AddRequired h#1 R2"],
    ),
    story(
        "kc",
        "DROP, a project that reads",
        N,
        "R1 writer,n#0=required; R2 writer,n#0=deprecated; R3 writer; \
         S1 reader,n#0=required; S2 reader,n#0=optional; S3 reader",
        &["DropRequired n#0 R2 reverse"],
    ),
    story(
        "kd",
        "REPLACE, a project that reads",
        O_N,
        "R1 writer,o#0=required; R2 writer,o#0=required,n#1=adding; \
         R3 writer,o#0=deprecated,n#1=required; R4 writer,n#1=required; \
         S1 reader,o#0=required; S2 reader,n#1=required; S3 reader",
        &["Replace o#0,n#1 R2"],
    ),
    story(
        "kp",
        "ADD, a partial struct beside the main one",
        "h#1=missing n#0=required:1",
        "R1 writer,n#0=required partial,n#0=required; \
         R2 writer,n#0=required,h#1=adding partial,n#0=required; \
         R3 writer,n#0=required,h#1=required partial,n#0=required",
        &["AddRequired h#1 R2"],
    ),
    Text {
        deployed: "R1 R5",
        ..story(
            "l",
            "ADD and DROP, a database left behind: R1, then R5",
            H,
            LIFE,
            &["AddRequired h#1 R2", "DropRequired h#1 R4 reverse"],
        )
    },
    Text {
        deployed: "R1 R5",
        ..story(
            "l2",
            "TIGHTEN and RELAX, left behind",
            "n#0=nullable",
            TIGHTEN,
            &["Tighten n#0 R2", "Relax n#0 R4"],
        )
    },
];

/// The story of this letter.
pub fn named(id: &str) -> &'static Text {
    STORIES.iter().find(|story| story.id == id).expect("a story that is told")
}
