//! [`SetEndpointAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_SetEndpointAttributes.html): changes what is known of a device.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::platform::endpoint;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{record, reply};
use crate::wire::{Fault, Pairs};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetEndpointAttributes {
    endpoint_arn: Option<String>,
    attributes: Option<Pairs<String>>,
}

impl Operation for SetEndpointAttributes {
    const NAME: &'static str = "SetEndpointAttributes";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let key = endpoint::named(self.endpoint_arn.as_deref(), cx)?;
        let given = self.attributes.as_ref().ok_or_else(|| Fault::null_member("attributes"))?;
        let attempt = || {
            let kept = endpoint::find(&key, cx)?;
            let mut wanted = kept.fields.clone();
            endpoint::set(&mut wanted, given)?;
            Ok(Step::Propose(record::set(key.clone(), Some(&kept), Some(wanted)), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}
