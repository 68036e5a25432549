//! [`SetPlatformApplicationAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_SetPlatformApplicationAttributes.html): changes
//! how an application is set up.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::platform::application;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{record, reply};
use crate::wire::{Fault, Pairs};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetPlatformApplicationAttributes {
    platform_application_arn: Option<String>,
    attributes: Option<Pairs<String>>,
}

impl Operation for SetPlatformApplicationAttributes {
    const NAME: &'static str = "SetPlatformApplicationAttributes";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let key = application::named(self.platform_application_arn.as_deref(), cx)?;
        let given = self.attributes.as_ref().ok_or_else(|| Fault::null_member("attributes"))?;
        let attempt = || {
            let kept = application::find(&key, cx)?;
            let mut wanted = kept.fields.clone();
            application::set(&mut wanted, given)?;
            Ok(Step::Propose(record::set(key.clone(), Some(&kept), Some(wanted)), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}
