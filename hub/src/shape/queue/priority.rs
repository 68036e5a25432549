//! The attributes `PriorityMembers` and `PriorityDepths`, which AWS does not have: a queue that is a list of queues.

use crate::catalogue::{Catalogue, QueueView};
use crate::shape::arn::Arn;
use crate::shape::priority;
use crate::wire::{Code, Fault};
use queue_core::{Counts, Member, Name, Priority, PriorityPolicy};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

const NAME: &str = "PriorityMembers";
const MEMBERS: RangeInclusive<usize> = 1..=16;
const WEIGHT: RangeInclusive<u32> = 1..=1_000;
/// As long as a message can be kept.
const MAXIMUM_WAIT_SECONDS: RangeInclusive<u32> = 1..=1_209_600;

/// The value of `PriorityMembers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Given {
    #[serde(default)]
    policy: Policy,
    members: Vec<GivenMember>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_wait_seconds: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Policy {
    #[default]
    Strict,
    Weighted,
}

/// A member by its name or ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum GivenMember {
    Plain(String),
    Weighted(Weighted),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weighted {
    queue: String,
    #[serde(default = "one")]
    weight: u32,
}

fn one() -> u32 {
    1
}

impl GivenMember {
    fn queue(&self) -> &str {
        match self {
            Self::Plain(queue) => queue,
            Self::Weighted(member) => &member.queue,
        }
    }

    fn weight(&self) -> u32 {
        match self {
            Self::Plain(_) => one(),
            Self::Weighted(member) => member.weight,
        }
    }
}

impl Given {
    /// Reads the text as far as it can be judged by itself.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let form = "It must be a JSON object with members, and perhaps policy (strict or weighted) and maxWaitSeconds.";
        let given: Self = serde_json::from_str(text).map_err(|_| refuse(form))?;
        if !MEMBERS.contains(&given.members.len()) {
            return Err(refuse("There must be 1 to 16 members."));
        }
        if !given.members.iter().all(|member| WEIGHT.contains(&member.weight())) {
            return Err(refuse("A weight must be between 1 and 1000."));
        }
        if given.max_wait_seconds.is_some_and(|seconds| !MAXIMUM_WAIT_SECONDS.contains(&seconds)) {
            return Err(refuse("maxWaitSeconds must be between 1 and 1209600."));
        }
        Ok(given)
    }

    /// Finds the members, which belong to the same account and region as the queue of that name.
    pub(crate) fn resolve(
        &self,
        of: &Name,
        fifo: bool,
        catalogue: &Catalogue,
    ) -> Result<Arc<Priority>, Fault> {
        let mut members: Vec<Member> = Vec::with_capacity(self.members.len());
        for given in &self.members {
            let name = named(given.queue(), of)?;
            let found = catalogue.queue(&name);
            let missing = || refuse(&format!("The queue {} does not exist.", given.queue()));
            let queue = found.ok_or_else(missing)?;
            if queue.attributes.priority.is_some() {
                return Err(refuse(&format!("The queue {} is a priority queue itself.", name.name)));
            }
            if queue.attributes.fifo != fifo {
                return Err(refuse(&format!("The queue {} is not of the same type.", name.name)));
            }
            if members.iter().any(|member| member.queue == queue.id) {
                return Err(refuse(&format!("The queue {} is named twice.", name.name)));
            }
            members.push(Member { queue: queue.id, name: (*name.name).into(), weight: given.weight() });
        }
        let policy = match self.policy {
            Policy::Strict => PriorityPolicy::Strict,
            Policy::Weighted => PriorityPolicy::Weighted,
        };
        let maximum_wait = self.max_wait_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(Arc::new(Priority { policy, members, maximum_wait }))
    }
}

/// The queue that a member is given as.
fn named(text: &str, of: &Name) -> Result<Name, Fault> {
    let Some(arn) = Arn::parse(text) else {
        return Ok(Name::new(&of.account, &of.region, text));
    };
    let name = arn.name();
    let is_near = arn.service == "sqs" && name.account == of.account && name.region == of.region;
    if is_near { Ok(name) } else { Err(refuse("Members must be queues of the same account and region.")) }
}

fn refuse(reason: &str) -> Fault {
    Fault::new(
        Code::InvalidAttributeValue,
        format!("Invalid value for the parameter {NAME}. Reason: {reason}"),
    )
}

