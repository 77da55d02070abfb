//! What the derive refuses, with the words in which it does, and the nearest programs that it accepts.
//!
//! A trybuild project has no lock file; the moves of columns are tested in `colmig-core` and
//! `colmig-macros`. `TRYBUILD=overwrite` writes the messages anew, for a person to read.

#[test]
fn the_derive_refuses_with_a_remedy_and_accepts_its_neighbours() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
    cases.pass("ui/pass/*.rs");
}
