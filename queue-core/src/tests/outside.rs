//! Subscriptions to the outside: whether the endpoint agrees, and what becomes of deliveries.

use super::check;

#[test]
fn an_endpoint_that_was_asked_gets_nothing_but_the_question_before_it_agrees() {
    check(
        "0s   topic news
         0s   subscribe s news outside asked=60s
         0s   consent s                       → pending until 60s
         0s   publish news 'a'
         0s   receive s                       → please
         0s   settle s 1 delivered
         1s   confirm s
         1s   changed                         → topic news, subscription s
         1s   consent s                       → given
         1s   publish news 'b'
         1s   receive s                       → b (via s)
         1s   confirm s known                 → done
         1s   consent s                       → given
         2s   next                            → 31s",
    );
}

#[test]
fn a_question_that_is_not_answered_is_forgotten_with_its_subscription() {
    check(
        "0s   topic news
         0s   subscribe s news outside asked=60s
         59s  subscription s                  → of news
         59s  next                            → 60s
         60s  subscription s                  → gone
         60s  versions news                   → topic 1, subscriptions 3, ended 1
         60s  subscribe t news outside        → done",
    );
}

#[test]
fn an_endpoint_can_take_back_that_it_withdrew() {
    check(
        "0s   topic news
         0s   subscribe s news outside raw
         0s   publish news 'a'
         0s   withdraw s within=60s
         0s   consent s                       → withdrawn until 60s
         0s   versions news                   → topic 1, subscriptions 4, ended 1
         0s   withdraw s within=60s           → NoSuchSubscription
         0s   publish news 'b'
         0s   receive s                       → goodbye
         5s   confirm s
         5s   versions news                   → topic 1, subscriptions 5, ended 0, 3
         5s   publish news 'c'
         5s   receive s                       → c (raw)
         90s  subscription s                  → of news",
    );
}

#[test]
fn an_endpoint_that_withdrew_can_be_subscribed_anew() {
    check(
        "0s   topic news
         0s   subscribe s news outside
         0s   withdraw s within=60s
         0s   subscribe t news outside        → done
         0s   subscription s                  → gone
         0s   publish news 'a'
         0s   receive t                       → a (via t)
         70s  subscription t                  → of news",
    );
}

#[test]
fn a_queue_cannot_withdraw() {
    check(
        "0s   topic news
         0s   subscribe s news to inbox
         0s   withdraw s within=60s           → NoSuchSubscription",
    );
}

#[test]
fn a_delivery_is_tried_again_when_its_time_has_come() {
    check(
        "0s   topic news
         0s   subscribe s news outside
         0s   publish news 'a'
         0s   receive s visibility=30s        → a (attempt 1)
         1s   settle s 1 retry=20s
         20s  receive s                       → nothing
         21s  receive s                       → a (attempt 2, count 2)
         22s  settle s 2 delivered
         22s  counts s                        → nothing
         22s  bodies                          → 0",
    );
}

#[test]
fn a_receive_that_led_to_no_attempt_does_not_count() {
    check(
        "0s   topic news
         0s   subscribe s news outside
         0s   publish news 'a'
         0s   receive s                       → a (attempt 1)
         0s   settle s 1 untried=10s
         10s  receive s                       → a (attempt 1, count 2)
         10s  settle s 2 retry=0s
         10s  receive s                       → a (attempt 2, count 3)",
    );
}

#[test]
fn what_is_said_of_an_earlier_receive_changes_nothing_but_that_it_was_delivered() {
    check(
        "0s   topic news
         0s   subscribe s news outside
         0s   publish news 'a'
         0s   receive s visibility=10s        → a
         10s  receive s visibility=10s        → a
         11s  settle s 1 failed
         11s  settle s 1 retry=0s
         11s  counts s                        → 1 in flight
         11s  settle s 1 delivered
         11s  counts s                        → nothing",
    );
}

#[test]
fn a_delivery_that_failed_goes_to_the_dead_letter_queue_as_it_is() {
    check(
        "0s   topic news
         0s   create dead
         0s   subscribe s news outside raw dlq=dead
         0s   publish news 'a'
         3s   receive s                       → a
         3s   settle s 1 failed
         3s   dropped s                       → 0
         3s   undelivered                     → nothing
         4s   receive dead                    → a (via s, raw, count 1, not dead, sent 0s)",
    );
}

#[test]
fn a_delivery_that_failed_without_a_dead_letter_queue_is_counted() {
    check(
        "0s   topic news
         0s   subscribe s news outside dlq=dead
         0s   publish news 'a'
         0s   receive s
         0s   settle s 1 failed
         0s   undelivered                     → subscription s
         0s   dropped s                       → 1
         0s   bodies                          → 0",
    );
}

#[test]
fn what_an_endpoint_is_told_of_its_subscription_is_no_dead_letter() {
    check(
        "0s   topic news
         0s   create dead
         0s   subscribe s news outside dlq=dead asked=60s
         0s   receive s                       → please
         0s   settle s 1 failed
         0s   dropped s                       → 0
         0s   counts dead                     → nothing",
    );
}

#[test]
fn a_delivery_that_nobody_gets_to_make_fails_in_the_end() {
    check(
        "0s   topic news
         0s   create dead
         0s   subscribe s news outside dlq=dead
         0s   publish news 'a'
         14d  counts s                        → nothing
         14d  receive dead                    → a (via s)",
    );
}

#[test]
fn the_queue_of_a_subscription_goes_with_it_and_with_nothing_else() {
    check(
        "0s   topic news
         0s   subscribe s news outside
         0s   publish news 'a'
         0s   delete-queue s                  → NoSuchQueue
         0s   delete-topic news
         0s   counts s                        → 1 visible
         0s   receive s                       → a
         0s   unsubscribe s
         0s   settle s 1                      → NoSuchQueue
         0s   tick
         0s   bodies                          → 0",
    );
}

#[test]
fn only_queues_of_subscriptions_are_settled() {
    check(
        "0s   create q
         0s   send q 'a'
         0s   receive q
         0s   settle q 1 delivered            → NoSuchQueue",
    );
}
