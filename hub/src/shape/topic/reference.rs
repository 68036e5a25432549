//! The topic that a request names by its ARN.

use crate::auth::{self, Caller};
use crate::catalogue::TopicView;
use crate::operation::Context;
use crate::shape::arn::{self, Arn};
use crate::telemetry::span;
use crate::wire::{Code, Fault};
use queue_core::Name;
use std::sync::Arc;

/// The parts that an ARN has at least.
pub(crate) const ARN_PARTS: usize = 6;

/// The parameter `TopicArn`, as the topic that it names, for an action that the caller may perform on it.
pub(crate) fn topic(action: &'static str, arn: Option<&str>, cx: &Context) -> Result<Arc<TopicView>, Fault> {
    let arn = arn.ok_or_else(|| Fault::null_member("topicArn"))?;
    find(action, &name("TopicArn", arn, &cx.caller)?, cx)
}

/// The topic of that name, likewise.
pub(crate) fn find(action: &'static str, name: &Name, cx: &Context) -> Result<Arc<TopicView>, Fault> {
    let missing = || Fault::new(Code::NotFound, "Topic does not exist");
    found(action, name, cx)?.ok_or_else(missing)
}

/// The same if there need not be such a topic.
pub(crate) fn found(
    action: &'static str,
    name: &Name,
    cx: &Context,
) -> Result<Option<Arc<TopicView>>, Fault> {
    let topic = cx.hub.catalogue.topic(name);
    if let Some(topic) = &topic {
        span::about(&cx.span, &topic.name.name);
        let has_policy = topic.attributes.texts.contains_key("Policy");
        authorize(action, &topic.name, &[&topic.name.account], has_policy, cx)?;
    }
    Ok(topic)
}

/// Refuses an action that the caller may not perform on a topic, or on something of the topic, that belongs to
/// these accounts.
pub(crate) fn authorize(
    action: &'static str,
    topic: &Name,
    owners: &[&str],
    has_policy: bool,
    cx: &Context,
) -> Result<(), Fault> {
    let denied = || {
        let (user, topic) = (cx.caller.principal_arn(), arn::of_topic(topic));
        let message = format!(
            "User: {user} is not authorized to perform: SNS:{action} on resource: {topic} because no resource-based \
             policy allows the SNS:{action} action"
        );
        Fault::new(Code::AuthorizationError, message)
    };
    auth::authorize(&cx.caller, action, owners, has_policy, denied)
}

/// The parameter `ResourceArn` of the operations on tags, as the topic that it names.
pub(crate) fn tagged(action: &'static str, arn: Option<&str>, cx: &Context) -> Result<Arc<TopicView>, Fault> {
    let name = name("ResourceArn", arn.ok_or_else(|| Fault::null_member("resourceArn"))?, &cx.caller)?;
    let missing = || Fault::new(Code::ResourceNotFound, "Resource does not exist");
    found(action, &name, cx)?.ok_or_else(missing)
}

/// The parameter `ResourceArn` of the operations on data protection policies, as the topic that it names.
pub(crate) fn protected(
    action: &'static str,
    arn: Option<&str>,
    cx: &Context,
) -> Result<Arc<TopicView>, Fault> {
    let arn = arn.ok_or_else(|| Fault::null_member("resourceArn"))?;
    find(action, &name("ResourceArn", arn, &cx.caller)?, cx)
}

/// The name of the topic whose ARN a parameter is to be. One without an account is a topic of the caller: some
/// tools write ARNs before they know the account.
pub(crate) fn name(parameter: &str, text: &str, caller: &Caller) -> Result<Name, Fault> {
    require_parts(parameter, text)?;
    // Whoever does not sign has not said where he is, so he is where the topic is.
    let is_here = |region: &str| caller.access_key_id.is_none() || region == caller.region;
    let of_topic = |arn: &Arn<'_>| {
        let is_one = !arn.resource.is_empty() && !arn.resource.contains(':');
        arn.service == "sns" && !arn.region.is_empty() && is_here(arn.region) && is_one
    };
    let arn = Arn::parse(text).filter(of_topic).ok_or_else(|| Fault::invalid_parameter(parameter))?;
    let account = if arn.account.is_empty() { &caller.account } else { arn.account };
    Ok(Name::new(account, arn.region, arn.resource))
}

/// Refuses what has too few parts to be an ARN at all; says how many there are.
pub(crate) fn require_parts(parameter: &str, text: &str) -> Result<usize, Fault> {
    let parts = text.split(':').count();
    if parts < ARN_PARTS {
        let rule = format_args!("An ARN must have at least {ARN_PARTS} elements, not {parts}");
        return Err(Fault::invalid_parameter(format_args!("{parameter} Reason: {rule}")));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let caller = Caller {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            access_key_id: Some("111122223333".to_owned()),
        };
        let name = name("TopicArn", text, &caller).map(|name| format!("{}/{}", name.account, name.name));
        let name = name.map_err(|fault| fault.message().to_owned());
        assert_eq!(name, expected.map(str::to_owned).map_err(|text| format!("Invalid parameter: {text}")));
    }

    #[test]
    fn an_arn_of_a_topic_names_it() {
        check("arn:aws:sns:eu-west-1:000000000000:orders", Ok("000000000000/orders"));
        check("arn:aws:sns:eu-west-1:000000000000:orders.fifo", Ok("000000000000/orders.fifo"));
        check("arn:aws:sns:eu-west-1::orders", Ok("111122223333/orders"));
    }

    #[test]
    fn what_is_no_arn_of_a_topic_here_is_refused() {
        check("orders", Err("TopicArn Reason: An ARN must have at least 6 elements, not 1"));
        check(
            "arn:aws:sns:eu-west-1:000000000000",
            Err("TopicArn Reason: An ARN must have at least 6 elements, not 5"),
        );
        check("arn:aws:sns:us-east-1:000000000000:orders", Err("TopicArn"));
        check("arn:aws:sqs:eu-west-1:000000000000:orders", Err("TopicArn"));
        check("arn:aws:sns:eu-west-1:000000000000:orders:more", Err("TopicArn"));
        check("arn:aws:sns:eu-west-1:000000000000:", Err("TopicArn"));
        check("nra:aws:sns:eu-west-1:000000000000:orders", Err("TopicArn"));
    }
}
