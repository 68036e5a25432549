//! What the machine replies to a command. Each kind of command has one kind of reply; another one is a mistake of
//! ours, which is logged.

use crate::wire::Fault;
use queue_core::{Accepted, Error, QueueId, Reply, SubscriptionId, TopicId};

/// Declares a function for each reply: what it holds, or a fault if it is another one.
macro_rules! replies {
    ($($(#[doc = $doc:literal])+ $name:ident: $reply:pat => $value:expr, $type:ty;)+) => {$(
        $(#[doc = $doc])+
        pub(crate) fn $name(reply: Reply) -> Result<$type, Fault> {
            let $reply = reply else {
                return Err(unexpected(&reply));
            };
            Ok($value)
        }
    )+};
}

replies! {
    /// Of a command of which there is nothing to say but that it is done.
    done: Reply::Done => (), ();
    /// Of a command that creates a queue.
    queue_created: Reply::QueueCreated(id) => id, QueueId;
    /// Of a command that creates a topic.
    topic_created: Reply::TopicCreated(id) => id, TopicId;
    /// Of a command that subscribes an endpoint.
    subscribed: Reply::Subscribed(id) => id, SubscriptionId;
    /// Of a command that sends messages.
    sent: Reply::Sent(accepted) => accepted, Vec<Accepted>;
    /// Of a command about several receives.
    each: Reply::Each(outcomes) => outcomes, Vec<Result<(), Error>>;
    /// Of a command that publishes messages.
    published: Reply::Published(accepted) => accepted, Vec<Accepted>;
    /// Of a command that delivers messages of an archive again.
    redelivered: Reply::Redelivered(delivered) => delivered, u64;
    /// Of a command that starts a move task.
    move_started: Reply::MoveStarted(task) => task, u128;
    /// Of a command that ends a move task.
    move_cancelled: Reply::MoveCancelled(moved) => moved, u64;
}

fn unexpected(reply: &Reply) -> Fault {
    tracing::error!(?reply, "a command got a reply that belongs to another");
    Fault::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_belongs_to_another_command_is_a_failure() {
        assert_eq!(done(Reply::Done), Ok(()));
        assert_eq!(done(Reply::Sent(Vec::new())), Err(Fault::internal()));
        assert_eq!(sent(Reply::Sent(Vec::new())), Ok(Vec::new()));
        assert_eq!(sent(Reply::Published(Vec::new())), Err(Fault::internal()));
        assert_eq!(published(Reply::Done), Err(Fault::internal()));
    }
}
