//! What is said of a mapping in JSON, member by member, and what is wrong with it.

use crate::catalogue::QueueView;
use crate::delivery::mapping::Mapping;
use crate::operation::Context;
use crate::shape::arn::{self, Arn};
use crate::shape::queue::url::QueueUrl;
use crate::wire::{self, Code, Fault};
use bytes::Bytes;
use reqwest::Url;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::Arc;

const MEMBERS: [&str; 9] = [
    "queue",
    "url",
    "functionArn",
    "batchSize",
    "windowSeconds",
    "concurrency",
    "timeoutSeconds",
    "filter",
    "enabled",
];

const ID_CHARACTERS: RangeInclusive<usize> = 1..=80;
const URL_BYTES_MAX: usize = 2_048;
const BATCH: RangeInclusive<u32> = 1..=10_000;
const WINDOW_S: RangeInclusive<u32> = 0..=300;
const CONCURRENCY: RangeInclusive<u32> = 1..=1_000;
const TIMEOUT_S: RangeInclusive<u32> = 1..=900;

const BATCH_DEFAULT: u32 = 10;
/// The largest batch of a FIFO queue.
const BATCH_FIFO_MAX: u32 = 10;
const WINDOW_S_DEFAULT: u32 = 0;
const CONCURRENCY_DEFAULT: u32 = 5;
const TIMEOUT_S_DEFAULT: u32 = 30;

/// The members of an object.
type Members = Map<String, Value>;

pub(super) fn wrong(text: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(Code::InvalidParameterValue, text)
}

/// The body of a request, which is an object.
pub(super) fn object(body: &Bytes) -> Result<Members, Fault> {
    wire::document(body, "an object with the members of a mapping").map_err(wrong)
}

/// The members of a mapping.
pub(super) fn of(mapping: &Mapping) -> Members {
    match serde_json::to_value(mapping) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => Members::new(),
    }
}

/// The id that whoever makes a mapping gives it.
pub(super) fn id(value: &Value) -> Result<String, Fault> {
    let is_plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let text = value.as_str().filter(|text| ID_CHARACTERS.contains(&text.len()) && is_plain(text));
    let (least, most) = ID_CHARACTERS.into_inner();
    text.map(str::to_owned)
        .ok_or_else(|| wrong(format!("id has {least} to {most} letters, digits, hyphens and underscores.")))
}

/// The mapping that members describe. What a mapping said before may name a queue that does not exist any more.
pub(super) fn read(members: &Members, before: Option<&Mapping>, cx: &Context) -> Result<Mapping, Fault> {
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(wrong(format!("A mapping has no member {unknown:?}.")));
    }
    let before = before.and_then(|mapping| mapping.queue.as_deref());
    let (queue, view) = queue(text(members, "queue")?, before, cx)?;
    let mapping = Mapping {
        queue,
        url: url(text(members, "url")?)?,
        function_arn: function(text(members, "functionArn")?)?,
        batch_size: number(members, "batchSize", &BATCH, BATCH_DEFAULT)?,
        window_seconds: number(members, "windowSeconds", &WINDOW_S, WINDOW_S_DEFAULT)?,
        concurrency: number(members, "concurrency", &CONCURRENCY, CONCURRENCY_DEFAULT)?,
        timeout_seconds: number(members, "timeoutSeconds", &TIMEOUT_S, TIMEOUT_S_DEFAULT)?,
        filter: match member(members, "filter") {
            None => None,
            Some(filter) => Some(
                serde_json::from_value(filter.clone())
                    .map_err(|_| wrong(r#"filter is an object such as {"Filters": [{"Pattern": "{}"}]}."#))?,
            ),
        },
        enabled: match member(members, "enabled") {
            None => true,
            Some(enabled) => enabled.as_bool().ok_or_else(|| wrong("enabled is true or false."))?,
        },
    };
    if let Some(filter) = &mapping.filter {
        filter.check().map_err(wrong)?;
    }
    if mapping.queue.is_none() && mapping.function_arn.is_none() {
        return Err(wrong("A mapping has a queue, a functionArn, or both."));
    }
    if let Some(queue) = view {
        check_for(&queue, &mapping)?;
    }
    Ok(mapping)
}

/// A member that is there; null is as good as nothing.
fn member<'m>(members: &'m Members, name: &str) -> Option<&'m Value> {
    members.get(name).filter(|value| !value.is_null())
}

fn text<'m>(members: &'m Members, name: &str) -> Result<Option<&'m str>, Fault> {
    member(members, name)
        .map(|value| value.as_str().ok_or_else(|| wrong(format!("{name} is a text."))))
        .transpose()
}

fn number(members: &Members, name: &str, range: &RangeInclusive<u32>, default: u32) -> Result<u32, Fault> {
    let Some(value) = member(members, name) else {
        return Ok(default);
    };
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| wrong(format!("{name} is a whole number from {} to {}.", range.start(), range.end())))
}

