//! [`UntagResource`](https://docs.aws.amazon.com/sns/latest/api/API_UntagResource.html): takes tags from a topic,
//! if it has them.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::topic::reference;
use crate::wire::Fault;
use queue_core::{Command, SetTopicTags};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

/// There is a result, with nothing in it.
#[derive(Serialize)]
pub(super) struct Untagged {}

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Output = Untagged;

    fn resource(&self, _: &Context) -> Option<String> {
        self.resource_arn.clone()
    }

    async fn run(self, cx: &Context) -> Result<Untagged, Fault> {
        let keys = self
            .tag_keys
            .as_deref()
            .ok_or_else(|| Fault::null_member("tagKeys"))?;
        let attempt = || {
            let topic = reference::tagged(self.resource_arn.as_deref(), cx)?;
            let mut tags = topic.tags.clone();
            for key in keys {
                tags.remove(key.as_str());
            }
            let set = SetTopicTags {
                topic: topic.id,
                seen: topic.version,
                tags,
            };
            Ok(Step::Propose(Command::SetTopicTags(set), Vec::new()))
        };
        change(cx, attempt, |_| Some(Untagged {})).await
    }
}
