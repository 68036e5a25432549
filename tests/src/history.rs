//! What clients did and saw, and whether a hub that keeps its promises could have made them see it.
//!
//! Whoever drives a hub writes down every operation with the times at which it was invoked and had ended, and
//! whether it was done, surely not done, or perhaps done. [`History::check`] then names what cannot have happened:
//! acknowledged messages that are gone, deliveries too early, out of order, to two at a time, after a delete.
//!
//! An operation takes effect at some moment between its two times, nobody knows which. So a violation is reported
//! only if there is no choice of such moments that would excuse it: there are no false alarms, and what runs at
//! the same time excuses much. Nothing here looks at a clock, a file or a random number.
//!
//! The unit of time is the caller's; a finer one than the milliseconds of the hub tells more events apart. All times,
//! delays and timeouts of a history have the same unit.

use std::sync::Arc;

mod body;
mod deduplication;
mod group;
mod hold;
mod index;
mod life;
mod list;
mod loss;
mod report;
mod tree;

#[cfg(test)]
mod tests;

pub use body::{Content, body, read_body, token};
pub use report::{Kind, Violation};

/// Names are shared: a queue's stands in every operation on it.
pub type Text = Arc<str>;

/// The end of an operation of which nobody can say when it takes effect, if ever.
pub const NEVER: u64 = u64::MAX;

/// What is known of how an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was acknowledged.
    Done,
    /// It was refused, or never reached the hub: surely nothing happened.
    Failed,
    /// Nobody knows. A crash came between, or the connection broke.
    Unknown,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// When it was invoked.
    pub invoked: u64,
    /// When it was answered. Of an unknown one, the time after which it has surely no effect any more, such as that
    /// of the crash; [`NEVER`] if there is none.
    pub finished: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What was asked for, and what came.
    pub action: Action,
}

/// What was asked for, and what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A message is sent to a queue.
    Send {
        /// The queue.
        queue: Text,
        /// The message.
        message: Sent,
    },
    /// A message is published to a topic.
    Publish {
        /// The topic.
        topic: Text,
        /// The queues that it must reach: those whose subscriptions let it pass.
        queues: Vec<Text>,
        /// The message.
        message: Sent,
    },
    /// Messages are received.
    Receive {
        /// The queue.
        queue: Text,
        /// How long they stay with the receiver.
        visibility: u64,
        /// The messages in the order of the answer; none if the outcome is unknown.
        messages: Vec<Delivery>,
    },
    /// A message is deleted.
    Delete {
        /// The queue.
        queue: Text,
        /// The name of the message.
        name: Text,
        /// The receipt of one of its deliveries, see [`token`].
        receipt: u64,
    },
    /// The visibility timeout of a message is changed.
    Hide {
        /// The queue.
        queue: Text,
        /// The name of the message.
        name: Text,
        /// The receipt of one of its deliveries, see [`token`].
        receipt: u64,
        /// How long it stays with its receiver from now on; zero shows it to all.
        timeout: u64,
    },
    /// The queue was received and deleted until nothing was left in it, delayed or in flight. Whatever was sent
    /// before has come out, or is lost.
    Drain {
        /// The queue.
        queue: Text,
    },
}

/// A message as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sent {
    /// What the message is called here. No two messages have the same name; a send that is repeated because its
    /// outcome is unknown, with the same deduplication id, is the same message.
    pub name: Text,
    /// The message group.
    pub group: Option<Text>,
    /// The deduplication id, where the queue or topic is FIFO. Together with the group if the queue looks at both.
    pub deduplication: Option<Text>,
    /// How long nobody receives it.
    pub delay: u64,
}

/// A message as it is received.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Delivery {
    /// The name, as the body says it.
    pub name: Text,
    /// Whether the body is exactly the one that a message of this name has, see [`read_body`].
    pub intact: bool,
    /// The receipt, see [`token`].
    pub receipt: u64,
    /// Which receive of the message it says that it is; zero if it was not asked.
    pub count: u32,
    /// The message group.
    pub group: Option<Text>,
    /// The message id; zero if it was not asked. Two deliveries of one name with two ids are two messages.
    pub identity: u128,
    /// The sequence number in a FIFO queue.
    pub sequence: Option<u128>,
}

impl Sent {
    /// A message without a group, deduplication or delay.
    #[must_use]
    pub fn new(name: impl Into<Text>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// After so many receives a message moves from one queue to another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Redrive {
    queue: Text,
    target: Text,
    receives_max: u32,
}

/// A queue that is a list of queues.
#[derive(Clone, Debug, PartialEq, Eq)]
struct List {
    name: Text,
    members: Vec<Text>,
}

/// What the checker has to know of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How much the clocks of the hub and of the history may differ in what they measure.
    pub tolerance: u64,
    /// How long a deduplication id is remembered.
    pub deduplication: u64,
}

impl Rules {
    /// The rules in a unit of which a second has so many, without tolerance.
    #[must_use]
    pub fn per_second(units: u64) -> Self {
        Self { tolerance: 0, deduplication: units.saturating_mul(300) }
    }
}

/// What clients did and saw.
#[derive(Clone, Debug, Default)]
pub struct History {
    operations: Vec<Operation>,
    redrives: Vec<Redrive>,
    lists: Vec<List>,
}

impl History {
    /// Without any operation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that messages move to another queue after so many receives.
    pub fn redrive(&mut self, queue: impl Into<Text>, target: impl Into<Text>, receives_max: u32) {
        self.redrives.push(Redrive { queue: queue.into(), target: target.into(), receives_max });
    }

    /// Says that a queue is a list of queues: what is received there, and deleted or hidden, is so in the member that it was
    /// sent to.
    pub fn list(&mut self, name: impl Into<Text>, members: &[&str]) {
        let members = members.iter().map(|member| Text::from(*member)).collect();
        self.lists.push(List { name: name.into(), members });
    }

    /// Adds an operation, in any order, and returns its number.
    pub fn push(&mut self, operation: Operation) -> usize {
        self.operations.push(operation);
        self.operations.len() - 1
    }

    /// The operations by their numbers.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The same, to be changed: a test of a test takes something away.
    pub fn operations_mut(&mut self) -> &mut Vec<Operation> {
        &mut self.operations
    }

    /// What a hub that keeps its promises cannot have done. At most a hundred of each kind.
    #[must_use]
    pub fn check(&self, rules: Rules) -> Vec<Violation> {
        let index = index::Index::new(self, rules);
        let mut report = report::Report::default();
        life::check(&index, &mut report);
        group::check(&index, &mut report);
        list::check(&index, &mut report);
        deduplication::check(&index, &mut report);
        loss::check(&index, &mut report);
        report.violations
    }

    /// The violations with their operations, as a failed test prints them.
    #[must_use]
    pub fn explain(&self, violations: &[Violation]) -> String {
        report::explain(self, violations)
    }
}

impl Operation {
    /// Whether it may have had an effect.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.outcome != Outcome::Failed
    }

    /// Whether it surely had its effect.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.outcome == Outcome::Done
    }
}
