//! An order is published once and goes to the queues that want it: the life of a message through the SDKs.

use std::time::Duration;

use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use fanq_tests::Hub;

use crate::clients::{
    arn, attribute, bodies, delete, fifo_queue, queue, receive, receive_within, send, sns, sqs, subscribe,
};

fn text(value: &str) -> MessageAttributeValue {
    let value = MessageAttributeValue::builder().data_type("String").string_value(value);
    value.build().unwrap()
}

#[tokio::test]
async fn an_order_is_published_once_filtered_received_and_deleted() {
    let hub = Hub::start(&[]);
    let (sqs, sns) = (sqs(&hub), sns(&hub));
    let topic = sns.create_topic().name("orders").send().await.unwrap().topic_arn.unwrap();
    let parcels = queue(&sqs, "parcels", &[]).await;
    let downloads = queue(&sqs, "downloads", &[]).await;
    let audit = queue(&sqs, "audit", &[]).await;
    let raw = ("RawMessageDelivery", "true");
    subscribe(
        &sns,
        &topic,
        &arn(&sqs, &parcels).await,
        &[raw, ("FilterPolicy", r#"{"kind": ["physical"]}"#)],
    )
    .await;
    let by_body = [
        raw,
        ("FilterPolicyScope", "MessageBody"),
        ("FilterPolicy", r#"{"total": [{"numeric": [">", 100]}]}"#),
    ];
    subscribe(&sns, &topic, &arn(&sqs, &downloads).await, &by_body).await;
    subscribe(&sns, &topic, &arn(&sqs, &audit).await, &[]).await;

    for (kind, total) in [("physical", 20), ("digital", 200), ("physical", 300)] {
        let message = format!(r#"{{"kind": "{kind}", "total": {total}}}"#);
        let published =
            sns.publish().topic_arn(&topic).message(message).message_attributes("kind", text(kind));
        assert!(published.send().await.unwrap().message_id.is_some());
    }

    let totals =
        |expected: &[i32]| expected.iter().map(|total| format!("\"total\": {total}")).collect::<Vec<_>>();
    for (url, expected) in
        [(&parcels, totals(&[20, 300])), (&downloads, totals(&[200, 300])), (&audit, totals(&[20, 200, 300]))]
    {
        let got = receive(&sqs, url).await;
        assert_eq!(got.len(), expected.len(), "{:?}", bodies(&got));
        for (message, part) in got.iter().zip(expected) {
            let body = message.body().unwrap().replace("\\\"", "\"");
            assert!(body.contains(&part), "{body} has {part}");
            delete(&sqs, url, message).await;
        }
        assert_eq!(receive(&sqs, url).await, []);
        assert_eq!(
            attribute(&sqs, url, QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await,
            "0"
        );
    }
}

#[tokio::test]
async fn groups_of_a_fifo_topic_keep_their_order() {
    let hub = Hub::start(&[]);
    let (sqs, sns) = (sqs(&hub), sns(&hub));
    let made = sns.create_topic().name("orders.fifo").attributes("FifoTopic", "true");
    let topic = made.send().await.unwrap().topic_arn.unwrap();
    let url = fifo_queue(&sqs, "inbox.fifo").await;
    subscribe(&sns, &topic, &arn(&sqs, &url).await, &[("RawMessageDelivery", "true")]).await;
    let mut numbers = Vec::new();
    for step in 0..3 {
        for group in ["a", "b"] {
            let body = format!("{group}{step}");
            let sent = sns
                .publish()
                .topic_arn(&topic)
                .message(&body)
                .message_group_id(group)
                .message_deduplication_id(&body);
            numbers.push(sent.send().await.unwrap().sequence_number.unwrap());
        }
    }
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert!(numbers.iter().all(|number| number.len() == 20), "{numbers:?}");
    let got = receive(&sqs, &url).await;
    for group in ["a", "b"] {
        let of_group = bodies(&got).into_iter().filter(|body| body.starts_with(group));
        assert_eq!(
            of_group.collect::<Vec<_>>(),
            (0..3).map(|step| format!("{group}{step}")).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn a_duplicate_within_five_minutes_is_the_original() {
    let hub = Hub::start(&[]);
    hub.freeze();
    let sqs = sqs(&hub);
    let url = fifo_queue(&sqs, "orders.fifo").await;
    let send = async |body: &str| {
        let sent = sqs
            .send_message()
            .queue_url(&url)
            .message_body(body)
            .message_group_id("g")
            .message_deduplication_id("same");
        sent.send().await.unwrap()
    };
    let first = send("first").await;
    hub.advance(Duration::from_secs(299));
    let second = send("second").await;
    assert_eq!((&second.message_id, &second.sequence_number), (&first.message_id, &first.sequence_number));
    hub.advance(Duration::from_millis(1001));
    assert_ne!(send("third").await.message_id, first.message_id);
    assert_eq!(bodies(&receive(&sqs, &url).await), ["first", "third"]);
}

#[tokio::test]
async fn a_batch_is_sent_received_and_deleted() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let entry = |number: usize| {
        let entry = SendMessageBatchRequestEntry::builder().id(format!("e{number}"));
        entry.message_body(number.to_string()).build().unwrap()
    };
    let sent = sqs.send_message_batch().queue_url(&url).set_entries(Some((0..10).map(entry).collect()));
    let sent = sent.send().await.unwrap();
    assert_eq!((sent.successful.len(), sent.failed.len()), (10, 0));
    let got = receive(&sqs, &url).await;
    assert_eq!(bodies(&got), (0..10).map(|number| number.to_string()).collect::<Vec<_>>());
    let entry = |(number, message): (usize, &aws_sdk_sqs::types::Message)| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(format!("e{number}"));
        entry.receipt_handle(message.receipt_handle().unwrap()).build().unwrap()
    };
    let entries = got.iter().enumerate().map(entry).collect();
    let gone = sqs.delete_message_batch().queue_url(&url).set_entries(Some(entries)).send().await.unwrap();
    assert_eq!((gone.successful.len(), gone.failed.len()), (10, 0));
    assert_eq!(attribute(&sqs, &url, QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await, "0");
}

#[tokio::test]
async fn a_batch_is_published_and_each_entry_is_its_own_message() {
    let hub = Hub::start(&[]);
    let (sqs, sns) = (sqs(&hub), sns(&hub));
    let topic = sns.create_topic().name("orders").send().await.unwrap().topic_arn.unwrap();
    let url = queue(&sqs, "inbox", &[]).await;
    let attributes = [("RawMessageDelivery", "true"), ("FilterPolicy", r#"{"kind": ["a"]}"#)];
    subscribe(&sns, &topic, &arn(&sqs, &url).await, &attributes).await;
    let entry = |number: usize| {
        let entry = PublishBatchRequestEntry::builder().id(format!("e{number}")).message(number.to_string());
        let kind = if number.is_multiple_of(2) { "a" } else { "b" };
        entry.message_attributes("kind", text(kind)).build().unwrap()
    };
    let sent = sns.publish_batch().topic_arn(&topic);
    let sent = sent.set_publish_batch_request_entries(Some((0..6).map(entry).collect()));
    assert_eq!(sent.send().await.unwrap().successful().len(), 6);
    assert_eq!(bodies(&receive(&sqs, &url).await), ["0", "2", "4"]);
}

#[tokio::test]
async fn a_message_that_nobody_finishes_goes_to_the_dead_letter_queue() {
    let hub = Hub::start(&[]);
    hub.freeze();
    let sqs = sqs(&hub);
    let dead = queue(&sqs, "dead", &[]).await;
    let policy = format!(r#"{{"deadLetterTargetArn": "{}", "maxReceiveCount": 3}}"#, arn(&sqs, &dead).await);
    let url = queue(
        &sqs,
        "orders",
        &[(QueueAttributeName::RedrivePolicy, &policy), (QueueAttributeName::VisibilityTimeout, "10")],
    )
    .await;
    send(&sqs, &url, "poison").await;
    for _ in 0..3 {
        assert_eq!(bodies(&receive(&sqs, &url).await), ["poison"]);
        hub.advance(Duration::from_secs(10));
    }
    assert_eq!(receive(&sqs, &url).await, []);
    let asked = sqs
        .receive_message()
        .queue_url(&dead)
        .message_system_attribute_names(MessageSystemAttributeName::All);
    let got = asked.send().await.unwrap().messages.unwrap();
    assert_eq!(bodies(&got), ["poison"]);
    let shown = got[0].attributes().unwrap();
    assert_eq!(shown[&MessageSystemAttributeName::DeadLetterQueueSourceArn], arn(&sqs, &url).await);
    let sources = sqs.list_dead_letter_source_queues().queue_url(&dead).send().await.unwrap();
    assert_eq!(sources.queue_urls, [url]);
}

#[tokio::test]
async fn delays_and_timeouts_follow_the_clock() {
    let hub = Hub::start(&[]);
    hub.freeze();
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[(QueueAttributeName::DelaySeconds, "900")]).await;
    send(&sqs, &url, "later").await;
    hub.advance(Duration::from_millis(899_999));
    assert_eq!(receive(&sqs, &url).await, []);
    hub.advance(Duration::from_millis(1));
    let first = receive(&sqs, &url).await;
    assert_eq!(bodies(&first), ["later"]);
    hub.advance(Duration::from_millis(29_999));
    assert_eq!(receive(&sqs, &url).await, []);
    hub.advance(Duration::from_millis(1));
    let second = receive(&sqs, &url).await;
    assert_eq!(second[0].message_id, first[0].message_id);
    hub.advance(Duration::from_hours(96));
    assert_eq!(receive(&sqs, &url).await, [], "its retention has passed");
}

#[tokio::test]
async fn the_clock_goes_on_when_it_is_resumed() {
    let hub = Hub::start(&[]);
    hub.freeze();
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[(QueueAttributeName::DelaySeconds, "1")]).await;
    send(&sqs, &url, "later").await;
    assert_eq!(receive_within(&sqs, &url, 1).await, [], "waits are in real time, the delay is not");
    hub.turn_clock(r#"{"resume": true}"#);
    assert_eq!(bodies(&receive_within(&sqs, &url, 20).await), ["later"]);
}

#[tokio::test]
async fn pages_of_queues_and_topics_are_complete() {
    let hub = Hub::start(&[]);
    let (sqs, sns) = (sqs(&hub), sns(&hub));
    let mut expected = Vec::new();
    for number in 0..7 {
        expected.push(queue(&sqs, &format!("q{number}"), &[]).await);
        sns.create_topic().name(format!("t{number}")).send().await.unwrap();
    }
    let pages = sqs.list_queues().max_results(3).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    let sizes = pages.iter().map(|page| page.queue_urls().len()).collect::<Vec<_>>();
    assert_eq!(sizes, [3, 3, 1]);
    let mut urls = pages.into_iter().flat_map(|page| page.queue_urls.unwrap()).collect::<Vec<_>>();
    urls.sort();
    assert_eq!(urls, expected);
    let topics = sns.list_topics().into_paginator().items().send();
    assert_eq!(topics.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 7);
}
