//! [`CreatePlatformEndpoint`](https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformEndpoint.html): registers a device that
//! an application is installed on.
//!
//! Differs from AWS: any text is a token, since no platform is asked.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::platform::{application, endpoint};
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{record, reply};
use crate::wire::{Fault, Pairs};
use queue_core::Tags;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreatePlatformEndpoint {
    platform_application_arn: Option<String>,
    token: Option<String>,
    custom_user_data: Option<String>,
    #[serde(default)]
    attributes: Pairs<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Created {
    endpoint_arn: String,
}

impl Operation for CreatePlatformEndpoint {
    const NAME: &'static str = "CreatePlatformEndpoint";
    type Output = Created;

    async fn run(self, cx: &Context) -> Result<Created, Fault> {
        let application = application::named(self.platform_application_arn.as_deref(), cx)?;
        let token = self.token.as_deref().ok_or_else(|| Fault::null_member("token"))?;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut attributes = vec![pair("Enabled", "true")];
        attributes.extend(self.custom_user_data.as_deref().map(|data| pair("CustomUserData", data)));
        // What stands among the attributes comes later and prevails, but for the token.
        attributes.extend(self.attributes.0);
        attributes.push(pair("Token", token));
        let mut wanted = Tags::new();
        endpoint::set(&mut wanted, &Pairs(attributes))?;
        let mut made = String::new();
        let attempt = || {
            let application = application::find(&application, cx)?;
            match endpoint::with_token(&application, token, &cx.hub.catalogue) {
                Err(key) => {
                    made = endpoint::arn(&key);
                    Ok(Step::Propose(record::set(key, None, Some(wanted.clone())), Vec::new()))
                }
                Ok(kept) if kept.fields == wanted => {
                    made = endpoint::arn(&kept.key);
                    Ok(Step::Answer(()))
                }
                Ok(kept) => Err(differs(&endpoint::arn(&kept.key))),
            }
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await?;
        Ok(Created { endpoint_arn: made })
    }
}

fn differs(arn: &str) -> Fault {
    let rule = "already exists with the same Token, but different attributes.";
    Fault::invalid_parameter(format_args!("Token Reason: Endpoint {arn} {rule}"))
}
