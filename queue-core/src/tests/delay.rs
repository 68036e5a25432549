//! Delays: of a queue, of a message, and what a change of a queue's delay does.

use super::check;

#[test]
fn a_message_is_delayed_as_its_queue_says() {
    check(
        "0s   create orders delay=10s
         0s   send orders 'a'
         0s   counts orders                   → 1 delayed
         0s   next                            → 10s
         9s   receive orders                  → nothing
         10s  counts orders                   → 1 visible
         10s  receive orders                  → a (count 1, sent 0s)",
    );
}

#[test]
fn a_messages_own_delay_comes_first() {
    check(
        "0s   create orders delay=10s
         0s   send orders 'a' delay=0s, 'b' delay=20s, 'c'
         0s   receive orders                  → a
         10s  receive orders                  → c
         20s  receive orders                  → b",
    );
}

#[test]
fn a_changed_delay_holds_for_later_messages_of_a_standard_queue() {
    check(
        "0s   create orders delay=10s
         0s   send orders 'a'
         1s   set orders delay=0s
         1s   send orders 'b'
         1s   receive orders                  → b
         1s   set orders delay=60s
         10s  receive orders                  → a",
    );
}

#[test]
fn a_fifo_queue_knows_only_its_own_delay() {
    check(
        "0s   create orders.fifo fifo delay=10s
         0s   send orders.fifo 'a' group=x delay=0s, 'b' group=x delay=60s
         9s   receive orders.fifo             → nothing
         10s  receive orders.fifo             → a, b",
    );
}

#[test]
fn a_longer_delay_of_a_fifo_queue_hides_what_is_there() {
    check(
        "0s   create orders.fifo fifo
         0s   send orders.fifo 'a' group=x, 'b' group=y
         1s   set orders.fifo delay=60s
         1s   next                            → at once
         2s   counts orders.fifo              → 2 delayed
         2s   next orders.fifo                → 60s
         59s  receive orders.fifo             → nothing
         60s  receive orders.fifo             → a, b",
    );
}

#[test]
fn a_shorter_delay_of_a_fifo_queue_shows_what_is_there() {
    check(
        "0s   create orders.fifo fifo delay=60s
         0s   send orders.fifo 'a' group=x
         5s   send orders.fifo 'b' group=x
         8s   set orders.fifo delay=10s
         9s   receive orders.fifo             → nothing
         10s  receive orders.fifo             → a
         14s  delete orders.fifo 1
         14s  receive orders.fifo             → nothing
         15s  receive orders.fifo             → b
         15s  set orders.fifo delay=0s
         15s  send orders.fifo 'c' group=y
         16s  receive orders.fifo             → c",
    );
}

#[test]
fn a_changed_delay_spares_what_was_received() {
    check(
        "0s   create orders.fifo fifo visibility=5s
         0s   send orders.fifo 'a' group=x, 'b' group=x
         0s   receive orders.fifo max=1       → a
         1s   set orders.fifo delay=60s
         2s   counts orders.fifo              → 1 in flight, 1 delayed
         5s   receive orders.fifo             → a
         5s   delete orders.fifo 2
         59s  receive orders.fifo             → nothing
         60s  receive orders.fifo             → b",
    );
}

#[test]
fn a_delayed_message_blocks_its_group_and_no_other() {
    check(
        "0s   create orders.fifo fifo delay=10s
         0s   send orders.fifo 'a' group=x
         4s   send orders.fifo 'b' group=y, 'c' group=x
         10s  receive orders.fifo             → a
         10s  delete orders.fifo 1
         10s  receive orders.fifo             → nothing
         14s  receive orders.fifo             → b, c",
    );
}

#[test]
fn a_changed_delay_does_not_let_a_message_overtake() {
    check(
        "0s   create orders.fifo fifo
         0s   send orders.fifo 'a' group=x
         1s   set orders.fifo delay=30s
         2s   send orders.fifo 'b' group=x
         3s   set orders.fifo delay=0s
         4s   receive orders.fifo             → a, b",
    );
}
