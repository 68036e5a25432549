//! The subscription that a request names by its ARN.

use crate::catalogue::SubscriptionView;
use crate::operation::Context;
use crate::shape::topic::reference::require_parts;
use crate::wire::{Code, Fault};
use std::sync::Arc;
use uuid::Uuid;

/// The parts of the ARN of a topic, to which that of a subscription adds one.
const TOPIC_PARTS: usize = 6;

/// The parameter `SubscriptionArn`, as the subscription that it names.
pub(crate) fn subscription(arn: Option<&str>, cx: &Context) -> Result<Arc<SubscriptionView>, Fault> {
    let arn = arn.ok_or_else(|| Fault::null_member("subscriptionArn"))?;
    find(arn, cx)?.ok_or_else(|| Fault::new(Code::NotFound, "Subscription does not exist"))
}

/// The subscription with that ARN, if there is one.
pub(crate) fn find(arn: &str, cx: &Context) -> Result<Option<Arc<SubscriptionView>>, Fault> {
    if require_parts("SubscriptionArn", arn)? == TOPIC_PARTS {
        return Err(Fault::invalid_parameter("SubscriptionId"));
    }
    let named = arn
        .rsplit_once(':')
        .and_then(|(topic, uuid)| Some((topic, Uuid::try_parse(uuid).ok()?)));
    let found = named.and_then(|(topic, uuid)| Some((topic, cx.hub.catalogue.subscription(uuid)?)));
    Ok(found
        .filter(|(topic, view)| names_topic(topic, view))
        .map(|(_, view)| view))
}

/// Whether the ARN of a topic, perhaps without its account, is that of the subscription's topic.
fn names_topic(arn: &str, view: &SubscriptionView) -> bool {
    let name = &view.topic_name;
    crate::shape::arn::Arn::parse(arn).is_some_and(|arn| {
        let account = arn.account.is_empty() || *arn.account == *name.account;
        arn.service == "sns" && account && *arn.region == *name.region && *arn.resource == *name.name
    })
}

/// The ARN of the topic in the ARN of a subscription.
pub(crate) fn topic_arn(arn: Option<&str>) -> Option<String> {
    arn.and_then(|arn| arn.rsplit_once(':'))
        .map(|(topic, _)| topic.to_owned())
}
