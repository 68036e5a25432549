//! How long a received message stays hidden, and how that is changed.

use super::check;

#[test]
fn a_receive_may_bring_its_own_timeout() {
    check(
        "0s   create orders visibility=30s
         0s   send orders 'a'
         0s   receive orders visibility=5s    → a
         4s   receive orders                  → nothing
         4999ms receive orders                → nothing
         5s   receive orders                  → a
         34s  receive orders                  → nothing
         35s  receive orders                  → a",
    );
}

#[test]
fn a_changed_attribute_does_not_touch_what_is_in_flight() {
    check(
        "0s   create orders visibility=30s
         0s   send orders 'a'
         0s   receive orders                  → a
         1s   set orders visibility=5s
         10s  receive orders                  → nothing
         30s  receive orders                  → a
         35s  receive orders                  → a",
    );
}

#[test]
fn a_receive_without_a_timeout_leaves_the_message_visible() {
    check(
        "0s   create orders
         0s   send orders 'a'
         0s   receive orders visibility=0s    → a (receipt 1, count 1)
         0s   counts orders                   → 1 visible
         0s   receive orders visibility=0s    → a (receipt 2, count 2)
         0s   delete orders 1                 → done
         0s   counts orders                   → nothing",
    );
}

#[test]
fn a_change_counts_from_now_and_does_not_add_up() {
    check(
        "0s   create orders visibility=30s
         0s   send orders 'a'
         0s   receive orders                  → a
         10s  visibility orders 1=30s         → done
         20s  visibility orders 1=15s         → done
         34s  receive orders                  → nothing
         35s  receive orders                  → a (count 2)",
    );
}

#[test]
fn a_change_to_nothing_shows_the_message_at_once() {
    check(
        "0s   create orders visibility=30s
         0s   send orders 'a', 'b'
         0s   receive orders                  → a, b
         1s   visibility orders 2=0s
         1s   counts orders                   → 1 visible, 1 in flight
         1s   receive orders                  → b (receipt 3)
         1s   visibility orders 1=0s, 3=0s    → done, done
         1s   receive orders                  → a, b",
    );
}

#[test]
fn the_latest_receive_may_hide_its_message_after_its_end() {
    check(
        "0s   create orders visibility=10s
         0s   send orders 'a'
         0s   receive orders                  → a
         20s  counts orders                   → 1 visible
         20s  visibility orders 1=10s         → done
         20s  counts orders                   → 1 in flight
         29s  receive orders                  → nothing
         30s  receive orders                  → a
         31s  visibility orders 2=0s          → done
         31s  visibility orders 2=10s         → done
         31s  receive orders                  → nothing
         41s  receive orders                  → a",
    );
}

#[test]
fn an_older_receive_has_no_effect() {
    check(
        "0s   create orders visibility=10s
         0s   send orders 'a'
         0s   receive orders                  → a (receipt 1)
         10s  receive orders                  → a (receipt 2)
         11s  visibility orders 1=0s          → done
         11s  visibility orders 1=60s         → done
         11s  receive orders                  → nothing
         20s  receive orders                  → a (receipt 3)",
    );
}

#[test]
fn no_message_is_in_flight_for_longer_than_twelve_hours() {
    check(
        "0s     create orders visibility=12h
         0s     send orders 'a'
         0s     receive orders                → a
         1s     visibility orders 1=12h       → BeyondVisibilityTotal
         1s     visibility orders 1=43199s    → done
         2s     visibility orders 1=43199s    → BeyondVisibilityTotal
         2s     visibility orders 1=forever   → BeyondVisibilityTotal
         43199s receive orders                → nothing
         43200s receive orders                → a (receipt 2)
         43200s visibility orders 2=12h       → done",
    );
}

#[test]
fn each_change_of_a_batch_stands_for_itself() {
    check(
        "0s   create orders visibility=30s
         0s   send orders 'a', 'b', 'c'
         0s   receive orders                  → a, b, c
         1s   delete orders 2
         1s   visibility orders 1=0s, 2=5s, 3=13h → done, NoSuchMessage, BeyondVisibilityTotal
         1s   counts orders                   → 1 visible, 1 in flight",
    );
}

#[test]
fn showing_a_visible_message_again_leaves_nothing_behind() {
    check(
        "0s   create orders visibility=10s dlq=dead/1 retention=forever
         and  create dead
         0s   send orders 'a'
         0s   receive orders                  → a
         1s   visibility orders 1=0s
         1s   next orders                     → 61s
         2s   visibility orders 1=0s
         3s   visibility orders 1=0s
         61s  counts dead                     → 1 visible
         61s  next orders                     → nothing",
    );
}

#[test]
fn a_timeout_past_the_end_of_time_is_the_end_of_time() {
    check(
        "0s   create orders
         0s   send orders 'a' delay=forever, 'b'
         0s   receive orders visibility=forever → b
         3d   receive orders                  → nothing
         3d   counts orders                   → 1 in flight, 1 delayed",
    );
}
