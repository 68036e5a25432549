//! [`CreateTopic`](https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html): makes a topic, or names the
//! one that is just like it.
//!
//! Differs from AWS: there is no quota of topics.

use crate::catalogue::TopicView;
use crate::operation::{Context, Operation};
use crate::shape::arn;
use crate::shape::change::{Step, change};
use crate::shape::reply;
use crate::shape::through::Through;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::topic::{attributes, data_protection, limits, schema, tags};
use crate::wire::{Fault, List, Pairs};
use queue_core::{Command, Name, Tags, TopicAttributes};
use serde::{Deserialize, Serialize};

const FIFO_SUFFIX: &str = ".fifo";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateTopic {
    name: Option<String>,
    #[serde(default)]
    attributes: Pairs<String>,
    #[serde(default)]
    tags: List<tags::Tag>,
    data_protection_policy: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Created {
    topic_arn: String,
}

impl Operation for CreateTopic {
    const NAME: &'static str = "CreateTopic";
    type Output = Created;

    async fn run(self, cx: &Context) -> Result<Created, Fault> {
        let name = self.name.as_deref().ok_or_else(|| Fault::null_member("name"))?;
        let name = Name::new(&cx.caller.account, &cx.caller.region, name);
        let wanted = self.wanted(&name)?;
        let tags = tags::parse(&self.tags)?;
        schema::check_target(&wanted, &name, &cx.hub.catalogue, Through::CreateTopic)?;
        let created = || Created { topic_arn: arn::of_topic(&name) };
        let attempt = || match cx.hub.catalogue.topic(&name) {
            Some(topic) => self.compare(&topic, &wanted, &tags).map(|()| Step::Answer(created())),
            None => {
                let (name, attributes, tags) = (name.clone(), wanted.clone(), tags.clone());
                let create = queue_core::CreateTopic { name, attributes, tags };
                Ok(Step::Propose(Command::CreateTopic(create), Vec::new()))
            }
        };
        change(cx, &OF_TOPICS, attempt, |reply| reply::topic_created(reply).map(|_| created())).await
    }
}

impl CreateTopic {
    /// The attributes of the topic, if it is made anew.
    fn wanted(&self, topic: &Name) -> Result<TopicAttributes, Fault> {
        let fifo = self.attributes.0.iter().find(|(name, _)| name == "FifoTopic");
        let fifo = fifo.map_or(Ok(false), |(name, value)| Through::CreateTopic.flag(name, value))?;
        if !is_name(&topic.name, fifo) {
            return Err(Fault::invalid_parameter("Topic Name"));
        }
        let mut wanted = attributes::initial(fifo);
        for (name, value) in &self.attributes.0 {
            attributes::set(&mut wanted, topic, name, value, Through::CreateTopic)?;
        }
        data_protection::set(&mut wanted, self.data_protection_policy.as_deref().unwrap_or_default())?;
        Ok(wanted)
    }

    /// An existing topic is as good as a new one if it has all that was asked for.
    fn compare(&self, topic: &TopicView, wanted: &TopicAttributes, tags: &Tags) -> Result<(), Fault> {
        let agrees = |(name, _): &(String, String)| attributes::agrees(wanted, &topic.attributes, name);
        let is_protected_so =
            self.data_protection_policy.is_none() || data_protection::is_same(wanted, &topic.attributes);
        if !self.attributes.0.iter().all(agrees) || !is_protected_so {
            let reason = "Attributes Reason: Topic already exists with different attributes";
            return Err(Fault::invalid_parameter(reason));
        }
        if !self.tags.is_empty() && *tags != topic.tags {
            return Err(Fault::invalid_parameter("Tags Reason: Topic already exists with different tags"));
        }
        Ok(())
    }
}

/// Names of FIFO topics, and no others, end in `.fifo`.
fn is_name(name: &str, fifo: bool) -> bool {
    let stem = if fifo { name.strip_suffix(FIFO_SUFFIX) } else { Some(name) };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.len() <= limits::NAME_CHARACTERS_MAX
        && stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_as_its_kind_of_topic_does() {
        let (longest, longest_fifo) = ("n".repeat(256), format!("{}.fifo", "n".repeat(251)));
        for (name, standard, fifo) in [
            ("orders", true, false),
            ("Orders_2-x", true, false),
            ("orders.fifo", false, true),
            (".fifo", false, false),
            ("", false, false),
            ("or ders", false, false),
            ("orders.fifo.fifo", false, false),
            (&longest, true, false),
            (&format!("{longest}n"), false, false),
            (&longest_fifo, false, true),
            (&format!("n{longest_fifo}"), false, false),
        ] {
            assert_eq!((is_name(name, false), is_name(name, true)), (standard, fifo), "{name}");
        }
    }
}
