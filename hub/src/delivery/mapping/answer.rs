//! What the answer of a function says of the messages that it was given; see
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
//!
//! A function that failed is answered for with 200 by AWS Lambda and by what stands in for it: only the document says
//! it then.

use crate::delivery::caller::{Answer, Failure};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// How much of what a function says of its failure is kept.
const MESSAGE_CHARACTERS_MAX: usize = 500;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is done but the messages of these ids.
    DoneBut(HashSet<String>),
    /// Nothing is, though the endpoint answered: why.
    Failed(String),
    /// The endpoint did not answer, or not with success: why.
    Unreached(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    batch_item_failures: Option<Vec<Item>>,
    #[serde(flatten)]
    complaint: Complaint,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    item_identifier: String,
}

/// What a function that failed says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    error_type: Option<Value>,
    error_message: Option<Value>,
}

impl Complaint {
    fn verdict(self) -> Option<Verdict> {
        let said = self.error_message.or(self.error_type)?;
        let said = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
        let said: String = said.chars().take(MESSAGE_CHARACTERS_MAX).collect();
        Some(Verdict::Failed(format!("The function failed: {said}")))
    }
}

/// What an answer says, where failures of single messages can be named.
pub(super) fn read(answer: Result<Answer, Failure>) -> Verdict {
    let body = match body(answer) {
        Ok(body) => body,
        Err(verdict) => return verdict,
    };
    if body.trim_ascii().is_empty() {
        return Verdict::DoneBut(HashSet::new());
    }
    let document = match serde_json::from_slice::<Option<Document>>(&body) {
        Ok(Some(document)) => document,
        Ok(None) => return Verdict::DoneBut(HashSet::new()),
        Err(_) => return Verdict::Failed("The answer is not one to a batch.".to_owned()),
    };
    let failures = document.batch_item_failures.unwrap_or_default();
    let failed = || Verdict::DoneBut(failures.into_iter().map(|item| item.item_identifier).collect());
    document.complaint.verdict().unwrap_or_else(failed)
}

/// What an answer says to an event that asks for none: only whether the function failed.
pub(super) fn read_of_event(answer: Result<Answer, Failure>) -> Verdict {
    let body = match body(answer) {
        Ok(body) => body,
        Err(verdict) => return verdict,
    };
    let members: Option<Map<_, _>> = serde_json::from_slice(&body).ok();
    let complaint = members.and_then(|members| Complaint::deserialize(Value::Object(members)).ok());
    complaint.and_then(Complaint::verdict).unwrap_or_else(|| Verdict::DoneBut(HashSet::new()))
}

/// What was answered with success.
fn body(answer: Result<Answer, Failure>) -> Result<Bytes, Verdict> {
    let answer = answer.map_err(|failure| Verdict::Unreached(format!("There was no answer: {failure}.")))?;
    if !(200..300).contains(&answer.status) {
        return Err(Verdict::Unreached(format!("The answer was {}.", answer.status)));
    }
    if answer.is_cut {
        return Err(Verdict::Failed("The answer is too long.".to_owned()));
    }
    Ok(answer.body)
}

impl Verdict {
    /// The same for the messages of a batch: an id that none of them has fails all of them.
    pub(super) fn of_batch(self, ids: &[&str]) -> Self {
        let Self::DoneBut(failed) = self else {
            return self;
        };
        let ids: HashSet<_> = ids.iter().copied().collect();
        match failed.iter().find(|id| !ids.contains(id.as_str())) {
            Some(id) => Self::Failed(format!("The answer names {id:?}, which is no message of the batch.")),
            None => Self::DoneBut(failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Verdict {
        read(Ok(Answer { status, body: body.to_owned().into(), is_cut: false })).of_batch(&["a", "b"])
    }

    fn check(body: &str, expected: Option<&[&str]>) {
        let failed = match answer(200, body) {
            Verdict::DoneBut(failed) => Some(failed),
            Verdict::Failed(_) => None,
            Verdict::Unreached(reason) => panic!("{body}: {reason}"),
        };
        let expected = expected.map(|ids| ids.iter().map(|&id| id.to_owned()).collect());
        assert_eq!(failed, expected, "{body}");
    }

    #[test]
    fn an_answer_that_names_no_failure_means_that_all_is_done() {
        for body in [
            "",
            " \n",
            "null",
            "{}",
            r#"{"batchItemFailures": null}"#,
            r#"{"batchItemFailures": []}"#,
            r#"{"a": 1}"#,
        ] {
            check(body, Some(&[]));
        }
    }

    #[test]
    fn an_answer_names_what_failed() {
        check(r#"{"batchItemFailures": [{"itemIdentifier": "b"}]}"#, Some(&["b"]));
        check(
            r#"{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "a"}]}"#,
            Some(&["a", "b"]),
        );
    }

    #[test]
    fn an_answer_that_cannot_be_understood_fails_all() {
        for body in [
            "OK",
            "\"ok\"",
            "{",
            r#"{"batchItemFailures": 1}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"id": "a"}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "c"}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]}"#,
            r#"{"errorType": "Error", "errorMessage": "no", "trace": []}"#,
        ] {
            check(body, None);
        }
        let error = answer(200, r#"{"errorMessage": "no stock"}"#);
        assert_eq!(error, Verdict::Failed("The function failed: no stock".to_owned()));
    }

    #[test]
    fn an_event_of_a_topic_is_done_whatever_is_answered_but_a_failure() {
        let read = |status, body: &'static str| {
            read_of_event(Ok(Answer { status, body: body.into(), is_cut: false }))
        };
        for body in ["", "OK", "\"ok\"", "[1, 2]", "null", "{", r#"{"batchItemFailures": 1}"#] {
            assert_eq!(read(200, body), Verdict::DoneBut(HashSet::new()), "{body}");
        }
        let failed = Verdict::Failed("The function failed: no stock".to_owned());
        assert_eq!(read(200, r#"{"errorMessage": "no stock"}"#), failed);
        assert_eq!(read(500, "OK"), Verdict::Unreached("The answer was 500.".to_owned()));
    }

    #[test]
    fn only_success_is_an_answer() {
        for status in [100, 301, 400, 404, 429, 500, 503] {
            assert_eq!(answer(status, ""), Verdict::Unreached(format!("The answer was {status}.")));
        }
        assert_eq!(answer(299, ""), Verdict::DoneBut(HashSet::new()));
        let none = read(Err(Failure::Timeout));
        assert_eq!(none, Verdict::Unreached("There was no answer: no answer came in time.".to_owned()));
    }
}
