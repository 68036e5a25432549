//! Text messages: settings, who wants none, the sandbox, and messages to one telephone.

use super::*;
use crate::delivery::outbox::{LETTERS_MAX, Letter, Wanted};
use crate::work::Work;

const NUMBER: &str = "+12065550100";

impl World {
    /// What is in the outbox, the newest first.
    pub(super) fn letters(&self) -> Vec<Arc<Letter>> {
        self.hub.outbox.list(Wanted { protocol: None, to: None, limit: LETTERS_MAX })
    }

    async fn opt_out(&self, number: &str) {
        let headers = HeaderMap::new();
        let path = format!("/_fanq/opted-out-numbers/{number}");
        let head = Head { method: &Method::PUT, path: &path, query: "", headers: &headers };
        let request = Request { head, body: Bytes::new(), base_url: String::new() };
        assert_eq!(crate::resources::answer(&self.hub, request).await.status, 204);
    }
}

#[tokio::test]
async fn settings_are_kept_and_shown() {
    let world = World::new();
    let set = [("attributes.entry.1.key", "DefaultSMSType"), ("attributes.entry.1.value", "Transactional")];
    world.check("SetSMSAttributes", &set, "").await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let shown = map(&world.call("GetSMSAttributes", &[]).await);
    assert_eq!(shown, [pair("MonthlySpendLimit", "1"), pair("DefaultSMSType", "Transactional")]);
    let some = map(&world.call("GetSMSAttributes", &[("attributes.member.1", "DefaultSMSType")]).await);
    assert_eq!(some, [pair("DefaultSMSType", "Transactional")]);
    for (name, said) in
        [("Colour", "Colour is not a valid attribute"), ("DefaultSMSType", "DefaultSMSType is invalid")]
    {
        let set = [("attributes.entry.1.key", name), ("attributes.entry.1.value", "x")];
        world.check("SetSMSAttributes", &set, &format!("400 InvalidParameter: {said}")).await;
    }
}

#[tokio::test]
async fn who_opted_out_gets_no_messages_until_opted_in() {
    let world = World::new();
    let publish = [("PhoneNumber", NUMBER), ("Message", "hello")];
    let by_number = [("phoneNumber", NUMBER)];
    world.check("CheckIfPhoneNumberIsOptedOut", &by_number, "<isOptedOut>false</isOptedOut>").await;
    world.opt_out(NUMBER).await;
    world.opt_out("12065550100").await;
    world.check("CheckIfPhoneNumberIsOptedOut", &by_number, "<isOptedOut>true</isOptedOut>").await;
    let listed = format!("<phoneNumbers><member>{NUMBER}</member></phoneNumbers>");
    world.check("ListPhoneNumbersOptedOut", &[], &listed).await;
    assert!(world.call("Publish", &publish).await.starts_with("<MessageId>"));
    assert!(world.letters().is_empty());
    let sandbox = [("PhoneNumber", NUMBER)];
    world
        .check("CreateSMSSandboxPhoneNumber", &sandbox, "400 OptedOut: The phone number is opted out.")
        .await;
    world.check("OptInPhoneNumber", &by_number, "").await;
    world.check("OptInPhoneNumber", &by_number, "").await;
    let answer = world.call("Publish", &publish).await;
    let letters = world.letters();
    assert_eq!((letters[0].message.as_str(), &*letters[0].to), ("hello", NUMBER));
    assert_eq!(letters[0].message_id, inside(&answer, "MessageId"));
    let wrong = "400 InvalidParameter: Invalid parameter: PhoneNumber Reason: input incorrectly formatted";
    for action in ["CheckIfPhoneNumberIsOptedOut", "OptInPhoneNumber"] {
        world.check(action, &[("phoneNumber", "NAA+15551234567")], wrong).await;
    }
}

#[tokio::test]
async fn a_number_is_proven_by_the_password_in_the_outbox() {
    let world = World::new();
    let create = [("PhoneNumber", NUMBER), ("LanguageCode", "de-DE")];
    world.check("CreateSMSSandboxPhoneNumber", &create, "").await;
    let member = |status: &str| {
        format!(
            "<PhoneNumbers><member><PhoneNumber>{NUMBER}</PhoneNumber><Status>{status}</Status></member></PhoneNumbers>"
        )
    };
    world.check("ListSMSSandboxPhoneNumbers", &[], &member("Pending")).await;
    let letter = &world.letters()[0];
    let password: String = letter.message.chars().filter(char::is_ascii_digit).collect();
    let wrong = "400 VerificationException: The one-time password is wrong, or not good any more.";
    let verify = |password| [("PhoneNumber", NUMBER), ("OneTimePassword", password)];
    world.check("VerifySMSSandboxPhoneNumber", &verify("x"), wrong).await;
    world.check("VerifySMSSandboxPhoneNumber", &verify(&password), "").await;
    world.check("VerifySMSSandboxPhoneNumber", &verify(&password), wrong).await;
    world.check("ListSMSSandboxPhoneNumbers", &[], &member("Verified")).await;
    let again = "400 UserError: The phone number is verified already.";
    world.check("CreateSMSSandboxPhoneNumber", &create, again).await;
    world.check("DeleteSMSSandboxPhoneNumber", &create[..1], "").await;
    let missing = "404 ResourceNotFound: The phone number is not registered in the SMS sandbox.";
    world.check("DeleteSMSSandboxPhoneNumber", &create[..1], missing).await;
    world.check("VerifySMSSandboxPhoneNumber", &verify(&password), missing).await;
    world.check("GetSMSSandboxAccountStatus", &[], "<IsInSandbox>false</IsInSandbox>").await;
}

