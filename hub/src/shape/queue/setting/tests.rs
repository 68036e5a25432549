use super::*;

fn pairs(given: Given<'_>) -> Pairs<String> {
    Pairs(given.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Sets the attributes of a queue that has been set before as `before` says.
fn set(before: Given<'_>, given: Given<'_>, fifo: bool) -> Result<QueueAttributes, Fault> {
    let attributes = QueueAttributes { fifo, ..QueueAttributes::default() };
    let before = Settings::parse(&pairs(before), fifo).unwrap().applied_to(&attributes).unwrap();
    Settings::parse(&pairs(given), fifo)?.applied_to(&before)
}

/// Names with values.
type Given<'a> = &'a [(&'a str, &'a str)];

/// What attributes are afterwards.
type Shown<'a> = &'a [(Attribute, Option<&'a str>)];

fn check(given: Given<'_>, fifo: bool, expected: Result<Shown<'_>, (Code, &str)>) {
    match (set(&[], given, fifo), expected) {
        (Ok(attributes), Ok(expected)) => {
            for (attribute, value) in expected {
                assert_eq!(attribute.value(&attributes).as_deref(), *value, "{given:?}");
            }
        }
        (Err(fault), Err(expected)) => assert_eq!((fault.code(), fault.message()), expected, "{given:?}"),
        (found, _) => panic!("{given:?}: {found:?}"),
    }
}

#[test]
fn numbers_have_ranges() {
    let cases = [
        ("DelaySeconds", 0, 900),
        ("MaximumMessageSize", 1_024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
        ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
    ];
    for (name, least, most) in cases {
        let attribute = Attribute::named(name).unwrap();
        for good in [least, most] {
            let text = good.to_string();
            check(&[(name, &text)], false, Ok(&[(attribute, Some(&text))]));
        }
        let message = format!("Invalid value for the parameter {name}.");
        let beyond = (most + 1).to_string();
        for bad in ["", "-1", "+60", "1.5", "x", " 60", "99999999999999999999", &beyond] {
            check(&[(name, bad)], false, Err((Code::InvalidAttributeValue, &message)));
        }
        if least > 0 {
            check(&[(name, &(least - 1).to_string())], false, Err((Code::InvalidAttributeValue, &message)));
        }
    }
    check(&[("DelaySeconds", "030")], false, Ok(&[(Attribute::DelaySeconds, Some("30"))]));
}

#[test]
fn some_attributes_are_for_fifo_queues_only() {
    let only = |name| format!("You can specify the {name} only when FifoQueue is set to true.");
    let cases = [
        ("FifoQueue", "true", "Unknown Attribute FifoQueue.".to_owned()),
        ("FifoQueue", "false", "Unknown Attribute FifoQueue.".to_owned()),
        ("ContentBasedDeduplication", "true", "Unknown Attribute ContentBasedDeduplication.".to_owned()),
        ("DeduplicationScope", "queue", only("DeduplicationScope")),
        ("FifoThroughputLimit", "perQueue", only("FifoThroughputLimit")),
    ];
    for (name, value, message) in cases {
        check(&[(name, value)], false, Err((Code::InvalidAttributeName, &message)));
    }
    let given = [
        ("FifoQueue", "true"),
        ("ContentBasedDeduplication", "True"),
        ("FifoThroughputLimit", "perMessageGroupId"),
        ("DeduplicationScope", "messageGroup"),
    ];
    let expected = [
        (Attribute::FifoQueue, Some("true")),
        (Attribute::ContentBasedDeduplication, Some("true")),
        (Attribute::FifoThroughputLimit, Some("perMessageGroupId")),
        (Attribute::DeduplicationScope, Some("messageGroup")),
    ];
    check(&given, true, Ok(&expected));
}

#[test]
fn what_a_fifo_queue_cannot_be_is_refused() {
    let cases = [
        (
            ("FifoQueue", "false"),
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        ),
        (("ContentBasedDeduplication", "yes"), "Invalid value for the parameter ContentBasedDeduplication."),
        (("DeduplicationScope", "group"), "Invalid value for the parameter DeduplicationScope."),
        (("FifoThroughputLimit", "perGroup"), "Invalid value for the parameter FifoThroughputLimit."),
        (
            ("FifoThroughputLimit", "perMessageGroupId"),
            "Invalid value for the parameter FifoThroughputLimit. Reason: To set FifoThroughputLimit to \
             perMessageGroupId, the DeduplicationScope must be messageGroup.",
        ),
    ];
    for (given, message) in cases {
        check(&[given], true, Err((Code::InvalidAttributeValue, message)));
    }
}

#[test]
fn names_that_cannot_be_set_are_unknown() {
    for name in
        ["QueueArn", "ApproximateNumberOfMessages", "CreatedTimestamp", "All", "visibilitytimeout", ""]
    {
        let message = format!("Unknown Attribute {name}.");
        check(&[(name, "1")], true, Err((Code::InvalidAttributeName, &message)));
    }
}

#[test]
fn an_empty_text_takes_an_attribute_back() {
    let arn = "arn:aws:sqs:us-east-1:000000000000:dead";
    let cases = [
        ("Policy", r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}"#.to_owned()),
        ("RedriveAllowPolicy", r#"{"redrivePermission":"denyAll"}"#.to_owned()),
        ("RedrivePolicy", format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":3}}"#)),
        ("KmsMasterKeyId", "alias/key".to_owned()),
    ];
    for (name, value) in cases {
        let attribute = Attribute::named(name).unwrap();
        check(&[(name, &value)], false, Ok(&[(attribute, Some(&value))]));
        check(&[(name, "")], false, Ok(&[(attribute, None)]));
        let taken_back = set(&[(name, &value)], &[(name, "")], false).unwrap();
        assert_eq!(attribute.value(&taken_back), None, "{name}");
    }
    check(
        &[("Policy", "{}")],
        false,
        Err((Code::InvalidAttributeValue, "Invalid value for the parameter Policy.")),
    );
}

#[test]
fn one_kind_of_encryption_ends_the_other() {
    let key = ("KmsMasterKeyId", "alias/key");
    let encryption = |before: Given<'_>, given: Given<'_>| {
        let attributes = set(before, given, false).unwrap();
        let value = |attribute: Attribute| attribute.value(&attributes);
        (value(Attribute::SqsManagedSseEnabled).unwrap(), value(Attribute::KmsMasterKeyId))
    };
    let with_key = Some("alias/key".to_owned());
    assert_eq!(encryption(&[], &[]), ("true".to_owned(), None));
    assert_eq!(encryption(&[], &[("SqsManagedSseEnabled", "false")]), ("false".to_owned(), None));
    assert_eq!(encryption(&[], &[key]), ("false".to_owned(), with_key.clone()));
    assert_eq!(encryption(&[], &[key, ("SqsManagedSseEnabled", "false")]), ("false".to_owned(), with_key));
    assert_eq!(encryption(&[key], &[("KmsMasterKeyId", "")]), ("false".to_owned(), None));
    assert_eq!(encryption(&[key], &[("SqsManagedSseEnabled", "true")]), ("true".to_owned(), None));
    assert_eq!(encryption(&[], &[("KmsMasterKeyId", "")]), ("true".to_owned(), None));
    check(
        &[key, ("SqsManagedSseEnabled", "true")],
        false,
        Err((
            Code::InvalidAttributeName,
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS \
             SSE.",
        )),
    );
}

#[test]
fn only_what_is_given_is_compared() {
    let existing = set(&[], &[("DelaySeconds", "5"), ("Policy", POLICY)], false).unwrap();
    const POLICY: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}"#;
    let other_order =
        r#"{"Statement":{"Principal":"*","Action":"*","Effect":"Allow"}, "Version":"2012-10-17"}"#;
    let cases: [(Given<'_>, Option<Attribute>); 7] = [
        (&[], None),
        (&[("VisibilityTimeout", "30")], None),
        (&[("DelaySeconds", "05")], None),
        (&[("Policy", other_order)], None),
        (&[("KmsMasterKeyId", "")], None),
        (&[("DelaySeconds", "0")], Some(Attribute::DelaySeconds)),
        (&[("Policy", ""), ("DelaySeconds", "0")], Some(Attribute::Policy)),
    ];
    for (given, expected) in cases {
        let settings = Settings::parse(&pairs(given), false).unwrap();
        let wanted = settings.applied_to(&QueueAttributes::default()).unwrap();
        assert_eq!(settings.first_difference(&wanted, &existing), expected, "{given:?}");
    }
}
