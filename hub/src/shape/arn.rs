//! Amazon Resource Names of queues, topics and subscriptions.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.

use queue_core::Name;
use uuid::Uuid;

/// The parts of an ARN that matter here, borrowed from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// All that comes after the account; it may contain colons.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of `text`; none if it has fewer than the six of an ARN.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (Some("arn"), Some(_partition)) = (parts.next(), parts.next()) else {
            return None;
        };
        let (service, region, account) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { service, region, account, resource: parts.next()? })
    }

    /// The queue or topic of that ARN.
    pub(crate) fn name(&self) -> Name {
        Name::new(self.account, self.region, self.resource)
    }

    /// The queue, if this is the ARN of one.
    pub(crate) fn queue(text: &'a str) -> Option<Name> {
        let arn = Self::parse(text)?;
        let whole = !arn.region.is_empty() && !arn.account.is_empty() && !arn.resource.is_empty();
        (arn.service == "sqs" && whole && !arn.resource.contains(':')).then(|| arn.name())
    }
}

pub(crate) fn of_queue(name: &Name) -> String {
    format!("arn:aws:sqs:{}:{}:{}", name.region, name.account, name.name)
}

pub(crate) fn of_topic(name: &Name) -> String {
    format!("arn:aws:sns:{}:{}:{}", name.region, name.account, name.name)
}

pub(crate) fn of_subscription(topic: &Name, uuid: Uuid) -> String {
    format!("{}:{uuid}", of_topic(topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_of_a_queue_names_it() {
        let name = Name::new("000000000000", "eu-west-1", "orders.fifo");
        assert_eq!(Arn::queue(&of_queue(&name)), Some(name));
    }

    #[test]
    fn what_is_not_the_arn_of_a_queue_names_none() {
        for text in
            ["", "orders", "arn:aws:sqs:eu-west-1:000000000000", "arn:aws:sns:eu-west-1:000000000000:orders"]
        {
            assert_eq!(Arn::queue(text), None, "{text}");
        }
    }
}
