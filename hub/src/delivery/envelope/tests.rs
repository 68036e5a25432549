use super::*;
use crate::content::{Notice, NoticeKind};
use notice::Told;
use queue_core::Name;

fn published() -> Published {
    let attribute = |name: &str, data_type: &str, value| Attribute {
        name: name.into(),
        data_type: data_type.into(),
        value,
    };
    Published {
        topic: Name::new("000000000000", "us-east-1", "orders"),
        message: "a \"quoted\" text\n".to_owned(),
        structured: false,
        subject: Some("New".into()),
        attributes: vec![
            attribute("blob", "Binary", Value::Binary([1, 2][..].into())),
            attribute("kind", "String", Value::Text("book".into())),
        ],
        trace: None,
        group: None,
        deduplication_id: None,
        base_url: "http://localhost:4566".into(),
    }
}

const TOPICAL: Topical =
    Topical { subscription: SubscriptionId(1), raw: false, id: 5, sequence: None, replayed: false };
const MOMENT: Timestamp = Timestamp(1_767_323_045_678);

fn signature() -> Signature {
    Signature {
        version: Version::Two,
        text: "c2ln".into(),
        certificate_url: "http://localhost/a.pem".to_owned(),
    }
}

fn with_envelope<R>(topical: &Topical, subscription: Uuid, work: impl FnOnce(&Envelope<'_>) -> R) -> R {
    let published = published();
    let text = published.text_for("sqs");
    work(&Envelope { published: &published, text: &text, topical, subscription, sent: MOMENT })
}

#[test]
fn an_envelope_has_its_members_in_order() {
    let topical = Topical { replayed: true, ..TOPICAL };
    let document = with_envelope(&topical, Uuid::nil(), |envelope| envelope.document(Some(&signature())));
    let expected = r#"{
  "Type" : "Notification",
  "MessageId" : "00000000-0000-0000-0000-000000000005",
  "TopicArn" : "arn:aws:sns:us-east-1:000000000000:orders",
  "Subject" : "New",
  "Message" : "a \"quoted\" text\n",
  "Timestamp" : "2026-01-02T03:04:05.678Z",
  "SignatureVersion" : "2",
  "Signature" : "c2ln",
  "SigningCertURL" : "http://localhost/a.pem",
  "UnsubscribeURL" : "http://localhost:4566/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:000000000000:orders:00000000-0000-0000-0000-000000000000",
  "MessageAttributes" : {
    "blob" : {"Type":"Binary","Value":"AQI="},
    "kind" : {"Type":"String","Value":"book"}
  },
  "Replayed" : true
}"#;
    assert_eq!(document, expected);
    assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok());
}

#[test]
fn messages_of_fifo_topics_are_not_signed() {
    let text = |topical: &Topical| with_envelope(topical, Uuid::nil(), |envelope| envelope.signed_text());
    assert_eq!(text(&Topical { sequence: Some(1), ..TOPICAL }), None);
    let expected = "Message\na \"quoted\" text\n\nMessageId\n00000000-0000-0000-0000-000000000005\nSubject\nNew\n\
                    Timestamp\n2026-01-02T03:04:05.678Z\nTopicArn\narn:aws:sns:us-east-1:000000000000:orders\n\
                    Type\nNotification\n";
    assert_eq!(text(&TOPICAL).as_deref(), Some(expected));
}

#[test]
fn the_length_of_an_envelope_is_known_beforehand() {
    let signer = crate::delivery::signature::Signer::generate().unwrap();
    let of_fifo = Published { deduplication_id: Some("d".into()), ..published() };
    for (sequence, published) in [(None, published()), (Some(12), of_fifo)] {
        for replayed in [false, true] {
            let topical = Topical { id: u128::MAX, sequence, replayed, ..TOPICAL };
            let text = published.text_for("sqs");
            let subscription = Uuid::max();
            let envelope = Envelope {
                published: &published,
                text: &text,
                topical: &topical,
                subscription,
                sent: MOMENT,
            };
            let signature = envelope.signed_text().map(|text| Signature {
                version: Version::One,
                text: signer.sign(Version::One, &text).unwrap().into(),
                certificate_url: format!("http://localhost:4566{}", signer.certificate_path()),
            });
            assert_eq!(envelope.document(signature.as_ref()).len(), length(&published, &text, replayed));
        }
    }
}

#[test]
fn an_endpoint_is_told_how_to_answer() {
    for (kind, name, message) in [
        (
            NoticeKind::SubscriptionConfirmation,
            "SubscriptionConfirmation",
            r"You have chosen to subscribe to the topic arn:aws:sns:us-east-1:000000000000:orders.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
        ),
        (
            NoticeKind::UnsubscribeConfirmation,
            "UnsubscribeConfirmation",
            r"You have chosen to deactivate subscription arn:aws:sns:us-east-1:000000000000:orders:00000000-0000-0000-0000-000000000000.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
        ),
    ] {
        let notice = Notice { kind, base_url: "http://localhost:4566".into() };
        let topic = published().topic;
        let told = Told::new(&notice, 5, MOMENT, &topic, Uuid::nil(), "abc".to_owned());
        let expected = format!(
            r#"{{
  "Type" : "{name}",
  "MessageId" : "00000000-0000-0000-0000-000000000005",
  "Token" : "abc",
  "TopicArn" : "arn:aws:sns:us-east-1:000000000000:orders",
  "Message" : "{message}",
  "SubscribeURL" : "http://localhost:4566/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:000000000000:orders&Token=abc",
  "Timestamp" : "2026-01-02T03:04:05.678Z",
  "SignatureVersion" : "2",
  "Signature" : "c2ln",
  "SigningCertURL" : "http://localhost/a.pem"
}}"#
        );
        assert_eq!(told.document(&signature()), expected);
        assert!(
            told.signed_text().starts_with("Message\n")
                && told.signed_text().ends_with(&format!("Type\n{name}\n"))
        );
    }
}
