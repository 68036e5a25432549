//! [`ConfirmSubscription`](https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html): the endpoint of a
//! subscription agrees to it, or takes back that it ended it.
//!
//! The link in a confirmation leads here, so the request need not be signed: whoever has the token may. The topic's
//! ARN is only looked at for where it is; as at AWS, a token also confirms under the name of another topic.

use crate::catalogue::SubscriptionView;
use crate::operation::{Context, Operation};
use crate::secrets::BadToken;
use crate::shape::arn::{self, Arn};
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::{Code, Fault};
use queue_core::{Command, Confirm, Consent, SubscriptionId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ConfirmSubscription {
    topic_arn: Option<String>,
    token: Option<String>,
    authenticate_on_unsubscribe: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Confirmed {
    subscription_arn: String,
}

impl Operation for ConfirmSubscription {
    const NAME: &'static str = "ConfirmSubscription";
    type Output = Confirmed;

    async fn run(self, cx: &Context) -> Result<Confirmed, Fault> {
        let topic_arn = self.topic_arn.as_deref().ok_or_else(|| Fault::null_member("topicArn"))?;
        let token = self.token.as_deref().ok_or_else(|| Fault::null_member("token"))?;
        let topic = Arn::parse(topic_arn).filter(is_topic).ok_or_else(wrong_topic)?;
        let id = cx.hub.secrets.token_of(token).map_err(|bad| match bad {
            BadToken::Malformed => Fault::new(Code::InvalidParameter, "Invalid token"),
            BadToken::Unknown => wrong_token(),
        })?;
        // Only somebody who is known can ask that only somebody who is known ends it.
        let asks_to = |text: &str| text.eq_ignore_ascii_case("true");
        let authenticated = cx.caller.access_key_id.is_some()
            && self.authenticate_on_unsubscribe.as_deref().is_some_and(asks_to);
        let view = subscription(id, &topic, cx)?;
        let subscription_arn = arn::of_subscription(&view.topic_name, view.uuid);
        let attempt = || {
            Ok(match subscription(id, &topic, cx)?.consent {
                Consent::Given(_) => Step::Answer(()),
                Consent::Pending(_) | Consent::Withdrawn(_) => {
                    let confirm = Confirm { subscription: id, authenticated };
                    Step::Propose(Command::Confirm(confirm), Vec::new())
                }
            })
        };
        change(cx, &OF_TOPICS, attempt, reply::done).await?;
        Ok(Confirmed { subscription_arn })
    }
}

fn is_topic(arn: &Arn<'_>) -> bool {
    arn.service == "sns" && !arn.resource.is_empty() && !arn.resource.contains(':')
}

/// The subscription that a token is for, which is near the topic that the request names.
fn subscription(id: SubscriptionId, near: &Arn<'_>, cx: &Context) -> Result<Arc<SubscriptionView>, Fault> {
    let view = cx.hub.catalogue.subscription(cx.hub.secrets.subscription(id)).ok_or_else(wrong_token)?;
    let name = &view.topic_name;
    if *near.region != *name.region || *near.account != *name.account {
        return Err(wrong_topic());
    }
    // That of a deleted topic can be looked at for a while, but has nothing to wait for.
    let has_topic = cx.hub.catalogue.topic(name).is_some_and(|topic| topic.id == view.topic);
    if has_topic { Ok(view) } else { Err(Fault::new(Code::NotFound, "Topic does not exist")) }
}

fn wrong_topic() -> Fault {
    Fault::invalid_parameter("Topic")
}

/// Nobody ever had that token, or its time is over.
fn wrong_token() -> Fault {
    Fault::invalid_parameter("Token")
}
