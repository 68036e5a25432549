//! The subscription that a request names by its ARN.

use crate::catalogue::SubscriptionView;
use crate::operation::Context;
use crate::shape::topic::reference::{self, ARN_PARTS, require_parts};
use crate::wire::{Code, Fault};
use std::sync::Arc;
use uuid::Uuid;

/// The parameter `SubscriptionArn`, as the subscription that it names, for an action that the caller may perform on
/// it.
pub(crate) fn subscription(
    action: &'static str,
    arn: Option<&str>,
    cx: &Context,
) -> Result<Arc<SubscriptionView>, Fault> {
    let arn = arn.ok_or_else(|| Fault::null_member("subscriptionArn"))?;
    let missing = || Fault::new(Code::NotFound, "Subscription does not exist");
    let found = find(arn, cx)?.ok_or_else(missing)?;
    authorize(action, &found, cx)?;
    Ok(found)
}

/// The subscription with that ARN, if there is one.
pub(crate) fn find(arn: &str, cx: &Context) -> Result<Option<Arc<SubscriptionView>>, Fault> {
    if require_parts("SubscriptionArn", arn)? == ARN_PARTS {
        // So many has the ARN of a topic, to which that of a subscription adds one.
        return Err(Fault::invalid_parameter("SubscriptionId"));
    }
    let named = arn.rsplit_once(':').and_then(|(topic, uuid)| Some((topic, Uuid::try_parse(uuid).ok()?)));
    let found = named.and_then(|(topic, uuid)| Some((topic, cx.hub.catalogue.subscription(uuid)?)));
    let found = found.filter(|(topic, view)| names_topic(topic, view) && !view.is_withdrawn());
    Ok(found.map(|(_, view)| view))
}

/// Refuses an action that the caller may not perform on a subscription. It belongs to the account that made it, and
/// to that of the topic.
pub(crate) fn authorize(action: &'static str, view: &SubscriptionView, cx: &Context) -> Result<(), Fault> {
    let topic = &view.topic_name;
    reference::authorize(action, topic, &[&view.owner, &topic.account], false, cx)
}

/// Whether the ARN of a topic, perhaps without its account, is that of the subscription's topic.
fn names_topic(arn: &str, view: &SubscriptionView) -> bool {
    let name = &view.topic_name;
    crate::shape::arn::Arn::parse(arn).is_some_and(|arn| {
        let account = arn.account.is_empty() || *arn.account == *name.account;
        arn.service == "sns" && account && *arn.region == *name.region && *arn.resource == *name.name
    })
}
