//! `explain`: the page of a code, wherever one is, and the line that leads there.

use colmig_core::problem::CODES;

use crate::shop::Shop;

#[test]
fn a_code_is_explained_however_it_is_written_and_without_a_project() {
    let place = Shop::empty();
    let page = place.ok(&["explain", "CM0201"]).out;
    assert!(page.starts_with("CM0201: a column cannot move from its recorded state"), "{page}");
    for part in ["\nWhat to do\n", "\nFails\n", "\nPasses\n", "    handle: String,\n", "code 100"] {
        assert!(page.contains(part), "no `{part}` in\n{page}");
    }
    assert!(!page.contains('\u{1b}') && !page.contains("```") && !page.contains("\n#"), "{page}");
    let prose = page.lines().filter(|line| !line.starts_with("    "));
    assert!(prose.map(|line| line.chars().count()).all(|width| width <= 80), "{page}");
    for word in ["cm0201", "cm201", "201", "[CM0201]"] {
        assert_eq!(place.ok(&["explain", word]).out, page, "{word}");
    }
}

#[test]
fn without_a_code_all_are_listed() {
    let list = Shop::empty().ok(&["explain"]).out;
    for code in CODES {
        assert!(list.contains(&format!("{}  {}\n", code.id, code.title)), "{}\n{list}", code.id);
    }
}

#[test]
fn a_code_that_does_not_exist_is_told_its_neighbours() {
    let ran = Shop::empty().run(&["explain", "CM0599"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:#?}");
    ran.says(&["error[CM0404]: colmig has no code `CM0599`", "CM0601", "lists all codes"]);
    let ran = Shop::empty().run(&["explain", "handle"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.says(&["a code looks like CM0201"]);
}

#[test]
fn programs_get_objects() {
    let object = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    let place = Shop::empty();
    let out = place.ok(&["explain", "cm304", "--message-format", "json"]).out;
    let lines: Vec<_> = out.lines().map(object).collect();
    let [page, finished] = &lines[..] else { panic!("{out}") };
    assert_eq!((&page["reason"], &page["v"]), (&"explanation".into(), &1.into()));
    assert_eq!((&page["code"], &page["exit"]), (&"CM0304".into(), &104.into()));
    assert_eq!(page["title"], "a migration was edited");
    assert!(page["text"].as_str().is_some_and(|text| text.contains("\n## Fails\n")), "{page}");
    assert_eq!(finished["reason"], "finished");
    let out = place.ok(&["explain", "--message-format", "json"]).out;
    assert_eq!(out.lines().count(), CODES.len() + 1);
}

#[test]
fn an_error_says_once_where_to_read_more() {
    let shop = Shop::new();
    shop.users("pub x: Strin,\n    #[colmig(addng)] pub y: i64,\n    pub z: Strin,");
    let more = "\nFor more about these: cargo colmig explain CODE, for CM0101, CM0102\n";
    let ran = shop.fails(&["generate"], 100, &[more]);
    assert!(ran.err.ends_with(more) && ran.err.matches("For more").count() == 1, "{}", ran.err);
    shop.users("pub x: Strin,\n    pub z: Strin,");
    shop.fails(&["generate"], 100, &["\nFor more about this: cargo colmig explain CM0102\n"]);
    for arguments in [&["generate", "-q"][..], &["generate", "--message-format", "json"]] {
        let ran = shop.run(arguments);
        assert!(!(ran.out + &ran.err).contains("For more"), "{arguments:?}");
    }
}
