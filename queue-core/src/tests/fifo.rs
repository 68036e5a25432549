//! FIFO queues: order, locks, receipts and receive attempts.

use super::check;

#[test]
fn a_batch_keeps_its_order_and_is_numbered() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x, 'b' group=y, 'c' group=x → a (#1), b (#2), c (#3)
         1s   send q 'd' group=x                           → d (#4)
         1s   receive q                                    → a (#1), c (#3), d (#4), b (#2)",
    );
}

#[test]
fn a_group_and_an_id_are_required() {
    check(
        "0s   create q fifo
         0s   send q 'a'                              → NoGroup
         0s   send q 'a' group=x, 'b' group=x id=none → NoGroup
         0s   counts q                                → nothing
         0s   bodies                                  → 0",
    );
}

#[test]
fn a_receive_takes_one_group_first_and_then_the_next() {
    check(
        "0s   create q fifo
         0s   send q 'x1' group=x, 'y1' group=y, 'x2' group=x, 'y2' group=y, 'x3' group=x
         0s   receive q max=4                 → x1, x2, x3, y1
         0s   receive q                       → nothing
         0s   delete q 4
         0s   receive q                       → y2",
    );
}

#[test]
fn a_group_is_locked_while_any_message_of_it_is_in_flight() {
    check(
        "0s   create q fifo visibility=30s
         0s   send q 'a' group=x, 'b' group=x
         0s   receive q                       → a, b
         1s   send q 'c' group=x, 'd' group=y
         1s   receive q                       → d
         // In any order.
         2s   delete q 2
         2s   receive q                       → nothing
         3s   delete q 1
         3s   receive q                       → c",
    );
}

#[test]
fn a_message_that_becomes_visible_again_is_first_in_its_place() {
    check(
        "0s   create q fifo visibility=10s
         0s   send q 'a' group=x, 'b' group=x
         0s   receive q max=1                 → a (receipt 1)
         5s   send q 'c' group=x
         10s  receive q                       → a (receipt 2, count 2, #1), b, c",
    );
}

#[test]
fn what_is_extended_holds_back_itself_and_all_behind_it() {
    check(
        "0s   create q fifo visibility=1s
         0s   send q 'foo' group=x, 'bar' group=x, 'baz' group=x
         0s   receive q                       → foo, bar, baz
         0s   visibility q 2=30s
         1s   receive q                       → foo",
    );
    check(
        "0s   create q fifo visibility=1s
         0s   send q 'foo' group=x, 'bar' group=x, 'baz' group=x
         0s   receive q                       → foo, bar, baz
         0s   visibility q 1=30s
         1s   receive q                       → nothing
         30s  receive q                       → foo, bar, baz",
    );
    check(
        "0s   create q fifo visibility=1s
         0s   send q 'foo' group=x, 'bar' group=x, 'baz' group=x
         0s   receive q                       → foo, bar, baz
         0s   visibility q 3=30s
         1s   receive q                       → foo, bar",
    );
}

#[test]
fn a_shown_message_waits_for_none_behind_it() {
    check(
        "0s   create q fifo visibility=30s
         0s   send q 'a' group=x, 'b' group=x, 'c' group=x
         0s   receive q max=3                 → a, b, c
         1s   visibility q 1=0s
         1s   receive q                       → a (receipt 4)
         2s   visibility q 3=0s
         2s   receive q                       → nothing
         3s   delete q 2, 4
         3s   receive q                       → c",
    );
}

#[test]
fn a_group_is_unlocked_when_its_receives_end_each_in_its_time() {
    check(
        "0s   create q fifo visibility=30s
         0s   send q 'a' group=x, 'b' group=x, 'c' group=x
         0s   receive q max=2                 → a, b
         0s   visibility q 1=10s, 2=20s
         // Before b, which is still in flight; c waits behind it.
         10s  receive q visibility=5s         → a (receipt 3)
         15s  delete q 3                      → ReceiptExpired
         15s  receive q                       → a (receipt 4)
         16s  delete q 4
         19s  receive q                       → nothing
         20s  receive q                       → b, c",
    );
}

#[test]
fn a_receive_lasts_for_twelve_hours_at_most() {
    check(
        "0s   create q fifo visibility=30s
         0s   send q 'a' group=x
         0s   receive q                       → a
         10s  visibility q 1=12h              → BeyondVisibilityTotal
         10s  visibility q 1=43190s           → done
         43199s receive q                     → nothing
         43200s receive q                     → a (receipt 2)",
    );
}

#[test]
fn a_change_of_an_ended_receive_in_a_batch_fails_alone() {
    check(
        "0s   create q fifo visibility=10s
         0s   send q 'a' group=x, 'b' group=y
         0s   receive q                       → a, b
         5s   visibility q 2=30s
         10s  visibility q 1=30s, 2=0s        → ReceiptExpired, done
         10s  receive q                       → a, b",
    );
}

#[test]
fn an_ended_receive_can_neither_delete_nor_extend() {
    check(
        "0s   create q fifo visibility=10s
         0s   send q 'a' group=x
         0s   receive q                       → a (receipt 1)
         10s  delete q 1                      → ReceiptExpired
         10s  visibility q 1=5s               → ReceiptExpired
         10s  counts q                        → 1 visible
         // Also while somebody else has it.
         11s  receive q                       → a (receipt 2)
         12s  delete q 1                      → ReceiptExpired
         12s  visibility q 1=0s               → ReceiptExpired
         12s  delete q 2                      → done
         // What is gone is deleted.
         13s  delete q 1, 2                   → done, done
         13s  visibility q 2=0s               → NoSuchMessage",
    );
}

#[test]
fn an_extended_receive_can_delete_until_its_new_end() {
    check(
        "0s   create q fifo visibility=10s
         0s   send q 'a' group=x
         0s   receive q                       → a
         5s   visibility q 1=30s
         34s  delete q 1                      → done
         34s  bodies                          → 0",
    );
}

#[test]
fn a_receive_without_a_timeout_cannot_delete() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x
         0s   receive q visibility=0s         → a
         0s   delete q 1                      → ReceiptExpired",
    );
}

