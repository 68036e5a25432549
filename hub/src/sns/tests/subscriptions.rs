//! Subscriptions and their attributes.

use super::*;

const NULL: &str = "failed to satisfy constraint: Member must not be null";

#[actix_web::test]
async fn a_queue_is_subscribed_once() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe(&topic, "q", &[("RawMessageDelivery", "true")]).await;
    assert!(arn.starts_with(&format!("{topic}:")), "{arn}");
    for attributes in [&[][..], &[("RawMessageDelivery", "true")]] {
        assert_eq!(world.subscribe(&topic, "q", attributes).await, arn);
    }
    let differs = "400 InvalidParameter: Invalid parameter: Attributes Reason: \
                   Subscription already exists with different attributes";
    let endpoint = format!("{QUEUES}:q");
    for (name, value) in [("RawMessageDelivery", "false"), ("FilterPolicy", r#"{"a":["b"]}"#)] {
        let parameters = [
            ("TopicArn", topic.as_str()),
            ("Protocol", "sqs"),
            ("Endpoint", &endpoint),
            ("Attributes.entry.1.key", name),
            ("Attributes.entry.1.value", value),
        ];
        world.check("Subscribe", &parameters, differs).await;
    }
    let attributes = map(&world.call("GetTopicAttributes", &[("TopicArn", &topic)]).await);
    assert_eq!(value(&attributes, "SubscriptionsConfirmed"), Some("1"));
}

#[actix_web::test]
async fn an_endpoint_fits_its_protocol_and_its_topic() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let fifo = world.create_topic("orders.fifo", &[("FifoTopic", "true")]).await;
    let invalid = |text: &str| format!("400 InvalidParameter: Invalid parameter: {text}");
    let (queue, fifo_queue) = (format!("{QUEUES}:q"), format!("{QUEUES}:q.fifo"));
    for (topic, protocol, endpoint, expected) in [
        (&topic, "sqs", "http://localhost:4566/000000000000/q", invalid("SQS endpoint ARN")),
        (&topic, "sqs", "arn:aws:sns:us-east-1:000000000000:q", invalid("SQS endpoint ARN")),
        (&topic, "sqs", "", invalid("SQS endpoint ARN")),
        (&topic, "sqs", "arn:aws:sqs:us-east-1:000000000000:q&a", invalid("SQS endpoint ARN")),
        (
            &topic,
            "sqs",
            &fifo_queue,
            invalid(
                "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
            ),
        ),
        (&topic, "pigeon", "x", invalid("Amazon SNS does not support this protocol string: pigeon")),
        (&topic, "SQS", &queue, invalid("Amazon SNS does not support this protocol string: SQS")),
        (&topic, "http", "https://example.com", invalid("Endpoint must match the specified protocol")),
        (&topic, "sms", "12 34", "400 InvalidParameter: Invalid SMS endpoint: 12 34".to_owned()),
        (
            &fifo,
            "http",
            "http://example.com",
            invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue"),
        ),
    ] {
        let parameters = [("TopicArn", topic.as_str()), ("Protocol", protocol), ("Endpoint", endpoint)];
        world.check("Subscribe", &parameters, &expected).await;
    }
    world.subscribe(&fifo, "q.fifo", &[]).await;
    world.subscribe(&fifo, "q", &[]).await;
    let no_protocol =
        format!("400 ValidationError: 1 validation error detected: Value null at 'protocol' {NULL}");
    world.check("Subscribe", &[("TopicArn", &topic)], &no_protocol).await;
    let missing = format!("{TOPICS}:missing");
    let parameters = [("TopicArn", missing.as_str()), ("Protocol", "sqs"), ("Endpoint", &queue)];
    world.check("Subscribe", &parameters, "404 NotFound: Topic does not exist").await;
}

