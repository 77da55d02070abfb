//! What the derive refuses, with the words in which it does, and beside each case the nearest program
//! that it accepts.
//!
//! `ui/NAME.rs` is a mistake, `ui/NAME.stderr` what rustc says of it, and `ui/pass/NAME.rs` the same program
//! without the mistake; `ui/moves/` has the same for what contradicts a lock file. The mistakes are checked
//! all at once, and the accepted programs are modules of this one: nothing is linked a hundred times over.
//!
//! `TRYBUILD=overwrite` writes the messages anew, for a person to read;
//! `cargo test -p colmig-tests --test compile_fail refuses -- trybuild=NAME` looks at one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;

#[path = "compile_fail/recorded.rs"]
mod recorded;

/// Programs that do more than compile.
#[path = "../ui/programs"]
#[expect(unreachable_pub, reason = "they are written like the root of a program")]
mod programs {
    mod a_whole_life;
    mod bound_on_both_databases;
    mod in_a_function;
    mod under_another_path;
    mod without_a_prelude;
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        pub(crate) const CASES: &[&str] = &[$(stringify!($name)),*];
    };
}

#[path = "../ui/pass"]
#[expect(dead_code, unreachable_pub, reason = "they are here to be checked, and do nothing")]
mod pass {
    cases! {
        adding_and_auto, adding_and_deprecated, adding_and_optional, adding_key,
        adding_that_may_be_null, adding_with_a_default, adding_without_backfill,
        adding_without_write_only, alias_of_a_known_type, alias_of_an_option,
        alias_of_an_option_inside_write_only, alias_of_required_on_write, alias_of_write_only,
        alias_of_write_only_with_a_state, auto_in_a_key_of_two, auto_key_of_text,
        auto_without_a_source, backfill_in_the_application, backfill_of_a_deprecated_column,
        backfill_of_an_active_column, borrowed_field, check_without_a_name,
        check_without_an_expression, columns_of_no_table, columns_with_an_unknown_field,
        columns_with_one_that_is_adding, columns_with_one_that_is_deprecated,
        columns_without_a_struct, columns_without_fields, conditional_field,
        constant_of_a_deprecated_column, constant_that_is_no_name, database_said_twice,
        database_that_there_is_not, deprecated_key, deprecated_optional_that_is_read,
        deprecated_that_is_read, dual_write_of_an_unknown_kind, dual_write_without_replaces,
        empty_name, empty_text, enum_as_a_table, every_mistake_at_once, flag_with_a_value,
        flatten_of_no_table, flatten_with_words, forward_without_replaces, generated_and_adding,
        generated_and_auto, generated_and_deprecated, generated_key, generated_with_a_default,
        guard_of_a_reserved_name, index_in_an_unknown_order, index_of_an_unknown_column,
        index_with_a_life, insert_of_a_partial_struct, insert_of_a_read_only_struct,
        insert_of_no_table, json_that_is_write_only, json_that_may_be_null,
        key_by_the_name_of_a_field, key_of_a_deprecated_column, key_of_an_unknown_column,
        key_said_twice, key_with_one_column_twice, key_without_columns, list_without_an_sql_type,
        misspelt_state, misspelt_state_of_a_guard, misspelt_type, misspelt_word,
        name_that_is_too_long, names_that_differ_by_case, no_list_of_words, no_primary_key,
        on_delete_that_there_is_not, one_mistake_is_one_error, optional_key,
        optional_of_an_option, owner_of_a_table_that_is_inserted_into, partial_and_read_only,
        path_in_quotes, private_constant, references_in_quotes, references_without_a_column,
        rename_all_to_no_case, replacement_and_source_both_read,
        replacement_and_source_both_unread, replacement_of_a_column_that_is_gone,
        replacement_of_an_unknown_column, replacement_of_itself,
        replacement_that_the_database_makes, replacement_with_a_backfill,
        replacement_without_forward, replacement_without_names,
        required_on_write_inside_an_option, required_on_write_key, required_on_write_of_ones_own,
        required_on_write_taken_for_a_value, required_on_write_with_a_state, reserved_name,
        reserved_table, reverse_of_an_active_column, skip_with_words, table_in_a_schema,
        text_without_quotes, try_from_and_json, try_from_that_is_write_only,
        try_from_without_a_way_back, tuple_struct, two_constants_of_one_name,
        two_fields_of_one_column, two_guards_of_one_name, type_parameter,
        type_that_no_database_holds, type_without_an_sql_type, union_as_a_table,
        unique_columns_above_a_field, unique_of_an_unknown_column, unique_without_columns,
        unit_struct, unknown_word, update_of_a_read_only_struct, update_without_a_key,
        word_in_quotes, word_of_a_later_version, word_of_the_other_place, word_said_twice,
        write_only_by_name_alone, write_only_compared, write_only_compared_with_a_value,
        write_only_dereferenced, write_only_displayed, write_only_hashed,
        write_only_in_a_derived_comparison, write_only_inside_an_option,
        write_only_made_of_another_type, write_only_of_ones_own, write_only_serialized,
        write_only_taken_apart, write_only_taken_out, write_only_without_a_state, wrong_shape,
        enum_of_another_name, enum_with_a_variant_that_holds, field_of_no_enum, list_of_enums,
        misspelt_state_of_a_value, struct_as_an_enum, two_variants_of_one_value,
    }
}

