//! Dead-letter queues.

use super::check;

#[test]
fn a_message_is_moved_when_it_would_be_received_once_too_often() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/2
         0s   send orders 'a', 'b'
         0s   receive orders max=1            → a (count 1)
         10s  receive orders max=1            → a (count 2)
         20s  counts orders                   → 2 visible
         // A receive goes on behind what it moves.
         20s  receive orders max=1            → b (count 1, not dead)
         20s  counts orders                   → 1 in flight
         20s  receive dead                    → a (count 3, first 0s, sent 0s, id of a, from orders)
         20s  delete dead 4
         20s  bodies                          → 1",
    );
}

#[test]
fn an_exhausted_message_that_nobody_asks_for_is_swept_away() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a
         10s  counts orders                   → 1 visible
         10s  next                            → 70s
         69s  counts orders                   → 1 visible
         70s  counts orders                   → nothing
         70s  receive dead                    → a (count 2, from orders)",
    );
}

#[test]
fn a_sweep_spares_what_is_in_flight_again() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a
         10s  tick
         20s  visibility orders 1=2m
         70s  counts orders                   → 1 in flight
         140s counts orders                   → 1 visible
         199s counts orders                   → 1 visible
         200s counts dead                     → 1 visible",
    );
}

#[test]
fn a_sweep_spares_what_has_receives_left_by_then() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a
         10s  tick
         11s  set orders dlq=dead/2
         70s  counts orders                   → 1 visible
         70s  receive orders                  → a (count 2)
         80s  receive orders                  → nothing
         80s  counts dead                     → 1 visible",
    );
}

#[test]
fn a_policy_counts_receives_from_before_it_was_set() {
    check(
        "0s   create dead
         and  create orders visibility=0s
         0s   send orders 'a'
         0s   receive orders
         0s   receive orders
         0s   receive orders                  → a (count 3)
         1s   set orders dlq=dead/3
         1s   receive orders                  → nothing
         1s   receive dead                    → a (count 4)",
    );
}

#[test]
fn without_its_dead_letter_queue_a_message_stays() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a'
         0s   delete-queue dead
         0s   receive orders                  → a (count 1)
         10s  receive orders                  → a (count 2)
         200s receive orders                  → a (count 3)
         // A queue of that name is found again.
         205s create dead
         210s receive orders                  → nothing
         210s receive dead                    → a (count 4)",
    );
}

#[test]
fn a_dead_letter_queue_of_another_kind_is_none() {
    check(
        "0s   create dead.fifo fifo
         and  create orders visibility=1s dlq=dead.fifo/1
         0s   send orders 'a'
         0s   receive orders                  → a
         1s   receive orders                  → a (count 2)
         90s  receive orders                  → a (count 3)
         90s  counts dead.fifo                → nothing",
    );
}

#[test]
fn without_a_policy_a_message_stays() {
    check(
        "0s   create dead
         and  create orders visibility=1s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a
         1s   set orders dlq=none
         90s  receive orders                  → a (count 2)",
    );
}

#[test]
fn a_chain_counts_from_each_arrival() {
    check(
        "0s   create worst
         and  create worse visibility=1s dlq=worst/2
         and  create bad visibility=1s dlq=worse/1
         0s   send bad 'a'
         0s   receive bad                     → a (count 1)
         1s   receive bad                     → nothing
         1s   receive worse                   → a (count 2, from bad)
         2s   receive worse                   → a (count 3, from bad)
         3s   receive worse                   → nothing
         3s   receive worst                   → a (count 4, from worse)",
    );
}

#[test]
fn a_queue_may_be_its_own_dead_letter_queue() {
    check(
        "0s   create orders visibility=1s dlq=orders/1
         0s   send orders 'a', 'b'
         0s   receive orders max=1            → a (count 1, not dead)
         1s   receive orders                  → b
         1s   receive orders                  → a (count 2, from orders)
         2s   receive orders                  → nothing
         2s   receive orders                  → b (count 2), a (count 3)
         62s  counts orders                   → 2 visible
         62s  receive orders                  → nothing
         62s  receive orders                  → b (count 3), a (count 4)
         123s counts orders                   → 2 visible
         123s receive orders                  → b (count 4), a (count 5)",
    );
}

