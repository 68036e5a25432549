//! [`PutDataProtectionPolicy`](https://docs.aws.amazon.com/sns/latest/api/API_PutDataProtectionPolicy.html): keeps a
//! data protection policy with a topic; an empty one is removed.
//!
//! Differs from AWS: the policy is kept and shown, not acted on.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::topic::{data_protection, reference};
use crate::wire::Fault;
use queue_core::{Command, SetTopicAttributes};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutDataProtectionPolicy {
    resource_arn: Option<String>,
    data_protection_policy: Option<String>,
}

impl Operation for PutDataProtectionPolicy {
    const NAME: &'static str = "PutDataProtectionPolicy";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let null = || Fault::null_member("dataProtectionPolicy");
        let policy = self.data_protection_policy.as_deref().ok_or_else(null)?;
        let attempt = || {
            let topic = reference::protected(Self::NAME, self.resource_arn.as_deref(), cx)?;
            let mut wanted = topic.attributes.clone();
            data_protection::set(&mut wanted, policy)?;
            let set = SetTopicAttributes { topic: topic.id, seen: topic.version, attributes: wanted };
            Ok(Step::Propose(Command::SetTopicAttributes(set), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}
