//! Move tasks: dead letters are sent anew.

use super::check;

/// A queue `orders` whose three messages `a`, `b`, `c` are dead at 0s, and what comes after.
#[track_caller]
fn check_with_three_dead(timetable: &str) {
    let three_dead = "0s   create dead
                      and  create orders visibility=0s dlq=dead/1
                      0s   send orders 'a', 'b', 'c'
                      0s   receive orders                  → a, b, c
                      0s   receive orders                  → nothing
                      0s   counts dead                     → 3 visible";
    check(&format!("{three_dead}\n{timetable}"));
}

#[test]
fn messages_go_back_to_the_queue_that_gave_them_up_as_new_ones() {
    check_with_three_dead(
        "0s   set orders visibility=10s dlq=dead/2
         5s   move dead
         5s   tasks dead                      → running (0 of 3, since 5s)
         5s   tick
         5s   tasks dead                      → completed (3 of 3, since 5s)
         5s   touched                         → dead, orders
         5s   tallied dead                    → 3 moved
         5s   tallied orders                  → 3 sent, 3 bytes sent
         5s   moved                           → 0 kept and 0 released
         5s   next                            → 345605s
         6s   receive orders max=1            → a (count 1, sent 5s, first 6s, not dead, id of unknown)
         // Their receives begin anew, so they do not come back at once.
         16s  receive orders max=1            → a (count 2)
         26s  receive orders max=1            → b (count 1)
         26s  counts dead                     → 1 visible
         26s  receive dead                    → a (count 3, from orders)
         26s  tasks dead                      → completed (3 of 3)",
    );
}

#[test]
fn messages_go_where_they_are_told_to() {
    check_with_three_dead(
        "0s   create audit retention=60s
         40s  move dead to=audit
         40s  tick
         40s  counts orders                   → nothing
         40s  receive audit max=1             → a (count 1, sent 40s, not dead)
         // Their retention begins anew.
         99s  counts audit                    → 3 visible
         100s counts audit                    → nothing
         100s bodies                          → 0",
    );
}

#[test]
fn each_message_goes_back_to_its_own_queue() {
    check(
        "0s   create dead
         and  create p visibility=0s dlq=dead/1
         and  create q visibility=0s dlq=dead/1
         0s   send p 'a'
         0s   send q 'b'
         0s   send p 'c'
         0s   receive q                       → b
         0s   receive p                       → a, c
         0s   receive q                       → nothing
         0s   receive p                       → nothing
         0s   move dead
         0s   tick
         0s   receive q                       → b (count 1, not dead)
         0s   receive p                       → a, c",
    );
}

#[test]
fn a_rate_is_kept_and_what_it_would_have_moved_by_now_is_moved() {
    check(
        "0s   create dead
         and  create q
         0s   fill dead 20
         0s   move dead to=q rate=3
         0s   next                            → at once
         0s   tick
         0s   counts q                        → 3 visible
         0s   next                            → 1s
         999ms counts q                       → 3 visible
         1s   counts q                        → 6 visible
         1500ms counts q                      → 6 visible
         4200ms counts q                      → 15 visible
         4200ms next                          → 5s
         4200ms tasks dead                    → running (15 of 20)
         1h   counts q                        → 20 visible
         1h   tasks dead                      → completed (20 of 20)",
    );
}

#[test]
fn a_rate_is_not_made_up_for_after_a_pause() {
    check(
        "0s   create dead visibility=10s
         and  create q
         0s   fill dead 20
         0s   receive dead max=20
         0s   move dead to=q rate=2
         0s   tick
         1s   tick
         2s   tick
         3s   tick
         4s   tick
         5s   tick
         6s   tick
         7s   tick
         8s   tick
         9s   tick
         9s   counts q                        → nothing
         10s  counts q                        → 2 visible
         11s  counts q                        → 4 visible",
    );
}

#[test]
fn what_is_hidden_moves_when_it_can_be_received() {
    check_with_three_dead(
        "0s   create q
         0s   receive dead max=1 visibility=30s → a
         0s   send dead 'd' delay=20s
         0s   move dead to=q
         0s   tick
         0s   tasks dead                      → running (2 of 4)
         0s   receive q visibility=1m         → b, c
         0s   next                            → 1s
         19s  tasks dead                      → running (2 of 4)
         20s  tick
         20s  receive q visibility=1m         → d (sent 20s)
         30s  tick
         30s  receive q                       → a
         30s  tasks dead                      → completed (4 of 4)
         30s  next                            → 60s",
    );
}