/// The ARN of a queue that is named by its name, its ARN or its URL, and the queue.
fn queue(
    given: Option<&str>,
    before: Option<&str>,
    cx: &Context,
) -> Result<(Option<String>, Option<Arc<QueueView>>), Fault> {
    let Some(given) = given else {
        return Ok((None, None));
    };
    if before == Some(given) {
        let view = Arn::queue(given).and_then(|name| cx.hub.catalogue.queue(&name));
        return Ok((Some(given.to_owned()), view));
    }
    let named = QueueUrl::deserialize(Value::from(given)).map_err(|error| wrong(error.to_string()))?;
    let view = named.queue("ReceiveMessage", cx)?;
    Ok((Some(arn::of_queue(&view.name)), Some(view)))
}

fn url(given: Option<&str>) -> Result<String, Fault> {
    let given = given.ok_or_else(|| wrong("A mapping has a url."))?;
    let is_usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let parsed = Url::parse(given).ok().filter(|url| is_usable(url) && given.len() <= URL_BYTES_MAX);
    let rule = || wrong(format!("url is a URL of http or https with {URL_BYTES_MAX} bytes at most."));
    parsed.map(|_| given.to_owned()).ok_or_else(rule)
}

fn function(given: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(given) = given else {
        return Ok(None);
    };
    let is_function = |arn: &Arn<'_>| arn.service == "lambda" && arn.resource.starts_with("function:");
    Arn::parse(given).filter(is_function).map(|_| Some(given.to_owned())).ok_or_else(|| {
        wrong("functionArn is the ARN of a function: arn:aws:lambda:<region>:<account>:function:<name>.")
    })
}

/// What only holds for this queue.
fn check_for(queue: &QueueView, mapping: &Mapping) -> Result<(), Fault> {
    let visibility_s = queue.attributes.visibility_timeout.as_secs();
    if u64::from(mapping.timeout_seconds) > visibility_s {
        return Err(wrong(format!(
            "timeoutSeconds is {}, more than the queue's visibility timeout of {visibility_s} seconds: a message would \
             be received again while its function works.",
            mapping.timeout_seconds,
        )));
    }
    if queue.attributes.fifo && mapping.batch_size > BATCH_FIFO_MAX {
        return Err(wrong(format!("batchSize is {BATCH_FIFO_MAX} at most for a FIFO queue.")));
    }
    if queue.attributes.fifo && mapping.window_seconds > 0 {
        return Err(wrong("windowSeconds is 0 for a FIFO queue."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth;
    use crate::config::Settings;
    use crate::hub::Hub;
    use serde_json::json;

    const URL: &str = "http://127.0.0.1:1/";
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:orders";

    fn context() -> Context {
        Context {
            hub: Hub::in_memory(Settings::default()).unwrap(),
            caller: auth::authenticate(None, "eu-west-1").unwrap(),
            base_url: String::new(),
            queue_path: None,
            trace_header: None,
            span: tracing::Span::none(),
        }
    }

    fn members(value: Value) -> Members {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_said_of_a_mapping_is_what_is_shown_of_it() {
        let cx = context();
        let given = members(json!({"url": URL, "functionArn": FUNCTION, "filter": null}));
        let mapping = read(&given, None, &cx).unwrap();
        let shown = of(&mapping);
        let expected = json!({
            "url": URL, "functionArn": FUNCTION, "batchSize": 10, "windowSeconds": 0, "concurrency": 5,
            "timeoutSeconds": 30, "enabled": true,
        });
        assert_eq!(Value::from(shown.clone()), expected);
        assert_eq!(read(&shown, Some(&mapping), &cx).unwrap(), mapping);
    }

    #[test]
    fn a_mapping_keeps_a_queue_that_is_gone_but_takes_no_other() {
        let cx = context();
        let queue = "arn:aws:sqs:eu-west-1:000000000000:orders";
        let given = members(json!({"url": URL, "queue": queue}));
        let fault = read(&given, None, &cx).unwrap_err();
        assert_eq!(fault.code(), Code::QueueDoesNotExist);
        let alone = members(json!({"url": URL, "functionArn": FUNCTION}));
        let before = Mapping { queue: Some(queue.to_owned()), ..read(&alone, None, &cx).unwrap() };
        assert_eq!(read(&given, Some(&before), &cx).unwrap().queue.as_deref(), Some(queue));
    }

    #[test]
    fn an_id_can_stand_in_a_path() {
        for text in ["a", "orders-1_B", &"x".repeat(80)] {
            assert_eq!(id(&json!(text)).unwrap(), text);
        }
        for wrong in [json!(""), json!("a/b"), json!("ä"), json!("x".repeat(81)), json!(1)] {
            assert!(id(&wrong).is_err(), "{wrong}");
        }
    }
}
