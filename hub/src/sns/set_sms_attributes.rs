//! [`SetSMSAttributes`](https://docs.aws.amazon.com/sns/latest/api/API_SetSMSAttributes.html): changes settings of text messages.
//!
//! Nothing is sent to a carrier, so they are kept, checked and shown, and that is all.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::{record, reply, sms};
use crate::wire::{Fault, Pairs};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub(super) struct SetSmsAttributes {
    attributes: Option<Pairs<String>>,
}

/// There is a result, with nothing in it.
#[derive(Serialize)]
pub(super) struct Set {}

impl Operation for SetSmsAttributes {
    const NAME: &'static str = "SetSMSAttributes";
    type Output = Set;

    async fn run(self, cx: &Context) -> Result<Set, Fault> {
        let given = self.attributes.as_ref().ok_or_else(|| Fault::null_member("attributes"))?;
        let key = sms::settings_key(cx);
        let attempt = || {
            let kept = cx.hub.catalogue.record(&key);
            let mut settings = kept.as_ref().map(|record| record.fields.clone()).unwrap_or_default();
            for (name, value) in &given.0 {
                sms::set(&mut settings, name, value)?;
            }
            Ok(Step::Propose(record::set(key.clone(), kept.as_deref(), Some(settings)), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, |reply| reply::done(reply).map(|()| Set {})).await
    }
}
