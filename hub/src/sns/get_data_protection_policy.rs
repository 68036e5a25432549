//! [`GetDataProtectionPolicy`](https://docs.aws.amazon.com/sns/latest/api/API_GetDataProtectionPolicy.html): the data
//! protection policy of a topic, as it was put.

use crate::operation::{Context, Operation};
use crate::shape::topic::{data_protection, reference};
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetDataProtectionPolicy {
    resource_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shown {
    data_protection_policy: Option<String>,
}

impl Operation for GetDataProtectionPolicy {
    const NAME: &'static str = "GetDataProtectionPolicy";
    type Output = Shown;

    async fn run(self, cx: &Context) -> Result<Shown, Fault> {
        let topic = reference::protected(Self::NAME, self.resource_arn.as_deref(), cx)?;
        Ok(Shown { data_protection_policy: data_protection::policy(&topic.attributes) })
    }
}
