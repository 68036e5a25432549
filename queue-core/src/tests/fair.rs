//! Fair queues: the message groups of a standard queue are tenants, and a noisy one waits behind the others.

mod simulation;

use super::check;

#[test]
fn a_noisy_tenant_waits_behind_the_others() {
    check(
        "0s   create q
         0s   fill q 100 group=busy
         0s   receive q max=29
         0s   send q 'a' group=calm, 'b'
         // 29 in flight are not enough to be noisy.
         0s   receive q max=1                 → 30
         0s   receive q max=4                 → a, b, 31, 32
         // Who comes later still goes first.
         0s   send q 'c' group=calm
         0s   receive q max=2                 → c, 33",
    );
}

#[test]
fn a_tenant_is_noisy_with_more_than_a_tenth_of_what_is_in_flight() {
    check(
        "0s   create q
         0s   fill q 270
         0s   receive q max=270
         0s   fill q 40 group=busy
         0s   receive q max=30
         0s   send q 'a' group=calm
         0s   counts q                        → 11 visible, 300 in flight
         0s   receive q max=1                 → 31
         0s   receive q max=1                 → a",
    );
}

#[test]
fn a_tenant_is_quiet_again_when_it_holds_less() {
    check(
        "0s   create q visibility=30s
         0s   fill q 40 group=busy
         0s   receive q max=30
         0s   send q 'a' group=calm, 'b' group=calm, 'c' group=calm, 'd' group=calm
         0s   receive q max=1                 → a
         0s   delete q 1
         0s   receive q max=1                 → 31 (receipt 32)
         0s   receive q max=1                 → b
         0s   visibility q 2=0s
         // Quiet with 29, and in its place.
         0s   receive q max=1                 → 2
         0s   receive q max=1                 → c
         // When their receives end nobody holds anything.
         30s  send q 'e' group=calm
         30s  receive q max=2                 → 2, 3",
    );
}

#[test]
fn of_noisy_tenants_the_one_that_holds_least_is_next() {
    check(
        "0s   create q
         0s   fill q 60 group=x
         0s   receive q max=40
         0s   fill q 60 group=y
         0s   receive q max=35
         0s   counts q                        → 45 visible, 75 in flight
         // y holds 35 and x holds 40; then y 45; then x 50.
         0s   receive q max=2                 → 36, 37
         0s   receive q max=8
         0s   receive q max=1                 → 41
         0s   receive q max=9
         0s   receive q max=1                 → 46",
    );
}

#[test]
fn what_has_no_group_is_never_noisy() {
    check(
        "0s   create q
         0s   fill q 100
         0s   receive q max=50
         0s   send q 'a' group=calm
         0s   receive q max=2                 → 51, 52",
    );
}

#[test]
fn tenants_that_are_not_noisy_are_served_in_the_order_of_their_messages() {
    check(
        "0s   create q visibility=10s
         0s   send q 'a' group=x, 'b', 'c' group=y, 'd' group=x, 'e', 'f' group=y, 'g' group=x
         0s   receive q max=3                 → a, b, c
         10s  send q 'h' group=z
         10s  receive q                       → a, b, c, d, e, f, g, h",
    );
}

#[test]
fn groups_lock_nothing() {
    check(
        "0s   create q
         0s   send q 'a' group=x, 'b' group=x
         0s   receive q max=1                 → a
         0s   receive q                       → b",
    );
}

#[test]
fn a_delayed_message_of_a_tenant_waits_for_its_time() {
    check(
        "0s   create q
         0s   send q 'a' group=x delay=10s, 'b' group=x, 'c' group=y
         0s   receive q                       → b, c
         10s  receive q                       → a",
    );
}

#[test]
fn a_receive_moves_the_exhausted_messages_of_a_noisy_tenant_when_it_comes_by_them() {
    check(
        "0s   create dead
         and  create q visibility=10s dlq=dead/1
         0s   fill q 40 group=busy
         0s   receive q max=40
         9s   visibility q 1=0s, 2=0s
         9s   send q 'a' group=calm
         9s   receive q max=1                 → a
         9s   counts dead                     → nothing
         9s   receive q                       → nothing
         9s   receive dead                    → 1 (from q), 2 (from q)
         // The others end, and a tenant that holds nothing is not noisy.
         10s  receive q                       → nothing
         10s  counts dead                     → 38 visible, 2 in flight",
    );
}

#[test]
fn a_dead_letter_queue_is_fair_too() {
    check(
        "0s   create dead
         and  create q visibility=0s dlq=dead/1
         0s   fill q 40 group=busy
         0s   send q 'a' group=calm
         0s   receive q max=50
         0s   receive q                       → nothing
         0s   receive dead max=30
         0s   receive dead max=2              → a, 31",
    );
}

#[test]
fn a_purge_forgets_who_was_noisy() {
    check(
        "0s   create q
         0s   fill q 1500 group=busy
         0s   receive q max=700
         0s   purge q
         0s   fill q 2 group=busy
         0s   send q 'a' group=calm
         0s   receive q                       → 1, 2, a
         0s   unreclaimed                     → 0",
    );
}
