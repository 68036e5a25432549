//! The commands that keep the log in order: they change nothing that a client could see.

use crate::{BodyRef, Position, QueueId, encoded};

encoded! {
    /// Brings new copies of bodies, each for its holder, if that still needs it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Carry {
        /// The bodies, each by itself.
        pub bodies: Vec<Carried>,
    }

    /// A new copy of a body.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Carried {
        /// Who held the body when it was copied.
        pub holder: Holder,
        /// Where it was copied from; a holder whose body lies elsewhere by now keeps that.
        pub from: Position,
        /// The copy.
        pub body: BodyRef,
    }

    /// Who holds a body.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Holder {
        /// A message that was sent to a queue, by the queue where it is and its number there. Never one that came
        /// from a topic.
        0 => Message((QueueId, u64)),
        /// A published message, by its identity: the first place of its body.
        1 => Publication(Position),
    }

    /// The fingerprint that a machine had. Whoever executes the log again compares it with their own.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Vouch {
        /// Where the entry lies after which it had it.
        pub after: Position,
        /// The fingerprint.
        pub fingerprint: u64,
    }

    /// Removes the messages that hold bodies which cannot be read any more.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Discard {
        /// Who holds them; a publication leaves every queue that holds it.
        pub holders: Vec<Holder>,
    }
}
