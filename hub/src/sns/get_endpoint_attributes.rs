//! [`GetEndpointAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_GetEndpointAttributes.html): what is known of a device.

use crate::operation::{Context, Operation};
use crate::shape::platform::endpoint;
use crate::wire::{Fault, Pairs};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetEndpointAttributes {
    endpoint_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shown {
    attributes: Pairs<String>,
}

impl Operation for GetEndpointAttributes {
    const NAME: &'static str = "GetEndpointAttributes";
    type Output = Shown;

    async fn run(self, cx: &Context) -> Result<Shown, Fault> {
        let key = endpoint::named(self.endpoint_arn.as_deref(), cx)?;
        Ok(Shown { attributes: endpoint::shown(&*endpoint::find(&key, cx)?) })
    }
}
