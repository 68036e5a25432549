//! Applications, their endpoints, and messages to one of them.

use super::*;
use crate::shape::platform::{endpoint, orphans};
use crate::shape::record;
use tokio::sync::watch;

impl World {
    async fn create_application(&self, platform: &str, name: &str) -> String {
        let mut all =
            vec![("Name".to_owned(), name.to_owned()), ("Platform".to_owned(), platform.to_owned())];
        all.extend(entries("Attributes", &[("PlatformCredential", "secret")]));
        inside(&self.call("CreatePlatformApplication", &borrowed(&all)).await, "PlatformApplicationArn")
            .to_owned()
    }

    /// What becomes of registering a device.
    async fn register(&self, application: &str, token: &str, attributes: &[(&str, &str)]) -> String {
        let mut all = vec![
            ("PlatformApplicationArn".to_owned(), application.to_owned()),
            ("Token".to_owned(), token.to_owned()),
        ];
        all.extend(entries("Attributes", attributes));
        self.call("CreatePlatformEndpoint", &borrowed(&all)).await
    }

    pub(super) async fn create_endpoint(&self, platform: &str, token: &str) -> String {
        let application = self.create_application(platform, "shop").await;
        inside(&self.register(&application, token, &[]).await, "EndpointArn").to_owned()
    }

    async fn set_endpoint(&self, endpoint: &str, name: &str, value: &str) {
        let mut all = vec![("EndpointArn".to_owned(), endpoint.to_owned())];
        all.extend(entries("Attributes", &[(name, value)]));
        self.check("SetEndpointAttributes", &borrowed(&all), "").await;
    }
}

#[tokio::test]
async fn an_application_is_registered_once() {
    let world = World::new();
    let arn = world.create_application("GCM", "shop").await;
    assert_eq!(arn, format!("{TOPICS}:app/GCM/shop"));
    assert_eq!(world.create_application("GCM", "shop").await, arn);
    let by_arn = [("PlatformApplicationArn", arn.as_str())];
    let shown = map(&world.call("GetPlatformApplicationAttributes", &by_arn).await);
    assert_eq!(shown, [("Enabled".to_owned(), "true".to_owned())]);
    let other = [
        ("Name", "shop"),
        ("Platform", "GCM"),
        ("Attributes.entry.1.key", "PlatformCredential"),
        ("Attributes.entry.1.value", "another"),
    ];
    let differs = "400 InvalidParameter: Invalid parameter: Attributes Reason: An application with the same name \
                   but different properties already exists";
    world.check("CreatePlatformApplication", &other, differs).await;
    world.check("DeletePlatformApplication", &by_arn, "").await;
    world.check("DeletePlatformApplication", &by_arn, "").await;
    let missing = "404 NotFound: PlatformApplication does not exist";
    for action in ["GetPlatformApplicationAttributes", "ListEndpointsByPlatformApplication"] {
        world.check(action, &by_arn, missing).await;
    }
    let register = [by_arn[0], ("Token", "t")];
    world.check("CreatePlatformEndpoint", &register, missing).await;
}

#[tokio::test]
async fn a_device_is_registered_once_per_token() {
    let world = World::new();
    let application = world.create_application("APNS", "shop").await;
    let first = world.register(&application, "one", &[("CustomUserData", "ann")]).await;
    let arn = inside(&first, "EndpointArn").to_owned();
    assert!(arn.starts_with(&format!("{TOPICS}:endpoint/APNS/shop/")), "{first}");
    assert_eq!(world.register(&application, "one", &[("CustomUserData", "ann")]).await, first);
    let differs = format!(
        "400 InvalidParameter: Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, \
         but different attributes."
    );
    assert_eq!(world.register(&application, "one", &[]).await, differs);
    // The token of a device changes; what had the old one is another device from then on.
    world.set_endpoint(&arn, "Token", "two").await;
    assert_eq!(world.register(&application, "two", &[("CustomUserData", "ann")]).await, first);
    let other = world.register(&application, "one", &[("CustomUserData", "ann")]).await;
    assert_ne!(other, first);
    let by_application = [("PlatformApplicationArn", application.as_str())];
    let listed = world.call("ListEndpointsByPlatformApplication", &by_application).await;
    assert_eq!(listed.matches("<EndpointArn>").count(), 2, "{listed}");
    let by_arn = [("EndpointArn", arn.as_str())];
    let shown = world.call("GetEndpointAttributes", &by_arn).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(map(&shown), [pair("Enabled", "true"), pair("CustomUserData", "ann"), pair("Token", "two")]);
    world.check("DeletePlatformApplication", &by_application, "").await;
    world.check("GetEndpointAttributes", &by_arn, "404 NotFound: Endpoint does not exist").await;
    world.check("DeleteEndpoint", &by_arn, "").await;
}