#[actix_web::test]
async fn in_the_sandbox_only_verified_numbers_get_messages() {
    let world = World::with(Settings { sms_sandbox: true, ..Settings::default() });
    let work = Work::start(&world.hub);
    let sent = async || {
        let letters = world.letters();
        let sent = letters.iter().filter(|letter| !letter.message.starts_with("Your verification"));
        sent.map(|letter| letter.message.clone()).collect::<Vec<_>>()
    };
    world.check("GetSMSSandboxAccountStatus", &[], "<IsInSandbox>true</IsInSandbox>").await;
    let topic = world.create_topic("news", &[]).await;
    world.make_queue("failed").await;
    let redrive = format!(r#"{{"deadLetterTargetArn":"{QUEUES}:failed"}}"#);
    // A number without its plus sign is the same number.
    let answer = world.try_subscribe(&topic, "sms", &NUMBER[1..], &[("RedrivePolicy", &redrive)]).await;
    assert!(answer.starts_with("<SubscriptionArn>"), "{answer}");
    let publish = async |message: &str| {
        for to in [("PhoneNumber", NUMBER), ("TopicArn", &topic)] {
            let answer = world.call("Publish", &[to, ("Message", message)]).await;
            assert!(answer.starts_with("<MessageId>"), "{answer}");
        }
    };
    let failed = async || {
        let input = json!({ "QueueUrl": "failed", "WaitTimeSeconds": 20 });
        let received = world.sqs("ReceiveMessage", input).await;
        let message = &received["Messages"][0];
        let delete = json!({ "QueueUrl": "failed", "ReceiptHandle": message["ReceiptHandle"] });
        world.sqs("DeleteMessage", delete).await;
        let envelope: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
        envelope["Message"].clone()
    };
    publish("unknown").await;
    assert_eq!(failed().await, "unknown");
    world.check("CreateSMSSandboxPhoneNumber", &[("PhoneNumber", NUMBER)], "").await;
    publish("pending").await;
    assert_eq!(failed().await, "pending");
    assert!(sent().await.is_empty());
    let password: String = world.letters()[0].message.chars().filter(char::is_ascii_digit).collect();
    let verify = [("PhoneNumber", NUMBER), ("OneTimePassword", &password)];
    world.check("VerifySMSSandboxPhoneNumber", &verify, "").await;
    publish("verified").await;
    while sent().await.len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(sent().await, ["verified", "verified"]);
    // Who opted out gets nothing by a topic either, however the number is written there.
    world.opt_out(NUMBER).await;
    publish("opted out").await;
    assert_eq!(failed().await, "opted out");
    assert_eq!(sent().await.len(), 2);
    work.stop().await;
}

#[tokio::test]
async fn the_sandbox_has_room_for_ten_numbers() {
    let world = World::new();
    for digit in 0..10 {
        let number = format!("+1206555010{digit}");
        world.check("CreateSMSSandboxPhoneNumber", &[("PhoneNumber", &number)], "").await;
    }
    let full = "400 UserError: There can be at most 10 phone numbers.";
    world.check("CreateSMSSandboxPhoneNumber", &[("PhoneNumber", "+49301234567")], full).await;
    world.check("CreateSMSSandboxPhoneNumber", &[("PhoneNumber", "+12065550109")], "").await;
    let page = world.call("ListSMSSandboxPhoneNumbers", &[("MaxResults", "9")]).await;
    assert_eq!(page.matches("<Status>").count(), 9, "{page}");
    let next = [("MaxResults", "9"), ("NextToken", inside(&page, "NextToken"))];
    let rest = world.call("ListSMSSandboxPhoneNumbers", &next).await;
    assert_eq!(inside(&rest, "PhoneNumber"), "+12065550109");
}

#[tokio::test]
async fn a_hub_has_no_numbers_of_its_own() {
    let world = World::new();
    world.check("ListOriginationNumbers", &[], "<PhoneNumbers/>").await;
    let wrong = "400 InvalidParameter: Invalid parameter: NextToken";
    world.check("ListOriginationNumbers", &[("NextToken", "x")], wrong).await;
    let long = "400 ValidationError: 1 validation error detected: Value '31' at 'maxResults' failed to satisfy \
                constraint: Member must have value less than or equal to 30";
    world.check("ListOriginationNumbers", &[("MaxResults", "31")], long).await;
}

#[tokio::test]
async fn what_no_telephone_can_show_is_refused() {
    let world = World::new();
    let check = async |number: &str, more: (&str, &str), said: &str| {
        let message = ("Message", if more.0 == "Message" { more.1 } else { "x" });
        let rest = [("PhoneNumber", number), message];
        let parameters: Vec<_> = rest.into_iter().chain((more.0 != "Message").then_some(more)).collect();
        world
            .check("Publish", &parameters, &format!("400 InvalidParameter: Invalid parameter: {said}"))
            .await;
    };
    for number in ["NAA+15551234567", "+0123"] {
        let said = format!("PhoneNumber Reason: {number} is not valid to publish to");
        check(number, ("Message", "x"), &said).await;
    }
    check(NUMBER, ("Message", ""), "Empty message").await;
    check(NUMBER, ("Message", &"x".repeat(1_601)), "Message too long").await;
    check(NUMBER, ("MessageStructure", "json"), "Message Structure - JSON message body failed to parse")
        .await;
    for (name, value) in [("SMSType", "Urgent"), ("SenderID", "12345")] {
        let name = format!("AWS.SNS.SMS.{name}");
        let parameters = [
            ("PhoneNumber", NUMBER),
            ("Message", "x"),
            ("MessageAttributes.entry.1.Name", &name),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", value),
        ];
        let said =
            format!("400 InvalidParameter: Invalid parameter: MessageAttributes Reason: {name} is invalid");
        world.check("Publish", &parameters, &said).await;
    }
    assert!(world.letters().is_empty());
}