/// The attribute in its one form: names without weights where these do not matter.
pub(crate) fn show(priority: &Priority) -> String {
    let member = |member: &Member| match priority.policy {
        PriorityPolicy::Strict => GivenMember::Plain(member.name.to_string()),
        PriorityPolicy::Weighted => {
            GivenMember::Weighted(Weighted { queue: member.name.to_string(), weight: member.weight })
        }
    };
    let shown = Given {
        policy: match priority.policy {
            PriorityPolicy::Strict => Policy::Strict,
            PriorityPolicy::Weighted => Policy::Weighted,
        },
        members: priority.members.iter().map(member).collect(),
        max_wait_seconds: priority.maximum_wait.and_then(|wait| u32::try_from(wait.as_secs()).ok()),
    };
    serde_json::to_string(&shown).unwrap_or_default()
}

/// How many messages of each member can be received, by its name, the highest level first.
pub(crate) fn depths(priority: &Priority, counts: &[Counts]) -> String {
    let depth = |(member, counts): (&Member, &Counts)| {
        format!("{}:{}", serde_json::Value::from(&*member.name), counts.visible)
    };
    let depths: Vec<_> = priority.members.iter().zip(counts).map(depth).collect();
    format!("{{{}}}", depths.join(","))
}

/// Where a message with these attributes goes that is sent to the queue: to the queue itself, or to a member.
pub(crate) fn destination(
    queue: &Arc<QueueView>,
    attributes: &[crate::content::Attribute],
    catalogue: &Catalogue,
) -> Result<Arc<QueueView>, Fault> {
    let Some(priority) = &queue.attributes.priority else {
        return Ok(Arc::clone(queue));
    };
    let asked = priority::asked(attributes);
    let Some(member) = priority.member(asked) else {
        let reason = "It must be the name of a member of the priority queue, or its level.";
        return Err(Fault::invalid_value(asked.unwrap_or_default(), "Priority", reason));
    };
    let name = Name { name: member.name.as_ref().into(), ..queue.name.clone() };
    catalogue.queue(&name).ok_or_else(Fault::queue_does_not_exist)
}

/// What is said of an attribute that only the members of a priority queue can have.
pub(crate) fn of_members(name: &str) -> Fault {
    let message = format!("You can specify the {name} only for the members of a priority queue.");
    Fault::new(Code::InvalidAttributeName, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::QueueId;

    fn shown(text: &str) -> Result<String, String> {
        let given = Given::parse(text).map_err(|fault| fault.message().to_owned())?;
        let member = |member: &GivenMember| Member {
            queue: QueueId(1),
            name: member.queue().into(),
            weight: member.weight(),
        };
        Ok(show(&Priority {
            policy: match given.policy {
                Policy::Strict => PriorityPolicy::Strict,
                Policy::Weighted => PriorityPolicy::Weighted,
            },
            members: given.members.iter().map(member).collect(),
            maximum_wait: given.max_wait_seconds.map(|seconds| Duration::from_secs(seconds.into())),
        }))
    }

    #[test]
    fn members_are_shown_in_one_form() {
        let check =
            |given: &str, expected: &str| assert_eq!(shown(given).as_deref(), Ok(expected), "{given}");
        let strict = r#"{"policy":"strict","members":["a","b"]}"#;
        check(strict, strict);
        check(r#"{"members":[{"queue":"a","weight":5},"b"]}"#, strict);
        check(
            r#"{"maxWaitSeconds":60,"members":["a",{"queue":"b","weight":3}],"policy":"weighted"}"#,
            r#"{"policy":"weighted","members":[{"queue":"a","weight":1},{"queue":"b","weight":3}],"maxWaitSeconds":60}"#,
        );
    }

    #[test]
    fn what_is_no_list_of_members_is_refused() {
        let check = |given: &str, reason: &str| {
            let refusal = shown(given).unwrap_err();
            assert!(refusal.ends_with(&format!("Reason: {reason}")), "{given}: {refusal}");
        };
        let form = "It must be a JSON object with members, and perhaps policy (strict or weighted) and maxWaitSeconds.";
        for given in [
            "",
            "[]",
            "{}",
            r#"{"members":"a"}"#,
            r#"{"members":["a"],"policy":"fair"}"#,
            r#"{"members":["a"],"x":1}"#,
        ] {
            check(given, form);
        }
        check(r#"{"members":[]}"#, "There must be 1 to 16 members.");
        check(&format!(r#"{{"members":[{}"a"]}}"#, r#""a","#.repeat(16)), "There must be 1 to 16 members.");
        check(r#"{"members":[{"queue":"a","weight":0}]}"#, "A weight must be between 1 and 1000.");
        check(r#"{"members":["a"],"maxWaitSeconds":0}"#, "maxWaitSeconds must be between 1 and 1209600.");
    }
}
