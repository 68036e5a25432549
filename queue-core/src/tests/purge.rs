//! Purging and deleting queues: gone at once, reclaimed in steps.

use super::check;

#[test]
fn a_purge_removes_messages_in_every_state() {
    check(
        "0s   create orders
         0s   send orders 'a', 'b' delay=60s, 'c'
         0s   receive orders max=1            → a
         1s   purge orders
         1s   counts orders                   → nothing
         1s   receive orders                  → nothing
         1s   bodies                          → 0
         1s   delete orders 1                 → done
         1s   visibility orders 1=5s          → NoSuchMessage
         1s   send orders 'd'
         90s  receive orders                  → d",
    );
}

#[test]
fn a_purge_can_be_refused_for_a_while() {
    check(
        "0s   create orders
         0s   purge orders guard=60s
         59s  purge orders guard=60s          → PurgedRecently
         59s  purge orders                    → done
         60s  purge orders guard=60s          → PurgedRecently
         119s purge orders guard=60s          → done",
    );
}

#[test]
fn a_purge_forgets_duplicates_attempts_and_locks_and_goes_on_counting() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x id=1, 'b' group=x id=2
         0s   receive q max=1 attempt=t       → a
         1s   purge q
         1s   send q 'c' group=x id=1         → c (new, #3)
         1s   receive q max=1 attempt=t       → c (#3)
         300s bodies                          → 1",
    );
}

#[test]
fn what_a_purge_cut_off_is_reclaimed_in_steps() {
    check(
        "0s   create q fifo
         0s   fill q 2500 group=x
         1s   purge q
         1s   counts q                        → nothing
         1s   bodies                          → 2500
         1s   next                            → at once
         1s   tick
         1s   bodies                          → 1500
         1s   send q 'a' group=x
         1s   receive q                       → a
         1s   unreclaimed                     → 0
         1s   bodies                          → 1
         1s   next                            → 31s",
    );
}

#[test]
fn a_purge_of_an_empty_queue_leaves_nothing_to_reclaim() {
    check(
        "0s   create orders
         0s   purge orders
         0s   next                            → nothing
         0s   delete-queue orders
         0s   next                            → nothing",
    );
}

#[test]
fn ids_alone_are_reclaimed_too() {
    check(
        "0s   create q fifo
         0s   send q 'a' group=x
         0s   receive q
         0s   delete q 1
         0s   purge q
         0s   next                            → at once
         0s   tick
         0s   next                            → nothing",
    );
}

#[test]
fn a_deleted_queue_is_gone_at_once() {
    check(
        "0s   create orders
         0s   send orders 'a', 'b'
         0s   receive orders max=1
         0s   delete-queue orders
         0s   touched                         → orders
         0s   changed                         → queue orders
         0s   receive orders                  → NoSuchQueue
         0s   delete-queue orders             → NoSuchQueue
         0s   bodies                          → 0
         0s   next                            → nothing
         1s   create orders
         1s   receive orders                  → nothing",
    );
}

#[test]
fn several_deleted_queues_are_reclaimed_one_after_the_other() {
    check(
        "0s   create p
         and  create q
         0s   fill p 700
         0s   fill q 700
         0s   delete-queue p
         and  delete-queue q
         0s   bodies                          → 1400
         0s   tick
         0s   bodies                          → 400
         0s   tick
         0s   bodies                          → 0
         0s   next                            → nothing",
    );
}

#[test]
fn a_name_can_be_held_after_a_deletion() {
    check(
        "0s   create orders
         0s   create orders                   → QueueExists
         10s  delete-queue orders
         11s  create orders held              → QueueDeletedRecently
         69999ms create orders held           → QueueDeletedRecently
         70s  create orders held              → done
         70s  delete-queue orders
         // Without the strict setting it is free at once.
         71s  create orders                   → done
         72s  delete-queue orders
         130s create orders held              → QueueDeletedRecently
         132s create orders held              → done",
    );
}

#[test]
fn an_old_deletion_does_not_free_a_name_deleted_again() {
    check(
        "0s   create orders
         0s   delete-queue orders
         30s  create orders
         30s  delete-queue orders
         60s  create orders held              → QueueDeletedRecently
         89s  create orders held              → QueueDeletedRecently
         90s  create orders held              → done",
    );
}
