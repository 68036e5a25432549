//! [`GetSMSSandboxAccountStatus`](https://docs.aws.amazon.com/sns/latest/api/API_GetSMSSandboxAccountStatus.html): whether the
//! account can send text messages to numbers of the sandbox only.
//!
//! Differs from AWS: all accounts are in the sandbox, or none, as the hub was told.

use crate::operation::{Context, Operation};
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub(super) struct GetSmsSandboxAccountStatus {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Status {
    is_in_sandbox: bool,
}

impl Operation for GetSmsSandboxAccountStatus {
    const NAME: &'static str = "GetSMSSandboxAccountStatus";
    type Output = Status;

    async fn run(self, cx: &Context) -> Result<Status, Fault> {
        Ok(Status { is_in_sandbox: cx.hub.settings.sms_sandbox })
    }
}
