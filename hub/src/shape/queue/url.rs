//! The parameter `QueueUrl`, which names a queue in more ways than one.

use crate::auth::{self, is_account};
use crate::catalogue::QueueView;
use crate::operation::Context;
use crate::shape::arn::{self, Arn};
use crate::telemetry::span;
use crate::wire::Fault;
use queue_core::Name;
use serde::Deserialize;
use std::sync::Arc;

/// What names the queue that an operation is about. Where it is absent or empty, the path of the request is.
///
/// A URL counts by its path alone: one hub has several host names, and old URLs outlive their hosts. So the region
/// is that of the caller, unless an ARN or the path says another.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct QueueUrl(Option<String>);

impl From<String> for QueueUrl {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

impl QueueUrl {
    /// The queue, for an action that the caller may perform on it; anything that does not lead to one is said not to
    /// exist.
    pub(crate) fn queue(&self, action: &'static str, cx: &Context) -> Result<Arc<QueueView>, Fault> {
        let queue = self.name(cx).and_then(|name| cx.hub.catalogue.queue(&name));
        let queue = queue.ok_or_else(Fault::queue_does_not_exist)?;
        span::about(&cx.span, &queue.name.name);
        authorize(action, &queue, cx)?;
        Ok(queue)
    }

    fn name(&self, cx: &Context) -> Option<Name> {
        let given = self.0.as_deref().filter(|text| !text.is_empty());
        parse(given.or(cx.queue_path.as_deref())?, &cx.caller.account, &cx.caller.region)
    }
}

/// Refuses an action that the caller may not perform on a queue.
pub(crate) fn authorize(action: &'static str, queue: &QueueView, cx: &Context) -> Result<(), Fault> {
    let has_policy = queue.attributes.texts.contains_key("Policy");
    let denied = || {
        let user = cx.caller.principal_arn();
        Fault::access_denied(&user, action, &arn::of_queue(&queue.name), &of(&queue.name, cx))
    };
    auth::authorize(&cx.caller, action, &[&queue.name.account], has_policy, denied)
}

/// The URL of a queue as it is handed out.
pub(crate) fn of(name: &Name, cx: &Context) -> String {
    format!("{}/{}/{}", cx.base_url, name.account, name.name)
}

fn parse(text: &str, account: &str, region: &str) -> Option<Name> {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    if text.starts_with("arn:") {
        return Arn::queue(text);
    }
    if !text.contains('/') {
        return (!text.is_empty()).then(|| Name::new(account, region, text));
    }
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => text,
    };
    let mut parts = path.trim_matches('/').rsplit('/');
    let name = parts.next().filter(|name| !name.is_empty())?;
    match (parts.next(), parts.next(), parts.next()) {
        (Some("queue"), None, None) => Some(Name::new(account, region, name)),
        (Some(account), Some(region), Some("queue")) if is_account(account) => {
            Some(Name::new(account, region, name))
        }
        (Some(account), _, _) if is_account(account) => Some(Name::new(account, region, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_named_in_several_ways() {
        let cases = [
            ("http://localhost:4566/111122223333/orders", Some(("111122223333", "eu-west-1", "orders"))),
            (
                "https://sqs.us-east-1.amazonaws.com/111122223333/orders.fifo",
                Some(("111122223333", "eu-west-1", "orders.fifo")),
            ),
            ("https://example.com/hub/111122223333/orders/", Some(("111122223333", "eu-west-1", "orders"))),
            ("/111122223333/orders", Some(("111122223333", "eu-west-1", "orders"))),
            ("111122223333/orders", Some(("111122223333", "eu-west-1", "orders"))),
            ("orders", Some(("000000000000", "eu-west-1", "orders"))),
            ("http://localhost:4566/queue/orders", Some(("000000000000", "eu-west-1", "orders"))),
            ("/queue/orders", Some(("000000000000", "eu-west-1", "orders"))),
            ("/queue/us-east-2/111122223333/orders", Some(("111122223333", "us-east-2", "orders"))),
            ("arn:aws:sqs:us-east-2:111122223333:orders", Some(("111122223333", "us-east-2", "orders"))),
            ("arn:aws:sns:us-east-2:111122223333:orders", None),
            ("http://localhost:4566", None),
            ("http://localhost:4566/", None),
            ("http://localhost:4566/orders", None),
            ("http://localhost:4566/11112222333/orders", None),
            ("http://localhost:4566/111122223333/orders?a=b", Some(("111122223333", "eu-west-1", "orders"))),
            ("//", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(account, region, name)| Name::new(account, region, name));
            assert_eq!(parse(text, "000000000000", "eu-west-1"), expected, "{text}");
        }
    }
}
