//! Which attributes of its messages a receiver wants to see.

use crate::content::{Attribute, sequence_number};
use crate::delivery::Rendered;
use crate::shape::arn;
use crate::wire::Pairs;

/// The name that stands for all attributes.
const ALL: &str = "All";

/// The message attributes that a list of names selects: `All`, `.*` or `*` for all, `prefix.*` for those whose
/// names begin with the prefix. Names of attributes that a message does not have select nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessageAttributeNames<'a>(pub(crate) &'a [String]);

impl MessageAttributeNames<'_> {
    /// Leaves what is selected.
    pub(crate) fn select(&self, attributes: Vec<Attribute>) -> Vec<Attribute> {
        if self.0.is_empty() {
            return Vec::new();
        }
        attributes.into_iter().filter(|attribute| self.selects(&attribute.name)).collect()
    }

    fn selects(&self, name: &str) -> bool {
        self.0.iter().any(|wanted| match wanted.as_str() {
            ALL | ".*" | "*" => true,
            wanted => wanted.strip_suffix(".*").map_or(wanted == name, |prefix| name.starts_with(prefix)),
        })
    }
}

/// Declares the attributes that SQS itself gives to messages.
macro_rules! system_attributes {
    ($($name:ident)+) => {
        /// An attribute that SQS itself gives to messages.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum SystemAttribute {
            $($name,)+
        }

        impl SystemAttribute {
            const ALL: &[Self] = &[$(Self::$name,)+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

system_attributes! {
    SenderId
    SentTimestamp
    ApproximateReceiveCount
    ApproximateFirstReceiveTimestamp
    SequenceNumber
    MessageDeduplicationId
    MessageGroupId
    AWSTraceHeader
    DeadLetterQueueSourceArn
}

impl SystemAttribute {
    fn of(self, message: &Rendered) -> Option<String> {
        let received = &message.received;
        let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        match self {
            Self::SenderId => Some(message.sender.to_string()),
            Self::SentTimestamp => Some(received.sent.milliseconds().to_string()),
            Self::ApproximateReceiveCount => Some(received.receives.to_string()),
            Self::ApproximateFirstReceiveTimestamp => {
                Some(received.first_received.milliseconds().to_string())
            }
            Self::SequenceNumber => received.sequence.map(sequence_number),
            Self::MessageDeduplicationId => owned(&message.deduplication_id),
            Self::MessageGroupId => owned(&message.group),
            Self::AWSTraceHeader => owned(&message.trace),
            Self::DeadLetterQueueSourceArn => received.source.as_deref().map(arn::of_queue),
        }
    }
}

/// The system attributes that lists of names select.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SystemAttributeNames(Vec<SystemAttribute>);

impl SystemAttributeNames {
    /// All that there are.
    pub(crate) fn all() -> Self {
        Self(SystemAttribute::ALL.to_vec())
    }

    /// What either list selects. Names of attributes that only queues have are allowed, for the sake of old clients,
    /// and select nothing.
    pub(crate) fn parse<'a>(names: impl IntoIterator<Item = &'a String>) -> Self {
        let names: Vec<_> = names.into_iter().map(String::as_str).collect();
        let wanted =
            |attribute: &SystemAttribute| names.iter().any(|name| *name == ALL || *name == attribute.name());
        Self(SystemAttribute::ALL.iter().copied().filter(wanted).collect())
    }

    pub(crate) fn of(&self, message: &Rendered) -> Pairs<String> {
        let pair = |attribute: &SystemAttribute| Some((attribute.name().to_owned(), attribute.of(message)?));
        Pairs(self.0.iter().filter_map(pair).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_message_attributes() {
        let cases: [(&[&str], &str, bool); 12] = [
            (&[], "Hello", false),
            (&["Hello"], "Hello", true),
            (&["Other", "Hello"], "Hello", true),
            (&["hello"], "Hello", false),
            (&["All"], "Hello", true),
            (&["all"], "Hello", false),
            (&[".*"], "Hello", true),
            (&["*"], "Hello", true),
            (&["Hel.*"], "Hello", true),
            (&["Hel.*"], "Help.Me", true),
            (&["Hel*"], "Hello", false),
            (&["Help.*"], "Hello", false),
        ];
        for (names, name, expected) in cases {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(MessageAttributeNames(&names).selects(name), expected, "{names:?} {name}");
        }
    }

    #[test]
    fn names_select_system_attributes() {
        let parse = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            SystemAttributeNames::parse(&names).0
        };
        assert_eq!(parse(&[]), []);
        assert_eq!(parse(&["All"]), SystemAttribute::ALL);
        assert_eq!(parse(&["SenderId", "All", "SenderId"]), SystemAttribute::ALL);
        assert_eq!(
            parse(&["SentTimestamp", "Policy", "SenderId", "nonsense"]),
            [SystemAttribute::SenderId, SystemAttribute::SentTimestamp],
        );
    }
}
