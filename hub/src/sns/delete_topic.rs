//! [`DeleteTopic`](https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html): removes a topic, if it is
//! there. Its subscriptions get nothing from then on, and can be looked at for another hour.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::reference;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Code, Fault};
use queue_core::Command;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteTopic {
    topic_arn: Option<String>,
}

impl Operation for DeleteTopic {
    const NAME: &'static str = "DeleteTopic";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let arn = self.topic_arn.as_deref().ok_or_else(|| Fault::null_member("topicArn"))?;
        let name = reference::name("TopicArn", arn, &cx.caller)?;
        let attempt = || {
            let Some(topic) = reference::found(Self::NAME, &name, cx)? else {
                return Ok(Step::Answer(()));
            };
            if topic.attributes.archive.is_some() {
                let message = "Invalid parameter: Cannot delete a topic with an ArchivePolicy";
                return Err(Fault::new(Code::InvalidState, message));
            }
            Ok(Step::Propose(Command::DeleteTopic(topic.id), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}
