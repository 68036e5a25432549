//! Where a subscription delivers: a protocol, and an endpoint as that protocol has it.

mod address;

use crate::auth::{REGION_BYTES_MAX, is_account};
use crate::catalogue::TopicView;
use crate::delivery::addresses::AddressRules;
use crate::operation::Context;
use crate::shape::arn::{self, Arn};
use crate::shape::queue;
use crate::shape::subscription::protocol::Protocol;
use crate::wire::Fault;
use queue_core::{Endpoint, Name, Outside};

/// The endpoint that a subscription of the topic is asked for.
pub(crate) fn parse(
    protocol: &str,
    endpoint: Option<&str>,
    topic: &TopicView,
    cx: &Context,
) -> Result<Endpoint, Fault> {
    let unknown = || {
        let what = format_args!("Amazon SNS does not support this protocol string: {protocol}");
        Fault::invalid_parameter(what)
    };
    let protocol = Protocol::named(protocol).ok_or_else(unknown)?;
    let address = endpoint.unwrap_or_default();
    if protocol == Protocol::Sqs {
        return queue_of(address, topic, cx).map(Endpoint::Queue);
    }
    if topic.attributes.fifo {
        return Err(invalid_endpoint("Please use FIFO SQS queue"));
    }
    address::check(protocol, address, &AddressRules::of(&cx.hub.settings))?;
    Ok(Endpoint::Outside(Outside { protocol: protocol.name().into(), address: address.into() }))
}

/// Refuses a URL that cannot be connected to.
pub(crate) async fn check_connection(endpoint: &Endpoint, cx: &Context) -> Result<(), Fault> {
    match endpoint {
        Endpoint::Outside(outside) if Protocol::of(endpoint).is_some_and(Protocol::posts) => {
            address::check_connection(&outside.address, &AddressRules::of(&cx.hub.settings)).await
        }
        Endpoint::Outside(_) | Endpoint::Queue(_) => Ok(()),
    }
}

/// The queue need not exist. An ARN without an account means one of the caller.
fn queue_of(endpoint: &str, topic: &TopicView, cx: &Context) -> Result<Name, Fault> {
    let without_account = |arn: &Arn<'_>| {
        let whole = arn.service == "sqs" && !arn.region.is_empty() && !arn.resource.is_empty();
        whole && arn.account.is_empty() && !arn.resource.contains(':')
    };
    let completed = |arn: Arn<'_>| Name::new(&cx.caller.account, arn.region, arn.resource);
    let name = Arn::queue(endpoint)
        .or_else(|| Arn::parse(endpoint).filter(without_account).map(completed))
        .filter(can_exist)
        .ok_or_else(|| Fault::invalid_parameter("SQS endpoint ARN"))?;
    if is_fifo(&name) && !topic.attributes.fifo {
        return Err(invalid_endpoint("FIFO SQS Queues can not be subscribed to standard SNS topics"));
    }
    Ok(name)
}

/// AWS says "Invalid parameter" twice here.
fn invalid_endpoint(reason: &str) -> Fault {
    Fault::invalid_parameter(format_args!("Invalid parameter: Endpoint Reason: {reason}"))
}

/// Whether a queue of that name is a FIFO queue, whether it exists or not.
pub(crate) fn is_fifo(queue: &Name) -> bool {
    queue.name.ends_with(".fifo")
}

/// Whether there can be a queue of that name.
pub(crate) fn can_exist(queue: &Name) -> bool {
    is_account(&queue.account)
        && queue.region.len() <= REGION_BYTES_MAX
        && queue::name::check(&queue.name, is_fifo(queue)).is_ok()
}

/// The protocol of an endpoint.
pub(crate) fn protocol(endpoint: &Endpoint) -> &str {
    match endpoint {
        Endpoint::Queue(_) => "sqs",
        Endpoint::Outside(outside) => &outside.protocol,
    }
}

/// An endpoint as it is shown.
pub(crate) fn shown(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Queue(name) => arn::of_queue(name),
        Endpoint::Outside(outside) if Protocol::of(endpoint).is_some_and(Protocol::posts) => {
            address::without_password(&outside.address)
        }
        Endpoint::Outside(outside) => outside.address.to_string(),
    }
}
