//! What becomes of a publish.

use super::check;

#[test]
fn a_publish_is_one_body_in_many_queues() {
    check(
        "0s   topic news
         and  create p visibility=5s
         and  create q
         0s   subscribe s news to p
         0s   subscribe t news to q raw
         0s   publish news 'a'                → a (new)
         0s   touched                         → p, q
         0s   bodies                          → 1
         1s   receive p                       → a (receipt 1, via s, enveloped, published as a, sent 0s, count 1)
         1s   receive q                       → a (receipt 2, via t, raw, published as a)
         1s   delete q 2
         1s   bodies                          → 1
         6s   receive p                       → a (receipt 3, count 2)
         6s   delete p 3
         6s   bodies                          → 0",
    );
}

#[test]
fn each_message_of_a_batch_goes_its_own_ways() {
    check(
        "0s   topic news
         and  create p
         and  create q
         0s   subscribe s news to p
         0s   subscribe t news to q
         0s   publish news 'a' to=s, 'b' to=nobody, 'c' to=s+t → a (new), b (new), c (new)
         0s   receive p                       → a, c (published as c)
         0s   receive q                       → c
         0s   bodies                          → 2",
    );
}

#[test]
fn a_publish_to_nobody_succeeds_and_keeps_nothing() {
    check(
        "0s   topic news
         0s   publish news 'a'                → a (new)
         0s   bodies                          → 0
         0s   publish nowhere 'a'             → NoSuchTopic",
    );
}

#[test]
fn matches_computed_before_a_change_are_stale() {
    check(
        "0s   topic news
         and  create p
         0s   subscribe s news to p
         0s   publish news 'a' stale          → Stale
         0s   bodies                          → 0
         1s   publish news 'a'                → a
         and  set-subscription s raw
         and  publish news 'b'                → Stale
         and  unsubscribe s
         and  publish news 'c'                → Stale
         2s   receive p                       → a
         2s   set-topic news
         2s   publish news 'd'                → d",
    );
}

#[test]
fn a_missing_queue_is_a_failure_of_its_subscription_alone() {
    check(
        "0s   topic news
         and  create p
         and  create failures
         0s   subscribe s news to p
         0s   subscribe t news to missing
         0s   subscribe u news to missing2 dlq=failures
         0s   publish news 'a'                → a
         0s   dropped s                       → 0
         0s   dropped t                       → 1
         0s   dropped u                       → 0
         0s   receive p                       → a
         0s   receive failures                → a (via u, enveloped, not dead, published as a)
         0s   delete-queue failures
         0s   publish news 'b'
         0s   dropped u                       → 1
         0s   dropped t                       → 2
         0s   create missing
         0s   publish news 'c'
         0s   receive missing                 → c
         0s   dropped t                       → 2",
    );
}

#[test]
fn a_message_too_large_for_the_queue_is_a_failed_delivery() {
    check(
        "0s   topic news
         and  create failures
         and  create p maxsize=1024
         and  create q maxsize=1024
         0s   subscribe s news to p dlq=failures
         0s   subscribe t news to q raw dlq=failures
         0s   publish news 'a' raw-bytes=1024 envelope-bytes=1025
         0s   receive p                       → nothing
         0s   receive q                       → a
         0s   publish news 'b' raw-bytes=1025 envelope-bytes=1024
         0s   receive p                       → b
         0s   receive q                       → nothing
         0s   receive failures                → a (via s), b (via t, raw)
         0s   dropped s                       → 0",
    );
}

#[test]
fn more_than_ten_attributes_cannot_be_delivered_raw() {
    check(
        "0s   topic news
         and  create p
         and  create q
         0s   subscribe s news to p raw
         0s   subscribe t news to q
         0s   publish news 'a' attributes=11
         0s   publish news 'b' attributes=10
         0s   receive p                       → b
         0s   receive q                       → a, b
         0s   dropped s                       → 1",
    );
}

#[test]
fn a_delivery_is_delayed_as_its_queue_says() {
    check(
        "0s   topic news
         and  create p delay=10s
         0s   subscribe s news to p
         0s   publish news 'a'
         9s   receive p                       → nothing
         10s  receive p                       → a",
    );
}

