//! Bodies that move, and bodies that are lost. `note` remembers where bodies lie, `carry` brings copies of what was
//! noted, `discard` gives it up.

use super::check;

#[test]
fn a_carried_body_is_read_from_its_new_place() {
    check(
        "0s   create q
         0s   send q 'a', 'b'
         0s   note all
         1s   carry all
         1s   moved                           → 2 kept and 2 released
         1s   bodies                          → 2
         1s   receive q                       → a, b
         1s   delete q 1, 2
         1s   bodies                          → 0",
    );
}

#[test]
fn a_carry_disturbs_neither_who_holds_a_message_nor_when_it_comes_back() {
    check(
        "0s   create q fifo visibility=10s
         0s   send q 'a' group=x, 'b' group=x, 'c' group=y
         0s   receive q max=1 attempt=t       → a (receipt 1)
         1s   note all
         1s   carry all
         1s   touched                         → nothing
         1s   counts q                        → 2 visible, 1 in flight
         1s   receive q max=1 attempt=t       → a (receipt 1)
         1s   receive q                       → c
         1s   delete q 1
         1s   receive q                       → b",
    );
}

#[test]
fn a_message_deleted_meanwhile_takes_no_copy() {
    check(
        "0s   create q
         0s   send q 'a', 'b'
         0s   note all
         0s   receive q max=1                 → a
         0s   delete q 1
         1s   carry all
         1s   moved                           → 1 kept and 1 released
         1s   receive q                       → b",
    );
}

#[test]
fn a_message_moved_meanwhile_keeps_its_old_body() {
    check(
        "0s   create dead
         and  create q visibility=1s dlq=dead/1
         0s   send q 'a'
         0s   note before
         0s   receive q                       → a
         1s   receive q                       → nothing
         2s   carry before
         2s   moved                           → 0 kept and 0 released
         2s   note after
         2s   carry after
         2s   moved                           → 1 kept and 1 released
         2s   receive dead                    → a (from q)",
    );
}

#[test]
fn a_copy_of_something_else_is_not_taken() {
    check(
        "0s   create q
         0s   send q 'abc'
         0s   note all
         1s   carry all wrong
         1s   moved                           → 0 kept and 0 released
         1s   carry all short
         1s   moved                           → 0 kept and 0 released
         1s   receive q                       → abc",
    );
}

#[test]
fn the_second_of_two_carries_comes_too_late() {
    check(
        "0s   create q
         0s   send q 'a'
         0s   note all
         1s   carry all
         and  carry all
         1s   moved                           → 1 kept and 1 released
         1s   carry all
         1s   moved                           → 0 kept and 0 released
         1s   receive q                       → a",
    );
}

#[test]
fn a_body_is_carried_again_and_again() {
    check(
        "0s   create q
         0s   send q 'a'
         0s   note all
         1s   carry all
         1s   note again
         2s   carry again
         2s   moved                           → 1 kept and 1 released
         2s   note again
         3s   carry again
         and  receive q                       → a
         3s   delete q 1
         3s   bodies                          → 0",
    );
}

#[test]
fn a_published_body_moves_once_for_all_its_queues() {
    check(
        "0s   topic news
         and  create dead
         and  create p visibility=1s dlq=dead/1
         and  create q
         0s   subscribe s news to p
         0s   subscribe t news to q raw
         0s   publish news 'a'
         0s   note all
         0s   receive p                       → a (receipt 1)
         1s   receive p                       → nothing
         1s   carry all
         1s   moved                           → 1 kept and 1 released
         1s   bodies                          → 1
         1s   receive q                       → a (receipt 2, via t, raw, published as a)
         1s   delete q 2
         1s   note again
         1s   carry again
         1s   receive dead                    → a (receipt 3, via s, published as a, from p)
         1s   delete dead 3
         1s   bodies                          → 0
         1s   carry again
         1s   moved                           → 0 kept and 0 released",
    );
}

#[test]
fn what_a_purge_cut_off_is_not_carried() {
    check(
        "0s   create q
         0s   fill q 1500
         0s   note all
         0s   purge q
         0s   carry all
         0s   moved                           → 0 kept and 1000 released
         0s   tick
         0s   bodies                          → 0",
    );
}

#[test]
fn a_discarded_message_is_gone_whatever_its_state() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x, 'b' group=y, 'c' group=z
         0s   receive q max=2                 → a, b
         0s   note all
         1s   discard all
         1s   touched                         → q
         1s   moved                           → 0 kept and 3 released
         1s   counts q                        → nothing
         1s   bodies                          → 0
         1s   delete q 1                      → done
         1s   discard all
         1s   moved                           → 0 kept and 0 released
         1s   touched                         → nothing",
    );
}

#[test]
fn a_discarded_head_sets_its_group_free() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x
         0s   note first
         0s   send q 'b' group=x
         0s   receive q max=1                 → a
         0s   receive q                       → nothing
         1s   discard first
         1s   receive q                       → b (#2)",
    );
}

#[test]
fn a_discarded_publication_leaves_every_queue() {
    check(
        "0s   topic news
         and  create p
         and  create q
         0s   subscribe s news to p
         0s   subscribe t news to q
         0s   publish news 'a', 'b' to=t
         0s   send q 'c'
         0s   note own q
         0s   note all
         1s   discard own
         1s   counts q                        → 2 visible
         1s   discard all
         1s   touched                         → p, q
         1s   moved                           → 0 kept and 2 released
         1s   counts p                        → nothing
         1s   counts q                        → nothing
         1s   bodies                          → 0",
    );
}

#[test]
fn a_discarded_publication_that_was_purged_in_part_is_released_once() {
    check(
        "0s   topic news
         and  create p
         and  create q
         0s   subscribe s news to p
         0s   subscribe t news to q
         0s   fill p 1000
         0s   publish news 'a'
         0s   note p p
         0s   note all
         0s   purge p
         and  discard all
         0s   counts q                        → nothing
         0s   bodies                          → 1001
         0s   tick
         0s   bodies                          → 1
         0s   tick
         0s   bodies                          → 0",
    );
}

#[test]
fn to_vouch_changes_nothing() {
    check(
        "0s   create q
         0s   send q 'a'
         1s   vouch                           → done
         1s   touched                         → nothing
         1s   changed                         → nothing
         1s   counts q                        → 1 visible",
    );
}