#[test]
fn each_entry_of_a_batch_stands_for_itself() {
    check(
        "0s   create q fifo visibility=10s
         0s   send q 'a' group=x, 'b' group=y
         0s   receive q                       → a, b
         5s   visibility q 2=30s
         10s  delete q 1, 2                   → ReceiptExpired, done",
    );
}

#[test]
fn a_repeated_attempt_gets_the_same_messages_hidden_anew() {
    check(
        "0s   create q fifo visibility=30s
         0s   send q 'a' group=x, 'b' group=x
         0s   receive q max=1 attempt=t       → a (receipt 1, count 1)
         5s   receive q max=1 attempt=t       → a (receipt 1, count 1)
         5s   receive q max=1 attempt=u       → nothing
         9s   receive q max=1 attempt=t       → a (receipt 1, count 1)
         38s  receive q                       → nothing
         39s  receive q                       → a (receipt 2, count 2), b (receipt 3)",
    );
}

#[test]
fn an_attempt_is_told_from_another_receive_that_ends_with_it() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x
         0s   receive q visibility=20s attempt=t → a (receipt 1)
         0s   visibility q 1=0s
         0s   receive q visibility=20s           → a (receipt 2)
         1s   receive q visibility=20s attempt=t → nothing",
    );
}

#[test]
fn an_attempt_counts_no_more_once_anything_happened_to_its_messages() {
    check(
        "0s   create q fifo visibility=30s
         0s   send q 'a' group=x, 'b' group=y, 'c' group=z, 'd' group=w
         0s   receive q max=2 attempt=t       → a, b
         1s   delete q 1
         1s   receive q max=1 attempt=t       → c
         2s   visibility q 3=20s
         2s   receive q attempt=t             → d
         // Its timeout ended.
         32s  receive q attempt=t             → b (count 2), c (count 2), d (count 2)",
    );
}

