//! [`CreatePlatformApplication`](https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformApplication.html): registers an
//! application with the platform that reaches its devices.
//!
//! Differs from AWS: nobody asks the platform whether the credentials are good.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::platform::application;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{record, reply};
use crate::wire::{Fault, Pairs};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreatePlatformApplication {
    name: Option<String>,
    platform: Option<String>,
    attributes: Option<Pairs<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Created {
    platform_application_arn: String,
}

impl Operation for CreatePlatformApplication {
    const NAME: &'static str = "CreatePlatformApplication";
    type Output = Created;

    async fn run(self, cx: &Context) -> Result<Created, Fault> {
        let name = self.name.as_deref().ok_or_else(|| Fault::null_member("name"))?;
        let platform = self.platform.as_deref().ok_or_else(|| Fault::null_member("platform"))?;
        let given = self.attributes.as_ref().ok_or_else(|| Fault::null_member("attributes"))?;
        application::check_name(name)?;
        application::check_platform(platform)?;
        let mut wanted = record::fields([("Enabled", "true")]);
        application::set(&mut wanted, given)?;
        let key = application::key(platform, name, cx);
        let created = || Created { platform_application_arn: application::arn(&key) };
        let attempt = || match cx.hub.catalogue.record(&key) {
            None => Ok(Step::Propose(record::set(key.clone(), None, Some(wanted.clone())), Vec::new())),
            Some(kept) if kept.fields == wanted => Ok(Step::Answer(created())),
            Some(_) => {
                let rule = "An application with the same name but different properties already exists";
                Err(Fault::invalid_parameter(format_args!("Attributes Reason: {rule}")))
            }
        };
        change(cx, &OF_TOPICS, attempt, |reply| reply::done(reply).map(|()| created())).await
    }
}
