//! [`Unsubscribe`](https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html): ends a subscription, if it is
//! there.
//!
//! The link in every envelope leads here. It bears no signature, and mail programs, crawlers and curious people
//! follow links; so, as at AWS, a request without one does not end the subscription of a queue.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::subscription::reference;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Code, Fault};
use queue_core::Command;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unsubscribe {
    subscription_arn: Option<String>,
}

impl Operation for Unsubscribe {
    const NAME: &'static str = "Unsubscribe";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let missing = || Fault::invalid_parameter("SubscriptionArn Reason: no value for required parameter");
        let arn = self.subscription_arn.as_deref().ok_or_else(missing)?;
        let attempt = || {
            let Some(subscription) = reference::find(arn, cx)? else {
                return Ok(Step::Answer(()));
            };
            if cx.caller.access_key_id.is_none() {
                let message = "This subscription requires authentication for deletion.";
                return Err(Fault::new(Code::AuthorizationError, message));
            }
            reference::authorize(Self::NAME, &subscription, cx)?;
            Ok(Step::Propose(Command::Unsubscribe(subscription.id), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}
