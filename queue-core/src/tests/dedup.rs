//! What makes a message a duplicate, and for how long.

use super::check;

#[test]
fn a_duplicate_is_told_what_the_first_was_told() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x id=1         → a (new, #1)
         1s   send q 'b' group=x id=1         → a (duplicate, #1)
         1s   send q 'c' group=x id=2         → c (new, #2)
         1s   receive q                       → a (id of a), c
         1s   bodies                          → 2",
    );
}

#[test]
fn a_batch_may_hold_its_own_duplicate() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x id=1, 'b' group=x id=1, 'c' group=x id=2 → a (new), a (duplicate), c (#2)
         0s   receive q                       → a, c",
    );
}

#[test]
fn the_window_is_five_minutes_from_the_first() {
    check(
        "0s     create q fifo
         0s     send q 'a' group=x id=1       → a (new)
         200s   send q 'b' group=x id=1       → a (duplicate)
         299999ms send q 'c' group=x id=1     → a (duplicate)
         300s   send q 'd' group=x id=1       → d (new, #2)
         599s   send q 'e' group=x id=1       → d (duplicate, #2)
         600s   send q 'f' group=x id=1       → f (new)",
    );
}

#[test]
fn the_window_outlives_the_message() {
    check(
        "0s   create q fifo retention=100s
         0s   send q 'a' group=x id=1, 'b' group=x id=2
         0s   receive q max=1                 → a
         0s   delete q 1
         1s   send q 'c' group=x id=1         → a (duplicate, #1)
         101s counts q                        → nothing
         102s send q 'd' group=x id=2         → b (duplicate, #2)
         102s bodies                          → 0",
    );
}

#[test]
fn ids_count_across_groups_or_within_them() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x id=1         → a (new)
         0s   send q 'b' group=y id=1         → a (duplicate)
         0s   create r fifo scope=group
         0s   send r 'c' group=x id=1         → c (new)
         0s   send r 'd' group=y id=1         → d (new)
         0s   send r 'e' group=y id=1         → d (duplicate)",
    );
}

#[test]
fn the_scope_in_force_is_that_of_creation() {
    check(
        "0s   create q fifo
         0s   set q scope=group
         0s   send q 'a' group=x id=1         → a (new)
         0s   send q 'b' group=y id=1         → a (duplicate)
         0s   create r fifo scope=group
         0s   set r scope=all
         0s   send r 'c' group=x id=1         → c (new)
         0s   send r 'd' group=y id=1         → d (new)",
    );
}

#[test]
fn the_window_outlives_a_move_and_is_not_asked_by_it() {
    check(
        "0s   create dead fifo
         and  create q fifo visibility=1s dlq=dead/1
         0s   send q 'a' group=x id=1
         0s   send dead 'z' group=x id=1
         0s   receive q                       → a
         1s   receive q                       → nothing
         1s   receive dead                    → z, a
         2s   send q 'b' group=x id=1         → a (duplicate, #1)",
    );
}

#[test]
fn a_sweep_ends_no_window_either() {
    check(
        "0s   create dead fifo
         and  create q fifo visibility=10s dlq=dead/1
         0s   send q 'a' group=x id=1
         0s   receive q                       → a
         70s  counts dead                     → 1 visible
         299s send q 'b' group=x id=1         → a (duplicate, #1)
         300s send q 'c' group=x id=1         → c (new, #2)",
    );
}

#[test]
fn queues_have_windows_of_their_own() {
    check(
        "0s   create q fifo
         and  create r fifo
         0s   send q 'a' group=x id=1         → a (new)
         0s   send r 'b' group=x id=1         → b (new)",
    );
}

#[test]
fn the_window_holds_also_when_forgetting_lags_behind() {
    check(
        "0s   create q fifo
         0s   fill q 2500 group=x
         0s   receive q max=2500 visibility=1h
         // All 2,500 ids end at once and an entry forgets 1,000 of them.
         300s counts q                        → 2500 in flight
         300s send q 'late' group=y id=2500   → late (new)
         300s send q 'later' group=y id=2500  → late (duplicate)
         300s tick
         300s tick
         300s send q 'latest' group=y id=2500 → late (duplicate)
         599s send q 'latest' group=y id=2500 → late (duplicate)
         600s send q 'last' group=y id=2500   → last (new)",
    );
}

#[test]
fn a_forgotten_id_costs_nothing() {
    check(
        "0s   create q fifo retention=forever
         0s   send q 'a' group=x id=1
         0s   next q                          → 300s
         300s next q                          → never",
    );
}
