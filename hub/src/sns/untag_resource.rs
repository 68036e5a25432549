//! [`UntagResource`](https://docs.aws.amazon.com/sns/latest/api/API_UntagResource.html): takes tags from a topic,
//! if it has them.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::reference;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Fault, List};
use queue_core::{Command, SetTopicTags};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    resource_arn: Option<String>,
    tag_keys: Option<List<String>>,
}

/// There is a result, with nothing in it.
#[derive(Serialize)]
pub(super) struct Untagged {}

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Output = Untagged;

    async fn run(self, cx: &Context) -> Result<Untagged, Fault> {
        let keys = self.tag_keys.as_deref().ok_or_else(|| Fault::null_member("tagKeys"))?;
        let attempt = || {
            let topic = reference::tagged(Self::NAME, self.resource_arn.as_deref(), cx)?;
            let mut tags = topic.tags.clone();
            for key in keys {
                tags.remove(key.as_str());
            }
            let set = SetTopicTags { topic: topic.id, seen: topic.version, tags };
            Ok(Step::Propose(Command::SetTopicTags(set), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, |reply| reply::done(reply).map(|()| Untagged {})).await
    }
}