#[path = "../ui/moves/pass"]
#[expect(dead_code, reason = "they are here to be checked, and do nothing")]
mod moves {
    cases! {
        column_that_is_added_again, column_that_vanishes, deprecated_column_that_is_added_again,
        key_that_changes, new_column_that_is_read_at_once, new_column_that_is_required_on_write,
        new_unique_that_is_relied_on_at_once, optional_column_that_is_required_at_once,
        required_column_that_is_optional_at_once, state_in_a_new_table,
        table_that_goes_to_another_project, text_that_one_database_lacks,
        type_that_changes_in_place, type_that_one_database_lacks,
        state_in_a_new_enum, value_that_is_written_at_once, value_that_vanishes,
    }
}

/// How many lines the two programs of a case may differ in: those that are in one of them alone.
const NEAR: usize = 8;

/// The cases that make more than one mistake.
const SEVERAL: &[&str] = &["every_mistake_at_once", "one_mistake_is_one_error"];

/// One test, because both halves are the one project that trybuild writes.
#[test]
fn the_derive_refuses_each_mistake_with_a_remedy() {
    recorded::remove();
    trybuild::TestCases::new().compile_fail("ui/*.rs");
    recorded::write();
    trybuild::TestCases::new().compile_fail("ui/moves/*.rs");
    recorded::remove();
}

#[test]
fn every_mistake_has_a_message_and_the_nearest_program_without_it() {
    for (directory, cases) in [(ui(), pass::CASES), (ui().join("moves"), moves::CASES)] {
        let listed: BTreeSet<String> = cases.iter().map(|name| (*name).to_owned()).collect();
        let pass = directory.join("pass");
        for (files, extension) in [(&directory, "rs"), (&directory, "stderr"), (&pass, "rs")] {
            let there = names(files, extension);
            let odd: Vec<_> = there.symmetric_difference(&listed).collect();
            assert!(
                odd.is_empty(),
                "not in the list above, or no .{extension} in {files:?}: {odd:?}"
            );
        }
        for name in cases {
            let [refused, accepted] = [directory.join(name), directory.join("pass").join(name)]
                .map(|file| fs::read_to_string(file.with_extension("rs")).expect("it is listed"));
            let difference = difference(&refused, &accepted);
            let most = if SEVERAL.contains(name) { 2 * NEAR } else { NEAR };
            assert!((1..=most).contains(&difference), "{name}: {difference} lines");
        }
    }
}

/// The directory of the cases.
fn ui() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ui")
}

/// The files of a directory with this extension, without it.
fn names(directory: &Path, extension: &str) -> BTreeSet<String> {
    let files = fs::read_dir(directory).expect("it is there");
    let paths = files.map(|file| file.expect("it can be listed").path());
    let paths = paths.filter(|path| path.extension().is_some_and(|its| its == extension));
    paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

/// How many lines are in one of two texts alone.
fn difference(one: &str, other: &str) -> usize {
    let [one, other]: [Vec<&str>; 2] = [one, other].map(|text| text.lines().collect());
    let mut common = vec![0; other.len() + 1];
    for line in &one {
        let before = common.clone();
        for (index, its) in other.iter().enumerate() {
            common[index + 1] =
                if line == its { before[index] + 1 } else { before[index + 1].max(common[index]) };
        }
    }
    one.len() + other.len() - 2 * common[other.len()]
}
