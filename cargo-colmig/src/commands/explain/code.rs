//! What a code means: the page that the documentation is made of. It needs no project and no database.

use colmig_core::explain::{ROOMS, find, number, room, text};
use colmig_core::problem::{CODES, Problem, USAGE};
use colmig_core::{Code, Exit};
use serde::Serialize;

use crate::report::Result;
use crate::terminal::Terminal;

/// How many codes are named to somebody who wrote one that does not exist.
const NEAR: usize = 3;

/// Prints the page of one code.
pub(super) fn run(subject: &str, terminal: Terminal) -> Result<Exit> {
    let code = number(subject).and_then(find).ok_or_else(|| unknown(subject))?;
    terminal.page(&text(code));
    terminal.object(&Explanation::of(code, Some(text(code))));
    Ok(Exit::Done)
}

/// Prints every code with its title, room by room.
pub(super) fn list(terminal: Terminal) -> Result<Exit> {
    let mut list = String::new();
    for (digits, name) in ROOMS {
        let rows: String = room(digits).map(|c| format!("* {}  {}\n", c.id, c.title)).collect();
        if !rows.is_empty() {
            list += &format!("## {name}\n\n{rows}\n");
        }
    }
    terminal
        .page(&format!("{list}`cargo colmig explain CODE` says what one means and what to do.\n"));
    for code in CODES {
        terminal.object(&Explanation::of(code, None));
    }
    Ok(Exit::Done)
}

/// A code for programs.
#[derive(Serialize)]
struct Explanation {
    reason: &'static str,
    v: u8,
    code: &'static str,
    title: &'static str,
    exit: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Explanation {
    fn of(code: &'static Code, text: Option<String>) -> Explanation {
        let Code { id, title, exit } = *code;
        Explanation { reason: "explanation", v: 1, code: id, title, exit: exit as u8, text }
    }
}

fn unknown(subject: &str) -> Problem {
    let problem = match number(subject) {
        Some(number) => {
            let problem = USAGE.problem(format!("colmig has no code `{subject}`"));
            near(number).into_iter().fold(problem, |problem, code| {
                problem.help(format!("there is {}: {}", code.id, code.title))
            })
        }
        None => USAGE
            .problem(format!("`{subject}` is neither a code nor a column"))
            .help("a code looks like CM0201; it stands in brackets behind the word `error`")
            .help("a column is written with its table: `users.handle`"),
    };
    problem.help("`cargo colmig explain` lists all codes")
}

/// The codes whose numbers are nearest, in order.
fn near(number: u16) -> Vec<&'static Code> {
    let distance = |code: &Code| {
        let own = colmig_core::explain::number(code.id);
        own.map_or(u16::MAX, |own| own.abs_diff(number))
    };
    let mut codes = CODES.to_vec();
    codes.sort_by_key(|code| distance(code));
    codes.truncate(NEAR);
    codes.sort_by_key(|code| code.id);
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_a_code_that_does_not_exist_is_named() {
        let ids = |number| near(number).iter().map(|code| code.id).collect::<Vec<_>>();
        assert_eq!(ids(0), ["CM0001", "CM0101", "CM0102"]);
        let last = CODES[CODES.len() - NEAR..].iter().map(|code| code.id).collect::<Vec<_>>();
        assert_eq!(ids(9999), last);
    }

    #[test]
    fn who_writes_no_code_is_told_how_one_looks() {
        let problem = unknown("users.handle").to_string();
        assert!(problem.contains("a code looks like CM0201"), "{problem}");
        assert!(unknown("CM0199").to_string().contains("CM0201"));
    }
}