/// The kind of the records of devices.
fn devices(world: &World) -> usize {
    world.hub.catalogue.records(&endpoint::all()).len()
}

#[tokio::test]
async fn of_two_devices_with_one_token_the_other_is_found_when_one_is_gone() {
    let world = World::new();
    let application = world.create_application("GCM", "shop").await;
    let mut arns = Vec::new();
    for token in ["one", "two", "three"] {
        arns.push(inside(&world.register(&application, token, &[]).await, "EndpointArn").to_owned());
    }
    // The same token elsewhere is no concern of this application.
    let other = world.create_application("ADM", "shop").await;
    let elsewhere = world.register(&other, "one", &[]).await;
    world.set_endpoint(&arns[1], "Token", "one").await;
    for gone in &arns[..2] {
        let found = world.register(&application, "one", &[]).await;
        assert!(arns[..2].contains(&inside(&found, "EndpointArn").to_owned()), "{found} {gone}");
        world.check("DeleteEndpoint", &[("EndpointArn", inside(&found, "EndpointArn"))], "").await;
    }
    let made = world.register(&application, "one", &[]).await;
    assert!(!arns[1..].contains(&inside(&made, "EndpointArn").to_owned()), "{made}");
    assert!(world.register(&application, "three", &[]).await.contains(&arns[2]));
    assert_eq!(world.register(&other, "one", &[]).await, elsewhere);
    assert_eq!(devices(&world), 3);
}

/// What a hub leaves that stops while it deletes an application: its endpoints.
async fn interrupted(world: &World, arn: &str) {
    let found = world.hub.catalogue.records(&record::key("platform-application", "", "", ""));
    let record =
        found.iter().find(|record| arn.ends_with(&format!(":app/{}", record.key.name.name))).unwrap();
    let remove = record::set(record.key.clone(), Some(record), None);
    world.hub.engine.execute(remove, Vec::new()).await.unwrap();
}

#[tokio::test]
async fn no_device_outlives_its_application() {
    let world = World::new();
    let endpoint = world.create_endpoint("GCM", "t").await;
    let application = format!("{TOPICS}:app/GCM/shop");
    interrupted(&world, &application).await;
    let check_gone = async || {
        let missing = "404 NotFound: Endpoint does not exist";
        world.check("GetEndpointAttributes", &[("EndpointArn", &endpoint)], missing).await;
        let enable = [("EndpointArn", endpoint.as_str()), ("Attributes.entry.1.key", "Enabled")];
        world
            .check(
                "SetEndpointAttributes",
                &[&enable[..], &[("Attributes.entry.1.value", "true")]].concat(),
                missing,
            )
            .await;
        let unknown = "400 InvalidParameter: Invalid parameter: TargetArn Reason: No endpoint found for the target \
                       arn specified";
        world.check("Publish", &[("TargetArn", &endpoint), ("Message", "x")], unknown).await;
    };
    check_gone().await;
    // An application of the same name is another one, and so are its devices.
    world.create_application("GCM", "shop").await;
    check_gone().await;
    let by_application = [("PlatformApplicationArn", application.as_str())];
    world.check("ListEndpointsByPlatformApplication", &by_application, "<Endpoints/>").await;
    let again = inside(&world.register(&application, "t", &[]).await, "EndpointArn").to_owned();
    assert_ne!(again, endpoint);
    check_gone().await;
    let listed = world.call("ListEndpointsByPlatformApplication", &by_application).await;
    assert_eq!(inside(&listed, "EndpointArn"), again);
    // A start removes what is left of the first, and nothing else.
    assert_eq!(devices(&world), 2);
    let (_stopping, stop) = watch::channel(false);
    orphans::run(Arc::clone(&world.hub), stop).await;
    assert_eq!(devices(&world), 1);
    let publish = [("TargetArn", again.as_str()), ("Message", "x")];
    assert!(world.call("Publish", &publish).await.contains("<MessageId>"));
    // Deleted as it should be, it leaves nothing.
    world.check("DeletePlatformApplication", &by_application, "").await;
    assert_eq!(devices(&world), 0);
}

