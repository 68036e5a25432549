//! What the three operations about message move tasks have in common: queues by their ARNs, and the handle of a task.
//!
//! As on AWS a handle is the base64 of a small JSON object, with the task and its source. The task is a random UUID that
//! only its owner was told, and it is looked for at that source: to make up a handle leads nowhere.

use super::url;
use crate::catalogue::QueueView;
use crate::operation::Context;
use crate::shape::arn::{self, Arn};
use crate::telemetry::span;
use crate::wire::{Code, Fault};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use queue_core::Name;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    task_id: String,
    source_arn: String,
}

/// The handle of a task.
pub(crate) fn handle(task: u128, source: &Name) -> String {
    let handle = Handle { task_id: Uuid::from_u128(task).to_string(), source_arn: arn::of_queue(source) };
    STANDARD.encode(serde_json::to_vec(&handle).unwrap_or_default())
}

/// The task of a handle, and its source.
pub(crate) fn read(handle: &str) -> Result<(u128, Name), Fault> {
    let read = || {
        let handle: Handle = serde_json::from_slice(&STANDARD.decode(handle).ok()?).ok()?;
        Some((Uuid::parse_str(&handle.task_id).ok()?.as_u128(), Arn::queue(&handle.source_arn)?))
    };
    let invalid = || Fault::new(Code::InvalidParameterValue, "Value for parameter TaskHandle is invalid.");
    read().ok_or_else(invalid)
}

/// The queue of an ARN, for an action that the caller may perform on it. It was given as `parameter`.
pub(crate) fn queue(
    arn: &str,
    parameter: &str,
    action: &'static str,
    cx: &Context,
) -> Result<Arc<QueueView>, Fault> {
    let name = Arn::queue(arn).ok_or_else(|| {
        let format = "arn:<partition>:<service>:<region>:<account-id>:<resource-id>";
        let message = format!("You must use this format to specify the {parameter}: {format}");
        Fault::new(Code::InvalidParameterValue, message)
    })?;
    named(&name, parameter, action, cx)
}

/// The queue of that name, likewise.
pub(crate) fn named(
    name: &Name,
    parameter: &str,
    action: &'static str,
    cx: &Context,
) -> Result<Arc<QueueView>, Fault> {
    let queue = cx.hub.catalogue.queue(name).ok_or_else(|| {
        let message = format!("The resource that you specified for the {parameter} parameter doesn't exist.");
        Fault::new(Code::ResourceNotFoundException, message)
    })?;
    span::about(&cx.span, &queue.name.name);
    url::authorize(action, &queue, cx)?;
    Ok(queue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_gives_its_task_back() {
        let name = Name::new("111122223333", "eu-west-1", "dead.fifo");
        let task = 0x0011_2233_4455_4677_8899_aabb_ccdd_eeff;
        let handle = handle(task, &name);
        let json = String::from_utf8(STANDARD.decode(&handle).unwrap()).unwrap();
        let expected = r#"{"taskId":"00112233-4455-4677-8899-aabbccddeeff","sourceArn":"arn:aws:sqs:eu-west-1:111122223333:dead.fifo"}"#;
        assert_eq!((json.as_str(), read(&handle)), (expected, Ok((task, name))));
    }

    #[test]
    fn what_is_no_handle_is_refused() {
        let encoded = |text: &str| STANDARD.encode(text);
        let id = "00112233-4455-4677-8899-aabbccddeeff";
        for text in [
            String::new(),
            "?".to_owned(),
            "abc".to_owned(),
            encoded("abc"),
            encoded("{}"),
            encoded(&format!(r#"{{"taskId":"{id}"}}"#)),
            encoded(&format!(r#"{{"taskId":"{id}","sourceArn":"dead"}}"#)),
            encoded(r#"{"taskId":"x","sourceArn":"arn:aws:sqs:eu-west-1:111122223333:dead"}"#),
        ] {
            let refused = read(&text).unwrap_err();
            assert_eq!(refused.message(), "Value for parameter TaskHandle is invalid.", "{text}");
        }
    }
}
