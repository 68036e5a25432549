//! Priority queues: which member a receive takes from, and what else they do.

mod simulation;

use super::check;

#[test]
fn the_highest_level_is_served_first() {
    check(
        "0s   create high
         and  create low
         0s   create all members=high+low
         0s   send low 'a', 'b'
         0s   send high 'c', 'd'
         1s   receive all max=3               → c, d, a
         1s   send high 'e'
         1s   receive all                     → e, b
         1s   receive all                     → nothing",
    );
}

#[test]
fn receipts_are_those_of_the_members() {
    check(
        "0s   create high visibility=10s
         and  create low visibility=10s
         0s   create all members=high+low
         0s   send high 'a'
         0s   send low 'b'
         0s   receive all                     → a (count 1), b (count 1)
         0s   delete high 1                   → done
         0s   visibility low 2=0s             → done
         0s   counts high                     → nothing
         0s   receive all                     → b (count 2)
         0s   counts low                      → 1 in flight
         0s   counts all                      → nothing",
    );
}

#[test]
fn receipts_of_several_members_can_be_used_together_on_their_list() {
    check(
        "0s   create dead
         and  create high visibility=10s dlq=dead/5
         and  create low visibility=10s
         0s   create all members=high+low
         0s   send high 'a', 'b'
         0s   send low 'c', 'd'
         0s   receive all                     → a, b, c, d
         0s   visibility all 1=20s, 3=0s      → done, done
         0s   renew all 2 for=15s, 3          → done, ReceiptExpired
         0s   bury all 2, 4                   → done, NoDeadLetterQueue
         0s   receive dead                    → b (from high)
         0s   delete all 1, 3, 4              → done, done, done
         0s   tallied high                    → 1 deleted
         0s   tallied low                     → 2 deleted
         0s   counts low                      → nothing",
    );
}

#[test]
fn what_waited_too_long_counts_as_of_the_highest_level_the_oldest_first() {
    check(
        "0s   create high
         and  create middle
         and  create low
         0s   create all members=high+middle+low wait=10s
         0s   send low 'a'
         1s   send middle 'b'
         2s   send high 'c'
         9s   send high 'd'
         // Nothing is old yet.
         9s   receive all max=1               → c
         10s  receive all max=1               → a
         10s  receive all max=1               → d
         10s  send high 'e'
         11s  receive all                     → b, e",
    );
}

#[test]
fn without_a_longest_wait_the_lowest_level_may_wait_for_ever() {
    check(
        "0s   create high
         and  create low
         0s   create all members=high+low
         0s   send low 'a'
         90000s send high 'b'
         90000s receive all max=1             → b",
    );
}

#[test]
fn levels_share_by_their_weights() {
    check(
        "0s   create high
         and  create low
         0s   create all weighted members=high*3+low
         0s   send high 'a', 'b', 'c', 'd', 'e', 'f'
         0s   send low '1', '2', '3', '4', '5'
         0s   receive all max=8               → a, b, 1, c, d, e, 2, f
         // Where one has nothing, the other is served.
         0s   receive all max=8               → 3, 4, 5",
    );
}

#[test]
fn an_old_message_comes_first_whatever_the_weights() {
    check(
        "0s   create high
         and  create middle
         and  create low
         0s   create all weighted members=high+middle*1000+low wait=10s
         0s   send low '1', '2'
         5s   send low '3'
         10s  send middle 'a', 'b'
         10s  send high 'c'
         10s  receive all max=3               → 1, 2, a
         15s  receive all                     → 3, b, c",
    );
}

#[test]
fn an_old_message_of_a_noisy_tenant_comes_first() {
    check(
        "0s   create high
         and  create low
         0s   create all members=high+low wait=60s
         0s   fill low 35 group=busy
         0s   receive low max=31 visibility=10m
         50s  send low 'quiet' group=calm
         59s  receive all max=1 visibility=0s → quiet
         59s  send high 'new'
         60s  receive all max=2               → 32, 33",
    );
}

#[test]
fn a_member_does_with_its_messages_what_it_does_with_its_own() {
    check(
        "0s   create dead
         and  create high visibility=10s dlq=dead/1
         and  create low delay=5s
         0s   create all members=high+low
         0s   send high 'a'
         0s   send low 'b'
         0s   next all                        → 5s
         0s   receive all visibility=10s      → a
         5s   receive all                     → b
         10s  receive all                     → nothing
         10s  receive dead                    → a (from high)",
    );
}

#[test]
fn a_receive_goes_on_behind_what_it_moves_to_dead_letter_queues() {
    check(
        "0s   create dead
         and  create high dlq=dead/1
         and  create low
         0s   create all members=high+low
         0s   send high 'a', 'b'
         0s   send low 'c'
         0s   receive high visibility=1s      → a, b
         1s   send high 'd'
         1s   receive all                     → d, c
         1s   counts dead                     → 2 visible",
    );
}

#[test]
fn members_must_be_there_once_and_plain_and_of_one_kind() {
    check(
        "0s   create high
         and  create low
         and  create ordered.fifo fifo
         0s   create one members=high+gone        → UnfitMembers
         0s   create two members=high+high        → UnfitMembers
         0s   create three members=high+ordered.fifo → UnfitMembers
         0s   create four members=high+low        → done
         0s   create five members=four+low        → UnfitMembers
         0s   create six.fifo fifo members=high   → UnfitMembers
         0s   create seven.fifo fifo members=ordered.fifo → done
         // A queue stays what it is.
         0s   set high members=low                → UnfitMembers
         0s   set four members=low                → done
         0s   send high 'a'
         0s   send low 'b'
         0s   receive four                        → b",
    );
}

