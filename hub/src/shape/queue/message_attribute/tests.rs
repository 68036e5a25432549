use super::*;
use crate::wire::Blob;
use crate::wire::Counted;

fn string(data_type: &str, value: &str) -> AttributeValue {
    let (data_type, value) = (Some(data_type.to_owned()), Some(value.to_owned()));
    AttributeValue { data_type, string_value: value, ..AttributeValue::default() }
}

fn binary(value: &[u8]) -> AttributeValue {
    let (data_type, value) = (Some("Binary".to_owned()), Some(Blob(value.to_vec())));
    AttributeValue { data_type, binary_value: value, ..AttributeValue::default() }
}

/// Parses one attribute and expects a message, or none.
fn check(name: &str, value: AttributeValue, expected: Option<&str>) {
    let parsed = parse(&Pairs(vec![(name.to_owned(), value)]));
    assert_eq!(parsed.as_ref().err().map(Fault::message), expected, "{name}");
}

#[test]
fn names_have_a_form() {
    let longest = "a".repeat(256);
    for name in ["Hello", "a.b-c_9", "AWSTrace", "Amazonia", &longest] {
        check(name, string("String", "x"), None);
    }
    const CHARACTERS: &str = "Message (user) attributes name can only contain upper and lower score characters, digits, \
                              periods, hyphens and underscores. ";
    const RESERVED: &str = "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings \
                            are reserved for internal use.";
    let too_long = "a".repeat(257);
    let cases = [
        ("", "The request must contain non-empty message (user) attribute names."),
        (".a", CHARACTERS),
        ("a.", CHARACTERS),
        ("a..b", CHARACTERS),
        ("a b", CHARACTERS),
        ("größe", CHARACTERS),
        ("AWS.Trace", RESERVED),
        ("aws.trace", RESERVED),
        ("AMAZON.x", RESERVED),
        (&too_long, "Message (user) attribute names must be shorter than 256 Bytes"),
    ];
    for (name, message) in cases {
        check(name, string("String", "x"), Some(message));
    }
}

#[test]
fn values_fit_their_types() {
    const TYPES: &str = "The type of message (user) attribute 'a' is invalid. You must use only the following \
                         supported type prefixes: Binary, Number, String.";
    check("a", string("String.custom.label", "x"), None);
    check("a", string("Number.int", "5"), None);
    check("a", binary(b"\0\xff"), None);
    check("a", string("string", "x"), Some(TYPES));
    check("a", string("Text", "x"), Some(TYPES));
    check("a", string("Stringent", "x"), Some(TYPES));
    check("a", string(&format!("String.{}", "x".repeat(249)), "x"), None);
    check(
        "a",
        string(&format!("String.{}", "x".repeat(250)), "x"),
        Some("Message (user) attribute types must be shorter than 256 Bytes"),
    );
    let empty =
        |kind| format!("Message (user) attribute 'a' must contain a non-empty value of type '{kind}'.");
    check("a", string("String.x", ""), Some(&empty("String.x")));
    check("a", string("Binary", "x"), Some(&empty("Binary")));
    check("a", binary(b""), Some(&empty("Binary")));
    check("a", string("Number", ""), Some(&empty("Number")));
    check(
        "a",
        string("", "x"),
        Some("Message (user) attribute 'a' must contain a non-empty attribute type."),
    );
    check(
        "a",
        AttributeValue::default(),
        Some("The message (user) attribute 'a' must contain a non-empty message attribute value."),
    );
    check("a", string("String", "\u{1}"), Some(text::INVALID_CHARACTERS));
    let list = AttributeValue {
        string_list_values: Some(serde_json::from_str(r#"["x"]"#).unwrap()),
        ..string("String", "x")
    };
    check("a", list, Some("Message attribute list values in SendMessage operation are not supported."));
    check(
        "a",
        AttributeValue { string_list_values: Some(Counted::default()), ..string("String", "x") },
        None,
    );
}

#[test]
fn a_number_is_one() {
    let message = "Can't cast the value of message (user) attribute 'n' to a number.";
    check("n", string("Number", "five"), Some(message));
}

#[test]
fn there_are_ten_attributes_at_most() {
    let attributes =
        |count: usize| Pairs((0..count).map(|at| (format!("n{at}"), string("String", "x"))).collect());
    assert_eq!(parse(&attributes(10)).map(|attributes| attributes.len()), Ok(10));
    let fault = parse(&attributes(11)).unwrap_err();
    assert_eq!(fault.message(), "Number of message attributes [11] exceeds the allowed maximum [10].");
}

#[test]
fn attributes_come_out_by_name_and_count_with_all_their_parts() {
    let given = Pairs(vec![("b".to_owned(), binary(b"1234")), ("B".to_owned(), string("Number", "12"))]);
    assert_eq!(bytes(&given), 1 + 6 + 4 + 1 + 6 + 2);
    let attributes = parse(&given).unwrap();
    assert_eq!(attributes.iter().map(Attribute::bytes).sum::<usize>(), bytes(&given));
    assert_eq!(attributes.iter().map(|attribute| &*attribute.name).collect::<Vec<_>>(), ["B", "b"]);
}

#[test]
fn the_only_system_attribute_is_the_trace() {
    let one = |name: &str, value| Pairs(vec![(name.to_owned(), value)]);
    assert_eq!(parse_system(&Pairs::default()), Ok(None));
    let trace = parse_system(&one("AWSTraceHeader", string("String", "Root=1"))).unwrap().unwrap();
    assert_eq!(trace.value, Value::Text("Root=1".into()));
    let fault = parse_system(&one("Other", string("String", "x"))).unwrap_err();
    assert_eq!(fault.message(), "Message system attribute name 'Other' is invalid.");
    for value in [string("Number", "1"), string("String", ""), binary(b"x"), AttributeValue::default()] {
        assert!(parse_system(&one("AWSTraceHeader", value)).is_err());
    }
}
