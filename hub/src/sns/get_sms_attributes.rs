//! [`GetSMSAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_GetSMSAttributes.html): the settings of text messages, or those of
//! them that are asked for.

use crate::operation::{Context, Operation};
use crate::shape::sms;
use crate::wire::{Fault, List, Pairs};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub(super) struct GetSmsAttributes {
    #[serde(default)]
    attributes: List<String>,
}

#[derive(Serialize)]
pub(super) struct Settings {
    attributes: Pairs<String>,
}

impl Operation for GetSmsAttributes {
    const NAME: &'static str = "GetSMSAttributes";
    type Output = Settings;

    async fn run(self, cx: &Context) -> Result<Settings, Fault> {
        let kept = cx.hub.catalogue.record(&sms::settings_key(cx));
        let mut shown = sms::shown(&kept.map(|record| record.fields.clone()).unwrap_or_default());
        shown.retain(|(name, _)| self.attributes.is_empty() || self.attributes.contains(name));
        Ok(Settings { attributes: Pairs(shown) })
    }
}
