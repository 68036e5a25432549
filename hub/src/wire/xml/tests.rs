use super::super::Service;
use super::super::sample::{
    AttributeValue, Attributes, Batch, Done, Message, NotDone, Queues, Received, Subscription, Subscriptions,
    pairs,
};
use super::*;

fn check<T: Serialize>(service: Service, action: &str, value: &T, expected: &str) {
    let mut out = Vec::new();
    append(&mut out, &format!("{action}Result"), Names { service, action }, value).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn text_is_escaped_as_aws_escapes_it() {
    let cases = [
        ("", ""),
        ("plain ä €", "plain ä €"),
        (r#"<a b="c">&'</a>"#, "&lt;a b=&quot;c&quot;&gt;&amp;'&lt;/a&gt;"),
        ("a\r\nb\tc", "a&#xD;\nb\tc"),
        ("\0a\u{1f}", "\u{fffd}a\u{fffd}"),
        ("\u{fffe}a\u{ffff}\u{fffd}\u{ff5e}", "\u{fffd}a\u{fffd}\u{fffd}\u{ff5e}"),
        ("\u{10ffff}", "\u{10ffff}"),
    ];
    for (text, expected) in cases {
        let mut out = Vec::new();
        append_text(&mut out, text);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn lists_and_maps_of_sqs_are_flattened() {
    check(Service::Sqs, "ReceiveMessage", &Received::default(), "<ReceiveMessageResult/>");
    let message = Message {
        message_id: "1".to_owned(),
        md5_of_body: "0cc1".to_owned(),
        body: "a<b".to_owned(),
        attributes: pairs([("SenderId", "x".to_owned()), ("SentTimestamp", "5".to_owned())]),
        message_attributes: pairs([
            ("n", AttributeValue::string("v")),
            ("b", AttributeValue::binary(&[0, 255])),
        ]),
    };
    check(
        Service::Sqs,
        "ReceiveMessage",
        &Received { messages: vec![message, Message::default()] },
        "<ReceiveMessageResult><Message><MessageId>1</MessageId><MD5OfBody>0cc1</MD5OfBody><Body>a&lt;b</Body>\
         <Attribute><Name>SenderId</Name><Value>x</Value></Attribute>\
         <Attribute><Name>SentTimestamp</Name><Value>5</Value></Attribute>\
         <MessageAttribute><Name>n</Name><Value><StringValue>v</StringValue><DataType>String</DataType></Value>\
         </MessageAttribute>\
         <MessageAttribute><Name>b</Name><Value><BinaryValue>AP8=</BinaryValue><DataType>Binary</DataType></Value>\
         </MessageAttribute></Message>\
         <Message><MessageId/><MD5OfBody/><Body/></Message></ReceiveMessageResult>",
    );
    check(
        Service::Sqs,
        "ListQueues",
        &Queues {
            urls: vec!["http://h/0/a".to_owned(), "http://h/0/b".to_owned()],
            tags: pairs([("k", "v".to_owned())]),
        },
        "<ListQueuesResult><QueueUrl>http://h/0/a</QueueUrl><QueueUrl>http://h/0/b</QueueUrl>\
         <Tag><Key>k</Key><Value>v</Value></Tag></ListQueuesResult>",
    );
}

#[test]
fn entries_of_a_batch_are_named_after_their_operation() {
    let batch = || Batch {
        successful: vec![Done { id: "a".to_owned(), sequence_number: Some(7) }],
        failed: vec![NotDone { id: "b".to_owned(), sender_fault: true, code: "X".to_owned() }],
    };
    for action in ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
        let expected = format!(
            "<{action}Result><{action}ResultEntry><Id>a</Id><SequenceNumber>7</SequenceNumber></{action}ResultEntry>\
             <BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault><Code>X</Code></BatchResultErrorEntry>\
             </{action}Result>"
        );
        check(Service::Sqs, action, &batch(), &expected);
    }
    check(
        Service::Sns,
        "PublishBatch",
        &batch(),
        "<PublishBatchResult><Successful><member><Id>a</Id><SequenceNumber>7</SequenceNumber></member></Successful>\
         <Failed><member><Id>b</Id><SenderFault>true</SenderFault><Code>X</Code></member></Failed>\
         </PublishBatchResult>",
    );
}

#[test]
fn lists_and_maps_of_sns_are_elements_even_if_empty() {
    check(
        Service::Sns,
        "ListSubscriptions",
        &Subscriptions::default(),
        "<ListSubscriptionsResult><Subscriptions/></ListSubscriptionsResult>",
    );
    check(
        Service::Sns,
        "ListSubscriptions",
        &Subscriptions {
            subscriptions: vec![
                Subscription { topic_arn: "t".to_owned(), endpoint: Some("e".to_owned()) },
                Subscription { topic_arn: "u".to_owned(), endpoint: None },
            ],
            next_token: Some("n".to_owned()),
        },
        "<ListSubscriptionsResult><Subscriptions><member><TopicArn>t</TopicArn><Endpoint>e</Endpoint></member>\
         <member><TopicArn>u</TopicArn></member></Subscriptions><NextToken>n</NextToken></ListSubscriptionsResult>",
    );
    check(
        Service::Sns,
        "GetTopicAttributes",
        &Attributes { attributes: pairs([("Owner", "0".to_owned()), ("DisplayName", String::new())]) },
        "<GetTopicAttributesResult><Attributes><entry><key>Owner</key><value>0</value></entry>\
         <entry><key>DisplayName</key><value/></entry></Attributes></GetTopicAttributesResult>",
    );
}

#[test]
fn a_unit_is_no_element() {
    #[derive(serde::Serialize)]
    struct Empty {}
    check(Service::Sns, "DeleteTopic", &(), "");
    check(Service::Sns, "TagResource", &Empty {}, "<TagResourceResult/>");
}
