//! [`TagResource`](https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html): adds tags to a topic; one that
//! has the same key is replaced.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::topic::{reference, tags};
use crate::wire::{Fault, List};
use queue_core::{Command, SetTopicTags};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    resource_arn: Option<String>,
    tags: Option<List<tags::Tag>>,
}

/// There is a result, with nothing in it.
#[derive(Serialize)]
pub(super) struct Tagged {}

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    type Output = Tagged;

    async fn run(self, cx: &Context) -> Result<Tagged, Fault> {
        let given = self.tags.as_deref().ok_or_else(|| Fault::null_member("tags"))?;
        let attempt = || {
            let topic = reference::tagged(Self::NAME, self.resource_arn.as_deref(), cx)?;
            let mut tags = topic.tags.clone();
            tags.append(&mut tags::parse(given)?);
            let set = SetTopicTags { topic: topic.id, seen: topic.version, tags: tags::within_quota(tags)? };
            Ok(Step::Propose(Command::SetTopicTags(set), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, |reply| reply::done(reply).map(|()| Tagged {})).await
    }
}
