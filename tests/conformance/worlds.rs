//! Each account and each region is a world of its own.

use fanq_tests::Hub;

use crate::clients::{arn, bodies, queue, receive, send, sns_of, sqs_of, subscribe};

const WORLDS: [(&str, &str); 3] = [
    ("111111111111", "us-east-1"),
    ("222222222222", "us-east-1"),
    ("111111111111", "eu-west-1"),
];

#[tokio::test]
async fn queues_of_the_same_name_do_not_meet() {
    let hub = Hub::start(&[]);
    for (number, (account, region)) in WORLDS.into_iter().enumerate() {
        let sqs = sqs_of(&hub, account, region);
        assert_eq!(
            sqs.list_queues().send().await.unwrap().queue_urls(),
            [] as [String; 0]
        );
        let url = queue(&sqs, "orders", &[]).await;
        assert_eq!(
            arn(&sqs, &url).await,
            format!("arn:aws:sqs:{region}:{account}:orders")
        );
        send(&sqs, &url, &number.to_string()).await;
    }
    for (number, (account, region)) in WORLDS.into_iter().enumerate() {
        let sqs = sqs_of(&hub, account, region);
        let url = sqs
            .get_queue_url()
            .queue_name("orders")
            .send()
            .await
            .unwrap()
            .queue_url
            .unwrap();
        assert_eq!(bodies(&receive(&sqs, &url).await), [number.to_string()]);
    }
}

#[tokio::test]
async fn topics_of_the_same_name_do_not_meet() {
    let hub = Hub::start(&[]);
    for (account, region) in WORLDS {
        let (sqs, sns) = (sqs_of(&hub, account, region), sns_of(&hub, account, region));
        let topic = sns
            .create_topic()
            .name("events")
            .send()
            .await
            .unwrap()
            .topic_arn
            .unwrap();
        assert_eq!(topic, format!("arn:aws:sns:{region}:{account}:events"));
        let url = queue(&sqs, "inbox", &[]).await;
        subscribe(
            &sns,
            &topic,
            &arn(&sqs, &url).await,
            &[("RawMessageDelivery", "true")],
        )
        .await;
    }
    let (account, region) = WORLDS[0];
    let topic = format!("arn:aws:sns:{region}:{account}:events");
    sns_of(&hub, account, region)
        .publish()
        .topic_arn(topic)
        .message("x")
        .send()
        .await
        .unwrap();
    for (number, (account, region)) in WORLDS.into_iter().enumerate() {
        let sqs = sqs_of(&hub, account, region);
        let url = sqs
            .get_queue_url()
            .queue_name("inbox")
            .send()
            .await
            .unwrap()
            .queue_url
            .unwrap();
        assert_eq!(
            receive(&sqs, &url).await.len(),
            usize::from(number == 0),
            "{account} {region}"
        );
    }
}

#[tokio::test]
async fn a_queue_of_another_account_cannot_be_reached_by_its_url() {
    let hub = Hub::start(&[]);
    let (mine, theirs) = (
        sqs_of(&hub, "111111111111", "us-east-1"),
        sqs_of(&hub, "222222222222", "us-east-1"),
    );
    let url = queue(&theirs, "orders", &[]).await;
    send(&theirs, &url, "secret").await;
    assert!(mine.receive_message().queue_url(&url).send().await.is_err());
    assert!(mine.delete_queue().queue_url(&url).send().await.is_err());
    assert_eq!(bodies(&receive(&theirs, &url).await), ["secret"]);
}
