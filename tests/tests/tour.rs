//! The README, held to what the program does: its tour is run, and its tables are those of the code.
//!
//! Nothing here writes the README: a person does, and this fails where it is no longer true.

#[path = "tour/roles.rs"]
mod roles;

use anyhow::{Context, Result, ensure};
use colmig_core::lifecycle::{Effect, MOVES, NULLABILITIES, Nullability, STATES, StateFacts, When};
use colmig_core::parse::word::{Form, Place, WORDS};
use colmig_core::problem::EXITS;
use colmig_core::protocol::CHANGES;
use colmig_tests::program::{Colmig, root};
use colmig_tests::session;
use fs_err as fs;

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("the README is there")
}

fn section(heading: &str) -> Result<String> {
    section_of(&readme(), heading)
}

/// The lines between one heading and the next of its level.
fn section_of(text: &str, heading: &str) -> Result<String> {
    let rest = text.split_once(&format!("\n## {heading}\n"));
    let rest = rest.with_context(|| format!("there is no heading \"{heading}\""))?.1;
    Ok(rest.split("\n## ").next().unwrap_or(rest).to_owned())
}

#[test]
fn the_tour_goes_as_the_readme_says() -> Result<()> {
    session::run(&section("A tour")?)
}

#[test]
fn a_column_is_renamed_as_its_page_says() -> Result<()> {
    session::run(&fs::read_to_string(root().join("docs/rename.md"))?)
}

#[test]
fn many_databases_go_together_as_their_page_says() -> Result<()> {
    session::run(&fs::read_to_string(root().join("docs/shards.md"))?)
}

#[test]
fn the_rights_of_the_roles_are_enough_and_no_more() -> Result<()> {
    roles::run(&section("Roles")?)
}

#[test]
fn the_configuration_is_understood() -> Result<()> {
    let section = section("Environments")?;
    let config = section.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let folder = tempfile::tempdir()?;
    let write = |path: &str, text: &str| fs::write(folder.path().join(path), text);
    write("colmig.toml", config.context("there is an example")?)?;
    write("Cargo.toml", "[package]\nname = \"shop\"\n[lib]\npath = \"lib.rs\"\n")?;
    write("lib.rs", "#[derive(Table)] struct User { #[colmig(primary_key)] id: i64 }")?;
    Colmig::new(folder.path(), "generate").run()?.expect(0)?;
    for (env, variable) in [("dev", "DATABASE_URL"), ("prod", "PROD_DATABASE_URL")] {
        let ran = Colmig::new(folder.path(), &format!("status --env {env}")).run()?;
        ran.expect(96)?.says(&[&format!("takes its address from {variable}")])?;
    }
    Ok(())
}

#[test]
fn the_states_are_those_of_the_lifecycle() -> Result<()> {
    let answer = |yes: bool| if yes { "yes" } else { "no" };
    let row = |facts: &StateFacts| {
        let field = match (facts.reads || facts.writes, facts.write_only) {
            (false, _) => "–",
            (true, true) => "`WriteOnly<T>`",
            (true, false) => "`T`",
        };
        let spelled = match facts.spelled.strip_prefix('#') {
            Some(_) => format!("`{}`", facts.spelled),
            None => facts.spelled.to_owned(),
        };
        let (reads, writes) = (answer(facts.reads), answer(facts.writes));
        format!("| {} | {spelled} | {field} | {reads} | {writes} |", facts.word)
    };
    holds("The states of a column", STATES.iter().map(row))
}

#[test]
fn the_moves_are_those_of_the_lifecycle() -> Result<()> {
    let when = |when| match when {
        When::Always => "always",
        When::Upheld => {
            "if old writers need not name it: it is nullable, has a constant default, or its table is new"
        }
        When::Dispensable => "if no writer is forced to name it: it is nullable, or has a default",
        When::Never => "never",
    };
    let effect = |effect| match effect {
        Effect::Begins => "a migration",
        Effect::GoesOn => "the lock file only: the migration goes on",
        Effect::Abandons => "a change of mind: a migration that takes the change back",
        Effect::Nothing => "nothing",
    };
    let moves = MOVES.iter().filter(|m| m.when != When::Never && m.effect != Effect::Nothing);
    holds(
        "The states of a column",
        moves.map(|m| {
            format!("| {} → {} | {} | {} |", m.from, m.to, when(m.when), effect(m.effect))
        }),
    )
}

