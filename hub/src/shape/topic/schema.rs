//! The topic attribute `MessageSchema`: a JSON Schema that messages have to fit, and what becomes of those that do not.
//!
//! Whoever sets a schema decides how much work each message is, so its size, its references and what they lead to are
//! limited before it is compiled. References stay within it; patterns are matched in linear time.

mod parts;

use super::limits;
use crate::catalogue::Catalogue;
use crate::shape::arn::Arn;
use crate::shape::queue::text;
use crate::shape::subscription::endpoint::{can_exist, is_fifo};
use crate::shape::through::Through;
use crate::wire::Fault;
use jsonschema::{PatternOptions, ValidationError, Validator};
use queue_core::{Name, TopicAttributes};
use serde_json::{Map, Value};
use std::sync::OnceLock;

/// The attribute.
pub(crate) const NAME: &str = "MessageSchema";

/// The attribute as it is written.
struct Given {
    schema: Value,
    mode: Mode,
}

/// What becomes of a message that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Its publisher is told.
    Reject,
    /// It is published all the same.
    Warn,
    /// It goes to this queue instead.
    DeadLetter(Name),
}

/// Why a message does not fit, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) mode: Mode,
    /// What is wrong, and where in the message.
    pub(crate) reason: String,
}

/// A schema that can be asked.
#[derive(Debug)]
pub(crate) struct Rule {
    mode: Mode,
    /// How much work it is for each value, by how deep a message is.
    visits_by_depth: Vec<usize>,
    validator: Validator,
}

/// The schema of a topic, compiled when the first message asks.
#[derive(Debug)]
pub(crate) struct Schema {
    text: Box<str>,
    rule: OnceLock<Option<Rule>>,
}

impl Schema {
    /// The schema of a topic, if it has one.
    pub(crate) fn of(attributes: &TopicAttributes) -> Option<Self> {
        let text = attributes.texts.get(NAME)?.clone();
        Some(Self { text, rule: OnceLock::new() })
    }

    /// Whether this is still the schema of a topic with these attributes.
    pub(crate) fn is_of(&self, attributes: &TopicAttributes) -> bool {
        attributes.texts.get(NAME) == Some(&self.text)
    }

    /// Asks whether a message fits.
    pub(crate) fn check(&self, message: &str) -> Result<(), Mismatch> {
        match self.rule.get_or_init(|| self.compile()) {
            Some(rule) => rule.check(message),
            None => Ok(()),
        }
    }

    /// It was checked before it was stored; should a later version refuse it, messages pass, and that is logged.
    fn compile(&self) -> Option<Rule> {
        parse(&self.text).unwrap_or_else(|flaw| {
            tracing::error!(
                flaw,
                text = &*self.text,
                "a stored schema is not accepted any more; it is not applied"
            );
            None
        })
    }
}

impl Rule {
    fn check(&self, message: &str) -> Result<(), Mismatch> {
        let mismatch = |reason| Mismatch { mode: self.mode.clone(), reason };
        let value: Value =
            serde_json::from_str(message).map_err(|_| mismatch("the message is no JSON at #".to_owned()))?;
        let maximum = self.visits_by_depth.len();
        let Some(visits) = self.visits_by_depth.get(parts::depth(&value).saturating_sub(1)) else {
            return Err(mismatch(format!("the message is more than {maximum} levels deep at #")));
        };
        if parts::count(&value).saturating_mul(*visits) > limits::SCHEMA_WORK_MAX {
            return Err(mismatch("the message has too many values for this schema at #".to_owned()));
        }
        self.validator.validate(&value).map_err(|error| mismatch(told(&error)))
    }
}

/// The rule that a text describes, none if it is empty of one; else what is wrong, in the words that follow
/// `MessageSchema: `.
pub(crate) fn parse(text: &str) -> Result<Option<Rule>, String> {
    let Some(given) = read(text)? else {
        return Ok(None);
    };
    let Given { schema, mode } = given;
    let visits_by_depth = parts::visits_by_depth(&schema)?;
    let patterns = PatternOptions::regex().size_limit(limits::PATTERN_BYTES_MAX);
    let options = jsonschema::options().offline().with_pattern_options(patterns);
    let validator = options.build(&schema).map_err(|error| told(&error))?;
    Ok(Some(Rule { mode, visits_by_depth, validator }))
}

