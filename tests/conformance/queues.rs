//! What a program does with queues themselves, and with what it has received, through the official SDK.

use std::time::Duration;

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName as SystemAttribute, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
};
use fanq_tests::Hub;

use crate::clients::{ACCOUNT, arn, attribute, bodies, fifo_queue, queue, receive, send, sqs, sqs_of};

#[tokio::test]
async fn attributes_are_set_and_shown() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[(QueueAttributeName::VisibilityTimeout, "60")]).await;
    let change = sqs.set_queue_attributes().queue_url(&url);
    change.attributes(QueueAttributeName::DelaySeconds, "5").send().await.unwrap();
    let asked = sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All);
    let shown = asked.send().await.unwrap().attributes.unwrap();
    assert_eq!(shown[&QueueAttributeName::VisibilityTimeout], "60");
    assert_eq!(shown[&QueueAttributeName::DelaySeconds], "5");
    assert_eq!(shown[&QueueAttributeName::QueueArn], format!("arn:aws:sqs:us-east-1:{ACCOUNT}:orders"));
    let unknown = shown
        .keys()
        .find(|name| name.as_str() != "All" && !QueueAttributeName::values().contains(&name.as_str()));
    assert_eq!(unknown, None, "the SDK knows each attribute");
}

#[tokio::test]
async fn the_url_of_a_queue_is_found_by_its_name() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let found = sqs.get_queue_url().queue_name("orders").send().await.unwrap();
    assert_eq!(found.queue_url(), Some(url.as_str()));
    let policy =
        r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}"#;
    let open = sqs.set_queue_attributes().queue_url(&url);
    open.attributes(QueueAttributeName::Policy, policy).send().await.unwrap();
    let other = sqs_of(&hub, "444455556666", "us-east-1");
    let asked = other.get_queue_url().queue_name("orders").queue_owner_aws_account_id(ACCOUNT);
    assert_eq!(asked.send().await.unwrap().queue_url(), Some(url.as_str()));
}

#[tokio::test]
async fn tags_are_set_shown_and_removed() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let made = sqs.create_queue().queue_name("orders").tags("team", "shipping").send().await.unwrap();
    let url = made.queue_url().unwrap();
    sqs.tag_queue().queue_url(url).tags("tier", "1").tags("cost", "low").send().await.unwrap();
    sqs.untag_queue().queue_url(url).tag_keys("cost").send().await.unwrap();
    let tags = sqs.list_queue_tags().queue_url(url).send().await.unwrap().tags.unwrap();
    let expected =
        [("team", "shipping"), ("tier", "1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(tags, expected.into());
}

#[tokio::test]
async fn a_queue_is_emptied_and_deleted() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    send(&sqs, &url, "order").await;
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(receive(&sqs, &url).await, []);
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(sqs.list_queues().send().await.unwrap().queue_urls(), [""; 0]);
}

#[tokio::test]
async fn pages_of_the_sources_of_a_dead_letter_queue_are_complete() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let failed = queue(&sqs, "failed", &[]).await;
    let policy =
        format!(r#"{{"deadLetterTargetArn": "{}", "maxReceiveCount": 3}}"#, arn(&sqs, &failed).await);
    let mut expected = Vec::new();
    for number in 0..5 {
        let redrive = [(QueueAttributeName::RedrivePolicy, policy.as_str())];
        expected.push(queue(&sqs, &format!("q{number}"), &redrive).await);
    }
    let pages = sqs.list_dead_letter_source_queues().queue_url(&failed).max_results(2).into_paginator();
    let mut found = pages.items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_changed_visibility_timeout_counts_from_the_change() {
    let hub = Hub::start(&[]);
    hub.freeze();
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    for body in ["a", "b", "c"] {
        send(&sqs, &url, body).await;
    }
    let got = receive(&sqs, &url).await;
    let handle = |message: &Message| message.receipt_handle().unwrap().to_owned();
    let change = sqs.change_message_visibility().queue_url(&url).receipt_handle(handle(&got[0]));
    change.visibility_timeout(0).send().await.unwrap();
    assert_eq!(bodies(&receive(&sqs, &url).await), ["a"]);

    let entry = |message: &Message, seconds| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(message.body().unwrap());
        entry.receipt_handle(handle(message)).visibility_timeout(seconds).build().unwrap()
    };
    let changes = sqs.change_message_visibility_batch().queue_url(&url);
    let changes = changes.entries(entry(&got[1], 100)).entries(entry(&got[2], 43_201)).send().await.unwrap();
    assert_eq!(changes.successful().iter().map(|entry| entry.id()).collect::<Vec<_>>(), ["b"]);
    let failed = changes.failed().iter().map(|entry| (entry.id(), entry.code(), entry.sender_fault()));
    assert_eq!(failed.collect::<Vec<_>>(), [("c", "InvalidParameterValue", true)]);
    hub.advance(Duration::from_secs(30));
    assert_eq!(bodies(&receive(&sqs, &url).await), ["a", "c"]);
    hub.advance(Duration::from_secs(70));
    assert_eq!(bodies(&receive(&sqs, &url).await), ["a", "b", "c"]);
}

