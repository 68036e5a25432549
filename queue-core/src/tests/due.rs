//! Bounded work: what falls due all at once takes several entries, and stays due until it is done.

use super::check;

#[test]
fn ten_thousand_timers_take_ten_entries() {
    check(
        "0s   create orders delay=10s
         0s   fill orders 10000
         10s  tick
         10s  counts orders                   → 1000 visible, 9000 delayed
         10s  next                            → 10s
         10s  next orders                     → 10s
         10s  receive orders max=1            → 1
         10s  counts orders                   → 1999 visible, 1 in flight, 8000 delayed
         10s  tick
         10s  tick
         10s  tick
         10s  tick
         10s  tick
         10s  tick
         10s  tick
         10s  counts orders                   → 8999 visible, 1 in flight, 1000 delayed
         10s  next                            → 10s
         10s  tick
         10s  counts orders                   → 9999 visible, 1 in flight
         10s  next                            → 40s",
    );
}

#[test]
fn expiry_takes_several_entries() {
    check(
        "0s   create orders retention=60s
         0s   fill orders 2500
         60s  tick
         60s  counts orders                   → 1500 visible
         60s  bodies                          → 1500
         60s  next                            → 60s
         60s  tick
         60s  tick
         60s  counts orders                   → nothing
         60s  next                            → nothing",
    );
}

#[test]
fn sweeps_take_several_entries() {
    check(
        "0s   create dead
         and  create orders visibility=10s dlq=dead/1
         0s   fill orders 2500
         0s   receive orders max=2500
         10s  tick
         10s  tick
         10s  tick
         70s  tick
         70s  counts dead                     → 1000 visible
         70s  next                            → 70s
         70s  tick
         70s  tick
         70s  counts dead                     → 2500 visible
         70s  counts orders                   → nothing",
    );
}

#[test]
fn a_retroactive_delay_takes_several_entries() {
    check(
        "0s   create q fifo
         0s   fill q 2500 group=x
         0s   set q delay=60s
         0s   next                            → at once
         1s   tick
         1s   counts q                        → 1500 visible, 1000 delayed
         1s   next                            → at once
         1s   tick
         1s   tick
         1s   counts q                        → 2500 delayed
         1s   next                            → 60s",
    );
}

#[test]
fn queues_share_the_work_of_an_entry_by_time() {
    check(
        "0s   create p delay=10s
         and  create q delay=9s
         and  create r delay=10s
         0s   fill p 600
         0s   fill q 600
         0s   send r 'a'
         10s  tick
         10s  counts q                        → 600 visible
         10s  counts p                        → 400 visible, 200 delayed
         10s  counts r                        → 1 delayed
         10s  tick
         10s  counts p                        → 600 visible
         10s  counts r                        → 1 visible",
    );
}

#[test]
fn the_next_time_is_the_earliest_of_all() {
    check(
        "0s   next                            → nothing
         0s   create orders retention=100s visibility=30s
         0s   next                            → nothing
         0s   send orders 'a'
         0s   next                            → 100s
         0s   send orders 'b' delay=20s
         0s   next                            → 20s
         0s   receive orders visibility=10s   → a
         0s   next                            → 10s
         0s   visibility orders 1=15s
         0s   next                            → 15s
         0s   delete orders 1
         0s   next                            → 20s
         20s  next                            → 100s
         20s  purge orders
         20s  next                            → at once
         20s  tick
         20s  next                            → nothing",
    );
}

#[test]
fn a_turned_clock_is_remembered_and_changes_nothing_by_itself() {
    check(
        "0s   create orders
         0s   send orders 'a' delay=60s
         0s   clock turn frozen ahead=1h behind=5s
         0s   clock?                          → frozen, 3600s ahead, 5s behind
         0s   counts orders                   → 1 delayed
         // Time itself comes from the log.
         1h   receive orders                  → a
         1h   clock turn ahead=1h
         1h   clock?                          → running, 3600s ahead, 0s behind",
    );
}
