//! Standard queues: what a receive takes, what a delete removes, what is counted.

use super::check;

#[test]
fn messages_come_in_the_order_in_which_they_were_sent() {
    check(
        "0s   create orders
         0s   send orders 'a'
         1s   send orders 'b', 'c'            → b (new), c (new)
         2s   receive orders max=2            → a (sent 0s), b (sent 1s)
         2s   receive orders max=2            → c
         2s   receive orders max=2            → nothing",
    );
}

#[test]
fn a_message_keeps_its_place_when_it_becomes_visible_again() {
    check(
        "0s   create orders visibility=10s
         0s   send orders 'a', 'b'
         1s   receive orders max=1            → a
         2s   send orders 'c'
         11s  receive orders                  → a (receipt 2), b, c",
    );
}

#[test]
fn a_receive_counts_and_remembers_the_first() {
    check(
        "0s   create orders visibility=1s
         0s   send orders 'a'
         5s   receive orders                  → a (count 1, first 5s, sent 0s, id of a)
         6s   receive orders                  → a (count 2, first 5s, sent 0s, id of a)
         9s   receive orders                  → a (count 3, first 5s)",
    );
}

#[test]
fn every_message_is_counted_in_one_state() {
    check(
        "0s   create orders visibility=10s
         0s   counts orders                   → nothing
         0s   send orders 'a', 'b' delay=5s, 'c'
         0s   counts orders                   → 2 visible, 1 delayed
         1s   receive orders max=1            → a
         1s   counts orders                   → 1 visible, 1 in flight, 1 delayed
         5s   counts orders                   → 2 visible, 1 in flight
         11s  counts orders                   → 3 visible
         12s  receive orders                  → a (receipt 2), b, c
         13s  delete orders 2, 3
         13s  counts orders                   → 1 in flight",
    );
}

#[test]
fn any_receipt_deletes_the_message() {
    check(
        "0s   create orders visibility=1s
         0s   send orders 'a', 'b'
         0s   receive orders                  → a (receipt 1), b (receipt 2)
         1s   receive orders                  → a (receipt 3), b (receipt 4)
         // Of an older receive, while a newer one goes on.
         1s   delete orders 1                 → done
         // Of an ended one, while the message is visible.
         3s   counts orders                   → 1 visible
         3s   delete orders 4                 → done
         3s   counts orders                   → nothing
         3s   bodies                          → 0",
    );
}

#[test]
fn deleting_what_is_gone_succeeds() {
    check(
        "0s   create orders
         0s   send orders 'a'
         0s   receive orders
         0s   delete orders 1, 1              → done, done
         0s   delete orders 1                 → done
         0s   bodies                          → 0",
    );
}

#[test]
fn a_body_belongs_to_its_message_whatever_was_in_the_same_entry() {
    check(
        "0s   create orders
         and  create bills
         1s   send orders 'a', 'bb', 'ccc'
         and  send bills 'dddd'
         and  send nowhere 'lost'             → NoSuchQueue
         and  send bills 'e'
         1s   bodies                          → 5
         1s   receive bills                   → dddd, e
         1s   receive orders                  → a, bb, ccc",
    );
}

#[test]
fn an_entry_may_send_receive_and_delete() {
    check(
        "0s   create orders visibility=0s
         0s   send orders 'a'
         0s   receive orders                  → a (receipt 1)
         1s   send orders 'b'
         and  receive orders                  → a (receipt 2), b (receipt 3)
         and  delete orders 1
         and  receive orders                  → b (receipt 4)
         1s   bodies                          → 1",
    );
}

#[test]
fn groups_and_deduplication_ids_mean_nothing() {
    check(
        "0s   create orders
         0s   send orders 'a' group=x id=1, 'b' group=x id=1, 'c' → a (new), b (new), c (new)
         0s   receive orders max=1            → a
         0s   receive orders max=2            → b, c",
    );
}

#[test]
fn a_receive_attempt_id_means_nothing() {
    check(
        "0s   create orders
         0s   send orders 'a', 'b'
         0s   receive orders max=1 attempt=x  → a
         0s   receive orders max=1 attempt=x  → b
         0s   receive orders max=1 attempt=x  → nothing",
    );
}

#[test]
fn only_so_many_messages_are_in_flight() {
    check(
        "0s   create orders
         0s   fill orders 120001
         0s   receive orders max=119999
         0s   receive orders max=10           → 120000
         0s   receive orders                  → OverLimit
         0s   counts orders                   → 1 visible, 120000 in flight
         0s   delete orders 1
         0s   receive orders                  → 120001",
    );
}

#[test]
fn a_command_to_a_queue_that_is_not_there_changes_nothing() {
    check(
        "0s   send orders 'a'                 → NoSuchQueue
         0s   receive orders                  → NoSuchQueue
         0s   purge orders                    → NoSuchQueue
         0s   delete-queue orders             → NoSuchQueue
         0s   set orders delay=1s             → NoSuchQueue
         0s   tag orders a=b                  → NoSuchQueue
         0s   create bills
         0s   send bills 'a'
         0s   receive bills
         0s   delete-queue bills
         0s   delete bills 1                  → NoSuchQueue
         0s   visibility bills 1=5s           → NoSuchQueue
         0s   bodies                          → 0",
    );
}

#[test]
fn time_never_goes_back() {
    check(
        "0s   create orders visibility=10s
         9s   send orders 'a'
         5s   receive orders                  → a (sent 9s, first 9s)
         18s  receive orders                  → nothing
         19s  receive orders                  → a",
    );
}

#[test]
fn a_touched_queue_is_named() {
    check(
        "0s   create orders visibility=5s dlq=dead/1
         and  create dead
         0s   send orders 'a'
         0s   touched                         → orders
         0s   receive orders
         0s   touched                         → orders
         5s   tick
         5s   touched                         → orders
         5s   receive orders                  → nothing
         5s   touched                         → orders, dead
         5s   tick
         5s   touched                         → nothing
         5s   delete-queue dead
         5s   touched                         → dead",
    );
}