#[tokio::test]
async fn attributes_of_each_type_arrive_as_they_were_sent() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let value = |kind: &str| MessageAttributeValue::builder().data_type(kind);
    let sent = [
        ("kind", value("String").string_value("physical").build().unwrap()),
        ("weight", value("Number.kg").string_value("2.50").build().unwrap()),
        ("label", value("Binary").binary_value(Blob::new([0, 255, 128])).build().unwrap()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let trace = MessageSystemAttributeValue::builder().data_type("String").string_value("Root=1");
    let request = sqs.send_message().queue_url(&url).message_body("order");
    let request = request.set_message_attributes(Some(sent.clone().into())).message_system_attributes(
        MessageSystemAttributeNameForSends::AwsTraceHeader,
        trace.build().unwrap(),
    );
    let answer = request.send().await.unwrap();
    let asked = sqs.receive_message().queue_url(&url).message_attribute_names("All");
    let asked = asked.message_system_attribute_names(SystemAttribute::All);
    let got = asked.send().await.unwrap().messages.unwrap();
    assert_eq!(got[0].message_attributes(), Some(&sent.into()));
    assert_eq!(got[0].md5_of_message_attributes(), answer.md5_of_message_attributes());
    assert_eq!(got[0].md5_of_body(), answer.md5_of_message_body());
    let system = got[0].attributes().unwrap();
    assert_eq!(system[&SystemAttribute::AwsTraceHeader], "Root=1");
    let unknown = system.keys().find(|name| !SystemAttribute::values().contains(&name.as_str()));
    assert_eq!(unknown, None, "the SDK knows each attribute");
}

#[tokio::test]
async fn a_batch_says_for_each_entry_how_it_went() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = queue(&sqs, "orders", &[]).await;
    let entry = |id: &str, delay| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(id).delay_seconds(delay);
        entry.build().unwrap()
    };
    let batch = sqs.send_message_batch().queue_url(&url).entries(entry("good", 0));
    let sent = batch.entries(entry("late", 901)).send().await.unwrap();
    assert_eq!(sent.successful().iter().map(|entry| entry.id()).collect::<Vec<_>>(), ["good"]);
    let failed = sent.failed().iter().map(|entry| (entry.id(), entry.code(), entry.sender_fault()));
    assert_eq!(failed.collect::<Vec<_>>(), [("late", "InvalidParameterValue", true)]);
    assert_eq!(attribute(&sqs, &url, QueueAttributeName::ApproximateNumberOfMessages).await, "1");
}

#[tokio::test]
async fn the_same_attempt_at_receiving_is_answered_with_the_same_messages() {
    let hub = Hub::start(&[]);
    let sqs = sqs(&hub);
    let url = fifo_queue(&sqs, "orders.fifo").await;
    let request = sqs.send_message().queue_url(&url).message_body("order");
    let sent = request.message_group_id("g").message_deduplication_id("1").send().await.unwrap();
    assert_eq!(sent.sequence_number().unwrap().len(), 20);
    let attempt = || sqs.receive_message().queue_url(&url).receive_request_attempt_id("attempt-1").send();
    let first = attempt().await.unwrap();
    let again = attempt().await.unwrap();
    assert_eq!(again.messages()[0].message_id(), first.messages()[0].message_id());
    assert_eq!(receive(&sqs, &url).await, []);
}
