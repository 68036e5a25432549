//! What consumers that hold messages by a connection do with them.

use super::check;

#[test]
fn a_receive_that_has_not_ended_can_be_renewed_and_one_that_has_cannot() {
    check(
        "0s   create orders visibility=10s
         0s   send orders 'a', 'b'
         0s   receive orders max=1            → a
         9s   renew orders 1 for=10s         → done
         18s  counts orders                   → 1 visible, 1 in flight
         19s  counts orders                   → 2 visible
         19s  renew orders 1 for=10s         → ReceiptExpired
         19s  counts orders                   → 2 visible
         19s  receive orders max=1            → a (count 2)
         20s  renew orders 1 for=10s         → ReceiptExpired
         20s  renew orders 2 for=0s          → done
         20s  counts orders                   → 2 visible",
    );
}

#[test]
fn a_renewal_takes_no_time_away() {
    check(
        "0s   create orders visibility=10s
         0s   send orders 'a'
         0s   receive orders                  → a
         0s   visibility orders 1=600s        → done
         0s   renew orders 1 for=30s          → done
         599s counts orders                   → 1 in flight
         600s counts orders                   → 1 visible",
    );
}

#[test]
fn several_are_renewed_by_one_command_each_by_itself() {
    check(
        "0s   create orders visibility=10s
         0s   send orders 'a', 'b', 'c'
         0s   receive orders                  → a, b, c
         5s   delete orders 2                 → done
         5s   renew orders 1 for=20s, 2, 3    → done, NoSuchMessage, done
         24s  counts orders                   → 2 in flight
         25s  counts orders                   → 2 visible",
    );
}

#[test]
fn who_renews_is_told_of_a_purge() {
    check(
        "0s   create orders visibility=10s
         0s   send orders 'a'
         0s   receive orders                  → a
         1s   purge orders
         2s   renew orders 1 for=10s          → Purged
         2s   send orders 'b'
         2s   receive orders                  → b
         2s   delete orders 2
         3s   renew orders 2 for=10s          → NoSuchMessage",
    );
}

#[test]
fn no_receive_lasts_for_longer_than_twelve_hours() {
    check(
        "0s   create orders visibility=10h
         0s   send orders 'a'
         0s   receive orders                  → a
         5h   renew orders 1 for=7h           → done
         6h   renew orders 1 for=7h           → BeyondVisibilityTotal
         12h  counts orders                   → 1 visible",
    );
}

#[test]
fn a_message_can_be_given_up_at_once() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/5
         and  create lonely visibility=10s
         0s   send orders 'a', 'b'
         0s   send lonely 'c'
         0s   receive orders                  → a (count 1), b
         0s   bury orders 1                   → done
         0s   bury orders 1                   → NoSuchMessage
         0s   tallied orders                  → nothing
         0s   receive dead                    → a (count 2, from orders)
         10s  bury orders 2                   → ReceiptExpired
         10s  receive lonely                  → c
         10s  bury lonely 4                   → NoDeadLetterQueue
         10s  counts lonely                   → 1 in flight",
    );
}

#[test]
fn a_group_goes_on_when_its_first_message_is_given_up() {
    check(
        "0s   create dead.fifo fifo
         and  create q fifo visibility=10s dlq=dead.fifo/5
         0s   send q 'a' group=x, 'b' group=x
         0s   receive q max=1                 → a
         0s   receive q                       → nothing
         0s   bury q 1                        → done
         0s   receive q                       → b
         0s   receive dead.fifo               → a (from q)",
    );
}

#[test]
fn a_receive_that_is_given_back_was_none() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a', 'b', 'c'
         1s   receive orders max=2            → a (count 1), b (count 1)
         2s   undo orders 1, 2                → done, done
         2s   undo orders 1                   → ReceiptExpired
         2s   counts orders                   → 3 visible
         3s   receive orders                  → a (count 1), b (count 1), c
         13s  receive orders                  → nothing
         13s  receive dead                    → a (count 2, from orders), b (count 2, from orders), c",
    );
}

#[test]
fn what_is_given_back_keeps_the_receives_that_count() {
    check(
        "0s   create orders visibility=10s
         0s   send orders 'a'
         0s   receive orders                  → a (count 1)
         0s   visibility orders 1=0s          → done
         0s   receive orders                  → a (count 2)
         0s   undo orders 2                   → done
         0s   delete orders 1                 → done
         0s   undo orders 2                   → NoSuchMessage
         0s   counts orders                   → nothing",
    );
}

#[test]
fn a_group_that_is_given_back_is_received_in_its_order() {
    check(
        "0s   create q fifo visibility=10s
         0s   send q 'a' group=x, 'b' group=x, 'c' group=x
         0s   receive q max=2                 → a, b
         0s   receive q                       → nothing
         0s   undo q 1, 2                     → done, done
         0s   receive q                       → a (count 1), b, c",
    );
}
