//! [`Unsubscribe`](https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html): ends a subscription, if it is
//! there.
//!
//! The link in every envelope leads here. It bears no signature, and mail programs, crawlers and curious people
//! follow links; so, as at AWS, a request without one does not end the subscription of a queue, nor one whose
//! endpoint asked for that when it agreed. A URL whose subscription is ended by a link is told so, and can take it
//! back for a while.

use crate::catalogue::SubscriptionView;
use crate::content::NoticeKind;
use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::subscription::notice::notice;
use crate::shape::subscription::protocol::Protocol;
use crate::shape::subscription::reference;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Code, Fault};
use queue_core::{Command, Consent, Withdraw};
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
            if subscription.is_pending() {
                let reason = "Cannot unsubscribe a subscription that is pending confirmation";
                let what = format_args!("SubscriptionArn Reason: {reason}");
                return Err(Fault::invalid_parameter(what));
            }
            if cx.caller.access_key_id.is_none() {
                return by_link(&subscription, cx);
            }
            reference::authorize(Self::NAME, &subscription, cx)?;
            Ok(Step::Propose(Command::Unsubscribe(subscription.id), Vec::new()))
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await
    }
}

/// What a request without a signature does.
fn by_link(subscription: &SubscriptionView, cx: &Context) -> Result<Step<()>, Fault> {
    if subscription.consent != Consent::Given(false) {
        let message = "This subscription requires authentication for deletion.";
        return Err(Fault::new(Code::AuthorizationError, message));
    }
    if !Protocol::of(&subscription.endpoint).is_some_and(Protocol::posts) {
        return Ok(Step::Propose(Command::Unsubscribe(subscription.id), Vec::new()));
    }
    let (notice, body) = notice(NoticeKind::UnsubscribeConfirmation, cx);
    let withdraw = Withdraw { subscription: subscription.id, notice };
    Ok(Step::Propose(Command::Withdraw(withdraw), vec![body]))
}