#[test]
fn an_attempt_counts_no_more_once_a_message_of_it_has_expired() {
    check(
        "0s   create q fifo visibility=10m retention=100s
         0s   send q 'a' group=x
         50s  send q 'b' group=y, 'c' group=z
         60s  receive q max=2 attempt=t       → a (receipt 1), b (receipt 2)
         99s  receive q max=2 attempt=t       → a (receipt 1), b (receipt 2)
         100s receive q max=2 attempt=t       → c (receipt 3)",
    );
}

#[test]
fn a_repeated_attempt_takes_what_it_took_whatever_else_it_asks_for() {
    check(
        "0s   create q fifo visibility=10s
         0s   send q 'a' group=x, 'b' group=y, 'c' group=z
         0s   receive q max=2 attempt=t       → a, b
         1s   receive q max=10 visibility=60s attempt=t → a (receipt 1), b (receipt 2)
         1s   receive q                       → c
         60s  counts q                        → 1 visible, 2 in flight",
    );
}

#[test]
fn a_repeated_attempt_is_no_further_receive_on_the_way_to_a_dead_letter_queue() {
    check(
        "0s   create dead.fifo fifo
         and  create q fifo visibility=10s dlq=dead.fifo/1
         0s   send q 'a' group=x
         0s   receive q attempt=t             → a (count 1)
         5s   receive q attempt=t             → a (count 1)
         5s   counts dead.fifo                → nothing
         15s  receive q attempt=t             → nothing
         15s  receive dead.fifo               → a (count 2, from q)",
    );
}

#[test]
fn an_attempt_id_is_known_to_its_queue_only() {
    check(
        "0s   create q fifo
         and  create r fifo
         0s   send q 'a' group=x
         0s   send r 'b' group=x
         0s   receive q attempt=t             → a
         0s   receive r attempt=t             → b",
    );
}

#[test]
fn an_attempt_is_remembered_for_five_minutes() {
    check(
        "0s    create q fifo visibility=1h retention=forever
         0s    send q 'a' group=x, 'b' group=y
         0s    receive q max=1 attempt=t      → a (receipt 1)
         299s  receive q max=1 attempt=t      → a (receipt 1)
         300s  receive q max=1 attempt=t      → b (receipt 2)
         // A new one under the old id, for as long.
         599s  receive q max=1 attempt=t      → b (receipt 2)
         600s  receive q max=1 attempt=t      → nothing
         600s  next q                         → 3899s",
    );
}

#[test]
fn an_attempt_anew_is_remembered_as_long_as_the_first() {
    check(
        "0s    create q fifo visibility=20s
         0s    send q 'a' group=x
         0s    receive q attempt=t            → a (receipt 1)
         200s  receive q attempt=t visibility=1h → a (receipt 2)
         499s  receive q attempt=t visibility=1h → a (receipt 2)
         500s  receive q attempt=t            → nothing",
    );
}

#[test]
fn an_attempt_is_forgotten_in_time_also_when_timers_lag_behind() {
    check(
        "0s    create q fifo
         0s    send q 'a' group=y
         0s    receive q attempt=t visibility=1h       → a (receipt 1)
         0s    fill q 2500 group=x
         0s    receive q max=2500 visibility=300s
         300s  receive q attempt=t visibility=1h max=1 → 1 (count 2)
         300s  counts q                                → 999 visible, 1502 in flight",
    );
}

#[test]
fn an_attempt_that_took_nothing_is_not_remembered() {
    check(
        "0s   create q fifo
         0s   receive q attempt=t             → nothing
         1s   send q 'a' group=x
         1s   receive q attempt=t             → a",
    );
}

#[test]
fn a_repeated_attempt_without_a_timeout_shows_its_messages() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x
         0s   receive q visibility=30s attempt=t → a (receipt 1)
         1s   receive q visibility=0s attempt=t  → a (receipt 1)
         1s   counts q                           → 1 visible
         1s   delete q 1                         → ReceiptExpired",
    );
}

#[test]
fn a_full_fifo_queue_gives_nothing_and_no_error() {
    check(
        "0s   create q fifo visibility=1h
         0s   fill q 120000 group=x
         0s   receive q max=120000
         0s   send q 'a' group=y
         0s   receive q                       → nothing
         0s   delete q 1
         0s   receive q                       → a",
    );
}
