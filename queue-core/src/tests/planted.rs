//! Tests of the tests: each planted mistake is noticed by a timetable that passes without it, and most of them by
//! random histories as well.

use super::{check, model};
use crate::planted::{Bug, with};
use std::panic::catch_unwind;

/// The timetable passes, but not with the mistake.
#[track_caller]
fn assert_caught(bug: Bug, timetable: &'static str) {
    assert!(catch_unwind(|| with(bug, || check(timetable))).is_err(), "{bug:?} goes unnoticed");
    check(timetable);
}

/// Random histories agree with the reference, but not with the mistake.
#[track_caller]
fn assert_caught_by_the_reference(bug: Bug) {
    assert!(with(bug, || model::some_histories().is_err()), "{bug:?} goes unnoticed");
}

#[test]
fn random_histories_without_a_planted_bug_pass() {
    model::some_histories().unwrap();
}

#[test]
fn the_tests_catch_a_deduplication_window_that_is_not_persisted() {
    assert_caught(
        Bug::DeduplicationNotPersisted,
        "0s   create q fifo
         0s   send q 'a' group=x id=1
         1s   send q 'b' group=x id=1         → a (duplicate)",
    );
    assert_caught_by_the_reference(Bug::DeduplicationNotPersisted);
}

#[test]
fn the_tests_catch_a_lock_of_a_group_that_a_restart_loses() {
    assert_caught(
        Bug::FifoLockLostAtRestart,
        "0s   create q fifo
         0s   send q 'a' group=x, 'b' group=x
         0s   receive q max=1                 → a
         1s   receive q                       → nothing",
    );
    assert_caught_by_the_reference(Bug::FifoLockLostAtRestart);
}

#[test]
fn the_tests_catch_a_delay_that_ends_early() {
    assert_caught(
        Bug::EarlyDelay,
        "0s   create q
         0s   send q 'a' delay=10s
         9s   receive q                       → nothing
         10s  receive q                       → a",
    );
    assert_caught_by_the_reference(Bug::EarlyDelay);
}

#[test]
fn the_tests_catch_a_publish_that_leaves_out_a_queue() {
    assert_caught(
        Bug::PartialFanOut,
        "0s   topic news
         and  create p
         and  create q
         0s   subscribe s news to p
         0s   subscribe t news to q
         0s   publish news 'a'
         0s   receive p                       → a
         0s   receive q                       → a",
    );
}

#[test]
fn the_tests_catch_a_dead_letter_that_is_moved_too_late() {
    assert_caught(
        Bug::DeadLetterCountOffByOne,
        "0s   create dead
         and  create q visibility=1s dlq=dead/1
         0s   send q 'a'
         0s   receive q                       → a
         1s   receive q                       → nothing
         1s   receive dead                    → a",
    );
    assert_caught_by_the_reference(Bug::DeadLetterCountOffByOne);
}

#[test]
fn the_tests_catch_a_carried_body_that_is_lost() {
    assert_caught(
        Bug::CarriedBodyLost,
        "0s   create q
         0s   send q 'a'
         0s   note all
         0s   carry all",
    );
    assert_caught(
        Bug::CarriedBodyLost,
        "0s   topic news
         and  create q
         0s   subscribe s news to q
         0s   publish news 'a'
         0s   note all
         0s   carry all",
    );
    assert_caught_by_the_reference(Bug::CarriedBodyLost);
}

#[test]
fn the_tests_catch_a_setting_that_is_read_in_apply() {
    // Nothing is expected here: it is the replay that comes to something else.
    assert_caught(
        Bug::SettingReadInApply,
        "0s   create q
         0s   send q 'a', 'b', 'c'
         0s   receive q",
    );
    assert_caught_by_the_reference(Bug::SettingReadInApply);
}
