//! [`RemovePermission`](https://docs.aws.amazon.com/sns/latest/api/API_RemovePermission.html): removes a statement from
//! the policy of a topic. One that is not there is as good as removed.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::topic::{permission, reference};
use crate::wire::Fault;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemovePermission {
    topic_arn: Option<String>,
    label: Option<String>,
}

impl Operation for RemovePermission {
    const NAME: &'static str = "RemovePermission";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let label = self.label.ok_or_else(|| Fault::null_member("label"))?;
        let attempt = || {
            let topic = reference::topic(Self::NAME, self.topic_arn.as_deref(), cx)?;
            let change = permission::remove_from(&topic, &label)?;
            Ok(change.map_or(Step::Answer(()), |command| Step::Propose(command, Vec::new())))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}
