//! Through which operation attributes of a topic or subscription came: each says what is wrong with them in words
//! of its own.

use crate::wire::Fault;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    CreateTopic,
    SetTopicAttributes,
    Subscribe,
    SetSubscriptionAttributes,
}

impl Through {
    /// Something is wrong with the value of an attribute.
    pub(crate) fn wrong(self, what: impl fmt::Display) -> Fault {
        match self {
            Self::CreateTopic | Self::Subscribe => {
                Fault::invalid_parameter(format_args!("Attributes Reason: {what}"))
            }
            Self::SetTopicAttributes | Self::SetSubscriptionAttributes => Fault::invalid_parameter(what),
        }
    }

    /// There is no such attribute, or it cannot be set (here).
    pub(crate) fn unknown(self, name: &str) -> Fault {
        match self {
            Self::CreateTopic => self.wrong(format_args!("Unknown attribute {name}")),
            Self::Subscribe => self.wrong(format_args!("Unknown attribute: {name}")),
            Self::SetTopicAttributes | Self::SetSubscriptionAttributes => {
                Fault::invalid_parameter("AttributeName")
            }
        }
    }

    /// The value of an attribute that is either true or false, in any spelling.
    pub(crate) fn flag(self, name: &str, value: &str) -> Result<bool, Fault> {
        match value {
            _ if value.eq_ignore_ascii_case("true") => Ok(true),
            _ if value.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(self.wrong(format_args!("{name}: Invalid value [{value}]. Must be true or false."))),
        }
    }

    /// The value of an attribute that is one of a few words.
    pub(crate) fn one_of(self, name: &str, value: &str, words: [&str; 2]) -> Result<(), Fault> {
        if words.contains(&value) {
            return Ok(());
        }
        let [one, other] = words;
        Err(self.wrong(format_args!("{name}: Invalid value [{value}]. Please use either {one} or {other}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_says_the_same_fault_in_its_own_words() {
        let cases = [
            (Through::CreateTopic, "Attributes Reason: X: bad", "Attributes Reason: Unknown attribute Y"),
            (Through::SetTopicAttributes, "X: bad", "AttributeName"),
            (Through::Subscribe, "Attributes Reason: X: bad", "Attributes Reason: Unknown attribute: Y"),
            (Through::SetSubscriptionAttributes, "X: bad", "AttributeName"),
        ];
        for (through, wrong, unknown) in cases {
            assert_eq!(through.wrong("X: bad").message(), format!("Invalid parameter: {wrong}"));
            assert_eq!(through.unknown("Y").message(), format!("Invalid parameter: {unknown}"));
        }
    }
}
