use super::*;
use queue_core::{Name, QueueAttributes, QueueId, Timestamp};

const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:orders";
const ALICE: &str = "111122223333";

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// A queue with that policy, if it is one.
fn queue(policy: &str) -> QueueView {
    let mut attributes = QueueAttributes::default();
    if !policy.is_empty() {
        assert!(policy::is_valid(policy), "{policy}");
        attributes.texts.insert("Policy".into(), policy.into());
    }
    QueueView {
        id: QueueId(1),
        name: Name::new("000000000000", "us-east-1", "orders"),
        attributes,
        tags: Default::default(),
        version: 7,
        created: Timestamp(0),
        modified: Timestamp(0),
    }
}

/// The policy that a change leaves, empty if none, or what is said instead.
fn outcome(change: Result<Command, Fault>) -> String {
    match change {
        Ok(Command::SetQueueAttributes(set)) => {
            assert_eq!((set.queue, set.seen), (QueueId(1), 7));
            set.attributes.texts.get("Policy").map(|text| text.to_string()).unwrap_or_default()
        }
        Ok(other) => panic!("{other:?}"),
        Err(fault) => fault.to_string(),
    }
}

fn added(policy: &str, label: &str, accounts: &[&str], actions: &[&str]) -> String {
    let (accounts, actions) = (texts(accounts), texts(actions));
    let permission = Permission::parse(label, &accounts, &actions);
    outcome(permission.and_then(|permission| permission.add_to(&queue(policy))))
}

fn statement(label: &str, principal: &str, action: &str) -> String {
    format!(
        r#"{{"Sid":"{label}","Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":{action},"Resource":"{ARN}"}}"#
    )
}

fn policy(statements: &[String]) -> String {
    let statements = statements.join(",");
    format!(r#"{{"Version":"2008-10-17","Id":"{ARN}/SQSDefaultPolicy","Statement":[{statements}]}}"#)
}

#[test]
fn the_first_permission_makes_a_policy_and_others_join_it() {
    let one = statement("a", &format!(r#""arn:aws:iam::{ALICE}:root""#), r#""SQS:SendMessage""#);
    let first = added("", "a", &[ALICE], &["SendMessage"]);
    assert_eq!(first, policy(std::slice::from_ref(&one)));
    let both = format!(r#"["arn:aws:iam::{ALICE}:root","arn:aws:iam::000000000000:root"]"#);
    let two = statement("b", &both, r#"["SQS:*","SQS:DeleteMessage"]"#);
    let second =
        added(&first, "b", &[ALICE, "000000000000", ALICE], &["*", "DeleteMessage", "DeleteMessageBatch"]);
    assert_eq!(second, policy(&[one, two]));
}

#[test]
fn what_stands_in_a_policy_already_stays_as_it_is() {
    let alone =
        r#"{"Statement":{"Resource":"*","Action":"sqs:*","Principal":"*","Effect":"Deny","Sid":"own"}}"#;
    let new = statement("a", &format!(r#""arn:aws:iam::{ALICE}:root""#), r#""SQS:GetQueueUrl""#);
    let expected = format!(
        r#"{{"Statement":[{{"Resource":"*","Action":"sqs:*","Principal":"*","Effect":"Deny","Sid":"own"}},{new}]}}"#
    );
    assert_eq!(added(alone, "a", &[ALICE], &["GetQueueUrl"]), expected);
}

#[test]
fn a_permission_is_removed_by_its_label_and_a_policy_with_its_last() {
    let one = statement("a", "\"*\"", "\"SQS:*\"");
    let two = statement("b", "\"*\"", "\"SQS:*\"");
    let both = policy(&[one.clone(), two.clone()]);
    let cases = [
        (both.as_str(), "a", policy(std::slice::from_ref(&two))),
        (&both, "b", policy(std::slice::from_ref(&one))),
        (&policy(&[one]), "a", String::new()),
        (
            &both,
            "A",
            "InvalidParameterValue: Value A for parameter Label is invalid. Reason: can't find label."
                .to_owned(),
        ),
        (
            "",
            "a",
            "InvalidParameterValue: Value a for parameter Label is invalid. Reason: can't find label."
                .to_owned(),
        ),
    ];
    for (before, label, expected) in cases {
        assert_eq!(outcome(remove_from(&queue(before), label)), expected, "{before} {label}");
    }
}

#[test]
fn what_is_no_permission_is_refused() {
    let invalid = |value: &str, parameter: &str, reason: &str| {
        format!("InvalidParameterValue: Value {value} for parameter {parameter} is invalid. Reason: {reason}")
    };
    const LETTERS: &str =
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.";
    const WSDL: &str = "Please refer to the appropriate WSDL for a list of valid actions. ";
    const OWNER: &str = "Only the queue owner is allowed to invoke this action.";
    let long = "l".repeat(81);
    let cases: [(&str, &[&str], &[&str], String); 11] = [
        ("a b", &[ALICE], &["*"], invalid("a b", "Label", LETTERS)),
        (&long, &[ALICE], &["*"], invalid(&long, "Label", LETTERS)),
        ("a", &[ALICE], &["*"; 8], "OverLimit: 8 Actions were found, maximum allowed is 7.".to_owned()),
        ("a", &[ALICE], &["MakeCoffee"], invalid("SQS:MakeCoffee", "ActionName", WSDL)),
        ("a", &[ALICE], &["SQS:*"], invalid("SQS:SQS:*", "ActionName", WSDL)),
        ("a", &[ALICE], &["PurgeQueueBatch"], invalid("SQS:PurgeQueueBatch", "ActionName", WSDL)),
        ("a", &[ALICE], &["Publish"], invalid("SQS:Publish", "ActionName", WSDL)),
        ("a", &[ALICE], &["DeleteQueue"], invalid("SQS:DeleteQueue", "ActionName", OWNER)),
        ("a", &[ALICE], &["StartMessageMoveTask"], invalid("SQS:StartMessageMoveTask", "ActionName", OWNER)),
        ("a", &[], &["*"], invalid("[]", "PrincipalId", "Unable to verify.")),
        ("a", &["x", ALICE, "1"], &["*"], invalid("[x, 1]", "PrincipalId", "Unable to verify.")),
    ];
    for (label, accounts, actions, expected) in cases {
        assert_eq!(added("", label, accounts, actions), expected);
    }
}

#[test]
fn a_policy_holds_as_many_permissions_as_its_limits_allow() {
    let full = (0..20).fold(String::new(), |policy, n| added(&policy, &n.to_string(), &[ALICE], &["*"]));
    let expected = "OverLimit: 21 Statements were found, maximum allowed is 20.";
    assert_eq!(added(&full, "one-more", &[ALICE], &["*"]), expected);
    let again = added(&full, "7", &[ALICE], &["*"]);
    assert!(again.ends_with("Value 7 for parameter Label is invalid. Reason: Already exists."), "{again}");

    let accounts = (0..51).map(|n| format!("{n:012}")).collect::<Vec<_>>();
    let accounts = accounts.iter().map(String::as_str).collect::<Vec<_>>();
    let many = added("", "a", &accounts, &["*"]);
    assert_eq!(many, "OverLimit: A policy can have at most 8192 bytes and 50 principals.");
    assert!(added("", "a", &accounts[..50], &["*"]).starts_with('{'));
}
