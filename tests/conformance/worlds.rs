//! Each account and each region is a world of its own.

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use fanq_tests::Hub;

use crate::clients::{arn, bodies, queue, receive, send, sns_of, sqs_of, subscribe};

const WORLDS: [(&str, &str); 3] =
    [("111111111111", "us-east-1"), ("222222222222", "us-east-1"), ("111111111111", "eu-west-1")];

#[tokio::test]
async fn queues_of_the_same_name_do_not_meet() {
    let hub = Hub::start(&[]);
    for (number, (account, region)) in WORLDS.into_iter().enumerate() {
        let sqs = sqs_of(&hub, account, region);
        assert_eq!(sqs.list_queues().send().await.unwrap().queue_urls(), [] as [String; 0]);
        let url = queue(&sqs, "orders", &[]).await;
        assert_eq!(arn(&sqs, &url).await, format!("arn:aws:sqs:{region}:{account}:orders"));
        send(&sqs, &url, &number.to_string()).await;
    }
    for (number, (account, region)) in WORLDS.into_iter().enumerate() {
        let sqs = sqs_of(&hub, account, region);
        let url = sqs.get_queue_url().queue_name("orders").send().await.unwrap().queue_url.unwrap();
        assert_eq!(bodies(&receive(&sqs, &url).await), [number.to_string()]);
    }
}

#[tokio::test]
async fn topics_of_the_same_name_do_not_meet() {
    let hub = Hub::start(&[]);
    for (account, region) in WORLDS {
        let (sqs, sns) = (sqs_of(&hub, account, region), sns_of(&hub, account, region));
        let topic = sns.create_topic().name("events").send().await.unwrap().topic_arn.unwrap();
        assert_eq!(topic, format!("arn:aws:sns:{region}:{account}:events"));
        let url = queue(&sqs, "inbox", &[]).await;
        subscribe(&sns, &topic, &arn(&sqs, &url).await, &[("RawMessageDelivery", "true")]).await;
    }
    let (account, region) = WORLDS[0];
    let topic = format!("arn:aws:sns:{region}:{account}:events");
    sns_of(&hub, account, region).publish().topic_arn(topic).message("x").send().await.unwrap();
    for (number, (account, region)) in WORLDS.into_iter().enumerate() {
        let sqs = sqs_of(&hub, account, region);
        let url = sqs.get_queue_url().queue_name("inbox").send().await.unwrap().queue_url.unwrap();
        assert_eq!(receive(&sqs, &url).await.len(), usize::from(number == 0), "{account} {region}");
    }
}

#[tokio::test]
async fn what_only_its_owner_may_do_is_refused_to_others() {
    let hub = Hub::start(&[]);
    let (account, region) = WORLDS[1];
    let url = queue(&sqs_of(&hub, account, region), "orders", &[]).await;
    let (account, region) = WORLDS[0];
    let sqs = sqs_of(&hub, account, region);
    macro_rules! check {
        ($($call:expr),+ $(,)?) => {
            $(let error = $call.queue_url(&url).send().await.unwrap_err();
            assert_eq!(error.raw_response().unwrap().status().as_u16(), 403, "{error:?}");
            assert_eq!(error.into_service_error().code(), Some("AccessDenied"));)+
        };
    }
    check!(
        sqs.delete_queue(),
        sqs.list_queue_tags(),
        sqs.set_queue_attributes().attributes(QueueAttributeName::DelaySeconds, "1"),
        sqs.tag_queue().tags("key", "value"),
        sqs.untag_queue().tag_keys("key"),
    );
}
