//! The main job, end to end, with real releases that write all the while.

use colmig_tests::database::TestDatabase;
use colmig_tests::story;

#[test]
fn the_story_runs_on_every_database() {
    for database in TestDatabase::all().expect("databases") {
        let mut timeline = Vec::new();
        let told = story::tell(&database, &mut |line| timeline.push(line.to_owned()));
        match told {
            Ok(tally) => assert!(tally.errors == 0 && tally.writes > 100 && tally.reads > 100, "{tally:?}"),
            Err(error) => panic!("on {}:\n{}\n{error:?}", database.kind(), timeline.join("\n")),
        }
    }
}