#[test]
fn a_member_is_not_deleted_and_the_priority_queue_leaves_its_members() {
    check(
        "0s   create high
         and  create low
         0s   create all members=high+low
         0s   send low 'a'
         0s   delete-queue low                → IsMember
         0s   delete-queue all                → done
         0s   receive low                     → a
         0s   delete-queue low                → done",
    );
}

#[test]
fn a_purge_empties_all_members_or_none() {
    check(
        "0s   create high
         and  create low
         0s   create all members=high+low
         0s   send high 'a'
         0s   send low 'b'
         0s   purge low
         30s  send low 'c'
         30s  purge all guard=60s             → PurgedRecently
         30s  counts high                     → 1 visible
         60s  purge all guard=60s             → done
         60s  counts high                     → nothing
         60s  counts low                      → nothing",
    );
}

#[test]
fn nothing_is_sent_to_the_list_itself() {
    check(
        "0s   create high
         0s   create all members=high
         0s   send all 'a'                    → NoSuchQueue
         0s   bodies                          → 0",
    );
}

#[test]
fn a_publish_goes_to_the_member_that_it_asks_for() {
    check(
        "0s   create high
         and  create low
         and  create failed
         0s   create all members=high+low
         0s   topic news
         0s   subscribe s news to all dlq=failed raw
         0s   publish news 'a' priority=high
         0s   publish news 'b' priority=0
         0s   publish news 'c' priority=low
         0s   publish news 'd'
         0s   publish news 'e' priority=2
         0s   publish news 'f' priority=urgent
         0s   receive high                    → a, b
         0s   receive low                     → c, d
         0s   receive failed                  → e, f",
    );
}

#[test]
fn what_leads_to_the_list_without_asking_ends_in_its_last_member() {
    check(
        "0s   create high
         and  create low
         0s   create all members=high+low
         0s   create orders visibility=1s dlq=all/1
         0s   send orders 'a'
         0s   receive orders                  → a
         1s   receive orders                  → nothing
         1s   receive low                     → a (from orders)",
    );
}

#[test]
fn a_group_in_two_members_is_served_from_one_at_a_time() {
    check(
        "0s   create high fifo visibility=10s
         and  create low fifo visibility=10s
         0s   create all fifo members=high+low
         0s   send low 'a' group=x, 'b' group=x, 'c' group=y
         0s   receive all max=1               → a
         0s   send high 'd' group=x, 'e' group=z
         // x is held in the lower one.
         0s   receive all                     → e, c
         0s   receive all                     → nothing
         0s   delete low 1
         // And goes on in the higher one.
         0s   receive all                     → d
         0s   delete high 4
         0s   receive all                     → b",
    );
}

#[test]
fn a_receive_takes_what_it_can_of_a_group() {
    check(
        "0s   create high fifo
         and  create low fifo
         0s   create all fifo members=high+low
         0s   send high 'a' group=x, 'b' group=y, 'c' group=x, 'd' group=x
         0s   send low 'e' group=x, 'f' group=z
         0s   receive all max=2               → a, c
         0s   receive all                     → b, f",
    );
}

#[test]
fn an_attempt_at_a_list_of_fifo_queues_can_be_repeated() {
    check(
        "0s   create high fifo visibility=10s
         and  create low fifo visibility=10s
         0s   create all fifo members=high+low visibility=10s
         0s   send high 'a' group=x
         0s   send low 'b' group=y
         0s   receive all attempt=one         → a (receipt 1, count 1), b (receipt 2, count 1)
         5s   receive all attempt=one         → a (receipt 1, count 1), b (receipt 2, count 1)
         5s   receive all attempt=two         → nothing
         14s  counts high                     → 1 in flight
         15s  receive all attempt=one         → a (count 2), b (count 2)",
    );
}

#[test]
fn members_with_all_in_flight_that_can_be_are_passed_over() {
    check(
        "0s   create high
         and  create low
         0s   create all members=high+low
         0s   fill high 120001
         0s   send low 'a'
         0s   receive high max=120000
         0s   receive all                     → a
         0s   fill low 119999
         0s   receive low max=119999
         0s   send low 'b'
         0s   receive all                     → OverLimit",
    );
}

#[test]
fn a_receive_without_a_timeout_takes_each_message_once_and_leaves_it_visible() {
    check(
        "0s   create high
         and  create low
         0s   create all members=high+low
         0s   send high 'a', 'b'
         0s   send low 'c'
         0s   receive all visibility=0s       → a (count 1), b (count 1), c (count 1)
         0s   counts high                     → 2 visible
         0s   receive all                     → a (count 2), b (count 2), c (count 2)",
    );
}

#[test]
fn changed_members_begin_without_debts() {
    check(
        "0s   create high
         and  create low
         0s   create all weighted members=high+low
         0s   send high 'a', 'b', 'c'
         0s   send low '1', '2', '3'
         0s   receive all max=1               → a
         0s   set all weighted members=high*2+low
         0s   receive all                     → b, 1, c, 2, 3",
    );
}