#[tokio::test]
async fn a_message_to_a_device_is_the_text_for_its_platform() {
    let world = World::new();
    let endpoint = world.create_endpoint("GCM", "t").await;
    let structured = r#"{"default": "d", "GCM": "g", "APNS": "a"}"#;
    let answer = world
        .call("Publish", &[("TargetArn", &endpoint), ("Message", structured), ("MessageStructure", "json")])
        .await;
    world.call("Publish", &[("TargetArn", &endpoint), ("Message", structured)]).await;
    let letters = world.letters();
    let texts: Vec<_> = letters.iter().map(|letter| letter.message.as_str()).collect();
    assert_eq!(texts, [structured, "g"]);
    assert_eq!(letters[1].message_id, inside(&answer, "MessageId"));
    assert_eq!((&*letters[1].protocol, &*letters[1].to), ("application", endpoint.as_str()));
    assert_eq!(letters[1].topic_arn, None);
}

#[tokio::test]
async fn nothing_is_sent_to_what_is_disabled_or_unknown() {
    let world = World::new();
    let endpoint = world.create_endpoint("GCM", "t").await;
    let publish = [("TargetArn", endpoint.as_str()), ("Message", "x")];
    world.set_endpoint(&endpoint, "Enabled", "false").await;
    world.check("Publish", &publish, "400 EndpointDisabled: Endpoint is disabled").await;
    let application = format!("{TOPICS}:app/GCM/shop");
    let mut disable = vec![("PlatformApplicationArn".to_owned(), application)];
    disable.extend(entries("Attributes", &[("Enabled", "False")]));
    world.check("SetPlatformApplicationAttributes", &borrowed(&disable), "").await;
    let disabled = "400 PlatformApplicationDisabled: Platform application is disabled";
    world.check("Publish", &publish, disabled).await;
    world.check("DeleteEndpoint", &[("EndpointArn", &endpoint)], "").await;
    let unknown = "400 InvalidParameter: Invalid parameter: TargetArn Reason: No endpoint found for the target arn \
                   specified";
    world.check("Publish", &publish, unknown).await;
    assert!(world.letters().is_empty());
}

#[tokio::test]
async fn applications_are_listed_in_pages() {
    let world = World::new();
    for number in 0..101 {
        world.create_application("ADM", &format!("shop-{number:03}")).await;
    }
    let first = world.call("ListPlatformApplications", &[]).await;
    assert_eq!(first.matches("<PlatformApplicationArn>").count(), 100);
    let next = [("NextToken", inside(&first, "NextToken"))];
    let second = world.call("ListPlatformApplications", &next).await;
    assert_eq!(inside(&second, "PlatformApplicationArn"), format!("{TOPICS}:app/ADM/shop-100"));
    assert!(!second.contains("<NextToken>"), "{second}");
    let wrong = "400 InvalidParameter: Invalid parameter: NextToken";
    world.check("ListPlatformApplications", &[("NextToken", "x")], wrong).await;
}
