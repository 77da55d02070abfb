//! Source with statements, as `cargo colmig check` judges it. It is read and not compiled.

use anyhow::{Context, Result, ensure};
use colmig_core::Exit;
use colmig_tests::shop::Shop;

use super::{Examples, Fence};

pub(super) fn run(examples: &Examples) -> Result<()> {
    let shop = Shop::empty()?;
    let (last, before) = examples.fails.split_last().context("there is an example")?;
    for release in before {
        shop.write("src/lib.rs", release.text)?;
        shop.generate()?;
    }
    let found = check(&shop, last)?;
    let told = format!("{found:#?}");
    ensure!(!found.is_empty(), "nothing is found");
    ensure!(found.iter().all(|code| code == examples.code.id), "another code: {told}");
    let passes = examples.passes.last().context("there is an example")?;
    let found = check(&shop, passes)?;
    ensure!(found.is_empty(), "it does not pass: {found:#?}");
    Ok(())
}

/// The codes of what is found; the exit code says whether one of them is an error.
fn check(shop: &Shop, example: &Fence<'_>) -> Result<Vec<String>> {
    shop.write("src/lib.rs", example.text)?;
    shop.generate()?;
    let ran = shop.command("check --message-format json").run()?;
    let objects = ran.out.lines().map(serde_json::from_str::<serde_json::Value>);
    let objects = objects.collect::<Result<Vec<_>, _>>().context(ran.out.clone())?;
    let codes: Vec<_> = objects.iter().filter_map(|one| one["code"].as_str()).collect();
    let is_error = |id: &&str| {
        let codes = colmig_core::problem::CODES;
        codes.iter().any(|code| code.id == *id && code.exit != Exit::Done)
    };
    let expected = if codes.iter().any(is_error) { Exit::Findings } else { Exit::Done };
    ran.expect(expected as i32)?;
    Ok(codes.into_iter().map(str::to_owned).collect())
}