#[test]
fn a_message_that_is_gone_or_came_later_is_not_waited_for() {
    check_with_three_dead(
        "0s   receive dead max=1 visibility=30s → a (receipt 4)
         0s   move dead rate=1
         0s   send dead 'later'
         0s   tick
         0s   counts dead                     → 2 visible, 1 in flight
         0s   delete dead 4
         1s   tick
         1s   tasks dead                      → completed (2 of 3)
         1s   receive dead                    → later",
    );
}

#[test]
fn a_task_ends_though_its_messages_come_back() {
    check(
        "0s   create q
         0s   fill q 700
         0s   move q to=q
         0s   tick
         0s   tasks q                         → running (500 of 700)
         0s   tick
         0s   tasks q                         → completed (700 of 700)
         0s   counts q                        → 700 visible
         0s   receive q max=2                 → 1 (sent 0s), 2",
    );
}

#[test]
fn a_purge_leaves_nothing_to_move() {
    check_with_three_dead(
        "0s   move dead rate=1
         0s   tick
         0s   purge dead
         1s   tick
         1s   tasks dead                      → completed (1 of 3)
         1s   receive orders                  → a",
    );
}

#[test]
fn a_queue_without_messages_has_nothing_to_move() {
    check(
        "0s   create dead
         0s   move dead rate=1
         0s   tick
         0s   tasks dead                      → completed (0 of 0)
         0s   next                            → nothing",
    );
}

#[test]
fn a_cancelled_task_moves_nothing_more() {
    check_with_three_dead(
        "0s   move dead rate=1
         0s   tick
         0s   cancel dead                     → 1 moved
         0s   next                            → 345600s
         60s  counts dead                     → 2 visible
         60s  tasks dead                      → cancelled (1 of 3)
         60s  cancel dead                     → NoSuchMove
         60s  cancel dead age=7               → NoSuchMove
         60s  cancel orders                   → NoSuchMove
         // The next one moves the rest.
         60s  move dead
         60s  tick
         60s  tasks dead                      → completed (2 of 2), cancelled (1 of 3)
         60s  cancel dead                     → NoSuchMove
         60s  receive orders                  → a, b, c",
    );
}

#[test]
fn one_task_of_a_queue_runs_at_a_time() {
    check_with_three_dead(
        "0s   create other
         0s   move dead rate=1
         0s   move dead                       → MoveRunning
         0s   move other                      → done
         0s   move missing                    → NoSuchQueue
         2s   tick
         2s   move dead                       → done",
    );
}

#[test]
fn the_last_ten_tasks_of_a_queue_are_remembered_as_long_as_it_lives() {
    let eleven: String = (1..=11).map(|at| format!("{at}s move dead\n{at}s tick\n")).collect();
    let ten: Vec<_> = (2..=11).rev().map(|at| format!("completed (since {at}s)")).collect();
    check(&format!(
        "0s   create dead
         {eleven}
         11s  tasks dead                      → {}
         12s  send dead 'a'
         12s  move dead rate=1 to=missing
         12s  delete-queue dead
         12s  tick
         12s  next                            → nothing
         12s  create dead
         12s  tasks dead                      → nothing",
        ten.join(", ")
    ));
}

#[test]
fn nothing_is_lost_when_a_destination_disappears() {
    check_with_three_dead(
        "0s   create q
         0s   move dead to=q rate=1
         0s   tick
         0s   delete-queue q
         1s   tick
         1s   tasks dead                      → NoSuchQueue (1 of 3)
         1s   receive dead visibility=0s      → b (from orders), c
         1s   move dead rate=1
         and  delete-queue orders
         1s   tick
         1s   tasks dead                      → NoSuchQueue (0 of 2), NoSuchQueue (1 of 3)
         1s   counts dead                     → 2 visible
         // A queue of that name is found again.
         2s   create orders
         2s   move dead
         2s   tick
         2s   receive orders                  → b, c",
    );
}

#[test]
fn a_message_that_no_queue_gave_up_stays_and_so_do_those_behind_it() {
    check_with_three_dead(
        "0s   receive dead max=2 visibility=5s
         0s   send dead 'direct'
         0s   move dead
         0s   tick
         0s   tasks dead                      → NoSource (1 of 4)
         0s   counts dead                     → 1 visible, 2 in flight
         5s   move dead to=orders
         5s   tick
         5s   receive orders                  → c, a, b, direct",
    );
}