#[test]
fn a_fifo_topic_tells_a_duplicate_what_the_first_was_told() {
    check(
        "0s   topic news fifo
         and  create q fifo
         0s   subscribe s news to q
         0s   publish news 'z' group=x id=0   → z (#1)
         0s   publish news 'a' group=x id=1, 'b' group=y id=1 → a (new, #2), a (duplicate, #2)
         299s publish news 'c' group=x id=1   → a (duplicate, #2)
         299s receive q                       → z (#1, topic #1), a (#2, topic #2)
         299s bodies                          → 2
         299s next                            → 300s
         300s publish news 'd' group=x id=1   → d (new, #3)",
    );
}

#[test]
fn a_fifo_topic_may_compare_within_groups() {
    check(
        "0s   topic news fifo scope=group
         0s   publish news 'a' group=x id=1   → a (new, #1)
         0s   publish news 'b' group=y id=1   → b (new, #2)
         0s   publish news 'c' group=y id=1   → b (duplicate, #2)",
    );
}

#[test]
fn a_fifo_topic_requires_group_and_id() {
    check(
        "0s   topic news fifo
         and  create q fifo
         0s   subscribe s news to q
         0s   publish news 'a' group=x, 'b'   → NoGroup
         0s   publish news 'a' group=x id=none → NoGroup
         0s   receive q                       → nothing",
    );
}

#[test]
fn a_group_stays_together_from_a_fifo_topic_to_a_fifo_queue() {
    check(
        "0s   topic news fifo
         and  create q fifo
         0s   send q 'own' group=x
         0s   subscribe s news to q
         0s   publish news 'a' group=x, 'b' group=y, 'c' group=x
         0s   receive q max=2                 → own (#1), a (#2, topic #1)
         0s   receive q                       → b (#3, topic #2)
         0s   delete q 1, 2
         0s   receive q                       → c (#4, topic #3)",
    );
}

#[test]
fn a_delivery_that_its_queue_knows_already_is_no_failure() {
    check(
        "0s   topic news fifo
         and  create q fifo
         0s   subscribe s news to q dlq=failures
         0s   send q 'own' group=x id=1
         0s   publish news 'a' group=x id=1   → a (new, #1)
         0s   receive q                       → own
         0s   dropped s                       → 0
         0s   bodies                          → 1",
    );
}

#[test]
fn a_standard_queue_of_a_fifo_topic_knows_no_groups() {
    check(
        "0s   topic news fifo
         and  create p
         0s   subscribe s news to p
         0s   publish news 'a' group=x, 'b' group=x
         0s   receive p max=1                 → a (topic #1)
         0s   receive p                       → b",
    );
}

#[test]
fn a_fifo_queue_of_a_standard_topic_takes_nothing_without_a_group() {
    check(
        "0s   topic news
         and  create q fifo
         and  create failures
         0s   subscribe s news to q dlq=failures
         0s   publish news 'a'
         0s   publish news 'b' group=x
         0s   receive q                       → nothing
         0s   receive failures                → a, b",
    );
}

#[test]
fn a_failed_delivery_of_a_fifo_topic_keeps_its_group() {
    check(
        "0s   topic news fifo
         and  create failures.fifo fifo
         0s   subscribe s news to missing.fifo dlq=failures.fifo
         0s   publish news 'a' group=x, 'b' group=x, 'c' group=y
         0s   receive failures.fifo max=1     → a
         0s   receive failures.fifo           → c",
    );
}

#[test]
fn a_published_message_moves_to_a_dead_letter_queue_like_any_other() {
    check(
        "0s   topic news
         and  create dead
         and  create p visibility=1s dlq=dead/1
         and  create q
         0s   subscribe s news to p
         0s   subscribe t news to q
         0s   publish news 'a'
         0s   receive p                       → a (receipt 1)
         1s   receive p                       → nothing
         1s   receive dead                    → a (via s, from p, published as a, count 2)
         1s   purge q
         2s   delete dead 2
         2s   bodies                          → 0",
    );
}

#[test]
fn a_message_outlives_its_topic_and_its_subscription() {
    check(
        "0s    topic news
         and   create p
         0s    subscribe s news to p raw
         0s    publish news 'a'
         0s    unsubscribe s
         0s    delete-topic news
         3601s receive p                      → a (via s, raw, published as a)",
    );
}

#[test]
fn what_is_published_is_delivered_as_the_subscription_was() {
    check(
        "0s   topic news
         and  create p
         0s   subscribe s news to p raw
         0s   publish news 'a'
         0s   set-subscription s
         0s   publish news 'b'
         0s   receive p                       → a (raw), b (enveloped)",
    );
}

#[test]
fn a_topic_forgets_what_it_accepted_in_steps() {
    let messages: Vec<_> = (0..2_500).map(|number| format!("'{number}' group=x")).collect();
    check(&format!(
        "0s   topic news fifo
         0s   publish news {}
         0s   next                            → 300s
         300s tick
         300s next                            → 300s
         // Its time has come, if its turn has not.
         300s publish news 'late' group=x id=2499 → late (new, #2501)
         300s tick
         300s publish news 'later' group=x id=2499 → late (duplicate)
         300s next                            → 600s
         599s publish news 'latest' group=x id=2499 → late (duplicate)
         600s publish news 'last' group=x id=2499 → last (new)
         600s delete-topic news
         600s next                            → at once
         600s tick
         600s next                            → nothing",
        messages.join(", ")
    ));
}

#[test]
fn a_dropped_delivery_of_a_gone_subscription_is_nobodys() {
    check(
        "0s   topic news
         and  create p
         0s   subscribe s news to p
         0s   delete-topic news
         0s   topic news
         // A match that names what is not subscribed here any more.
         0s   unsubscribe s
         0s   publish news 'a' to=s           → a
         0s   bodies                          → 0",
    );
}

#[test]
fn subscriptions_that_share_a_fifo_dead_letter_queue_have_a_dead_letter_each() {
    check(
        "0s   topic news fifo
         and  create failures.fifo fifo
         0s   subscribe s news to missing.fifo dlq=failures.fifo
         0s   subscribe t news to gone.fifo dlq=failures.fifo
         0s   publish news 'a' group=x id=1
         0s   counts failures.fifo            → 2 visible
         0s   receive failures.fifo           → a (via s), a (via t)",
    );
}
