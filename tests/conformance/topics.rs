//! What a program does with topics and with all that SNS has beside them, through the official SDK: each of its
//! actions.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_sns::Client;
use aws_sdk_sns::types::{
    LanguageCodeString, MessageAttributeValue, PublishBatchRequestEntry,
    SmsSandboxPhoneNumberVerificationStatus as Status, Tag,
};
use fanq_tests::{Hub, Request, eventually, form};
use serde_json::Value;

use crate::clients::{ACCOUNT, arn, bodies, queue, receive, sns, sqs, subscribe};

const MAILBOX: &str = "ann@example.com";
const NUMBER: &str = "+12065550100";

#[tokio::test]
async fn every_action_is_one_of_the_sdk() {
    let hub = Hub::start(&[]);
    let sns = sns(&hub);
    a_topic_is_made_changed_and_deleted(&sns).await;
    a_mailbox_agrees_reads_and_leaves(&hub, &sns).await;
    a_batch_reaches_a_queue_through_its_filter(&hub, &sns).await;
    text_messages_have_settings_and_can_be_unwanted(&hub, &sns).await;
    a_number_of_the_sandbox_is_proven(&hub, &sns).await;
    an_application_has_devices(&hub, &sns).await;

    let answered = answered(&hub);
    assert_eq!(answered.len(), 42, "{answered:?}");
}

/// The actions of SNS that the hub has answered well.
fn answered(hub: &Hub) -> BTreeSet<String> {
    let metrics = Request::get("/metrics").send(hub).text();
    let of_line = |line: &str| {
        let labels = line.strip_prefix("fanq_api_requests_total{service=\"sns\",action=\"")?;
        let (action, rest) = labels.split_once('"')?;
        let (result, count) = rest.rsplit_once(' ')?;
        (result.contains("result=\"ok\"") && count != "0").then(|| action.to_owned())
    };
    metrics.lines().filter_map(of_line).collect()
}

/// What the outbox has for somebody, once there are so many, the newest first.
fn outbox(hub: &Hub, to: &str, count: usize) -> Vec<String> {
    let path = format!("/_fanq/outbox?{}", form(&[("to", to)]));
    let mut found = Vec::new();
    eventually(&format!("{count} letters to {to}"), || {
        let letters: Value = serde_json::from_slice(&Request::get(&path).send(hub).body).unwrap();
        let letters = letters.as_array().unwrap();
        found = letters.iter().map(|letter| letter["message"].as_str().unwrap().to_owned()).collect();
        found.len() == count
    });
    found
}

async fn topic(sns: &Client, name: &str) -> String {
    sns.create_topic().name(name).send().await.unwrap().topic_arn.unwrap()
}

async fn topics(sns: &Client) -> Vec<String> {
    let pages = sns.list_topics().into_paginator().items().send();
    let topics = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    topics.into_iter().map(|topic| topic.topic_arn.unwrap()).collect()
}

async fn attributes(sns: &Client, topic: &str) -> HashMap<String, String> {
    sns.get_topic_attributes().topic_arn(topic).send().await.unwrap().attributes.unwrap()
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap()
}

async fn a_topic_is_made_changed_and_deleted(sns: &Client) {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    let create = sns.create_topic().name("orders").attributes("DisplayName", "Orders");
    let topic = create.tags(tag("team", "shop")).send().await.unwrap().topic_arn.unwrap();
    assert_eq!(topic, format!("arn:aws:sns:us-east-1:{ACCOUNT}:orders"));
    assert_eq!(topics(sns).await, [topic.as_str()]);

    let set = sns.set_topic_attributes().topic_arn(&topic).attribute_name("DisplayName");
    set.attribute_value("Shop").send().await.unwrap();
    assert_eq!(attributes(sns, &topic).await["DisplayName"], "Shop");

    sns.tag_resource().resource_arn(&topic).tags(tag("stage", "test")).send().await.unwrap();
    sns.untag_resource().resource_arn(&topic).tag_keys("team").send().await.unwrap();
    let tags = sns.list_tags_for_resource().resource_arn(&topic).send().await.unwrap();
    assert_eq!(tags.tags(), [tag("stage", "test")]);

    let policy_of_readers = async || attributes(sns, &topic).await["Policy"].contains("readers");
    let add = sns.add_permission().topic_arn(&topic).label("readers");
    add.aws_account_id("444455556666").action_name("Subscribe").send().await.unwrap();
    assert!(policy_of_readers().await);
    sns.remove_permission().topic_arn(&topic).label("readers").send().await.unwrap();
    assert!(!policy_of_readers().await);

    let policy = r#"{"Name":"p","Version":"2021-06-01","Statement":[]}"#;
    let put = sns.put_data_protection_policy().resource_arn(&topic).data_protection_policy(policy);
    put.send().await.unwrap();
    let shown = sns.get_data_protection_policy().resource_arn(&topic).send().await.unwrap();
    assert_eq!(shown.data_protection_policy(), Some(policy));

    let archive = sns.set_topic_attributes().topic_arn(&topic).attribute_name("ArchivePolicy");
    archive.clone().attribute_value(r#"{"MessageRetentionPeriod":"30"}"#).send().await.unwrap();
    let error = sns.delete_topic().topic_arn(&topic).send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_state_exception(), "{error:?}");
    archive.attribute_value("{}").send().await.unwrap();
    sns.delete_topic().topic_arn(&topic).send().await.unwrap();
    assert_eq!(topics(sns).await, [""; 0]);
}