#[test]
fn the_exit_codes_are_those_of_the_program() -> Result<()> {
    holds(
        "Exit codes",
        EXITS.iter().map(|(exit, meaning)| format!("| {} | {meaning} |", *exit as u8)),
    )
}

#[test]
fn the_words_are_those_of_the_parser() -> Result<()> {
    let text = fs::read_to_string(root().join("docs/attributes.md"))?;
    let places = [
        (Place::Struct, "Above a struct"),
        (Place::Field, "Above a field"),
        (Place::Enum, "Above an enum"),
        (Place::Variant, "Above a variant"),
    ];
    for (place, heading) in places {
        let words = WORDS.iter().filter(|word| word.place == place && word.form != Form::Later);
        let rows =
            words.map(|word| format!("| {} | `{}` | {} |", word.word, word.example, word.meaning));
        holds_in(&section_of(&text, heading)?, heading, rows)?;
    }
    let rows = NULLABILITIES.iter().map(|facts| {
        let answer = |yes: bool| if yes { "yes" } else { "no" };
        let reads = answer(facts.nullability != Nullability::Relies);
        let writes = answer(facts.nullability == Nullability::Loose);
        format!("| {} | `{}` | {reads} | {writes} |", facts.word, facts.spelled)
    });
    holds_in(&section_of(&text, "Nullability")?, "Nullability", rows)
}

/// What the parser refuses as a word of a later version is said to be missing.
#[test]
fn what_is_not_there_yet_is_named() -> Result<()> {
    let section = section("What is not there yet")?;
    for word in WORDS.iter().filter(|word| word.form == Form::Later) {
        let place = if word.place == Place::Struct { "struct" } else { "field" };
        ensure!(
            section.contains(&format!("`{}`", word.word)),
            "the {place} word `{}` is not named",
            word.word
        );
    }
    Ok(())
}

/// The section has a table with these rows, in this order, and no others.
fn holds(heading: &str, rows: impl Iterator<Item = String>) -> Result<()> {
    holds_in(&section(heading)?, heading, rows)
}

fn holds_in(section: &str, heading: &str, rows: impl Iterator<Item = String>) -> Result<()> {
    let expected: Vec<_> = rows.collect();
    let tables = section.split("\n\n").map(str::trim).filter(|part| part.starts_with('|'));
    let tables: Vec<Vec<&str>> = tables.map(|table| table.lines().skip(2).collect()).collect();
    ensure!(
        tables.iter().any(|table| *table == expected),
        "under \"{heading}\" there is no table of\n{}",
        expected.join("\n")
    );
    Ok(())
}

/// What is said of each kind of change: how many releases it takes, and its steps in order.
#[test]
fn every_kind_of_change_is_explained() -> Result<()> {
    let text = fs::read_to_string(root().join("docs/changes.md"))?;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for facts in CHANGES {
        let releases = if facts.by_trigger() { 1 } else { facts.phases.last.max(1) };
        let row = format!("\n| {} | {releases} | ", facts.words);
        ensure!(text.contains(&row), "the table has no row\n{row}");
        let steps: Vec<_> = facts.steps.iter().map(|(act, _)| format!("`{act}`")).collect();
        let steps = format!("* `{}`: {}", facts.words, steps.join(", "));
        // Where the list goes on, there would be a comma.
        let ends = words.split_once(&steps).map(|(_, rest)| !rest.starts_with(','));
        ensure!(ends == Some(true), "the steps are not said as they are:\n{steps}");
    }
    Ok(())
}
