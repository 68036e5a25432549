//! What can be published, and what cannot.

use super::*;

fn invalid(text: &str) -> String {
    format!("400 InvalidParameter: Invalid parameter: {text}")
}

/// Publishes with these parameters in addition to the topic, and says what is answered, ids left out.
async fn publish(world: &World, topic: &str, parameters: Parameters<'_>) -> String {
    let all = [&[("TopicArn", topic)], parameters].concat();
    without_ids(&world.call("Publish", &all).await)
}

fn without_ids(answer: &str) -> String {
    let id = inside(answer, "MessageId");
    if id.is_empty() { answer.to_owned() } else { answer.replace(id, "ID") }
}

const DONE: &str = "<MessageId>ID</MessageId>";

#[actix_web::test]
async fn a_message_without_subscribers_is_accepted() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let id = world.call("Publish", &[("TopicArn", &topic), ("Message", "x")]).await;
    assert!(uuid::Uuid::try_parse(inside(&id, "MessageId")).is_ok(), "{id}");
    assert_eq!(without_ids(&world.call("Publish", &[("TargetArn", &topic), ("Message", "x")]).await), DONE);
}

#[actix_web::test]
async fn a_message_has_a_place_to_go_to() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let missing = format!("{TOPICS}:missing");
    let endpoint = format!("{TOPICS}:endpoint/GCM/app/1");
    let cases = [
        (vec![("TopicArn", missing.as_str())], "404 NotFound: Topic does not exist".to_owned()),
        (vec![("TargetArn", &missing)], "404 NotFound: Topic does not exist".to_owned()),
        (vec![("TopicArn", "x")], invalid("TopicArn Reason: An ARN must have at least 6 elements, not 1")),
        (
            vec![("TargetArn", &endpoint)],
            invalid("TargetArn Reason: No endpoint found for the target arn specified"),
        ),
        (
            vec![("PhoneNumber", "NAA+15551234567")],
            invalid("PhoneNumber Reason: NAA+15551234567 is not valid to publish to"),
        ),
        (vec![], invalid("TopicArn or TargetArn Reason: no value for required parameter")),
        (
            vec![("TopicArn", topic.as_str()), ("PhoneNumber", "+15551234567")],
            invalid("TopicArn Reason: only one of TopicArn, TargetArn and PhoneNumber can be given"),
        ),
    ];
    for (place, expected) in cases {
        let all = [place, vec![("Message", "x")]].concat();
        world.check("Publish", &all, &expected).await;
    }
}

#[actix_web::test]
async fn a_message_has_a_text_and_perhaps_a_subject() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let null = "400 ValidationError: 1 validation error detected: Value null at 'message' failed to satisfy constraint: \
                Member must not be null";
    assert_eq!(publish(&world, &topic, &[]).await, null);
    assert_eq!(publish(&world, &topic, &[("Message", "")]).await, invalid("Empty message"));
    let (longest, too_long) = ("s".repeat(99), "s".repeat(100));
    for (subject, fine) in [
        ("Hello, world!", true),
        ("Grüße", true),
        (longest.as_str(), true),
        (too_long.as_str(), false),
        ("", false),
        (" x", false),
        ("ünter", false),
        ("a\nb", false),
        ("a\u{7}b", false),
    ] {
        let expected = if fine { DONE.to_owned() } else { invalid("Subject") };
        assert_eq!(
            publish(&world, &topic, &[("Message", "x"), ("Subject", subject)]).await,
            expected,
            "{subject}"
        );
    }
}