#[actix_web::test]
async fn the_attributes_of_a_subscription_have_an_order() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let dead = format!(r#"{{"deadLetterTargetArn":"{QUEUES}:dead"}}"#);
    let attributes = [("FilterPolicy", r#"{"a":["b&c"]}"#), ("RedrivePolicy", &dead)];
    let arn = world.subscribe(&topic, "q", &attributes).await;
    let shown = shown(&world, &arn).await;
    let expected = [
        ("SubscriptionPrincipal", "arn:aws:iam::000000000000:root"),
        ("Owner", "000000000000"),
        ("RawMessageDelivery", "false"),
        ("FilterPolicy", r#"{"a":["b&c"]}"#),
        ("TopicArn", &topic),
        ("Endpoint", &format!("{QUEUES}:q")),
        ("RedrivePolicy", &dead),
        ("FilterPolicyScope", "MessageAttributes"),
        ("Protocol", "sqs"),
        ("PendingConfirmation", "false"),
        ("ConfirmationWasAuthenticated", "true"),
        ("SubscriptionArn", &arn),
    ];
    assert_eq!(borrowed(&shown), expected);
}

#[actix_web::test]
async fn attributes_of_a_subscription_are_changed_one_by_one() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe(&topic, "q", &[]).await;
    let nested = "400 InvalidParameter: Invalid parameter: \
                  Filter policy scope MessageAttributes does not support nested filter policy";
    let policy = r#"{"a":{"b":["c"]}}"#;
    let dead = format!(r#"{{"deadLetterTargetArn":"{QUEUES}:dead"}}"#);
    // (name, value) -> (answer, then shown)
    let cases = [
        ("FilterPolicy", Some(policy), nested, None),
        ("FilterPolicyScope", Some("MessageBody"), "", None),
        ("FilterPolicy", Some(policy), "", Some(policy)),
        ("FilterPolicyScope", Some("MessageAttributes"), nested, Some("MessageBody")),
        ("FilterPolicy", Some("{}"), "", None),
        ("FilterPolicyScope", Some("MessageAttributes"), "", None),
        ("RawMessageDelivery", Some("true"), "", Some("true")),
        (
            "RawMessageDelivery",
            None,
            "400 InvalidParameter: Invalid parameter: RawMessageDelivery: Invalid value []. Must be true or false.",
            Some("true"),
        ),
        ("RedrivePolicy", Some(&dead), "", Some(&dead)),
        ("RedrivePolicy", None, "", None),
        ("Colour", Some("red"), "400 InvalidParameter: Invalid parameter: AttributeName", None),
    ];
    for (name, set, answer, then) in cases {
        let valued = set.map(|value| ("AttributeValue", value));
        let named = [Some(("SubscriptionArn", arn.as_str())), Some(("AttributeName", name)), valued];
        world
            .check("SetSubscriptionAttributes", &named.into_iter().flatten().collect::<Vec<_>>(), answer)
            .await;
        assert_eq!(value(&shown(&world, &arn).await, name), then, "{name} {set:?}");
    }
}

#[actix_web::test]
async fn a_subscription_is_named_by_its_whole_arn() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe(&topic, "q", &[]).await;
    let other = arn.replace(":orders:", ":others:");
    let unknown = format!("{topic}:11111111-2222-3333-4444-555555555555");
    let missing = "404 NotFound: Subscription does not exist";
    let invalid = |text: &str| format!("400 InvalidParameter: Invalid parameter: {text}");
    let null =
        format!("400 ValidationError: 1 validation error detected: Value null at 'subscriptionArn' {NULL}");
    let parts = "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1";
    for (arn, of_attributes, of_ending) in [
        (other.as_str(), missing, String::new()),
        (unknown.as_str(), missing, String::new()),
        (&format!("{topic}:x"), missing, String::new()),
        (topic.as_str(), &invalid("SubscriptionId"), invalid("SubscriptionId")),
        ("PendingConfirmation", &invalid(parts), invalid(parts)),
    ] {
        world.check("GetSubscriptionAttributes", &[("SubscriptionArn", arn)], of_attributes).await;
        world.check("Unsubscribe", &[("SubscriptionArn", arn)], &of_ending).await;
    }
    world.check("GetSubscriptionAttributes", &[], &null).await;
    world
        .check("Unsubscribe", &[], &invalid("SubscriptionArn Reason: no value for required parameter"))
        .await;
    assert!(!shown(&world, &arn).await.is_empty());
}

#[actix_web::test]
async fn whoever_signs_ends_a_subscription_and_whoever_follows_a_link_does_not() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe(&topic, "q", &[]).await;
    let parameters = [("SubscriptionArn", arn.as_str())];
    let refused = "403 AuthorizationError: This subscription requires authentication for deletion.";
    assert_eq!(world.call_with(HeaderMap::new(), "Unsubscribe", &parameters).await, refused);
    for _ in 0..2 {
        world.check("Unsubscribe", &parameters, "").await;
    }
    world.check("GetSubscriptionAttributes", &parameters, "404 NotFound: Subscription does not exist").await;
    let attributes = map(&world.call("GetTopicAttributes", &[("TopicArn", &topic)]).await);
    assert_eq!(value(&attributes, "SubscriptionsConfirmed"), Some("0"));
    assert_eq!(value(&attributes, "SubscriptionsDeleted"), Some("1"));
}

#[actix_web::test]
async fn a_subscription_can_be_looked_at_after_its_topic_was_deleted() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let arn = world.subscribe(&topic, "q", &[]).await;
    world.check("DeleteTopic", &[("TopicArn", &topic)], "").await;
    assert_eq!(value(&shown(&world, &arn).await, "SubscriptionArn"), Some(arn.as_str()));
    world.check("ListSubscriptions", &[], "<Subscriptions/>").await;
    // A topic of the same name is another one.
    world.create_topic("orders", &[]).await;
    assert_ne!(world.subscribe(&topic, "q", &[]).await, arn);
}

