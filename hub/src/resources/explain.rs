//! `POST /_fanq/topics/{name}/explain`: which subscriptions of a topic a message would go to, and why not to the others.
//!
//! The message is checked as if it were published. Nothing is, and nothing is counted.

use super::{Answer, Ask, Refusal};
use crate::catalogue::{self, SubscriptionView, TopicView};
use crate::content::Draft;
use crate::operation::Context;
use crate::shape::arn;
use crate::shape::attribute::AttributeValue;
use crate::shape::publication::{self, Asked};
use crate::shape::subscription::endpoint;
use crate::shape::topic::schema::{Mismatch, Mode};
use crate::wire::{self, Fault, Pairs};
use actix_web::http::{Method, StatusCode};
use filters::Message;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is asked for.
const FORM: &str =
    r#"an object with a text "message", and perhaps "subject", "messageStructure" and "messageAttributes""#;

/// A message, in the words of the JSON protocol for what AWS has a word for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Question {
    message: String,
    subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default)]
    message_attributes: Pairs<AttributeValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained {
    topic_arn: String,
    /// Why the message does not fit the schema of the topic, if it would not be refused for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_mismatch: Option<String>,
    subscriptions: Vec<Explanation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation {
    subscription_arn: String,
    protocol: String,
    endpoint: String,
    /// Whether it gets what is published now: not while its endpoint has not agreed, nor while a replay comes first.
    live: bool,
    matched: bool,
    /// Of the filter, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Failed>,
}

/// The first key of a filter that the message does not satisfy.
#[derive(Serialize)]
struct Failed {
    key: String,
    operator: &'static str,
    reason: String,
}

/// `topic` is a name, for one of the caller's, or an ARN.
pub(super) fn answer(topic: &str, ask: &Ask<'_>) -> Result<Answer, Refusal> {
    if ask.method != Method::POST {
        return Err(Refusal::only("POST"));
    }
    ask.takes(&[])?;
    let cx = &ask.cx;
    // Whoever may not see who subscribes is not told to whom a message would go.
    let topic = super::topic("ListSubscriptionsByTopic", topic, cx)?;
    let question: Question = wire::document(ask.body, FORM).map_err(Refusal::bad)?;
    let draft = check(&question, &topic, cx)?;
    let mismatch = topic.schema.as_ref().map_or(Ok(()), |schema| schema.check(draft.text_for("default")));
    let schema_mismatch = match mismatch {
        Ok(()) => None,
        Err(Mismatch { mode: Mode::Reject, reason }) => {
            return Err(Fault::invalid_parameter(format_args!("Message Reason: {reason}")).into());
        }
        Err(Mismatch { mode: Mode::Warn | Mode::DeadLetter(_), reason }) => Some(reason),
    };
    let protocols: BTreeSet<_> =
        topic.subscriptions.iter().map(|view| endpoint::protocol(&view.endpoint)).collect();
    let message = |protocol| catalogue::message(draft.text_for(protocol), &draft.published.attributes);
    let messages: BTreeMap<_, _> =
        protocols.into_iter().map(|protocol| (protocol, message(protocol))).collect();
    let explain = |view: &SubscriptionView| {
        let message = messages.get(endpoint::protocol(&view.endpoint));
        message.map(|message| Explanation::of(view, message))
    };
    let subscriptions = topic.subscriptions.iter().filter_map(|view| explain(view)).collect();
    Answer::json(
        StatusCode::OK,
        &Explained { topic_arn: arn::of_topic(&topic.name), schema_mismatch, subscriptions },
    )
}

/// Checks a message as a publish does.
fn check(question: &Question, topic: &TopicView, cx: &Context) -> Result<Draft, Fault> {
    // A FIFO topic insists on these, and no filter sees them.
    let id = topic.attributes.fifo.then_some("explain");
    let asked = Asked {
        path: "",
        message: Some(&question.message),
        subject: question.subject.as_deref(),
        structure: question.message_structure.as_deref(),
        attributes: &question.message_attributes,
        group: id,
        deduplication_id: id,
    };
    publication::check_text(&question.message)?;
    let draft = publication::check(&asked, topic, cx)?;
    if publication::fits(publication::bytes(&draft.published), topic) {
        Ok(draft)
    } else {
        Err(publication::too_long())
    }
}

impl Explanation {
    fn of(view: &SubscriptionView, message: &Message<'_>) -> Self {
        let explained = view.policy.as_ref().map_or(Ok(()), |policy| policy.explain(message));
        let failed = explained.err().map(|refusal| Failed {
            key: refusal.key,
            operator: refusal.operator.as_str(),
            reason: refusal.reason.to_string(),
        });
        Self {
            subscription_arn: arn::of_subscription(&view.topic_name, view.uuid),
            protocol: endpoint::protocol(&view.endpoint).to_owned(),
            live: view.is_live,
            endpoint: endpoint::shown(&view.endpoint),
            matched: failed.is_none(),
            scope: view.policy.as_ref().map(|policy| policy.scope().as_str()),
            failed,
        }
    }
}
