//! What the checker found.

use std::fmt;
use std::fmt::Write as _;

use super::History;

/// More violations of one kind say nothing new.
const OF_A_KIND_MAX: usize = 100;

/// The promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An acknowledged message is gone, though nobody deleted it.
    Lost,
    /// A message was received in a queue to which it was not sent.
    Unexpected,
    /// A message of a group was received while an earlier one, in nobody's hands, was waiting.
    Order,
    /// A message was given out while it, or an earlier one of its group, was in somebody else's hands; or one of its group
    /// in another member of the list.
    Overlap,
    /// A message was received after its delete was acknowledged.
    Resurrected,
    /// A message was received before its delay had ended.
    Early,
    /// Sends with one deduplication id, or one send, became several messages.
    AcceptedTwice,
    /// A publish reached some of its queues and not all.
    PartialPublish,
    /// The content of a message is not what was sent.
    WrongBody,
    /// A message was received in a queue after it had moved on from there.
    InTwoPlaces,
    /// The receives of a message were not counted, or it moved to a dead-letter queue too early or too late.
    Miscounted,
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub kind: Kind,
    /// The queue where it shows.
    pub queue: String,
    /// The message that it is about.
    pub name: String,
    /// The numbers of the operations that show it.
    pub operations: Vec<usize>,
    /// What cannot have happened.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: {} in {}: {}", self.kind, self.name, self.queue, self.what)
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) violations: Vec<Violation>,
}

impl Report {
    pub(super) fn add(&mut self, kind: Kind, queue: &str, name: &str, operations: &[usize], what: String) {
        let of_this_kind = || self.violations.iter().filter(|violation| violation.kind == kind);
        let operations = operations.to_vec();
        let is_known = of_this_kind().any(|known| known.name == name && known.operations == operations);
        if of_this_kind().count() < OF_A_KIND_MAX && !is_known {
            let (queue, name) = (queue.to_owned(), name.to_owned());
            self.violations.push(Violation { kind, queue, name, operations, what });
        }
    }
}

/// The violations, each with its operations.
pub(super) fn explain(history: &History, violations: &[Violation]) -> String {
    let mut text = String::new();
    for violation in violations {
        let _ = writeln!(text, "{violation}");
        for number in &violation.operations {
            if let Some(operation) = history.operations.get(*number) {
                let (invoked, finished) = (operation.invoked, operation.finished);
                let (outcome, action) = (operation.outcome, &operation.action);
                let _ = writeln!(text, "    #{number} {invoked}..{finished} {outcome:?}: {action:?}");
            }
        }
    }
    text
}
