//! Archives: what is kept, for how long, and how it is delivered again.

use super::check;

#[test]
fn what_is_published_is_kept_as_long_as_the_topic_says_whoever_gets_it() {
    check(
        "0s   topic news archive=10s
         0s   publish news 'a'
         4s   publish news 'b', 'c'
         4s   archive news                    → a (number 1, at 0s), b (number 2), c (number 3, at 4s)
         4s   bodies                          → 3
         4s   next                            → 10s
         10s  archive news                    → b (number 2), c (number 3)
         14s  archive news                    → nothing
         14s  bodies                          → 0
         14s  next                            → nothing",
    );
}

#[test]
fn an_archive_that_is_given_up_is_reclaimed() {
    check(
        "0s   topic news archive=10d
         0s   publish news 'a', 'b', 'c'
         1s   set-topic news
         1s   next                            → 0s
         1s   tick
         2s   tick
         3s   tick
         3s   archive news                    → nothing
         3s   bodies                          → 0
         4s   set-topic news archive=10d
         4s   publish news 'd'
         4s   archive news                    → d (number 4)
         5s   delete-topic news
         5s   bodies                          → 1
         5s   tick
         5s   bodies                          → 0",
    );
}

#[test]
fn a_duplicate_is_not_archived() {
    check(
        "0s   topic news.fifo fifo archive=1d
         0s   publish news.fifo 'a' group=g id=1
         0s   publish news.fifo 'b' group=g id=1
         0s   archive news.fifo               → a",
    );
}

#[test]
fn a_subscription_that_asks_for_it_gets_the_archive_first_and_then_what_is_new() {
    check(
        "0s   topic news archive=1d
         0s   create inbox
         0s   publish news 'a', 'b', 'c'
         5s   subscribe s news to inbox from=0s
         5s   replay s                        → 0 (under way)
         5s   publish news 'd'
         5s   counts inbox                    → nothing
         6s   redeliver news policy=s max=2   → 2 redelivered
         6s   replay s                        → 2 (under way)
         6s   changed                         → subscription s
         6s   receive inbox                   → a (replayed, sent 0s, via s), b (replayed)
         7s   redeliver news policy=s
         7s   replay s                        → 4 (completed)
         7s   receive inbox                   → c (sent 0s), d (replayed, sent 5s)
         8s   publish news 'e'
         8s   receive inbox                   → e (sent 8s)
         8s   redeliver news policy=s         → NoReplay",
    );
}

#[test]
fn a_replay_that_ends_gives_nothing_new_until_it_is_taken_back() {
    check(
        "0s   topic news archive=1d
         0s   create inbox
         0s   publish news 'a'
         3s   publish news 'b'
         5s   publish news 'c'
         6s   subscribe s news to inbox from=1s until=4s
         6s   redeliver news policy=s
         6s   replay s                        → 2 (completed)
         6s   receive inbox                   → b
         7s   publish news 'd'
         7s   counts inbox                    → 1 in flight
         8s   set-subscription s
         8s   replay s                        → nothing
         8s   publish news 'e'
         8s   receive inbox                   → e",
    );
}

#[test]
fn a_replay_whose_end_is_still_to_come_waits_for_it() {
    check(
        "0s   topic news archive=1d
         0s   create inbox
         0s   subscribe s news to inbox from=0s until=9s
         1s   publish news 'a'
         1s   redeliver news policy=s
         1s   replay s                        → 1 (under way)
         5s   publish news 'b'
         10s  redeliver news policy=s
         10s  replay s                        → 2 (completed)
         10s  receive inbox                   → a, b",
    );
}

#[test]
fn two_replays_of_one_subscription_do_not_overlap() {
    check(
        "0s   topic news archive=1d
         0s   create inbox
         0s   publish news 'a'
         1s   subscribe s news to inbox from=0s
         1s   redeliver news policy=s stale   → Stale
         1s   redeliver news policy=s overtaken → Stale
         1s   counts inbox                    → nothing",
    );
}

#[test]
fn a_message_is_given_again_to_a_fifo_queue_that_had_it_just_now() {
    check(
        "0s   topic news.fifo fifo archive=1d
         0s   create inbox.fifo fifo
         0s   subscribe s news.fifo to inbox.fifo
         0s   publish news.fifo 'a' group=g id=1
         1s   receive inbox.fifo              → a
         1s   delete inbox.fifo 1
         2s   redeliver news.fifo to=s group=g id=1
         2s   receive inbox.fifo              → a (replayed)",
    );
}

#[test]
fn the_archive_can_go_to_any_queue_without_an_envelope() {
    check(
        "0s   topic news archive=1d
         0s   create copy
         0s   publish news 'a', 'b'
         1s   redeliver news queue=copy       → 2 redelivered
         1s   receive copy                    → a (raw, via nobody, replayed), b
         1s   redeliver news queue=nowhere    → NoSuchQueue",
    );
}

#[test]
fn archived_bodies_are_carried_like_others() {
    check(
        "0s   topic news archive=10s
         0s   publish news 'a'
         0s   note all
         0s   carry all
         0s   archive news                    → a
         0s   note all
         0s   discard all
         0s   archive news                    → nothing
         0s   bodies                          → 0",
    );
}
