//! [`SetTopicAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html): changes one
//! attribute of a topic.

use crate::catalogue::TopicView;
use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::through::Through;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::topic::{attributes, limits, reference, schema};
use crate::wire::Fault;
use queue_core::{Command, TopicAttributes};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetTopicAttributes {
    topic_arn: Option<String>,
    attribute_name: Option<String>,
    attribute_value: Option<String>,
}

impl Operation for SetTopicAttributes {
    const NAME: &'static str = "SetTopicAttributes";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let arn = self.topic_arn.as_deref().ok_or_else(|| Fault::null_member("topicArn"))?;
        let name = self.attribute_name.as_deref().ok_or_else(|| Fault::null_member("attributeName"))?;
        // What is left out is as good as empty.
        let value = self.attribute_value.as_deref().unwrap_or_default();
        let attempt = || {
            let topic = reference::topic(Self::NAME, Some(arn), cx)?;
            let mut wanted = topic.attributes.clone();
            attributes::set(&mut wanted, &topic.name, name, value, Through::SetTopicAttributes)?;
            check_large(&topic, &wanted)?;
            if name == schema::NAME {
                schema::check_target(&wanted, &topic.name, &cx.hub.catalogue, Through::SetTopicAttributes)?;
            }
            let set =
                queue_core::SetTopicAttributes { topic: topic.id, seen: topic.version, attributes: wanted };
            Ok(Step::Propose(Command::SetTopicAttributes(set), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}

/// Larger messages than usual are not for topics with many subscriptions.
fn check_large(topic: &TopicView, wanted: &TopicAttributes) -> Result<(), Fault> {
    let maximum = limits::SUBSCRIPTIONS_OF_LARGE;
    let becomes_large = attributes::is_large(wanted) && !attributes::is_large(&topic.attributes);
    if becomes_large && topic.subscriptions.len() > maximum {
        let rule = format_args!(
            "MaximumMessageSize: a topic above 256 KiB can have at most {maximum} subscriptions"
        );
        return Err(Through::SetTopicAttributes.wrong(rule));
    }
    Ok(())
}
