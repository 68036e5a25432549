//! [`Publish`](https://docs.aws.amazon.com/sns/latest/api/API_Publish.html): hands a message to all subscriptions of
//! a topic whose filters let it through, at once and together.
//!
//! Differs from AWS: there are no push endpoints, so every one is unknown, and no text messages are sent, which is
//! said. Messages and attributes with characters that XML cannot carry are refused in words of our own.

use crate::operation::{Context, Operation};
use crate::shape::arn::Arn;
use crate::shape::attribute::AttributeValue;
use crate::shape::phone_number::is_phone_number;
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
        let name = self.topic(cx)?;
        let asked = Asked {
            path: "",
            message: Some(message),
            subject: self.subject.as_deref(),
            structure: self.message_structure.as_deref(),
            attributes: &self.message_attributes,
            group: self.message_group_id.as_deref(),
            deduplication_id: self.message_deduplication_id.as_deref(),
        };
        publication::publish_one(cx, &name, &asked).await
    }
}

impl Publish {
    /// The topic to publish to, which may also be the target.
    fn topic(&self, cx: &Context) -> Result<Name, Fault> {
        // Some clients send all parameters that they know, and leave empty those that they have no value for.
        let target = self.target_arn.as_deref().filter(|text| !text.is_empty());
        let number = self.phone_number.as_deref().filter(|text| !text.is_empty());
        match (self.topic_arn.as_deref(), target, number) {
            (Some(arn), None, None) => reference::name("TopicArn", arn, &cx.caller),
            (None, Some(arn), None) if is_push_endpoint(arn) => {
                let reason = "TargetArn Reason: No endpoint found for the target arn specified";
                Err(Fault::invalid_parameter(reason))
            }
            (None, Some(arn), None) => reference::name("TargetArn", arn, &cx.caller),
            (None, None, Some(number)) if is_phone_number(number) => {
                let reason = "PhoneNumber Reason: this hub does not send text messages yet";
                Err(Fault::invalid_parameter(reason))
            }
            (None, None, Some(number)) => {
                let reason = format_args!("PhoneNumber Reason: {number} is not valid to publish to");
                Err(Fault::invalid_parameter(reason))
            }
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
