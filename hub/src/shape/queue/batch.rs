//! Batches: the rules for their entries, and the answer that says what became of each.

use super::limits;
use crate::wire::{Code, Counted, Fault};
use serde::Serialize;
use std::collections::HashSet;

/// An entry of a batch.
pub(crate) trait Entry {
    /// What AWS calls such an entry.
    const TYPE: &'static str;

    fn id(&self) -> Option<&str>;
}

/// The entries of a batch: as many as there can be, and how many were sent.
pub(crate) type Entries<E> = Counted<E, { limits::BATCH_ENTRIES }>;

/// Checks what must be right of the batch as a whole, and gives the ids of its entries.
pub(crate) fn ids<E: Entry>(entries: &Entries<E>) -> Result<Vec<String>, Fault> {
    let (sent, entries) = (entries.sent(), entries.kept());
    if entries.is_empty() {
        let message = format!("There should be at least one {} in the request.", E::TYPE);
        return Err(Fault::new(Code::EmptyBatchRequest, message));
    }
    if sent > limits::BATCH_ENTRIES {
        let message = format!("Maximum number of entries per request are 10. You have sent {sent}.");
        return Err(Fault::new(Code::TooManyEntriesInBatchRequest, message));
    }
    let id = |(entry, number): (&E, usize)| {
        let missing = || Fault::missing_parameter(&member(E::TYPE, number, "Id"));
        entry.id().map(str::to_owned).ok_or_else(missing)
    };
    let ids = entries.iter().zip(1..).map(id).collect::<Result<Vec<_>, _>>()?;
    if !ids.iter().all(|id| is_id(id)) {
        return Err(Fault::new(
            Code::InvalidBatchEntryId,
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most \
             80 letters long.",
        ));
    }
    let mut seen = HashSet::new();
    match ids.iter().find(|id| !seen.insert(id.as_str())) {
        Some(id) => Err(Fault::new(Code::BatchEntryIdsNotDistinct, format!("Id {id} repeated."))),
        None => Ok(ids),
    }
}

/// A member of an entry of that type, as texts name it; entries are counted from 1.
pub(crate) fn member(entry: &str, number: usize, name: &str) -> String {
    format!("{entry}.{number}.{name}")
}

fn is_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    limits::BATCH_ENTRY_ID.contains(&id.len()) && id.bytes().all(is_allowed)
}

/// What became of the entries of a batch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Outcomes<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successful: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Failure>,
}

/// An entry that was done, where there is nothing more to say.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Done {
    id: String,
}

/// The shape `BatchResultErrorEntry`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    id: String,
    sender_fault: bool,
    code: &'static str,
    message: String,
}

impl<T> Outcomes<T> {
    /// Sorts the outcomes by what they are. `successful` says what is answered for an entry that was done.
    pub(crate) fn of<R>(
        outcomes: impl IntoIterator<Item = (String, Result<R, Fault>)>,
        successful: impl Fn(String, R) -> T,
    ) -> Self {
        let mut all = Self { successful: Vec::new(), failed: Vec::new() };
        for (id, outcome) in outcomes {
            match outcome {
                Ok(done) => all.successful.push(successful(id, done)),
                Err(fault) => all.failed.push(Failure {
                    id,
                    sender_fault: fault.sender(),
                    code: fault.entry_code(),
                    message: fault.message().to_owned(),
                }),
            }
        }
        all
    }
}

impl Outcomes<Done> {
    pub(crate) fn done(outcomes: impl IntoIterator<Item = (String, Result<(), Fault>)>) -> Self {
        Self::of(outcomes, |id, ()| Done { id })
    }
}

/// Puts what the engine replied about the entries that reached it in the places of those entries.
pub(crate) fn merge<V, R>(
    checked: impl IntoIterator<Item = Result<V, Fault>>,
    replies: impl IntoIterator<Item = R>,
    outcome: impl Fn(V, R) -> Result<(), Fault>,
) -> Vec<Result<(), Fault>> {
    let mut replies = replies.into_iter();
    let place = |entry: Result<V, Fault>| {
        let entry = entry?;
        replies.next().map_or_else(|| Err(Fault::internal()), |reply| outcome(entry, reply))
    };
    checked.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Sample(Option<String>);

    impl Entry for Sample {
        const TYPE: &'static str = "SampleEntry";

        fn id(&self) -> Option<&str> {
            self.0.as_deref()
        }
    }

    fn check(given: &[Option<&'static str>], expected: Result<(), (Code, &str)>) {
        let entries = serde_json::from_value(serde_json::json!(given)).unwrap();
        let found = ids::<Sample>(&entries);
        match (&found, expected) {
            (Ok(_), Ok(())) => {}
            (Err(fault), Err(wanted)) => assert_eq!((fault.code(), fault.message()), wanted),
            _ => panic!("{given:?}: {found:?}"),
        }
    }

    #[test]
    fn a_batch_is_checked_in_order() {
        const BAD_ID: &str = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It \
                              can be at most 80 letters long.";
        check(&[Some("a"), Some("B-_9")], Ok(()));
        check(
            &[],
            Err((Code::EmptyBatchRequest, "There should be at least one SampleEntry in the request.")),
        );
        check(
            &[Some("a"); 11],
            Err((
                Code::TooManyEntriesInBatchRequest,
                "Maximum number of entries per request are 10. You have sent 11.",
            )),
        );
        check(
            &[Some("a"), None],
            Err((Code::MissingParameter, "The request must contain the parameter SampleEntry.2.Id.")),
        );
        check(&[Some("")], Err((Code::InvalidBatchEntryId, BAD_ID)));
        check(&[Some("a"), Some("a"), Some("b.")], Err((Code::InvalidBatchEntryId, BAD_ID)));
        check(
            &[Some("a"), Some("b"), Some("b"), Some("a")],
            Err((Code::BatchEntryIdsNotDistinct, "Id b repeated.")),
        );
    }
}
