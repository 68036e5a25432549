//! [`AddPermission`](https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html): adds a statement to the policy
//! of a topic, which lets other accounts perform some actions.
//!
//! Differs from AWS: any twelve digits are taken for an account that exists.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::permission::Permission;
use crate::shape::topic::reference;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Fault, List};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddPermission {
    topic_arn: Option<String>,
    label: Option<String>,
    #[serde(rename = "AWSAccountId")]
    account_ids: Option<List<String>>,
    action_name: Option<List<String>>,
}

impl Operation for AddPermission {
    const NAME: &'static str = "AddPermission";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let given = |list: Option<List<String>>| list.filter(|list| !list.is_empty());
        let label = self.label.ok_or_else(|| Fault::null_member("label"))?;
        let accounts = given(self.account_ids).ok_or_else(|| Fault::null_member("aWSAccountId"))?;
        let actions = given(self.action_name).ok_or_else(|| Fault::null_member("actionName"))?;
        let permission = Permission { label: &label, accounts: &accounts, actions: &actions };
        let attempt = || {
            let topic = reference::topic(Self::NAME, self.topic_arn.as_deref(), cx)?;
            Ok(Step::Propose(permission.add_to(&topic)?, Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}
