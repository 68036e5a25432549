use super::*;
use crate::content::Attribute;
use queue_core::Name;

const ORDER: &str = r#"{"specversion":"1.0","id":"7","source":"/shop","type":"order.placed""#;

/// An event that came in, as lines: its message, then its attributes.
fn shown(event: Result<Event, String>) -> Vec<String> {
    let event = match event {
        Ok(event) => event,
        Err(reason) => return vec![reason],
    };
    let attribute = |(name, value): (String, AttributeValue)| {
        format!("{name}: {} {}", value.data_type.unwrap(), value.string_value.unwrap())
    };
    let mut lines: Vec<_> = event.attributes.0.into_iter().map(attribute).collect();
    lines.sort();
    lines.insert(0, event.message);
    lines
}

fn structured(rest: &str) -> Vec<String> {
    shown(from_structured(format!("{ORDER}{rest}}}").as_bytes()))
}

fn binary(headers: &[(&str, &str)], body: &[u8]) -> Vec<String> {
    let own =
        [("ce-specversion", "1.0"), ("ce-id", "7"), ("ce-source", "/shop"), ("ce-type", "order.placed")];
    let own = own.into_iter().filter(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    let all: Vec<_> = own.chain(headers.iter().copied()).collect();
    shown(from_binary(all.iter().map(|(name, value)| (*name, value.as_bytes())), body))
}

const CONTEXT: [&str; 4] = [
    "ce-id: String 7",
    "ce-source: String /shop",
    "ce-specversion: String 1.0",
    "ce-type: String order.placed",
];

#[test]
fn the_context_of_an_event_is_in_the_attributes_and_its_data_is_the_message() {
    let expected = |message: &str, more: &[&str]| {
        let mut lines: Vec<_> = CONTEXT.iter().chain(more).map(|&line| line.to_owned()).collect();
        lines.sort();
        lines.insert(0, message.to_owned());
        lines
    };
    assert_eq!(
        structured(r#","data":{"n": 12345678901234567890123}"#),
        expected(r#"{"n": 12345678901234567890123}"#, &[])
    );
    assert_eq!(
        structured(r#","data":"a","datacontenttype":"text/plain""#),
        expected("a", &["ce-datacontenttype: String text/plain"])
    );
    assert_eq!(structured(r#","data":"a""#), expected(r#""a""#, &[]));
    assert_eq!(structured(r#","data_base64":"w6Q=""#), expected("ä", &[]));
    let typed =
        structured(r#","data":1,"time":"2026-01-02T03:04:05.6+01:00","count":3,"urgent":true,"gone":null"#);
    let time = "ce-time: String 2026-01-02T03:04:05.6+01:00";
    assert_eq!(typed, expected("1", &[time, "ce-count: Number 3", "ce-urgent: String.Boolean true"]));
    let headers = [("content-type", "application/json"), ("accept", "*/*"), ("ce-name", "%C3%A4%20b%")];
    let more = ["ce-datacontenttype: String application/json", "ce-name: String ä b%"];
    assert_eq!(binary(&headers, b"{}"), expected("{}", &more));
}

#[test]
fn what_is_no_event_is_refused_with_the_reason() {
    for (rest, reason) in [
        ("", "the event has no data, and a message needs some"),
        (r#","data":1,"data_base64":"""#, "an event has data or data_base64, not both"),
        (r#","data_base64":"?""#, "data_base64 is not base64"),
        (r#","data_base64":"/w==""#, "the data of the event is not UTF-8, and a message is text"),
        (r#","data":1,"time":"yesterday""#, "the attribute time is not a time as RFC 3339 has it"),
        (
            r#","data":1,"myThing":"a""#,
            "the attribute name \"myThing\" is not made of lower-case letters and digits",
        ),
        (r#","data":1,"list":[]"#, "the attribute list is neither text nor a whole number, true or false"),
    ] {
        assert_eq!(structured(rest), [reason], "{rest}");
    }
    assert_eq!(structured("x"), ["the event is no JSON object"]);
    assert_eq!(binary(&[("ce-id", "")], b"x"), ["the attribute id is missing or empty"]);
    assert_eq!(binary(&[("ce-specversion", "0.3")], b"x"), ["only specversion 1.0 is known"]);
    assert_eq!(binary(&[("ce-a", "%ff")], b"x"), ["the attribute a is not UTF-8"]);
    assert_eq!(binary(&[], b"\xff"), ["the data of the event is not UTF-8, and a message is text"]);
}

#[test]
fn times_are_in_any_zone() {
    for time in ["2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123456z", "2026-01-02T03:04:05-11:30"] {
        assert!(is_time(time), "{time}");
    }
    for text in [
        "",
        "Z",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-13-02T03:04:05Z",
        "2026-01-02T03:04:05+1:00",
        "ääää",
    ] {
        assert!(!is_time(text), "{text}");
    }
}

fn published(attributes: &[(&str, &str, &str)]) -> Published {
    let attribute = |(name, data_type, text): &(&str, &str, &str)| Attribute {
        name: (*name).into(),
        data_type: (*data_type).into(),
        value: Kept::Text((*text).into()),
    };
    Published {
        topic: Name::new("000000000000", "us-east-1", "orders"),
        message: String::new(),
        structured: false,
        subject: Some("New".into()),
        attributes: attributes.iter().map(attribute).collect(),
        trace: None,
        group: None,
        deduplication_id: None,
        base_url: "http://localhost:4566".into(),
    }
}

fn outgoing<'a>(published: &'a Published, text: &'a str) -> Message<'a> {
    Message { published, text, id: Uuid::from_u128(5), sent: Timestamp(1_767_323_045_678) }
}

#[test]
fn a_message_that_was_no_event_becomes_one() {
    let plain = published(&[("colour", "String", "red"), ("ce-Id", "String", "x")]);
    let (id, topic) = ("00000000-0000-0000-0000-000000000005", "arn:aws:sns:us-east-1:000000000000:orders");
    let time = "2026-01-02T03:04:05.678Z";
    let document = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"{topic}","type":"fanq.message","subject":"New","time":"{time}","datacontenttype":"text/plain","data":"say \"hi\""}}"#
    );
    assert_eq!(outgoing(&plain, "say \"hi\"").to_structured(), document);
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", topic),
        ("ce-type", "fanq.message"),
        ("ce-subject", "New"),
        ("ce-time", time),
        ("content-type", "application/json"),
    ];
    assert_eq!(
        outgoing(&plain, "{}").to_binary(),
        headers.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
}

#[test]
fn an_event_comes_out_as_it_went_in() {
    let context = r#","time":"2026-01-02T03:04:05Z","subject":"ä \"b\"","count":3,"urgent":true"#;
    for (rest, is_text) in [
        (r#","datacontenttype":"application/json","data":{"n": 1.10}"#, false),
        (r#","datacontenttype":"text/plain","data":"{}""#, true),
    ] {
        let given = format!("{ORDER}{context}{rest}}}");
        let event = from_structured(given.as_bytes()).unwrap();
        let of_string = |value: &AttributeValue| value.string_value.clone().unwrap();
        let all: Vec<_> = event
            .attributes
            .0
            .iter()
            .map(|(name, value)| (name.clone(), value.data_type.clone().unwrap(), of_string(value)))
            .collect();
        let all: Vec<_> = all.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
        let published = published(&all);
        let outgoing = outgoing(&published, &event.message);
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(value(&outgoing.to_structured()), value(&given));
        assert!(is_text || outgoing.to_structured().ends_with(r#""data":{"n": 1.10}}"#));
        let headers = outgoing.to_binary();
        assert!(headers.contains(&("ce-subject".to_owned(), "%C3%A4%20%22b%22".to_owned())), "{headers:?}");
        let headers = headers.iter().map(|(name, text)| (name.as_str(), text.as_bytes()));
        let again = shown(from_binary(headers, event.message.as_bytes()));
        assert!(again.contains(&"ce-subject: String ä \"b\"".to_owned()), "{again:?}");
        assert_eq!(again[0], event.message);
    }
}