#[test]
fn a_move_unlocks_the_group() {
    check(
        "0s   create dead.fifo fifo
         and  create q fifo visibility=10s dlq=dead.fifo/1
         0s   send q 'a' group=x, 'b' group=x, 'c' group=y
         0s   receive q max=1                 → a (#1)
         10s  receive q max=1                 → b
         10s  receive dead.fifo               → a (#1, count 2, from q)
         10s  delete dead.fifo 3
         10s  receive q                       → c",
    );
}

#[test]
fn a_fifo_sweep_unlocks_the_group() {
    check(
        "0s   create dead.fifo fifo
         and  create q fifo visibility=10s dlq=dead.fifo/1
         0s   send q 'a' group=x, 'b' group=x
         0s   receive q max=1                 → a
         10s  tick
         70s  counts q                        → 1 visible
         70s  receive q                       → b",
    );
}

#[test]
fn moved_messages_of_a_group_keep_their_order_and_their_lock() {
    check(
        "0s   create dead.fifo fifo
         and  create q fifo visibility=10s dlq=dead.fifo/1
         0s   send q 'a' group=x, 'b' group=x, 'c' group=x
         0s   receive q max=2                 → a, b
         10s  receive q                       → c
         10s  receive dead.fifo max=1         → a (#1)
         10s  receive dead.fifo               → nothing
         11s  send dead.fifo 'd' group=x
         20s  receive dead.fifo               → nothing
         40s  receive dead.fifo               → a, b (#2), d (#3)",
    );
}

#[test]
fn a_moved_message_is_not_delayed() {
    check(
        "0s   create dead delay=15m
         and  create orders visibility=0s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a
         0s   receive orders                  → nothing
         0s   receive dead                    → a",
    );
}

#[test]
fn neither_is_one_moved_into_a_fifo_queue_whenever_its_delay_is_set() {
    check(
        "0s   create dead.fifo fifo delay=15m
         and  create q fifo visibility=0s dlq=dead.fifo/1
         0s   send q 'a' group=x
         0s   receive q                       → a
         0s   receive q                       → nothing
         0s   set dead.fifo delay=10m
         1s   receive dead.fifo               → a (#1)",
    );
}

#[test]
fn a_move_unlocks_the_group_only_up_to_what_is_still_in_flight() {
    check(
        "0s   create dead.fifo fifo
         and  create q fifo visibility=10s dlq=dead.fifo/1
         0s   send q 'a' group=x, 'b' group=x, 'c' group=x
         0s   receive q max=2                 → a, b
         5s   visibility q 2=60s
         10s  receive q                       → nothing
         10s  receive dead.fifo               → a
         11s  receive q                       → nothing
         12s  delete q 2
         12s  receive q                       → c",
    );
}

#[test]
fn a_receipt_of_the_source_is_good_for_nothing() {
    check(
        "0s   create dead
         and  create orders visibility=1s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a
         1s   receive orders                  → nothing
         1s   delete orders 1                 → done
         1s   visibility orders 1=5s          → NoSuchMessage
         1s   counts dead                     → 1 visible",
    );
}

#[test]
fn one_receive_moves_only_so_many() {
    check(
        "0s   create dead
         and  create orders visibility=0s dlq=dead/1
         0s   fill orders 2500
         0s   receive orders max=2500
         0s   send orders 'a'
         1s   receive orders                  → nothing
         1s   counts dead                     → 1000 visible
         1s   touched                         → dead, orders
         1s   receive orders                  → nothing
         1s   receive orders                  → a
         1s   counts dead                     → 2500 visible",
    );
}

#[test]
fn a_sweep_counts_from_the_end_of_the_last_receive_however_late_that_is_noticed() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a
         69s  counts orders                   → 1 visible
         120s counts orders                   → nothing
         120s counts dead                     → 1 visible",
    );
}

#[test]
fn messages_that_a_new_policy_finds_exhausted_are_swept_too() {
    check(
        "0s   create dead
         and  create orders visibility=1s
         0s   send orders 'a', 'b'
         0s   receive orders max=1            → a
         10s  set orders dlq=dead/1
         10s  tick
         69s  counts dead                     → nothing
         70s  counts orders                   → 1 visible
         70s  counts dead                     → 1 visible",
    );
}

#[test]
fn a_message_that_comes_and_goes_is_remembered_once() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/1
         0s   send orders 'a'
         0s   receive orders                  → a (receipt 1)
         1s   visibility orders 1=0s
         2s   visibility orders 1=30s
         3s   visibility orders 1=0s
         62s  counts orders                   → 1 visible
         63s  counts dead                     → 1 visible",
    );
}