/// Refuses a dead-letter queue that is not a neighbour of its topic, or not of the same kind, or a priority queue.
pub(crate) fn check_target(
    wanted: &TopicAttributes,
    topic: &Name,
    catalogue: &Catalogue,
    through: Through,
) -> Result<(), Fault> {
    let wrong = |what: &str| Err(through.wrong(format_args!("{NAME}: {what}")));
    let Some(text) = wanted.texts.get(NAME) else {
        return Ok(());
    };
    let given = read(text);
    match given.map(|given| given.map(|given| given.mode)) {
        Ok(None | Some(Mode::Reject | Mode::Warn)) => Ok(()),
        Ok(Some(Mode::DeadLetter(queue)))
            if queue.account != topic.account || queue.region != topic.region =>
        {
            wrong("deadLetterTargetArn is an invalid arn")
        }
        Ok(Some(Mode::DeadLetter(queue))) if is_fifo(&queue) != wanted.fifo => wrong(
            "deadLetterTargetArn must be a FIFO queue for a FIFO topic, and a standard queue for a standard topic",
        ),
        Ok(Some(Mode::DeadLetter(queue))) if catalogue.is_priority_queue(&queue) => {
            wrong("deadLetterTargetArn must not be a priority queue")
        }
        Ok(Some(Mode::DeadLetter(_))) => Ok(()),
        Err(flaw) => wrong(&flaw),
    }
}

/// What a text says; nothing if it is an empty object.
fn read(text: &str) -> Result<Option<Given>, String> {
    if text.len() > limits::SCHEMA_BYTES_MAX {
        return Err(format!("must be at most {} bytes long", limits::SCHEMA_BYTES_MAX));
    }
    let mut members: Map<_, _> = match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err("must be a JSON object".to_owned()),
        Err(_) => return Err("failed to parse JSON".to_owned()),
    };
    if members.is_empty() {
        return Ok(None);
    }
    let schema = members.remove("schema").ok_or("it has no schema")?;
    let target = members.remove("deadLetterTargetArn").filter(|target| !target.is_null());
    let mode = mode(members.remove("mode").as_ref(), target.as_ref())?;
    match members.keys().next() {
        Some(other) => {
            Err(format!("it has schema, mode and deadLetterTargetArn, but no {:?}", readable(other)))
        }
        None => Ok(Some(Given { schema, mode })),
    }
}

fn mode(word: Option<&Value>, target: Option<&Value>) -> Result<Mode, String> {
    match (word.and_then(Value::as_str), target) {
        (Some("reject"), None) => Ok(Mode::Reject),
        (Some("warn"), None) => Ok(Mode::Warn),
        (Some("deadletter"), Some(arn)) => match arn.as_str().and_then(Arn::queue).filter(can_exist) {
            Some(queue) => Ok(Mode::DeadLetter(queue)),
            None => Err("deadLetterTargetArn is an invalid arn".to_owned()),
        },
        (Some("deadletter"), None) => Err("mode deadletter needs a deadLetterTargetArn".to_owned()),
        (Some("reject" | "warn"), Some(_)) => {
            Err("deadLetterTargetArn goes with mode deadletter only".to_owned())
        }
        _ => Err("mode must be reject, warn or deadletter".to_owned()),
    }
}

/// What does not fit and where, without the values of a message.
fn told(error: &ValidationError<'_>) -> String {
    format!("{} at #{}", readable(&error.masked().to_string()), readable(error.instance_path().as_str()))
}

/// A text as short as a log or an answer wants it, and of characters that one can carry.
fn readable(text: &str) -> String {
    const CHARACTERS_MAX: usize = 256;
    let carried =
        text.chars().map(|one| if text::is_valid(one.encode_utf8(&mut [0; 4])) { one } else { '\u{fffd}' });
    carried.take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests;