#[actix_web::test]
async fn subscriptions_are_listed_by_the_hundred() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let other = world.create_topic("others", &[]).await;
    for number in 0..120 {
        world.subscribe(&topic, &format!("q-{number:03}"), &[]).await;
    }
    world.subscribe(&other, "q-a", &[]).await;
    for (action, parameters, rest) in [
        ("ListSubscriptions", vec![], 21),
        ("ListSubscriptionsByTopic", vec![("TopicArn", topic.as_str())], 20),
    ] {
        let first = world.call(action, &parameters).await;
        assert_eq!(first.matches("<member>").count(), 100);
        let token = inside(&first, "NextToken").to_owned();
        let next = [parameters, vec![("NextToken", &token)]].concat();
        let second = world.call(action, &next).await;
        assert_eq!(second.matches("<member>").count(), rest, "{action}");
        assert!(second.contains("<Protocol>sqs</Protocol>") && !second.contains("NextToken"));
    }
    let listed = world.call("ListSubscriptionsByTopic", &[("TopicArn", &other)]).await;
    let expected = format!(
        "<Subscriptions><member><SubscriptionArn>{}</SubscriptionArn><Owner>000000000000</Owner>\
         <Protocol>sqs</Protocol><Endpoint>{QUEUES}:q-a</Endpoint><TopicArn>{other}</TopicArn></member>\
         </Subscriptions>",
        inside(&listed, "SubscriptionArn")
    );
    assert_eq!(listed, expected);
}

#[actix_web::test]
async fn a_fifo_topic_has_a_hundred_subscriptions_at_most() {
    let world = World::new();
    let topic = world.create_topic("orders.fifo", &[("FifoTopic", "true")]).await;
    for number in 0..100 {
        world.subscribe(&topic, &format!("q-{number}.fifo"), &[]).await;
    }
    let endpoint = format!("{QUEUES}:q.fifo");
    let parameters = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", &endpoint)];
    let refused = "403 SubscriptionLimitExceeded: Subscription limit exceeded";
    world.check("Subscribe", &parameters, refused).await;
}

