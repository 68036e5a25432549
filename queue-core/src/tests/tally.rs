//! What is told of an entry, queue by queue.

use super::check;

#[test]
fn sends_and_receives_are_told_with_their_bytes_and_deletions_by_number() {
    check(
        "0s   create orders
         0s   send orders 'a', 'bcd'
         0s   tallied orders                  → 2 sent, 4 bytes sent
         0s   receive orders max=1            → a
         and  receive orders                  → bcd
         0s   tallied orders                  → 2 received, 4 bytes received
         0s   receive orders                  → nothing
         0s   tallied orders                  → nothing
         0s   delete orders 1, 2
         0s   tallied orders                  → 2 deleted
         // What is gone is not deleted again.
         0s   delete orders 1
         0s   tallied orders                  → nothing",
    );
}

#[test]
fn a_duplicate_is_not_sent() {
    check(
        "0s   create orders.fifo fifo
         0s   send orders.fifo 'a' group=g id=1, 'b' group=g id=1
         0s   tallied orders.fifo             → 1 sent, 1 bytes sent",
    );
}

#[test]
fn a_publish_is_told_of_each_queue_that_it_went_to() {
    check(
        "0s   topic news
         and  create p
         and  create q
         and  create r
         0s   subscribe s news to p
         0s   subscribe t news to q
         0s   publish news 'ab' to=s, 'cde' to=s+t
         0s   tallied p                       → 2 sent, 5 bytes sent
         0s   tallied q                       → 1 sent, 3 bytes sent
         0s   tallied r                       → nothing
         0s   receive p                       → ab, cde
         0s   tallied p                       → 2 received, 5 bytes received",
    );
}

#[test]
fn a_timeout_that_ends_is_told_once_and_a_delay_or_a_receive_that_is_given_up_is_none() {
    check(
        "0s   create orders visibility=5s
         0s   send orders 'a', 'b', 'c' delay=5s
         0s   receive orders                  → a (receipt 1), b (receipt 2)
         1s   visibility orders 2=0s
         1s   tallied orders                  → nothing
         5s   tick
         5s   tallied orders                  → 1 timed out
         9s   tick
         9s   tallied orders                  → nothing",
    );
}

#[test]
fn what_is_given_up_is_told_of_the_queue_that_gave_it_up() {
    check(
        "0s   create dead
         and  create orders visibility=5s dlq=dead/1
         0s   send orders 'a', 'b'
         0s   receive orders                  → a, b
         5s   receive orders                  → nothing
         5s   tallied orders                  → 2 timed out, 2 buried
         5s   tallied dead                    → nothing",
    );
    // By itself, when nobody asks.
    check(
        "0s   create dead
         and  create orders visibility=5s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a
         5s   tick
         5s   tallied orders                  → 1 timed out
         65s  tick
         65s  tallied orders                  → 1 buried
         65s  counts dead                     → 1 visible",
    );
}

#[test]
fn what_expires_is_told_and_what_is_purged_is_not() {
    check(
        "0s   create orders retention=60s
         0s   send orders 'a', 'b'
         60s  tick
         60s  tallied orders                  → 2 expired
         60s  send orders 'c'
         60s  purge orders
         60s  tallied orders                  → nothing",
    );
}

#[test]
fn a_delivery_that_finds_no_queue_is_told_of_its_subscription() {
    check(
        "0s   topic news
         and  create failures
         0s   subscribe s news to missing
         0s   subscribe t news to missing2 dlq=failures
         0s   publish news 'a', 'b'
         0s   undelivered                     → subscription s, subscription s
         0s   tallied failures                → 2 sent, 2 bytes sent
         1s   tick
         1s   undelivered                     → nothing",
    );
}

#[test]
fn the_oldest_message_is_the_one_that_was_sent_first_wherever_it_has_been() {
    check(
        "0s   create dead
         and  create orders visibility=5s dlq=dead/1
         0s   oldest orders                   → nothing
         1s   send orders 'a'
         2s   send dead 'x'
         3s   send orders 'b'
         3s   oldest orders                   → 1s
         3s   receive orders max=1            → a
         3s   oldest orders                   → 1s
         9s   receive orders                  → b
         9s   oldest orders                   → 3s
         9s   oldest dead                     → 1s",
    );
    // A FIFO queue keeps what was moved into it anew.
    check(
        "0s   create dead.fifo fifo
         and  create orders.fifo fifo visibility=5s dlq=dead.fifo/1
         0s   send orders.fifo 'a' group=g
         0s   receive orders.fifo             → a
         6s   receive orders.fifo             → nothing
         6s   oldest dead.fifo                → 6s",
    );
}