#[actix_web::test]
async fn a_structured_message_has_a_default() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let no_default = invalid("Message Structure - No default entry in JSON message body");
    let unreadable = invalid("Message Structure - JSON message body failed to parse");
    for (message, structure, expected) in [
        (r#"{"default":"d"}"#, "json", DONE),
        (r#"{"default":"d","sqs":1,"default":"e"}"#, "json", DONE),
        (r#"{"default":1}"#, "json", &no_default),
        (r#"{"sqs":"x"}"#, "json", &no_default),
        (r#"["default"]"#, "json", &unreadable),
        ("x", "json", &unreadable),
        ("x", "xml", &invalid("MessageStructure")),
        ("x", "", DONE),
    ] {
        let parameters = [("Message", message), ("MessageStructure", structure)];
        assert_eq!(publish(&world, &topic, &parameters).await, expected, "{message} {structure}");
    }
}

#[actix_web::test]
async fn text_and_attributes_count_and_the_subject_does_not() {
    let world = World::new();
    let topic = world.create_topic("orders", &[("MaximumMessageSize", "1024")]).await;
    let attribute = [
        ("MessageAttributes.entry.1.Name", "n"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "v"),
    ];
    let subject = ("Subject", "A subject of some length");
    for (bytes, rest, fine) in [
        (1024, vec![], true),
        (1024, vec![subject], true),
        (1025, vec![], false),
        (1016, attribute.into(), true),
        (1017, attribute.into(), false),
    ] {
        let text = "x".repeat(bytes);
        let all = [vec![("Message", text.as_str())], rest].concat();
        let expected = if fine { DONE.to_owned() } else { invalid("Message too long") };
        assert_eq!(publish(&world, &topic, &all).await, expected, "{bytes}");
    }
    let usual = world.create_topic("usual", &[]).await;
    for (bytes, expected) in [(262_144, DONE.to_owned()), (262_145, invalid("Message too long"))] {
        assert_eq!(publish(&world, &usual, &[("Message", &"x".repeat(bytes))]).await, expected);
    }
}

#[actix_web::test]
async fn messages_of_fifo_topics_have_a_group_and_are_told_apart() {
    let world = World::new();
    let standard = world.create_topic("orders", &[]).await;
    let fifo = world.create_topic("orders.fifo", &[("FifoTopic", "true")]).await;
    let by_content = [("FifoTopic", "true"), ("ContentBasedDeduplication", "true")];
    let by_content = world.create_topic("by-content.fifo", &by_content).await;
    let (group, id) = (("MessageGroupId", "g"), ("MessageDeduplicationId", "d"));
    let no_group = invalid("The MessageGroupId parameter is required for FIFO topics");
    let no_id = invalid(
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
    let not_here = invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for \
         this topic type",
    );
    let numbered = |number| format!("{DONE}<SequenceNumber>{number}</SequenceNumber>");
    let first = numbered("10000000000000000001");
    for (topic, ids, expected) in [
        (&standard, vec![group], DONE),
        (&standard, vec![id], &not_here),
        (&fifo, vec![], &no_group),
        (&fifo, vec![id], &no_group),
        (&fifo, vec![group], &no_id),
        (&fifo, vec![group, id], &first),
        (&fifo, vec![group, id], &first),
        (&fifo, vec![group, ("MessageDeduplicationId", "e")], &numbered("10000000000000000002")),
        (&by_content, vec![group], &first),
        (&by_content, vec![("MessageGroupId", "h")], &first),
        (&by_content, vec![group, id], &numbered("10000000000000000002")),
    ] {
        let all = [vec![("Message", "x")], ids].concat();
        assert_eq!(publish(&world, topic, &all).await, expected, "{topic} {all:?}");
    }
}

#[actix_web::test]
async fn a_duplicate_is_answered_like_the_original() {
    let world = World::new();
    let topic = world.create_topic("orders.fifo", &[("FifoTopic", "true")]).await;
    let parameters = [
        ("TopicArn", topic.as_str()),
        ("Message", "x"),
        ("MessageGroupId", "g"),
        ("MessageDeduplicationId", "d"),
    ];
    let first = world.call("Publish", &parameters).await;
    world.check("Publish", &parameters, &first).await;
}

#[actix_web::test]
async fn attributes_of_messages_are_checked() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let parameters = [
        ("Message", "x"),
        ("MessageAttributes.entry.1.Name", "a b"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "v"),
    ];
    let expected = "400 ParameterValueInvalid: Invalid non-alphanumeric character '#x20' was found in the message \
                    attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.";
    assert_eq!(publish(&world, &topic, &parameters).await, expected);
}

/// The members of an entry.
type Members<'a> = Vec<(&'a str, &'a str)>;

/// The parameters of a batch, from the members of each entry.
fn batch(topic: &str, entries: &[Members<'_>]) -> Vec<(String, String)> {
    let mut all = vec![("TopicArn".to_owned(), topic.to_owned())];
    for (number, members) in (1..).zip(entries) {
        let at = format!("PublishBatchRequestEntries.member.{number}");
        all.extend(members.iter().map(|(name, value)| (format!("{at}.{name}"), (*value).to_owned())));
    }
    all
}

#[actix_web::test]
async fn only_empty_entries_of_a_batch_fail_by_themselves() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let entries: [Members<'_>; 3] = [
        vec![("Id", "a"), ("Message", "1")],
        vec![("Id", "b"), ("Message", "")],
        vec![("Id", "c"), ("Message", "3")],
    ];
    let answer = world.call("PublishBatch", &borrowed(&batch(&topic, &entries))).await;
    let ids: Vec<_> = answer.split("<MessageId>").skip(1).map(|rest| &rest[..36]).collect();
    let [first, second] = ids[..] else { panic!("{answer}") };
    assert_ne!(first, second);
    let expected = format!(
        "<Failed><member><Code>InvalidParameter</Code><Message>Invalid parameter: Empty message</Message>\
         <SenderFault>true</SenderFault><Id>b</Id></member></Failed>\
         <Successful><member><MessageId>{first}</MessageId><Id>a</Id></member>\
         <member><MessageId>{second}</MessageId><Id>c</Id></member></Successful>"
    );
    assert_eq!(answer, expected);
    let answer = world.call("PublishBatch", &borrowed(&batch(&topic, &entries[1..2]))).await;
    assert!(answer.ends_with("<Successful/>"), "{answer}");
    let answer = world.call("PublishBatch", &borrowed(&batch(&topic, &entries[..1]))).await;
    assert!(answer.starts_with("<Failed/><Successful>"), "{answer}");
}

#[actix_web::test]
async fn a_batch_is_refused_as_a_whole() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let fifo = world.create_topic("orders.fifo", &[("FifoTopic", "true")]).await;
    let missing = format!("{TOPICS}:missing");
    let null = |path: &str| {
        let rule = "failed to satisfy constraint: Member must not be null";
        format!("400 ValidationError: 1 validation error detected: Value null at '{path}' {rule}")
    };
    let good: Members<'_> = vec![("Id", "a"), ("Message", "1")];
    let long_id = "i".repeat(81);
    let half = "x".repeat(131_073);
    let the_id = "400 InvalidBatchEntryId: The Id of a batch entry in the batch request";
    let cases: [(&str, Vec<Members<'_>>, String); 12] = [
        (&topic, vec![], null("publishBatchRequestEntries")),
        (&missing, vec![good.clone()], "404 NotFound: Topic does not exist".to_owned()),
        (
            &topic,
            vec![good.clone(); 11],
            "400 TooManyEntriesInBatchRequest: The batch request contains more entries than permissible."
                .to_owned(),
        ),
        (
            &topic,
            vec![good.clone(); 2],
            "400 BatchEntryIdsNotDistinct: Two or more batch entries in the request have the same Id."
                .to_owned(),
        ),
        (&topic, vec![good.clone(), vec![("Message", "1")]], null("publishBatchRequestEntries.2.member.id")),
        (&topic, vec![good.clone(), vec![("Id", "b")]], null("publishBatchRequestEntries.2.member.message")),
        (
            &topic,
            vec![vec![("Id", "a b"), ("Message", "1")]],
            format!("{the_id} contains an impermissible character: a b"),
        ),
        (&topic, vec![vec![("Id", &long_id), ("Message", "1")]], format!("{the_id} is too long: {long_id}")),
        (
            &topic,
            vec![vec![("Id", "a"), ("Message", &half)], vec![("Id", "b"), ("Message", &half)]],
            "400 BatchRequestTooLong: The length of all the messages put together is more than the limit."
                .to_owned(),
        ),
        (&fifo, vec![good.clone()], invalid("The MessageGroupId parameter is required for FIFO topics")),
        (
            &topic,
            vec![vec![("Id", "a"), ("Message", "{"), ("MessageStructure", "json")]],
            invalid("Message Structure - JSON message body failed to parse"),
        ),
        (
            &topic,
            vec![good.clone(), vec![("Id", "b"), ("Message", "1"), ("Subject", "")]],
            invalid("Subject"),
        ),
    ];
    for (topic, entries, expected) in cases {
        world.check("PublishBatch", &borrowed(&batch(topic, &entries)), &expected).await;
    }
}

#[actix_web::test]
async fn what_xml_cannot_carry_is_not_published() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let refused = |parameter: &str| {
        invalid(&format!(
            "{parameter} Reason: Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to \
             #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
        ))
    };
    let attribute = [
        ("Message", "x"),
        ("MessageAttributes.entry.1.Name", "a"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "\u{1b}"),
    ];
    let structured = [("MessageStructure", "json"), ("Message", r#"{"default":"x","sqs":"\u0000"}"#)];
    let cases: [(Parameters<'_>, String); 6] = [
        (&[("Message", "a\u{0}")], refused("Message")),
        (&[("Message", "\u{fffe}")], refused("Message")),
        (&[("Message", "\t\r\n \u{7f}\u{10ffff}")], DONE.to_owned()),
        (&structured, refused("Message Structure")),
        (&attribute, refused("MessageAttributes")),
        (&[("Message", "x"), ("Subject", "a\u{ffff}")], invalid("Subject")),
    ];
    for (parameters, expected) in cases {
        assert_eq!(publish(&world, &topic, parameters).await, expected, "{parameters:?}");
    }
    let batch = [
        ("TopicArn", topic.as_str()),
        ("PublishBatchRequestEntries.member.1.Id", "a"),
        ("PublishBatchRequestEntries.member.1.Message", "\u{1}"),
    ];
    assert_eq!(world.call("PublishBatch", &batch).await, refused("Message"));
}
