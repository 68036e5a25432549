//! Topics and subscriptions, apart from what is published.

use super::check;

#[test]
fn a_name_belongs_to_one_topic() {
    check(
        "0s   topic news
         0s   changed                         → topic news
         0s   topic news                      → TopicExists
         // Queues have names of their own.
         0s   create news                     → done
         1s   delete-topic news
         1s   delete-topic news               → NoSuchTopic
         1s   topic news                      → done",
    );
}

#[test]
fn an_endpoint_subscribes_once_to_a_topic() {
    check(
        "0s   topic news
         and  topic other
         0s   subscribe s news to inbox       → done
         0s   changed                         → topic news, subscription s
         0s   subscribe t news to inbox       → SubscriptionExists
         0s   subscribe t other to inbox      → done
         0s   subscribe u news to outbox      → done
         0s   subscribe v nowhere to inbox    → NoSuchTopic
         0s   unsubscribe s
         0s   changed                         → topic news, subscription s
         0s   unsubscribe s                   → NoSuchSubscription
         0s   set-subscription s raw stale    → NoSuchSubscription
         0s   subscribe s news to inbox       → done",
    );
}

#[test]
fn a_change_from_an_old_view_is_stale() {
    check(
        "0s   topic news
         0s   subscribe s news to inbox
         0s   set-topic news stale            → Stale
         0s   set-topic news scope=group      → done
         0s   set-subscription s raw stale    → Stale
         0s   set-subscription s raw          → done
         0s   set-subscription s raw stale    → Stale
         0s   create inbox
         0s   set inbox delay=5s stale        → Stale
         0s   tag inbox a=b stale             → Stale
         0s   tag inbox a=b                   → done
         0s   changed                         → queue inbox
         0s   set inbox delay=5s              → done
         0s   set-topic nowhere               → NoSuchTopic",
    );
}

#[test]
fn every_change_makes_a_version() {
    check(
        "0s   topic news
         0s   versions news                   → topic 1, subscriptions 1, ended 0
         0s   set-topic news
         0s   versions news                   → topic 2, subscriptions 1, ended 0
         0s   subscribe s news to inbox
         0s   subscribe t news to outbox
         0s   versions news                   → topic 2, subscriptions 3, ended 0, 1, 1
         0s   set-subscription t raw
         0s   versions news                   → topic 2, subscriptions 4, ended 0, 1, 2
         0s   unsubscribe s
         0s   versions news                   → topic 2, subscriptions 5, ended 1, 2",
    );
}

#[test]
fn a_topic_stays_of_its_kind() {
    check(
        "0s   topic news
         0s   set-topic news fifo
         0s   publish news 'a'                → a (new)
         0s   topic news.fifo fifo
         0s   set-topic news.fifo
         0s   publish news.fifo 'a'           → NoGroup",
    );
}

#[test]
fn the_subscriptions_of_a_deleted_topic_stay_readable_for_a_while() {
    check(
        "0s    topic news
         0s    subscribe s news to inbox
         0s    subscribe t news to outbox
         10s   delete-topic news
         10s   changed                        → topic news
         10s   publish news 'a'               → NoSuchTopic
         10s   subscription s                 → of news
         10s   next                           → 3610s
         11s   set-subscription s raw
         11s   unsubscribe t
         11s   subscription t                 → gone
         3609s subscription s                 → of news
         3610s subscription s                 → gone
         3610s next                           → nothing",
    );
}

#[test]
fn a_topic_of_the_same_name_is_another_topic() {
    check(
        "0s    topic news
         0s    create inbox
         0s    subscribe s news to inbox
         0s    delete-topic news
         0s    topic news
         0s    subscribe t news to inbox      → done
         0s    publish news 'a'               → a (new)
         0s    receive inbox                  → a (via t)
         3600s subscription s                 → gone
         3600s publish news 'b'               → b (new)
         3600s receive inbox                  → a, b (via t)",
    );
}

#[test]
fn many_orphans_are_forgotten_in_steps() {
    let mut timetable = String::from("0s topic news\n");
    for number in 0..2_500 {
        timetable.push_str(&format!("and subscribe s{number} news to q{number}\n"));
    }
    let timetable = timetable.replacen("and", "0s", 1);
    check(&format!(
        "{timetable}
         0s    delete-topic news
         3599s subscription s0                → of news
         3600s subscription s900              → gone
         3600s subscription s1100             → of news
         3600s next                           → 3600s
         3600s tick
         3600s subscription s2400             → of news
         3600s tick
         3600s subscription s2400             → gone
         3600s tick
         3600s next                           → nothing",
    ));
}
