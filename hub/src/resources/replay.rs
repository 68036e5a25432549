//! `POST /_fanq/topics/{name}/replay`: delivers what a topic has archived once more, to any queue or to one of its
//! subscriptions. The answer comes when that is done.

use super::{Answer, Ask, Refusal};
use crate::catalogue::TopicView;
use crate::delivery::replay::asked;
use crate::engine::Span;
use crate::shape::moment;
use crate::shape::queue::url::QueueUrl;
use crate::shape::subscription::{endpoint, reference, replay};
use crate::wire;
use actix_web::http::{Method, StatusCode};
use filters::{Policy, Scope};
use queue_core::{Consent, Target, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// What is asked for.
const FORM: &str =
    r#"an object with "from", "queue" or "subscription", and perhaps "to", "filter" and "filterScope""#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Asked {
    from: Option<Moment>,
    to: Option<Moment>,
    queue: Option<QueueUrl>,
    subscription: Option<String>,
    filter: Option<Value>,
    filter_scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Milliseconds(u64),
    Text(String),
}

impl Moment {
    fn parse(&self) -> Result<Timestamp, Refusal> {
        match self {
            Self::Milliseconds(since_1970) => Ok(Timestamp(*since_1970)),
            Self::Text(text) => {
                let rule =
                    "is no moment: it is milliseconds since 1970, or a text like 2026-01-02T03:04:05Z.";
                moment::parse(text).ok_or_else(|| Refusal::bad(format!("{text:?} {rule}")))
            }
        }
    }
}

pub(super) async fn answer(topic: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    if *ask.method != Method::POST {
        return Err(Refusal::only("POST"));
    }
    ask.takes(&[])?;
    let hub = &ask.cx.hub;
    let asked: Asked = wire::document(ask.body, FORM).map_err(Refusal::bad)?;
    let topic = super::topic("Subscribe", topic, &ask.cx)?;
    let now = hub.now();
    let earliest = replay::earliest(&topic, now).ok_or_else(|| {
        let text = format!("The topic {} has no archive: give it an ArchivePolicy first.", topic.name.name);
        Refusal::new(StatusCode::CONFLICT, text)
    })?;
    let mut filters: Vec<_> = asked.filter()?.into_iter().collect();
    let target = asked.target(&topic, ask, &mut filters)?;
    let (from, to) = asked.span(earliest, now)?;
    let span = Span { topic: topic.id, from, to: Some(to) };
    let tally = asked::replay(hub, span, &target, filters).await?;
    Answer::json(StatusCode::OK, &tally)
}

impl Asked {
    /// From when, until when: all that there is, unless it says otherwise. A replay never catches up with itself, so it
    /// ends now at the latest.
    fn span(&self, earliest: Timestamp, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
        let from = self.from.as_ref().map(Moment::parse).transpose()?.unwrap_or(earliest);
        let to = self.to.as_ref().map(Moment::parse).transpose()?.unwrap_or(now);
        if from < earliest {
            let text = "The archive does not reach back so far: see the topic's BeginningArchiveTime, or leave \
                        out from for all that there is.";
            return Err(Refusal::bad(text));
        }
        if from > now {
            return Err(Refusal::bad("The moment to begin at is still to come."));
        }
        if to < from {
            return Err(Refusal::bad("The end comes before the beginning."));
        }
        Ok((from, to.min(now)))
    }

    fn filter(&self) -> Result<Option<Policy>, Refusal> {
        let scope = self.filter_scope.as_deref().map_or(Some(Scope::MessageAttributes), Scope::named);
        let rule = "The filterScope is MessageAttributes or MessageBody.";
        let scope = scope.ok_or_else(|| Refusal::bad(rule))?;
        let Some(filter) = &self.filter else {
            return Ok(None);
        };
        let policy = Policy::compile(&filter.to_string(), scope);
        policy.map(Some).map_err(|error| Refusal::bad(format!("The filter is no filter policy: {error}.")))
    }

    /// Where it goes. What a subscription's own filter keeps back is not for it here either.
    fn target(&self, topic: &TopicView, ask: &Ask<'_>, filters: &mut Vec<Policy>) -> Result<Target, Refusal> {
        match (&self.queue, &self.subscription) {
            (Some(queue), None) => {
                let queue = queue.queue("SendMessage", &ask.cx)?;
                if endpoint::is_fifo(&queue.name) && !topic.attributes.fifo {
                    let text = "What a standard topic archives has no groups, which a FIFO queue needs.";
                    return Err(Refusal::bad(text));
                }
                Ok(Target::Queue(queue.name.clone()))
            }
            (None, Some(arn)) => {
                let found = reference::find(arn, &ask.cx)?.filter(|found| found.topic == topic.id);
                let missing = || Refusal::bad(format!("{arn} is no subscription of this topic."));
                let found = found.ok_or_else(missing)?;
                match found.consent {
                    Consent::Given(_) => {}
                    Consent::Pending(_) | Consent::Withdrawn(_) => {
                        return Err(Refusal::bad(format!("The endpoint of {arn} has not agreed.")));
                    }
                }
                filters.extend(found.policy.clone());
                Ok(Target::Subscription(found.id))
            }
            (Some(_), Some(_)) | (None, None) => {
                Err(Refusal::bad("Name either the queue or the subscription that the messages are for."))
            }
        }
    }
}