#[actix_web::test]
async fn a_topic_has_two_hundred_filter_policies_at_most() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let filter = ("FilterPolicy", r#"{"a":["b"]}"#);
    for number in 0..200 {
        world.subscribe(&topic, &format!("q-{number}"), &[filter]).await;
    }
    let arn = world.subscribe(&topic, "q", &[]).await;
    let set =
        |value| [("SubscriptionArn", arn.as_str()), ("AttributeName", filter.0), ("AttributeValue", value)];
    let refused = "403 FilterPolicyLimitExceeded: Filter policy limit exceeded";
    world.check("SetSubscriptionAttributes", &set(filter.1), refused).await;
    world.check("SetSubscriptionAttributes", &set("{}"), "").await;
}

/// The cases of `filters`, with the texts that the service says.
#[actix_web::test]
async fn filter_policies_are_refused_in_the_words_of_the_service() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../../../filters/cases/refusals.json")).unwrap();
    let world = World::new();
    for (number, case) in cases.iter().enumerate() {
        let text = |member: &str| case[member].as_str().unwrap_or_default();
        let topic = world.create_topic(&format!("topic-{number}"), &[]).await;
        let attributes = [("FilterPolicyScope", text("scope")), ("FilterPolicy", text("policy"))];
        let answer = match text("api") {
            "Subscribe" => {
                let endpoint = format!("{QUEUES}:q");
                let named = [("TopicArn", &topic), ("Protocol", &"sqs".to_owned()), ("Endpoint", &endpoint)];
                let mut all: Vec<_> = named.map(|(name, value)| (name.to_owned(), value.clone())).into();
                all.extend(entries("Attributes", &attributes));
                world.call("Subscribe", &borrowed(&all)).await
            }
            api => {
                let arn = world.subscribe(&topic, "q", &attributes[..1]).await;
                let (name, value) = attributes[1];
                world
                    .call(
                        api,
                        &[("SubscriptionArn", &arn), ("AttributeName", name), ("AttributeValue", value)],
                    )
                    .await
            }
        };
        let unescaped =
            answer.replace("&quot;", "\"").replace("&apos;", "'").replace("&gt;", ">").replace("&lt;", "<");
        let (first, rest) = unescaped.split_once('\n').unwrap_or((&unescaped, ""));
        match (text("expect"), case["message"].as_str()) {
            ("valid", _) => assert!(!answer.contains("InvalidParameter"), "{case}: {answer}"),
            (_, Some(message)) => assert_eq!(first, format!("400 InvalidParameter: {message}"), "{case}"),
            // Nobody knows the words.
            (_, None) => assert!(first.starts_with("400 InvalidParameter: "), "{case}: {answer}"),
        }
        let located = rest.starts_with(
            " at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: ",
        );
        assert_eq!(located, case["located"].as_bool().unwrap_or(false), "{case}: {answer}");
    }
}

#[actix_web::test]
async fn a_priority_queue_is_no_dead_letter_queue_of_a_subscription() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    world.make_queue("member").await;
    world.make_list("list", "member").await;
    let list = format!(r#"{{"deadLetterTargetArn":"{QUEUES}:list"}}"#);
    let flaw = "RedrivePolicy: must not use a priority queue as DLQ.";
    let answer =
        world.try_subscribe(&topic, "sqs", &format!("{QUEUES}:q"), &[("RedrivePolicy", &list)]).await;
    assert_eq!(answer, format!("400 InvalidParameter: Invalid parameter: Attributes Reason: {flaw}"));
    let arn = world.subscribe(&topic, "q", &[]).await;
    let set =
        [("SubscriptionArn", arn.as_str()), ("AttributeName", "RedrivePolicy"), ("AttributeValue", &list)];
    let expected = format!("400 InvalidParameter: Invalid parameter: {flaw}");
    world.check("SetSubscriptionAttributes", &set, &expected).await;
}