async fn a_mailbox_agrees_reads_and_leaves(hub: &Hub, sns: &Client) {
    let topic = topic(sns, "news").await;
    let asked = sns.subscribe().topic_arn(&topic).protocol("email").endpoint(MAILBOX).send().await.unwrap();
    assert_eq!(asked.subscription_arn(), Some("pending confirmation"));
    let listed = async || {
        let of_topic = sns.list_subscriptions_by_topic().topic_arn(&topic).into_paginator().items().send();
        let of_topic = of_topic.collect::<Result<Vec<_>, _>>().await.unwrap();
        let all = sns.list_subscriptions().into_paginator().items().send();
        assert_eq!(all.collect::<Result<Vec<_>, _>>().await.unwrap(), of_topic);
        of_topic.into_iter().map(|it| it.subscription_arn.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, ["PendingConfirmation"]);

    let mail = outbox(hub, MAILBOX, 1).remove(0);
    let (_, rest) = mail.split_once("&Token=").unwrap();
    let (token, _) = rest.split_once('\n').unwrap();
    let confirmed = sns.confirm_subscription().topic_arn(&topic).token(token).send().await.unwrap();
    let subscription = confirmed.subscription_arn.unwrap();
    assert_eq!(listed().await, [subscription.as_str()]);

    let publish = sns.publish().topic_arn(&topic).subject("News").message("for all");
    assert!(publish.send().await.unwrap().message_id().is_some());
    assert_eq!(outbox(hub, MAILBOX, 2)[0], "for all");

    sns.unsubscribe().subscription_arn(&subscription).send().await.unwrap();
    assert_eq!(listed().await, [""; 0]);
    let gone = sns.get_subscription_attributes().subscription_arn(&subscription).send().await.unwrap_err();
    assert!(gone.into_service_error().is_not_found_exception());
}

async fn a_batch_reaches_a_queue_through_its_filter(hub: &Hub, sns: &Client) {
    let (sqs, topic) = (sqs(hub), topic(sns, "prices").await);
    let url = queue(&sqs, "inbox", &[]).await;
    let raw = [("RawMessageDelivery", "true")];
    let subscription = subscribe(sns, &topic, &arn(&sqs, &url).await, &raw).await;
    let set = sns.set_subscription_attributes().subscription_arn(&subscription);
    set.attribute_name("FilterPolicy").attribute_value(r#"{"kind":["news"]}"#).send().await.unwrap();
    let shown = sns.get_subscription_attributes().subscription_arn(&subscription).send().await.unwrap();
    let shown = shown.attributes.unwrap();
    assert_eq!((&*shown["FilterPolicy"], &*shown["PendingConfirmation"]), (r#"{"kind":["news"]}"#, "false"));

    let entry = |id: &str, message: &str, kind: &str| {
        let entry = PublishBatchRequestEntry::builder().id(id).message(message);
        entry.message_attributes("kind", text(kind)).build().unwrap()
    };
    let entries = vec![entry("a", "1", "news"), entry("b", "", "news"), entry("c", "3", "other")];
    let batch = sns.publish_batch().topic_arn(&topic).set_publish_batch_request_entries(Some(entries));
    let outcome = batch.send().await.unwrap();
    let successful = outcome.successful().iter().filter_map(|entry| entry.id()).collect::<Vec<_>>();
    let failed = outcome.failed().iter().map(|entry| (entry.id(), entry.sender_fault())).collect::<Vec<_>>();
    assert_eq!((&*successful, &*failed), (&["a", "c"][..], &[("b", true)][..]));
    assert_eq!(bodies(&receive(&sqs, &url).await), ["1"]);

    let schema = sns.set_topic_attributes().topic_arn(&topic).attribute_name("MessageSchema");
    let value = r#"{"mode": "reject", "schema": {"type": "object"}}"#;
    schema.attribute_value(value).send().await.unwrap();
    let refused = sns.publish().topic_arn(&topic).message("1").send().await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_parameter_exception());
}

async fn text_messages_have_settings_and_can_be_unwanted(hub: &Hub, sns: &Client) {
    let set = sns.set_sms_attributes().attributes("DefaultSMSType", "Transactional");
    set.send().await.unwrap();
    let settings = sns.get_sms_attributes().attributes("DefaultSMSType").send().await.unwrap();
    let expected = HashMap::from([("DefaultSMSType".to_owned(), "Transactional".to_owned())]);
    assert_eq!(settings.attributes(), Some(&expected));

    let publish = sns.publish().phone_number(NUMBER).message("on its way");
    publish.message_attributes("AWS.SNS.SMS.SenderID", text("fanq")).send().await.unwrap();
    assert_eq!(outbox(hub, NUMBER, 1), ["on its way"]);

    let is_out = async || {
        let check = sns.check_if_phone_number_is_opted_out().phone_number(NUMBER).send().await.unwrap();
        let listed = sns.list_phone_numbers_opted_out().into_paginator().items().send();
        let listed = listed.collect::<Result<Vec<_>, _>>().await.unwrap();
        assert_eq!(listed.contains(&NUMBER.to_owned()), check.is_opted_out());
        check.is_opted_out()
    };
    assert!(!is_out().await);
    let signed = format!("AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/sns/aws4_request");
    let stop = Request::new("PUT", &format!("/_fanq/opted-out-numbers/{NUMBER}"));
    assert_eq!(stop.header("Authorization", &signed).send(hub).status, 204);
    assert!(is_out().await);
    let register = sns.create_sms_sandbox_phone_number().phone_number(NUMBER).send().await.unwrap_err();
    assert!(register.into_service_error().is_opted_out_exception());
    sns.opt_in_phone_number().phone_number(NUMBER).send().await.unwrap();
    assert!(!is_out().await);
}

async fn a_number_of_the_sandbox_is_proven(hub: &Hub, sns: &Client) {
    let number = "+12065550101";
    assert!(!sns.get_sms_sandbox_account_status().send().await.unwrap().is_in_sandbox());
    let numbers = sns.list_origination_numbers().into_paginator().items().send();
    assert_eq!(numbers.collect::<Result<Vec<_>, _>>().await.unwrap(), []);

    let register = sns.create_sms_sandbox_phone_number().phone_number(number);
    register.language_code(LanguageCodeString::DeDe).send().await.unwrap();
    let status = async || {
        let listed = sns.list_sms_sandbox_phone_numbers().into_paginator().items().send();
        let listed = listed.collect::<Result<Vec<_>, _>>().await.unwrap();
        listed.into_iter().map(|it| (it.phone_number.unwrap(), it.status.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(status().await, [(number.to_owned(), Status::Pending)]);
    let letter = outbox(hub, number, 1).remove(0);
    let password = letter.chars().filter(char::is_ascii_digit).collect::<String>();
    let verify = sns.verify_sms_sandbox_phone_number().phone_number(number);
    let wrong = verify.clone().one_time_password("00000").send().await.unwrap_err().into_service_error();
    assert!(wrong.is_verification_exception(), "{wrong:?}");
    verify.one_time_password(password).send().await.unwrap();
    assert_eq!(status().await, [(number.to_owned(), Status::Verified)]);

    let delete = sns.delete_sms_sandbox_phone_number().phone_number(number);
    delete.clone().send().await.unwrap();
    let gone = delete.send().await.unwrap_err().into_service_error();
    assert!(gone.is_resource_not_found_exception(), "{gone:?}");
}

async fn an_application_has_devices(hub: &Hub, sns: &Client) {
    let create = sns.create_platform_application().name("shop").platform("GCM");
    let created = create.attributes("PlatformCredential", "key").send().await.unwrap();
    let application = created.platform_application_arn.unwrap();
    let set = sns.set_platform_application_attributes().platform_application_arn(&application);
    set.attributes("SuccessFeedbackSampleRate", "50").send().await.unwrap();
    let shown = sns.get_platform_application_attributes().platform_application_arn(&application);
    assert_eq!(shown.send().await.unwrap().attributes.unwrap()["SuccessFeedbackSampleRate"], "50");
    let listed = sns.list_platform_applications().into_paginator().items().send();
    let listed = listed.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(listed[0].platform_application_arn(), Some(application.as_str()));

    let create = sns.create_platform_endpoint().platform_application_arn(&application).token("old");
    let device = create.send().await.unwrap().endpoint_arn.unwrap();
    let set = sns.set_endpoint_attributes().endpoint_arn(&device);
    set.clone().attributes("Token", "new").send().await.unwrap();
    let shown = sns.get_endpoint_attributes().endpoint_arn(&device).send().await.unwrap();
    assert_eq!(shown.attributes.unwrap()["Token"], "new");

    let message = r#"{"default": "to all", "GCM": "to Android"}"#;
    let publish = sns.publish().target_arn(&device).message(message).message_structure("json");
    publish.clone().send().await.unwrap();
    assert_eq!(outbox(hub, &device, 1), ["to Android"]);
    set.attributes("Enabled", "false").send().await.unwrap();
    let refused = publish.send().await.unwrap_err().into_service_error();
    assert!(refused.is_endpoint_disabled_exception(), "{refused:?}");

    let devices = async || {
        let listed = sns.list_endpoints_by_platform_application().platform_application_arn(&application);
        let listed = listed.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
        listed.into_iter().map(|it| it.endpoint_arn.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(devices().await, [device.as_str()]);
    sns.delete_endpoint().endpoint_arn(&device).send().await.unwrap();
    assert_eq!(devices().await, [""; 0]);
    sns.delete_platform_application().platform_application_arn(&application).send().await.unwrap();
    let gone = sns.get_platform_application_attributes().platform_application_arn(&application);
    assert!(gone.send().await.unwrap_err().into_service_error().is_not_found_exception());
}
