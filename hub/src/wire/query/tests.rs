use proptest::prelude::*;

use super::super::Service;
use super::super::sample::{AttributeValue, Color, Entry, Everything, SendMessage, pairs};
use super::*;

fn decode_as<T: DeserializeOwned>(service: Service, action: &str, text: &str) -> Result<T, Error> {
    let parameters = Parameters::parse(&[text.as_bytes()]).unwrap();
    decode(&parameters, Names { service, action })
}

fn check<T: DeserializeOwned + PartialEq + fmt::Debug>(service: Service, action: &str, cases: &[(&str, T)]) {
    for (text, expected) in cases {
        assert_eq!(&decode_as::<T>(service, action, text).unwrap(), expected, "{text}");
    }
}

fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn text_pairs(entries: &[(&'static str, &str)]) -> Option<super::super::Pairs<String>> {
    Some(pairs(entries.iter().map(|(key, value)| (*key, (*value).to_owned()))))
}

#[test]
fn members_of_sqs_are_read_from_flattened_parameters() {
    check(
        Service::Sqs,
        "SendMessage",
        &[
            ("Action=SendMessage&Version=2012-11-05", SendMessage::default()),
            (
                "QueueUrl=http%3A%2F%2Fh%2F0%2Fq&MessageBody=a+b%0D%0A&DelaySeconds=-7\
             &MessageAttribute.2.Name=two&MessageAttribute.2.Value.DataType=Binary\
             &MessageAttribute.2.Value.BinaryValue=AP8%3D&MessageAttribute.1.Name=one\
             &MessageAttribute.1.Value.StringValue=x&MessageAttribute.1.Value.DataType=String\
             &MessageSystemAttribute.1.Name=AWSTraceHeader&MessageSystemAttribute.1.Value.StringValue=t\
             &MessageSystemAttribute.1.Value.DataType=String",
                SendMessage {
                    queue_url: Some("http://h/0/q".to_owned()),
                    message_body: Some("a b\r\n".to_owned()),
                    delay_seconds: Some(-7),
                    message_attributes: Some(pairs([
                        ("one", AttributeValue::string("x")),
                        ("two", AttributeValue::binary(&[0, 255])),
                    ])),
                    message_system_attributes: Some(pairs([("AWSTraceHeader", AttributeValue::string("t"))])),
                },
            ),
            // An attribute without a value is there, and empty; so is one without a name.
            (
                "MessageBody=&MessageAttribute.1.Name=one&MessageAttribute.2.Value.StringValue=x",
                SendMessage {
                    message_body: Some(String::new()),
                    message_attributes: Some(pairs([
                        ("one", AttributeValue::default()),
                        (
                            "",
                            AttributeValue {
                                string_value: Some("x".to_owned()),
                                ..AttributeValue::default()
                            },
                        ),
                    ])),
                    ..SendMessage::default()
                },
            ),
        ],
    );
}

#[test]
fn lists_and_maps_of_sqs_have_names_of_their_own() {
    let attributes = |entries| Everything { attributes: text_pairs(entries), ..Everything::default() };
    let tags = |entries| Everything { tags: text_pairs(entries), ..Everything::default() };
    let names = |names| Everything { attribute_names: texts(names), ..Everything::default() };
    let keys = |keys| Everything { tag_keys: texts(keys), ..Everything::default() };
    check(
        Service::Sqs,
        "CreateQueue",
        &[
            (
                "Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Attribute.2.Name=Policy&Attribute.2.Value=",
                attributes(&[("DelaySeconds", "5"), ("Policy", "")]),
            ),
            ("Tag.1.Key=k&Tag.1.Value=v", tags(&[("k", "v")])),
            ("TagKey.1=a&TagKey.2=b", keys(&["a", "b"])),
            // Two members have this name; the first of them gets it.
            ("AttributeName.2=b&AttributeName.1=a", names(&["a", "b"])),
            // By number, not by text; with gaps, and however large.
            (
                "TagKey.10=c&TagKey.9=b&TagKey.4000000000=d&TagKey.99999999999999999999999=e&TagKey.0=a",
                keys(&["a", "b", "c", "d", "e"]),
            ),
            // Alone, and without a number.
            ("AttributeName=All", names(&["All"])),
            ("AttributeName=", names(&[])),
            ("Attribute.Name=Policy&Attribute.Value=p", attributes(&[("Policy", "p")])),
            // Of two values for one name, the first counts; of two entries with one key, the last.
            ("TagKey.1=a&TagKey.1=b", keys(&["a"])),
            ("Tag.1.Key=k&Tag.1.Value=v&Tag.2.Key=k&Tag.2.Value=w", tags(&[("k", "w")])),
        ],
    );
}

#[test]
fn entries_of_a_batch_are_named_after_their_operation() {
    check(
        Service::Sqs,
        "SendMessageBatch",
        &[(
            "SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.1.Id=a\
         &SendMessageBatchRequestEntry.1.DelaySeconds=1\
         &SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n\
         &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=x\
         &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=String\
         &DeleteMessageBatchRequestEntry.1.Id=no",
            Everything {
                entries: Some(vec![
                    Entry {
                        id: Some("a".to_owned()),
                        delay_seconds: Some(1),
                        message_attributes: Some(pairs([("n", AttributeValue::string("x"))])),
                    },
                    Entry { id: Some("b".to_owned()), ..Entry::default() },
                ]),
                ..Everything::default()
            },
        )],
    );
}

#[test]
fn lists_and_maps_of_sns_say_member_and_entry() {
    check(
        Service::Sns,
        "PublishBatch",
        &[
            (
                "Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true&ReturnSubscriptionArn=True&Color=blue",
                Everything {
                    attributes: text_pairs(&[("FifoTopic", "true")]),
                    return_subscription_arn: Some(true),
                    color: Some(Color::Blue),
                    ..Everything::default()
                },
            ),
            (
                "TagKeys.member.2=b&TagKeys.member.1=a",
                Everything { tag_keys: texts(&["a", "b"]), ..Everything::default() },
            ),
            ("TagKeys=", Everything { tag_keys: texts(&[]), ..Everything::default() }),
            ("Attributes=", Everything { attributes: text_pairs(&[]), ..Everything::default() }),
            (
                "PublishBatchRequestEntries.member.1.Id=a\
             &PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Name=n\
             &PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Value.DataType=String\
             &PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Value.StringValue=x",
                Everything {
                    publish_batch_request_entries: Some(vec![Entry {
                        id: Some("a".to_owned()),
                        message_attributes: Some(pairs([("n", AttributeValue::string("x"))])),
                        ..Entry::default()
                    }]),
                    ..Everything::default()
                },
            ),
        ],
    );
}

#[test]
fn a_value_that_the_shape_cannot_hold_is_refused_with_its_name() {
    let members = "it has members, and should have a value";
    let cases = [
        ("DelaySeconds=five", "DelaySeconds", "five", "Must be an integer."),
        ("DelaySeconds=", "DelaySeconds", "", "Must be an integer."),
        ("DelaySeconds=1.5", "DelaySeconds", "1.5", "Must be an integer."),
        ("DelaySeconds.1=5", "DelaySeconds", "", members),
        ("MessageBody.x=5", "MessageBody", "", members),
        (
            "MessageAttribute.7.Name=n&MessageAttribute.7.Value.BinaryValue=%3F",
            "MessageAttribute.7.Value.BinaryValue",
            "?",
            "must be base64",
        ),
    ];
    for (text, parameter, value, reason) in cases {
        let error = decode_as::<SendMessage>(Service::Sqs, "SendMessage", text).unwrap_err();
        let expected =
            Error { parameter: parameter.to_owned(), value: value.to_owned(), reason: reason.to_owned() };
        assert_eq!(error, expected, "{text}");
    }
    for text in ["ReturnSubscriptionArn=yes", "Color=green"] {
        assert!(decode_as::<Everything>(Service::Sns, "Subscribe", text).is_err(), "{text}");
    }
}

#[test]
fn hostile_parameters_are_read_in_linear_time() {
    let many = |prefix: &str| (0..10_000).map(|n| format!("{prefix}.{n}=x&")).collect::<String>();
    let deep = format!("TagKey.1{}=x", ".1".repeat(100_000));
    for text in [many("TagKey"), many("Attribute.1"), many("Tag"), deep] {
        // What comes out does not matter, only that it does, and soon.
        let _ = decode_as::<Everything>(Service::Sqs, "SendMessageBatch", &text);
    }
}

proptest! {
    #[test]
    fn no_parameters_make_the_reader_panic(
        pairs in proptest::collection::vec(("[A-Za-z.0-9]{0,12}|\\PC{0,8}", "\\PC{0,8}"), 0..24),
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes();
        text.push(b'&');
        text.extend(bytes);
        read_all(&text);
    }

    #[test]
    fn no_parameters_that_look_right_make_the_reader_panic(
        pairs in proptest::collection::vec((name(), "[0-9]{0,3}|true|AP8=|x"), 0..24),
    ) {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        read_all(text.as_bytes());
    }
}

/// Names put together from the parts that real ones have.
fn name() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "Attribute",
        "Attributes",
        "MessageAttribute",
        "MessageAttributes",
        "Tag",
        "TagKey",
        "TagKeys",
        "Name",
        "Value",
        "Key",
        "key",
        "value",
        "entry",
        "member",
        "1",
        "2",
        "01",
        "99999999999999999999",
        "",
        "DataType",
        "StringValue",
        "BinaryValue",
        "SendMessageBatchRequestEntry",
        "DelaySeconds",
        "MessageBody",
        "Id",
        "PublishBatchRequestEntries",
        "ReturnSubscriptionArn",
        "Color",
    ]);
    proptest::collection::vec(part, 1..6).prop_map(|parts| parts.join("."))
}

fn read_all(text: &[u8]) {
    let Ok(parameters) = Parameters::parse(&[text]) else {
        return;
    };
    for service in [Service::Sqs, Service::Sns] {
        let names = Names { service, action: "SendMessageBatch" };
        let _ = decode::<SendMessage>(&parameters, names);
        let _ = decode::<Everything>(&parameters, names);
    }
}
