//! The main job, end to end, with real releases that write all the while.

use anyhow::Result;
use colmig_core::types::Database;
use colmig_tests::app::Tally;
use colmig_tests::database::TestDatabase;
use colmig_tests::story;

type Told = fn(&TestDatabase, &mut dyn FnMut(&str)) -> Result<Tally>;

fn on_every_database(tell: Told) {
    let all = TestDatabase::sorts().expect("databases").into_iter();
    // The quickstart runs on the other two; `alive` has releases at work on MySQL.
    for database in all.filter(|database| database.which() != Database::Mysql) {
        let mut timeline = Vec::new();
        match tell(&database, &mut |line| timeline.push(line.to_owned())) {
            Ok(tally) => {
                assert!(tally.errors == 0 && tally.writes > 100 && tally.reads > 100, "{tally:?}");
                println!("on {}:\n{}", database.kind(), timeline.join("\n"));
            }
            Err(error) => panic!("on {}:\n{}\n{error:?}", database.kind(), timeline.join("\n")),
        }
    }
}

#[test]
fn the_story_runs_on_every_database() {
    on_every_database(story::tell);
}

#[test]
fn the_worked_example_runs_forth_and_back_and_forth() {
    on_every_database(story::tell_worked_example);
}
