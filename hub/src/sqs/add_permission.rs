//! [`AddPermission`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html):
//! adds a statement to the policy of a queue, which lets other accounts perform some actions.
//!
//! Differs from AWS: any twelve digits are taken for an account that exists.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::command;
use crate::shape::queue::permission::{self, Permission};
use crate::shape::queue::url::QueueUrl;
use crate::wire::{Fault, List};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddPermission {
    #[serde(default)]
    queue_url: QueueUrl,
    label: Option<String>,
    #[serde(rename = "AWSAccountIds")]
    account_ids: Option<List<String>>,
    actions: Option<List<String>>,
}

impl Operation for AddPermission {
    const NAME: &'static str = "AddPermission";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let label = permission::label(self.label)?;
        let accounts = self.account_ids.unwrap_or_default();
        let actions = self.actions.filter(|actions| !actions.is_empty());
        let actions = actions.ok_or_else(|| Fault::missing_parameter("Actions"))?;
        let add = |queue: &QueueView| {
            let permission = Permission::parse(&label, &accounts, &actions)?;
            permission.add_to(queue).map(Some)
        };
        command::change(cx, Self::NAME, &self.queue_url, add).await
    }
}
