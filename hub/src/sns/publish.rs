//! [`Publish`](https://docs.aws.amazon.com/sns/latest/api/API_Publish.html): hands a message to all subscriptions of
//! a topic whose filters let it through, at once and together; or to one telephone or device.
//!
//! Differs from AWS: what goes to a telephone or device stays in the outbox. Messages and attributes with characters that XML cannot carry are refused in words of our own.

use crate::operation::{Context, Operation};
use crate::shape::arn::Arn;
use crate::shape::attribute::AttributeValue;
use crate::shape::publication::direct::{self, Recipient};
use crate::shape::publication::{self, Asked, Receipt};
use crate::shape::topic::reference;
use crate::wire::{Fault, Pairs};
use queue_core::Name;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Publish {
    topic_arn: Option<String>,
    target_arn: Option<String>,
    phone_number: Option<String>,
    message: Option<String>,
    subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default)]
    message_attributes: Pairs<AttributeValue>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

impl Operation for Publish {
    const NAME: &'static str = "Publish";
    type Output = Receipt;

    async fn run(self, cx: &Context) -> Result<Receipt, Fault> {
        let message = self.message.as_deref().ok_or_else(|| Fault::null_member("message"))?;
        let asked = Asked {
            path: "",
            message: Some(message),
            subject: self.subject.as_deref(),
            structure: self.message_structure.as_deref(),
            attributes: &self.message_attributes,
            group: self.message_group_id.as_deref(),
            deduplication_id: self.message_deduplication_id.as_deref(),
        };
        match self.target(cx)? {
            Target::Topic(name) => publication::publish_one(cx, &name, &asked).await,
            Target::Alone(recipient) => {
                let message_id = direct::publish(&recipient, &asked, cx)?;
                Ok(Receipt { message_id, sequence_number: None })
            }
        }
    }
}

/// What a message is published to.
enum Target<'a> {
    Topic(Name),
    Alone(Recipient<'a>),
}

impl Publish {
    /// The topic, telephone or device to publish to. A topic may also be the target.
    fn target(&self, cx: &Context) -> Result<Target<'_>, Fault> {
        // Some clients send all parameters that they know, and leave empty those that they have no value for.
        let target = self.target_arn.as_deref().filter(|text| !text.is_empty());
        let number = self.phone_number.as_deref().filter(|text| !text.is_empty());
        match (self.topic_arn.as_deref(), target, number) {
            (Some(arn), None, None) => reference::name("TopicArn", arn, &cx.caller).map(Target::Topic),
            (None, Some(arn), None) if is_push_endpoint(arn) => Ok(Target::Alone(Recipient::Endpoint(arn))),
            (None, Some(arn), None) => reference::name("TargetArn", arn, &cx.caller).map(Target::Topic),
            (None, None, Some(number)) => Ok(Target::Alone(Recipient::Number(number))),
            (None, None, None) => {
                let reason = "TopicArn or TargetArn Reason: no value for required parameter";
                Err(Fault::invalid_parameter(reason))
            }
            (Some(_), _, _) | (None, Some(_), Some(_)) => {
                let reason = "TopicArn Reason: only one of TopicArn, TargetArn and PhoneNumber can be given";
                Err(Fault::invalid_parameter(reason))
            }
        }
    }
}

fn is_push_endpoint(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.service == "sns" && arn.resource.starts_with("endpoint/"))
}
