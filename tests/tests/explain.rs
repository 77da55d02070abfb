//! The pages of `cargo colmig explain`: each example does what its page says of it, and `docs/errors.md`
//! is made of them.
//!
//! What stands under "Fails" must fail with the page's code and nothing else, what stands under "Passes"
//! must pass. The last fence of either says how both are run: see [`KINDS`].

#[path = "explain/checks.rs"]
mod checks;
#[path = "explain/places.rs"]
mod places;
#[path = "explain/programs.rs"]
mod programs;
#[path = "explain/tables.rs"]
mod tables;

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail, ensure};
use colmig_core::explain::markdown::{Block, Fence, blocks};
use colmig_core::explain::{document, page};
use colmig_core::problem::{CODES, Code};
use colmig_tests::program::root;
use colmig_tests::session::Session;
use colmig_tests::shop::Shop;
use fs_err as fs;

/// The examples of a page.
struct Examples {
    code: &'static Code,
    fails: Vec<Fence<'static>>,
    passes: Vec<Fence<'static>>,
}

/// A way to run examples.
struct Kind {
    /// What the last fence is called, up to a `=`.
    info: &'static str,
    run: fn(&Examples) -> Result<()>,
}

/// Every way. A new kind of fence is a row here.
const KINDS: &[Kind] = &[
    // Structs, read as the derive and `generate` read them; those of the release before in `rust,before`.
    Kind { info: "rust,table", run: tables::run },
    // Structs and statements, read as `cargo colmig check` reads them; the structs of the release before in
    // `rust,before`.
    Kind { info: "rust,check", run: checks::run },
    // Rust that is compiled and run, on a database of its own: the body of a function in `programs`.
    Kind { info: "rust,program", run: programs::run },
    // Commands in the package that `docs/errors.md` tells of.
    Kind { info: "console", run: session },
    // Commands that take two terminals or a server: `console,test=PATH::NAME` names the test that does it.
    Kind { info: "console,test", run: by_another_test },
];

/// The codes whose examples another test runs: a longer list should be somebody's decision.
const BY_ANOTHER_TEST: &[&str] = &[
    "CM0001", "CM0503", "CM0506", "CM0510", "CM0511", "CM0512", "CM0701", "CM0702", "CM0704",
    "CM0711",
];

#[test]
fn every_example_does_what_its_page_says() {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(code) = CODES.get(next.fetch_add(1, Ordering::SeqCst)) {
            if let Err(error) = run(code) {
                wrong.push(format!("{}: {error:#}", code.id));
            }
        }
        wrong
    };
    let mut wrong: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    wrong.sort();
    assert!(wrong.is_empty(), "{} pages are wrong\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn examples_that_are_run_elsewhere_are_counted() {
    let elsewhere = |code: &'static Code| {
        Examples::of(code).is_ok_and(|e| e.kind().is_ok_and(|kind| kind.info == "console,test"))
    };
    let codes: Vec<_> =
        CODES.iter().copied().filter(|code| elsewhere(code)).map(|code| code.id).collect();
    assert_eq!(codes, BY_ANOTHER_TEST);
}

#[test]
fn the_document_is_made_of_the_pages() {
    let path = root().join("docs/errors.md");
    if std::env::var_os("COLMIG_SNAPSHOTS").is_some() {
        fs::create_dir_all(root().join("docs")).expect("it can be made");
        fs::write(&path, document()).expect("it can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written.replace("\r\n", "\n") == document(),
        "docs/errors.md differs from core/src/explain/; COLMIG_SNAPSHOTS=write writes it anew"
    );
}

fn run(code: &'static Code) -> Result<()> {
    let examples = Examples::of(code)?;
    (examples.kind()?.run)(&examples)
}

impl Examples {
    fn of(code: &'static Code) -> Result<Examples> {
        let page = page(code);
        ensure!(!page.is_empty(), "it has no page: write core/src/explain/{}.md", code.id);
        let under = |heading| {
            let (_, rest) = page.split_once(heading).context("a page has its sections")?;
            let section = rest.split("\n## ").next().unwrap_or(rest);
            let fences = blocks(section).into_iter().filter_map(|block| match block {
                Block::Code(fence) => Some(fence),
                _ => None,
            });
            Ok::<_, anyhow::Error>(fences.collect())
        };
        Ok(Examples { code, fails: under("\n## Fails\n")?, passes: under("\n## Passes\n")? })
    }

    fn kind(&self) -> Result<&'static Kind> {
        let [fails, passes] = [&self.fails, &self.passes].map(|fences| {
            let info = fences.last().map_or("", |fence| fence.info);
            info.split('=').next().unwrap_or(info)
        });
        ensure!(fails == passes, "`{fails}` and `{passes}` are not run in the same way");
        let known: Vec<_> = KINDS.iter().map(|kind| kind.info).collect();
        let kind = KINDS.iter().find(|kind| kind.info == fails);
        kind.with_context(|| format!("nobody knows how to run `{fails}`; the kinds are {known:?}"))
    }
}

/// The project in which sessions begin.
fn shop() -> Result<Shop> {
    let shop = Shop::empty()?;
    shop.write("colmig.toml", &colmig_tests::shop::CONFIG.replace("\"postgres\", ", ""))?;
    shop.edit("pub email: String,")?;
    Ok(shop)
}

/// The first error is the page's, and says so by the exit code; under "Passes" there is none.
fn session(examples: &Examples) -> Result<()> {
    const URL: &str = "sqlite:shop.db?mode=rwc";
    let shop = shop()?;
    shop.generate()?;
    shop.command("apply").on(URL).run()?.expect(0)?;
    let mut session = Session::new(&shop.path("")).without("For more about th");
    session.export("DATABASE_URL", URL);
    let mut play = |fences: &[Fence<'static>]| {
        let mut ran = Vec::new();
        for fence in fences {
            ran.extend(session.play(*fence)?);
        }
        ran.pop().context("there is no command")
    };
    let last = play(&examples.fails)?;
    let (id, exit) = (examples.code.id, examples.code.exit as i32);
    let first = last.printed.lines().find(|line| line.starts_with("error["));
    ensure!(
        first.is_some_and(|line| line.starts_with(&format!("error[{id}]"))) && last.code == exit,
        "`{}` should fail with {id} and {exit}: {last:?}",
        last.line
    );
    let last = play(&examples.passes).context("under Passes")?;
    ensure!(!last.printed.contains("error[") && last.code == 0, "it does not pass: {last:?}");
    Ok(())
}

/// The test that is named is there, and it asks for this code and for what the page shows of its message.
fn by_another_test(examples: &Examples) -> Result<()> {
    for fence in examples.fails.iter().chain(&examples.passes) {
        let Some((_, named)) = fence.info.split_once('=') else { bail!("it names no test") };
        let (file, name) = named.split_once("::").context("a test is PATH::NAME")?;
        let text = fs::read_to_string(root().join(file))?;
        let (_, rest) =
            text.split_once(&format!("fn {name}(")).with_context(|| format!("no {named}"))?;
        let body = rest.split("\n}\n").next().unwrap_or(rest);
        ensure!(body.contains(examples.code.id), "{named} does not ask for the code");
        let message =
            fence.text.lines().find_map(|line| line.strip_prefix("error[")?.split_once("]: "));
        let shown = message.map_or("", |(_, message)| message);
        let begins: Vec<_> = shown.split(' ').take(4).collect();
        ensure!(
            body.contains(&begins.join(" ")),
            "{named} does not ask for `{}`",
            begins.join(" ")
        );
    }
    Ok(())
}
