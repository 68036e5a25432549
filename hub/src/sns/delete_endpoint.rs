//! [`DeleteEndpoint`](https://docs.aws.amazon.com/sns/latest/api/API_DeleteEndpoint.html): forgets an endpoint. Its subscriptions
//! stay, and what is published to them fails.

use super::delete_platform_application::delete;
use crate::operation::{Context, Operation};
use crate::shape::platform::endpoint;
use crate::wire::Fault;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteEndpoint {
    endpoint_arn: Option<String>,
}

impl Operation for DeleteEndpoint {
    const NAME: &'static str = "DeleteEndpoint";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        delete(&endpoint::named(self.endpoint_arn.as_deref(), cx)?, cx).await
    }
}
