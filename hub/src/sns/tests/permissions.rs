//! The policies of a topic: permissions in the one, and the one for its data.

use super::*;

const ALICE: &str = "111122223333";

async fn add(world: &World, topic: &str, label: &str, accounts: &[&str], actions: &[&str]) -> String {
    let mut all = vec![("TopicArn".to_owned(), topic.to_owned()), ("Label".to_owned(), label.to_owned())];
    for (list, members) in [("AWSAccountId", accounts), ("ActionName", actions)] {
        let member =
            |(number, member): (usize, &&str)| (format!("{list}.member.{number}"), (*member).to_owned());
        all.extend((1..).zip(members).map(member));
    }
    world.call("AddPermission", &borrowed(&all)).await
}

async fn remove(world: &World, topic: &str, label: &str) -> String {
    world.call("RemovePermission", &[("TopicArn", topic), ("Label", label)]).await
}

async fn policy(world: &World, topic: &str) -> String {
    let all = map(&world.call("GetTopicAttributes", &[("TopicArn", topic)]).await);
    all.into_iter().find(|(name, _)| name == "Policy").map(|(_, policy)| policy).unwrap_or_default()
}

#[actix_web::test]
async fn a_permission_joins_the_policy_that_every_topic_has() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let default = policy(&world, &topic).await;
    assert_eq!(add(&world, &topic, "a", &[ALICE], &["Publish"]).await, "");
    let statement = format!(
        r#"{{"Sid":"a","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ALICE}:root"}},"Action":"SNS:Publish","Resource":"{topic}"}}"#
    );
    let expected = format!("{},{statement}]}}", default.strip_suffix("]}").unwrap());
    assert_eq!(policy(&world, &topic).await, expected);
    assert_eq!(
        add(&world, &topic, "b", &[ALICE, "000000000000", ALICE], &["Publish", "Subscribe"]).await,
        ""
    );
    let both =
        format!(r#""Principal":{{"AWS":["arn:aws:iam::{ALICE}:root","arn:aws:iam::000000000000:root"]}}"#);
    assert!(policy(&world, &topic).await.contains(&both));
    assert!(policy(&world, &topic).await.contains(r#""Action":["SNS:Publish","SNS:Subscribe"]"#));
}

#[actix_web::test]
async fn with_the_last_permission_a_topic_is_its_owners_alone_again() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let default = policy(&world, &topic).await;
    add(&world, &topic, "a", &[ALICE], &["Publish"]).await;
    for label in ["a", "a", "unknown"] {
        assert_eq!(remove(&world, &topic, label).await, "");
    }
    assert_eq!(policy(&world, &topic).await, default);
    let view = world.hub.catalogue.topics("000000000000", "us-east-1", None, 1);
    assert!(view[0].attributes.texts.is_empty());
}

#[actix_web::test]
async fn what_is_no_permission_is_refused() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let missing = format!("{TOPICS}:missing");
    add(&world, &topic, "a", &[ALICE], &["Publish"]).await;
    let before = policy(&world, &topic).await;
    let invalid = |text: &str| format!("400 InvalidParameter: Invalid parameter: {text}");
    let null = |path: &str| {
        let rule = "failed to satisfy constraint: Member must not be null";
        format!("400 ValidationError: 1 validation error detected: Value null at '{path}' {rule}")
    };
    let scope = invalid("Policy statement action out of service scope!");
    type Case<'a> = (&'a str, &'a str, &'a [&'a str], &'a [&'a str], String);
    let cases: [Case<'_>; 8] = [
        (&topic, "a", &[ALICE], &["Subscribe"], invalid("Statement already exists")),
        (&topic, "", &[ALICE], &["Publish"], invalid("Label")),
        (&topic, "b", &["nobody"], &["Publish"], invalid("Policy Error: PrincipalNotFound")),
        (&topic, "b", &[ALICE], &["SendMessage"], scope.clone()),
        (&topic, "b", &[ALICE], &["Publish", "SNS:Publish"], scope),
        (&topic, "b", &[], &["Publish"], null("aWSAccountId")),
        (&topic, "b", &[ALICE], &[], null("actionName")),
        (&missing, "b", &[ALICE], &["Publish"], "404 NotFound: Topic does not exist".to_owned()),
    ];
    for (topic, label, accounts, actions, expected) in cases {
        assert_eq!(add(&world, topic, label, accounts, actions).await, expected);
    }
    assert_eq!(remove(&world, &missing, "a").await, "404 NotFound: Topic does not exist");
    assert_eq!(policy(&world, &topic).await, before);
}

#[actix_web::test]
async fn a_data_protection_policy_is_kept_and_is_no_attribute() {
    let world = World::new();
    let topic = world.create_topic("orders", &[]).await;
    let resource = ("ResourceArn", topic.as_str());
    let put = async |policy: &str| {
        world.call("PutDataProtectionPolicy", &[resource, ("DataProtectionPolicy", policy)]).await
    };
    world.check("GetDataProtectionPolicy", &[resource], "").await;
    assert_eq!(put("{ }").await, "");
    let shown = "<DataProtectionPolicy>{ }</DataProtectionPolicy>";
    world.check("GetDataProtectionPolicy", &[resource], shown).await;
    let attributes = map(&world.call("GetTopicAttributes", &[("TopicArn", &topic)]).await);
    assert!(attributes.iter().all(|(name, _)| name != "DataProtectionPolicy"));
    let set =
        [("TopicArn", topic.as_str()), ("AttributeName", "DataProtectionPolicy"), ("AttributeValue", "{}")];
    world.check("SetTopicAttributes", &set, "400 InvalidParameter: Invalid parameter: AttributeName").await;

    let wrong =
        |what: &str| format!("400 InvalidParameter: Invalid parameter: DataProtectionPolicy Reason: {what}");
    for text in ["x", "[]", "3"] {
        assert_eq!(put(text).await, wrong("must be a JSON object"), "{text}");
    }
    let padded = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    assert_eq!(put(&padded(30_721)).await, wrong("must be at most 30720 characters long"));
    assert_eq!(put(&padded(30_720)).await, "");
    assert_eq!(put("").await, "");
    world.check("GetDataProtectionPolicy", &[resource], "").await;
}

#[actix_web::test]
async fn a_topic_is_created_with_its_data_protection_policy() {
    let world = World::new();
    let create = async |policy: &str| {
        world.call("CreateTopic", &[("Name", "orders"), ("DataProtectionPolicy", policy)]).await
    };
    let arn = format!("<TopicArn>{TOPICS}:orders</TopicArn>");
    assert_eq!(create(r#"{"Name":"a"}"#).await, arn);
    assert_eq!(create(r#"{ "Name": "a" }"#).await, arn);
    world.check("CreateTopic", &[("Name", "orders")], &arn).await;
    let other = "400 InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes";
    assert_eq!(create("{}").await, other);
    let shown = r#"<DataProtectionPolicy>{&quot;Name&quot;:&quot;a&quot;}</DataProtectionPolicy>"#;
    let get = world.call("GetDataProtectionPolicy", &[("ResourceArn", &format!("{TOPICS}:orders"))]).await;
    assert_eq!(get.replace('"', "&quot;"), shown);
}
