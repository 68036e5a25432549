//! The subscription attribute `ReplayPolicy`: which messages of the topic's archive it is given again.
//!
//! See <https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-subscriber.html>.

use crate::catalogue::{Catalogue, SubscriptionView, TopicView};
use crate::hub::Hub;
use crate::shape::moment;
use crate::shape::topic::limits;
use crate::wire::{Code, Fault};
use queue_core::{ReplayPolicy, SubscriptionAttributes, Timestamp};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Members {
    point_type: Option<String>,
    starting_point: Option<String>,
    ending_point: Option<String>,
}

/// Sets the policy, or ends the replay if it is empty.
pub(crate) fn set(attributes: &mut SubscriptionAttributes, text: &str) -> Result<(), Fault> {
    let policy = match text.trim() {
        "" => None,
        text => parse(text).map_err(wrong)?,
    };
    attributes.replay = policy;
    if policy.is_some() {
        attributes.texts.insert("ReplayPolicy".into(), text.into());
    } else {
        attributes.texts.remove("ReplayPolicy");
    }
    Ok(())
}

/// AWS says what is wrong in the same words for both operations.
fn wrong(what: &str) -> Fault {
    Fault::invalid_parameter(format_args!("ReplayPolicy: {what}"))
}

/// What a policy says; nothing if it is an empty object.
fn parse(text: &str) -> Result<Option<ReplayPolicy>, &'static str> {
    let members: serde_json::Map<_, _> = serde_json::from_str(text).map_err(|_| "Unable to parse JSON")?;
    if members.is_empty() {
        return Ok(None);
    }
    let members: Members = serde_json::from_value(members.into()).map_err(|_| "Unable to parse JSON")?;
    let (Some(kind), Some(from)) = (members.point_type, members.starting_point) else {
        return Err("JSON is missing required fields");
    };
    if kind != "Timestamp" {
        return Err("Invalid PointType");
    }
    let from = moment::parse(&from).ok_or("Invalid StartingPoint value")?;
    let to = members.ending_point.map(|to| moment::parse(&to).filter(|to| *to >= from));
    let to = to.map(|to| to.ok_or("Invalid EndingPoint value")).transpose()?;
    Ok(Some(ReplayPolicy { from, to }))
}

/// The earliest moment that a replay of a topic can start at; none if it has no archive.
pub(crate) fn earliest(topic: &TopicView, now: Timestamp) -> Option<Timestamp> {
    Some(topic.archived_since(now)?.before(limits::REPLAY_START_TOLERANCE))
}

/// Refuses a new policy if there is no archive, or none that reaches back so far, or if as many replays are under way as there can be.
pub(crate) fn check(
    topic: &TopicView,
    before: Option<&SubscriptionAttributes>,
    wanted: &SubscriptionAttributes,
    hub: &Hub,
) -> Result<(), Fault> {
    let policy = wanted.replay.filter(|policy| before.is_none_or(|before| before.replay != Some(*policy)));
    let Some(policy) = policy else {
        return Ok(());
    };
    let earliest = earliest(topic, hub.now()).ok_or_else(|| wrong("The topic has no ArchivePolicy"))?;
    if policy.from < earliest {
        return Err(wrong("Invalid StartingPoint value"));
    }
    let is_under_way = |subscription: &SubscriptionView| {
        let of_account = subscription.topic_name.account == topic.name.account;
        of_account && subscription.replay.is_some_and(|replay| !replay.completed)
    };
    let under_way = hub.catalogue.served().iter().filter(|subscription| is_under_way(subscription)).count();
    if under_way >= limits::REPLAYS_PER_ACCOUNT {
        return Err(Fault::new(Code::ReplayLimitExceeded, "Replay limit exceeded"));
    }
    Ok(())
}

/// How the replay of a subscription stands, if it asks for one.
pub(crate) fn status(subscription: &SubscriptionView, catalogue: &Catalogue) -> Option<&'static str> {
    let replay = subscription.replay?;
    let topic = catalogue.topic(&subscription.topic_name);
    let is_there = topic.is_some_and(|topic| topic.id == subscription.topic);
    Some(match replay {
        replay if replay.completed => "Completed",
        _ if !is_there => "Failed",
        replay if replay.reached == 0 => "Pending",
        _ => "In progress",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_says_from_when_and_perhaps_until_when() {
        let point = |text: &str, ending: &str| {
            format!(r#"{{"PointType":"{text}","StartingPoint":"1970-01-01T00:00:01.000Z"{ending}}}"#)
        };
        let second = |number: u64| Timestamp(number * 1_000);
        let ending = |text: &str| format!(r#","EndingPoint":"{text}""#);
        let policy = |to| Ok(Some(ReplayPolicy { from: second(1), to }));
        for (text, expected) in [
            (point("Timestamp", ""), policy(None)),
            (point("Timestamp", &ending("1970-01-01T00:00:09Z")), policy(Some(second(9)))),
            ("{}".to_owned(), Ok(None)),
            ("x".to_owned(), Err("Unable to parse JSON")),
            ("[]".to_owned(), Err("Unable to parse JSON")),
            (r#"{"PointType":1}"#.to_owned(), Err("Unable to parse JSON")),
            (r#"{"PointType":"Timestamp"}"#.to_owned(), Err("JSON is missing required fields")),
            (point("Number", ""), Err("Invalid PointType")),
            (
                r#"{"PointType":"Timestamp","StartingPoint":"x"}"#.to_owned(),
                Err("Invalid StartingPoint value"),
            ),
            (point("Timestamp", &ending("x")), Err("Invalid EndingPoint value")),
            (point("Timestamp", &ending("1970-01-01T00:00:00Z")), Err("Invalid EndingPoint value")),
        ] {
            assert_eq!(parse(&text), expected, "{text}");
        }
    }
}
