//! The protocols by which topics deliver, and what is special about each.

use queue_core::Endpoint;

/// A protocol of SNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Application,
    Email,
    EmailJson,
    Firehose,
    Http,
    Https,
    Lambda,
    Sms,
    Sqs,
}

impl Protocol {
    const ALL: [Self; 9] = [
        Self::Application,
        Self::Email,
        Self::EmailJson,
        Self::Firehose,
        Self::Http,
        Self::Https,
        Self::Lambda,
        Self::Sms,
        Self::Sqs,
    ];

    /// The protocol that AWS calls so.
    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == text)
    }

    /// The protocol of an endpoint; none if this version does not know it any more.
    pub(crate) fn of(endpoint: &Endpoint) -> Option<Self> {
        Self::named(super::endpoint::protocol(endpoint))
    }

    /// As AWS calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Email => "email",
            Self::EmailJson => "email-json",
            Self::Firehose => "firehose",
            Self::Http => "http",
            Self::Https => "https",
            Self::Lambda => "lambda",
            Self::Sms => "sms",
            Self::Sqs => "sqs",
        }
    }

    /// Whether whoever subscribes names somebody else's endpoint, which has to agree first. The other endpoints are
    /// things of his account.
    pub(crate) const fn asks_first(self) -> bool {
        match self {
            Self::Email | Self::EmailJson | Self::Http | Self::Https => true,
            Self::Application | Self::Firehose | Self::Lambda | Self::Sms | Self::Sqs => false,
        }
    }

    /// Whether messages are posted to a URL, which can be tried again and be written in several ways.
    pub(crate) const fn posts(self) -> bool {
        match self {
            Self::Http | Self::Https => true,
            Self::Application
            | Self::Email
            | Self::EmailJson
            | Self::Firehose
            | Self::Lambda
            | Self::Sms
            | Self::Sqs => false,
        }
    }

    /// Whether messages can go without an envelope.
    pub(crate) const fn takes_raw(self) -> bool {
        match self {
            Self::Firehose | Self::Http | Self::Https | Self::Sqs => true,
            Self::Application | Self::Email | Self::EmailJson | Self::Lambda | Self::Sms => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_named_exactly() {
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::named(protocol.name()), Some(protocol));
        }
        for text in ["", "SQS", "http ", "mqtt"] {
            assert_eq!(Protocol::named(text), None, "{text}");
        }
    }
}