#[test]
fn a_destination_of_another_kind_is_none() {
    check_with_three_dead(
        "0s   create q.fifo fifo
         0s   move dead to=q.fifo
         0s   tick
         0s   tasks dead                      → NoSuchQueue (0 of 3)
         0s   counts dead                     → 3 visible",
    );
}

#[test]
fn the_delay_of_the_destination_holds_for_what_is_sent_anew() {
    check_with_three_dead(
        "0s   create q delay=15m
         0s   move dead to=q
         0s   tick
         0s   counts q                        → 3 delayed
         900s receive q                       → a, b, c",
    );
}

#[test]
fn groups_keep_their_order_and_a_hidden_message_holds_back_its_group() {
    check(
        "0s   create dead.fifo fifo
         and  create orders.fifo fifo visibility=0s dlq=dead.fifo/1
         0s   send orders.fifo 'a1' group=a, 'b1' group=b, 'a2' group=a, 'b2' group=b
         0s   receive orders.fifo
         0s   receive orders.fifo             → nothing
         0s   receive dead.fifo max=1 visibility=30s → a1 (#1, receipt 5)
         0s   send orders.fifo 'b3' group=b
         0s   move dead.fifo
         0s   tick
         0s   tasks dead.fifo                 → running (2 of 4)
         0s   receive orders.fifo visibility=10s → b3 (#5), b1 (#6, count 1, id of unknown), b2 (#7)
         0s   visibility dead.fifo 5=0s
         1s   tick
         1s   tasks dead.fifo                 → completed (4 of 4)
         1s   receive orders.fifo             → a1 (#8, count 1), a2 (#9)
         1s   tallied orders.fifo             → 2 received, 4 bytes received",
    );
}

#[test]
fn deduplication_does_not_swallow_what_is_moved() {
    check(
        "0s   create dead.fifo fifo
         and  create orders.fifo fifo visibility=0s dlq=dead.fifo/1
         0s   send orders.fifo 'a' group=g id=1
         0s   receive orders.fifo             → a
         0s   receive orders.fifo             → nothing
         0s   move dead.fifo
         0s   tick
         0s   send orders.fifo 'b' group=g id=1 → a (duplicate, #1)
         0s   receive orders.fifo             → a (#2)
         0s   counts orders.fifo              → 1 visible",
    );
}

#[test]
fn a_published_message_moves_with_its_share_in_the_body() {
    check(
        "0s   topic news
         and  create dead
         and  create p visibility=0s dlq=dead/1
         and  create q
         0s   subscribe s news to p
         0s   subscribe t news to q
         0s   publish news 'extra'
         0s   receive p                       → extra
         0s   receive p                       → nothing
         5s   move dead
         5s   tick
         5s   tallied p                       → 1 sent, 5 bytes sent
         5s   note all
         5s   carry all
         5s   receive p                       → extra (via s, published as extra, sent 5s, count 1)
         5s   bodies                          → 1
         5s   delete-queue q
         5s   tick
         5s   bodies                          → 1",
    );
}

#[test]
fn a_copy_of_a_body_that_has_moved_meanwhile_is_not_needed() {
    check_with_three_dead(
        "0s   note all
         0s   move dead rate=1
         0s   tick
         0s   carry all
         0s   moved                           → 2 kept and 2 released
         0s   receive orders                  → a
         0s   note mine orders
         0s   carry mine
         0s   moved                           → 1 kept and 1 released
         0s   discard mine
         0s   bodies                          → 2",
    );
}

#[test]
fn tasks_share_the_work_of_an_entry() {
    check(
        "0s   create p
         and  create q
         and  create r
         and  create all
         0s   fill p 600
         0s   fill q 600
         0s   fill r 3
         0s   move p to=all
         and  move q to=all
         and  move r to=all rate=1
         0s   tick
         0s   tasks p                         → running (166 of 600)
         0s   tasks q                         → running (166 of 600)
         0s   tasks r                         → running (1 of 3)
         0s   tick
         0s   tasks p                         → running (416 of 600)
         0s   tasks r                         → running (1 of 3)
         0s   next                            → at once
         0s   tick
         0s   counts all                      → 1201 visible
         2s   counts all                      → 1203 visible",
    );
}
