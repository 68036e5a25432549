//! Bugs that are planted, each of which the simulation must catch: a test that finds nothing proves nothing.

use super::super::planted::{Bug, with};
use super::simulation::hour;
use std::panic::catch_unwind;

/// Lives through hours with the bug until something is wrong, which it is not without the bug. Says after how many.
fn check_is_caught(bug: Bug, hours_max: u64) {
    let caught =
        (0..hours_max).find_map(|seed| Some((seed, catch_unwind(|| with(bug, || hour(seed))).err()?)));
    let (seed, panic) = caught.unwrap_or_else(|| panic!("{bug:?} is not caught within {hours_max} hours"));
    hour(seed);
    let what = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    let what = what.and_then(|what| what.lines().next()).unwrap_or_default();
    println!("{bug:?} is caught in hour {}: {what}", seed + 1);
}

#[test]
fn acknowledging_before_the_sync_is_caught() {
    check_is_caught(Bug::AcknowledgedBeforeSync, 5);
}

#[test]
fn names_that_are_not_synced_are_caught() {
    check_is_caught(Bug::NoFolderSync, 10);
}

#[test]
fn a_recovery_that_syncs_nothing_is_caught() {
    check_is_caught(Bug::NoRecoverySync, 20);
}

#[test]
fn a_failed_sync_that_is_trusted_is_caught() {
    check_is_caught(Bug::FailedSyncTrusted, 50);
}

#[test]
fn checksums_that_nobody_compares_are_caught() {
    check_is_caught(Bug::ChecksumsIgnored, 10);
}

#[test]
fn a_delete_that_is_not_logged_is_caught() {
    check_is_caught(Bug::DeleteNotLogged, 5);
}

#[test]
fn stale_records_that_are_accepted_are_caught() {
    check_is_caught(Bug::StaleRecordsAccepted, 20);
}

#[test]
fn segments_that_are_recycled_by_the_live_state_are_caught() {
    check_is_caught(Bug::RecycledByLiveState, 5);
}

#[test]
fn log_time_that_follows_the_wall_clock_is_caught() {
    check_is_caught(Bug::ClockFollowsWall, 5);
}
