//! [`GetPlatformApplicationAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_GetPlatformApplicationAttributes.html): how
//! an application is set up, but for its secrets.

use crate::operation::{Context, Operation};
use crate::shape::platform::application;
use crate::wire::{Fault, Pairs};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetPlatformApplicationAttributes {
    platform_application_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shown {
    attributes: Pairs<String>,
}

impl Operation for GetPlatformApplicationAttributes {
    const NAME: &'static str = "GetPlatformApplicationAttributes";
    type Output = Shown;

    async fn run(self, cx: &Context) -> Result<Shown, Fault> {
        let key = application::named(self.platform_application_arn.as_deref(), cx)?;
        Ok(Shown { attributes: application::shown(&*application::find(&key, cx)?) })
    }
}
