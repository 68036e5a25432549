//! A request to publish: its messages are checked, those that fit the schema of their topic are published together,
//! and each gets a receipt or is refused.

use super::measure::Measure;
use super::{Asked, Proposed, bytes, check, check_text, dead_letter, fits, propose, too_long};
use crate::catalogue::TopicView;
use crate::content::{self, Draft, Published};
use crate::metrics::schemas::Outcome;
use crate::operation::Context;
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::topic::reference;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::topic::schema::{Mismatch, Mode};
use crate::wire::Fault;
use queue_core::{Accepted, Name};
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// What the publisher of a message is told.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Receipt {
    pub(crate) message_id: String,
    /// Only in FIFO topics, and not of a message that went elsewhere.
    pub(crate) sequence_number: Option<String>,
}

/// What is to become of a message.
enum Fate {
    /// It is published, although it does not fit if there is a reason.
    Published(Option<String>),
    Refused(Fault),
    /// It does not fit.
    Rejected(String),
    /// It does not fit, and goes to a queue.
    DeadLettered(String, Box<Published>, Name),
}

/// A topic, and the messages of a request for it, of which some are refused by themselves.
pub(crate) type Checked = (Arc<TopicView>, Vec<Result<Draft, Fault>>);

/// Publishes one message.
pub(crate) async fn publish_one(cx: &Context, name: &Name, asked: &Asked<'_>) -> Result<Receipt, Fault> {
    let check = || {
        let topic = reference::find("Publish", name, cx)?;
        check_text(asked.message.unwrap_or_default())?;
        let draft = check(asked, &topic, cx)?;
        if !fits(bytes(&draft.published), &topic) {
            return Err(too_long());
        }
        Ok((topic, vec![Ok(draft)]))
    };
    publish(cx, check).await?.pop().unwrap_or_else(|| Err(Fault::internal()))
}

/// Publishes what `check` finds good, which is asked again if the topic has changed in between; says for each message
/// what has become of it.
pub(crate) async fn publish(
    cx: &Context,
    check: impl Fn() -> Result<Checked, Fault>,
) -> Result<Vec<Result<Receipt, Fault>>, Fault> {
    let mut measure = Measure::begin();
    let mut fates = Vec::new();
    let mut topic_name = None;
    let attempt = || {
        measure.filtered = None;
        let (topic, checked) = check()?;
        let mut good = Vec::with_capacity(checked.len());
        fates = checked.into_iter().map(|one| fate(one, &topic, &mut good)).collect();
        topic_name = topic.schema.as_ref().map(|_| topic.name.clone());
        if good.is_empty() {
            return Ok(Step::Answer(Vec::new()));
        }
        let Proposed { command, bodies, tap, filtered } = propose(good, topic, &cx.hub.secrets);
        measure.filtered = Some(filtered);
        Ok(Step::Publish(command, bodies, tap))
    };
    let accepted = change(cx, &OF_TOPICS, attempt, reply::published).await?;
    measure.end(&cx.hub.metrics);
    let mut accepted = accepted.iter();
    let mut receipts = Vec::with_capacity(fates.len());
    for fate in fates {
        let mut next = || accepted.next().map(Receipt::from).ok_or_else(Fault::internal);
        let count =
            |outcome, reason: &str| cx.hub.metrics.schemas.count(outcome, topic_name.as_ref(), reason);
        receipts.push(match fate {
            Fate::Published(None) => next(),
            Fate::Published(Some(reason)) => {
                count(Outcome::Warned, &reason);
                next()
            }
            Fate::Refused(fault) => Err(fault),
            Fate::Rejected(reason) => {
                count(Outcome::Rejected, &reason);
                Err(Fault::invalid_parameter(format_args!("Message Reason: {reason}")))
            }
            Fate::DeadLettered(reason, published, queue) => {
                let sent = dead_letter::send(*published, &queue, cx).await;
                sent.map(|sent| {
                    count(if sent.is_some() { Outcome::DeadLettered } else { Outcome::Dropped }, &reason);
                    // The publisher is told the same in both cases: it cannot mend what is wrong with the queue.
                    let id = sent.unwrap_or_else(Uuid::new_v4);
                    Receipt { message_id: id.to_string(), sequence_number: None }
                })
            }
        });
    }
    Ok(receipts)
}

/// Asks the schema of the topic. What is published goes to `good`.
fn fate(checked: Result<Draft, Fault>, topic: &TopicView, good: &mut Vec<Draft>) -> Fate {
    let draft = match checked {
        Ok(draft) => draft,
        Err(fault) => return Fate::Refused(fault),
    };
    // Of a structured message the text counts that every protocol can fall back to.
    let checked = topic.schema.as_ref().map_or(Ok(()), |schema| schema.check(draft.text_for("default")));
    match checked {
        Ok(()) => {
            good.push(draft);
            Fate::Published(None)
        }
        Err(Mismatch { mode: Mode::Warn, reason }) => {
            good.push(draft);
            Fate::Published(Some(reason))
        }
        Err(Mismatch { mode: Mode::Reject, reason }) => Fate::Rejected(reason),
        Err(Mismatch { mode: Mode::DeadLetter(queue), reason }) => {
            Fate::DeadLettered(reason, Box::new(draft.published), queue)
        }
    }
}

impl From<&Accepted> for Receipt {
    fn from(accepted: &Accepted) -> Self {
        Self {
            message_id: Uuid::from_u128(accepted.id).to_string(),
            sequence_number: accepted.sequence.map(content::topic_sequence_number),
        }
    }
}
