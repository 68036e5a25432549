//! How long messages are kept.

use super::check;

#[test]
fn a_message_expires_after_its_retention() {
    check(
        "0s   create orders retention=60s
         0s   send orders 'a'
         10s  send orders 'b'
         59s  counts orders                   → 2 visible
         59s  next                            → 60s
         60s  counts orders                   → 1 visible
         60s  bodies                          → 1
         69s  receive orders                  → b
         // Also one that is in flight.
         70s  counts orders                   → nothing
         70s  bodies                          → 0
         70s  delete orders 1                 → done
         70s  visibility orders 1=5s          → NoSuchMessage",
    );
}

#[test]
fn a_delay_does_not_prolong_retention() {
    check(
        "0s   create orders retention=60s
         0s   send orders 'a' delay=15m, 'b' delay=30s
         30s  counts orders                   → 1 visible, 1 delayed
         60s  counts orders                   → nothing",
    );
}

#[test]
fn a_changed_retention_holds_for_what_is_there() {
    check(
        "0s   create orders retention=60s
         0s   send orders 'a'
         30s  send orders 'b'
         31s  set orders retention=4d
         60s  counts orders                   → 2 visible
         61s  set orders retention=40s
         61s  next                            → 40s
         62s  counts orders                   → 1 visible
         70s  counts orders                   → nothing",
    );
}

#[test]
fn an_expired_message_lets_its_group_go_on() {
    check(
        "0s   create orders.fifo fifo retention=60s
         0s   send orders.fifo 'a' group=x
         10s  send orders.fifo 'b' group=x
         55s  receive orders.fifo max=1       → a
         59s  receive orders.fifo             → nothing
         60s  receive orders.fifo             → b",
    );
}

#[test]
fn a_standard_dead_letter_queue_goes_on_counting() {
    check(
        "0s   create dead retention=100s
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a'
         20s  send dead 'z'
         20s  receive orders                  → a
         90s  receive orders                  → nothing
         90s  counts dead                     → 2 visible
         // Sent later, but it stands before the moved one.
         100s receive dead                    → z
         120s counts dead                     → nothing",
    );
}

#[test]
fn a_message_may_expire_as_it_arrives() {
    check(
        "0s   create dead retention=60s
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a'
         50s  receive orders                  → a
         60s  tick
         61s  receive orders                  → nothing
         61s  bodies                          → 1
         62s  bodies                          → 0",
    );
}

#[test]
fn several_moved_messages_expire_each_in_its_time() {
    check(
        "0s   create dead retention=100s
         and  create orders visibility=1s dlq=dead/1
         0s   send orders 'a'
         10s  send orders 'b'
         20s  send orders 'c'
         20s  receive orders                  → a, b, c
         21s  visibility orders 1=50s
         22s  receive orders                  → nothing
         22s  counts dead                     → 2 visible
         71s  receive orders                  → nothing
         71s  receive dead max=2 visibility=0s → b, c
         100s receive dead                    → b, c
         110s counts dead                     → 1 in flight
         120s counts dead                     → nothing",
    );
}

#[test]
fn a_fifo_dead_letter_queue_counts_anew() {
    check(
        "0s   create dead.fifo fifo retention=100s
         and  create orders.fifo fifo visibility=10s dlq=dead.fifo/1
         0s   send orders.fifo 'a' group=x
         80s  receive orders.fifo             → a
         90s  receive orders.fifo             → nothing
         189s receive dead.fifo               → a (sent 0s, from orders.fifo)
         190s counts dead.fifo                → nothing",
    );
}

#[test]
fn retention_without_end_never_ends() {
    check(
        "0s   create orders retention=forever
         0s   send orders 'a'
         999d receive orders                  → a",
    );
}
