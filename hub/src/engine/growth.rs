//! Which commands need room that may not be there.

use queue_core::Command;

/// Whether a command adds something that stays. When there is little room left, what receives and deletes goes on:
/// without it no room would ever come back.
pub(super) fn grows(command: &Command) -> bool {
    match command {
        Command::CreateQueue(_)
        | Command::SetQueueAttributes(_)
        | Command::SetQueueTags(_)
        | Command::Send(_)
        | Command::CreateTopic(_)
        | Command::SetTopicAttributes(_)
        | Command::SetTopicTags(_)
        | Command::Subscribe(_)
        | Command::SetSubscriptionAttributes(_)
        | Command::Publish(_)
        | Command::Redeliver(_)
        | Command::StartMove(_) => true,
        Command::SetRecord(set) => set.fields.is_some(),
        Command::Genesis(_)
        | Command::Tick
        | Command::SetClock(_)
        | Command::DeleteQueue(_)
        | Command::PurgeQueue(_)
        | Command::Receive(_)
        | Command::Delete(_)
        | Command::ChangeVisibility(_)
        | Command::DeleteTopic(_)
        | Command::Unsubscribe(_)
        | Command::Carry(_)
        | Command::Vouch(_)
        | Command::Discard(_)
        | Command::Confirm(_)
        | Command::Withdraw(_)
        | Command::Settle(_)
        | Command::CancelMove(_)
        | Command::Renew(_)
        | Command::Bury(_)
        | Command::GiveBack(_) => false,
    }
}
